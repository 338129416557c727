//! The rows of the inbox and the outbox, as the commands for both list and change them.

use crate::domain::ids::{EffectId, SignalId};
use crate::store::{InboxRow, OutboxRow, Page, Store, StoreError};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::fmt;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queue {
    Inbox,
    Outbox,
}

pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) at: DateTime<Utc>,
    pub(super) state: String,
    pub(super) kind: String,
    /// What else `list` prints.
    more: String,
    error: Option<String>,
    pub(super) json: Value,
}

impl From<InboxRow> for Row {
    fn from(row: InboxRow) -> Self {
        Self {
            json: json!(row),
            id: row.id,
            at: row.received_at,
            state: row.state,
            kind: format!("{}/{}", row.source, row.kind),
            more: row.subject,
            error: row.error,
        }
    }
}

impl From<OutboxRow> for Row {
    fn from(row: OutboxRow) -> Self {
        Self {
            json: json!(row),
            id: row.id,
            at: row.created_at,
            state: row.state,
            kind: row.kind,
            more: format!("{}  {}×", row.lane, row.attempts),
            error: row.error,
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.format("%Y-%m-%d %H:%M:%S");
        let (id, state, kind, more) = (self.id, &self.state, &self.kind, &self.more);
        write!(f, "{id}  {at}  {state:<9} {kind:<22} {more}")?;
        match &self.error {
            Some(error) => write!(f, "  {error}"),
            None => Ok(()),
        }
    }
}

fn page<T: Into<Row>>(page: Page<T>) -> Page<Row> {
    Page {
        items: page.items.into_iter().map(T::into).collect(),
        next_cursor: page.next_cursor,
    }
}

impl Queue {
    /// A page of rows, newest first.
    pub(super) async fn rows(
        self,
        store: &Store,
        state: Option<&str>,
        limit: i64,
        below: Option<i64>,
    ) -> Result<Page<Row>, StoreError> {
        Ok(match self {
            Self::Inbox => page(store.inbox_rows(state, limit, below).await?),
            Self::Outbox => page(store.outbox_rows(state, limit, below).await?),
        })
    }

    pub(super) async fn row(self, store: &Store, id: Uuid) -> Result<Option<Row>, StoreError> {
        Ok(match self {
            Self::Inbox => store.inbox_row(SignalId(id)).await?.map(Row::from),
            Self::Outbox => store.outbox_row(EffectId(id)).await?.map(Row::from),
        })
    }

    /// What a row is called.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Inbox => "signal",
            Self::Outbox => "effect",
        }
    }
}
