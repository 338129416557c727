//! What is deleted, and when.
//!
//! Bodies are kept for 7 days; keys for 30, which is longer than any provider sends a delivery again; ended
//! effects and timers for 30. Each area says what it keeps no longer ([`Persist::forget`]). Timeline,
//! audit and parked rows are kept forever. Replicas that do this at once skip each other's rows.
//!
//! [`Persist::forget`]: crate::store::area::Persist::forget

use crate::store::area;
use crate::store::database::Database;
use crate::store::error::StoreError;
use chrono::{DateTime, Duration, Utc};

const BODIES_KEPT: Duration = Duration::days(7);
/// Longer than any provider sends a delivery again.
const KEYS_KEPT: Duration = Duration::days(30);
const EFFECTS_KEPT: Duration = Duration::days(30);
const TIMERS_KEPT: Duration = Duration::days(30);

/// At most this many rows in one go, so that no clean-up blocks other work for long.
const AT_ONCE: i64 = 5000;

/// What was deleted in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten {
    /// How many rows changed or went.
    pub rows: u64,
    /// Whether nothing old is left.
    pub all: bool,
}

impl Database {
    /// The earlier of this host's time and the database's: neither a host nor a database whose clock
    /// is ahead may delete what is still needed.
    async fn surely_past(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, StoreError> {
        Ok(
            sqlx::query_scalar!(r#"select least($1, clock_timestamp()) as "now!""#, now,)
                .fetch_one(&mut self.single().await?)
                .await?,
        )
    }

    /// Deletes some of what is old.
    pub async fn forget_old(&self, now: DateTime<Utc>) -> Result<Forgotten, StoreError> {
        let now = self.surely_past(now).await?;
        let bodies = sqlx::query!(
            "update inbox set body = null
              where id = any(array(select id from inbox
                                    where received_at < $1 and state = 'done' and body is not null
                                    order by received_at limit $2 for update skip locked))",
            now - BODIES_KEPT,
            AT_ONCE,
        );
        let keys = sqlx::query!(
            "delete from inbox
              where id = any(array(select id from inbox where received_at < $1 and state = 'done'
                                    order by received_at limit $2 for update skip locked))",
            now - KEYS_KEPT,
            AT_ONCE,
        );
        let effects = sqlx::query!(
            "delete from outbox
              where id = any(array(select id from outbox
                                    where ended_at < $1 and state in ('done', 'dropped', 'uncertain')
                                    order by ended_at limit $2 for update skip locked))",
            now - EFFECTS_KEPT,
            AT_ONCE,
        );
        let hour = now - Duration::hours(1);
        let pauses = sqlx::query!(
            "delete from pauses where until < $1 and down_since is null",
            hour
        );
        // A signal of the timer that is still there would be taken for one of the next setting.
        let timers = sqlx::query!(
            "delete from area_timers
              where ctid = any(array(
                    select ctid from area_timers
                     where not pending and due < $1
                       and not exists (select from inbox i
                                        where i.source = 'timer'
                                          and i.dedup_key = area || '/' || owner || '/' || name || '@' || generation
                                        offset 0)
                     order by due limit $2 for update skip locked))",
            now - TIMERS_KEPT,
            AT_ONCE,
        );
        let processes = sqlx::query!(
            "delete from processes where seen_at < clock_timestamp() - interval '1 day'"
        );
        let mut steps = vec![bodies, keys, effects, timers, pauses, processes];
        steps.extend(area::forget(now, AT_ONCE));
        let mut changed = 0;
        for step in steps {
            let mut session = self.single().await?;
            changed += step.execute(&mut session).await?.rows_affected();
            session.end().await?;
        }
        Ok(Forgotten {
            rows: changed,
            all: changed < u64::try_from(AT_ONCE).unwrap_or(u64::MAX),
        })
    }
}
