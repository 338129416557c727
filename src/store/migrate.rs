//! The migrations, embedded; also applied by plain `sqlx migrate run`.

use super::StoreError;
use sqlx::PgConnection;
use sqlx::migrate::{Migrate, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

/// The migrations in `migrations/`, in order. Forward only.
pub static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// Applies what is missing, under the migrator's lock; returns the names of what was applied.
/// `options` lead past a transaction pooler, whose sessions hold no lock.
pub async fn migrate(options: &PgConnectOptions) -> anyhow::Result<Vec<String>> {
    let mut connection: PgConnection = options.connect().await?;
    let missing = missing_on(&mut connection).await?;
    if !missing.is_empty() {
        MIGRATOR.run(&mut connection).await?;
    }
    connection.close().await?;
    Ok(missing)
}

/// The names of the migrations that are missing, without applying them.
pub async fn missing(options: &PgConnectOptions) -> anyhow::Result<Vec<String>> {
    let mut connection: PgConnection = options.connect().await?;
    let missing = missing_on(&mut connection).await?;
    connection.close().await?;
    Ok(missing)
}

async fn missing_on(connection: &mut PgConnection) -> anyhow::Result<Vec<String>> {
    let table = &MIGRATOR.table_name;
    let exists: bool = sqlx::query_scalar("select to_regclass($1) is not null")
        .bind(table)
        .fetch_one(&mut *connection)
        .await
        .map_err(StoreError::from)?;
    let applied = if exists {
        connection.list_applied_migrations(table).await?
    } else {
        Vec::new()
    };
    Ok(MIGRATOR
        .iter()
        .filter(|migration| applied.iter().all(|done| done.version != migration.version))
        .map(|migration| {
            format!(
                "{:04}_{}",
                migration.version,
                migration.description.replace(' ', "_")
            )
        })
        .collect())
}
