//! Two processes on one database: they share the work, and each thing happens once.

use crate::harness::typists::{Typists, nothing_lost_nothing_twice, rooms};
use crate::harness::wardroom::{Wardroom, errors};
use crate::harness::{House, ready, until};
use ::simulator::{Fault, FaultRule, Signing};
use std::time::{Duration, Instant};

/// What a dead process held is taken over within this.
const TAKEN_OVER: Duration = Duration::from_secs(20);

async fn send(house: &House, child: &Wardroom, path: &str, body: &str) {
    house.slack.set_app_url(Some(&child.url));
    let kind = "application/x-www-form-urlencoded".to_owned();
    let headers = vec![("content-type".to_owned(), kind)];
    let heard = house
        .slack
        .send_as_slack(path, headers, body.as_bytes().to_vec(), Signing::Good)
        .await;
    assert!(heard.is_ok(), "{heard:?}");
}

/// A command that reaches both.
async fn to_both(house: &House, one: &Wardroom, other: &Wardroom, room: &str, text: &str) {
    let person = house.slack.person("ada");
    let (path, body, _) = person.command_form(room, "/incident", text).unwrap();
    send(house, one, &path, &body).await;
    send(house, other, &path, &body).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_events_to_two_processes_happen_once_though_one_is_killed_in_mid_call() {
    let house = House::new().await;
    let one = house.opens().await;
    let other = Wardroom::start(&house.env).await;
    ready(&other.url).await;
    let rooms = rooms(&house, 2).await;
    for number in 0..20 {
        let room = &rooms[number % 2];
        to_both(
            &house,
            &one,
            &other,
            room,
            &format!("status both-{number:02}-end"),
        )
        .await;
    }
    house.settles(Duration::from_secs(30)).await;
    for number in 0..20 {
        assert_eq!(
            house.times_said(&format!("both-{number:02}-end")),
            1,
            "both-{number:02}"
        );
    }

    // A post of each room is held in mid-call; which process holds which is nobody's choice.
    house
        .slack
        .fault(FaultRule::once("chat.postMessage", Fault::HoldAnswer).times(2));
    to_both(&house, &one, &other, &rooms[0], "status held-1-end").await;
    to_both(&house, &one, &other, &rooms[1], "status held-2-end").await;
    let two = house.slack.wait_until(Duration::from_secs(10), |slack| {
        (slack.held() == 2).then_some(())
    });
    two.await.expect("both rooms' posts are held");
    let mut log = one.kill().await;
    let killed_at = Instant::now();
    house.slack.release();
    to_both(&house, &other, &other, &rooms[0], "status after-1-end").await;
    to_both(&house, &other, &other, &rooms[1], "status after-2-end").await;
    let after = house.slack.wait_until(Duration::from_secs(40), |_| {
        let all = ["after-1-end", "after-2-end"];
        all.iter()
            .all(|words| house.times_said(words) == 1)
            .then_some(())
    });
    after.await.expect("the other takes over");
    let took = killed_at.elapsed();
    eprintln!("taken over after {took:?}");
    assert!(took < TAKEN_OVER, "taken over after {took:?}");
    house.settles(Duration::from_secs(30)).await;
    for words in ["held-1-end", "held-2-end", "after-1-end", "after-2-end"] {
        assert_eq!(house.times_said(words), 1, "{words}");
    }
    log.extend(other.stop().await);
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_a_storm_and_each_command_happens_once() {
    let house = House::new().await;
    let one = house.opens().await;
    let other = house.opens().await;
    let rooms = rooms(&house, 4).await;
    let typists = Typists::at(&house, &rooms, Duration::from_millis(40));
    for turn in 0..30 {
        let next = if turn % 2 == 0 { &one.url } else { &other.url };
        house.slack.set_app_url(Some(next));
        crate::harness::moment::pass(Duration::from_millis(100)).await;
    }
    let ledger = typists.stop().await;
    nothing_lost_nothing_twice(&house, &ledger, Duration::from_secs(60)).await;
    let (yes, no) = ledger.counts();
    assert!(
        yes > 50 && no == 0,
        "{yes} answered 200, {:?}",
        ledger.refusals()
    );
    let mut log = one.stop().await;
    log.extend(other.stop().await);
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_and_a_throttle_hold_on_the_other_process() {
    let house = House::new().await;
    let one = house.opens().await;
    let rooms = rooms(&house, 1).await;
    let ada = house.slack.person("ada");
    let heard = ada
        .command("general", "/incident", "declare P1 api first of two")
        .await;
    assert!(heard.is_ok(), "{heard:?}");
    let told = |words: &str| {
        let snapshot = house.slack.snapshot();
        let direct = snapshot.direct_message(&house.slack.bot_user(), "U0DAN");
        direct.is_some_and(|room| room.posts().any(|message| message.words.contains(words)))
    };
    let limit = Duration::from_secs(20);
    let dan = house
        .slack
        .wait_until(limit, |_| told("first of two").then_some(()));
    dan.await.expect("Dan is told of the first");
    house.settles(Duration::from_secs(30)).await;

    // Slack asks for some seconds, of this room.
    let limited = Fault::RateLimited { retry_after: 6 };
    house
        .slack
        .fault(FaultRule::once("chat.postMessage", limited).in_channel(&rooms[0]));
    let heard = ada
        .command(&rooms[0], "/incident", "status paused-1-end")
        .await;
    assert!(heard.is_ok(), "{heard:?}");
    let paused = "select count(*) from pauses where until > now()";
    until(limit, "a pause", || async { house.count(paused).await > 0 }).await;
    let since = Instant::now();
    let before = calls(&house, &rooms[0]);
    let mut log = one.kill().await;
    let other = house.opens().await;
    let heard = ada
        .command(&rooms[0], "/incident", "status paused-2-end")
        .await;
    assert!(heard.is_ok(), "{heard:?}");
    // It falls and rises again within five minutes of what Dan was told.
    for text in ["#2 severity P3", "#2 severity P1 it is back"] {
        let heard = ada.command("general", "/incident", text).await;
        assert!(heard.is_ok(), "{heard:?}");
    }
    let both = house.slack.wait_until(Duration::from_secs(30), |_| {
        let all = ["paused-1-end", "paused-2-end"];
        all.iter()
            .all(|words| house.times_said(words) == 1)
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
        calls(&house, &rooms[0]),
        before + 2,
        "nobody called in between"
    );
    house.settles(Duration::from_secs(30)).await;
    let throttled = "select count(*) from notifications where status = 'throttled'";
    assert_eq!(house.count(throttled).await, 1, "Dan was told a moment ago");
    let snapshot = house.slack.snapshot();
    let direct = snapshot
        .direct_message(&house.slack.bot_user(), "U0DAN")
        .unwrap();
    let told: Vec<&str> = direct.posts().map(|message| &*message.words).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    log.extend(other.stop().await);
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    house.close().await;
}

/// How often a room was posted to.
fn calls(house: &House, room: &str) -> usize {
    let requests = house.slack.requests();
    let posts = requests
        .iter()
        .filter(|call| call.method == "chat.postMessage" && call.args["channel"] == room);
    posts.count()
}
