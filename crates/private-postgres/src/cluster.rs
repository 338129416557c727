//! Makes PostgreSQL's data directory, whole or not at all.
//!
//! initdb writes `PG_VERSION` long before it is done, so it works in a folder of another name
//! that is renamed at the end: a kill in between leaves rubbish that the next start removes, and
//! never half a database. Whoever reaches the socket is trusted: `peer` would refuse root, who
//! is not the account, and a password would lie beside the data it guards; the socket's 0700
//! folder admits the account and root alone, and there is no other way in.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, lchown};
use std::path::Path;

use super::account;
use super::directory::{self, Home};
use super::error::{Doing, StartError};
use super::find::Binaries;
use super::postmaster;

/// PostgreSQL's superuser here, and the only role.
pub(super) const ROLE: &str = "wardroom";
const MAKING: &str = "postgres.init-";
const DOOR: &str = "# Written by wardroom: the mode of the socket's folder is the lock.\n\
                    local all wardroom trust\n";

/// The major version of existing data; none where there are no data yet.
pub(super) fn version(data: &Path) -> Result<Option<String>, StartError> {
    match std::fs::read_to_string(data.join("PG_VERSION")) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(_) if !data.exists() => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(StartError::Directory {
            problem: format!("{} is no PostgreSQL data directory", data.display()),
            way_out: "Move it away, or set WARDROOM_DATA_DIR to another folder.".to_owned(),
        }),
        Err(error) => Err(error).doing(|| format!("reading {}/PG_VERSION", data.display())),
    }
}

/// Makes the data directory. Needs the gate, held by the caller.
pub(super) async fn create(home: &Home, binaries: &Binaries) -> Result<(), StartError> {
    remove_unfinished(&home.path);
    let making = home
        .path
        .join(format!("{MAKING}{}", uuid::Uuid::new_v4().simple()));
    let doing = || format!("creating {}", making.display());
    DirBuilder::new().mode(0o700).create(&making).doing(doing)?;
    if home.account.uid != account::own_uid() {
        lchown(&making, Some(home.account.uid), Some(home.account.gid)).doing(doing)?;
    }
    // Not every system knows C.UTF-8; C sorts the same and only knows fewer upper-case letters.
    let made = match run_initdb(home, binaries, &making, "C.UTF-8").await {
        Err(StartError::Failed { said, .. }) if said.contains("locale") => {
            run_initdb(home, binaries, &making, "C").await
        }
        made => made,
    };
    made.inspect_err(|_| remove_unfinished(&home.path))?;
    directory::replace_file(&making.join("pg_hba.conf"), DOOR, &home.account)?;
    std::fs::rename(&making, home.data())
        .and_then(|()| File::open(&home.path)?.sync_all())
        .doing(|| format!("putting {} in its place", home.data().display()))
}

async fn run_initdb(
    home: &Home,
    binaries: &Binaries,
    making: &Path,
    locale: &str,
) -> Result<(), StartError> {
    let mut initdb = postmaster::program(home, binaries, "initdb");
    initdb
        .arg("-D")
        .arg(making)
        .args(["-U", ROLE, "-E", "UTF8", "--auth=trust"]);
    initdb.arg(format!("--locale={locale}")).kill_on_drop(true);
    let output = initdb
        .output()
        .await
        .doing(|| format!("running initdb in {}", binaries.directory.display()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(StartError::Failed {
        what: format!("initdb failed, run as the user {}", home.account.name),
        said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        log: home.log(),
    })
}

fn remove_unfinished(home: &Path) {
    for entry in home.read_dir().into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(MAKING) {
            let _tried_again_next_time = std::fs::remove_dir_all(entry.path());
        }
    }
}
