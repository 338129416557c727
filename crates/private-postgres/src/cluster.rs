//! Creates PostgreSQL's data directory, atomically.
//!
//! initdb writes `PG_VERSION` long before it has finished, so it works in a directory with another
//! name, which is renamed at the end. A kill in between leaves files that the next start removes.
//! Every connection to the socket is trusted: `peer` would refuse root, which is not the account,
//! and a password would be stored beside the data. The socket's directory has mode 0700, so only the
//! account and root can connect.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, lchown};
use std::path::Path;

use super::account;
use super::directory::{self, Home};
use super::error::{Doing, StartError};
use super::find::Binaries;
use super::postmaster;

const UNFINISHED: &str = "postgres.init-";

/// The major version of existing data, if there are any.
pub(super) fn version(home: &Home) -> Result<Option<String>, StartError> {
    let data = home.data();
    match std::fs::read_to_string(data.join("PG_VERSION")) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(_) if !data.exists() => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(StartError::Directory {
            problem: format!("{} is not a PostgreSQL data directory", data.display()),
            fix: format!(
                "Move it away, or set {} to another folder.",
                home.names.data_dir
            ),
        }),
        Err(error) => Err(error).doing(|| format!("reading {}/PG_VERSION", data.display())),
    }
}

/// Creates the data directory. The caller holds the start lock.
pub(super) async fn create(home: &Home, binaries: &Binaries) -> Result<(), StartError> {
    remove_unfinished(&home.path);
    let unfinished = home
        .path
        .join(format!("{UNFINISHED}{}", uuid::Uuid::new_v4().simple()));
    let doing = || format!("creating {}", unfinished.display());
    DirBuilder::new()
        .mode(0o700)
        .create(&unfinished)
        .doing(doing)?;
    if home.account.uid != account::own_uid() {
        lchown(&unfinished, Some(home.account.uid), Some(home.account.gid)).doing(doing)?;
    }
    // Not every system has C.UTF-8. C sorts the same way, but converts fewer letters to upper case.
    let made = match run_initdb(home, binaries, &unfinished, "C.UTF-8").await {
        Err(StartError::Failed { output, .. }) if output.contains("locale") => {
            run_initdb(home, binaries, &unfinished, "C").await
        }
        made => made,
    };
    made.inspect_err(|_| remove_unfinished(&home.path))?;
    directory::replace_file(
        &unfinished.join("pg_hba.conf"),
        &pg_hba(home.names.program),
        &home.account,
    )?;
    std::fs::rename(&unfinished, home.data())
        .and_then(|()| File::open(&home.path)?.sync_all())
        .doing(|| format!("renaming it to {}", home.data().display()))
}

/// Only the role of the program, a superuser, may connect.
fn pg_hba(program: &str) -> String {
    format!(
        "# Written by {program}: the mode of the directory of the socket restricts access.\n\
         local all \"{program}\" trust\n"
    )
}

async fn run_initdb(
    home: &Home,
    binaries: &Binaries,
    unfinished: &Path,
    locale: &str,
) -> Result<(), StartError> {
    let mut initdb = postmaster::program(home, binaries, "initdb");
    initdb
        .arg("-D")
        .arg(unfinished)
        .args(["-U", home.names.program, "-E", "UTF8", "--auth=trust"]);
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
        output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        log: home.log(),
    })
}

fn remove_unfinished(home: &Path) {
    for entry in home.read_dir().into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let _removed_at_the_next_start = std::fs::remove_dir_all(entry.path());
        }
    }
}
