//! The `ci_ignored` table.

use crate::domain::ci::findings::{Class, Signature};
use crate::domain::ci::{FailureId, Ignored};
use crate::domain::ids::UserId;
use crate::store::area::{Statement, delete_oldest};
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};
use uuid::Uuid;

struct IgnoredRow {
    repository: String,
    signature: String,
    until_at: DateTime<Utc>,
    person: String,
    failure: Uuid,
    class: String,
    job: String,
}

impl TryFrom<IgnoredRow> for Ignored {
    type Error = StoreError;

    fn try_from(row: IgnoredRow) -> Result<Self, StoreError> {
        let unreadable = |column: &str| StoreError::Unreadable(format!("ci_ignored.{column}"));
        let mut classes = Class::ALL.into_iter();
        let class = classes.find(|class| class.as_str() == row.class);
        Ok(Self {
            repository: row.repository,
            signature: Signature::known(row.signature),
            until: row.until_at,
            by: UserId::new(row.person).map_err(|_bad| unreadable("person"))?,
            failure: FailureId(row.failure),
            class: class.unwrap_or(Class::Unknown),
            job: row.job,
        })
    }
}

/// What is ignored in these repositories at this moment.
pub(super) async fn in_repositories(
    session: &mut Session,
    repositories: &[String],
    now: DateTime<Utc>,
) -> Result<Vec<Ignored>, StoreError> {
    let rows = sqlx::query_as!(
        IgnoredRow,
        "select repository, signature, until_at, person, failure, class, job
           from ci_ignored where repository = any($1) and until_at > $2
          order by until_at desc, repository, signature limit 100",
        repositories,
        now,
    );
    let rows = rows.fetch_all(session).await?;
    rows.into_iter().map(Ignored::try_from).collect()
}

pub(super) async fn save(session: &mut Session, ignored: &Ignored) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into ci_ignored (repository, signature, until_at, person, failure, class, job)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (repository, signature) do update
            set until_at = greatest(ci_ignored.until_at, excluded.until_at), person = excluded.person,
                failure = excluded.failure, class = excluded.class, job = excluded.job",
        ignored.repository,
        ignored.signature.as_str(),
        ignored.until,
        ignored.by.as_str(),
        ignored.failure.0,
        ignored.class.as_str(),
        ignored.job,
    )
    .execute(session)
    .await?;
    Ok(())
}

pub(super) async fn delete(
    session: &mut Session,
    repository: &str,
    signatures: &[Signature],
) -> Result<(), StoreError> {
    let signatures: Vec<String> = signatures
        .iter()
        .map(|one| one.as_str().to_owned())
        .collect();
    sqlx::query!(
        "delete from ci_ignored where repository = $1 and signature = any($2)",
        repository,
        &signatures,
    )
    .execute(session)
    .await?;
    Ok(())
}

pub(super) fn forget(before: DateTime<Utc>, at_once: i64) -> Statement {
    delete_oldest!("ci_ignored", "ctid", "until_at", "true", before, at_once)
}
