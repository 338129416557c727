//! Effects into the outbox, in the transaction that decided them.

use super::deliver::Claimed;
use super::session::Session;
use super::turns::{self, lock_lanes, one};
use super::{Seal, Store, StoreError, seal};
use crate::domain::decision::{Change, Decision, Planned};
use crate::domain::effect::room_lane;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

pub(super) async fn enqueue(
    connection: &mut Session,
    decision: &Decision,
    sealed_with: Option<&Seal>,
    traceparent: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let planned = without_waiting_twins(connection, &decision.effects).await?;
    let lanes: Vec<String> = planned
        .iter()
        .map(|plan| plan.effect.lane(plan.id))
        .collect();
    let open_again = decision.changes.iter().filter_map(|change| match change {
        Change::PostAgain { room } => Some(room_lane(room)),
        _ => None,
    });
    let open_again: Vec<String> = open_again.collect();
    let all = lanes.iter().chain(&open_again);
    lock_lanes(connection, &all.map(String::as_str).collect()).await?;
    for lane in &open_again {
        turns::post_again(connection, lane, now).await?;
    }
    if planned.is_empty() {
        return Ok(());
    }

    let mut effects = Vec::with_capacity(planned.len());
    for plan in &planned {
        let effect = serde_json::to_value(&plan.effect)
            .map_err(|error| StoreError::Unreadable(error.to_string()))?;
        effects.push(seal::kept(sealed_with, effect));
    }
    let ids: Vec<Uuid> = planned.iter().map(|plan| plan.id.0).collect();
    let incidents: Vec<Option<Uuid>> = planned
        .iter()
        .map(|plan| plan.effect.incident().map(|id| id.0))
        .collect();
    let text = |pick: fn(&Planned) -> &'static str| -> Vec<String> {
        planned.iter().map(|plan| pick(plan).to_owned()).collect()
    };
    let providers = text(|plan| plan.effect.provider().as_str());
    let kinds = text(|plan| plan.effect.kind());
    let priorities: Vec<i16> = planned
        .iter()
        .map(|plan| plan.effect.priority() as i16)
        .collect();
    let coalesce: Vec<Option<String>> = planned
        .iter()
        .map(|plan| plan.effect.coalesce_key())
        .collect();
    let run_at: Vec<DateTime<Utc>> = planned
        .iter()
        .map(|plan| plan.not_before.unwrap_or(now))
        .collect();
    let not_after: Vec<Option<DateTime<Utc>>> =
        planned.iter().map(|plan| plan.effect.not_after()).collect();
    sqlx::query!(
        r#"with planned as (
               select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::jsonb[],
                                    $7::smallint[], $8::text[], $9::timestamptz[], $10::timestamptz[])
                        with ordinality
                        as row(id, incident, lane, provider, kind, effect, priority, coalesce_key,
                               run_at, not_after, ord)
                where not exists (select from outbox o where o.id = row.id offset 0))
           insert into outbox (id, signal, incident, lane, provider, kind, effect, priority,
                               coalesce_key, run_at, not_after, traceparent, created_at, blocked)
           select id, $11, incident, lane, provider, kind, effect, priority, coalesce_key, run_at,
                  not_after, $12, $13,
                  row_number() over (partition by lane order by ord) > 1
                  or exists (select from outbox o
                              where o.lane between planned.lane and planned.lane
                                and o.ended_at is null)
             from planned
            order by ord
           on conflict (id) do nothing"#,
        &ids,
        &incidents as &[Option<Uuid>],
        &lanes,
        &providers,
        &kinds,
        &effects,
        &priorities,
        &coalesce as &[Option<String>],
        &run_at,
        &not_after as &[Option<DateTime<Utc>>],
        decision.signal().0,
        traceparent,
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
        sqlx::query!(
            "insert into outbox (id, signal, incident, lane, provider, kind, effect, priority,
                                 coalesce_key, run_at, traceparent, created_at, blocked)
             select $2, signal, incident, lane, provider, kind, effect, priority, coalesce_key, $3,
                    traceparent, $3,
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
/// state. The twin's row is locked, so that nobody can render it before this commits; one that is
/// under way, or may have been, does not count.
async fn without_waiting_twins(
    connection: &mut Session,
    effects: &[Planned],
) -> Result<Vec<Planned>, StoreError> {
    let mut first: BTreeMap<String, Uuid> = BTreeMap::new();
    let mut planned = Vec::with_capacity(effects.len());
    for plan in effects {
        if let Some(key) = plan.effect.coalesce_key() {
            if first.contains_key(&key) {
                continue;
            }
            let twin = sqlx::query_scalar!(
                "select id from outbox
                  where coalesce_key between $1 and $1 and state = 'open' and lease_token is null
                  order by coalesce_key, seq limit 1 for update",
                key,
            )
            .fetch_optional(&mut *connection)
            .await?;
            first.insert(key, plan.id.0);
            if twin.is_some() {
                continue;
            }
        }
        planned.push(plan.clone());
    }
    Ok(planned)
}
