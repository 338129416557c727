//! Effects into the outbox, in the transaction that decided them: of one decision, or of several.

use super::append::column;
use super::deliver::Claimed;
use super::shown::forget_shown;
use super::store::Store;
use super::turns::{self, lock_lanes, one};
use crate::domain::areas::Origin;
use crate::domain::decision::{Decision, Planned, Retry};
use crate::store::error::StoreError;
use crate::store::seal;
use crate::store::seal::Seal;
use crate::store::session::Session;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// An effect, and what it has of its signal.
#[derive(Clone, Copy)]
struct Row<'a> {
    plan: &'a Planned<Origin>,
    signal: Uuid,
    traceparent: Option<&'a str>,
    due: DateTime<Utc>,
}

/// Each decision comes with the W3C trace context of its effects.
pub(super) async fn enqueue(
    connection: &mut Session,
    decided: &[(&Decision<(), Origin>, Option<&str>)],
    sealed_with: Option<&Seal>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let rows = decided.iter().flat_map(|(decision, traceparent)| {
        let row = |plan| Row {
            plan,
            signal: decision.signal().0,
            traceparent: *traceparent,
            due: plan.not_before.unwrap_or(now),
        };
        decision.effects.iter().map(row)
    });
    let rows = without_waiting_twins(connection, rows.collect()).await?;
    let lanes: Vec<String> = column(&rows, |row| row.plan.effect.lane(row.plan.id));
    let retries = decided.iter().flat_map(|(decision, _)| &decision.retries);
    let retries: Vec<&Retry> = retries.collect();
    let all: BTreeSet<&str> = lanes
        .iter()
        .chain(retries.iter().map(|retry| &retry.lane))
        .map(String::as_str)
        .collect();
    if all.is_empty() {
        return Ok(());
    }
    lock_lanes(connection, &all).await?;
    for retry in retries {
        turns::retry_refused(connection, retry, now).await?;
    }
    if rows.is_empty() {
        return Ok(());
    }

    let mut effects = Vec::with_capacity(rows.len());
    let mut origins = Vec::with_capacity(rows.len());
    for Row { plan, .. } in &rows {
        effects.push(seal::kept(sealed_with, serde_json::to_value(&plan.effect)?));
        origins.push(seal::kept(sealed_with, serde_json::to_value(&plan.origin)?));
    }
    let text = |pick: fn(&Planned<Origin>) -> &'static str| -> Vec<String> {
        column(&rows, |row| pick(row.plan).to_owned())
    };
    sqlx::query!(
        r#"with planned as (
               select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::jsonb[],
                                    $7::smallint[], $8::text[], $9::timestamptz[], $10::uuid[],
                                    $11::text[], $12::text[], $13::text[], $14::jsonb[],
                                    $15::timestamptz[])
                        with ordinality
                        as row(id, incident, lane, provider, kind, effect, priority, coalesce_key,
                               not_after, signal, traceparent, area, purpose, origin, run_at, ord)
                where not exists (select from outbox o where o.id = row.id offset 0))
           insert into outbox (id, signal, incident, lane, provider, kind, effect, priority,
                               coalesce_key, run_at, not_after, due_since, traceparent, created_at,
                               area, purpose, origin, blocked)
           select id, signal, incident, lane, provider, kind, effect, priority, coalesce_key, run_at,
                  not_after, case when run_at > $16 then run_at end, traceparent, $16, area, purpose,
                  origin,
                  row_number() over (partition by lane order by ord) > 1
                  or exists (select from outbox o
                              where o.lane between planned.lane and planned.lane
                                and o.ended_at is null)
             from planned
            order by ord
           on conflict (id) do nothing"#,
        &column(&rows, |row| row.plan.id.0),
        &column(&rows, |row| row.plan.origin.incident().map(|id| id.0)) as &[Option<Uuid>],
        &lanes,
        &text(|plan| plan.effect.provider().as_str()),
        &text(|plan| plan.effect.kind()),
        &effects,
        &column(&rows, |row| row.plan.effect.priority() as i16),
        &column(&rows, |row| row.plan.effect.coalesce_key()) as &[Option<String>],
        &column(&rows, |row| row.plan.effect.not_after()) as &[Option<DateTime<Utc>>],
        &column(&rows, |row| row.signal),
        &column(&rows, |row| row.traceparent.map(str::to_owned)) as &[Option<String>],
        &text(|plan| plan.origin.area()),
        &text(|plan| plan.origin.purpose()),
        &origins,
        &column(&rows, |row| row.due),
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// Adds an effect that shows state once more, unless one like it still waits.
    pub async fn show_again(
        &self,
        claimed: &Claimed,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        lock_lanes(&mut transaction, &one(&claimed.lane)).await?;
        forget_shown(&mut transaction, &claimed.lane).await?;
        sqlx::query!(
            "insert into outbox (id, signal, incident, lane, provider, kind, effect, priority,
                                 coalesce_key, run_at, traceparent, created_at, area, purpose, origin,
                                 blocked)
             select $2, signal, incident, lane, provider, kind, effect, priority, coalesce_key, $3,
                    traceparent, $3, area, purpose, origin,
                    exists (select from outbox other
                             where other.lane = shown.lane and other.ended_at is null)
               from outbox shown
              where id = $1
                and not exists (select from outbox twin
                                 where twin.coalesce_key = shown.coalesce_key
                                   and twin.state = 'open' and twin.lease_token is null
                                offset 0)
             on conflict (id) do nothing",
            claimed.id.0,
            Uuid::new_v5(&claimed.id.0, claimed.token.as_bytes()),
            now,
        )
        .execute(&mut transaction)
        .await?;
        transaction.end().await?;
        self.wakes.outbox(claimed.effect.provider()).notify_one();
        Ok(())
    }
}

/// Leaves out effects that show state and whose twin still waits: that one will show the new
/// state. The twin's row is locked, so that no process can render it before this commits; one that is
/// in progress, or may have been, does not count. Of several with one key the first is kept. What is kept
/// is due when the earliest of them is, unless it waits after an attempt.
async fn without_waiting_twins<'a>(
    connection: &mut Session,
    mut rows: Vec<Row<'a>>,
) -> Result<Vec<Row<'a>>, StoreError> {
    // By key: locks are taken in one order everywhere.
    let mut to_show: BTreeMap<String, DateTime<Utc>> = BTreeMap::new();
    for row in &rows {
        if let Some(key) = row.plan.effect.coalesce_key() {
            let due = to_show.entry(key).or_insert(row.due);
            *due = row.due.min(*due);
        }
    }
    let mut to_add: BTreeMap<String, DateTime<Utc>> = BTreeMap::new();
    for (key, due) in to_show {
        let twin = sqlx::query!(
            "select id, run_at, error from outbox
              where coalesce_key between $1 and $1 and state = 'open' and lease_token is null
              order by coalesce_key, seq limit 1 for update",
            key,
        )
        .fetch_optional(&mut *connection)
        .await?;
        let Some(twin) = twin else {
            to_add.insert(key, due);
            continue;
        };
        if twin.error.is_none() && twin.run_at > due {
            sqlx::query!(
                "update outbox set run_at = $2, due_since = $2 where id = $1",
                twin.id,
                due,
            )
            .execute(&mut *connection)
            .await?;
        }
    }
    rows.retain_mut(|row| match row.plan.effect.coalesce_key() {
        None => true,
        Some(key) => match to_add.remove(&key) {
            None => false,
            Some(due) => {
                row.due = due;
                true
            }
        },
    });
    Ok(rows)
}
