//! Finds the PostgreSQL server's binaries on this machine.
//!
//! It looks and asks for versions, and starts nothing. A folder given by hand is the only one
//! looked at: silently falling back to another version would open the data with a server the
//! person did not choose. A data directory has the last word on the version.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::StartError;
use super::install;

/// What must stand in a folder for it to count.
const PROGRAMS: [&str; 3] = ["initdb", "postgres", "pg_ctl"];
/// PostgreSQL 14 brought a column's own compression, which the first migration names.
const OLDEST_MAJOR: u32 = 14;
/// Folders with one subfolder or name per version; `*` stands for the version.
const VERSIONED: [&str; 9] = [
    "/usr/lib/postgresql/*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "/usr/pgsql-*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/Library/PostgreSQL/*/bin",
    "/usr/libexec/postgresql*",
    "/usr/lib/postgresql*/bin",
];
/// Folders that hold one version at a time.
const PLAIN: [&str; 4] = [
    "/opt/homebrew/bin",
    "/usr/local/bin",
    "/usr/local/pgsql/bin",
    "/usr/bin",
];

/// The binaries of one PostgreSQL installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    /// The folder that holds them.
    pub(super) folder: PathBuf,
    /// The major version as `PG_VERSION` writes it.
    pub(super) major: String,
}

/// Refuses where there can be no PostgreSQL at all, before anything is made for it.
pub(super) fn possible(given: Option<&Path>, root: bool) -> Result<(), StartError> {
    let folders = given.map_or_else(known_folders, |folder| vec![folder.to_owned()]);
    if folders.iter().any(|folder| holds_programs(folder)) || install::command_here(root).is_some()
    {
        return Ok(());
    }
    Err(StartError::NoneHere)
}

fn holds_programs(folder: &Path) -> bool {
    PROGRAMS.iter().all(|name| folder.join(name).is_file())
}

/// The binaries to use: those of `wanted`'s major version where data already exist.
pub(super) fn binaries(
    given: Option<&Path>,
    wanted: Option<(&str, &Path)>,
    root: bool,
) -> Result<Binaries, StartError> {
    let (folders, looked) = match given {
        Some(folder) => (
            vec![folder.to_owned()],
            format!("looked only in {}", folder.display()),
        ),
        None => (
            known_folders(),
            "looked in the usual places and in PATH".to_owned(),
        ),
    };
    let mut found: Vec<Binaries> = Vec::new();
    for folder in folders {
        if !holds_programs(&folder) {
            continue;
        }
        let Some(major) = ask_version(&folder) else {
            continue;
        };
        let binaries = Binaries { folder, major };
        if fits(&binaries.major, wanted.map(|(major, _)| major)) {
            return Ok(binaries);
        }
        found.push(binaries);
    }
    found.dedup_by(|a, b| a.major == b.major);
    let majors: Vec<_> = found.iter().map(|found| found.major.as_str()).collect();
    match wanted {
        Some((wanted, data)) if !majors.is_empty() => Err(StartError::OtherVersion {
            data: data.to_owned(),
            wanted: wanted.to_owned(),
            found: majors.join(", "),
        }),
        _ => Err(match install::command_here(root) {
            None => StartError::NoneHere,
            Some(install) => StartError::NoBinaries {
                looked: if majors.is_empty() {
                    looked
                } else {
                    format!("{looked}; {} is too old", majors.join(", "))
                },
                install,
            },
        }),
    }
}

fn fits(major: &str, wanted: Option<&str>) -> bool {
    match wanted {
        Some(wanted) => wanted == major,
        None => major
            .parse::<u32>()
            .is_ok_and(|major| major >= OLDEST_MAJOR),
    }
}

/// Every folder worth looking into, best first.
fn known_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = ask("pg_config", &["--bindir"])
        .map(|folder| PathBuf::from(folder.trim()))
        .into_iter()
        .chain(VERSIONED.iter().flat_map(|pattern| newest_first(pattern)))
        .chain(std::env::var_os("PATH").iter().flat_map(|path| {
            std::env::split_paths(path)
                .filter(|folder| folder.is_absolute())
                .collect::<Vec<_>>()
        }))
        .chain(PLAIN.iter().map(PathBuf::from))
        .collect();
    let mut seen = std::collections::HashSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    folders
}

/// The folders that match a pattern with one `*`, highest version first.
fn newest_first(pattern: &str) -> Vec<PathBuf> {
    let (before, after) = pattern.split_once('*').expect("each pattern has one star");
    let parent = before.rfind('/').map_or("", |slash| &before[..=slash]);
    let prefix = &before[parent.len()..];
    let names = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut versions: Vec<String> = names
        .filter_map(|entry| {
            entry
                .file_name()
                .to_str()?
                .strip_prefix(prefix)
                .map(str::to_owned)
        })
        .collect();
    versions.sort_by_key(|version| std::cmp::Reverse(version_key(version)));
    versions
        .iter()
        .map(|version| PathBuf::from(format!("{before}{version}{after}")))
        .collect()
}

fn version_key(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

fn ask_version(folder: &Path) -> Option<String> {
    major_of(&ask(folder.join("postgres"), &["--version"])?)
}

/// What a small program prints, if it runs and succeeds.
pub(super) fn ask(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Option<String> {
    // Our environment holds tokens and, perhaps, variables of PostgreSQL's own.
    let kept = |name: &std::ffi::OsString| name == "PATH" || name == "LD_LIBRARY_PATH";
    let output = Command::new(program)
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| kept(name)))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// `15` of "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)", `9.6` of "… 9.6.24".
fn major_of(version_line: &str) -> Option<String> {
    let version = version_line.split_once("(PostgreSQL) ")?.1;
    let numbers = version
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .next()?;
    let mut parts = numbers.split('.').filter(|part| !part.is_empty());
    let first = parts.next()?;
    match first.parse::<u32>().ok()? {
        0..10 => Some(format!("{first}.{}", parts.next()?)),
        _ => Some(first.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_as_pg_version_writes_it() {
        let cases = [
            (
                "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n",
                Some("15"),
            ),
            ("postgres (PostgreSQL) 17.0\n", Some("17")),
            ("postgres (PostgreSQL) 18beta2\n", Some("18")),
            ("postgres (PostgreSQL) 9.6.24\n", Some("9.6")),
            ("something else 15.1", None),
            ("", None),
        ];
        for (line, expected) in cases {
            assert_eq!(major_of(line).as_deref(), expected, "{line:?}");
        }
    }

    #[test]
    fn existing_data_choose_the_version_and_new_data_take_any_recent_one() {
        assert!(fits("15", Some("15")));
        assert!(fits("9.6", Some("9.6")));
        assert!(!fits("16", Some("15")));
        assert!(fits("14", None));
        assert!(!fits("13", None));
        assert!(!fits("9.6", None));
    }

    #[test]
    fn ten_is_newer_than_nine() {
        assert!(version_key("10") > version_key("9.6"));
        assert!(version_key("17") > version_key("16"));
        assert!(version_key("9.6") > version_key("9.5"));
        assert_eq!(version_key("README"), (0, 0));
    }

    #[test]
    fn an_empty_folder_named_by_hand_is_answered_with_the_install_command() {
        let error = binaries(Some(Path::new("/nonexistent")), None, true).unwrap_err();
        let said = error.to_string();
        assert!(matches!(error, StartError::NoBinaries { .. }));
        assert!(
            said.contains("/nonexistent") && said.contains("Install one:"),
            "{said}"
        );
    }
}
