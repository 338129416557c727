//! Data directories of demos, which are removed at the end.
//!
//! A demo that was killed cannot remove its directory, so the next one does: every demo holds the
//! server lock of its directory, and a directory whose lock is free is not in use. The start lock of
//! the parent prevents that a directory is removed between its creation and its locking. PostgreSQL
//! is killed there, because the data are removed anyway.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::directory::{self, Home};
use super::error::{Doing, StartError};
use super::lock::{self, Held};
use super::names::Names;
use super::pidfile::{self, Holder};
use super::postmaster::Shutdown;
use super::{account, postmaster, socket};

/// Creates a directory below the given one, after removing those that are not in use.
pub(super) async fn place(below: &Path, names: &'static Names) -> Result<(Home, Held), StartError> {
    let uid = account::own_uid();
    let (parent, _start_lock) =
        parent(&below.join(format!("{}-demo-{uid}", names.program)), names).await?;
    let owner = parent
        .path
        .symlink_metadata()
        .map(|metadata| metadata.uid());
    if !owner.is_ok_and(|owner| owner == uid) {
        return Err(StartError::Directory {
            problem: format!("{} belongs to another user", parent.path.display()),
            fix: "Set TMPDIR to a folder of your own.".to_owned(),
        });
    }
    remove_unused(&parent).await;
    let name = uuid::Uuid::new_v4().simple().to_string();
    let mut home = directory::place(&parent.path.join(&name[..12]), names)?;
    home.notice = None;
    let held = lock::serve(&home).await?;
    Ok((home, held))
}

/// The parent of all demos' directories, with its start lock. The last demo may have removed both while
/// this process waited.
async fn parent(path: &Path, names: &'static Names) -> Result<(Home, Held), StartError> {
    loop {
        let parent = directory::place(path, names)?;
        let start_lock = match lock::start_lock(&parent).await {
            Err(_gone) if !parent.path.exists() => continue,
            start_lock => start_lock?,
        };
        if start_lock.exists_in(&parent.path) {
            return Ok((parent, start_lock));
        }
    }
}

/// Removes the parent after the last demo. A process that creates a directory holds its start lock.
fn remove_parent(of: &Home) {
    let Some(parent) = of.path.parent() else {
        return;
    };
    let Some(_start_lock) =
        lock::try_start_lock(parent).filter(|start_lock| start_lock.exists_in(parent))
    else {
        return;
    };
    let mut entries = parent.read_dir().into_iter().flatten().flatten();
    if entries.all(|entry| entry.file_name() == lock::START_LOCK) {
        let _removed_by_the_next_demo = std::fs::remove_file(parent.join(lock::START_LOCK))
            .and_then(|()| std::fs::remove_dir(parent));
    }
}

/// Removes the directory of this demo, and the parent if it is empty.
pub(super) async fn leave(home: &Home) -> Result<(), StartError> {
    remove(home).await?;
    remove_parent(home);
    Ok(())
}

/// Stops PostgreSQL in a directory and removes it.
async fn remove(home: &Home) -> Result<(), StartError> {
    let holder = pidfile::holder(&home.data());
    postmaster::signal(home, Shutdown::Immediate);
    if let Holder::Postmaster(file) = holder {
        postmaster::gone(file.pid, Duration::from_secs(5)).await;
    }
    socket::remove(home);
    std::fs::remove_dir_all(&home.path).doing(|| format!("removing {}", home.path.display()))
}

/// Without waiting; the next demo removes the directory.
pub(super) fn abandon(home: &Home) {
    postmaster::signal(home, Shutdown::Immediate);
}

async fn remove_unused(parent: &Home) {
    for entry in parent.path.read_dir().into_iter().flatten().flatten() {
        let path = entry.path();
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let Some(_held) = lock::try_serve(&path) else {
            continue;
        };
        let home = Home {
            path,
            account: parent.account.clone(),
            names: parent.names,
            notice: None,
        };
        if let Err(error) = remove(&home).await {
            tracing::warn!(%error, "the directory of an earlier demo could not be removed");
        }
    }
}
