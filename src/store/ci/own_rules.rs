//! The `ci_own_rules` table.

use crate::domain::ci::OwnFile;
use crate::store::area::{Statement, delete_oldest};
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};

pub(super) async fn of(
    session: &mut Session,
    repository: &str,
) -> Result<Option<OwnFile>, StoreError> {
    let row = sqlx::query!(
        "select rules, problem, read_at from ci_own_rules where repository = $1",
        repository,
    );
    let Some(row) = row.fetch_optional(session).await? else {
        return Ok(None);
    };
    let unreadable = || StoreError::Unreadable("ci_own_rules.rules".to_owned());
    let rules = match (row.rules, row.problem) {
        (Some(rules), _) => Ok(serde_json::from_value(rules).map_err(|_unreadable| unreadable())?),
        (None, problem) => Err(problem.unwrap_or_default()),
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
    sqlx::query!(
        "insert into ci_own_rules (repository, rules, problem, read_at) values ($1, $2, $3, $4)
         on conflict (repository) do update
            set rules = excluded.rules, problem = excluded.problem, read_at = excluded.read_at",
        repository,
        rules.transpose()?,
        own.rules.as_ref().err(),
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
