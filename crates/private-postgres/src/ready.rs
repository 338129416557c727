//! Brings PostgreSQL up and waits until it answers on its socket.
//!
//! Readiness is a connection that works, asked for every few milliseconds: `pg_ctl -w` looks
//! only ten times a second, half of what a whole start takes. A postmaster that runs already is
//! taken over, whatever ended the wardroom that started it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{Connection, PgConnection};
use tokio::process::Child;

use super::cluster::ROLE;
use super::directory::Home;
use super::error::StartError;
use super::find::Binaries;
use super::pidfile::{self, Holder};
use super::socket::{self, PORT};
use super::{cluster, postmaster};

/// Recovery after a crash replays at most 256 MB; a minute is ample, two are patient.
const LIMIT: Duration = Duration::from_secs(120);
/// How long orphaned backends of a killed postmaster may keep the data busy.
const ORPHANS: Duration = Duration::from_secs(20);
const FIRST_WAIT: Duration = Duration::from_millis(4);
const LONGEST_WAIT: Duration = Duration::from_millis(60);

/// A PostgreSQL that answers.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) pid: i32,
    pub(super) socket: PathBuf,
    /// Ours, when we started it; kept so that its end is noticed and no zombie stays.
    pub(super) child: Option<Child>,
    /// A stranger's process id stood in `postmaster.pid`.
    pub(super) mended: Option<i32>,
}

impl Running {
    /// Whether it still lives.
    pub(super) fn lives(&mut self) -> bool {
        match &mut self.child {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => pidfile::alive(self.pid),
        }
    }
}

/// How to reach PostgreSQL through the socket in a folder.
pub(super) fn options(socket: &Path, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host(&socket.to_string_lossy())
        .socket(socket)
        .port(PORT)
        .username(ROLE)
        .database(database)
        .ssl_mode(PgSslMode::Disable)
}

/// Starts PostgreSQL or takes over the running one. Needs the gate, held by the caller.
pub(super) async fn bring_up(home: &Home, binaries: &Binaries) -> Result<Running, StartError> {
    let data = home.data();
    let began = Instant::now();
    let mut wait = FIRST_WAIT;
    let mut child: Option<Child> = None;
    let mut mended = None;
    let log_from = postmaster::log_length(home);
    let failed = |what: &str, detail: String| StartError::Failed {
        what: format!("{what}, run as the user {}{detail}", home.account.name),
        said: postmaster::tail(home, log_from),
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
                Some(folder) => match answers(folder).await {
                    Ok(()) => {
                        let ours = |child: &Child| child.id() == u32::try_from(file.pid).ok();
                        let child = child.filter(ours);
                        let socket = folder.clone();
                        return Ok(Running {
                            pid: file.pid,
                            socket,
                            child,
                            mended,
                        });
                    }
                    Err(NotReady::Yet(why)) => last = why,
                    Err(NotReady::Ever(why)) => {
                        return Err(failed("PostgreSQL refuses us", format!(": {why}")));
                    }
                },
                None => "it has no socket yet".clone_into(&mut last),
            },
            Holder::Stranger(pid) if child.is_none() => {
                pidfile::disown(&data, &home.account)?;
                mended = Some(pid);
                continue;
            }
            Holder::Nobody if child.is_none() => {
                child = Some(postmaster::spawn(home, binaries, &socket::folder(home)?)?);
            }
            // Ours has not written its file yet.
            Holder::Stranger(_) | Holder::Nobody => {}
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

/// PostgreSQL's words when backends of a killed postmaster still hold the data.
fn orphaned(said: &str) -> bool {
    said.contains("shared memory block") || said.contains("lock file \"postmaster.pid\"")
}

enum NotReady {
    /// It is starting, ending or recovering.
    Yet(String),
    /// Waiting does not help.
    Ever(String),
}

/// Whether our database answers; makes it the first time.
async fn answers(socket: &Path) -> Result<(), NotReady> {
    match connect(socket, ROLE).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("3D000") => {
            let mut connection = connect(socket, "postgres").await.map_err(not_ready)?;
            // Against an unfinished start of another process, "it exists" is as good.
            match sqlx::raw_sql("create database wardroom")
                .execute(&mut connection)
                .await
            {
                Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P04") => {}
                Err(error) => return Err(not_ready(error)),
                Ok(_) => {}
            }
            close(connection).await;
            connect(socket, ROLE).await.map(drop).map_err(not_ready)
        }
        Ok(connection) => {
            close(connection).await;
            Ok(())
        }
        Err(error) => Err(not_ready(error)),
    }
}

async fn connect(socket: &Path, database: &str) -> sqlx::Result<PgConnection> {
    let options = options(socket, database);
    tokio::time::timeout(Duration::from_secs(5), PgConnection::connect_with(&options))
        .await
        .unwrap_or_else(|late| Err(sqlx::Error::Io(late.into())))
}

async fn close(connection: PgConnection) {
    let _it_goes_away_all_the_same = connection.close().await;
}

fn not_ready(error: sqlx::Error) -> NotReady {
    let code = match &error {
        sqlx::Error::Database(error) => error.code().map(std::borrow::Cow::into_owned),
        _ => None,
    };
    // 28: who we are, 42 and 3D: what we ask for; 57P03 and 53300 pass.
    match code.as_deref() {
        Some(code) if code.starts_with("28") || code.starts_with("42") => {
            NotReady::Ever(error.to_string())
        }
        _ => NotReady::Yet(error.to_string()),
    }
}

/// The binaries for a home, and its data made where there are none. Needs the gate.
pub(super) async fn prepare(home: &Home, bindir: Option<&Path>) -> Result<Binaries, StartError> {
    let data = home.data();
    let root = super::account::own_uid() == 0;
    let version = cluster::version(&data)?;
    let wanted = version.as_deref().map(|version| (version, data.as_path()));
    let binaries = super::find::binaries(bindir, wanted, root)?;
    if version.is_none() {
        cluster::create(home, &binaries).await?;
    }
    Ok(binaries)
}
