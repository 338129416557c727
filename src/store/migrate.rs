//! The migrations, embedded; also applied by plain `sqlx migrate run`.

use super::{Store, StoreError};
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

impl Store {
    /// Whether the database that is there now has every migration of this program: it may have been
    /// made anew, or restored to an older state, while we run.
    pub async fn is_migrated(&self) -> Result<bool, StoreError> {
        const NO_SUCH_TABLE: &str = "42P01";
        let versions: Vec<i64> = MIGRATOR.iter().map(|known| known.version).collect();
        let sql = "select count(*) from _sqlx_migrations where success and version = any($1)";
        let mut session = self.single().await?;
        let counted: Result<i64, sqlx::Error> = sqlx::query_scalar(sql)
            .bind(&versions)
            .fetch_one(&mut session)
            .await;
        match counted {
            Ok(applied) => Ok(usize::try_from(applied).is_ok_and(|count| count == versions.len())),
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(NO_SUCH_TABLE) => {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
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
