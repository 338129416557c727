//! What the stories of the private PostgreSQL share: folders, questions and other processes.
//!
//! It ends processes by the number in a pid file that lies in the test's own folder, and no
//! others.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sqlx::{Connection, PgConnection, Row};
use wardroom::private_postgres::{Mode, PrivatePostgres};

/// A folder that ends with the test, and so does the PostgreSQL in it.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("wardroom-test-{}", uuid::Uuid::new_v4()));
        std::fs::DirBuilder::new()
            .mode(0o755)
            .create(&path)
            .unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Folder(path.canonicalize().unwrap())
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.0.join("home")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        clear(&self.0);
    }
}

/// Ends each PostgreSQL below a folder, by the number in its pid file, and removes the folder.
pub(crate) fn clear(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let data = entry.path().join("postgres");
            if let Some(pid) = postmaster_pid(&data).filter(|pid| runs(*pid, &data)) {
                signal("QUIT", pid);
            }
            clear(&entry.path());
        }
    }
    let _what_is_left_is_in_tmp = std::fs::remove_dir_all(folder);
}

pub(crate) fn postmaster_pid(data: &Path) -> Option<u32> {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
    text.lines().next()?.parse().ok()
}

pub(crate) fn runs(pid: u32, data: &Path) -> bool {
    let ps = Command::new("ps")
        .args(["-ww", "-o", "stat=,command=", "-p", &pid.to_string()])
        .output()
        .unwrap();
    let line = String::from_utf8_lossy(&ps.stdout).into_owned();
    !line.starts_with('Z') && line.contains(&*data.to_string_lossy())
}

pub(crate) fn signal(name: &str, pid: u32) {
    let kill = format!("kill -{name} {pid}");
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success(),
        "{kill}"
    );
}

pub(crate) async fn start(dir: &Path, mode: Mode) -> PrivatePostgres {
    PrivatePostgres::start(dir, None, mode).await.unwrap()
}

pub(crate) async fn connect(postgres: &PrivatePostgres) -> PgConnection {
    PgConnection::connect_with(&postgres.connect_options())
        .await
        .unwrap()
}

pub(crate) async fn ask(connection: &mut PgConnection, question: &'static str) -> String {
    sqlx::query(question)
        .fetch_one(connection)
        .await
        .unwrap()
        .get::<String, _>(0)
}

pub(crate) async fn ask_once(postgres: &PrivatePostgres, question: &'static str) -> String {
    ask(&mut connect(postgres).await, question).await
}

/// A wardroom in a process of its own, which has started PostgreSQL.
pub(crate) struct Other {
    pub(crate) child: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Other {
    pub(crate) fn start(work: &str, dir: &Path) -> Other {
        Other::run(Command::new(std::env::current_exe().unwrap()), work, dir)
    }

    pub(crate) fn run(mut command: Command, work: &str, dir: &Path) -> Other {
        let mut child = command
            .args(["--exact", "the_other_wardroom", "--nocapture"])
            .env("WARDROOM_TEST_OTHER", work)
            .env("WARDROOM_TEST_DIR", dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Other { child, said }
    }

    pub(crate) fn hears(&mut self, beginning: &str) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            let read = self.said.read_line(&mut line).unwrap();
            assert!(
                read > 0,
                "it ended without saying {beginning:?}, but:\n{all}"
            );
            if let Some((_, rest)) = line.split_once(beginning) {
                return rest.trim().to_owned();
            }
            all.push_str(&line);
        }
    }

    pub(crate) fn ready(mut self) -> Other {
        self.hears("READY");
        self
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it end in order.
    pub(crate) fn finish(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}
