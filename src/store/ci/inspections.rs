//! The `ci_inspections` table.

use crate::domain::ci::{Inspection, InspectionId, Line};
use crate::store::area::{Statement, delete_oldest};
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};

/// The line of an inspection, which never changes.
pub(super) async fn line(
    session: &mut Session,
    id: InspectionId,
) -> Result<Option<Line>, StoreError> {
    let row = sqlx::query!(
        "select repository, workflow_id, branch, is_pull from ci_inspections where id = $1",
        id.0,
    )
    .fetch_optional(session)
    .await?;
    Ok(row.map(|row| Line {
        repository: row.repository,
        workflow: row.workflow_id,
        branch: row.branch,
        is_pull: row.is_pull,
    }))
}

/// An inspection, locked.
pub(super) async fn locked(
    session: &mut Session,
    id: InspectionId,
) -> Result<Option<Inspection>, StoreError> {
    let row = sqlx::query_scalar!(
        "select state from ci_inspections where id = $1 for update",
        id.0
    )
    .fetch_optional(session)
    .await?;
    let read = row.map(serde_json::from_value).transpose();
    read.map_err(|_unreadable| StoreError::Unreadable("ci_inspections.state".to_owned()))
}

/// A new inspection, or one that this transaction has locked.
pub(super) async fn save(session: &mut Session, inspection: &Inspection) -> Result<(), StoreError> {
    let run = &inspection.run;
    sqlx::query!(
        "insert into ci_inspections (id, repository, workflow_id, branch, is_pull, run_id, attempt, state, begun_at,
                                     ended_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (id) do update set state = excluded.state, ended_at = excluded.ended_at",
        inspection.id.0,
        run.line.repository,
        run.line.workflow,
        run.line.branch,
        run.line.is_pull,
        run.id,
        run.place.attempt,
        serde_json::to_value(inspection)?,
        inspection.begun_at,
        inspection.ended_at,
    )
    .execute(session)
    .await?;
    Ok(())
}

pub(super) fn forget(before: DateTime<Utc>, at_once: i64) -> Statement {
    delete_oldest!("ci_inspections", "id", "begun_at", "true", before, at_once)
}
