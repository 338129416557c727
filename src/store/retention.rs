//! What is forgotten, and what is put right: heads of lanes and subjects that stayed blocked.
//!
//! Bodies live 7 days; keys 30, which is longer than any provider sends a delivery again; ended
//! effects 30. Timeline, audit and parked rows are never forgotten.

use super::append::{lock_lanes, lock_subjects, one};
use super::{Store, StoreError};
use chrono::{DateTime, Duration, Utc};

/// At most this many rows in one go, so that no clean-up holds anybody up.
const AT_ONCE: i64 = 5000;

impl Store {
    /// Forgets what is old; returns how many rows changed.
    pub async fn forget_old(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let bodies = sqlx::query!(
            "update inbox set body = null
              where id in (select id from inbox where received_at < $1 and state = 'done'
                              and body is not null limit $2)",
            now - Duration::days(7),
            AT_ONCE,
        )
        .execute(&self.pool)
        .await?;
        let keys = sqlx::query!(
            "delete from inbox
              where id in (select id from inbox where received_at < $1 and state = 'done' limit $2)",
            now - Duration::days(30),
            AT_ONCE,
        )
        .execute(&self.pool)
        .await?;
        let effects = sqlx::query!(
            "delete from outbox
              where id in (select id from outbox
                            where ended_at < $1 and state in ('done', 'dropped') limit $2)",
            now - Duration::days(30),
            AT_ONCE,
        )
        .execute(&self.pool)
        .await?;
        let pauses = sqlx::query!(
            "delete from pauses where until < $1",
            now - Duration::hours(1)
        )
        .execute(&self.pool)
        .await?;
        let processes = sqlx::query!(
            "delete from processes where seen_at < $1",
            now - Duration::days(1)
        )
        .execute(&self.pool)
        .await?;
        Ok([bodies, keys, effects, pauses, processes]
            .iter()
            .map(|done| done.rows_affected())
            .sum())
    }

    /// Frees heads that stayed blocked although nothing is before them; returns how many. By
    /// design there are none: the locks see to it. This is the net below.
    pub async fn free_stuck_heads(&self) -> Result<u64, StoreError> {
        let lanes = sqlx::query_scalar!(
            "select lane from (select distinct on (lane) lane, blocked from outbox
                                where ended_at is null order by lane, seq) as heads
              where blocked limit 100"
        )
        .fetch_all(&self.pool)
        .await?;
        let mut freed = 0;
        for lane in lanes {
            let mut transaction = self.pool.begin().await?;
            lock_lanes(&mut transaction, &one(&lane)).await?;
            freed += sqlx::query!(
                "update outbox set blocked = false
                  where id = (select id from outbox where lane = $1 and ended_at is null
                               order by seq limit 1) and blocked",
                lane,
            )
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            transaction.commit().await?;
        }
        let subjects = sqlx::query_scalar!(
            "select subject from (select distinct on (subject) subject, blocked from inbox
                                   where state = 'open' order by subject, seq) as heads
              where blocked limit 100"
        )
        .fetch_all(&self.pool)
        .await?;
        for subject in subjects {
            let mut transaction = self.pool.begin().await?;
            lock_subjects(&mut transaction, &one(&subject)).await?;
            freed += sqlx::query!(
                "update inbox set blocked = false
                  where id = (select id from inbox where subject = $1 and state = 'open'
                               order by seq limit 1) and blocked",
                subject,
            )
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            transaction.commit().await?;
        }
        Ok(freed)
    }
}
