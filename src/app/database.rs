//! Opens the database, a server or the private PostgreSQL, and migrates it.

use crate::config::{At, Config, Host, Server, Target, TlsMode};
use crate::store::{
    self, Accept, Batching, CONNECT_LIMIT, Seal, Servers, Settings, Store, StoreError, Way,
};
use anyhow::Context as _;
use private_postgres::{Mode, Names, PrivatePostgres, StartError};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long the start waits for a server that does not answer.
const WAIT: Duration = Duration::from_secs(10);
const RETRY_EVERY: Duration = Duration::from_millis(500);
/// The limit of the last attempt: with the wait it is less than the 15 s within which every command ends.
const LAST_ATTEMPT: Duration = Duration::from_secs(3);
/// The longest `connect_timeout` that an address may set.
const LONGEST_CONNECT: Duration = Duration::from_secs(5);

pub struct Database {
    pub private: Option<PrivatePostgres>,
    /// Through the pooler, if there is one.
    servers: Servers,
    /// Past the pooler.
    direct: Servers,
    way: Way,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Private(#[from] StartError),
    /// The server does not answer. The text contains no password.
    #[error("cannot reach the database: {0}")]
    Unreachable(String),
    /// It answers, and cannot be used; the text says what to do.
    #[error("cannot use the database: {0}")]
    Unfit(String),
}

impl Database {
    /// Starts the private PostgreSQL when no server is configured.
    pub async fn open(config: &Config, mode: Mode) -> Result<Self, OpenError> {
        let database = &config.database;
        let Some(server) = &database.server else {
            let bindir = database.pg_bindir.as_deref();
            let private =
                PrivatePostgres::start(&database.data_dir, bindir, mode, &PRIVATE).await?;
            let servers = Servers::from(private.connect_options().application_name(NAME));
            return Ok(Self {
                private: Some(private),
                direct: servers.clone(),
                servers,
                way: Way::Direct,
            });
        };
        // Two addresses: the first one is a pooler's.
        let way = match &database.direct {
            Some(direct) if direct != server => Way::Pooled,
            Some(_) | None => Way::Direct,
        };
        Ok(Self {
            private: None,
            servers: servers(server),
            direct: servers(database.direct.as_ref().unwrap_or(server)),
            way,
        })
    }

    /// Applies the missing migrations; waits for a server that does not answer.
    pub async fn migrate(&self) -> Result<Vec<String>, OpenError> {
        let until = Instant::now() + WAIT;
        self.retry(until, || store::migrate(&self.direct)).await
    }

    /// The missing migrations, after a wait in which another process may apply them: a job that migrates
    /// is often started together with the server.
    pub async fn missing_after_a_while(&self) -> Result<Vec<String>, OpenError> {
        let until = Instant::now() + WAIT;
        let mut told = false;
        loop {
            let asked = self.retry(until, || self.ask_missing(until + LAST_ATTEMPT));
            let missing = asked.await?;
            if missing.is_empty() || Instant::now() >= until {
                return Ok(missing);
            }
            if !told {
                told = true;
                let missing = missing.join(", ");
                tracing::warn!(
                    missing,
                    "migrations are missing: the server waits for `wardroom migrate`"
                );
            }
            tokio::time::sleep(RETRY_EVERY).await;
        }
    }

    /// The missing migrations, without a wait.
    pub async fn missing(&self) -> Result<Vec<String>, OpenError> {
        let now = Instant::now();
        self.retry(now, || self.ask_missing(now + LONGEST_CONNECT))
            .await
    }

    async fn ask_missing(&self, until: Instant) -> anyhow::Result<Vec<String>> {
        let asked = tokio::time::timeout_at(until, store::missing(&self.direct)).await;
        asked.unwrap_or(Err(StoreError::Silent.into()))
    }

    /// Checks the connections that the work uses: through a pooler, with a role of its own, they may not
    /// have the rights that direct ones have.
    pub async fn check(&self, store: &Store) -> Result<(), OpenError> {
        let ping = async || Ok(store.within(LAST_ATTEMPT, store.ping()).await?);
        self.retry(Instant::now() + WAIT, ping).await
    }

    /// Asks again while the server does not answer and there is time.
    async fn retry<T>(
        &self,
        until: Instant,
        ask: impl AsyncFn() -> anyhow::Result<T>,
    ) -> Result<T, OpenError> {
        loop {
            let error = match ask().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let store_error = error.downcast_ref::<StoreError>();
            let away = store_error.is_some_and(StoreError::is_away);
            let error = self.cannot(error).await;
            if !away || matches!(error, OpenError::Unfit(_)) || Instant::now() >= until {
                return Err(error);
            }
            tracing::warn!(error = %error, "the database cannot be used yet");
            tokio::time::sleep(RETRY_EVERY).await;
        }
    }

