//! The migrations, embedded; also applied by plain `sqlx migrate run`.

use super::database::Database;
use super::error::StoreError;
use super::fit::{self, Accept, Tables};
use super::servers::Servers;
use super::unfit::Unfit;
use sqlx::migrate::{Migrate, MigrateError, Migrator};
use sqlx::{Connection as _, PgConnection};
use std::time::Duration;

/// The migrations in `migrations/`, in order. Forward only.
pub static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// A statement of the migrator's bookkeeping takes no longer; a migration itself may.
const LIMIT: Duration = Duration::from_secs(5);
/// How often the server is asked, while a migration runs, whether it still works on it, and how
/// often it may say no, or nothing in time.
const ASK_EVERY: Duration = Duration::from_millis(1500);
const ASKED: u32 = 3;

/// Applies what is missing, under the migrator's lock; returns the names of what was applied.
/// `servers` lead past a transaction pooler, whose sessions hold no lock.
pub async fn migrate(servers: &Servers) -> anyhow::Result<Vec<String>> {
    let servers = named(servers);
    let mut connection = servers.connect().await?;
    let missing = within(missing_on(&mut connection)).await?;
    let tables = if missing.is_empty() {
        Tables::Whole
    } else {
        Tables::Missing
    };
    within(fit::rights(&mut connection, tables)).await?;
    if !missing.is_empty() {
        let pid: i32 = within(async {
            let asked = sqlx::query_scalar("select pg_backend_pid()");
            Ok(asked.fetch_one(&mut connection).await?)
        })
        .await?;
        tokio::select! {
            applied = MIGRATOR.run(&mut connection) => applied.map_err(plain)?,
            // No `StoreError`, which would be tried again: it is unknown how far it came.
            () = no_longer_works(&servers, pid) => {
                anyhow::bail!("a migration was in progress, and the server no longer answers about it")
            }
        }
    }
    let _closed = tokio::time::timeout(LIMIT, connection.close()).await;
    Ok(missing)
}

/// The names of the migrations that are missing, without applying them.
pub async fn missing(servers: &Servers) -> anyhow::Result<Vec<String>> {
    let mut connection = named(servers).connect().await?;
    let missing = within(missing_on(&mut connection)).await?;
    let _closed = tokio::time::timeout(LIMIT, connection.close()).await;
    Ok(missing)
}

/// Why a server takes no writes, when that is not for a while only.
pub async fn read_only_for_good(servers: &Servers) -> Option<Unfit> {
    let servers = Servers {
        accept: Accept::Any,
        ..named(servers)
    };
    let asked = async {
        let mut connection = servers.connect().await.ok()?;
        fit::read_only_for_good(&mut connection).await
    };
    tokio::time::timeout(LIMIT, asked).await.ok().flatten()
}

fn named(servers: &Servers) -> Servers {
    servers.map(|options| options.extra_float_digits(None))
}

async fn within<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let done = tokio::time::timeout(LIMIT, work).await;
    done.unwrap_or(Err(StoreError::Silent))
}

/// A migration's error as ours, where it is the database's.
fn plain(error: MigrateError) -> anyhow::Error {
    match error {
        MigrateError::Execute(error) => StoreError::from(error).into(),
        MigrateError::ExecuteMigration(error, version) => match StoreError::from(error) {
            // The library's text names the migration.
            StoreError::Refused(error) => MigrateError::ExecuteMigration(error, version).into(),
            ours => ours.into(),
        },
        other => other.into(),
    }
}

/// Ends when the server has said several times that the session waits for us or is gone, or has not
/// answered in time; "yes" starts the count again. A refusal (too many connections) says nothing about
/// the migration. A migration may take minutes, and so may the wait for
/// another process's; a server that has lost the session must not be waited for.
async fn no_longer_works(servers: &Servers, pid: i32) {
    let mut silent = 0;
    while silent < ASKED {
        tokio::time::sleep(ASK_EVERY).await;
        let until = tokio::time::Instant::now() + ASK_EVERY;
        let connected = tokio::time::timeout_at(until, servers.connect()).await;
        let mut connection = match connected {
            Ok(Ok(connection)) => connection,
            Err(_) | Ok(Err(StoreError::Silent)) => {
                silent += 1;
                continue;
            }
            Ok(Err(_refused)) => continue,
        };
        let sql =
            "select exists (select from pg_stat_activity where pid = $1 and state = 'active')";
        let asked = sqlx::query_scalar(sql).bind(pid).fetch_one(&mut connection);
        match tokio::time::timeout_at(until, asked).await {
            Ok(Ok(true)) => silent = 0,
            Ok(Ok(false)) | Err(_) => silent += 1,
            Ok(Err(_refused)) => {}
        }
    }
}

impl Database {
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

/// Reads what was applied, after checking that the role may.
async fn missing_on(connection: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    fit::rights(&mut *connection, Tables::Read).await?;
    let table = &MIGRATOR.table_name;
    let exists: bool = sqlx::query_scalar("select to_regclass($1) is not null")
        .bind(table)
        .fetch_one(&mut *connection)
        .await?;
    let applied = if exists {
        let listed = connection.list_applied_migrations(table).await;
        listed.map_err(|error| match error {
            MigrateError::Execute(error) => StoreError::from(error),
            other => StoreError::Unreadable(other.to_string()),
        })?
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
