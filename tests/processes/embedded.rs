//! The private database: nothing is lost when wardroom is killed beside it, and commands use it
//! with and without a server.

use crate::harness::Deployment;
use crate::harness::command_load::{CommandLoad, channels, nothing_lost_nothing_twice};
use crate::harness::wardroom::{errors, run};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_beside_its_private_database_it_loses_nothing_and_commands_find_their_rows() {
    let deployment = Deployment::embedded().await;
    let alone = run(&deployment.env, &["migrate"]).await;
    assert_eq!(alone.code, Some(0), "{}", alone.stderr);
    let mut child = deployment.start().await;
    let channels = channels(&deployment, 2).await;
    let command_load = CommandLoad::start(&deployment, &channels, Duration::from_millis(100));
    let mut log = Vec::new();
    for _ in 0..2 {
        crate::harness::moment::pass(Duration::from_millis(900)).await;
        log.extend(child.kill().await);
        child = deployment.start().await;
    }
    crate::harness::moment::pass(Duration::from_millis(500)).await;
    let ledger = command_load.stop().await;
    nothing_lost_nothing_twice(&deployment, &ledger, Duration::from_secs(60)).await;

    let beside = lists(&deployment).await;
    assert!(child.runs(), "a command ended the server");
    log.extend(child.stop().await);
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    assert_eq!(
        lists(&deployment).await,
        beside,
        "alone, commands see what they saw beside the server"
    );
    deployment.close().await;
}

/// The same list in small pages, each begun where the last one said.
async fn page_by_page(deployment: &Deployment, queue: &str) -> String {
    let mut all = String::new();
    let mut cursor = Vec::new();
    loop {
        let mut args = vec![queue, "list", "--limit", "25", "--json"];
        args.extend(cursor.iter().map(String::as_str));
        let page = run(&deployment.env, &args).await;
        assert_eq!(page.code, Some(0), "{}", page.stderr);
        all.push_str(&page.stdout);
        let Some((_, next)) = page.stderr.split_once("add --cursor ") else {
            return all;
        };
        let next = next.split_whitespace().next().unwrap();
        cursor = vec!["--cursor".to_owned(), next.to_owned()];
    }
}

/// What the queues' commands print.
async fn lists(deployment: &Deployment) -> Vec<String> {
    let mut all = Vec::new();
    for queue in ["inbox", "outbox"] {
        let listed = run(&deployment.env, &[queue, "list", "--limit", "60", "--json"]).await;
        assert_eq!(listed.code, Some(0), "{}", listed.stderr);
        let rows = listed
            .stdout
            .lines()
            .map(|line| -> serde_json::Value { serde_json::from_str(line).unwrap() });
        let rows: Vec<_> = rows.collect();
        assert!(rows.len() > 10, "{queue}: {}", listed.stdout);
        let paged = page_by_page(deployment, queue).await;
        assert!(paged.starts_with(&listed.stdout), "{queue}: the same rows");
        assert!(paged.lines().count() > 60 || queue == "outbox", "and more");
        let id = rows[0]["id"].as_str().unwrap();
        let shown = run(&deployment.env, &[queue, "show", id]).await;
        assert_eq!(shown.code, Some(0), "{}", shown.stderr);
        assert!(shown.stdout.contains(id), "{}", shown.stdout);
        assert!(
            !shown.stdout.contains("response_url"),
            "payloads are not shown: {}",
            shown.stdout
        );
        let nobody = uuid::Uuid::nil().to_string();
        let missing = run(&deployment.env, &[queue, "show", &nobody]).await;
        assert_eq!(missing.code, Some(1), "{}", missing.stderr);
        let none = run(&deployment.env, &[queue, "list", "--state", "parked"]).await;
        assert_eq!(
            (none.code, none.stdout.trim()),
            (Some(0), "nothing"),
            "{}",
            none.stderr
        );
        all.extend(rows.iter().map(|row| row["id"].to_string()));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn libpqs_variables_in_the_shell_reach_neither_the_private_database_nor_its_programs() {
    let mut deployment = Deployment::embedded().await;
    let foreign = [
        ("PGOPTIONS", "-c default_transaction_read_only=on"),
        ("PGHOST", "/nonexistent"),
        ("PGPORT", "1"),
        ("PGUSER", "another-user"),
        ("PGDATABASE", "other"),
        ("PGPASSWORD", "hunter2"),
        ("PGSSLMODE", "verify-full"),
        ("PGSSLROOTCERT", "/nonexistent/root.pem"),
        ("PGDATA", "/nonexistent"),
    ];
    let foreign = foreign.map(|(name, value)| (name.to_owned(), value.to_owned()));
    deployment.env.extend(foreign);
    let alone = run(&deployment.env, &["migrate"]).await;
    assert_eq!(alone.code, Some(0), "{}", alone.stderr);
    let child = deployment.start().await;
    let named = child.says(0, "PGOPTIONS has no effect").await;
    assert_eq!(named["level"], "WARN");
    let ada = deployment.slack.person("ada");
    let response = ada
        .command("builds", "/incident", "declare P3 api written")
        .await;
    assert!(response.is_ok(), "{response:?}");
    deployment.settle(Duration::from_secs(30)).await;
    assert_eq!(deployment.count("select count(*) from incidents").await, 1);
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    assert!(!log.iter().any(|line| line.contains("hunter2")), "{log:#?}");
    deployment.close().await;
}
