//! The private PostgreSQL as a real server, run by the user of the tests, which may be root.
//!
//! Some tests kill a process, so this binary starts itself: `another_process` is that process when
//! `PRIVATE_POSTGRES_TEST_MODE` is set, and a test without content otherwise. Each test has its own
//! directory and stops only the processes in it.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use private_postgres::{Mode, Names, PrivatePostgres, StartError};
use sqlx::{Connection, PgConnection, Row};

mod hostile_directories;

const NAMES: Names = Names {
    program: "keeper",
    data_dir: "KEEPER_DATA_DIR",
    bindir: "KEEPER_BINDIR",
    url: "KEEPER_URL",
};

/// A folder that ends with the test, and so does the PostgreSQL in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let path =
            std::env::temp_dir().join(format!("private-postgres-test-{}", uuid::Uuid::new_v4()));
        std::fs::DirBuilder::new()
            .mode(0o755)
            .create(&path)
            .unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Folder(path.canonicalize().unwrap())
    }

    fn home(&self) -> PathBuf {
        self.0.join("home")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        clear(&self.0);
    }
}

/// Ends each PostgreSQL below a folder, by the number in its pid file, and removes the folder.
fn clear(folder: &Path) {
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

fn postmaster_pid(data: &Path) -> Option<u32> {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
    text.lines().next()?.parse().ok()
}

fn runs(pid: u32, data: &Path) -> bool {
    let ps = Command::new("ps")
        .args(["-ww", "-o", "stat=,command=", "-p", &pid.to_string()])
        .output()
        .unwrap();
    let line = String::from_utf8_lossy(&ps.stdout).into_owned();
    !line.starts_with('Z') && line.contains(&*data.to_string_lossy())
}

fn signal(name: &str, pid: u32) {
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

async fn start(dir: &Path, mode: Mode) -> PrivatePostgres {
    PrivatePostgres::start(dir, None, mode, &NAMES)
        .await
        .unwrap()
}

async fn connect(postgres: &PrivatePostgres) -> PgConnection {
    PgConnection::connect_with(&postgres.connect_options())
        .await
        .unwrap()
}

async fn ask(connection: &mut PgConnection, question: &'static str) -> String {
    sqlx::query(question)
        .fetch_one(connection)
        .await
        .unwrap()
        .get::<String, _>(0)
}

async fn ask_once(postgres: &PrivatePostgres, question: &'static str) -> String {
    ask(&mut connect(postgres).await, question).await
}

/// Another process, which has started PostgreSQL.
struct Other {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Other {
    fn start(work: &str, dir: &Path) -> Other {
        Other::run(Command::new(std::env::current_exe().unwrap()), work, dir)
    }

    fn run(mut command: Command, work: &str, dir: &Path) -> Other {
        let mut child = command
            .args(["--exact", "another_process", "--nocapture"])
            .env("PRIVATE_POSTGRES_TEST_MODE", work)
            .env("PRIVATE_POSTGRES_TEST_DIR", dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Other { child, said }
    }

    fn reads(&mut self, beginning: &str) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            let read = self.said.read_line(&mut line).unwrap();
            assert!(
                read > 0,
                "it ended without printing {beginning:?}, but:\n{all}"
            );
            if let Some((_, rest)) = line.split_once(beginning) {
                return rest.trim().to_owned();
            }
            all.push_str(&line);
        }
    }

    fn ready(mut self) -> Other {
        self.reads("READY");
        self
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it end in order.
    fn finish(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

#[tokio::test]
async fn another_process() {
    let Ok(work) = std::env::var("PRIVATE_POSTGRES_TEST_MODE") else {
        return;
    };
    let dir = PathBuf::from(std::env::var_os("PRIVATE_POSTGRES_TEST_DIR").unwrap());
    let mode = match work.as_str() {
        "serve" => Mode::Serve,
        "command" => Mode::Command,
        "throwaway" => Mode::Throwaway,
        other => panic!("unknown work {other}"),
    };
    match PrivatePostgres::start(&dir, None, mode, &NAMES).await {
        Ok(postgres) => {
            println!("HOME {}", postgres.home().display());
            println!(
                "USER {}",
                ask_once(&postgres, "select current_user::text").await
            );
            println!("READY");
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
            postgres.stop().await.unwrap();
        }
        Err(error) => println!("REFUSED {}", error.to_string().replace('\n', " ")),
    }
}

#[tokio::test]
async fn the_data_outlive_the_server_and_are_durable_and_private() {
    let folder = Folder::new();
    let postgres = start(&folder.home(), Mode::Serve).await;
    assert_eq!(postgres.notices(), &[] as &[String]);
    let mut connection = connect(&postgres).await;
    for (setting, expected) in [
        ("show fsync", "on"),
        ("show synchronous_commit", "on"),
        ("show full_page_writes", "on"),
        ("show listen_addresses", ""),
        ("show server_encoding", "UTF8"),
        ("select current_database()::text", "keeper"),
        ("select current_user::text", "keeper"),
        ("select upper('é')", "É"),
    ] {
        assert_eq!(ask(&mut connection, setting).await, expected, "{setting}");
    }
    let socket = PathBuf::from(ask(&mut connection, "show unix_socket_directories").await);
    assert_eq!(socket.metadata().unwrap().mode() & 0o777, 0o700);
    assert!(socket.join(".s.PGSQL.5432").as_os_str().len() <= 107);
    let data = folder.home().join("postgres");
    assert_eq!(data.metadata().unwrap().mode() & 0o777, 0o700);
    assert_eq!(folder.home().metadata().unwrap().mode() & 0o007, 0);
    sqlx::raw_sql("create table kept (word text); insert into kept values ('kept')")
        .execute(&mut connection)
        .await
        .unwrap();
    let pid = postmaster_pid(&data).unwrap();
    postgres.stop().await.unwrap();
    assert!(!runs(pid, &data));
    assert!(!socket.exists());

    let postgres = start(&folder.home(), Mode::Command).await;
    assert_eq!(ask_once(&postgres, "select word from kept").await, "kept");
    postgres.stop().await.unwrap();
    assert_eq!(postmaster_pid(&data), None);
}

#[tokio::test]
async fn no_token_reaches_postgres() {
    let folder = Folder::new();
    let other = Other::start("serve", &folder.home()).ready();
    let pid = postmaster_pid(&folder.home().join("postgres")).unwrap();
    // The environment of the other process contains PRIVATE_POSTGRES_TEST_MODE, as it could contain a token.
    let asked = Command::new("ps")
        .args(["ewwp", &pid.to_string()])
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert!(
        shown.contains("LC_ALL=C") && !shown.contains("PRIVATE_POSTGRES_TEST"),
        "{shown}"
    );
    other.finish();
}

#[tokio::test]
async fn a_killed_server_leaves_a_database_that_the_next_one_uses_at_once() {
    let folder = Folder::new();
    let data = folder.home().join("postgres");
    Other::start("serve", &folder.home()).ready().kill();
    let pid = postmaster_pid(&data).unwrap();
    assert!(runs(pid, &data));

    let postgres = start(&folder.home(), Mode::Serve).await;
    assert_eq!(postmaster_pid(&data), Some(pid));
    assert!(
        postgres
            .notices()
            .concat()
            .contains(&format!("(process {pid})"))
    );
    assert_eq!(ask_once(&postgres, "select 'here'").await, "here");
    postgres.stop().await.unwrap();
    assert!(!runs(pid, &data));
}

#[tokio::test]
async fn a_second_server_on_the_same_directory_is_refused_and_the_first_is_named() {
    let folder = Folder::new();
    let other = Other::start("serve", &folder.home()).ready();
    let error = PrivatePostgres::start(&folder.home(), None, Mode::Serve, &NAMES)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, StartError::AlreadyServed { pid: Some(pid), .. } if *pid == other.child.id())
    );
    assert_eq!(error.exit_code(), 3);
    assert!(error.to_string().contains("set another KEEPER_DATA_DIR"));
    let mut refused = Other::start("serve", &folder.home());
    assert!(
        refused
            .reads("REFUSED")
            .contains("another keeper server uses")
    );
    refused.finish();
    other.finish();
}

#[tokio::test]
async fn a_command_beside_a_server_uses_its_database_and_does_not_stop_it() {
    let folder = Folder::new();
    let data = folder.home().join("postgres");
    let postgres = start(&folder.home(), Mode::Serve).await;
    let pid = postmaster_pid(&data).unwrap();
    Other::start("command", &folder.home()).ready().finish();
    Other::start("command", &folder.home()).ready().kill();
    assert_eq!(postmaster_pid(&data), Some(pid));
    assert_eq!(
        ask_once(&postgres, "select 'still here'").await,
        "still here"
    );

    let command = Other::start("command", &folder.home()).ready();
    postgres.stop().await.unwrap();
    assert!(
        runs(pid, &data),
        "the server ended the database under a command"
    );
    command.finish();
    assert!(!runs(pid, &data), "the last process did not stop it");
}

#[tokio::test]
async fn a_server_restarts_its_database_after_it_was_killed() {
    let folder = Folder::new();
    let data = folder.home().join("postgres");
    let postgres = start(&folder.home(), Mode::Serve).await;
    let watch = tokio::spawn(postgres.watch(std::future::pending()));
    let pool = sqlx::postgres::PgPoolOptions::new()
        .connect_with(postgres.connect_options())
        .await
        .unwrap();
    for round in 0..2 {
        let pid = postmaster_pid(&data).unwrap();
        signal("KILL", pid);
        loop {
            tokio::task::yield_now().await;
            let answer = sqlx::query("select 1").execute(&pool).await;
            if answer.is_ok() && postmaster_pid(&data) != Some(pid) {
                break;
            }
        }
        assert!(round > 0 || runs(postmaster_pid(&data).unwrap(), &data));
    }
    pool.close().await;
    postgres.stop().await.unwrap();
    watch.await.unwrap();
    assert_eq!(postmaster_pid(&data), None);
}
