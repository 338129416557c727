//! The `people` table: what they are called, as the provider last said.

use super::database::Database;
use super::error::StoreError;
use super::session::Session;
use crate::domain::ids::UserId;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// Keeps a name as it was at that moment; an older one never comes back by a replay. A name that is
/// known already, nearly always, locks and writes nothing.
pub(super) async fn call(
    connection: &mut Session,
    person: &UserId,
    name: &str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into people (id, name, seen_at)
         select $1, $2, $3
          where not exists (select from people where id = $1 and name = $2)
             on conflict (id) do update set name = excluded.name, seen_at = excluded.seen_at
          where people.seen_at <= excluded.seen_at",
        person.as_str(),
        name,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The names of those of these people who are known.
pub(super) async fn names(
    connection: &mut Session,
    people: &[UserId],
) -> Result<BTreeMap<UserId, String>, StoreError> {
    let ids: Vec<String> = people.iter().map(ToString::to_string).collect();
    let rows = sqlx::query!("select id, name from people where id = any($1)", &ids)
        .fetch_all(connection)
        .await?;
    let named = rows
        .into_iter()
        .filter_map(|row| Some((UserId::new(row.id).ok()?, row.name)));
    Ok(named.collect())
}

impl Database {
    /// The names of those of these people who are known.
    pub async fn names(&self, people: &[UserId]) -> Result<BTreeMap<UserId, String>, StoreError> {
        let mut session = self.single().await?;
        names(&mut session, people).await
    }
}
