//! Reads `postmaster.pid`: whether a PostgreSQL runs on these data.
//!
//! The file remains after a crash, and after a reboot or in a new container its process id may belong
//! to another program. So the process must be alive, not a zombie, and must have been started on this
//! data directory. A stale file is not deleted, because PostgreSQL uses its shared-memory line to
//! detect orphaned backends that still write; only the process id is replaced by an unused one.

use std::path::{Path, PathBuf};

use rustix::process::{Pid, test_kill_process};

use super::account::Account;
use super::error::{Doing, StartError};
use super::{directory, find};

/// Higher than every possible process id.
const UNUSED: i32 = i32::MAX - 1;

/// The content of `postmaster.pid`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: i32,
    /// Missing until PostgreSQL has created its socket.
    pub(super) socket_folder: Option<PathBuf>,
}

/// The process that uses the data.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// No live process.
    None,
    Postmaster(PidFile),
    /// The process id belongs to another program.
    Other(i32),
}

pub(super) fn holder(data: &Path) -> Holder {
    let Some(file) = read(data).filter(|file| alive(file.pid)) else {
        return Holder::None;
    };
    if runs_on(file.pid, data) {
        Holder::Postmaster(file)
    } else {
        Holder::Other(file.pid)
    }
}

/// Replaces the process id, so that PostgreSQL treats the process as dead.
pub(super) fn disown(data: &Path, account: &Account) -> Result<(), StartError> {
    let path = data.join("postmaster.pid");
    let text = std::fs::read_to_string(&path).doing(|| format!("reading {}", path.display()))?;
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    directory::replace_file(&path, &format!("{UNUSED}\n{rest}"), account)
}

/// Whether a process is alive and not a zombie.
pub(super) fn alive(pid: i32) -> bool {
    // A single-user PostgreSQL writes a negative number.
    let Some(id) = (pid > 1).then(|| Pid::from_raw(pid)).flatten() else {
        return false;
    };
    if test_kill_process(id) == Err(rustix::io::Errno::SRCH) {
        return false;
    }
    std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| !is_zombie(&stat))
}

fn read(data: &Path) -> Option<PidFile> {
    parse(&std::fs::read_to_string(data.join("postmaster.pid")).ok()?)
}

fn parse(text: &str) -> Option<PidFile> {
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok()?;
    let socket_folder = lines
        .nth(3)
        .map(str::trim)
        .filter(|folder| folder.starts_with('/'))
        .map(PathBuf::from);
    Some(PidFile { pid, socket_folder })
}

/// Field 3, after the name in parentheses, which may itself hold parentheses.
fn is_zombie(stat: &str) -> bool {
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with(['Z', 'X']))
}

/// Whether the process was started on these data: by its arguments or its working directory.
fn runs_on(pid: i32, data: &Path) -> bool {
    let wanted = data.as_os_str().as_encoded_bytes();
    if let Ok(arguments) = std::fs::read(format!("/proc/{pid}/cmdline")) {
        let named = arguments
            .split(|byte| *byte == 0)
            .any(|argument| argument == wanted);
        let stands = std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data);
        return named || stands;
    }
    find::ask("ps", &["-ww", "-o", "command=", "-p", &pid.to_string()])
        .is_some_and(|command| command.contains(&*data.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_is_read_whole_or_half_written() {
        let whole = "4711\n/srv/w/postgres\n1700000000\n5432\n/run/program/s\n\n 123 4\nready\n";
        let file = parse(whole).unwrap();
        assert_eq!(file.pid, 4711);
        assert_eq!(
            file.socket_folder.as_deref(),
            Some(Path::new("/run/program/s"))
        );
        assert_eq!(parse("4711\n/srv/w\n17\n").unwrap().socket_folder, None);
        assert_eq!(
            parse("4711\n/srv/w\n17\n5432\n\n\n").unwrap().socket_folder,
            None
        );
        assert_eq!(parse(""), None);
        assert_eq!(parse("not a number\n"), None);
    }

    #[test]
    fn a_zombie_is_dead_whatever_its_name() {
        assert!(is_zombie("12 (postgres) Z 1 12"));
        assert!(is_zombie("12 (a) S b) Z 1 12"));
        assert!(!is_zombie("12 (Z) S 1 12"));
    }

    #[test]
    fn only_a_living_process_on_these_data_holds_them() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(alive(own));
        assert!(!alive(UNUSED) && !alive(0) && !alive(-5));
        assert!(!runs_on(own, Path::new("/nonexistent/data")));
    }
}
