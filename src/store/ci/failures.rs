//! The `ci_failures` table.

use crate::domain::ci::list;
use crate::domain::ci::{Conclusion, Failed, Failure, FailureId, Green, InspectionId, Line, Place};
use crate::domain::ids::SignalId;
use crate::store::area::{Statement, delete_oldest};
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

struct FailureRow {
    id: Uuid,
    repository: String,
    workflow_id: i64,
    branch: String,
    is_pull: bool,
    workflow: String,
    since: DateTime<Utc>,
    count: i32,
    last_run_id: Option<i64>,
    last_number: i64,
    last_attempt: i32,
    last_conclusion: String,
    last_sha: String,
    last_actor: Option<String>,
    last_url: String,
    green_at: Option<DateTime<Utc>>,
    green_number: Option<i64>,
    green_url: Option<String>,
    is_healed: bool,
    on_default_branch: bool,
    progress: Option<Value>,
    messages: Value,
}

macro_rules! select_failures {
    ($rest:literal $(, $bind:expr)* $(,)?) => {
        sqlx::query_as!(
            FailureRow,
            "select id, repository, workflow_id, branch, is_pull, workflow, since, count, last_run_id, last_number,
                    last_attempt, last_conclusion, last_sha, last_actor, last_url, green_at, green_number, green_url,
                    is_healed, on_default_branch, progress, messages
               from ci_failures " + $rest
            $(, $bind)*
        )
    };
}

impl TryFrom<FailureRow> for Failure {
    type Error = StoreError;

    fn try_from(row: FailureRow) -> Result<Self, StoreError> {
        let unreadable = |column: &str| StoreError::Unreadable(format!("ci_failures.{column}"));
        let messages = serde_json::from_value(row.messages);
        let progress = row.progress.map(serde_json::from_value).transpose();
        let green = match (row.green_at, row.green_number, row.green_url) {
            (Some(at), Some(number), Some(url)) => Some(Green {
                at,
                number,
                url,
                is_healed: row.is_healed,
            }),
            _ => None,
        };
        Ok(Self {
            id: FailureId(row.id),
            line: Line {
                repository: row.repository,
                workflow: row.workflow_id,
                branch: row.branch,
                is_pull: row.is_pull,
            },
            workflow_name: row.workflow,
            since: row.since,
            count: row.count,
            last: Failed {
                run: row.last_run_id,
                place: Place {
                    number: row.last_number,
                    attempt: row.last_attempt,
                },
                conclusion: Conclusion::of(&row.last_conclusion),
                sha: row.last_sha,
                actor: row.last_actor,
                url: row.last_url,
            },
            green,
            on_default_branch: row.on_default_branch,
            progress: progress.map_err(|_unreadable| unreadable("progress"))?,
            messages: messages.map_err(|_unreadable| unreadable("messages"))?,
        })
    }
}

/// The open failure of a line, locked.
pub(super) async fn open(
    connection: &mut Session,
    line: &Line,
) -> Result<Option<Failure>, StoreError> {
    let row = select_failures!(
        "where repository = $1 and workflow_id = $2 and branch = $3 and is_pull = $4 and green_at is null
           for update",
        line.repository,
        line.workflow,
        line.branch,
        line.is_pull,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Failure::try_from).transpose()
}

/// A failure, open or closed, locked.
pub(super) async fn locked(
    connection: &mut Session,
    id: FailureId,
) -> Result<Option<Failure>, StoreError> {
    let row = select_failures!("where id = $1 for update", id.0)
        .fetch_optional(connection)
        .await?;
    row.map(Failure::try_from).transpose()
}

/// The latest failures of these repositories, open or closed, newest first.
pub(super) async fn latest(
    session: &mut Session,
    repositories: &[String],
) -> Result<Vec<Failure>, StoreError> {
    let rows = select_failures!(
        "where id = any(array(
             select latest.id
               from unnest($1::text[]) as wanted(repository),
                    lateral (select f.id, f.news_at from ci_failures f
                              where f.repository between wanted.repository and wanted.repository
                              order by f.repository desc, f.news_at desc limit $2) as latest
              order by latest.news_at desc limit $2))
          order by row(news_at, id) desc",
        repositories,
        list::FAILURES,
    );
    let rows = rows.fetch_all(session).await?;
    rows.into_iter().map(Failure::try_from).collect()
}

/// The inspection of the last attempt that failed.
pub(super) async fn inspection(
    session: &mut Session,
    id: FailureId,
) -> Result<Option<InspectionId>, StoreError> {
    let row = sqlx::query!(
        "select repository, last_run_id, last_attempt from ci_failures where id = $1",
        id.0,
    );
    let row = row.fetch_optional(session).await?;
    Ok(row.and_then(|row| {
        let run = row.last_run_id?;
        Some(InspectionId::of(&row.repository, run, row.last_attempt))
    }))
}

/// A failure as it is.
pub(super) async fn failure(
    database: &Database,
    id: FailureId,
) -> Result<Option<Failure>, StoreError> {
    let row = select_failures!("where id = $1", id.0)
        .fetch_optional(&mut database.single().await?)
        .await?;
    row.map(Failure::try_from).transpose()
}

/// A new failure, or one that this transaction has locked. Its age is counted from when the signal was received.
pub(super) async fn save(
    connection: &mut Session,
    signal: SignalId,
    failure: &Failure,
) -> Result<(), StoreError> {
    let messages = serde_json::to_value(&failure.messages)?;
    let progress = failure.progress.as_ref().map(serde_json::to_value);
    let (last, green) = (&failure.last, failure.green.as_ref());
    sqlx::query!(
        "insert into ci_failures (id, repository, workflow_id, branch, workflow, since, count, last_number, last_attempt,
                                  last_conclusion, last_sha, last_actor, last_url, green_at, green_number, green_url,
                                  news_at, messages, is_pull, on_default_branch, last_run_id, progress, is_healed)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                 (select received_at from inbox where id = $17), $18, $19, $20, $21, $22, $23)
         on conflict (id) do update
            set workflow = excluded.workflow, since = excluded.since, count = excluded.count,
                last_number = excluded.last_number, last_attempt = excluded.last_attempt,
                last_conclusion = excluded.last_conclusion, last_sha = excluded.last_sha,
                last_actor = excluded.last_actor, last_url = excluded.last_url, green_at = excluded.green_at,
                green_number = excluded.green_number, green_url = excluded.green_url,
                news_at = greatest(ci_failures.news_at, excluded.news_at),
                messages = excluded.messages, last_run_id = excluded.last_run_id, progress = excluded.progress,
                is_healed = excluded.is_healed",
        failure.id.0,
        failure.line.repository,
        failure.line.workflow,
        failure.line.branch,
        failure.workflow_name,
        failure.since,
        failure.count,
        last.place.number,
        last.place.attempt,
        last.conclusion.as_str(),
        last.sha,
        last.actor,
        last.url,
        green.map(|green| green.at),
        green.map(|green| green.number),
        green.map(|green| green.url.as_str()),
        signal.0,
        messages,
        failure.line.is_pull,
        failure.on_default_branch,
        last.run,
        progress.transpose()?,
        green.is_some_and(|green| green.is_healed),
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) fn forget(before: DateTime<Utc>, at_once: i64) -> Statement {
    delete_oldest!(
        "ci_failures",
        "id",
        "news_at",
        "(green_at is not null or not on_default_branch or news_at < $1 - interval '310 days')",
        before,
        at_once
    )
}
