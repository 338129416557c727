//! The `ci_own_rules` table.

use super::pulls;
use crate::domain::ci::{self, OwnFile, Problem};
use crate::domain::healing::HeldBack;
use crate::store::area::{Statement, delete_oldest};
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};

pub(super) async fn of(
    session: &mut Session,
    repository: &str,
) -> Result<Option<OwnFile>, StoreError> {
    let row = sqlx::query!(
        "select rules, problem, unread, read_at from ci_own_rules where repository = $1",
        repository,
    );
    let Some(row) = row.fetch_optional(session).await? else {
        return Ok(None);
    };
    let unreadable = || StoreError::Unreadable("ci_own_rules.rules".to_owned());
    let rules = match (row.rules, row.problem) {
        (Some(rules), _) => Ok(serde_json::from_value(rules).map_err(|_unreadable| unreadable())?),
        (None, problem) => Err(match row.unread {
            true => Problem::Unread(problem.unwrap_or_default()),
            false => Problem::Wrong(problem.unwrap_or_default()),
        }),
    };
    let read_at = row.read_at;
    Ok(Some(OwnFile { rules, read_at }))
}

pub(super) async fn save(
    session: &mut Session,
    repository: &str,
    own: &OwnFile,
) -> Result<(), StoreError> {
    let rules = own.rules.as_ref().ok().map(serde_json::to_value);
    let (problem, unread) = match &own.rules {
        Ok(_) => (None, false),
        Err(Problem::Wrong(problem)) => (Some(problem), false),
        Err(Problem::Unread(code)) => (Some(code), true),
    };
    sqlx::query!(
        "insert into ci_own_rules (repository, rules, problem, unread, read_at) values ($1, $2, $3, $4, $5)
         on conflict (repository) do update
            set rules = excluded.rules, problem = excluded.problem, unread = excluded.unread,
                read_at = excluded.read_at",
        repository,
        rules.transpose()?,
        problem,
        unread,
        own.read_at,
    )
    .execute(session)
    .await?;
    Ok(())
}

pub(super) fn forget(before: DateTime<Utc>, at_once: i64) -> Statement {
    delete_oldest!(
        "ci_own_rules",
        "repository",
        "read_at",
        "true",
        before,
        at_once
    )
}

/// Why nothing is written to a repository, or for a change of it.
pub(super) async fn held_back(
    session: &mut Session,
    repository: &str,
    change: Option<&str>,
) -> Result<Option<HeldBack>, StoreError> {
    let own = of(session, repository).await?;
    if let Some(why) = ci::held_back(own.as_ref()) {
        return Ok(Some(why));
    }
    let is_off = match change {
        Some(change) => pulls::is_off(session, repository, change).await?,
        None => false,
    };
    Ok(is_off.then_some(HeldBack::LabelledOff))
}
