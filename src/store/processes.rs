//! Who runs, and whether this binary still understands the tables.

use super::{Store, StoreError};
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

/// The versions of the table families that this binary understands.
const KNOWN: [(&str, i32); 3] = [("inbox", 1), ("outbox", 1), ("incidents", 1)];

/// A process is gone when it has not been seen for this long.
const GONE_AFTER: Duration = Duration::seconds(60);

impl Store {
    /// Says that this process runs; returns how many do.
    pub async fn beat(
        &self,
        id: Uuid,
        host: &str,
        started_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        let mut session = self.single().await?;
        sqlx::query!(
            "insert into processes (id, host, pid, version, started_at, seen_at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (id) do update set seen_at = excluded.seen_at",
            id,
            host,
            i32::try_from(std::process::id()).unwrap_or(0),
            env!("CARGO_PKG_VERSION"),
            started_at,
            now,
        )
        .execute(&mut session)
        .await?;
        let alive = sqlx::query_scalar!(
            r#"select count(*) as "count!" from processes where seen_at > $1"#,
            now - GONE_AFTER,
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
