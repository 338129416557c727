//! The `ci_findings` table.

use crate::domain::ci::{FailureId, FindingId, JobFinding, Line, Place, Stage};
use crate::store::area::{Statement, delete_oldest};
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

struct FindingRow {
    id: Uuid,
    failure: Option<Uuid>,
    repository: String,
    workflow_id: i64,
    branch: String,
    is_pull: bool,
    workflow: String,
    on_default_branch: bool,
    run_id: i64,
    number: i64,
    attempt: i32,
    sha: String,
    job: Option<Value>,
    finding: Value,
    state: String,
    found_at: DateTime<Utc>,
}

/// A query for findings: `$rest` continues behind `from ci_findings`.
macro_rules! select_findings {
    ($rest:literal $(, $bind:expr)* $(,)?) => {
        sqlx::query_as!(
            FindingRow,
            "select id, failure, repository, workflow_id, branch, is_pull, workflow, on_default_branch, run_id, number,
                    attempt, sha, job, finding, state, found_at
               from ci_findings " + $rest
            $(, $bind)*
        )
    };
}

impl TryFrom<FindingRow> for JobFinding {
    type Error = StoreError;

    fn try_from(row: FindingRow) -> Result<Self, StoreError> {
        let unreadable = |column: &str| StoreError::Unreadable(format!("ci_findings.{column}"));
        let job = row.job.map(serde_json::from_value).transpose();
        let finding = serde_json::from_value(row.finding);
        Ok(Self {
            id: FindingId(row.id),
            failure: row.failure.map(FailureId),
            line: Line {
                repository: row.repository,
                workflow: row.workflow_id,
                branch: row.branch,
                is_pull: row.is_pull,
            },
            workflow_name: row.workflow,
            on_default_branch: row.on_default_branch,
            run: row.run_id,
            place: Place {
                number: row.number,
                attempt: row.attempt,
            },
            sha: row.sha,
            job: job.map_err(|_unreadable| unreadable("job"))?,
            finding: finding.map_err(|_unreadable| unreadable("finding"))?,
            state: row
                .state
                .parse::<Stage>()
                .map_err(|_unknown| unreadable("state"))?,
            at: row.found_at,
        })
    }
}

/// What was found of the attempt that a failure shows, in the order of its jobs.
pub(super) async fn of_failure(
    session: &mut Session,
    failure: FailureId,
    place: Place,
) -> Result<Vec<JobFinding>, StoreError> {
    let rows = select_findings!(
        "where failure = $1 and number = $2 and attempt = $3 order by job ->> 'name', id",
        failure.0,
        place.number,
        place.attempt,
    );
    let rows = rows.fetch_all(session).await?;
    rows.into_iter().map(JobFinding::try_from).collect()
}

/// What was found of an attempt of a run, in the order of its jobs.
pub(super) async fn of_attempt(
    session: &mut Session,
    repository: &str,
    run: i64,
    attempt: i32,
) -> Result<Vec<JobFinding>, StoreError> {
    let rows = select_findings!(
        "where repository = $1 and run_id = $2 and attempt = $3 order by job ->> 'name', id",
        repository,
        run,
        attempt,
    );
    let rows = rows.fetch_all(session).await?;
    rows.into_iter().map(JobFinding::try_from).collect()
}

/// A finding as it is now. Who saves it holds its line's lock.
pub(super) async fn save(session: &mut Session, found: &JobFinding) -> Result<(), StoreError> {
    let job = found.job.as_ref().map(serde_json::to_value).transpose()?;
    let (line, class) = (&found.line, found.finding.class);
    let state: &str = found.state.into();
    sqlx::query!(
        "insert into ci_findings (id, failure, repository, workflow_id, branch, is_pull, workflow, on_default_branch,
                                  run_id, number, attempt, sha, job, class, signature, infrastructure, finding, state,
                                  found_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
         on conflict (id) do update
            set failure = excluded.failure, job = excluded.job, class = excluded.class, signature = excluded.signature,
                infrastructure = excluded.infrastructure, finding = excluded.finding, state = excluded.state",
        found.id.0,
        found.failure.map(|id| id.0),
        line.repository,
        line.workflow,
        line.branch,
        line.is_pull,
        found.workflow_name,
        found.on_default_branch,
        found.run,
        found.place.number,
        found.place.attempt,
        found.sha,
        job,
        class.as_str(),
        found.finding.signature.as_str(),
        class.is_infrastructure(),
        serde_json::to_value(&found.finding)?,
        state,
        found.at,
    )
    .execute(session)
    .await?;
    Ok(())
}

pub(super) fn forget(before: DateTime<Utc>, at_once: i64) -> Statement {
    delete_oldest!("ci_findings", "id", "found_at", "true", before, at_once)
}

/// Sets the state of all findings of an attempt.
pub(super) async fn set_stage(
    session: &mut Session,
    repository: &str,
    run: i64,
    attempt: i32,
    stage: Stage,
) -> Result<(), StoreError> {
    let state: &str = stage.into();
    sqlx::query!(
        "update ci_findings set state = $4 where repository = $1 and run_id = $2 and attempt = $3",
        repository,
        run,
        attempt,
        state,
    )
    .execute(session)
    .await?;
    Ok(())
}
