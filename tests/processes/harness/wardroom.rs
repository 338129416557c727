//! The real binary as a child process: started, listened to, signalled, and ended with the test.
//!
//! It listens on port 0 and says where on its log; nothing is guessed and no port is shared. The
//! environment is the child's own: nothing of the test run's leaks in. A child is killed by its own
//! number when it is dropped.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Notify, watch};

/// Variables of a child.
pub type Env = BTreeMap<String, String>;

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// A running `wardroom serve`.
pub struct Wardroom {
    child: Child,
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub url: String,
    /// Where its second listener is, if there is one.
    pub metrics_url: Option<String>,
    log: Arc<Log>,
    reads: watch::Sender<bool>,
}

/// What a child has said on stderr.
#[derive(Default)]
pub struct Log {
    lines: Mutex<Vec<String>>,
    changed: Notify,
}

/// A child that ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Log {
    pub fn lines(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn push(&self, line: String) {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
        self.changed.notify_waiters();
    }

    /// The first line, after `skip` lines, that fits.
    async fn wait(&self, skip: usize, fits: impl Fn(&str) -> bool) -> String {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let found = self.lines().into_iter().skip(skip).find(|line| fits(line));
            if let Some(line) = found {
                return line;
            }
            changed.await;
        }
    }
}

pub fn command(env: &Env, args: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardroom"));
    command
        .args(args)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(env)
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Runs a command of the binary to its end.
pub async fn run(env: &Env, args: &[&str]) -> Ended {
    let mut command = command(env, args, &std::env::temp_dir());
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    let output = output
        .unwrap_or_else(|_| panic!("wardroom {args:?} did not end"))
        .unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Wardroom {
    /// Starts `serve` and waits until it listens.
    pub async fn start(env: &Env) -> Self {
        Self::start_with(env, &[]).await
    }

    /// The same with more arguments.
    pub async fn start_with(env: &Env, more: &[&str]) -> Self {
        Self::start_in(&std::env::temp_dir(), env, more).await
    }

    /// The same in this working directory.
    pub async fn start_in(folder: &Path, env: &Env, more: &[&str]) -> Self {
        let mut args = vec!["serve", "--host", "127.0.0.1", "--port", "0"];
        args.extend(more);
        let mut child = command(env, &args, folder)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Log::default());
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let writes = log.clone();
        let (reads, mut reading) = watch::channel(true);
        tokio::spawn(async move {
            while reading.wait_for(|reads| *reads).await.is_ok()
                && let Ok(Some(line)) = said.next_line().await
            {
                writes.push(line);
            }
        });
        let listening = log.wait(0, |line| message(line) == "listening");
        let listening = tokio::select! {
            line = listening => line,
            ended = child.wait() => panic!("it ended with {ended:?} before it listened:\n{}", log.lines().join("\n")),
            () = crate::harness::moment::pass(PATIENCE) => panic!("it does not listen:\n{}", log.lines().join("\n")),
        };
        let line: Value = serde_json::from_str(&listening).unwrap();
        let address = |field: &str| line[field].as_str().map(|at| format!("http://{at}"));
        Self {
            url: address("address").expect("the line names the address"),
            metrics_url: address("metrics"),
            child,
            log,
            reads,
        }
    }

    /// Its process number.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id().expect("it runs")).unwrap()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid()).unwrap();
        kill_process(pid, signal).expect("it runs");
    }

    /// SIGKILL, and its end; gives what it had logged.
    pub async fn kill(mut self) -> Vec<String> {
        self.child.kill().await.unwrap();
        self.log.lines()
    }

    /// Waits for its end.
    pub async fn ended(&mut self, limit: Duration) -> ExitStatus {
        let ended = tokio::time::timeout(limit, self.child.wait()).await;
        ended
            .unwrap_or_else(|_| {
                panic!(
                    "it still runs after {limit:?}:\n{}",
                    self.lines().join("\n")
                )
            })
            .unwrap()
    }

    /// Ends it in order; gives what it had logged.
    pub async fn stop(mut self) -> Vec<String> {
        self.signal(Signal::TERM);
        let status = self.ended(Duration::from_secs(40)).await;
        assert_eq!(status.code(), Some(0), "{}", self.lines().join("\n"));
        self.log.lines()
    }

    /// Whether its standard error is read: it is from the start.
    pub fn is_read(&self, reads: bool) {
        self.reads.send_replace(reads);
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// What it has logged so far.
    pub fn lines(&self) -> Vec<String> {
        self.log.lines()
    }

    /// Waits for a line with this message, beyond the first `skip` lines.
    pub async fn says(&self, skip: usize, words: &str) -> Value {
        let line = self.log.wait(skip, |line| message(line).contains(words));
        let line = tokio::time::timeout(Duration::from_secs(20), line).await;
        let line = line.unwrap_or_else(|_| {
            panic!("it never said {words:?}, but:\n{}", self.lines().join("\n"))
        });
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Wardroom {
    /// Shows, when a test fails for another reason, what the child reported.
    fn drop(&mut self) {
        let lines = self.lines();
        let errors = errors(&lines);
        if std::thread::panicking() && !errors.is_empty() {
            eprintln!("process {:?} logged {errors:#?}", self.child.id());
        }
    }
}

fn message(line: &str) -> String {
    let line: Value = serde_json::from_str(line).unwrap_or_default();
    line["message"].as_str().unwrap_or_default().to_owned()
}

/// The lines at ERROR, and those that are no log lines (a panic's, for one).
pub fn errors(lines: &[String]) -> Vec<&String> {
    let bad = |line: &&String| {
        let parsed: Value = serde_json::from_str(line).unwrap_or_default();
        parsed["level"]
            .as_str()
            .is_none_or(|level| level == "ERROR")
    };
    lines.iter().filter(bad).collect()
}
