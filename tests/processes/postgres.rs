//! The database dies, goes away, or hangs: the process lives, says so, and goes on by itself.
//!
//! Each story has a server of its own. What was acknowledged before, in between and after is
//! counted in the channels in the end.

use crate::harness::cluster::Cluster;
use crate::harness::command_load::{CommandLoad, channels, nothing_lost_nothing_twice};
use crate::harness::signed::{self, Answer, Client};
use crate::harness::wardroom::{Wardroom, errors};
use crate::harness::{Deployment, becomes, ready, status};
use sqlx::Connection as _;
use std::time::{Duration, Instant};

/// What the contract gives for turning unready, and for saying 503.
const UNREADY: Duration = Duration::from_secs(6);
const REFUSED: Duration = Duration::from_millis(2500);
/// What is added for a busy machine.
const ALLOWANCE: Duration = Duration::from_millis(300);

async fn command(child: &Wardroom, client: &Client, text: &str) -> (Answer, Duration) {
    let trigger = uuid::Uuid::new_v4();
    let body = format!(
        "command=%2Fincident&text={text}&user_id=U0ADA&channel_id=C0BUILDS&trigger_id={trigger}"
    )
    .into_bytes();
    let url = format!("{}/slack/commands", child.url);
    let began = Instant::now();
    let headers = signed::slack(&body, 0);
    let answer = client.post(&url, &headers, body).await.expect("it answers");
    (answer, began.elapsed())
}

/// A request while the database is away: 503 with Retry-After, in time; liveness does not care.
async fn refused_in_time(child: &Wardroom, client: &Client) {
    let (answer, took) = command(child, client, "help").await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    let seconds = answer
        .retry_after
        .as_deref()
        .and_then(|value| value.parse::<u64>().ok());
    assert!(seconds.is_some(), "Retry-After: {:?}", answer.retry_after);
    assert!(took < REFUSED + ALLOWANCE, "503 after {took:?}");
    assert_eq!(
        status(&format!("{}/health/live", child.url)).await,
        Some(200)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_killed_between_append_and_flush_loses_nothing_acknowledged() {
    killed(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: twenty crashes of PostgreSQL with their recoveries"]
async fn postgresql_killed_twenty_times_loses_nothing_acknowledged() {
    killed(20).await;
}

async fn killed(times: u32) {
    let mut cluster = Cluster::start().await;
    let deployment = Deployment::on(&cluster).await;
    let child = deployment.start().await;
    let channels = channels(&deployment, 4).await;
    let command_load = CommandLoad::start(&deployment, &channels, Duration::from_millis(60));
    for kill in 0..times {
        crate::harness::moment::pass(Duration::from_millis(900 + 211 * u64::from(kill % 5))).await;
        cluster.kill_when(command_load.ledger.awaited(2)).await;
        cluster.start_again().await;
        becomes(&child.url, 200, Duration::from_secs(20)).await;
    }
    let ledger = command_load.stop().await;
    nothing_lost_nothing_twice(&deployment, &ledger, Duration::from_secs(90)).await;
    let (yes, no) = ledger.counts();
    let refusals = ledger.refusals();
    eprintln!("{times} crashes; {yes} commands answered 200, {no} not: {refusals:?}");
    let only = refusals.keys().all(|what| what == "503");
    assert!(only, "answered otherwise than 200 or 503: {refusals:?}");
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_for_a_while_is_waited_for() {
    away(Duration::from_secs(8)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: the database is away for a whole minute"]
async fn a_database_that_is_away_for_a_minute_is_waited_for() {
    away(Duration::from_secs(60)).await;
}

/// What `/metrics` says of the database.
async fn up(child: &Wardroom) -> String {
    let text = reqwest::get(format!("{}/metrics", child.url))
        .await
        .unwrap();
    let text = text.text().await.unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("wardroom_database_up"));
    line.unwrap().to_owned()
}

async fn away(length: Duration) {
    let mut cluster = Cluster::start().await;
    let deployment = Deployment::on(&cluster).await;
    let child = deployment.start().await;
    let channels = channels(&deployment, 2).await;
    let command_load = CommandLoad::start(&deployment, &channels, Duration::from_millis(200));
    let client = Client::new();
    crate::harness::moment::pass(Duration::from_secs(1)).await;

    cluster.stop().await;
    let began = Instant::now();
    let took = becomes(&child.url, 503, UNREADY).await;
    eprintln!("unready {took:?} after the loss");
    let scraping = Instant::now();
    assert!(up(&child).await.contains("wardroom_database_up 0"));
    assert!(scraping.elapsed() < Duration::from_secs(1), "at once");
    while began.elapsed() < length {
        refused_in_time(&child, &client).await;
        assert_eq!(
            status(&format!("{}/health/ready", child.url)).await,
            Some(503)
        );
        crate::harness::moment::pass(Duration::from_millis(200)).await;
    }
    cluster.start_again().await;
    let took = becomes(&child.url, 200, Duration::from_secs(10)).await;
    eprintln!("ready {took:?} after it came back");
    assert!(up(&child).await.contains("wardroom_database_up 1"));
    let (answer, _) = command(&child, &client, "help").await;
    assert_eq!(answer.status, 200, "{}", answer.body);

    let ledger = command_load.stop().await;
    nothing_lost_nothing_twice(&deployment, &ledger, Duration::from_secs(60)).await;
    let (yes, no) = ledger.counts();
    let refusals = ledger.refusals();
    eprintln!("{yes} commands answered 200, {no} not: {refusals:?}");
    let only = refusals.keys().all(|what| what == "503");
    assert!(yes > 0 && !refusals.is_empty() && only, "{refusals:?}");
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_hangs_is_refused_in_time_and_recovered_from() {
    let cluster = Cluster::start().await;
    let deployment = Deployment::on(&cluster).await;
    let child = deployment.start().await;
    let client = Client::new();
    let (answer, _) = command(&child, &client, "help").await;
    assert_eq!(answer.status, 200);

    // Its processes stand still: connections stay open and say nothing.
    let frozen = cluster.freeze();
    refused_in_time(&child, &client).await;
    becomes(&child.url, 503, UNREADY).await;
    refused_in_time(&child, &client).await;
    drop(frozen);
    becomes(&child.url, 200, Duration::from_secs(10)).await;
    let (answer, _) = command(&child, &client, "help").await;
    assert_eq!(answer.status, 200, "{}", answer.body);

    // Another session locks the table: what needs it is refused, in time.
    let mut holder = deployment.connection().await;
    let mut lock = holder.begin().await.unwrap();
    sqlx::query("lock table inbox in access exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    refused_in_time(&child, &client).await;
    refused_in_time(&child, &client).await;
    lock.rollback().await.unwrap();
    ready(&child.url).await;
    let (answer, _) = command(&child, &client, "declare+P3+api+after+the+lock").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    deployment.settle(Duration::from_secs(30)).await;
    let declared = "select count(*) from incidents where title = 'after the lock'";
    assert_eq!(deployment.count(declared).await, 1);
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
}
