//! A database that accepts a connection and then says nothing, or nothing more: every command ends,
//! with 3, within 15 s.

use crate::harness::standby::Forwarder;
use crate::harness::wardroom::{Env, run};
use crate::harness::{Deployment, cluster::Cluster};
use futures_util::future::join_all;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

const PROMISED: Duration = Duration::from_secs(15);

const ID: &str = "01930000-0000-7000-8000-000000000901";

const COMMANDS: [&[&str]; 8] = [
    &["serve", "--host", "127.0.0.1", "--port", "0"],
    &["migrate"],
    &["migrate", "--dry-run"],
    &["inbox", "list"],
    &["inbox", "show", ID],
    &["inbox", "replay", ID],
    &["outbox", "list"],
    &["outbox", "retry", ID],
];

/// A list that is longer than all questions about the server.
const ROWS: &str = "insert into inbox (id, source, kind, dedup_key, subject, received_at, run_at, state, ended_at)
                    select gen_random_uuid(), 'github', 'push', n::text, 'subject', now(), now(), 'done', now()
                      from generate_series(1, 200) as n";

/// Runs them at once; gives each with its exit code, its time and its words.
async fn all(env: &Env, commands: &[&[&str]]) -> Vec<(String, Option<i32>, Duration, String)> {
    let runs = commands.iter().map(|command| async move {
        let began = Instant::now();
        let ended = run(env, command).await;
        let words = ended.stderr;
        (command.join(" "), ended.code, began.elapsed(), words)
    });
    join_all(runs).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_accepts_and_says_nothing_ends_every_command_with_3() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    let silent = format!("postgres://u:hunter2@127.0.0.1:{port}/d");
    let env: Env = [("DATABASE_URL", silent.as_str()), ("METRICS_PORT", "0")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    for (command, code, took, words) in all(&env, &COMMANDS).await {
        eprintln!("{command}: {code:?} after {took:?}");
        assert_eq!(code, Some(3), "{command}: {words}");
        assert!(took < PROMISED, "{command} ended after {took:?}: {words}");
        assert!(words.contains("does not answer"), "{command}: {words}");
        assert!(!words.contains("hunter2"), "{command}: {words}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stops_in_the_middle_of_an_answer_ends_every_command() {
    let cluster = Cluster::start().await;
    let mut deployment = Deployment::on(&cluster).await;
    let mut stalled = 0;
    // In the login, in the questions about the server, in a migration, in a list.
    for (bytes, migrated) in [
        (200, false),
        (700, false),
        (1500, false),
        (1500, true),
        (2600, true),
    ] {
        let migrate = if migrated {
            &["migrate"][..]
        } else {
            &["migrate", "--dry-run"]
        };
        let direct = run(&deployment.env, migrate).await;
        assert!(direct.code.is_some(), "{}", direct.stderr);
        if bytes > 2000 {
            cluster.does(ROWS).await;
        }
        let forwarder = Forwarder::that_stops_after(&cluster, bytes).await;
        let url = format!("postgres://postgres@127.0.0.1:{}/postgres", forwarder.port);
        let direct = deployment.env.insert("DATABASE_URL".to_owned(), url);
        // A server that has started stays, and is unready; see `postgres.rs`.
        let commands = if bytes < 1000 {
            &COMMANDS
        } else {
            &COMMANDS[1..]
        };
        for (command, code, took, words) in all(&deployment.env, commands).await {
            eprintln!("{bytes} bytes, {command}: {code:?} after {took:?}");
            assert!(took < PROMISED, "{command} ended after {took:?}: {words}");
            stalled += usize::from(code == Some(3));
            let in_the_list = bytes > 2000 && command == "inbox list";
            assert!(!in_the_list || code == Some(3), "{command}: {words}");
            // Asked for a row that is not there, or for migrations that are missing.
            assert!(matches!(code, Some(0 | 1 | 3)), "{command}: {words}");
        }
        deployment
            .env
            .insert("DATABASE_URL".to_owned(), direct.unwrap());
    }
    assert!(
        stalled > COMMANDS.len(),
        "the database did answer: {stalled}"
    );
    deployment.close().await;
}
