//! Two processes on one database: they share the work, and each thing happens once.

use crate::harness::command_load::{CommandLoad, channels, nothing_lost_nothing_twice};
use crate::harness::wardroom::{Wardroom, errors};
use crate::harness::{Deployment, ready, until};
use ::simulator::{Fault, FaultRule, Signing};
use std::time::{Duration, Instant};

/// What a dead process held is taken over within this.
const TAKEN_OVER: Duration = Duration::from_secs(20);

async fn send(deployment: &Deployment, child: &Wardroom, path: &str, body: &str) {
    deployment.slack.set_app_url(Some(&child.url));
    let kind = "application/x-www-form-urlencoded".to_owned();
    let headers = vec![("content-type".to_owned(), kind)];
    let response = deployment
        .slack
        .send_as_slack(path, headers, body.as_bytes().to_vec(), Signing::Good)
        .await;
    assert!(response.is_ok(), "{response:?}");
}

/// A command that reaches both.
async fn to_both(
    deployment: &Deployment,
    one: &Wardroom,
    other: &Wardroom,
    channel: &str,
    text: &str,
) {
    let person = deployment.slack.person("ada");
    let (path, body, _) = person.command_form(channel, "/incident", text).unwrap();
    send(deployment, one, &path, &body).await;
    send(deployment, other, &path, &body).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_events_to_two_processes_happen_once_though_one_is_killed_in_mid_call() {
    let deployment = Deployment::new().await;
    let one = deployment.start().await;
    let other = Wardroom::start(&deployment.env).await;
    ready(&other.url).await;
    let channels = channels(&deployment, 2).await;
    for number in 0..20 {
        let channel = &channels[number % 2];
        to_both(
            &deployment,
            &one,
            &other,
            channel,
            &format!("status both-{number:02}-end"),
        )
        .await;
    }
    deployment.settle(Duration::from_secs(30)).await;
    for number in 0..20 {
        assert_eq!(
            deployment.count_public_messages(&format!("both-{number:02}-end")),
            1,
            "both-{number:02}"
        );
    }

    // A post of each channel is held in mid-call; which process holds which is not determined.
    deployment
        .slack
        .fault(FaultRule::once("chat.postMessage", Fault::HoldAnswer).times(2));
    to_both(&deployment, &one, &other, &channels[0], "status held-1-end").await;
    to_both(&deployment, &one, &other, &channels[1], "status held-2-end").await;
    let two = deployment
        .slack
        .wait_until(Duration::from_secs(10), |slack| {
            (slack.held() == 2).then_some(())
        });
    two.await.expect("both channels' posts are held");
    let mut log = one.kill().await;
    let killed_at = Instant::now();
    deployment.slack.release();
    to_both(
        &deployment,
        &other,
        &other,
        &channels[0],
        "status after-1-end",
    )
    .await;
    to_both(
        &deployment,
        &other,
        &other,
        &channels[1],
        "status after-2-end",
    )
    .await;
    let after = deployment.slack.wait_until(Duration::from_secs(40), |_| {
        let all = ["after-1-end", "after-2-end"];
        all.iter()
            .all(|words| deployment.count_public_messages(words) == 1)
            .then_some(())
    });
    after.await.expect("the other takes over");
    let took = killed_at.elapsed();
    eprintln!("taken over after {took:?}");
    assert!(took < TAKEN_OVER, "taken over after {took:?}");
    deployment.settle(Duration::from_secs(30)).await;
    for words in ["held-1-end", "held-2-end", "after-1-end", "after-2-end"] {
        assert_eq!(deployment.count_public_messages(words), 1, "{words}");
    }
    log.extend(other.stop().await);
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_a_storm_and_each_command_happens_once() {
    let deployment = Deployment::new().await;
    let one = deployment.start().await;
    let other = deployment.start().await;
    let channels = channels(&deployment, 4).await;
    let command_load = CommandLoad::start(&deployment, &channels, Duration::from_millis(40));
    for turn in 0..30 {
        let next = if turn % 2 == 0 { &one.url } else { &other.url };
        deployment.slack.set_app_url(Some(next));
        crate::harness::moment::pass(Duration::from_millis(100)).await;
    }
    let ledger = command_load.stop().await;
    nothing_lost_nothing_twice(&deployment, &ledger, Duration::from_secs(60)).await;
    let (yes, no) = ledger.counts();
    assert!(
        yes > 50 && no == 0,
        "{yes} answered 200, {:?}",
        ledger.refusals()
    );
    let mut log = one.stop().await;
    log.extend(other.stop().await);
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_and_a_throttle_hold_on_the_other_process() {
    let deployment = Deployment::new().await;
    let one = deployment.start().await;
    let channels = channels(&deployment, 1).await;
    let ada = deployment.slack.person("ada");
    let response = ada
        .command("general", "/incident", "declare P1 api first of two")
        .await;
    assert!(response.is_ok(), "{response:?}");
    let told = |words: &str| {
        let snapshot = deployment.slack.snapshot();
        let direct = snapshot.direct_message(&deployment.slack.bot_user(), "U0DAN");
        direct.is_some_and(|channel| channel.posts().any(|message| message.words.contains(words)))
    };
    let limit = Duration::from_secs(20);
    let dan = deployment
        .slack
        .wait_until(limit, |_| told("first of two").then_some(()));
    dan.await.expect("Dan is told of the first");
    deployment.settle(Duration::from_secs(30)).await;

    // Slack asks for some seconds, of this channel.
    let limited = Fault::RateLimited { retry_after: 6 };
    deployment
        .slack
        .fault(FaultRule::once("chat.postMessage", limited).in_channel(&channels[0]));
    let response = ada
        .command(&channels[0], "/incident", "status paused-1-end")
        .await;
    assert!(response.is_ok(), "{response:?}");
    let paused = "select count(*) from pauses where until > now()";
    until(limit, "a pause", || async {
        deployment.count(paused).await > 0
    })
    .await;
    let since = Instant::now();
    let before = calls(&deployment, &channels[0]);
    let mut log = one.kill().await;
    let other = deployment.start().await;
    let response = ada
        .command(&channels[0], "/incident", "status paused-2-end")
        .await;
    assert!(response.is_ok(), "{response:?}");
    // It falls and rises again within five minutes of what Dan was told.
    for text in ["#2 severity P3", "#2 severity P1 it is back"] {
        let response = ada.command("general", "/incident", text).await;
        assert!(response.is_ok(), "{response:?}");
    }
    let both = deployment.slack.wait_until(Duration::from_secs(30), |_| {
        let all = ["paused-1-end", "paused-2-end"];
        all.iter()
            .all(|words| deployment.count_public_messages(words) == 1)
            .then_some(())
    });
    both.await.expect("both are said");
    // The pause had begun a moment before we saw it.
    assert!(
        since.elapsed() > Duration::from_secs(4),
        "said after {:?}",
        since.elapsed()
    );
    assert_eq!(
        calls(&deployment, &channels[0]),
        before + 2,
        "no call came in between"
    );
    deployment.settle(Duration::from_secs(30)).await;
    let throttled = "select count(*) from notifications where status = 'throttled'";
    assert_eq!(
        deployment.count(throttled).await,
        1,
        "Dan was told a moment ago"
    );
    let snapshot = deployment.slack.snapshot();
    let direct = snapshot
        .direct_message(&deployment.slack.bot_user(), "U0DAN")
        .unwrap();
    let told: Vec<&str> = direct.posts().map(|message| &*message.words).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    log.extend(other.stop().await);
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    deployment.close().await;
}

/// How often a channel was posted to.
fn calls(deployment: &Deployment, channel: &str) -> usize {
    let requests = deployment.slack.requests();
    let posts = requests
        .iter()
        .filter(|call| call.method == "chat.postMessage" && call.args["channel"] == channel);
    posts.count()
}
