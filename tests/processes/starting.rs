//! How a start ends that cannot succeed, with which code, and what it says.

use crate::harness::wardroom::{Env, Wardroom, run};
use crate::harness::{Deployment, Folder, becomes, ready, status};
use std::net::TcpListener;
use std::time::Duration;

fn port_of(listener: &TcpListener) -> String {
    listener.local_addr().unwrap().port().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_was_asked_for_and_is_taken_ends_the_start_with_3() {
    let mut deployment = Deployment::new().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = port_of(&taken);
    let ended = run(
        &deployment.env,
        &["serve", "--host", "127.0.0.1", "--port", &port],
    )
    .await;
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(
        ended.stderr.contains(&format!("127.0.0.1:{port}")),
        "{}",
        ended.stderr
    );

    let errors = crate::harness::wardroom::errors;
    let lines: Vec<String> = ended.stderr.lines().map(str::to_owned).collect();
    let [error] = errors(&lines)[..] else {
        panic!("one line of the log: {lines:#?}");
    };
    assert!(error.starts_with('{'), "{error}");
    deployment
        .env
        .insert("LOG_FORMAT".to_owned(), "pretty".to_owned());
    let pretty = run(
        &deployment.env,
        &["serve", "--host", "127.0.0.1", "--port", &port],
    )
    .await;
    let plain = |line: &str| !line.contains("ERROR") && line.contains(&port);
    assert!(pretty.stderr.lines().any(plain), "{}", pretty.stderr);
    deployment
        .env
        .insert("LOG_FORMAT".to_owned(), "json".to_owned());

    deployment
        .env
        .insert("METRICS_PORT".to_owned(), port.clone());
    let ended = run(
        &deployment.env,
        &["serve", "--host", "127.0.0.1", "--port", "0"],
    )
    .await;
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(
        ended.stderr.contains(&format!("127.0.0.1:{port}")),
        "{}",
        ended.stderr
    );
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_metrics_port_nobody_asked_for_is_done_without_when_it_is_taken() {
    let mut deployment = Deployment::new().await;
    deployment.env.remove("METRICS_PORT");
    // Another process on this machine may have it already: as good.
    let _taken = TcpListener::bind("127.0.0.1:9090");
    let child = deployment.start().await;
    assert_eq!(child.metrics_url, None);
    let warned = child.says(0, "no metrics listener").await;
    assert_eq!(warned["level"], "WARN");
    child.stop().await;

    let free = port_of(&TcpListener::bind("127.0.0.1:0").unwrap());
    deployment.env.insert("METRICS_PORT".to_owned(), free);
    let child = deployment.start().await;
    let url = child.metrics_url.clone().expect("it is there");
    assert_eq!(status(&format!("{url}/metrics")).await, Some(200));
    assert_eq!(status(&format!("{url}/health/live")).await, Some(200));
    assert_eq!(status(&format!("{url}/version")).await, Some(404));
    child.stop().await;
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_configuration_is_refused_whole_with_all_of_its_problems() {
    let folder = Folder::new();
    let file = folder.write(
        "wrong.yaml",
        "servces: {}\nadmins: [not an id]\nrouting:\n  P1: { channels: [C1], channels: [C2] }\n",
    );
    let env: Env = [("PORT", "eighty"), ("SHUTDOWN_GRACE_SECONDS", "soon")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    for command in ["serve", "validate"] {
        let ended = run(&env, &[command, "--config", &file]).await;
        assert_eq!(ended.code, Some(2), "{command}: {}", ended.stderr);
        for problem in [
            "wrong.yaml:1:1",
            "wrong.yaml:2:",
            "wrong.yaml:4:",
            "PORT",
            "SHUTDOWN_GRACE_SECONDS",
        ] {
            assert!(
                ended.stderr.contains(problem),
                "{command} names {problem}: {}",
                ended.stderr
            );
        }
        assert!(!ended.stderr.contains("listening"), "{}", ended.stderr);
    }
    let ended = run(&Env::new(), &["serve", "--slack"]).await;
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("SLACK_BOT_TOKEN"), "{}", ended.stderr);
    let ended = run(&Env::new(), &["serve", "--no-such-flag"]).await;
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_be_reached_ends_the_start_with_3_and_no_password_is_said() {
    let mut deployment = Deployment::new().await;
    let closed_port = port_of(&TcpListener::bind("127.0.0.1:0").unwrap());
    for (url, command) in [
        (
            format!("postgres://wardroom:hunter2@127.0.0.1:{closed_port}/x"),
            &["serve", "--port", "0"][..],
        ),
        (
            format!("postgres://wardroom:hunter2@127.0.0.1:{closed_port}/x"),
            &["inbox", "list"],
        ),
        (
            deployment.env["DATABASE_URL"].replace("story_", "no_such_story_"),
            &["serve", "--port", "0"],
        ),
    ] {
        deployment.env.insert("DATABASE_URL".to_owned(), url);
        let ended = run(&deployment.env, command).await;
        assert_eq!(ended.code, Some(3), "{command:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("database"), "{}", ended.stderr);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    }
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_kubernetes_the_private_database_must_be_meant() {
    let folder = Folder::new();
    let data = folder.path().join("data").to_string_lossy().into_owned();
    let env: Env = [
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
        ("WARDROOM_DATA_DIR", &data),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let ended = run(&env, &["serve", "--port", "0"]).await;
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("DATABASE_URL"), "{}", ended.stderr);
    assert!(!folder.path().join("data").exists(), "nothing was made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_postgresql_can_be_a_missing_database_is_one_line_that_says_to_name_one() {
    // As in the image: no programs, no package manager, and no folder that can be written.
    let env: Env = [
        ("PATH", "/nonexistent"),
        ("WARDROOM_PG_BINDIR", "/nonexistent"),
        ("WARDROOM_DATA_DIR", "/proc/wardroom"),
        ("METRICS_PORT", "0"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for command in [
        &["migrate"][..],
        &["inbox", "list"],
        &["serve", "--port", "0"],
    ] {
        let ended = run(&env, command).await;
        assert_eq!(ended.code, Some(3), "{command:?}: {}", ended.stderr);
        let last = ended.stderr.lines().last().unwrap_or_default();
        assert!(
            last.contains("set it to a PostgreSQL server"),
            "{command:?}: {last}"
        );
        let warnings = ended.stderr.matches("a private PostgreSQL").count();
        assert_eq!(warnings, usize::from(command[0] == "serve"), "{command:?}");
        for other in ["apt-get", "lock", "/proc/wardroom: "] {
            assert!(
                !ended.stderr.contains(other),
                "{command:?}: {}",
                ended.stderr
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_that_are_missing_are_named_applied_once_and_waited_for() {
    let mut deployment = Deployment::new().await;
    let drop = "drop schema public cascade; create schema public";
    sqlx::raw_sql(drop)
        .execute(&mut deployment.connection().await)
        .await
        .unwrap();
    let env = &mut deployment.env;
    let dry = run(env, &["migrate", "--dry-run"]).await;
    assert_eq!(dry.code, Some(1), "{}", dry.stderr);
    assert!(
        dry.stdout.contains("missing") && dry.stdout.contains("inbox"),
        "{}",
        dry.stdout
    );
    let list = run(env, &["inbox", "list"]).await;
    assert_eq!(list.code, Some(3), "{}", list.stderr);
    env.insert("WARDROOM_MIGRATE".to_owned(), "false".to_owned());
    let serve = run(env, &["serve", "--port", "0"]).await;
    assert_eq!(serve.code, Some(3), "{}", serve.stderr);
    assert!(
        serve.stderr.contains("wardroom migrate"),
        "{}",
        serve.stderr
    );
    for line in serve.stderr.lines() {
        let read: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(read["level"].is_string(), "{line}");
    }
    // Two at once: one applies, the other finds them applied.
    let (one, other) = tokio::join!(run(env, &["migrate"]), run(env, &["migrate"]));
    assert_eq!(
        (one.code, other.code),
        (Some(0), Some(0)),
        "{}{}",
        one.stderr,
        other.stderr
    );
    let again = run(env, &["migrate", "--dry-run"]).await;
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    let child = Wardroom::start(env).await;
    ready(&child.url).await;
    child.stop().await;
    // A job that applies them while the server waits.
    sqlx::raw_sql(drop)
        .execute(&mut deployment.connection().await)
        .await
        .unwrap();
    let env = &deployment.env;
    let job = async {
        crate::harness::moment::pass(Duration::from_secs(2)).await;
        run(env, &["migrate"]).await
    };
    let (child, migrated) = tokio::join!(Wardroom::start(env), job);
    assert_eq!(migrated.code, Some(0), "{}", migrated.stderr);
    ready(&child.url).await;
    let log = child.stop().await;
    let waits = |line: &&String| line.contains("waits for `wardroom migrate`");
    assert_eq!(log.iter().filter(waits).count(), 1, "{log:#?}");
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_healthcheck_says_whether_the_local_server_lives() {
    let deployment = Deployment::new().await;
    let child = deployment.start().await;
    let port = child.url.rsplit(':').next().unwrap().to_owned();
    let mut env = Env::from([("PORT".to_owned(), port)]);
    let asked = run(&env, &["healthcheck"]).await;
    assert_eq!(asked.code, Some(0), "{}", asked.stderr);
    env.insert("HOST".to_owned(), "127.0.0.1".to_owned());
    assert_eq!(run(&env, &["healthcheck"]).await.code, Some(0));
    child.stop().await;
    let asked = run(&env, &["healthcheck"]).await;
    assert_eq!(asked.code, Some(1), "{}", asked.stderr);
    assert!(asked.stderr.contains("no server"), "{}", asked.stderr);
    deployment.close().await;
}

#[tokio::test]
async fn completions_are_printed_for_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let printed = run(&Env::new(), &["completions", shell]).await;
        assert_eq!(printed.code, Some(0), "{}", printed.stderr);
        assert!(printed.stdout.contains("healthcheck"), "{shell}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_lacks_a_migration_makes_it_unready_until_it_has_it() {
    let deployment = Deployment::new().await;
    let child = deployment.start().await;
    ready(&child.url).await;
    let mut connection = deployment.connection().await;
    let newest = "(select max(version) from _sqlx_migrations)";
    let away = format!("update _sqlx_migrations set version = -version where version = {newest}");
    let back = "update _sqlx_migrations set version = -version where version < 0".to_owned();
    for (sql, wanted) in [(away, 503), (back, 200)] {
        let done = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection);
        assert_eq!(done.await.unwrap().rows_affected(), 1);
        becomes(&child.url, wanted, Duration::from_secs(6)).await;
    }
    child.stop().await;
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn options_in_the_address_replace_pgoptions_which_is_obeyed_where_there_are_none() {
    let mut deployment = Deployment::new().await;
    let refused = ("PGOPTIONS".to_owned(), "-c work_mem=much".to_owned());
    deployment.env.extend([refused]);
    let obeyed = run(&deployment.env, &["migrate"]).await;
    assert_ne!(obeyed.code, Some(0), "the server refuses the setting");
    assert!(obeyed.stderr.contains("work_mem"), "{}", obeyed.stderr);
    let url = deployment.env.get_mut("DATABASE_URL").unwrap();
    let more = if url.contains('?') { '&' } else { '?' };
    url.push_str(&format!("{more}options=-c%20work_mem%3D5MB"));
    let replaced = run(&deployment.env, &["migrate"]).await;
    assert_eq!(replaced.code, Some(0), "{}", replaced.stderr);
    deployment.close().await;
}
