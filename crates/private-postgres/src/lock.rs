//! Who may do what to the private PostgreSQL, kept by the kernel's file locks.
//!
//! Three locks, because there are three questions. `serve.lock`: who is the server of this
//! directory (one, exclusive, for its life). `use.lock`: who uses the database now (shared by
//! servers and commands; whoever can have it alone on leaving is the last and turns off the
//! light). `gate.lock`: who is starting or stopping PostgreSQL at this moment. The kernel drops
//! them when a process dies, so nothing needs mending after a kill. The files are never removed
//! (a lock on a removed file locks nothing), but for the gate of demos (`throwaway`).

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::directory;
use super::error::{Doing, StartError};

/// How long a second server waits before it is refused: a killed one may still be dying.
const DYING: Duration = Duration::from_secs(1);
/// How long somebody else's start or stop may take.
const GATE: Duration = Duration::from_secs(150);
/// The file whose lock is the gate.
pub(super) const GATE_FILE: &str = "gate.lock";
const RETRY: Duration = Duration::from_millis(15);

/// A lock that lasts as long as this value.
#[derive(Debug)]
pub(super) struct Held(File);

impl Held {
    /// Whether the lock still is the one that others find: its file may have been removed meanwhile.
    pub(super) fn is_found_in(&self, home: &Path) -> bool {
        let same = |found: std::fs::Metadata| {
            let ours = self.0.metadata();
            ours.is_ok_and(|ours| (ours.dev(), ours.ino()) == (found.dev(), found.ino()))
        };
        home.join(GATE_FILE).metadata().is_ok_and(same)
    }
}

/// The shared lock of somebody who uses the database.
#[derive(Debug)]
pub(super) struct InUse(File);

/// Becomes the server of this directory, or says who is.
pub(super) async fn serve(home: &Path) -> Result<Held, StartError> {
    let mut file = open(home, "serve.lock")?;
    if !wait_for(&file, home, DYING).await? {
        let mut text = String::new();
        let _unreadable_is_unknown = file.read_to_string(&mut text);
        let pid = text.trim().parse().ok();
        return Err(StartError::AlreadyServed {
            home: home.to_owned(),
            pid,
        });
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .doing(|| format!("writing {}", home.join("serve.lock").display()))?;
    Ok(Held(file))
}

/// The server lock, if nobody serves from this directory.
pub(super) fn if_abandoned(home: &Path) -> Option<Held> {
    let file = open(home, "serve.lock").ok()?;
    file.try_lock().ok()?;
    Some(Held(file))
}

/// Waits until nobody else is starting or stopping PostgreSQL here.
pub(super) async fn gate(home: &Path) -> Result<Held, StartError> {
    let file = open(home, GATE_FILE)?;
    if !wait_for(&file, home, GATE).await? {
        return Err(StartError::Directory {
            problem: format!(
                "another wardroom has been starting or stopping PostgreSQL in {} for {} seconds",
                home.display(),
                GATE.as_secs()
            ),
            way_out: "End that process, then try again.".to_owned(),
        });
    }
    Ok(Held(file))
}

/// The gate, if nobody stands in it.
pub(super) fn gate_now(home: &Path) -> Option<Held> {
    let file = open(home, GATE_FILE).ok()?;
    file.try_lock().ok()?;
    Some(Held(file))
}

/// Notes that we use the database. Needs the gate: only who holds it ever excludes users.
pub(super) fn use_database(home: &Path, _gate: &Held) -> Result<InUse, StartError> {
    let file = open(home, "use.lock")?;
    file.lock_shared()
        .doing(|| format!("locking {}", home.join("use.lock").display()))?;
    Ok(InUse(file))
}

impl InUse {
    /// Leaves; the lock comes back when nobody else uses the database.
    pub(super) fn last_one(self, _gate: &Held) -> Option<Held> {
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
