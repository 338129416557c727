//! Effects that cannot be read here: written by a newer version, or sealed with another key.
//!
//! In a rolling update somebody else can read them, so they are given back for a while first. Then
//! they are put aside. Such a row has no receipt, for nobody knows what it was: a notice goes to
//! those who run this instead.

use super::append::{Arrival, append_all};
use super::error::json_error;
use super::turns::{free_next_in_lane, lock_lanes, one};
use super::{Store, StoreError, seal};
use crate::domain::effect::Effect;
use crate::domain::ids::{EffectId, SignalId};
use crate::domain::signal::ParkedRow;
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

/// What such a row says.
pub(super) const CODE: &str = "unreadable";

/// A row that cannot be read is tried so often, with these pauses, before it is put aside.
const TRIES: i32 = 4;
const PAUSE: Duration = Duration::seconds(20);

impl Store {
    /// An effect out of its row; an error says why it cannot be read, without anything of it.
    pub(super) fn effect(&self, kept: serde_json::Value) -> Result<Effect, String> {
        let effect = seal::opened(self.seal.as_deref(), kept)
            .ok_or_else(|| "it is sealed with another key".to_owned())?;
        serde_json::from_value(effect).map_err(|error| json_error(&error))
    }

    /// What becomes of a claimed row that cannot be read.
    pub(super) async fn cannot_read(
        &self,
        id: EffectId,
        tries: i32,
        token: Uuid,
        lane: &str,
        why: &str,
        now: DateTime<Utc>,
    ) {
        let left = if tries < TRIES {
            tracing::warn!(effect.id = %id, error = why, "an effect cannot be read here; others may");
            self.give_back_unreadable(id.0, token, now).await
        } else {
            tracing::error!(effect.id = %id, error = why, "an effect cannot be read; it is parked");
            self.park_unreadable(id.0, token, lane, now).await
        };
        if let Err(error) = left {
            tracing::warn!(error = %error, "it could not be put aside; its lease runs out");
        }
    }

    async fn give_back_unreadable(
        &self,
        id: Uuid,
        token: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut session = self.single().await?;
        sqlx::query!(
            "update outbox
                set run_at = $3, lease_until = null, lease_token = null,
                    -- Attempts of those who could read it are another count.
                    attempts = case when error = 'unreadable' then attempts else 1 end,
                    error = 'unreadable'
              where id = $1 and lease_token = $2",
            id,
            token,
            now + PAUSE,
        )
        .execute(&mut session)
        .await?;
        session.end().await
    }

    async fn park_unreadable(
        &self,
        id: Uuid,
        token: Uuid,
        lane: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        lock_lanes(&mut transaction, &one(lane)).await?;
        let row = sqlx::query!(
            "update outbox set state = 'parked', error = 'unreadable', ended_at = $3,
                               lease_until = null, lease_token = null
              where id = $1 and lease_token = $2
             returning signal, kind, generation, traceparent",
            id,
            token,
            now,
        )
        .fetch_optional(&mut transaction)
        .await?;
        let Some(row) = row else { return Ok(()) };
        free_next_in_lane(&mut transaction, lane).await?;
        let parked = ParkedRow {
            signal: SignalId(row.signal),
            effect: Some(EffectId(id)),
            what: row.kind,
            reply_to: None,
        };
        let body = serde_json::to_vec(&parked)
            .map_err(|error| StoreError::Unreadable(error.to_string()))?;
        let notice = Arrival {
            source: "engine",
            kind: "parked".to_owned(),
            dedup_key: format!("parked:{id}@{}", row.generation),
            subject: format!("effect:{id}"),
            headers: serde_json::json!({}),
            body: self.sealed(body).into(),
            traceparent: row.traceparent,
            at: now,
        };
        append_all(&mut transaction, &[&notice], self.seal.is_some()).await?;
        transaction.end().await?;
        self.wakes.inbox.notify_one();
        self.wakes.outbox.notify_one();
        Ok(())
    }
}
