//! Migrations beside running transactions: a lock that is held too long is an error that passes, and
//! no lock of a migration is upgraded under those who wait for it.

use super::database::Fresh;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use wardroom::store::{self, MIGRATOR, StoreError};

/// A database as it is before this migration.
async fn before(version: i64) -> Fresh {
    let fresh = Fresh::make("migration").await;
    let earlier = MIGRATOR.iter().filter(|one| one.version < version);
    let earlier = Migrator::with_migrations(earlier.cloned().collect());
    let mut connection = fresh.connect().await;
    earlier.run(&mut connection).await.expect("it migrates");
    connection.close().await.expect("the connection ends");
    fresh
}

async fn does(connection: &mut PgConnection, sql: &str) {
    let done = connection.execute(AssertSqlSafe(sql.to_owned())).await;
    done.unwrap_or_else(|error| panic!("`{sql}`: {error}"));
}

#[tokio::test]
async fn a_migration_that_waits_too_long_for_a_lock_may_be_tried_again() {
    let fresh = before(18).await;
    let mut reader = fresh.connect().await;
    does(&mut reader, "begin; lock table outbox in access share mode").await;
    let error = store::migrate(&fresh.options().into()).await;
    let error = error.expect_err("the table is locked");
    let passes = error.downcast_ref().is_some_and(StoreError::is_away);
    assert!(passes, "{error:?}");
    does(&mut reader, "rollback").await;
    let applied = store::migrate(&fresh.options().into()).await;
    assert!(!applied.expect("the table is free").is_empty());
    reader.close().await.expect("the connection ends");
    fresh.drop_it().await;
}

#[tokio::test]
async fn a_migration_that_exchanges_an_index_does_not_deadlock_with_who_reads_and_then_writes() {
    for (version, table) in [
        (14, "inbox"),
        (14, "outbox"),
        (18, "outbox"),
        (25, "outbox"),
    ] {
        let fresh = before(version).await;
        let (mut decider, mut watch) = (fresh.connect().await, fresh.connect().await);
        let read = format!("begin; lock table {table} in access share mode");
        does(&mut decider, &read).await;
        let options = fresh.options().into();
        let deciding = async {
            let waits = "select exists (select from pg_locks where not granted and database =
                          (select oid from pg_database where datname = current_database()))";
            let mut waiting = false;
            for _ in 0..50_000 {
                waiting = watch.fetch_one(waits).await.expect("it answers").get(0);
                if waiting {
                    break;
                }
            }
            assert!(waiting, "{version} waits for {table}");
            does(&mut decider, &format!("update {table} set error = null")).await;
            does(&mut decider, "commit").await;
        };
        let (migrated, ()) = tokio::join!(store::migrate(&options), deciding);
        migrated.unwrap_or_else(|error| panic!("{version}: {error:#}"));
        for connection in [decider, watch] {
            connection.close().await.expect("the connection ends");
        }
        fresh.drop_it().await;
    }
}
