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

/// In /run, which survives `PrivateTmp` and the cleaners of /tmp, where that is possible: root makes
/// a folder there, and for anybody else the service manager may have made it (RuntimeDirectory).
fn base() -> PathBuf {
    let run = Path::new("/run/wardroom");
    let root = account::own_uid() == 0
        && Path::new("/run").is_dir()
        && directory::make(run, 0o755).is_ok();
    if root || is_given(run, account::own_uid()) {
        return run.to_owned();
    }
    PathBuf::from("/tmp")
}

/// A folder of this user's own that nobody else may write in.
fn is_given(folder: &Path, uid: u32) -> bool {
    folder.symlink_metadata().is_ok_and(|metadata| {
        metadata.is_dir() && metadata.uid() == uid && metadata.mode() & 0o022 == 0
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_folder_that_the_service_manager_made_is_taken_and_no_others() {
        let folder = std::env::temp_dir().join(format!("wardroom-run-{}", uuid::Uuid::new_v4()));
        let me = account::own_uid();
        assert!(!is_given(&folder, me), "it is not there");
        std::fs::create_dir(&folder).unwrap();
        for (mode, given) in [(0o755, true), (0o700, true), (0o777, false), (0o775, false)] {
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_given(&folder, me), given, "{mode:o}");
        }
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(!is_given(&folder, me + 1), "it is somebody else's");
        std::fs::remove_dir(&folder).unwrap();
    }
}
