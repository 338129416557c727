//! A PostgreSQL server of the test's own, to be killed, stopped and held still.
//!
//! Its processes are found as children of the postmaster that this test started, and nothing else
//! is touched. Commits wait a moment before they are flushed (`commit_delay`), so that a kill
//! between append and flush is the rule and not luck.

use super::Folder;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Cluster {
    folder: Folder,
    bin: PathBuf,
    owner: Option<(u32, u32)>,
    postmaster: Option<Child>,
}

impl Cluster {
    /// Makes one and starts it; its database `postgres` is empty.
    pub async fn start() -> Self {
        let mut cluster = Self::nothing();
        let made = cluster
            .program("initdb")
            .args([
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "-D",
            ])
            .arg(cluster.data())
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "initdb: {words}");
        cluster.start_again().await;
        cluster
    }

    /// A folder for one.
    pub(super) fn nothing() -> Self {
        let folder = Folder::new();
        let owner = owner();
        if let Some((uid, gid)) = owner {
            std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        Self {
            bin: bindir(),
            folder,
            owner,
            postmaster: None,
        }
    }

    /// Starts the postmaster and waits until it answers.
    pub async fn start_again(&mut self) {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            // A killed one's backends may still hold its memory: then this one ends at once.
            let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
            let data = self.data();
            let socket = self.folder.path().to_owned();
            let mut postmaster = self
                .program("postgres")
                .arg("-D")
                .arg(data)
                .arg("-k")
                .arg(socket)
                .args(["-c", "listen_addresses=", "-c", "max_connections=60"])
                .args([
                    "-c",
                    "fsync=on",
                    "-c",
                    "commit_delay=20000",
                    "-c",
                    "commit_siblings=0",
                ])
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()
                .unwrap();
            while postmaster.try_wait().unwrap().is_none() && Instant::now() < until {
                if let Ok(connection) = self.options().connect().await {
                    let _closed = connection.close().await;
                    self.postmaster = Some(postmaster);
                    return;
                }
                crate::harness::moment::pass(Duration::from_millis(50)).await;
            }
            let _ended = postmaster.kill();
            let _ended = postmaster.wait();
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < until, "PostgreSQL does not start:\n{log}");
            crate::harness::moment::pass(Duration::from_millis(100)).await;
        }
    }

    /// SIGKILL to the postmaster and to every backend: as when the machine's power goes.
    pub fn kill(&mut self) {
        let backends = self.backends();
        self.kill_these(backends);
    }

    /// The same at a chosen moment: its processes are listed before, which takes a while.
    pub async fn kill_when(&mut self, moment: impl Future<Output = ()>) {
        let backends = self.backends();
        moment.await;
        self.kill_these(backends);
    }

    fn kill_these(&mut self, backends: Vec<Pid>) {
        let mut postmaster = self.postmaster.take().expect("it runs");
        postmaster.kill().unwrap();
        for pid in backends {
            let _already_gone = kill_process(pid, Signal::KILL);
        }
        postmaster.wait().unwrap();
    }

    /// An ordinary end that waits for no client.
    pub async fn stop(&mut self) {
        let mut postmaster = self.postmaster.take().expect("it runs");
        kill_process(pid(&postmaster), Signal::INT).unwrap();
        tokio::task::spawn_blocking(move || postmaster.wait())
            .await
            .unwrap()
            .unwrap();
    }

    /// Holds every process of the server still, until the guard is dropped.
    pub fn freeze(&self) -> Frozen {
        let mut frozen = vec![pid(self.postmaster.as_ref().expect("it runs"))];
        frozen.extend(self.backends());
        for pid in &frozen {
            let _already_gone = kill_process(*pid, Signal::STOP);
        }
        Frozen(frozen)
    }

    pub fn options(&self) -> PgConnectOptions {
        PgConnectOptions::new()
            .socket(self.folder.path())
            .username("postgres")
            .database("postgres")
    }

    pub fn url(&self) -> String {
        let socket = self.socket();
        format!("postgres://postgres@localhost/postgres?host={socket}")
    }

    /// The folder of its socket.
    pub fn socket(&self) -> String {
        self.folder.path().display().to_string()
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(super) fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.current_dir(self.folder.path());
        if let Some((uid, gid)) = self.owner {
            command.uid(uid).gid(gid);
        }
        command
    }

    fn backends(&self) -> Vec<Pid> {
        let parent = pid(self.postmaster.as_ref().expect("it runs"));
        let parent = parent.as_raw_nonzero().to_string();
        let listed = Command::new("ps")
            .args(["-A", "-o", "pid=,ppid="])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        text.lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let (child, of) = (words.next()?, words.next()?);
                (of == parent).then(|| Pid::from_raw(child.parse().ok()?))?
            })
            .collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.postmaster.is_some() {
            self.kill();
        }
    }
}

/// Processes that stand still.
pub struct Frozen(Vec<Pid>);

impl Drop for Frozen {
    fn drop(&mut self) {
        for pid in &self.0 {
            let _already_gone = kill_process(*pid, Signal::CONT);
        }
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap()
}

/// PostgreSQL refuses to run as root: then it runs as `postgres`, whom the packages create.
fn owner() -> Option<(u32, u32)> {
    let ask = |args: &[&str]| -> u32 {
        let asked = Command::new("id").args(args).output().unwrap();
        let text = String::from_utf8_lossy(&asked.stdout).into_owned();
        text.trim().parse().expect("id knows the user")
    };
    (ask(&["-u"]) == 0).then(|| (ask(&["-u", "postgres"]), ask(&["-g", "postgres"])))
}

/// The directory of PostgreSQL's programs.
fn bindir() -> PathBuf {
    let given = std::env::var_os("WARDROOM_PG_BINDIR").map(PathBuf::from);
    private_postgres::bindir(given.as_deref())
        .expect("PostgreSQL's programs are installed, or WARDROOM_PG_BINDIR is their directory")
}
