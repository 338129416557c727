//! The audit: append-only, and the database sees to it.

use super::lists::Page;
use super::operator_actions::Operator;
use crate::domain::decision::{AuditEntry, AuditOutcome};
use crate::domain::ids::{IncidentId, SignalId};
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// A row of the audit, as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct AuditRow {
    pub id: i64,
    pub incident: Option<Uuid>,
    pub at: DateTime<Utc>,
    /// What was done or tried.
    pub action: String,
    pub by: String,
    /// `done` or `refused`.
    pub outcome: String,
    /// Before, after, why.
    pub details: Value,
}

/// A line of the audit, likewise.
pub(super) async fn add(
    connection: &mut Session,
    signal: SignalId,
    ordinal: i32,
    entry: &AuditEntry,
) -> Result<(), StoreError> {
    let outcome = match entry.outcome {
        AuditOutcome::Done => "done",
        AuditOutcome::Refused => "refused",
    };
    sqlx::query!(
        "insert into audit_log (incident, at, action, by, outcome, details, signal, ordinal)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (signal, ordinal) do nothing",
        entry.incident.map(|id| id.0),
        entry.at,
        entry.action,
        entry.by.to_string(),
        outcome,
        entry.details,
        signal.0,
        ordinal,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A line of the audit about what an operator did to a row. No signal led to it, so it has an id of
/// its own: under the row's it would count as a change that the signal has made.
pub(super) async fn add_operator_action(
    connection: &mut Session,
    action: &str,
    by: Operator,
    incident: Option<IncidentId>,
    details: Value,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into audit_log (incident, at, action, by, outcome, details, signal, ordinal)
         values ($1, $2, $3, $4, 'done', $5, $6, 0)",
        incident.map(|id| id.0),
        now,
        action,
        by.as_str(),
        details,
        Uuid::new_v4(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

impl Database {
    /// The audit, newest first.
    pub async fn audit(
        &self,
        limit: i64,
        below: Option<i64>,
    ) -> Result<Page<AuditRow>, StoreError> {
        let limit = limit.clamp(1, 200);
        let rows = sqlx::query_as!(
            AuditRow,
            "select id, incident, at, action, by, outcome, details from audit_log
              where id < $1
              order by id desc limit $2",
            below.unwrap_or(i64::MAX),
            limit + 1,
        )
        .fetch_all(&mut self.single().await?)
        .await?;
        Ok(Page::cut(rows, limit, |row| row.id.to_string()))
    }
}
