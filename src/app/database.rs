//! Which database: a server by its address, or a private PostgreSQL; connected and migrated.

use crate::config::Config;
use crate::private_postgres::{Mode, PrivatePostgres, StartError};
use crate::store::{self, Batching, Seal, Settings, Store, Way};
use anyhow::Context as _;
use sqlx::postgres::PgConnectOptions;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

/// How long a server that does not answer is waited for at the start.
const PATIENCE: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(500);

/// The database that a command or a server works on.
pub struct Opened {
    /// The private PostgreSQL, if it is one.
    pub private: Option<PrivatePostgres>,
    /// How to connect, through a pooler if there is one.
    options: PgConnectOptions,
    /// How to connect past it.
    direct: PgConnectOptions,
    way: Way,
}

/// The database cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CannotOpen {
    /// The private one.
    #[error(transparent)]
    Private(#[from] StartError),
    /// The server's address is not one.
    #[error("DATABASE_URL cannot be read as PostgreSQL's address")]
    Address,
    /// The server does not answer, or not to us. The text holds no password.
    #[error("cannot reach the database: {0}")]
    Unreachable(String),
}

impl Opened {
    /// Finds the database, and starts the private one where no server is named.
    pub async fn open(config: &Config, mode: Mode) -> Result<Self, CannotOpen> {
        let database = &config.database;
        let Some(url) = &database.url else {
            let bindir = database.pg_bindir.as_deref();
            let private = PrivatePostgres::start(&database.data_dir, bindir, mode).await?;
            let options = private.connect_options();
            return Ok(Self {
                private: Some(private),
                direct: options.clone(),
                options,
                way: Way::Direct,
            });
        };
        let parse =
            |text: &str| PgConnectOptions::from_str(text).map_err(|_secret| CannotOpen::Address);
        let options = parse(url.expose())?;
        let direct = match &database.direct_url {
            Some(direct) => parse(direct.expose())?,
            None => options.clone(),
        };
        // Two addresses: the first one is a pooler's.
        let way = match &database.direct_url {
            Some(direct) if direct != url => Way::Pooled,
            Some(_) | None => Way::Direct,
        };
        Ok(Self {
            private: None,
            options,
            direct,
            way,
        })
    }

    /// Applies the migrations that are missing; waits a while for a server that does not answer.
    pub async fn migrate(&self) -> Result<Vec<String>, CannotOpen> {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            match store::migrate(&self.direct).await {
                Ok(applied) => return Ok(applied),
                Err(error) if is_away(&error) && tokio::time::Instant::now() < until => {
                    tracing::warn!(error = %words(&error), "the database is not to be had yet");
                    tokio::time::sleep(AGAIN).await;
                }
                Err(error) => return Err(CannotOpen::Unreachable(words(&error))),
            }
        }
    }

    /// The migrations that are missing still, after a while in which somebody else may apply them:
    /// a job that migrates is often started beside the server.
    pub async fn missing_after_a_while(&self) -> Result<Vec<String>, CannotOpen> {
        let until = tokio::time::Instant::now() + PATIENCE;
        let mut told = false;
        loop {
            let missing = store::missing(&self.direct).await;
            let over = tokio::time::Instant::now() >= until;
            match missing {
                Ok(missing) if missing.is_empty() || over => return Ok(missing),
                Ok(missing) if !told => {
                    told = true;
                    let missing = missing.join(", ");
                    tracing::warn!(
                        missing,
                        "migrations are missing: the server waits for `wardroom migrate`"
                    );
                }
                Ok(_told) => {}
                Err(error) if is_away(&error) && !over => {
                    tracing::warn!(error = %words(&error), "the database is not to be had yet");
                }
                Err(error) => return Err(CannotOpen::Unreachable(words(&error))),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// The migrations that are missing.
    pub async fn missing(&self) -> Result<Vec<String>, CannotOpen> {
        store::missing(&self.direct)
            .await
            .map_err(|error| CannotOpen::Unreachable(words(&error)))
    }

    /// Opens the pools.
    pub fn connect(&self, config: &Config, batching: Batching) -> Store {
        let key = config.encryption_key.as_ref();
        Store::connect(Settings {
            options: self.options.clone(),
            max_connections: config.database.max_connections,
            way: self.way,
            batching,
            seal: key.map(|key| Arc::new(Seal::new(key.expose()))),
        })
    }

    /// Ends the private PostgreSQL, if it is ours to end.
    pub async fn close(self) -> anyhow::Result<()> {
        match self.private {
            Some(private) => private
                .stop()
                .await
                .context("ending the private PostgreSQL"),
            None => Ok(()),
        }
    }
}

/// Whether waiting may help.
fn is_away(error: &anyhow::Error) -> bool {
    match error
        .chain()
        .find_map(|cause| cause.downcast_ref::<sqlx::Error>())
    {
        Some(sqlx::Error::Io(_)) => true,
        Some(sqlx::Error::Database(database)) => {
            // It starts or ends; or others were in a migration's way: a lock, a deadlock.
            let code = database.code().unwrap_or_default();
            code.starts_with("57P") || code == "55P03" || code == "40P01"
        }
        _ => false,
    }
}

/// PostgreSQL's own words: they name the role and the database, never the password.
fn words(error: &anyhow::Error) -> String {
    crate::redact::scrub(&format!("{error:#}")).into_owned()
}
