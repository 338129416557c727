//! Turns: one row of a subject or a lane at a time, in order, none stuck, also with two replicas.

use super::{Replica, Ring};
use crate::world::World;
use chrono::Duration;
use simulator::{Fault, FaultRule};
use sqlx::Row as _;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration as RealTime;
use tokio::task::JoinSet;
use wardroom::domain::ids::{EffectId, SignalId};
use wardroom::store::Operator;

const TASKS: u64 = 8;
const EACH: u64 = 40;

/// Subjects in no order, yet the same in each run.
fn subject(task: u64, at: u64) -> String {
    let mixed = (task * 1_000_003 + at * 7919).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    format!("subject-{}", mixed % 6)
}

async fn step_until(replica: Replica, over: Arc<AtomicBool>) {
    loop {
        let last = over.load(Ordering::SeqCst);
        let moved = replica.engine.intake_step().await.expect("it answers");
        if last && !moved {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn appends_and_decisions_of_two_replicas_leave_no_row_stuck_doubled_or_overtaken() {
    let ring = Ring::new().await;
    let replicas = [ring.replica(), ring.pooled_replica()];
    let over = Arc::new(AtomicBool::new(false));
    let mut stepping = JoinSet::new();
    for replica in &replicas {
        for _ in 0..2 {
            stepping.spawn(step_until(replica.clone(), over.clone()));
        }
    }
    let mut appending = JoinSet::new();
    for task in 0..TASKS {
        let store = replicas[task as usize % 2].store.clone();
        let arrivals: Vec<_> = (0..EACH)
            // One in five was sent before, by this task or by its neighbour.
            .map(|at| {
                let (task, at) = if at % 5 == 4 {
                    (task / 2 * 2, at - 1)
                } else {
                    (task, at)
                };
                ring.arrival(&format!("{task}/{at}"), &subject(task, at))
            })
            .collect();
        appending.spawn(async move {
            for arrival in arrivals {
                store.append(arrival).await.expect("it is durable");
            }
        });
    }
    while let Some(done) = appending.join_next().await {
        done.expect("no panic");
    }
    over.store(true, Ordering::SeqCst);
    while let Some(done) = stepping.join_next().await {
        done.expect("no panic");
    }
    // A step may have passed while another one held the last row of a subject.
    replicas[0].decide_all().await;

    let left = "select count(*) from inbox where state <> 'done' or blocked";
    assert_eq!(ring.number(left).await, 0);
    let mut arrived: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut connection = ring.database.connection().await;
    let rows = sqlx::query("select subject, dedup_key from inbox order by seq")
        .fetch_all(&mut connection)
        .await
        .expect("it answers");
    assert_eq!(rows.len() as u64, TASKS * EACH * 4 / 5);
    for row in rows {
        arrived.entry(row.get(0)).or_default().push(row.get(1));
    }
    for (subject, keys) in arrived {
        assert_eq!(ring.decided(Some(&subject)), keys, "{subject}");
    }
    ring.end(&replicas).await;
}

#[tokio::test]
async fn two_replicas_share_the_lanes_and_keep_each_ones_order_with_a_lossy_slack() {
    let mut world = World::new().await;
    let (replica, _address) = world.replica().await;
    let mut channels = Vec::new();
    for at in 0..4 {
        channels.push(world.declared("bea", &format!("P3 db Trouble {at}")).await);
    }
    let lossy = FaultRule::once("chat.postMessage", Fault::LoseAnswer);
    world.slack.fault(lossy.always().every(3));
    let words: Vec<String> = (0..5).map(|at| format!("line-{at}.")).collect();
    for line in &words {
        for channel in &channels {
            let response = world
                .person("bea")
                .command(
                    &world.channel_id(channel),
                    "/incident",
                    &format!("status {line}"),
                )
                .await;
            assert!(response.is_ok());
        }
    }
    let both = [world.app.engine.clone(), replica.engine.clone()];
    for _ in 0..60 {
        let step = async |engine: &Arc<wardroom::engine::Engine>| {
            while engine.intake_step().await.expect("it answers") {}
            engine.delivery_step().await.expect("it answers")
        };
        while {
            let (one, other) = tokio::join!(step(&both[0]), step(&both[1]));
            one + other > 0
        } {}
        world.clock.advance(Duration::seconds(1));
    }
    world.slack.lift_faults();
    world.pass_in_steps(Duration::seconds(2), 10).await;
    for channel in &channels {
        let posts = world.channel(channel);
        let posts: Vec<&str> = posts
            .posts()
            .filter(|message| message.ephemeral_to.is_none())
            .filter_map(|message| words.iter().find(|line| message.words.contains(*line)))
            .map(String::as_str)
            .collect();
        assert_eq!(posts, words, "{channel}");
    }
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_row_that_is_blocked_by_nothing_is_freed_by_the_sweep() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let response = world
        .person("bea")
        .command(
            &world.channel_id(&channel),
            "/incident",
            "status all is well",
        )
        .await;
    assert!(response.is_ok());
    assert_eq!(
        world
            .sql("update inbox set blocked = true where state = 'open'")
            .await,
        1
    );
    world.settle().await;
    assert_eq!(world.new_messages_in(&channel, "all is well"), 0);
    world.pass(Duration::seconds(31)).await;
    world.settle().await;
    assert_eq!(world.new_messages_in(&channel, "all is well"), 1);

    let response = world
        .person("bea")
        .command(
            &world.channel_id(&channel),
            "/incident",
            "status still well",
        )
        .await;
    assert!(response.is_ok());
    while world.app.engine.intake_step().await.expect("it answers") {}
    let stuck = "update outbox set blocked = true where ended_at is null";
    assert!(world.sql(stuck).await > 0);
    world.settle().await;
    assert_eq!(world.new_messages_in(&channel, "still well"), 0);
    world.pass(Duration::seconds(31)).await;
    world.settle().await;
    assert_eq!(world.new_messages_in(&channel, "still well"), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_retried_row_waits_for_the_one_that_has_its_turn() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let id = world.channel_id(&channel);
    let code = "restricted_action".to_owned();
    let refuse = FaultRule::once("chat.postMessage", Fault::Code { code }).in_channel(&id);
    world.slack.fault(refuse.times(2));
    world.types("bea", &channel, "status the first").await;
    world.types("bea", &channel, "status never mind").await;
    let mut parked = world.effects("parked").await;
    parked.reverse();
    assert_eq!(parked.len(), 2);

    let hold = FaultRule::once("chat.postMessage", Fault::HoldAnswer).in_channel(&id);
    world.slack.fault(hold);
    let response = world
        .person("bea")
        .command(&id, "/incident", "status the second")
        .await;
    assert!(response.is_ok());
    while world.app.engine.intake_step().await.expect("it answers") {}
    let engine = world.app.engine.clone();
    let posting = tokio::spawn(async move { engine.delivery_step().await });
    let held = |slack: &simulator::Workspace| (slack.held() == 1).then_some(());
    let held = world.slack.wait_until(RealTime::from_secs(5), held).await;
    held.expect("the second is in progress");

    let now = world.clock.now();
    let retried = world
        .store
        .retry_effect(EffectId(parked[0].id), Operator::Cli, now)
        .await;
    assert!(retried.expect("it answers"));
    assert_eq!(world.store.free_stuck_heads().await.expect("it answers"), 0);
    let dropped = world
        .store
        .drop_effect(EffectId(parked[1].id), "said otherwise", Operator::Cli, now)
        .await;
    assert!(dropped.expect("it answers"));
    let calls = world.slack.calls("chat.postMessage");
    world.settle().await;
    assert_eq!(
        world.new_messages_in(&channel, "the first"),
        0,
        "it does not go beside the one in progress ({calls} calls before)"
    );
    world.slack.release();
    posting.await.expect("no panic").expect("it answers");
    world.settle().await;
    assert_eq!(world.new_messages_in(&channel, "the first"), 1);
    assert_eq!(world.new_messages_in(&channel, "the second"), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_replayed_signal_waits_for_the_one_that_has_its_turn() {
    let ring = Ring::new().await;
    let replica = ring.replica();
    let first = replica.store.append(ring.arrival("first", "s")).await;
    let first = first.expect("durable").id();
    replica.decide_all().await;
    for key in ["second", "third"] {
        let appended = replica.store.append(ring.arrival(key, "s")).await;
        appended.expect("durable");
    }
    let now = ring.clock.now();
    assert!(
        replica
            .store
            .replay(first, Operator::Cli, now)
            .await
            .expect("it answers")
    );
    assert_eq!(
        replica.store.free_stuck_heads().await.expect("it answers"),
        0
    );
    let turns = "select count(*) from inbox where state = 'open' and not blocked";
    assert_eq!(ring.number(turns).await, 1);
    replica.decide_all().await;
    assert_eq!(ring.decided(None), ["first", "second", "first", "third"]);
    let unknown = SignalId(uuid::Uuid::nil());
    assert!(
        !replica
            .store
            .replay(unknown, Operator::Cli, now)
            .await
            .expect("it answers")
    );
    ring.end(&[replica]).await;
}

#[tokio::test]
async fn a_dropped_signal_frees_the_next_of_its_subject_and_is_audited() {
    let ring = Ring::new().await;
    let replica = ring.replica();
    let mut ids = Vec::new();
    for key in ["first", "second", "third"] {
        let appended = replica.store.append(ring.arrival(key, "s")).await;
        ids.push(appended.expect("durable").id());
    }
    let now = ring.clock.now();
    let dropped = async |id| {
        let store = &replica.store;
        let dropped = store
            .drop_signal(id, "not wanted", Operator::Cli, now)
            .await;
        dropped.expect("it answers")
    };
    // One that waits for its turn leaves the turn where it is.
    assert!(dropped(ids[1]).await);
    let turns = "select count(*) from inbox where state = 'open' and not blocked";
    assert_eq!(ring.number(turns).await, 1);
    assert!(dropped(ids[0]).await);
    assert_eq!(ring.number(turns).await, 1, "the third has its turn");
    replica.decide_all().await;
    assert_eq!(ring.decided(None), ["third"]);
    let row = replica.store.inbox_row(ids[0]).await.expect("it answers");
    let row = row.expect("it is there");
    assert_eq!(
        (row.state.as_str(), row.outcome.as_deref(), row.ended_at),
        ("done", Some("dropped"), Some(now))
    );
    let audited = format!(
        "select count(*) from audit_log where action = 'inbox.drop' and by = 'cli'
            and details = '{{\"signal\": \"{}\", \"why\": \"not wanted\"}}'",
        ids[0]
    );
    assert_eq!(ring.number(&audited).await, 1);

    for ended in [ids[0], ids[2], SignalId(uuid::Uuid::nil())] {
        assert!(!dropped(ended).await, "dropped, decided, unknown");
    }
    let audited = "select count(*) from audit_log where action = 'inbox.drop'";
    assert_eq!(ring.number(audited).await, 2);
    // It may be decided all the same, as long as its body is kept.
    let replayed = replica.store.replay(ids[0], Operator::Cli, now).await;
    assert!(replayed.expect("it answers"));
    replica.decide_all().await;
    assert_eq!(ring.decided(None), ["third", "first"]);
    ring.end(&[replica]).await;
}

#[tokio::test]
async fn a_signal_that_was_put_off_is_not_claimed_again_before_its_time() {
    let ring = Ring::new().await;
    let replica = ring.replica();
    let (store, now) = (&replica.store, ring.clock.now());
    let appended = store.append(ring.arrival("one", "s")).await;
    let id = appended.expect("it is durable").id();
    let until = now + Duration::seconds(5);
    store.put_off(id, until).await.expect("it answers");
    for (at, free) in [(now, false), (until, true)] {
        let claimed = store.claim_this_signal(id, at).await.expect("it answers");
        assert_eq!(claimed.is_some(), free, "at {at}");
        if let Some(claim) = claimed {
            claim.intake.undo().await;
        }
    }
    ring.clock.advance(Duration::seconds(5));
    replica.decide_all().await;
    ring.end(&[replica]).await;
}
