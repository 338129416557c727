//! What people see of the queues: lists, one row, retry, replay, drop.
//!
//! Bodies and payloads are never listed: they hold people's words and secrets.

use super::append::{lock_lanes, lock_subjects, one};
use super::deliver::unblock_next;
use super::{Store, StoreError};
use crate::domain::decision::ApiAnswer;
use crate::domain::effect::Effect;
use crate::domain::ids::{EffectId, IncidentId, SignalId};
use crate::domain::signal::{End, Receipt};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// A page of a list.
#[derive(Debug, Clone, Serialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Cuts what was read with one row too many to `limit`; the last row's cursor leads on.
    pub(super) fn cut(mut items: Vec<T>, limit: i64, cursor: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(1);
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = if more { items.last().map(cursor) } else { None };
        Self { items, next_cursor }
    }
}

/// A row of the inbox, as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct InboxRow {
    /// Its id.
    pub id: Uuid,
    /// Its place in the order of arrival.
    pub seq: i64,
    /// Where it came from.
    pub source: String,
    /// What it is called there.
    pub kind: String,
    /// What orders it.
    pub subject: String,
    /// `open`, `done`, `parked`.
    pub state: String,
    /// How often it failed.
    pub attempts: i32,
    /// Why, the last time.
    pub error: Option<String>,
    /// What came of it.
    pub outcome: Option<String>,
    /// When it arrived.
    pub received_at: DateTime<Utc>,
    /// When it was decided or put aside.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A row of the outbox, as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct OutboxRow {
    /// Its id.
    pub id: Uuid,
    /// Its place in the order.
    pub seq: i64,
    /// Its lane.
    pub lane: String,
    /// What it does.
    pub kind: String,
    /// `open`, `done`, `uncertain`, `parked`, `dropped`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i32,
    /// The provider's code, the last time.
    pub error: Option<String>,
    /// The incident it is for.
    pub incident: Option<Uuid>,
    /// The signal that led to it.
    pub signal: Uuid,
    /// When it was decided.
    pub created_at: DateTime<Utc>,
    /// When it is tried next.
    pub run_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A row of the audit, as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct AuditRow {
    /// Its id.
    pub id: i64,
    /// About which incident.
    pub incident: Option<Uuid>,
    /// When.
    pub at: DateTime<Utc>,
    /// What was done or tried.
    pub action: String,
    /// Who.
    pub by: String,
    /// `done` or `refused`.
    pub outcome: String,
    /// Before, after, why.
    pub details: Value,
}

pub(super) fn answer_json(answer: &ApiAnswer) -> Value {
    match answer {
        ApiAnswer::Incident { id, created } => json!({"incident": id, "created": created}),
        ApiAnswer::Problem { status, detail } => json!({"status": status, "detail": detail}),
    }
}

fn answer_of(value: &Value) -> Option<ApiAnswer> {
    if let Some(id) = value.get("incident") {
        let id: IncidentId = serde_json::from_value(id.clone()).ok()?;
        let created = value
            .get("created")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        return Some(ApiAnswer::Incident { id, created });
    }
    Some(ApiAnswer::Problem {
        status: u16::try_from(value.get("status")?.as_u64()?).ok()?,
        detail: value.get("detail")?.as_str()?.to_owned(),
    })
}

