//! Homes that last as long as one demo.
//!
//! A demo that was killed cannot tidy up, so the next one does: every home holds its own server
//! lock, and a home whose lock is free belongs to nobody. They share one parent, whose gate keeps
//! a sweeper from taking a home between its making and its locking. PostgreSQL there is killed
//! without ceremony: the data go with it.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::directory::{self, Home};
use super::error::{Doing, StartError};
use super::lock::{self, Held};
use super::pidfile::{self, Holder};
use super::postmaster::Ending;
use super::{account, postmaster, socket};

/// Makes a new home below a folder, after removing those that nobody owns any more.
pub(super) async fn place(below: &Path) -> Result<(Home, Held), StartError> {
    let uid = account::own_uid();
    let (parent, _gate) = parent(&below.join(format!("wardroom-demo-{uid}"))).await?;
    let owner = parent
        .path
        .symlink_metadata()
        .map(|metadata| metadata.uid());
    if !owner.is_ok_and(|owner| owner == uid) {
        return Err(StartError::Directory {
            problem: format!("{} is somebody else's", parent.path.display()),
            way_out: "Set TMPDIR to a folder of your own.".to_owned(),
        });
    }
    sweep(&parent).await;
    let name = uuid::Uuid::new_v4().simple().to_string();
    let mut home = directory::place(&parent.path.join(&name[..12]))?;
    home.notice = None;
    let held = lock::serve(&home.path).await?;
    Ok((home, held))
}

/// The folder of all demos' homes, with its gate held: the last demo may have removed both while we
/// waited.
async fn parent(path: &Path) -> Result<(Home, Held), StartError> {
    loop {
        let parent = directory::place(path)?;
        let gate = match lock::gate(&parent.path).await {
            Err(_gone) if !parent.path.exists() => continue,
            gate => gate?,
        };
        if gate.is_found_in(&parent.path) {
            return Ok((parent, gate));
        }
    }
}

/// Removes the folder of all homes when this was the last one; a process that makes a home holds its gate.
fn remove_parent(of: &Home) {
    let Some(parent) = of.path.parent() else {
        return;
    };
    let Some(_gate) = lock::gate_now(parent).filter(|gate| gate.is_found_in(parent)) else {
        return;
    };
    let mut entries = parent.read_dir().into_iter().flatten().flatten();
    if entries.all(|entry| entry.file_name() == lock::GATE_FILE) {
        let _left_for_the_next_demo = std::fs::remove_file(parent.join(lock::GATE_FILE))
            .and_then(|()| std::fs::remove_dir(parent));
    }
}

/// Removes the home of this demo, and what is left of all of them.
pub(super) async fn leave(home: &Home) -> Result<(), StartError> {
    remove(home).await?;
    remove_parent(home);
    Ok(())
}

/// Removes a home and what runs in it.
async fn remove(home: &Home) -> Result<(), StartError> {
    let holder = pidfile::holder(&home.data());
    postmaster::signal(home, Ending::Immediate);
    if let Holder::Postmaster(file) = holder {
        postmaster::gone(file.pid, Duration::from_secs(5)).await;
    }
    socket::remove(home);
    std::fs::remove_dir_all(&home.path).doing(|| format!("removing {}", home.path.display()))
}

/// The same without waiting: PostgreSQL ends by itself, and what it still holds is swept later.
pub(super) fn abandon(home: &Home) {
    postmaster::signal(home, Ending::Immediate);
}

async fn sweep(parent: &Home) {
    for entry in parent.path.read_dir().into_iter().flatten().flatten() {
        let path = entry.path();
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let Some(_held) = lock::if_abandoned(&path) else {
            continue;
        };
        let home = Home {
            path,
            account: parent.account.clone(),
            notice: None,
        };
        if let Err(error) = remove(&home).await {
            tracing::warn!(%error, "the rest of an earlier demo could not be removed");
        }
    }
}
