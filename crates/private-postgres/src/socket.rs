//! The directory of PostgreSQL's Unix socket.
//!
//! The path of a socket is limited to 107 bytes, and the file system of the data directory may not
//! support sockets, so the socket has a short directory of its own. Its mode 0700 restricts access:
//! PostgreSQL trusts every connection (see `cluster.rs`). The name is random, because another user
//! could occupy a known name in /tmp, and is recorded in the data directory, so that a restarted
//! PostgreSQL has the address that the connection pools use.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, lchown};
use std::path::{Path, PathBuf};

use super::account::{self, Account};
use super::directory::{self, Home};
use super::error::{Doing, StartError};

/// Only a part of the socket's name.
pub(super) const PORT: u16 = 5432;
const RECORD: &str = "socket-folder";

/// The directory for the next start: the recorded one, if it can still be used.
pub(super) fn folder(home: &Home) -> Result<PathBuf, StartError> {
    if let Some(folder) = recorded(home)
        && (is_private(&folder, &home.account) || make(&folder, &home.account).is_ok())
    {
        return Ok(folder);
    }
    let program = home.names.program;
    let base = base(program);
    let name = uuid::Uuid::new_v4().simple().to_string();
    let folder = base.join(format!("{program}-{}", &name[..12]));
    make(&folder, &home.account).doing(|| format!("creating {}", folder.display()))?;
    let options = &mut OpenOptions::new();
    directory::open_own(&home.path, RECORD, options.write(true).truncate(true))?
        .write_all(folder.to_string_lossy().as_bytes())
        .doing(|| format!("writing {}", home.path.join(RECORD).display()))?;
    Ok(folder)
}

/// Removes the directory after PostgreSQL has ended, if it belongs to this server.
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

/// In /run where possible, which is not affected by `PrivateTmp` and by programs that clean /tmp. Root
/// creates a directory there; for another user the service manager may have created it
/// (RuntimeDirectory).
fn base(program: &str) -> PathBuf {
    let run = Path::new("/run").join(program);
    let root = account::own_uid() == 0
        && Path::new("/run").is_dir()
        && directory::make(&run, 0o755).is_ok();
    if root || is_own(&run, account::own_uid()) {
        return run;
    }
    PathBuf::from("/tmp")
}

/// Whether a directory belongs to this user, and no other user may write to it.
fn is_own(folder: &Path, uid: u32) -> bool {
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
    fn a_directory_that_the_service_manager_created_is_used_and_no_other() {
        let folder =
            std::env::temp_dir().join(format!("private-postgres-run-{}", uuid::Uuid::new_v4()));
        let me = account::own_uid();
        assert!(!is_own(&folder, me), "it is not there");
        std::fs::create_dir(&folder).unwrap();
        for (mode, given) in [(0o755, true), (0o700, true), (0o777, false), (0o775, false)] {
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_own(&folder, me), given, "{mode:o}");
        }
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(!is_own(&folder, me + 1), "it belongs to another user");
        std::fs::remove_dir(&folder).unwrap();
    }
}
