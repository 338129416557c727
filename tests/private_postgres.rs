//! The private PostgreSQL, really run: as whoever runs the tests, root included.
//!
//! Kills need a process to kill, so this binary starts itself: `the_other_wardroom` is that
//! process when `WARDROOM_TEST_OTHER` names its work, and a test with nothing to do otherwise.
//! Each test has its own folder and ends only what runs in it.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sqlx::{Connection, PgConnection, Row};
use wardroom::private_postgres::{Mode, PrivatePostgres, StartError};

/// A folder that ends with the test, and so does the PostgreSQL in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("wardroom-test-{}", uuid::Uuid::new_v4()));
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
    PrivatePostgres::start(dir, None, mode).await.unwrap()
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

/// A wardroom in a process of its own, which has started PostgreSQL.
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

    fn hears(&mut self, beginning: &str) -> String {
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

    fn ready(mut self) -> Other {
        self.hears("READY");
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
async fn the_other_wardroom() {
    let Ok(work) = std::env::var("WARDROOM_TEST_OTHER") else {
        return;
    };
    let dir = PathBuf::from(std::env::var_os("WARDROOM_TEST_DIR").unwrap());
    let mode = match work.as_str() {
        "serve" => Mode::Serve,
        "command" => Mode::Command,
        "throwaway" => Mode::Throwaway,
        other => panic!("unknown work {other}"),
    };
    match PrivatePostgres::start(&dir, None, mode).await {
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
        ("select current_database()::text", "wardroom"),
        ("select current_user::text", "wardroom"),
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
async fn no_token_of_ours_reaches_postgres() {
    let folder = Folder::new();
    let other = Other::start("serve", &folder.home()).ready();
    let pid = postmaster_pid(&folder.home().join("postgres")).unwrap();
    // The other process has WARDROOM_TEST_OTHER in its environment, as it would have a token.
    let asked = Command::new("ps")
        .args(["ewwp", &pid.to_string()])
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert!(
        shown.contains("LC_ALL=C") && !shown.contains("WARDROOM_TEST"),
        "{shown}"
    );
    other.finish();
}

#[tokio::test]
async fn a_killed_server_leaves_a_database_that_the_next_one_takes_over_at_once() {
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
async fn a_second_server_on_the_same_directory_is_refused_and_told_by_whom() {
    let folder = Folder::new();
    let other = Other::start("serve", &folder.home()).ready();
    let error = PrivatePostgres::start(&folder.home(), None, Mode::Serve)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, StartError::AlreadyServed { pid: Some(pid), .. } if *pid == other.child.id())
    );
    assert_eq!(error.exit_code(), 3);
    let mut refused = Other::start("serve", &folder.home());
    assert!(
        refused
            .hears("REFUSED")
            .contains("another wardroom serves from")
    );
    refused.finish();
    other.finish();
}

#[tokio::test]
async fn a_command_beside_a_server_uses_its_database_and_never_ends_it() {
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
    assert!(!runs(pid, &data), "the last one did not turn off the light");
}

#[tokio::test]
async fn a_server_brings_its_database_back_when_somebody_kills_it() {
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

#[tokio::test]
async fn a_pid_file_that_names_a_stranger_or_a_dead_process_does_not_keep_us_out() {
    let folder = Folder::new();
    let data = folder.home().join("postgres");
    start(&folder.home(), Mode::Command)
        .await
        .stop()
        .await
        .unwrap();
    let mut dead = Command::new("true").spawn().unwrap();
    dead.wait().unwrap();
    // A stranger of the same account is what PostgreSQL itself would take for a postmaster.
    let owner = data.metadata().unwrap();
    let mut stranger = Command::new("cat");
    stranger.stdin(Stdio::piped());
    if owner.uid() != rustix::process::geteuid().as_raw() {
        stranger.uid(owner.uid()).gid(owner.gid());
    }
    let mut stranger = stranger.spawn().unwrap();
    for (pid, mended) in [(dead.id(), false), (stranger.id(), true)] {
        let stale = format!("{pid}\n{}\n1700000000\n5432\n/tmp/gone\n\n", data.display());
        std::fs::write(data.join("postmaster.pid"), stale).unwrap();
        std::os::unix::fs::chown(
            data.join("postmaster.pid"),
            Some(owner.uid()),
            Some(owner.gid()),
        )
        .unwrap();
        let postgres = start(&folder.home(), Mode::Serve).await;
        assert_eq!(ask_once(&postgres, "select 'in'").await, "in");
        assert_eq!(postgres.notices().concat().contains("was mended"), mended);
        postgres.stop().await.unwrap();
    }
    assert_eq!(
        stranger.try_wait().unwrap(),
        None,
        "the stranger was harmed"
    );
    drop(stranger.stdin.take());
    stranger.wait().unwrap();
}

#[tokio::test]
async fn data_of_another_major_version_are_refused_with_the_way_out() {
    let folder = Folder::new();
    start(&folder.home(), Mode::Command)
        .await
        .stop()
        .await
        .unwrap();
    std::fs::write(folder.home().join("postgres/PG_VERSION"), "7.4\n").unwrap();
    let error = PrivatePostgres::start(&folder.home(), None, Mode::Serve)
        .await
        .unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, StartError::OtherVersion { .. }), "{said}");
    assert!(
        said.contains("Install PostgreSQL 7.4") && said.contains("backup"),
        "{said}"
    );
}

#[tokio::test]
async fn a_half_made_database_is_made_anew() {
    let folder = Folder::new();
    let half = folder.home().join("postgres.init-of-a-killed-one");
    std::fs::create_dir_all(&half).unwrap();
    std::fs::write(half.join("PG_VERSION"), "15\n").unwrap();
    let postgres = start(&folder.home(), Mode::Serve).await;
    assert_eq!(ask_once(&postgres, "select 'whole'").await, "whole");
    assert!(!half.exists());
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn without_binaries_the_message_holds_the_command_that_installs_them() {
    let folder = Folder::new();
    let empty = folder.0.join("empty");
    let error = PrivatePostgres::start(&folder.home(), Some(&empty), Mode::Serve)
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::NoBinaries { .. }));
    assert!(error.to_string().contains("Install one:"));
    assert_eq!(error.exit_code(), 3);
}

#[tokio::test]
async fn a_demo_leaves_nothing_behind_and_removes_what_a_killed_one_left() {
    let folder = Folder::new();
    let mut killed = Other::start("throwaway", &folder.0);
    let left = PathBuf::from(killed.hears("HOME"));
    killed.hears("READY");
    let mut beside = Other::start("throwaway", &folder.0);
    let other = PathBuf::from(beside.hears("HOME"));
    beside.hears("READY");
    assert_ne!(left, other);
    let pid = postmaster_pid(&left.join("postgres")).unwrap();
    killed.kill();

    let postgres = start(&folder.0, Mode::Throwaway).await;
    assert!(!left.exists() && !runs(pid, &left));
    assert!(other.exists(), "a running demo was swept away");
    let own = postgres.home().to_owned();
    postgres.stop().await.unwrap();
    assert!(!own.exists());
    beside.finish();
    assert!(!other.exists());
}

#[tokio::test]
async fn a_long_path_and_one_behind_a_wall_still_get_a_database() {
    let folder = Folder::new();
    let wall = folder.0.join("wall");
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&wall)
        .unwrap();
    let dir = wall.join("a-very-long-name-".repeat(8));
    let postgres = start(&dir, Mode::Serve).await;
    assert_eq!(ask_once(&postgres, "select 'reached'").await, "reached");
    let home = postgres.home().to_owned();
    if rustix::process::geteuid().is_root() {
        // Root's wall keeps PostgreSQL's account out, so the data go aside, and it is said.
        assert!(home.starts_with("/var/lib/wardroom"), "{}", home.display());
        assert!(
            postgres
                .notices()
                .concat()
                .contains(&*home.to_string_lossy())
        );
        assert!(!dir.exists());
        postgres.stop().await.unwrap();
        let again = start(&dir, Mode::Command).await;
        assert_eq!(again.home(), home);
        again.stop().await.unwrap();
        std::fs::remove_dir_all(&home).unwrap();
    } else {
        assert_eq!(home, dir);
        postgres.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_private_empty_folder_of_root_is_used_as_it_is() {
    let folder = Folder::new();
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(folder.home())
        .unwrap();
    let postgres = start(&folder.home(), Mode::Serve).await;
    assert_eq!(postgres.home(), folder.home());
    assert_eq!(postgres.notices(), &[] as &[String]);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn somebody_without_rights_runs_it_as_himself() {
    let folder = Folder::new();
    let own = folder.0.join("own");
    std::fs::create_dir(&own).unwrap();
    let program = folder.0.join("program");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let mut uid = rustix::process::geteuid().as_raw();
    if uid == 0 {
        uid = 65534;
        std::os::unix::fs::chown(&own, Some(uid), Some(uid)).unwrap();
    }
    let himself = || {
        let mut command = Command::new(&program);
        if uid != rustix::process::geteuid().as_raw() {
            command.uid(uid).gid(uid);
        }
        command
    };
    let mut other = Other::run(himself(), "serve", &own.join("home"));
    assert_eq!(other.hears("USER"), "wardroom");
    other.hears("READY");
    let data = own.join("home/postgres");
    assert_eq!(data.metadata().unwrap().uid(), uid);
    // Whoever may pass runs the data as their owner does.
    let beside = start(&own.join("home"), Mode::Command).await;
    assert_eq!(ask_once(&beside, "select 'shared'").await, "shared");
    beside.stop().await.unwrap();
    other.finish();
    let later = start(&own.join("home"), Mode::Command).await;
    assert_eq!(data.join("postmaster.pid").metadata().unwrap().uid(), uid);
    later.stop().await.unwrap();
    // What root makes there must not lock the person out.
    for name in ["serve.lock", "use.lock", "gate.lock", "postgres.log"] {
        std::fs::remove_file(own.join("home").join(name)).unwrap();
    }
    let root = start(&own.join("home"), Mode::Serve).await;
    root.stop().await.unwrap();
    Other::run(himself(), "serve", &own.join("home"))
        .ready()
        .finish();
}
