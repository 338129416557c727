//! The `ci_comments` table: the comments in pull requests.

use crate::domain::ci::comment::PullComment;
use crate::domain::effect::{Effect, github};
use crate::store::area::{Statement, delete_oldest};
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};

pub(super) async fn of_change(
    session: &mut Session,
    repository: &str,
    change: &str,
) -> Result<Option<PullComment>, StoreError> {
    let row = sqlx::query!(
        "select pull, comment, shown, changed_at from ci_comments where repository = $1 and change = $2",
        repository,
        change,
    )
    .fetch_optional(session)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let shown = serde_json::from_value(row.shown);
    Ok(Some(PullComment {
        repository: repository.to_owned(),
        change: change.to_owned(),
        pull: row.pull,
        comment: row.comment,
        shown: shown
            .map_err(|_unreadable| StoreError::Unreadable("ci_comments.shown".to_owned()))?,
        changed_at: row.changed_at,
    }))
}

/// A comment as it is now; the record of its repository is locked.
pub(super) async fn save(session: &mut Session, comment: &PullComment) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into ci_comments (repository, change, pull, comment, shown, changed_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (repository, change) do update
            set pull = excluded.pull, comment = excluded.comment, shown = excluded.shown,
                changed_at = excluded.changed_at",
        comment.repository,
        comment.change,
        comment.pull,
        comment.comment,
        serde_json::to_value(&comment.shown)?,
        comment.changed_at,
    )
    .execute(session)
    .await?;
    Ok(())
}

/// An effect that makes or edits a comment, with what it shows now.
pub(super) fn with_comment(mut effect: Effect, shown: String) -> Effect {
    match &mut effect {
        Effect::Github(github::Effect::CreateComment { body, .. }) => *body = shown,
        Effect::Github(github::Effect::UpdateComment { body, .. }) => *body = Some(shown),
        _ => {}
    }
    effect
}

pub(super) fn forget(before: DateTime<Utc>, at_once: i64) -> Statement {
    delete_oldest!("ci_comments", "ctid", "changed_at", "true", before, at_once)
}
