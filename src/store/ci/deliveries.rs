//! The `ci_deliveries` table, and the one row of `ci_listing`.

use crate::domain::ci::deliveries::{KEPT, Known, Listing, Redelivery, Walk, Wanted};
use crate::store::area::{Statement, delete_oldest};
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::ring::turns::lock_aggregate;
use crate::store::session::Session;
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// Decisions about failed deliveries wait for each other.
pub(super) async fn known(
    connection: &mut Session,
    wanted: &Wanted,
    now: DateTime<Utc>,
) -> Result<Known, StoreError> {
    lock_aggregate(connection, "ci:deliveries").await?;
    let row = sqlx::query!(
        r#"select l.pending_since as "pending_since?", l.read_to as "read_to?",
                  l.walk_begun_at as "walk_begun_at?", l.walk_since as "walk_since?", l.cursor as "cursor?",
                  (select min(d.failed_at) from ci_deliveries d
                    where not d.given_up and d.failed_at > $1
                      and not exists (select from inbox i
                                       where i.source = 'github' and i.dedup_key = d.guid offset 0)) as missing_since
             from (select) as one left join ci_listing l on l.single"#,
        now - KEPT,
    )
    .fetch_one(&mut *connection)
    .await?;
    let mut known = Known {
        listing: Listing {
            pending_since: row.pending_since,
            read_to: row.read_to,
            walk: row
                .walk_begun_at
                .zip(row.walk_since)
                .map(|(begun_at, since)| Walk {
                    begun_at,
                    since,
                    cursor: row.cursor,
                }),
        },
        missing_since: row.missing_since,
        ..Known::default()
    };
    if let Wanted::Of(guids) = wanted {
        known.received = received(connection, guids).await?;
        let asked = sqlx::query_as!(
            Redelivery,
            "select guid, failed_at, attempts, asked_at, given_up from ci_deliveries where guid = any($1)",
            guids,
        );
        let asked = asked.fetch_all(&mut *connection).await?;
        let asked = asked.into_iter().map(|one| (one.guid.clone(), one));
        known.asked = asked.collect();
    }
    Ok(known)
}

/// Those of the guids that are in the inbox.
async fn received(
    connection: &mut Session,
    guids: &[String],
) -> Result<BTreeSet<String>, StoreError> {
    let received = sqlx::query_scalar!(
        "select dedup_key from inbox where source = 'github' and dedup_key = any($1)",
        guids,
    );
    Ok(received.fetch_all(connection).await?.into_iter().collect())
}

impl Database {
    /// Those of GitHub's guids whose webhooks are in the inbox.
    pub async fn received_webhooks(
        &self,
        guids: &[String],
    ) -> Result<BTreeSet<String>, StoreError> {
        received(&mut self.single().await?, guids).await
    }
}

pub(super) async fn save_listing(
    connection: &mut Session,
    listing: &Listing,
) -> Result<(), StoreError> {
    let walk = listing.walk.as_ref();
    sqlx::query!(
        "insert into ci_listing (pending_since, read_to, walk_begun_at, walk_since, cursor)
         values ($1, $2, $3, $4, $5)
         on conflict (single) do update
            set pending_since = excluded.pending_since, read_to = excluded.read_to,
                walk_begun_at = excluded.walk_begun_at, walk_since = excluded.walk_since, cursor = excluded.cursor",
        listing.pending_since,
        listing.read_to,
        walk.map(|walk| walk.begun_at),
        walk.map(|walk| walk.since),
        walk.and_then(|walk| walk.cursor.as_deref()),
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn save(
    connection: &mut Session,
    redelivery: &Redelivery,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into ci_deliveries (guid, failed_at, attempts, asked_at, given_up) values ($1, $2, $3, $4, $5)
         on conflict (guid) do update
            set failed_at = excluded.failed_at, attempts = excluded.attempts, asked_at = excluded.asked_at,
                given_up = excluded.given_up",
        redelivery.guid,
        redelivery.failed_at,
        redelivery.attempts,
        redelivery.asked_at,
        redelivery.given_up,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn forget(connection: &mut Session, guid: &str) -> Result<(), StoreError> {
    sqlx::query!("delete from ci_deliveries where guid = $1", guid)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) fn forget_old(before: DateTime<Utc>, at_once: i64) -> Statement {
    delete_oldest!("ci_deliveries", "guid", "asked_at", "true", before, at_once)
}
