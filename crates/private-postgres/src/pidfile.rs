//! Reads `postmaster.pid`: is a PostgreSQL running on these data, and is it really one?
//!
//! The file outlives a crash, and after a reboot, or in a new container, its number may belong
//! to anybody. So the process must be alive, no zombie, and have been started on this very data
//! directory. A false file is never deleted: its shared-memory line is PostgreSQL's own guard
//! against orphaned backends that still write, so only the number is replaced by a dead one.

use std::path::{Path, PathBuf};

use rustix::process::{Pid, test_kill_process};

use super::account::Account;
use super::error::{Doing, StartError};
use super::{directory, find};

/// Above every system's highest process id, so never alive.
const NOBODY: i32 = i32::MAX - 1;

/// What `postmaster.pid` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: i32,
    /// Missing while PostgreSQL is in its first moments.
    pub(super) socket_folder: Option<PathBuf>,
}

/// Who holds the data.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// Nobody; or a dead one, which PostgreSQL finds out by itself.
    Nobody,
    /// A running PostgreSQL.
    Postmaster(PidFile),
    /// The number lives, but as something else.
    Stranger(i32),
}

/// Looks who holds the data.
pub(super) fn holder(data: &Path) -> Holder {
    let Some(file) = read(data).filter(|file| alive(file.pid)) else {
        return Holder::Nobody;
    };
    if runs_on(file.pid, data) {
        Holder::Postmaster(file)
    } else {
        Holder::Stranger(file.pid)
    }
}

/// Makes PostgreSQL see that the file's process is dead.
pub(super) fn disown(data: &Path, account: &Account) -> Result<(), StartError> {
    let path = data.join("postmaster.pid");
    let text = std::fs::read_to_string(&path).doing(|| format!("reading {}", path.display()))?;
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    directory::replace_file(&path, &format!("{NOBODY}\n{rest}"), account)
}

/// Whether a process lives and is no zombie.
pub(super) fn alive(pid: i32) -> bool {
    // A single-user PostgreSQL writes a negative number, which it alone may judge.
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
        let whole = "4711\n/srv/w/postgres\n1700000000\n5432\n/run/wardroom/s\n\n 123 4\nready\n";
        let file = parse(whole).unwrap();
        assert_eq!(file.pid, 4711);
        assert_eq!(
            file.socket_folder.as_deref(),
            Some(Path::new("/run/wardroom/s"))
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
        assert!(!alive(NOBODY) && !alive(0) && !alive(-5));
        assert!(!runs_on(own, Path::new("/nonexistent/data")));
    }
}
