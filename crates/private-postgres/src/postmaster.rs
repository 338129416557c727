//! Runs PostgreSQL's programs: unprivileged, with an empty environment and small settings.
//!
//! They do not inherit the environment, which contains tokens and which /proc shows to their user.
//! They have a process group of their own, so that Ctrl-C only reaches this process, which then stops
//! PostgreSQL. They do not listen on the network. The settings of durability are given on the command
//! line, so that an edited `postgresql.conf` does not change them.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use super::account;
use super::directory::{self, Home};
use super::error::{Doing, StartError};
use super::find::Binaries;
use super::pidfile::{self, Holder};
use super::socket::PORT;

/// PostgreSQL then uses about 30 MB.
const SETTINGS: [&str; 29] = [
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=50",
    "superuser_reserved_connections=3",
    "shared_buffers=32MB",
    "huge_pages=off",
    "work_mem=4MB",
    "maintenance_work_mem=16MB",
    "min_wal_size=32MB",
    "max_wal_size=256MB",
    "max_wal_senders=0",
    "max_replication_slots=0",
    "max_worker_processes=2",
    "max_parallel_workers=0",
    "max_parallel_workers_per_gather=0",
    "autovacuum_max_workers=1",
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "logging_collector=off",
    "log_destination=stderr",
    "log_min_messages=warning",
    "log_checkpoints=off",
    // The log contains no statements and no rows, which could be confidential.
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "log_statement=none",
];
/// A larger log is rotated; one old log is kept.
const LOG_LIMIT: u64 = 4 << 20;
/// The part of the log that an error quotes.
const LOG_TAIL: u64 = 2048;
/// A fast shutdown rolls back transactions and writes a checkpoint.
const FAST: Duration = Duration::from_secs(15);
/// After an immediate shutdown, the next start recovers.
const IMMEDIATE: Duration = Duration::from_secs(5);

/// The mode of a shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shutdown {
    /// The next start has nothing to recover.
    Fast,
    /// The next start recovers.
    Immediate,
}

/// One of PostgreSQL's programs, without arguments.
pub(super) fn program(home: &Home, binaries: &Binaries, name: &str) -> Command {
    let mut command = Command::new(binaries.directory.join(name));
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LC_ALL", "C")
        .envs(std::env::vars_os().filter(|(name, _)| name == "LD_LIBRARY_PATH"))
        .current_dir("/")
        .stdin(Stdio::null())
        .process_group(0);
    if account::own_uid() == 0 {
        // Setting the user also empties the list of supplementary groups.
        command.gid(home.account.gid).uid(home.account.uid);
    }
    command
}

/// Starts the postmaster, and does not wait until it is ready.
pub(super) fn spawn(home: &Home, binaries: &Binaries, socket: &Path) -> Result<Child, StartError> {
    limit_log(home);
    let log = open_log(home)?;
    let errors = log
        .try_clone()
        .doing(|| format!("opening {}", home.log().display()))?;
    let mut postgres = program(home, binaries, "postgres");
    postgres
        .arg("-D")
        .arg(home.data())
        .arg("-p")
        .arg(PORT.to_string())
        .arg("-k")
        .arg(socket);
    for setting in SETTINGS {
        postgres.args(["-c", setting]);
    }
    postgres
        .arg("-c")
        .arg(format!("cluster_name={}", home.names.program));
    postgres
        .stdout(log)
        .stderr(errors)
        .spawn()
        .doing(|| format!("running postgres in {}", binaries.directory.display()))
}

/// Stops the PostgreSQL that runs on these data, and waits until it has ended.
pub(super) async fn end(home: &Home, binaries: &Binaries) -> Result<(), StartError> {
    for (mode, limit) in [("fast", FAST), ("immediate", IMMEDIATE)] {
        let Holder::Postmaster(file) = pidfile::holder(&home.data()) else {
            return Ok(());
        };
        // Without waiting, because pg_ctl checks only ten times a second.
        let mut pg_ctl = program(home, binaries, "pg_ctl");
        pg_ctl
            .arg("-D")
            .arg(home.data())
            .args(["stop", "-W", "-s", "-m", mode]);
        let output = pg_ctl.output().await;
        output.doing(|| format!("running pg_ctl in {}", binaries.directory.display()))?;
        if gone(file.pid, limit).await {
            return Ok(());
        }
    }
    Err(StartError::Failed {
        what: "PostgreSQL did not stop".to_owned(),
        output: tail(home, 0),
        log: home.log(),
    })
}

/// Sends the signal of a shutdown, and does not wait.
pub(super) fn signal(home: &Home, how: Shutdown) {
    let signal = match how {
        Shutdown::Fast => Signal::INT,
        Shutdown::Immediate => Signal::QUIT,
    };
    if let Holder::Postmaster(file) = pidfile::holder(&home.data())
        && let Some(pid) = Pid::from_raw(file.pid)
    {
        let _it_may_just_have_ended = kill_process(pid, signal);
    }
}

/// Whether a process ends within the limit.
pub(super) async fn gone(pid: i32, limit: Duration) -> bool {
    let until = Instant::now() + limit;
    while pidfile::alive(pid) {
        if Instant::now() >= until {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    true
}

/// Rotates a large log. PostgreSQL continues to write to the same file, which is truncated.
pub(super) fn limit_log(home: &Home) {
    let log = home.log();
    if log
        .metadata()
        .is_ok_and(|metadata| metadata.len() > LOG_LIMIT)
    {
        let old = log.with_extension("log.1");
        let rotate = || {
            let _there_may_be_none = std::fs::remove_file(&old);
            std::fs::copy(&log, &old)?;
            File::options().write(true).open(&log)?.set_len(0)
        };
        if let Err(error) = rotate() {
            tracing::warn!(%error, "the log of the private PostgreSQL could not be rotated");
        }
    }
}

/// The length of the log; the output of a start comes after it.
pub(super) fn log_length(home: &Home) -> u64 {
    home.log().metadata().map_or(0, |metadata| metadata.len())
}

/// The last lines of the log after a position.
pub(super) fn tail(home: &Home, from: u64) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(home.log())?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(
            from.max(length.saturating_sub(LOG_TAIL)).min(length),
        ))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    read().unwrap_or_default()
}

fn open_log(home: &Home) -> Result<File, StartError> {
    // Append mode, so that PostgreSQL writes to the end of a truncated log.
    directory::open_own(&home.path, directory::LOG, OpenOptions::new().append(true))
}
