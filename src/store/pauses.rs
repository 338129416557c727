//! What a provider asked us to wait for. In the database, so that every replica obeys and a
//! restart forgets nothing.

use super::{Store, StoreError};
use chrono::{DateTime, Utc};
use std::collections::HashMap;

impl Store {
    /// The pauses that hold now, by scope.
    pub async fn pauses(
        &self,
        now: DateTime<Utc>,
    ) -> Result<HashMap<String, DateTime<Utc>>, StoreError> {
        let rows = sqlx::query!("select scope, until from pauses where until > $1", now)
            .fetch_all(&mut self.single().await?)
            .await?;
        Ok(rows.into_iter().map(|row| (row.scope, row.until)).collect())
    }

    /// Pauses scopes; a longer pause stays.
    pub async fn pause(
        &self,
        scopes: &[String],
        until: DateTime<Utc>,
        reason: &str,
    ) -> Result<(), StoreError> {
        let mut scopes = scopes.to_vec();
        scopes.sort();
        scopes.dedup();
        let mut session = self.single().await?;
        sqlx::query!(
            "insert into pauses (scope, until, reason)
             select scope, $2, $3 from unnest($1::text[]) as scope
             on conflict (scope) do update
                set until = greatest(pauses.until, excluded.until), reason = excluded.reason",
            &scopes,
            until,
            reason,
        )
        .execute(&mut session)
        .await?;
        session.end().await
    }

    /// Whether another room of this method is paused too: then it is the method that is limited.
    pub async fn another_room_paused(
        &self,
        method: &str,
        room_scope: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let prefix = format!("{method}:");
        let found = sqlx::query_scalar!(
            r#"select exists (select from pauses
                               where starts_with(scope, $1) and scope <> $2 and until > $3)
                      as "found!""#,
            prefix,
            room_scope,
            now,
        )
        .fetch_one(&mut self.single().await?)
        .await?;
        Ok(found)
    }
}
