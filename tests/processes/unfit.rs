//! A database that is not what we need is refused at the start, in one line with its remedy, and
//! named by readiness when it becomes so later. Nothing waits for it as if it would pass.

use crate::harness::cluster::Cluster;
use crate::harness::standby::Forwarder;
use crate::harness::wardroom::{Env, Wardroom, errors, run};
use crate::harness::{Deployment, becomes, ready};
use std::time::{Duration, Instant};

/// Faster than anything that waits: the patience with a server that is away is 10 s.
const AT_ONCE: Duration = Duration::from_secs(6);

fn url(cluster: &Cluster, database: &str, user: &str) -> String {
    let socket = cluster.socket();
    format!("postgres:///{database}?user={user}&host={socket}")
}

/// Every command refuses this database, and says these words and how to fix it.
async fn refused(env: &mut Env, url: String, words: &[&str]) {
    env.insert("DATABASE_URL".to_owned(), url);
    for command in [
        &["serve", "--port", "0"][..],
        &["migrate"],
        &["inbox", "list"],
    ] {
        let began = Instant::now();
        let ended = run(env, command).await;
        let took = began.elapsed();
        assert_eq!(ended.code, Some(3), "{command:?}: {}", ended.stderr);
        assert!(
            took < AT_ONCE,
            "{command:?} ended after {took:?}: {}",
            ended.stderr
        );
        let lines: Vec<&str> = ended.stderr.lines().collect();
        let told: Vec<&&str> = lines
            .iter()
            .filter(|line| line.contains("cannot use the database"))
            .collect();
        let [line] = told[..] else {
            panic!("{command:?}: one line: {lines:#?}");
        };
        for words in words {
            assert!(line.contains(words), "{command:?} says {words:?}: {line}");
        }
        assert!(!ended.stderr.contains("listening"), "{}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_what_we_need_is_refused_at_the_start_with_its_remedy() {
    let cluster = Cluster::start().await;
    for sql in [
        "create database latin encoding 'LATIN1' template template0 lc_collate 'C' lc_ctype 'C'",
        "create database euc encoding 'EUC_JP' template template0 lc_collate 'C' lc_ctype 'C'",
        "create database fenced",
        "alter database fenced set default_transaction_read_only = on",
        "create role powerless login",
        "create role fenced login superuser",
        "alter role fenced set default_transaction_read_only = on",
    ] {
        cluster.does(sql).await;
    }
    let deployment = Deployment::on(&cluster).await;
    let mut env = deployment.env.clone();
    for (database, user, words) in [
        (
            "latin",
            "postgres",
            &["LATIN1", "UTF8", "create database"][..],
        ),
        ("euc", "postgres", &["EUC_JP", "UTF8", "create database"]),
        (
            "fenced",
            "postgres",
            &[
                "takes no writes",
                "alter database",
                "default_transaction_read_only",
            ],
        ),
        (
            "postgres",
            "fenced",
            &[
                "takes no writes",
                "alter role",
                "default_transaction_read_only",
            ],
        ),
        ("missing", "postgres", &["no such database", "3D000"]),
        ("postgres", "stranger", &["refuses the role", "28000"]),
    ] {
        refused(&mut env, url(&cluster, database, user), words).await;
    }

    // This server has no TLS; a socket would need none.
    let forwarder = Forwarder::to(&cluster).await;
    let port = forwarder.port;
    let url_tls = format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=require");
    refused(&mut env, url_tls, &["sslmode", "does not support TLS"]).await;

    // Rights: to make the tables, to use the schema, to use the tables.
    env.insert(
        "DATABASE_URL".to_owned(),
        url(&cluster, "postgres", "powerless"),
    );
    for command in [&["serve", "--port", "0"][..], &["migrate"]] {
        let ended = run(&env, command).await;
        assert_eq!(ended.code, Some(3), "{}", ended.stderr);
        let words = "grant create on schema public to powerless";
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
    cluster
        .does("revoke usage on schema public from public")
        .await;
    let words = &["may use no schema", "to powerless"][..];
    let ended = run(&env, &["migrate"]).await;
    assert!(
        words.iter().all(|words| ended.stderr.contains(words)),
        "{}",
        ended.stderr
    );
    cluster.does("grant usage on schema public to public").await;
    assert_eq!(run(&deployment.env, &["migrate"]).await.code, Some(0));
    let words = &["may not", "grant select, insert, update", "to powerless"];
    refused(&mut env, url(&cluster, "postgres", "powerless"), words).await;
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_taken_away_makes_it_unready_with_the_reason_and_parks_nothing() {
    let cluster = Cluster::start().await;
    let mut deployment = Deployment::on(&cluster).await;
    assert_eq!(run(&deployment.env, &["migrate"]).await.code, Some(0));
    cluster.does("create role wardroom login").await;
    cluster
        .does("grant select, insert, update, delete on all tables in schema public to wardroom")
        .await;
    deployment.env.insert(
        "DATABASE_URL".to_owned(),
        url(&cluster, "postgres", "wardroom"),
    );
    let child = deployment.start().await;

    cluster.does("revoke update on inbox from wardroom").await;
    let response = deployment
        .slack
        .person("ada")
        .command("general", "/incident", "declare P3 api kept")
        .await;
    assert!(response.is_ok(), "it is durable, and waits: {response:?}");
    becomes(&child.url, 503, Duration::from_secs(8)).await;
    assert_eq!(detail(&child).await, "the database role lacks rights");
    cluster.does("grant update on inbox to wardroom").await;
    ready(&child.url).await;
    deployment.settle(Duration::from_secs(30)).await;
    let kept = "select count(*) from incidents where title = 'kept'";
    assert_eq!(deployment.count(kept).await, 1);
    let parked = "select count(*) from inbox where state = 'parked'";
    assert_eq!(deployment.count(parked).await, 0);
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    deployment.close().await;
}

/// What readiness says of the database.
async fn detail(child: &Wardroom) -> String {
    let answer = reqwest::get(format!("{}/health/ready", child.url)).await;
    let body: serde_json::Value = answer.unwrap().json().await.unwrap();
    let detail = &body["checks"]["database"]["detail"];
    detail.as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_only_read_lists_the_queues_and_serves_nothing() {
    let cluster = Cluster::start().await;
    let mut deployment = Deployment::on(&cluster).await;
    assert_eq!(run(&deployment.env, &["migrate"]).await.code, Some(0));
    for sql in [
        "create role reader login",
        "grant select on all tables in schema public to reader",
        "create role caller login",
        "grant select, insert, update, delete on all tables in schema public to caller",
        "revoke execute on all functions in schema public from public",
    ] {
        cluster.does(sql).await;
    }
    deployment.env.insert(
        "DATABASE_URL".to_owned(),
        url(&cluster, "postgres", "reader"),
    );
    for command in [
        &["migrate", "--dry-run"][..],
        &["inbox", "list"],
        &["outbox", "list"],
    ] {
        let ended = run(&deployment.env, command).await;
        assert_eq!(ended.code, Some(0), "{command:?}: {}", ended.stderr);
    }
    for (user, words) in [
        ("reader", "the role may not"),
        (
            "caller",
            "grant execute on function append_signals to caller",
        ),
    ] {
        let address = url(&cluster, "postgres", user);
        deployment.env.insert("DATABASE_URL".to_owned(), address);
        let ended = run(&deployment.env, &["serve", "--port", "0"]).await;
        assert_eq!(ended.code, Some(3), "{user}: {}", ended.stderr);
        assert!(ended.stderr.contains(words), "{user}: {}", ended.stderr);
    }
    deployment.close().await;
}
