//! Starts PostgreSQL and waits until it accepts connections on its socket.
//!
//! It tries to connect every few milliseconds: `pg_ctl -w` checks only ten times a second, which
//! would add half of the time that a start takes. A postmaster that runs already is used.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{Connection, PgConnection};
use tokio::process::Child;

use super::directory::Home;
use super::error::StartError;
use super::find::Binaries;
use super::pidfile::{self, Holder};
use super::socket::{self, PORT};
use super::{cluster, postmaster};

/// Recovery after a crash replays at most 256 MB, which takes less than a minute.
const LIMIT: Duration = Duration::from_secs(120);
/// How long orphaned backends of a killed postmaster may use the data.
const ORPHANS: Duration = Duration::from_secs(20);
const FIRST_WAIT: Duration = Duration::from_millis(4);
const LONGEST_WAIT: Duration = Duration::from_millis(60);

/// A PostgreSQL that accepts connections.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) pid: i32,
    pub(super) socket: PathBuf,
    /// The child process, when this process started it: its end is noticed, and it does not become a zombie.
    pub(super) child: Option<Child>,
    /// The id of another program's process, which was in `postmaster.pid`.
    pub(super) corrected: Option<i32>,
}

impl Running {
    pub(super) fn is_alive(&mut self) -> bool {
        match &mut self.child {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => pidfile::alive(self.pid),
        }
    }
}

/// How to connect through the socket in a directory.
pub(super) fn options(socket: &Path, role: &str, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host(&socket.to_string_lossy())
        .socket(socket)
        .port(PORT)
        .username(role)
        .database(database)
        .ssl_mode(PgSslMode::Disable)
}

/// Starts PostgreSQL or connects to the running one. The caller holds the start lock.
pub(super) async fn bring_up(home: &Home, binaries: &Binaries) -> Result<Running, StartError> {
    let data = home.data();
    let began = Instant::now();
    let mut wait = FIRST_WAIT;
    let mut child: Option<Child> = None;
    let mut corrected = None;
    let log_from = postmaster::log_length(home);
    let failed = |what: &str, detail: String| StartError::Failed {
        what: format!("{what}, run as the user {}{detail}", home.account.name),
        output: postmaster::tail(home, log_from),
        log: home.log(),
    };
    let mut last = String::new();
    loop {
        let holder = pidfile::holder(&data);
        if let Some(ended) = child
            .as_mut()
            .and_then(|child| child.try_wait().ok().flatten())
        {
            let said = postmaster::tail(home, log_from);
            if !orphaned(&said) || began.elapsed() > ORPHANS {
                return Err(failed(
                    "PostgreSQL ended while it started",
                    format!(" ({ended})"),
                ));
            }
            child = None;
        }
        match holder {
            Holder::Postmaster(file) => match &file.socket_folder {
                Some(folder) => match check(folder, home.names.program).await {
                    Ok(()) => {
                        let ours = |child: &Child| child.id() == u32::try_from(file.pid).ok();
                        let child = child.filter(ours);
                        let socket = folder.clone();
                        return Ok(Running {
                            pid: file.pid,
                            socket,
                            child,
                            corrected,
                        });
                    }
                    Err(NotReady::Starting(why)) => last = why,
                    Err(NotReady::Refused(why)) => {
                        return Err(failed(
                            "PostgreSQL refuses the connection",
                            format!(": {why}"),
                        ));
                    }
                },
                None => "it has no socket yet".clone_into(&mut last),
            },
            Holder::Other(pid) if child.is_none() => {
                pidfile::disown(&data, &home.account)?;
                corrected = Some(pid);
                continue;
            }
            Holder::None if child.is_none() => {
                child = Some(postmaster::spawn(home, binaries, &socket::folder(home)?)?);
            }
            // The started process has not written its file yet.
            Holder::Other(_) | Holder::None => {}
        }
        if began.elapsed() > LIMIT {
            return Err(failed(
                "PostgreSQL did not become ready",
                format!(": {last}"),
            ));
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 3 / 2).min(LONGEST_WAIT);
    }
}

/// Whether PostgreSQL reports that backends of a killed postmaster still use the data.
fn orphaned(output: &str) -> bool {
    output.contains("shared memory block") || output.contains("lock file \"postmaster.pid\"")
}

enum NotReady {
    /// It is starting, stopping or recovering.
    Starting(String),
    Refused(String),
}

/// Connects to the database, and creates it the first time.
async fn check(socket: &Path, program: &str) -> Result<(), NotReady> {
    match connect(socket, program, program).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("3D000") => {
            let mut connection = connect(socket, program, "postgres")
                .await
                .map_err(not_ready)?;
            let create = format!("create database \"{program}\"");
            // Another process may have created it meanwhile.
            match sqlx::raw_sql(sqlx::AssertSqlSafe(create))
                .execute(&mut connection)
                .await
            {
                Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P04") => {}
                Err(error) => return Err(not_ready(error)),
                Ok(_) => {}
            }
            close(connection).await;
            connect(socket, program, program)
                .await
                .map(drop)
                .map_err(not_ready)
        }
        Ok(connection) => {
            close(connection).await;
            Ok(())
        }
        Err(error) => Err(not_ready(error)),
    }
}

async fn connect(socket: &Path, role: &str, database: &str) -> sqlx::Result<PgConnection> {
    let options = options(socket, role, database);
    tokio::time::timeout(Duration::from_secs(5), PgConnection::connect_with(&options))
        .await
        .unwrap_or_else(|late| Err(sqlx::Error::Io(late.into())))
}

async fn close(connection: PgConnection) {
    let _dropped_anyway = connection.close().await;
}

fn not_ready(error: sqlx::Error) -> NotReady {
    let code = match &error {
        sqlx::Error::Database(error) => error.code().map(std::borrow::Cow::into_owned),
        _ => None,
    };
    // 28 and 42 are permanent; 57P03 and 53300 are not.
    match code.as_deref() {
        Some(code) if code.starts_with("28") || code.starts_with("42") => {
            NotReady::Refused(error.to_string())
        }
        _ => NotReady::Starting(error.to_string()),
    }
}

/// Finds the programs for a directory, and creates its data if there are none. The caller holds the start lock.
pub(super) async fn prepare(home: &Home, bindir: Option<&Path>) -> Result<Binaries, StartError> {
    let data = home.data();
    let root = super::account::own_uid() == 0;
    let version = cluster::version(home)?;
    let wanted = version.as_deref().map(|version| (version, data.as_path()));
    let binaries = super::find::binaries(bindir, wanted, root, home.names)?;
    if version.is_none() {
        cluster::create(home, &binaries).await?;
    }
    Ok(binaries)
}
