//! Another server takes the writes: the process finds it by itself, and nothing acknowledged is lost.
//!
//! A streaming standby is promoted under load while the old primary still answers, in each of the
//! ways in which that happens. Promised: ready, and commands acknowledged, within 10 s.

use crate::harness::cluster::Cluster;
use crate::harness::command_load::{CommandLoad, channels, nothing_lost_nothing_twice};
use crate::harness::signed::{self, Client};
use crate::harness::standby::Forwarder;
use crate::harness::wardroom::{Wardroom, errors};
use crate::harness::{Deployment, becomes, moment, status};
use std::time::{Duration, Instant};

const PROMISED: Duration = Duration::from_secs(10);
/// For turning unready.
const UNREADY: Duration = Duration::from_secs(6);
/// How long is watched after the promotion.
const WATCHED: Duration = Duration::from_secs(14);

/// What the old primary does when its standby is promoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Old {
    /// It answers and takes no writes.
    ReadOnly,
    /// Its commits wait for a standby that is gone.
    Hangs,
    /// It is gone.
    Dies,
}

/// How the process knows of the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// The same address leads there.
    ByTheSameAddress,
    /// Both are hosts of the address.
    ByTwoHosts,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_turns_read_only_is_left_for_the_one_behind_the_same_address() {
    failover(Old::ReadOnly, Known::ByTheSameAddress).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_dies_is_left_for_the_other_host() {
    failover(Old::Dies, Known::ByTwoHosts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_whose_commits_hang_is_left_for_the_one_behind_the_same_address() {
    failover(Old::Hangs, Known::ByTheSameAddress).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_whose_commits_hang_is_left_for_the_other_host() {
    failover(Old::Hangs, Known::ByTwoHosts).await;
}

async fn failover(old: Old, known: Known) {
    let mut primary = Cluster::start().await;
    let standby = primary.with_standby().await;
    let mut deployment = Deployment::on(&primary).await;
    let forwarder = Forwarder::to(&primary).await;
    let url = match known {
        Known::ByTheSameAddress => {
            format!("postgres://postgres@127.0.0.1:{}/postgres", forwarder.port)
        }
        // The standby is the first: it answers, and is passed over.
        Known::ByTwoHosts => {
            let hosts = [standby.socket(), primary.socket()].join(",");
            format!("postgres:///postgres?user=postgres&host={hosts}")
        }
    };
    deployment.env.insert("DATABASE_URL".to_owned(), url);
    let child = deployment.start().await;
    let channels = channels(&deployment, 3).await;
    let command_load = CommandLoad::start(&deployment, &channels, Duration::from_millis(250));
    let client = Client::new();
    moment::pass(Duration::from_secs(1)).await;

    match old {
        Old::ReadOnly => {
            let read_only = "alter system set default_transaction_read_only = on";
            primary.does(read_only).await;
            primary.does("select pg_reload_conf()").await;
            becomes(&child.url, 503, UNREADY).await;
        }
        Old::Dies => primary.kill(),
        Old::Hangs => {}
    }
    standby.promote().await;
    forwarder.turn_to(&standby);
    let took = recovered(&child, &client).await;
    eprintln!("{old:?}, {known:?}: well {took:?} after the promotion");
    assert!(took < PROMISED, "{took:?}");

    deployment.move_to(&standby);
    let ledger = command_load.stop().await;
    nothing_lost_nothing_twice(&deployment, &ledger, Duration::from_secs(60)).await;
    let (yes, no) = ledger.counts();
    let refusals = ledger.refusals();
    eprintln!("{yes} commands answered 200, {no} not: {refusals:?}");
    let only = refusals.keys().all(|what| what == "503");
    assert!(yes > 0 && only, "{refusals:?}");
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
}

/// Watches readiness and a command, again and again; gives when the last of them was not well.
async fn recovered(child: &Wardroom, client: &Client) -> Duration {
    let began = Instant::now();
    let ready = format!("{}/health/ready", child.url);
    let mut last_bad = Duration::ZERO;
    while began.elapsed() < WATCHED {
        let well = status(&ready).await == Some(200) && acknowledged(child, client).await;
        if !well {
            last_bad = began.elapsed();
        }
        moment::pass(Duration::from_millis(100)).await;
    }
    last_bad
}

async fn acknowledged(child: &Wardroom, client: &Client) -> bool {
    let trigger = uuid::Uuid::new_v4();
    let body = format!(
        "command=%2Fincident&text=help&user_id=U0ADA&channel_id=C0BUILDS&trigger_id={trigger}"
    )
    .into_bytes();
    let headers = signed::slack(&body, 0);
    let url = format!("{}/slack/commands", child.url);
    let answer = client.post(&url, &headers, body).await;
    answer.is_ok_and(|answer| answer.status == 200)
}
