//! The `ci_issues` table.

use super::record;
use crate::domain::ci::issues::{self, About, Issue, IssueId, State};
use crate::domain::ci::record::Subject;
use crate::domain::effect::Effect;
use crate::domain::effect::github::{self, IssueEdit};
use crate::domain::rules::Rules;
use crate::store::area::{Statement, delete_oldest};
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use uuid::Uuid;

struct IssueRow {
    id: Uuid,
    repository: String,
    subjects: Vec<String>,
    labels: Vec<String>,
    number: Option<i64>,
    url: String,
    state: String,
    about: Value,
    opened_at: DateTime<Utc>,
    quiet_since: DateTime<Utc>,
    changed_at: DateTime<Utc>,
}

macro_rules! select_issues {
    ($rest:literal $(, $bind:expr)* $(,)?) => {
        sqlx::query_as!(
            IssueRow,
            "select id, repository, subjects, labels, number, url, state, about, opened_at, quiet_since, changed_at
               from ci_issues " + $rest
            $(, $bind)*
        )
    };
}

impl TryFrom<IssueRow> for Issue {
    type Error = StoreError;

    fn try_from(row: IssueRow) -> Result<Self, StoreError> {
        let unreadable = |column: &str| StoreError::Unreadable(format!("ci_issues.{column}"));
        let subjects: Option<_> = row
            .subjects
            .iter()
            .map(|key| Subject::of_key(key))
            .collect();
        let state: Result<State, _> = row.state.parse();
        let about: Result<About, _> = serde_json::from_value(row.about);
        Ok(Self {
            id: IssueId(row.id),
            repository: row.repository,
            subjects: subjects.ok_or_else(|| unreadable("subjects"))?,
            labels: row.labels,
            number: row.number,
            url: row.url,
            state: state.map_err(|_unknown| unreadable("state"))?,
            about: about.map_err(|_unreadable| unreadable("about"))?,
            opened_at: row.opened_at,
            quiet_since: row.quiet_since,
            changed_at: row.changed_at,
        })
    }
}

/// The issues that any of the subjects has, open or closed.
pub(super) async fn of_subjects(
    session: &mut Session,
    repository: &str,
    subjects: &[String],
) -> Result<Vec<Issue>, StoreError> {
    let rows = select_issues!(
        "where repository = $1 and subjects && $2",
        repository,
        subjects
    );
    let rows = rows.fetch_all(session).await?;
    rows.into_iter().map(Issue::try_from).collect()
}

/// The codes with which GitHub refused issues of the repository lately.
pub(super) async fn refusals(
    session: &mut Session,
    repository: &str,
    now: DateTime<Utc>,
) -> Result<Vec<String>, StoreError> {
    let codes = sqlx::query_scalar!(
        r#"select distinct about ->> 'refused' as "code!" from ci_issues
            where repository = $1 and changed_at > $2 and state = 'refused' and about ->> 'refused' is not null"#,
        repository,
        now - Duration::days(7),
    );
    Ok(codes.fetch_all(session).await?)
}

/// The repository of an issue, which never changes.
pub(super) async fn repository(
    session: &mut Session,
    id: IssueId,
) -> Result<Option<String>, StoreError> {
    let found = sqlx::query_scalar!("select repository from ci_issues where id = $1", id.0);
    Ok(found.fetch_optional(session).await?)
}

pub(super) async fn by_id(session: &mut Session, id: IssueId) -> Result<Option<Issue>, StoreError> {
    let row = select_issues!("where id = $1", id.0)
        .fetch_optional(session)
        .await?;
    row.map(Issue::try_from).transpose()
}

pub(super) async fn by_number(
    session: &mut Session,
    repository: &str,
    number: i64,
) -> Result<Option<Issue>, StoreError> {
    let row = select_issues!("where repository = $1 and number = $2", repository, number)
        .fetch_optional(session)
        .await?;
    row.map(Issue::try_from).transpose()
}

/// The issue as it is to be shown now.
pub(super) async fn shown(
    database: &Database,
    id: IssueId,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Option<IssueEdit>, StoreError> {
    let mut session = database.single().await?;
    let Some(issue) = by_id(&mut session, id).await? else {
        return Ok(None);
    };
    let keys: Vec<String> = issue.subjects.iter().map(Subject::key).collect();
    let records = record::by_keys(&mut session, &issue.repository, &keys).await?;
    let thresholds = &rules.github.healing.flaky;
    Ok(Some(IssueEdit {
        title: Some(issues::title(&issue)),
        body: Some(issues::body(&issue, &records, now, thresholds)),
        open: Some(issue.is_open()),
    }))
}

/// An issue as it is now; the record of its repository is locked.
pub(super) async fn save(session: &mut Session, issue: &Issue) -> Result<(), StoreError> {
    let subjects: Vec<String> = issue.subjects.iter().map(Subject::key).collect();
    let state: &str = issue.state.into();
    sqlx::query!(
        "insert into ci_issues (id, repository, subjects, labels, number, url, state, about, opened_at, quiet_since,
                                changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (id) do update
            set number = excluded.number, url = excluded.url, state = excluded.state, about = excluded.about,
                quiet_since = excluded.quiet_since, changed_at = excluded.changed_at",
        issue.id.0,
        issue.repository,
        &subjects,
        &issue.labels,
        issue.number,
        issue.url,
        state,
        serde_json::to_value(&issue.about)?,
        issue.opened_at,
        issue.quiet_since,
        issue.changed_at,
    )
    .execute(session)
    .await?;
    Ok(())
}

/// An effect that creates or edits an issue, with what it shows now.
pub(super) fn with_issue(effect: Effect, shown: IssueEdit) -> Effect {
    match effect {
        Effect::Github(github::Effect::CreateIssue {
            repository,
            title,
            body,
            labels,
        }) => github::Effect::CreateIssue {
            repository,
            title: shown.title.unwrap_or(title),
            body: shown.body.unwrap_or(body),
            labels,
        }
        .into(),
        Effect::Github(github::Effect::UpdateIssue {
            repository, number, ..
        }) => {
            let edit = Some(Box::new(shown));
            github::Effect::UpdateIssue {
                repository,
                number,
                edit,
            }
            .into()
        }
        other => other,
    }
}

pub(super) fn forget(before: DateTime<Utc>, at_once: i64) -> Statement {
    delete_oldest!(
        "ci_issues",
        "id",
        "changed_at",
        "state <> 'open'",
        before,
        at_once
    )
}
