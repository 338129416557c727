//! The directory of the private PostgreSQL: the given one, or another one if its user has no access.
//!
//! It contains the locks and the log, and PostgreSQL's data directory `postgres/` with mode 0700. When
//! this process runs as root, the directory belongs to root, and the group of PostgreSQL's user may
//! pass it (0710): if it belonged to that user, a compromised PostgreSQL could create links that root
//! follows. Access is decided by the permission bits; access control lists are not read.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{
    DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown, lchown,
};
use std::path::{Component, Path, PathBuf};

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use super::account::{self, Account};
use super::error::{Doing, StartError};
use super::names::Names;

/// The parent of the program's directory for data when this process runs as root, and PostgreSQL's user cannot
/// access the given directory.
const FALLBACK: &str = "/var/lib";

pub(super) const LOG: &str = "postgres.log";

/// The directory of one private PostgreSQL, and its user.
#[derive(Debug, Clone)]
pub(super) struct Home {
    pub(super) path: PathBuf,
    pub(super) account: Account,
    pub(super) names: &'static Names,
    /// A message for the operator about the choice.
    pub(super) notice: Option<String>,
}

impl Home {
    /// PostgreSQL's data directory.
    pub(super) fn data(&self) -> PathBuf {
        self.path.join("postgres")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join(LOG)
    }
}

/// Chooses the directory and creates it.
pub(super) fn place(given: &Path, names: &'static Names) -> Result<Home, StartError> {
    let given = resolve(given)?;
    if account::own_uid() != 0 {
        let data = given.join("postgres");
        let account = match data.metadata() {
            Ok(metadata) => account::owner_of(&data, metadata.uid(), metadata.gid(), names)?,
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                return Err(StartError::Directory {
                    problem: format!("this user has no access to {}", given.display()),
                    fix: format!(
                        "Run this as the user that created it, or set {} to another folder.",
                        names.data_dir
                    ),
                });
            }
            Err(_) => account::for_new_data(names)?,
        };
        make(&given, 0o700)?;
        return Ok(Home {
            path: given,
            account,
            names,
            notice: None,
        });
    }
    let fallback = Path::new(FALLBACK)
        .join(names.program)
        .join(short_hash(&given));
    for home in [&given, &fallback] {
        let data = home.join("postgres");
        let Ok(metadata) = data.metadata() else {
            continue;
        };
        let account = account::owner_of(&data, metadata.uid(), metadata.gid(), names)?;
        if let Some(inaccessible) = inaccessible(&data, &account) {
            return Err(StartError::Directory {
                problem: format!(
                    "{} belongs to the user {}, which may not pass {}",
                    data.display(),
                    account.name,
                    inaccessible.display()
                ),
                fix: format!("Give it access:  chmod o+x {}", inaccessible.display()),
            });
        }
        let notice =
            (home == &fallback).then(|| fallback_notice(&given, &fallback, &account, None));
        return Ok(Home {
            path: home.clone(),
            account,
            names,
            notice,
        });
    }
    let account = account::for_new_data(names)?;
    match inaccessible(&given, &account) {
        None => {
            make_for(&given, &account)?;
            Ok(Home {
                path: given,
                account,
                names,
                notice: None,
            })
        }
        Some(inaccessible) if inaccessible == given && may_be_shared(&given) => {
            share(&given, &account)?;
            Ok(Home {
                path: given,
                account,
                names,
                notice: None,
            })
        }
        Some(inaccessible) => {
            make_for(&fallback, &account)?;
            let notice = Some(fallback_notice(
                &given,
                &fallback,
                &account,
                Some(&inaccessible),
            ));
            Ok(Home {
                path: fallback,
                account,
                names,
                notice,
            })
        }
    }
}

fn fallback_notice(
    given: &Path,
    fallback: &Path,
    account: &Account,
    inaccessible: Option<&Path>,
) -> String {
    let why = inaccessible.map_or_else(String::new, |inaccessible| {
        format!(" may not pass {} and", inaccessible.display())
    });
    format!(
        "The database of {} is kept in {}: PostgreSQL does not run as root, and the user {}{why} \
         cannot reach that folder.",
        given.display(),
        fallback.display(),
        account.name,
    )
}

/// The absolute path, with symbolic links resolved in the part that exists.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, StartError> {
    let absolute = std::path::absolute(path).doing(|| format!("resolving {}", path.display()))?;
    for ancestor in absolute.ancestors() {
        let Ok(real) = ancestor.canonicalize() else {
            continue;
        };
        let rest = absolute
            .strip_prefix(ancestor)
            .expect("an ancestor is a prefix");
        if rest.components().any(|part| part == Component::ParentDir) {
            return Err(StartError::Directory {
                problem: format!(
                    "{} contains '..' after a directory that does not exist",
                    path.display()
                ),
                fix: "Write the path without '..'.".to_owned(),
            });
        }
        return Ok(if rest.as_os_str().is_empty() {
            real
        } else {
            real.join(rest)
        });
    }
    Ok(absolute)
}

fn short_hash(path: &Path) -> String {
    hex::encode(&Sha256::digest(path.as_os_str().as_bytes())[..8])
}

