//! Turns: the rows of a subject, and of a lane, go one after the other.
//!
//! A row is blocked while an earlier one of its subject or lane is unfinished. A transaction that
//! adds or ends a row holds the advisory lock of that name: without it, two could miss each other's change
//! and leave a row blocked forever. Of the unfinished rows at most one is not blocked: the head.

use crate::domain::decision::Retry;
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// The classes of our advisory locks: the hashes of two classes never meet.
const LANES: i32 = 0x5741_0001;
pub(super) const SUBJECTS: i32 = 0x5741_0002;
const CAUSES: i32 = 0x5741_0003;
const AGGREGATES: i32 = 0x5741_0004;

pub(super) async fn lock_lanes(
    connection: &mut Session,
    lanes: &BTreeSet<&str>,
) -> Result<(), StoreError> {
    lock(connection, LANES, lanes).await
}

pub(super) async fn lock_subjects(
    connection: &mut Session,
    subjects: &BTreeSet<&str>,
) -> Result<(), StoreError> {
    lock(connection, SUBJECTS, subjects).await
}

/// The first notice of a cause has no row that could be locked.
pub(in crate::store) async fn lock_cause(
    connection: &mut Session,
    cause: &str,
) -> Result<(), StoreError> {
    lock(connection, CAUSES, &one(cause)).await
}

/// Something of an area that may have no row yet; its area's word is the beginning of its name.
pub(in crate::store) async fn lock_aggregate(
    connection: &mut Session,
    name: &str,
) -> Result<(), StoreError> {
    if !connection.has_locked(name) {
        lock(connection, AGGREGATES, &one(name)).await?;
        connection.note_locked(name);
    }
    Ok(())
}

/// A set of one name.
pub(super) fn one(name: &str) -> BTreeSet<&str> {
    BTreeSet::from([name])
}

/// Sorted by hash, because two names may share one and the order must be the same in every process.
async fn lock(
    connection: &mut Session,
    class: i32,
    names: &BTreeSet<&str>,
) -> Result<(), StoreError> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    sqlx::query!(
        "select pg_advisory_xact_lock($1, hash) as lock
           from (select distinct hashtext(name) as hash from unnest($2::text[]) as name
                  order by 1) as hashes",
        class,
        &names,
    )
    .fetch_all(connection)
    .await?;
    Ok(())
}

/// Frees the oldest open row of a subject, unless another row has its turn; returns how many were freed.
/// The subject's lock must be held.
///
/// `between` and the order by both columns leave the planner one index to read, and of it one row:
/// with an equality it may walk through the whole table by `seq`.
pub(super) async fn free_head_of_subject(
    connection: &mut Session,
    subject: &str,
) -> Result<u64, StoreError> {
    let freed = sqlx::query!(
        "update inbox set blocked = false
          where id = (select id from inbox where subject between $1 and $1 and state = 'open'
                       order by subject, seq limit 1)
            and not exists (select from inbox other
                             where other.subject between $1 and $1 and other.state = 'open'
                               and other.blocked is not true)",
        subject,
    )
    .execute(connection)
    .await?;
    Ok(freed.rows_affected())
}

/// Frees the oldest unfinished row of a lane whose turn has just ended. The lane's lock must be
/// held. `between`: as for a subject of the inbox.
pub(super) async fn free_next_in_lane(
    connection: &mut Session,
    lane: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update outbox set blocked = false
          where id = (select id from outbox
                       where lane between $1 and $1 and ended_at is null
                       order by lane, seq limit 1)",
        lane,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The same where another row may have its turn, and then keeps it; returns how many were freed.
pub(super) async fn free_head_of_lane(
    connection: &mut Session,
    lane: &str,
) -> Result<u64, StoreError> {
    let freed = sqlx::query!(
        "update outbox set blocked = false
          where id = (select id from outbox where lane between $1 and $1 and ended_at is null
                       order by lane, seq limit 1)
            and not exists (select from outbox other
                             where other.lane between $1 and $1 and other.ended_at is null
                               and other.blocked is not true)",
        lane,
    )
    .execute(connection)
    .await?;
    Ok(freed.rows_affected())
}

/// Has effects that were refused tried again, the oldest first. The lane's lock must be held; what may
/// have been done nevertheless is looked up.
pub(super) async fn retry_refused(
    connection: &mut Session,
    retry: &Retry,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let codes: Vec<String> = retry.codes.iter().map(|code| (*code).to_owned()).collect();
    sqlx::query!(
        "update outbox o
            set state = case when uncertain_since is null then 'open' else 'uncertain' end,
                ended_at = null, attempts = 0, looks = 0, generation = generation + 1, run_at = $2,
                due_since = $2, looked_to = null,
                blocked = id <> (select id from outbox
                                  where lane between $1 and $1 and state = 'parked'
                                    and kind = $3
                                    and error = any($4)
                                  order by lane, seq limit 1)
                          or exists (select from outbox other
                                      where other.lane between $1 and $1 and other.ended_at is null)
          where lane between $1 and $1 and state = 'parked' and kind = $3
            and error = any($4)",
        retry.lane,
        now,
        retry.kind,
        &codes,
    )
    .execute(connection)
    .await?;
    Ok(())
}

impl Database {
    /// Frees the heads of lanes and subjects in which nothing has its turn; returns how many. By
    /// design there are none: the locks see to it. This is the net below.
    pub async fn free_stuck_heads(&self) -> Result<u64, StoreError> {
        let lanes = sqlx::query_scalar!(
            "select lane from outbox where ended_at is null
              group by lane having bool_and(blocked) limit 100"
        )
        .fetch_all(&mut self.single().await?)
        .await?;
        let mut freed = 0;
        for lane in lanes {
            let mut transaction = self.begin().await?;
            lock_lanes(&mut transaction, &one(&lane)).await?;
            freed += free_head_of_lane(&mut transaction, &lane).await?;
            transaction.end().await?;
        }
        let subjects = sqlx::query_scalar!(
            "select subject from inbox where state = 'open'
              group by subject having bool_and(blocked) limit 100"
        )
        .fetch_all(&mut self.single().await?)
        .await?;
        for subject in subjects {
            let mut transaction = self.begin().await?;
            lock_subjects(&mut transaction, &one(&subject)).await?;
            freed += free_head_of_subject(&mut transaction, &subject).await?;
            transaction.end().await?;
        }
        Ok(freed)
    }
}
