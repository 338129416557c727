//! The folder of PostgreSQL's unix socket.
//!
//! A socket's address holds 107 bytes at most, and a data directory may be longer or lie on a
//! file system without sockets, so the socket has a short folder of its own. Its mode 0700 is
//! the lock on the door: PostgreSQL trusts whoever gets in (`cluster.rs` says why). The name is
//! random, since anybody may squat a guessable name in /tmp, and written down in home, so that a
//! restarted PostgreSQL is found at the address that the running pools already hold.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, lchown};
use std::path::{Path, PathBuf};

use super::account::{self, Account};
use super::directory::{self, Home};
use super::error::{Doing, StartError};

/// The port is only a part of the socket's name here.
pub(super) const PORT: u16 = 5432;
const RECORD: &str = "socket-folder";

/// The folder for the next start: the one written down, if it is still ours to have.
pub(super) fn folder(home: &Home) -> Result<PathBuf, StartError> {
    if let Some(folder) = recorded(home)
        && (is_private(&folder, &home.account) || make(&folder, &home.account).is_ok())
    {
        return Ok(folder);
    }
    let base = base();
    let name = uuid::Uuid::new_v4().simple().to_string();
    let folder = base.join(format!("wardroom-{}", &name[..12]));
    make(&folder, &home.account).doing(|| format!("creating {}", folder.display()))?;
    let options = &mut OpenOptions::new();
    directory::open_own(&home.path, RECORD, options.write(true).truncate(true))?
        .write_all(folder.to_string_lossy().as_bytes())
        .doing(|| format!("writing {}", home.path.join(RECORD).display()))?;
    Ok(folder)
}

/// Removes the folder after PostgreSQL has ended. What is not there, or not ours, stays so.
pub(super) fn remove(home: &Home) {
    if let Some(folder) = recorded(home).filter(|folder| is_private(folder, &home.account)) {
        let socket = format!(".s.PGSQL.{PORT}");
        let _already_gone = std::fs::remove_file(folder.join(&socket));
        let _already_gone = std::fs::remove_file(folder.join(format!("{socket}.lock")));
        let _already_gone = std::fs::remove_dir(&folder);
    }
    let _already_gone = std::fs::remove_file(home.path.join(RECORD));
}

fn recorded(home: &Home) -> Option<PathBuf> {
    let text = std::fs::read_to_string(home.path.join(RECORD)).ok()?;
    let folder = PathBuf::from(text.trim());
    folder.is_absolute().then_some(folder)
}

/// Root has /run, which survives `PrivateTmp` and the cleaners of /tmp.
fn base() -> PathBuf {
    let run = Path::new("/run/wardroom");
    if account::own_uid() == 0 && Path::new("/run").is_dir() && directory::make(run, 0o755).is_ok()
    {
        return run.to_owned();
    }
    PathBuf::from("/tmp")
}

fn make(folder: &Path, account: &Account) -> std::io::Result<()> {
    DirBuilder::new().mode(0o700).create(folder)?;
    if account.uid != account::own_uid() {
        lchown(folder, Some(account.uid), Some(account.gid))?;
    }
    Ok(())
}

fn is_private(folder: &Path, account: &Account) -> bool {
    folder.symlink_metadata().is_ok_and(|metadata| {
        metadata.is_dir() && metadata.uid() == account.uid && metadata.mode() & 0o777 == 0o700
    })
}