/// The first directory of a path that the account may not pass.
pub(super) fn inaccessible(path: &Path, account: &Account) -> Option<PathBuf> {
    let mut ways: Vec<&Path> = path.ancestors().collect();
    ways.reverse();
    ways.into_iter()
        .map_while(|way| way.metadata().ok().map(|metadata| (way, metadata)))
        .find(|(_, metadata)| !passes(&Bits::of(metadata), account))
        .map(|(way, _)| way.to_owned())
}

struct Bits {
    mode: u32,
    uid: u32,
    gid: u32,
}

impl Bits {
    fn of(metadata: &Metadata) -> Bits {
        Bits {
            mode: metadata.mode(),
            uid: metadata.uid(),
            gid: metadata.gid(),
        }
    }
}

fn passes(folder: &Bits, account: &Account) -> bool {
    let shift = if folder.uid == account.uid {
        6
    } else if folder.gid == account.gid {
        3
    } else {
        0
    };
    folder.mode >> shift & 1 == 1
}

/// Whether the group of the account may be given access: an empty directory of root's, such as one by
/// mktemp, but not one directly below `/`.
fn may_be_shared(folder: &Path) -> bool {
    let roots = folder.metadata().is_ok_and(|metadata| metadata.uid() == 0);
    let empty = folder
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_none());
    roots && empty && folder.components().count() > 2
}

fn make_for(folder: &Path, account: &Account) -> Result<(), StartError> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make(parent, 0o755)?;
    }
    make(folder, 0o710)?;
    share(folder, account)
}

fn share(folder: &Path, account: &Account) -> Result<(), StartError> {
    lchown(folder, Some(0), Some(account.gid))
        .and_then(|()| std::fs::set_permissions(folder, Permissions::from_mode(0o710)))
        .doing(|| format!("opening {} for the user {}", folder.display(), account.name))
}

/// Creates a directory and its parents, with a mode that does not depend on the umask: with umask 077,
/// the account could not pass directories that root creates.
pub(super) fn make(folder: &Path, mode: u32) -> Result<(), StartError> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make(parent, if account::own_uid() == 0 { 0o755 } else { mode })?;
    }
    match DirBuilder::new().mode(mode).create(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && folder.is_dir() => {
            return Ok(());
        }
        made => made.doing(|| format!("creating {}", folder.display()))?,
    }
    std::fs::set_permissions(folder, Permissions::from_mode(mode))
        .doing(|| format!("setting the mode of {}", folder.display()))
}

/// Opens or creates a file in the directory. Root does not follow links there, and gives a new file to
/// the owner of the directory.
pub(super) fn open_own(
    home: &Path,
    name: &str,
    options: &mut OpenOptions,
) -> Result<File, StartError> {
    let path = home.join(name);
    let no_link = i32::try_from(OFlags::NOFOLLOW.bits()).expect("open flags fit a C int");
    let mut open = || {
        let file = options
            .create(true)
            .mode(0o600)
            .custom_flags(no_link)
            .open(&path)?;
        if account::own_uid() == 0 {
            let owner = home.metadata()?;
            fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
        }
        Ok(file)
    };
    open().doing(|| format!("opening {}", path.display()))
}

/// Replaces a file in a directory that the account may write to, without following links.
pub(super) fn replace_file(path: &Path, text: &str, account: &Account) -> Result<(), StartError> {
    let fresh = path.with_extension(uuid::Uuid::new_v4().simple().to_string());
    let write = || {
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        if account.uid != account::own_uid() {
            lchown(&fresh, Some(account.uid), Some(account.gid))?;
        }
        std::fs::rename(&fresh, path)
    };
    write().doing(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_of_the_nearest_class_decide_who_passes() {
        let account = Account {
            name: "postgres".to_owned(),
            uid: 101,
            gid: 104,
        };
        let cases = [
            (0o755, 0, 0, true),
            (0o700, 0, 0, false),
            (0o700, 101, 0, true),
            (0o710, 0, 104, true),
            // The bits of the owner apply to the owner, even if others may pass.
            (0o077, 101, 104, false),
            (0o705, 0, 104, false),
            (0o1777, 0, 0, true),
        ];
        for (mode, uid, gid, expected) in cases {
            let bits = Bits {
                mode: mode | 0o040_000,
                uid,
                gid,
            };
            assert_eq!(passes(&bits, &account), expected, "{mode:o} {uid}:{gid}");
        }
    }

    #[test]
    fn one_path_has_one_hash_and_another_path_another() {
        assert_eq!(
            short_hash(Path::new("/root/x")),
            short_hash(Path::new("/root/x"))
        );
        assert_ne!(
            short_hash(Path::new("/root/x")),
            short_hash(Path::new("/root/y"))
        );
        assert_eq!(short_hash(Path::new("/root/x")).len(), 16);
    }

    #[test]
    fn a_path_that_leaves_a_missing_directory_is_refused() {
        assert!(resolve(Path::new("/nonexistent/../etc")).is_err());
        assert_eq!(
            resolve(Path::new("/nonexistent/x")).unwrap(),
            Path::new("/nonexistent/x")
        );
    }

    #[test]
    fn system_directories_are_not_shared() {
        assert!(!may_be_shared(Path::new("/")));
        assert!(!may_be_shared(Path::new("/root")));
    }
}
