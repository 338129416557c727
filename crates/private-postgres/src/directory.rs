//! Where the private PostgreSQL lives: below WARDROOM_DATA_DIR, or aside where it cannot.
//!
//! Home holds our locks and the log; `postgres/` in it is PostgreSQL's own data directory, of
//! mode 0700. Started as root, home stays root's and only lets the account's group pass (0710):
//! were it the account's, a broken PostgreSQL could plant links for root to follow. Permission
//! bits decide who may pass a folder; access lists are not read, and PostgreSQL then says so.

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

/// Where root's databases go whose wanted folder the account cannot reach.
const ASIDE: &str = "/var/lib/wardroom";

/// The log's name in home.
pub(super) const LOG: &str = "postgres.log";

/// A directory for one private PostgreSQL, and who runs it there.
#[derive(Debug, Clone)]
pub(super) struct Home {
    pub(super) path: PathBuf,
    pub(super) account: Account,
    /// What the person should know about the choice.
    pub(super) notice: Option<String>,
}

impl Home {
    /// PostgreSQL's data directory.
    pub(super) fn data(&self) -> PathBuf {
        self.path.join("postgres")
    }

    /// What PostgreSQL says.
    pub(super) fn log(&self) -> PathBuf {
        self.path.join(LOG)
    }
}

/// Chooses the home for a wanted folder and makes it.
pub(super) fn place(wanted: &Path) -> Result<Home, StartError> {
    let wanted = resolve(wanted)?;
    if account::own_uid() != 0 {
        let data = wanted.join("postgres");
        let account = match data.metadata() {
            Ok(metadata) => account::owner_of(&data, metadata.uid(), metadata.gid())?,
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                return Err(StartError::Directory {
                    problem: format!("this user may not enter {}", wanted.display()),
                    way_out: "Run this as the user who made it, or set WARDROOM_DATA_DIR to \
                              another folder."
                        .to_owned(),
                });
            }
            Err(_) => account::for_new_data()?,
        };
        make(&wanted, 0o700)?;
        return Ok(Home {
            path: wanted,
            account,
            notice: None,
        });
    }
    let aside = Path::new(ASIDE).join(short_hash(&wanted));
    for home in [&wanted, &aside] {
        let data = home.join("postgres");
        let Ok(metadata) = data.metadata() else {
            continue;
        };
        let account = account::owner_of(&data, metadata.uid(), metadata.gid())?;
        if let Some(wall) = wall(&data, &account) {
            return Err(StartError::Directory {
                problem: format!(
                    "{} belongs to the user {}, who may not pass {}",
                    data.display(),
                    account.name,
                    wall.display()
                ),
                way_out: format!("Let it pass:  chmod o+x {}", wall.display()),
            });
        }
        let notice = (home == &aside).then(|| moved(&wanted, &aside, &account, None));
        return Ok(Home {
            path: home.clone(),
            account,
            notice,
        });
    }
    let account = account::for_new_data()?;
    match wall(&wanted, &account) {
        None => {
            make_for(&wanted, &account)?;
            Ok(Home {
                path: wanted,
                account,
                notice: None,
            })
        }
        Some(wall) if wall == wanted && ours_to_share(&wanted) => {
            share(&wanted, &account)?;
            Ok(Home {
                path: wanted,
                account,
                notice: None,
            })
        }
        Some(wall) => {
            make_for(&aside, &account)?;
            let notice = Some(moved(&wanted, &aside, &account, Some(&wall)));
            Ok(Home {
                path: aside,
                account,
                notice,
            })
        }
    }
}

fn moved(wanted: &Path, aside: &Path, account: &Account, wall: Option<&Path>) -> String {
    let why = wall.map_or_else(String::new, |wall| {
        format!(" may not pass {} and", wall.display())
    });
    format!(
        "The database of {} is kept in {}: PostgreSQL does not run as root, and the user {}{why} \
         cannot reach that folder.",
        wanted.display(),
        aside.display(),
        account.name,
    )
}

/// The absolute path, with the links in its existing part followed.
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
                    "{} leads back out of a folder that is not there",
                    path.display()
                ),
                way_out: "Write the path without '..'.".to_owned(),
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

/// The first existing folder on the way that the account may not pass.
pub(super) fn wall(path: &Path, account: &Account) -> Option<PathBuf> {
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

/// An empty folder that root made for itself, such as mktemp's, may be opened for the account;
/// folders right below `/` are the system's.
fn ours_to_share(folder: &Path) -> bool {
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

/// Makes a folder and its parents. Each new one gets the mode whatever the umask: a root with
/// umask 077 would else build the very wall that `wall` looks for.
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

/// Opens a file of ours in home, creating it. Root neither follows a link there nor leaves a
/// file behind that the home's owner could not open next time.
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

/// Puts a new file in the place of an old one, in a folder that the account may write: never
/// through a link that it may have left there.
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
            // The owner's bits count for the owner even where others may pass.
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
    fn a_path_through_nothing_and_back_is_refused() {
        assert!(resolve(Path::new("/nonexistent/../etc")).is_err());
        assert_eq!(
            resolve(Path::new("/nonexistent/x")).unwrap(),
            Path::new("/nonexistent/x")
        );
    }

    #[test]
    fn the_system_folders_are_never_shared() {
        assert!(!ours_to_share(Path::new("/")));
        assert!(!ours_to_share(Path::new("/root")));
    }
}
