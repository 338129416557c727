//! The `ci_changes` table.

use crate::domain::ci::changes::{CodeChange, Entry, What};
use crate::domain::ids::SignalId;
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};

/// At most so many changes are written on a timeline at once, or counted.
const MOST: i64 = 1000;

struct ChangeRow {
    place: i64,
    repository: String,
    at: DateTime<Utc>,
    what: String,
    number: Option<i64>,
    environment: Option<String>,
    deployment: Option<i64>,
    status: Option<i64>,
    state: Option<String>,
    title: String,
    sha: String,
    url: String,
    actor: Option<String>,
}

macro_rules! select_changes {
    ($rest:literal $(, $bind:expr)* $(,)?) => {
        sqlx::query_as!(
            ChangeRow,
            "select place, repository, at, what, number, environment, deployment, status, state, title, sha, url,
                    actor
               from ci_changes " + $rest
            $(, $bind)*
        )
    };
}

impl TryFrom<ChangeRow> for Entry {
    type Error = StoreError;

    fn try_from(row: ChangeRow) -> Result<Self, StoreError> {
        let unreadable = || StoreError::Unreadable("ci_changes.what".to_owned());
        let state = row.state.and_then(|state| state.parse().ok());
        let what = match (
            &*row.what,
            row.number,
            row.environment,
            row.deployment,
            row.status,
            state,
        ) {
            ("push", ..) => What::Push,
            ("merged", Some(number), ..) => What::Merged { number },
            ("deployment", _, Some(environment), Some(deployment), Some(status), Some(state)) => {
                What::Deployment {
                    environment,
                    deployment,
                    status,
                    state,
                }
            }
            _ => return Err(unreadable()),
        };
        Ok(Self {
            place: row.place,
            change: CodeChange {
                repository: row.repository,
                at: row.at,
                what,
                title: row.title,
                sha: row.sha,
                url: row.url,
                actor: row.actor,
            },
        })
    }
}

pub(super) async fn known(
    session: &mut Session,
    repository: &str,
    key: &str,
) -> Result<Option<CodeChange>, StoreError> {
    let row = select_changes!("where repository = $1 and key = $2", repository, key)
        .fetch_optional(session)
        .await?;
    Ok(row
        .map(Entry::try_from)
        .transpose()?
        .map(|entry| entry.change))
}

/// The changes of a service after a place, the oldest first; at most the newest thousand.
pub(super) async fn after(
    session: &mut Session,
    service: &str,
    place: i64,
) -> Result<Vec<Entry>, StoreError> {
    let rows = select_changes!(
        "where service = $1 and place > $2 order by place desc limit $3",
        service,
        place,
        MOST,
    )
    .fetch_all(session)
    .await?;
    rows.into_iter().rev().map(Entry::try_from).collect()
}

/// The newest changes of a service in a time, the oldest of them first, and how many there are in it.
pub(super) async fn newest(
    session: &mut Session,
    service: &str,
    since: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
    limit: i64,
) -> Result<(Vec<CodeChange>, usize), StoreError> {
    let rows = select_changes!(
        "where service = $1 and at >= $2 and ($3::timestamptz is null or at <= $3)
         order by at desc, place desc limit $4",
        service,
        since,
        until,
        MOST,
    )
    .fetch_all(session)
    .await?;
    let all = rows.len();
    let limit = usize::try_from(limit).unwrap_or(all);
    let newest = rows.into_iter().take(limit).map(Entry::try_from);
    let newest = newest.collect::<Result<Vec<_>, _>>()?;
    let oldest_first = newest.into_iter().rev().map(|entry| entry.change);
    Ok((oldest_first.collect(), all))
}

/// Whether a newer deployment to the environment has succeeded, or this one, later.
pub(super) async fn succeeded_after(
    session: &mut Session,
    repository: &str,
    environment: &str,
    deployment: i64,
) -> Result<bool, StoreError> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from ci_changes
                           where repository = $1 and environment = $2 and deployment > $3
                             and state = 'succeeded') as "found!""#,
        repository,
        environment,
        deployment,
    );
    Ok(found.fetch_one(session).await?)
}

/// A change as it is now, received with this signal, which [`CodeChange::replaces`] what was known.
pub(super) async fn save(
    session: &mut Session,
    signal: SignalId,
    service: &str,
    change: &CodeChange,
) -> Result<(), StoreError> {
    let (what, number, environment, deployment, status, state) = match &change.what {
        What::Push => ("push", None, None, None, None, None),
        What::Merged { number } => ("merged", Some(*number), None, None, None, None),
        What::Deployment {
            environment,
            deployment,
            status,
            state,
        } => {
            let state: &'static str = state.into();
            let (environment, state) = (Some(environment.as_str()), Some(state));
            (
                "deployment",
                None,
                environment,
                Some(*deployment),
                Some(*status),
                state,
            )
        }
    };
    sqlx::query!(
        "insert into ci_changes (repository, key, service, at, what, number, environment, deployment, status, state,
                                 title, sha, url, actor, received_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
                 (select received_at from inbox where id = $15))
         on conflict (repository, key) do update
            set service = excluded.service, at = excluded.at, what = excluded.what, number = excluded.number,
                environment = excluded.environment, deployment = excluded.deployment, status = excluded.status,
                state = excluded.state, title = excluded.title, sha = excluded.sha, url = excluded.url,
                actor = excluded.actor, received_at = greatest(ci_changes.received_at, excluded.received_at),
                -- The merge of a push is no second change.
                place = case excluded.what when 'deployment' then excluded.place else ci_changes.place end",
        change.repository,
        change.key(),
        service,
        change.at,
        what,
        number,
        environment,
        deployment,
        status,
        state,
        change.title,
        change.sha,
        change.url,
        change.actor,
        signal.0,
    )
    .execute(session)
    .await?;
    Ok(())
}