    /// With PostgreSQL's own words, which name the role and the database, never the password.
    async fn cannot(&self, error: anyhow::Error) -> OpenError {
        match error.downcast_ref::<StoreError>() {
            Some(StoreError::Unfit(_)) => OpenError::Unfit(words(&error)),
            Some(StoreError::ReadOnly) => match store::read_only_for_good(&self.direct).await {
                Some(unfit) => OpenError::Unfit(unfit.to_string()),
                None => OpenError::Unreachable(words(&error)),
            },
            Some(_) | None => OpenError::Unreachable(words(&error)),
        }
    }

    pub fn connect(&self, config: &Config, batching: Batching) -> Store {
        let key = config.process.encryption_key.as_ref();
        Store::connect(Settings {
            servers: self.servers.clone(),
            max_connections: config.database.max_connections,
            way: self.way,
            batching,
            seal: key.map(|key| Arc::new(Seal::new(key.expose()))),
        })
    }

    /// Stops the private PostgreSQL, if this process has started it.
    pub async fn close(self) -> anyhow::Result<()> {
        match self.private {
            Some(private) => private
                .stop()
                .await
                .context("stopping the private PostgreSQL"),
            None => Ok(()),
        }
    }
}

/// The causes of the error, without its own "the database cannot be reached" where there are any.
fn words(error: &anyhow::Error) -> String {
    let mut chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    if chain.len() > 1 && error.is::<StoreError>() {
        chain.remove(0);
    }
    chain.dedup();
    crate::redact::scrub(&chain.join(": ")).into_owned()
}

/// The `application_name` of the sessions.
const NAME: &str = "wardroom";

/// The private PostgreSQL's names. Existing databases have this role.
const PRIVATE: Names = Names {
    program: NAME,
    data_dir: "WARDROOM_DATA_DIR",
    bindir: "WARDROOM_PG_BINDIR",
    url: "DATABASE_URL",
};

fn servers(server: &Server) -> Servers {
    let limit = server.connect_timeout.unwrap_or(CONNECT_LIMIT);
    Servers {
        hosts: server
            .hosts
            .iter()
            .map(|host| options(server, host))
            .collect(),
        accept: match server.target {
            Target::ReadWrite => Accept::Writable,
            Target::Primary => Accept::Primary,
            Target::Any => Accept::Any,
        },
        limit: limit.min(LONGEST_CONNECT),
    }
}

fn options(server: &Server, host: &Host) -> PgConnectOptions {
    let name = server.application_name.as_deref().unwrap_or(NAME);
    let mut options = PgConnectOptions::new_without_pgpass()
        .port(host.port)
        .application_name(name);
    // An empty `options` must not be sent either: a pooler refuses the parameter.
    if !server.settings.is_empty() {
        options = options.options(server.settings.iter().map(|(name, value)| (name, value)));
    }
    let mode = match server.tls.mode {
        TlsMode::Disable => PgSslMode::Disable,
        TlsMode::Prefer => PgSslMode::Prefer,
        TlsMode::Require => PgSslMode::Require,
        TlsMode::VerifyCa => PgSslMode::VerifyCa,
        TlsMode::VerifyFull => PgSslMode::VerifyFull,
    };
    options = match &host.at {
        At::Here => options.ssl_mode(mode),
        At::Tcp(name) => options.host(name).ssl_mode(mode),
        // As in libpq: a Unix socket is not encrypted.
        At::Socket(folder) => options.socket(folder).ssl_mode(PgSslMode::Disable),
    };
    if let Some(user) = &server.user {
        options = options.username(user);
    }
    if let Some(database) = &server.database {
        options = options.database(database);
    }
    if let Some(password) = &host.password {
        options = options.password(password.expose());
    }
    if let Some(capacity) = server.statement_cache {
        options = options.statement_cache_capacity(capacity);
    }
    if let Some(file) = &server.tls.root_cert {
        options = options.ssl_root_cert(file);
    }
    if let Some((cert, key)) = &server.tls.client {
        options = options.ssl_client_cert(cert).ssl_client_key(key);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn a_server_s_parts_reach_the_library_as_they_are() {
        let loaded = Config::load(None, &|name| {
            let url = "postgres://u@[::1]:7,%2Frun%2Fpg/a%2541?sslmode=verify-full";
            (name == "DATABASE_URL").then(|| url.to_owned())
        });
        let (config, _notices) = loaded.expect("an address");
        let mut server = config.database.server.expect("a server");
        server.hosts[0].password = Some(Secret::new("p%41ss"));
        let found = servers(&server).hosts;
        assert_eq!((found[0].get_host(), found[0].get_port()), ("::1", 7));
        assert_eq!(found[0].get_database(), Some("a%41"));
        assert!(matches!(found[0].get_ssl_mode(), PgSslMode::VerifyFull));
        let socket = found[1].get_socket().map(|path| path.as_path());
        assert_eq!(socket, Some(std::path::Path::new("/run/pg")));
        assert!(matches!(found[1].get_ssl_mode(), PgSslMode::Disable));
        // A pooler refuses `options`, however empty.
        assert_eq!(found[0].get_options(), None);
    }
}
