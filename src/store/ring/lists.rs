//! What people see of the queues: lists, and one row; and the answer that a caller waits for.
//!
//! Bodies and payloads are never listed: they hold people's words and secrets.

use crate::domain::decision::ApiAnswer;
use crate::domain::ids::{EffectId, SignalId};
use crate::store::database::Database;
use crate::store::error::StoreError;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// The states of a row, as the tables' constraints name them. A list of all is made of one list per
/// state: each is read by its index from its newest row on.
const INBOX_STATES: [&str; 3] = ["open", "done", "parked"];
const OUTBOX_STATES: [&str; 5] = ["open", "done", "uncertain", "parked", "dropped"];

fn states(wanted: Option<&str>, all: &[&str]) -> Vec<String> {
    let one = wanted.as_ref().map(std::slice::from_ref);
    one.unwrap_or(all)
        .iter()
        .map(|state| (*state).to_owned())
        .collect()
}

/// A page of a list.
#[derive(Debug, Clone, Serialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Cuts what was read with one row too many to `limit`; the last row's cursor leads on.
    pub(in crate::store) fn cut(
        mut items: Vec<T>,
        limit: i64,
        cursor: impl Fn(&T) -> String,
    ) -> Self {
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
    pub id: Uuid,
    /// Its place in the order of arrival.
    pub seq: i64,
    /// Where it came from.
    pub source: String,
    /// What it is called there.
    pub kind: String,
    pub subject: String,
    /// `open`, `done`, `parked`.
    pub state: String,
    /// How often it failed.
    pub attempts: i32,
    /// Why, the last time.
    pub error: Option<String>,
    /// What came of it.
    pub outcome: Option<String>,
    pub received_at: DateTime<Utc>,
    /// When it was decided or parked.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A row of the outbox, as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct OutboxRow {
    pub id: Uuid,
    /// Its place in the order.
    pub seq: i64,
    pub lane: String,
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
    pub ended_at: Option<DateTime<Utc>>,
}

impl Database {
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
                .fetch_optional(&mut self.single().await?)
                .await?;
            match row {
                Some(row) if row.state == "open" => {}
                // The signal is decided, whether its answer can be read or not.
                Some(row) => {
                    return Ok(row.answer.and_then(|it| serde_json::from_value(it).ok()));
                }
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
                .fetch_optional(&mut self.single().await?)
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
            r#"select i.id as "id!", i.seq as "seq!", i.source as "source!", i.kind as "kind!",
                      i.subject as "subject!", i.state as "state!", i.attempts as "attempts!",
                      i.error, i.outcome, i.received_at as "received_at!", i.ended_at
                 from unnest($1::text[]) as wanted(state),
                      lateral (select id, seq, source, kind, subject, inbox.state, attempts, error, outcome,
                                      received_at, ended_at
                                 from inbox
                                where inbox.state = wanted.state and seq < $2
                                order by inbox.state desc, seq desc limit $3) as i
                order by i.seq desc limit $3"#,
            &states(state, &INBOX_STATES),
            below.unwrap_or(i64::MAX),
            limit + 1,
        )
        .fetch_all(&mut self.single().await?)
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
            r#"select o.id as "id!", o.seq as "seq!", o.lane as "lane!", o.kind as "kind!",
                      o.state as "state!", o.attempts as "attempts!", o.error, o.incident,
                      o.signal as "signal!", o.created_at as "created_at!", o.run_at as "run_at!",
                      o.ended_at
                 from unnest($1::text[]) as wanted(state),
                      lateral (select id, seq, lane, kind, outbox.state, attempts, error, incident, signal,
                                      created_at, run_at, ended_at
                                 from outbox
                                where outbox.state = wanted.state and seq < $2
                                order by outbox.state desc, seq desc limit $3) as o
                order by o.seq desc limit $3"#,
            &states(state, &OUTBOX_STATES),
            below.unwrap_or(i64::MAX),
            limit + 1,
        )
        .fetch_all(&mut self.single().await?)
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
        .fetch_optional(&mut self.single().await?)
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
        .fetch_optional(&mut self.single().await?)
        .await?)
    }
}
