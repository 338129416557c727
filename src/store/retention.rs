//! What is forgotten, and what is put right: heads of lanes and subjects that stayed blocked.
//!
//! Bodies live 7 days; keys 30, which is longer than any provider sends a delivery again; ended
//! effects 30. Timeline, audit and parked rows are never forgotten.

use super::append::{lock_lanes, lock_subjects, one};
use super::{Store, StoreError, deliver, intake};
use chrono::{DateTime, Duration, Utc};

/// At most this many rows in one go, so that no clean-up holds anybody up.
const AT_ONCE: i64 = 5000;

impl Store {
    /// Forgets what is old, a part at a time until nothing is left; returns how many rows changed.
    pub async fn forget_old(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let part = self.forget_a_part(now).await?;
            forgotten += part;
            if part < u64::try_from(AT_ONCE).unwrap_or(u64::MAX) {
                return Ok(forgotten);
            }
        }
    }

    async fn forget_a_part(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let pool = self.pool();
        let bodies = sqlx::query!(
            "update inbox set body = null
              where id in (select id from inbox where received_at < $1 and state = 'done'
                              and body is not null order by received_at limit $2)",
            now - Duration::days(7),
            AT_ONCE,
        );
        let keys = sqlx::query!(
            "delete from inbox
              where id in (select id from inbox where received_at < $1 and state = 'done'
                            order by received_at limit $2)",
            now - Duration::days(30),
            AT_ONCE,
        );
        let effects = sqlx::query!(
            "delete from outbox
              where id in (select id from outbox
                            where ended_at < $1 and state in ('done', 'dropped')
                            order by ended_at limit $2)",
            now - Duration::days(30),
            AT_ONCE,
        );
        let hour = now - Duration::hours(1);
        let pauses = sqlx::query!("delete from pauses where until < $1", hour);
        let day = now - Duration::days(1);
        let processes = sqlx::query!("delete from processes where seen_at < $1", day);
        let mut changed = 0;
        for step in [bodies, keys, effects, pauses, processes] {
            changed += step.execute(&pool).await?.rows_affected();
        }
        Ok(changed)
    }

    /// Frees the heads of lanes and subjects in which nothing has its turn; returns how many. By
    /// design there are none: the locks see to it. This is the net below.
    pub async fn free_stuck_heads(&self) -> Result<u64, StoreError> {
        let lanes = sqlx::query_scalar!(
            "select lane from outbox where ended_at is null
              group by lane having bool_and(blocked) limit 100"
        )
        .fetch_all(&self.pool())
        .await?;
        let mut freed = 0;
        for lane in lanes {
            let mut transaction = self.pool().begin().await?;
            lock_lanes(&mut transaction, &one(&lane)).await?;
            freed += deliver::unblock_next(&mut transaction, &lane).await?;
            transaction.commit().await?;
        }
        let subjects = sqlx::query_scalar!(
            "select subject from inbox where state = 'open'
              group by subject having bool_and(blocked) limit 100"
        )
        .fetch_all(&self.pool())
        .await?;
        for subject in subjects {
            let mut transaction = self.pool().begin().await?;
            lock_subjects(&mut transaction, &one(&subject)).await?;
            freed += intake::unblock_next(&mut transaction, &subject).await?;
            transaction.commit().await?;
        }
        Ok(freed)
    }
}
