//! The file locks of a data directory.
//!
//! `serve.lock` is held exclusively by the server of the directory. `use.lock` is shared by all
//! processes that use the database; a process that gets it exclusively when it leaves is the last
//! one, and stops PostgreSQL. `gate.lock` is held while PostgreSQL is started or stopped. The kernel
//! releases them when a process dies. The files are not removed, because a lock on a removed file
//! excludes no other process; the exception is the start lock of demos (`throwaway`).

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::directory::{self, Home};
use super::error::{Doing, StartError};

/// How long a second server waits, because a killed one may still be exiting.
const EXITING: Duration = Duration::from_secs(1);
/// How long a start or stop by another process may take.
const START: Duration = Duration::from_secs(150);
pub(super) const START_LOCK: &str = "gate.lock";
const RETRY: Duration = Duration::from_millis(15);

/// A lock that is held while this value exists.
#[derive(Debug)]
pub(super) struct Held(File);

impl Held {
    /// Whether the file of this lock still exists in the directory.
    pub(super) fn exists_in(&self, home: &Path) -> bool {
        let same = |found: std::fs::Metadata| {
            let ours = self.0.metadata();
            ours.is_ok_and(|ours| (ours.dev(), ours.ino()) == (found.dev(), found.ino()))
        };
        home.join(START_LOCK).metadata().is_ok_and(same)
    }
}

/// The shared lock of a process that uses the database.
#[derive(Debug)]
pub(super) struct InUse(File);

/// Takes the lock of the server, or reports the process that has it.
pub(super) async fn serve(home: &Home) -> Result<Held, StartError> {
    let names = home.names;
    let home = home.path.as_path();
    let mut file = open(home, "serve.lock")?;
    if !wait_for(&file, home, EXITING).await? {
        let mut text = String::new();
        let _unreadable_is_unknown = file.read_to_string(&mut text);
        let pid = text.trim().parse().ok();
        return Err(StartError::AlreadyServed {
            home: home.to_owned(),
            pid,
            names,
        });
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .doing(|| format!("writing {}", home.join("serve.lock").display()))?;
    Ok(Held(file))
}

/// The lock of the server, if no server uses the directory.
pub(super) fn try_serve(home: &Path) -> Option<Held> {
    let file = open(home, "serve.lock").ok()?;
    file.try_lock().ok()?;
    Some(Held(file))
}

/// Waits until no other process starts or stops PostgreSQL in this directory.
pub(super) async fn start_lock(home: &Home) -> Result<Held, StartError> {
    let program = home.names.program;
    let home = home.path.as_path();
    let file = open(home, START_LOCK)?;
    if !wait_for(&file, home, START).await? {
        return Err(StartError::Directory {
            problem: format!(
                "another {program} has been starting or stopping PostgreSQL in {} for {} seconds",
                home.display(),
                START.as_secs()
            ),
            fix: "End that process, then try again.".to_owned(),
        });
    }
    Ok(Held(file))
}

/// The start lock, if it is free.
pub(super) fn try_start_lock(home: &Path) -> Option<Held> {
    let file = open(home, START_LOCK).ok()?;
    file.try_lock().ok()?;
    Some(Held(file))
}

/// Takes the shared lock of the database. The start lock is required, because its holder may take this one exclusively.
pub(super) fn use_database(home: &Path, _start_lock: &Held) -> Result<InUse, StartError> {
    let file = open(home, "use.lock")?;
    file.lock_shared()
        .doing(|| format!("locking {}", home.join("use.lock").display()))?;
    Ok(InUse(file))
}

impl InUse {
    /// Releases the shared lock; returns the exclusive one if no other process uses the database.
    pub(super) fn release_last(self, _start_lock: &Held) -> Option<Held> {
        let InUse(file) = self;
        file.try_lock().ok()?;
        Some(Held(file))
    }
}

async fn wait_for(file: &File, home: &Path, limit: Duration) -> Result<bool, StartError> {
    let until = Instant::now() + limit;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if Instant::now() >= until => return Ok(false),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(RETRY).await,
            Err(TryLockError::Error(error)) => {
                return Err(error).doing(|| format!("locking a file in {}", home.display()));
            }
        }
    }
}

fn open(home: &Path, name: &str) -> Result<File, StartError> {
    directory::open_own(
        home,
        name,
        OpenOptions::new().read(true).write(true).truncate(false),
    )
}
