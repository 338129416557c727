//! Directories, files and hosts in an unexpected state: each is handled, or refused with what to do.

use super::*;

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
    // PostgreSQL itself would take another process of the same user for a postmaster.
    let owner = data.metadata().unwrap();
    let mut stranger = Command::new("cat");
    stranger.stdin(Stdio::piped());
    if owner.uid() != rustix::process::geteuid().as_raw() {
        stranger.uid(owner.uid()).gid(owner.gid());
    }
    let mut stranger = stranger.spawn().unwrap();
    for (pid, corrected) in [(dead.id(), false), (stranger.id(), true)] {
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
        assert_eq!(
            postgres.notices().concat().contains("was corrected"),
            corrected
        );
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
async fn data_of_another_major_version_are_refused_with_what_to_do() {
    let folder = Folder::new();
    start(&folder.home(), Mode::Command)
        .await
        .stop()
        .await
        .unwrap();
    std::fs::write(folder.home().join("postgres/PG_VERSION"), "7.4\n").unwrap();
    let error = PrivatePostgres::start(&folder.home(), None, Mode::Serve, &NAMES)
        .await
        .unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, StartError::OtherVersion { .. }), "{said}");
    assert!(
        said.contains("Install PostgreSQL 7.4") && said.contains("dump"),
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
async fn without_binaries_the_message_contains_the_command_that_installs_them() {
    let folder = Folder::new();
    let empty = folder.0.join("empty");
    let error = PrivatePostgres::start(&folder.home(), Some(&empty), Mode::Serve, &NAMES)
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::NoBinaries { .. }));
    let said = error.to_string();
    assert!(
        said.contains("Install one:") && said.contains("set KEEPER_BINDIR to"),
        "{said}"
    );
    assert_eq!(error.exit_code(), 3);
}

#[tokio::test]
async fn a_demo_leaves_nothing_behind_and_removes_what_a_killed_one_left() {
    let folder = Folder::new();
    let mut killed = Other::start("throwaway", &folder.0);
    let left = PathBuf::from(killed.reads("HOME"));
    killed.reads("READY");
    let mut beside = Other::start("throwaway", &folder.0);
    let other = PathBuf::from(beside.reads("HOME"));
    beside.reads("READY");
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
        // PostgreSQL's user cannot pass root's directory, so another one is used, and a notice says so.
        assert!(home.starts_with("/var/lib/keeper"), "{}", home.display());
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
async fn an_unprivileged_user_runs_it_as_itself() {
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
    assert_eq!(other.reads("USER"), "keeper");
    other.reads("READY");
    let data = own.join("home/postgres");
    assert_eq!(data.metadata().unwrap().uid(), uid);
    // Root runs the data as their owner.
    let beside = start(&own.join("home"), Mode::Command).await;
    assert_eq!(ask_once(&beside, "select 'shared'").await, "shared");
    beside.stop().await.unwrap();
    other.finish();
    let later = start(&own.join("home"), Mode::Command).await;
    assert_eq!(data.join("postmaster.pid").metadata().unwrap().uid(), uid);
    later.stop().await.unwrap();
    // The files that root creates there must be accessible for the owner.
    for name in ["serve.lock", "use.lock", "gate.lock", "postgres.log"] {
        std::fs::remove_file(own.join("home").join(name)).unwrap();
    }
    let root = start(&own.join("home"), Mode::Serve).await;
    root.stop().await.unwrap();
    Other::run(himself(), "serve", &own.join("home"))
        .ready()
        .finish();
}
