//! What a provider asked us to wait for, and since when one has answered no process. In the
//! database, so that every replica obeys and a restart loses nothing.

use crate::domain::effect::Priority;
use crate::store::database::Database;
use crate::store::error::StoreError;
use chrono::{DateTime, Utc};
use std::collections::HashMap;

/// A pause of a provider, a method, or one target of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Nothing is sent before.
    pub until: DateTime<Utc>,
    /// Since when the provider has answered no process. After `until` one attempt finds out whether it
    /// still does not.
    pub down_since: Option<DateTime<Utc>>,
}

impl Database {
    /// The pauses that hold now, and the providers that are down, by scope.
    pub async fn pauses(&self, now: DateTime<Utc>) -> Result<HashMap<String, Pause>, StoreError> {
        let rows = sqlx::query!(
            "select scope, until, down_since from pauses where until > $1 or down_since is not null",
            now
        )
        .fetch_all(&mut self.single().await?)
        .await?;
        let pause = |until, down_since| Pause { until, down_since };
        let rows = rows.into_iter();
        Ok(rows
            .map(|row| (row.scope, pause(row.until, row.down_since)))
            .collect())
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

    /// Whether another target of this method is paused too: then it is the method that is limited.
    pub async fn another_target_paused(
        &self,
        method: &str,
        target_scope: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let prefix = format!("{method}:");
        let found = sqlx::query_scalar!(
            r#"select exists (select from pauses
                               where starts_with(scope, $1) and scope <> $2 and until > $3)
                      as "found!""#,
            prefix,
            target_scope,
            now,
        )
        .fetch_one(&mut self.single().await?)
        .await?;
        Ok(found)
    }

    /// A provider does not answer: it is paused for as long again as it has been down, 5 s at least
    /// and a minute at most. A longer pause, which only the provider itself asks for, stays.
    pub async fn provider_failed(
        &self,
        scope: &str,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut session = self.single().await?;
        sqlx::query!(
            "insert into pauses (scope, until, reason, down_since)
             values ($1, $3::timestamptz + interval '5 seconds', $2, $3)
             on conflict (scope) do update
                set down_since = coalesce(pauses.down_since, $3),
                    until = greatest(
                        $3::timestamptz
                            + least(greatest($3 - coalesce(pauses.down_since, $3), interval '5 seconds'),
                                    interval '1 minute'),
                        case when pauses.down_since is null
                               or pauses.until > $3::timestamptz + interval '1 minute' then pauses.until end),
                    reason = $2",
            scope,
            reason,
            now,
        )
        .execute(&mut session)
        .await?;
        session.end().await
    }

    /// Takes the one attempt at the end of a provider's pause; until `until` no other process takes it.
    /// `false`: another process has it, or the provider answers again.
    pub async fn take_probe(
        &self,
        scope: &str,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut session = self.single().await?;
        let taken = sqlx::query!(
            "update pauses set until = $3
              where scope = $1 and down_since is not null and until <= $2",
            scope,
            now,
            until,
        )
        .execute(&mut session)
        .await?
        .rows_affected();
        session.end().await?;
        Ok(taken == 1)
    }

    /// A provider answers: its pause ends, and what failed meanwhile waits no longer than a lookup
    /// has to. Gives since when it had not answered, if it was down.
    pub async fn provider_answered(
        &self,
        scope: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut transaction = self.begin().await?;
        let since = sqlx::query_scalar!(
            "with down as (select scope, down_since from pauses
                            where scope = $1 and down_since is not null for update)
             update pauses set until = least(until, $2), down_since = null
               from down where pauses.scope = down.scope
             returning down.down_since",
            scope,
            now,
        )
        .fetch_optional(&mut transaction)
        .await?;
        let Some(since) = since.flatten() else {
            return Ok(None);
        };
        sqlx::query!(
            "update outbox set run_at = $2::timestamptz + interval '2 seconds'
              where id = any(array(
                    select id from outbox
                     where provider = $1 and priority = $4 and ended_at is null and not blocked
                       and run_at > $2::timestamptz + interval '2 seconds' and failed_at >= $3
                     order by provider, priority, run_at, seq
                       for update skip locked))",
            scope,
            now,
            since,
            Priority::InTurn as i16,
        )
        .execute(&mut transaction)
        .await?;
        transaction.end().await?;
        Ok(Some(since))
    }
}
