//! Which processes run, and whether this binary still understands the tables.
//!
//! A process is gone when it has not been seen for 60 s, by the database's clock as with leases: a
//! host whose clock is wrong must not look dead, or alive, to others.

use super::reads::Reads;
use crate::domain::areas::Origin;
use crate::domain::effect::Effect;
use crate::store::database::Database;
use crate::store::error::StoreError;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The versions of the table families that this binary understands.
const KNOWN: [(&str, i32); 3] = [("inbox", 2), ("outbox", 2), ("incidents", 1)];

/// This build: two builds of one version differ by their commit, where the build was told it.
fn build() -> String {
    let version = env!("CARGO_PKG_VERSION");
    match option_env!("WARDROOM_COMMIT") {
        Some(commit) if !commit.is_empty() => format!("{version}+{commit}"),
        Some(_) | None => version.to_owned(),
    }
}

impl Database {
    /// Says that this process runs, and what it can read; returns how many run.
    pub async fn beat(
        &self,
        id: Uuid,
        host: &str,
        started_at: DateTime<Utc>,
        reads: &Reads,
    ) -> Result<i64, StoreError> {
        let kinds = Effect::kinds().map(str::to_owned);
        let carries: Vec<String> = kinds.chain(Origin::kinds()).collect();
        let mut session = self.single().await?;
        sqlx::query!(
            "insert into processes (id, host, pid, version, started_at, seen_at, reads, carries)
             values ($1, $2, $3, $4, $5, clock_timestamp(), $6, $7)
             on conflict (id) do update set seen_at = excluded.seen_at",
            id,
            host,
            i32::try_from(std::process::id()).unwrap_or(0),
            build(),
            started_at,
            reads.as_slice(),
            &carries,
        )
        .execute(&mut session)
        .await?;
        let alive = sqlx::query_scalar!(
            r#"select count(*) as "count!" from processes
                where seen_at > clock_timestamp() - interval '60 seconds'"#,
        )
        .fetch_one(&mut session)
        .await?;
        session.end().await?;
        Ok(alive)
    }

    /// Says that this process ends.
    pub async fn leave(&self, id: Uuid) -> Result<(), StoreError> {
        let mut session = self.single().await?;
        sqlx::query!("delete from processes where id = $1", id)
            .execute(&mut session)
            .await?;
        session.end().await
    }

    /// Whether a process of another build runs.
    pub(super) async fn another_version_runs(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from processes
                               where seen_at > clock_timestamp() - interval '60 seconds'
                                 and version <> $1) as "runs!""#,
            build(),
        )
        .fetch_one(&mut self.single().await?)
        .await?)
    }

    /// Table families that a newer binary changed in a way that this one does not understand.
    pub async fn newer_modules(&self) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query!("select name, version from modules")
            .fetch_all(&mut self.single().await?)
            .await?;
        Ok(rows
            .into_iter()
            .filter(|row| {
                KNOWN
                    .iter()
                    .any(|(name, known)| *name == row.name && row.version > *known)
            })
            .map(|row| row.name)
            .collect())
    }
}
