//! The `ci_pulls` table: the pull requests that have the label `wardroom:off`, or had it.

use crate::domain::ci::PullNews;
use crate::domain::ids::SignalId;
use crate::store::area::{Statement, delete_oldest};
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};

/// Keeps what a webhook says of the label. One about an earlier moment than the last is old news; a pull request
/// that never had the label has no row.
pub(super) async fn save(
    session: &mut Session,
    signal: SignalId,
    news: &PullNews,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into ci_pulls (repository, number, head, is_off, updated_at, received_at)
         select $1, $2, $3, $4, $5, (select received_at from inbox where id = $6)
          where $7 or exists (select from ci_pulls where repository = $1 and number = $2)
         on conflict (repository, number) do update
            set head = excluded.head, is_off = excluded.is_off, updated_at = excluded.updated_at,
                received_at = excluded.received_at
          where ci_pulls.updated_at <= excluded.updated_at",
        news.repository,
        news.number,
        news.head,
        news.is_off,
        news.updated_at,
        signal.0,
        news.is_off || news.is_about_label,
    )
    .execute(session)
    .await?;
    Ok(())
}

/// Whether the pull request of a change has the label: `#7`, or a fork and its branch.
pub(super) async fn is_off(
    session: &mut Session,
    repository: &str,
    change: &str,
) -> Result<bool, StoreError> {
    let number: Option<i64> = change
        .strip_prefix('#')
        .and_then(|number| number.parse().ok());
    let found = sqlx::query_scalar!(
        r#"select exists(select from ci_pulls
                          where repository = $1 and is_off and (number = $2 or head = $3)) as "exists!""#,
        repository,
        number,
        change,
    );
    Ok(found.fetch_one(session).await?)
}

pub(super) fn forget(before: DateTime<Utc>, at_once: i64) -> Statement {
    delete_oldest!("ci_pulls", "ctid", "received_at", "true", before, at_once)
}
