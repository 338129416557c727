//! The way to the database: what the areas and the ring have of it.

use super::error::{StoreError, json_error};
use super::fit::{self, Tables};
use super::pool::Pool;
use super::seal::{self, Seal};
use super::session::{Limits, Session, Way};
use crate::domain::areas::Origin;
use crate::domain::effect::Effect;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Our own limits, above the server's.
pub(super) const LIMITS: Limits = Limits {
    statement: Duration::from_secs(11),
    commit: Duration::from_secs(4),
};
/// Connections, and the key with which bodies and effects are encrypted.
#[derive(Clone)]
pub struct Database {
    pub(super) pool: Pool,
    pub(super) seal: Option<Arc<Seal>>,
    way: Way,
}

impl Database {
    pub(super) fn new(pool: Pool, way: Way, seal: Option<Arc<Seal>>) -> Self {
        Self { pool, seal, way }
    }

    pub(super) async fn begin(&self) -> Result<Session, StoreError> {
        Session::begin(&self.pool, self.way, LIMITS).await
    }

    pub(super) async fn single(&self) -> Result<Session, StoreError> {
        Session::single(&self.pool, self.way, LIMITS).await
    }

    /// Puts a limit of our own on work with the database. After it, the result of the work is unknown; a connection that hangs is found out by its session's end.
    pub async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let done = tokio::time::timeout(limit, work).await;
        done.unwrap_or(Err(StoreError::Silent))
    }

    /// Whether the database is there, takes writes, and lets us work; what it is not, otherwise.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut session = self.single().await?;
        session.judge().await?;
        fit::rights(&mut session, Tables::Whole).await?;
        session.end().await
    }

    /// An effect and its origin out of their row; an error says why they cannot be read, without
    /// anything of them.
    pub(super) fn effect(
        &self,
        effect: Value,
        origin: Option<Value>,
    ) -> Result<(Effect, Origin), String> {
        let origin = origin.ok_or_else(|| "it has no origin".to_owned())?;
        Ok((self.read(effect)?, self.read(origin)?))
    }

    fn read<T: DeserializeOwned>(&self, kept: Value) -> Result<T, String> {
        let value = seal::opened(self.seal.as_deref(), kept)
            .ok_or_else(|| "it is encrypted with another key".to_owned())?;
        serde_json::from_value(value).map_err(|error| json_error(&error))
    }
}