impl Store {
    /// Waits until a signal is decided, and gives its answer; `None` when that takes longer, or
    /// when it has none.
    pub async fn api_answer(
        &self,
        id: SignalId,
        wait: Duration,
    ) -> Result<Option<ApiAnswer>, StoreError> {
        let end = tokio::time::Instant::now() + wait;
        let mut pause = Duration::from_millis(4);
        loop {
            let row = sqlx::query!("select state, answer from inbox where id = $1", id.0)
                .fetch_optional(&self.pool())
                .await?;
            match row {
                Some(row) if row.state == "open" => {}
                Some(row) => return Ok(row.answer.as_ref().and_then(answer_of)),
                None => return Ok(None),
            }
            if tokio::time::Instant::now() + pause > end {
                return Ok(None);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }

    /// What a signal's row keeps beside its body; `None`: there is no such row.
    pub async fn signal_headers(&self, id: SignalId) -> Result<Option<Value>, StoreError> {
        Ok(
            sqlx::query_scalar!("select headers from inbox where id = $1", id.0)
                .fetch_optional(&self.pool())
                .await?,
        )
    }

    /// Rows of the inbox, newest first.
    pub async fn inbox_rows(
        &self,
        state: Option<&str>,
        limit: i64,
        below: Option<i64>,
    ) -> Result<Page<InboxRow>, StoreError> {
        let limit = limit.clamp(1, 200);
        let rows = sqlx::query_as!(
            InboxRow,
            "select id, seq, source, kind, subject, state, attempts, error, outcome, received_at, ended_at
               from inbox
              where ($1::text is null or state = $1) and ($2::bigint is null or seq < $2)
              order by seq desc limit $3",
            state,
            below,
            limit + 1,
        )
        .fetch_all(&self.pool())
        .await?;
        Ok(Page::cut(rows, limit, |row| row.seq.to_string()))
    }

    /// Rows of the outbox, newest first.
    pub async fn outbox_rows(
        &self,
        state: Option<&str>,
        limit: i64,
        below: Option<i64>,
    ) -> Result<Page<OutboxRow>, StoreError> {
        let limit = limit.clamp(1, 200);
        let rows = sqlx::query_as!(
            OutboxRow,
            "select id, seq, lane, kind, state, attempts, error, incident, signal, created_at, run_at, ended_at
               from outbox
              where ($1::text is null or state = $1) and ($2::bigint is null or seq < $2)
              order by seq desc limit $3",
            state,
            below,
            limit + 1,
        )
        .fetch_all(&self.pool())
        .await?;
        Ok(Page::cut(rows, limit, |row| row.seq.to_string()))
    }

    /// One row of the inbox.
    pub async fn inbox_row(&self, id: SignalId) -> Result<Option<InboxRow>, StoreError> {
        Ok(sqlx::query_as!(
            InboxRow,
            "select id, seq, source, kind, subject, state, attempts, error, outcome, received_at, ended_at
               from inbox where id = $1",
            id.0,
        )
        .fetch_optional(&self.pool())
        .await?)
    }

    /// One row of the outbox.
    pub async fn outbox_row(&self, id: EffectId) -> Result<Option<OutboxRow>, StoreError> {
        Ok(sqlx::query_as!(
            OutboxRow,
            "select id, seq, lane, kind, state, attempts, error, incident, signal, created_at, run_at, ended_at
               from outbox where id = $1",
            id.0,
        )
        .fetch_optional(&self.pool())
        .await?)
    }

    /// Has a signal decided again. Its effects keep their ids, so what was done is not repeated.
    /// `false`: there is no such row, it is open already, its body is forgotten, or it has changed
    /// an incident: time has gone on, and what it said then may be wrong now.
    pub async fn replay(&self, id: SignalId, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut transaction = self.pool().begin().await?;
        let Some(subject) = sqlx::query_scalar!("select subject from inbox where id = $1", id.0)
            .fetch_optional(&mut *transaction)
            .await?
        else {
            return Ok(false);
        };
        lock_subjects(&mut transaction, &one(&subject)).await?;
        let changed = sqlx::query!(
            "update inbox i
                set state = 'open', ended_at = null, attempts = 0, run_at = $2, error = null,
                    blocked = exists (select from inbox other
                                       where other.subject = i.subject and other.state = 'open')
              where id = $1 and state <> 'open' and body is not null
                and not exists (select from audit_log a where a.signal = i.id and a.outcome = 'done')",
            id.0,
            now,
        )
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        transaction.commit().await?;
        Ok(changed == 1)
    }

    /// Has a parked, dropped or uncertain effect tried again; it will answer again. One that may
    /// have happened is looked for first. `false`: no such row, or it needs no retry.
    pub async fn retry_effect(&self, id: EffectId, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut transaction = self.pool().begin().await?;
        let Some(lane) = sqlx::query_scalar!("select lane from outbox where id = $1", id.0)
            .fetch_optional(&mut *transaction)
            .await?
        else {
            return Ok(false);
        };
        lock_lanes(&mut transaction, &one(&lane)).await?;
        let changed = sqlx::query!(
            "update outbox o
                set state = case when uncertain_since is not null and kind <> all($3)
                                 then 'uncertain' else 'open' end,
                    ended_at = null, attempts = 0, looks = 0, generation = generation + 1,
                    run_at = $2, not_after = null, first_attempt_at = coalesce(first_attempt_at, $2),
                    blocked = exists (select from outbox other
                                       where other.lane = o.lane and other.ended_at is null)
              where id = $1 and ended_at is not null and state <> 'done'",
            id.0,
            now,
            // These cannot be looked for: who retries one by hand has it sent.
            &Effect::CANNOT_BE_LOOKED_FOR.map(str::to_owned),
        )
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        transaction.commit().await?;
        Ok(changed == 1)
    }

    /// Gives an effect up, with a reason; its receipt says so. `false`: no such row, it is done or
    /// dropped already, or it is under way at this moment.
    pub async fn drop_effect(
        &self,
        id: EffectId,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool().begin().await?;
        let Some(lane) = sqlx::query_scalar!("select lane from outbox where id = $1", id.0)
            .fetch_optional(&mut *transaction)
            .await?
        else {
            return Ok(false);
        };
        lock_lanes(&mut transaction, &one(&lane)).await?;
        let dropped = sqlx::query!(
            "update outbox set state = 'dropped', error = $2, ended_at = $3,
                               generation = generation + 1, lease_until = null, lease_token = null
              where id = $1 and state not in ('done', 'dropped')
                and (lease_until is null or lease_until < clock_timestamp())
             returning effect, generation, traceparent",
            id.0,
            why,
            now,
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = dropped else { return Ok(false) };
        unblock_next(&mut transaction, &lane).await?;
        // What cannot be read has no receipt: nobody knows whose it would be.
        if let Ok(effect) = self.effect(row.effect) {
            let receipt = Receipt {
                effect_id: id,
                generation: row.generation,
                effect,
                end: End::Dropped {
                    why: why.to_owned(),
                },
            };
            self.append_receipt(&mut transaction, &receipt, row.traceparent, now)
                .await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}
