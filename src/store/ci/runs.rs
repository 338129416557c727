//! The `ci_runs` table.

use crate::domain::ci::overdue::{self, Silent};
use crate::domain::ci::{Code, Line, Place, Run, Status};
use crate::domain::ids::SignalId;
use crate::store::area::{Statement, delete_oldest};
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};

struct RunRow {
    run_id: i64,
    attempt: i32,
    number: i64,
    workflow_id: i64,
    workflow: String,
    trigger: String,
    branch: String,
    sha: String,
    status: String,
    conclusion: Option<String>,
    actor: Option<String>,
    url: String,
    started_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    change: Option<String>,
    pull: Option<i64>,
    by_bot: bool,
    tree: Option<String>,
    is_green: bool,
}

/// A run as it is known, and the newest run of its line that succeeded.
pub(super) async fn known(
    connection: &mut Session,
    line: &Line,
    id: i64,
) -> Result<(Option<Run>, Option<Place>), StoreError> {
    let rows = sqlx::query_as!(
        RunRow,
        r#"select run_id as "run_id!", attempt as "attempt!", number as "number!", workflow_id as "workflow_id!",
                  workflow as "workflow!", trigger as "trigger!", branch as "branch!", sha as "sha!",
                  status as "status!", conclusion, actor, url as "url!", started_at as "started_at!",
                  updated_at as "updated_at!", change, pull, by_bot as "by_bot!", tree, is_green as "is_green!"
             from (select *, false as is_green from ci_runs where repository = $1 and run_id = $2) as this
            union all
           select run_id, attempt, number, workflow_id, workflow, trigger, branch, sha, status, conclusion, actor,
                  url, started_at, updated_at, change, pull, by_bot, tree, true
             from (select * from ci_runs
                    where repository between $1 and $1 and workflow_id between $3 and $3
                      and branch between $4 and $4
                      and conclusion = 'success' and trigger in ('push', 'schedule', 'workflow_dispatch') and not $5
                    order by repository desc, workflow_id desc, branch desc, number desc, attempt desc
                    limit 1) as green
            union all
           select run_id, attempt, number, workflow_id, workflow, trigger, branch, sha, status, conclusion, actor,
                  url, started_at, updated_at, change, pull, by_bot, tree, true
             from (select * from ci_runs
                    where repository between $1 and $1 and workflow_id between $3 and $3
                      and branch between $4 and $4
                      and conclusion = 'success' and trigger = 'pull_request' and $5
                    order by repository desc, workflow_id desc, branch desc, number desc, attempt desc
                    limit 1) as green_pull"#,
        line.repository,
        id,
        line.workflow,
        line.branch,
        line.is_pull,
    )
    .fetch_all(connection)
    .await?;
    let (mut run, mut green) = (None, None);
    for row in rows {
        let place = Place {
            number: row.number,
            attempt: row.attempt,
        };
        if row.is_green {
            green = Some(place);
            continue;
        }
        let status = Status::of_words(&row.status, row.conclusion.as_deref());
        run = Some(Run {
            id: row.run_id,
            line: Line::new(
                line.repository.clone(),
                row.workflow_id,
                row.branch,
                &row.trigger,
            ),
            workflow_name: row.workflow,
            place,
            trigger: row.trigger,
            sha: row.sha,
            code: Code {
                change: row.change.unwrap_or_default(),
                pull: row.pull,
                by_bot: row.by_bot,
                tree: row.tree,
            },
            status: status.ok_or_else(|| StoreError::Unreadable("ci_runs.status".to_owned()))?,
            actor: row.actor,
            url: row.url,
            started_at: row.started_at,
            updated_at: row.updated_at,
        });
    }
    Ok((run, green))
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
                              conclusion, actor, url, started_at, updated_at, change, pull, by_bot, tree, received_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
                 (select received_at from inbox where id = $20))
         on conflict (repository, run_id) do update
            set attempt = excluded.attempt, number = excluded.number, workflow_id = excluded.workflow_id,
                workflow = excluded.workflow, trigger = excluded.trigger, branch = excluded.branch, sha = excluded.sha,
                status = excluded.status, conclusion = excluded.conclusion, actor = excluded.actor, url = excluded.url,
                started_at = excluded.started_at, updated_at = excluded.updated_at,
                change = excluded.change, pull = excluded.pull, by_bot = excluded.by_bot, tree = excluded.tree,
                received_at = greatest(ci_runs.received_at, excluded.received_at)",
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
        run.code.change,
        run.code.pull,
        run.code.by_bot,
        run.code.tree,
        signal.0,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Runs that have not ended and were neither heard of nor read since then, the oldest first.
pub(super) async fn silent(
    connection: &mut Session,
    silent: &Silent,
) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = sqlx::query!(
        "select repository, run_id from ci_runs
          where status <> 'completed' and received_at between $1 and $2 and (read_at is null or read_at <= $2)
          order by received_at limit $3",
        silent.heard_after,
        silent.since,
        overdue::AT_ONCE,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.repository, row.run_id))
        .collect())
}

/// A run is read then.
pub(super) async fn read(
    connection: &mut Session,
    repository: &str,
    run: i64,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update ci_runs set read_at = $3 where repository = $1 and run_id = $2",
        repository,
        run,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) fn forget(before: DateTime<Utc>, at_once: i64) -> Statement {
    delete_oldest!("ci_runs", "ctid", "received_at", "true", before, at_once)
}
