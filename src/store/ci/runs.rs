//! The `ci_runs` table.

use crate::domain::ci::{Line, Place, Run, Status};
use crate::domain::ids::SignalId;
use crate::store::error::StoreError;
use crate::store::session::Session;

/// A run as it is known, under the lock of its line.
pub(super) async fn run(
    connection: &mut Session,
    repository: &str,
    id: i64,
) -> Result<Option<Run>, StoreError> {
    let row = sqlx::query!(
        "select attempt, number, workflow_id, workflow, trigger, branch, sha, status, conclusion, actor, url,
                started_at, updated_at
           from ci_runs where repository = $1 and run_id = $2",
        repository,
        id,
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let status = Status::of_words(&row.status, row.conclusion.as_deref());
    Ok(Some(Run {
        id,
        line: Line {
            repository: repository.to_owned(),
            workflow: row.workflow_id,
            branch: row.branch,
        },
        workflow_name: row.workflow,
        place: Place {
            number: row.number,
            attempt: row.attempt,
        },
        trigger: row.trigger,
        sha: row.sha,
        status: status.ok_or_else(|| StoreError::Unreadable("ci_runs.status".to_owned()))?,
        actor: row.actor,
        url: row.url,
        started_at: row.started_at,
        updated_at: row.updated_at,
    }))
}

/// The newest run of a line that succeeded, of those that are about the branch itself
/// ([`crate::domain::ci::Seen::is_told`]): a pull request from a branch of the same name is on the line too.
pub(super) async fn green(
    connection: &mut Session,
    line: &Line,
) -> Result<Option<Place>, StoreError> {
    let row = sqlx::query!(
        "select number, attempt from ci_runs
          where repository between $1 and $1 and workflow_id between $2 and $2 and branch between $3 and $3
            and conclusion = 'success' and trigger in ('push', 'schedule', 'workflow_dispatch')
          order by repository desc, workflow_id desc, branch desc, number desc, attempt desc limit 1",
        line.repository,
        line.workflow,
        line.branch,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Place {
        number: row.number,
        attempt: row.attempt,
    }))
}

/// A run as it is now, received with this signal, which [`Run::replaces`] what was known.
pub(super) async fn save(
    connection: &mut Session,
    signal: SignalId,
    run: &Run,
) -> Result<(), StoreError> {
    let (status, conclusion) = run.status.words();
    sqlx::query!(
        "insert into ci_runs (repository, run_id, attempt, number, workflow_id, workflow, trigger, branch, sha, status,
                              conclusion, actor, url, started_at, updated_at, received_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                 (select received_at from inbox where id = $16))
         on conflict (repository, run_id) do update
            set attempt = excluded.attempt, number = excluded.number, workflow_id = excluded.workflow_id,
                workflow = excluded.workflow, trigger = excluded.trigger, branch = excluded.branch, sha = excluded.sha,
                status = excluded.status, conclusion = excluded.conclusion, actor = excluded.actor, url = excluded.url,
                started_at = excluded.started_at, updated_at = excluded.updated_at,
                received_at = excluded.received_at",
        run.line.repository,
        run.id,
        run.place.attempt,
        run.place.number,
        run.line.workflow,
        run.workflow_name,
        run.trigger,
        run.line.branch,
        run.sha,
        status,
        conclusion,
        run.actor,
        run.url,
        run.started_at,
        run.updated_at,
        signal.0,
    )
    .execute(connection)
    .await?;
    Ok(())
}
