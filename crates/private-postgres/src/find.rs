//! Finds PostgreSQL's server programs on this host.
//!
//! It only asks for versions. When a directory is given, no other is searched: a fallback to another
//! version would open the data with a server that the operator did not choose. Existing data decide
//! the version.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::StartError;
use super::install;
use super::names::Names;

const PROGRAMS: [&str; 3] = ["initdb", "postgres", "pg_ctl"];
/// PostgreSQL 14 introduced compression by column.
const OLDEST_MAJOR: u32 = 14;
/// Where packages put the programs, best first; `*` is the version. Scripts read the file, too.
const DIRECTORIES: &str = include_str!("directories.txt");

/// The binaries of one PostgreSQL installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) directory: PathBuf,
    /// The major version as `PG_VERSION` writes it.
    pub(super) major: String,
}

/// Fails where PostgreSQL is not installed and cannot be installed, before anything is created.
pub(super) fn possible(
    given: Option<&Path>,
    root: bool,
    names: &'static Names,
) -> Result<(), StartError> {
    let directories = given.map_or_else(known_directories, |directory| vec![directory.to_owned()]);
    if directories
        .iter()
        .any(|directory| holds_programs(directory))
        || install::command_here(root).is_some()
    {
        return Ok(());
    }
    Err(StartError::NoneHere { names })
}

fn holds_programs(directory: &Path) -> bool {
    PROGRAMS.iter().all(|name| directory.join(name).is_file())
}

/// The programs to use: those of the major version of existing data, if there are any.
pub(super) fn binaries(
    given: Option<&Path>,
    wanted: Option<(&str, &Path)>,
    root: bool,
    names: &'static Names,
) -> Result<Binaries, StartError> {
    let (directories, searched) = match given {
        Some(directory) => (
            vec![directory.to_owned()],
            format!("searched only {}", directory.display()),
        ),
        None => (
            known_directories(),
            "searched PATH and the usual directories".to_owned(),
        ),
    };
    let mut found: Vec<Binaries> = Vec::new();
    for directory in directories {
        if !holds_programs(&directory) {
            continue;
        }
        let Some(major) = ask_version(&directory) else {
            continue;
        };
        let binaries = Binaries { directory, major };
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
            names,
        }),
        _ => Err(match install::command_here(root) {
            None => StartError::NoneHere { names },
            Some(install) => StartError::NoBinaries {
                searched: if majors.is_empty() {
                    searched
                } else {
                    format!("{searched}; {} is too old", majors.join(", "))
                },
                install,
                names,
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

/// The directories to search, best first.
fn known_directories() -> Vec<PathBuf> {
    let configured = ask("pg_config", &["--bindir"]).map(|path| PathBuf::from(path.trim()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::split_paths(&path).filter(|directory| directory.is_absolute());
    let usual = DIRECTORIES.lines().flat_map(newest_first);
    let all = configured.into_iter().chain(path).chain(usual);
    let mut seen = std::collections::HashSet::new();
    all.filter(|directory| seen.insert(directory.clone()))
        .collect()
}

/// The first directory with the server's programs, of any supported version.
pub fn bindir(given: Option<&Path>) -> Option<PathBuf> {
    let found = binaries(given, None, true, &Names::NEUTRAL).ok();
    found.map(|binaries| binaries.directory)
}

/// The directories that match a pattern with at most one `*`, highest version first.
fn newest_first(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let names = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut versions: Vec<String> = names
        .filter_map(|entry| {
            let name = entry.file_name();
            name.to_str()?.strip_prefix(prefix).map(str::to_owned)
        })
        .collect();
    versions.sort_by_key(|version| std::cmp::Reverse(version_key(version)));
    let paths = versions
        .iter()
        .map(|version| format!("{before}{version}{after}"));
    paths.map(PathBuf::from).collect()
}

fn version_key(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

fn ask_version(directory: &Path) -> Option<String> {
    major_of(&ask(directory.join("postgres"), &["--version"])?)
}

/// The output of a program, if it succeeds.
pub(super) fn ask(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Option<String> {
    // The environment may contain tokens, and variables of libpq.
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
    fn an_empty_directory_that_was_given_is_answered_with_the_install_command() {
        let error =
            binaries(Some(Path::new("/nonexistent")), None, true, &Names::NEUTRAL).unwrap_err();
        let said = error.to_string();
        assert!(matches!(error, StartError::NoBinaries { .. }));
        assert!(
            said.contains("/nonexistent") && said.contains("Install one:"),
            "{said}"
        );
    }
}
