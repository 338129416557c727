//! The order of a lane through all that goes wrong, and state that is shown as it is last.

use super::{a_while, rows, said};
use crate::world::World;
use chrono::Duration;
use simulator::{Fault, FaultRule};
use std::time::Duration as RealTime;
use wardroom::domain::ids::EffectId;
use wardroom::store::Operator;

const WORDS: [&str; 3] = ["the first", "the second", "the third"];

async fn say_all(world: &mut World, channel: &str) {
    for words in WORDS {
        world
            .types("bea", channel, &format!("status {words}"))
            .await;
    }
}

#[tokio::test]
async fn what_was_decided_first_stands_first_whatever_happens_to_it() {
    let faults = [
        Fault::LoseRequest,
        Fault::LoseAnswer,
        Fault::Status { status: 502 },
        Fault::DoneButStatus { status: 502 },
        Fault::RateLimited { retry_after: 7 },
        Fault::Code {
            code: "fatal_error".to_owned(),
        },
    ];
    for fault in faults {
        let mut world = World::new().await;
        let channel = world.declared("bea", "P3 db Slow queries").await;
        let id = world.channel_id(&channel);
        let rule = FaultRule::once("chat.postMessage", fault.clone()).in_channel(&id);
        world.slack.fault(rule);
        say_all(&mut world, &channel).await;
        let early = said(&world, &channel, &WORDS);
        assert!(
            !early.contains(&"the second".to_owned()),
            "nothing overtakes an uncertain head ({fault:?}): {early:?}"
        );
        a_while(&mut world).await;
        assert_eq!(said(&world, &channel, &WORDS), WORDS, "{fault:?}");
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn a_parked_head_steps_aside_and_comes_back_behind_those_who_went_by() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let id = world.channel_id(&channel);
    let code = "restricted_action".to_owned();
    world
        .slack
        .fault(FaultRule::once("chat.postMessage", Fault::Code { code }).in_channel(&id));
    say_all(&mut world, &channel).await;
    assert_eq!(said(&world, &channel, &WORDS), ["the second", "the third"]);
    let [parked] = world.effects("parked").await.try_into().expect("one");
    assert_eq!(parked.error.as_deref(), Some("restricted_action"));
    let told = world.expect_ephemeral("bea", "restricted_action");
    assert!(
        told.words
            .contains(&format!("wardroom outbox retry {}", parked.id))
    );

    let now = world.clock.now();
    let retried = world
        .store
        .retry_effect(EffectId(parked.id), Operator::Cli, now)
        .await;
    assert!(retried.expect("it answers"));
    world.settle().await;
    assert_eq!(
        said(&world, &channel, &WORDS),
        ["the second", "the third", "the first"]
    );
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_head_that_keeps_failing_is_parked_after_its_attempts_and_the_rest_goes_on() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let id = world.channel_id(&channel);
    // Nothing listens where the request goes: surely not done, each time.
    let rule = FaultRule::once("chat.postMessage", Fault::LoseRequest).in_channel(&id);
    let lost = world.slack.fault(rule.times(12));
    say_all(&mut world, &channel).await;
    world.pass_in_steps(Duration::seconds(5), 500).await;
    assert_eq!(world.slack.fault_hits(lost), 12);
    assert_eq!(said(&world, &channel, &WORDS), ["the second", "the third"]);
    let [parked] = world.effects("parked").await.try_into().expect("one");
    world.expect_ephemeral("bea", &format!("wardroom outbox retry {}", parked.id));
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn many_changes_while_slack_is_slow_are_few_edits_and_the_last_one_is_right() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    world.slack.fault(FaultRule::once(
        "chat.update",
        Fault::RateLimited { retry_after: 30 },
    ));
    world.types("bea", &channel, "investigating").await;
    for severity in ["P2", "P1", "P2", "P4"] {
        let change = format!("severity {severity} so it seems");
        world.types("bea", &channel, &change).await;
    }
    world.types("bea", &channel, "identified").await;
    world.pass_in_steps(Duration::seconds(1), 35).await;
    let card = world.channel(&channel);
    let card = card
        .posts()
        .find(|message| message.words.contains("Don't post secrets"));
    let card = card.expect("the card exists");
    assert!(card.edits <= 2, "{} edits", card.edits);
    assert!(
        card.words.contains("Identified") && card.words.contains("P4"),
        "{}",
        card.words
    );
    assert!(rows(&world, "update_message").await.len() <= 2);
    world.skip_messages();
    world.finish().await;
}

/// Starts an edit of the card that Slack does not answer, and changes the incident meanwhile.
async fn with_an_edit_under_way(world: &mut World, channel: &str, fault: Fault) {
    world.slack.fault(FaultRule::once("chat.update", fault));
    let response = world
        .person("bea")
        .command(&world.channel_id(channel), "/incident", "investigating")
        .await;
    assert!(response.is_ok());
    let calls = world.slack.calls("chat.update");
    let engine = world.app.engine.clone();
    while engine.intake_step().await.expect("it answers") {}
    let edit = tokio::spawn(async move { engine.delivery_step().await });
    let patience = RealTime::from_secs(5);
    let called = |slack: &simulator::Workspace| (slack.calls("chat.update") > calls).then_some(());
    let reached = world.slack.wait_until(patience, called).await;
    reached.expect("the edit reaches Slack");
    // While it is in progress, everything else goes on.
    world.types("bea", channel, "identified").await;
    world.types("bea", channel, "monitoring").await;
    world.slack.release();
    let edited = edit.await.expect("no panic");
    edited.expect("the database answers");
}

#[tokio::test]
async fn a_change_during_an_edit_is_shown_by_one_more() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    with_an_edit_under_way(&mut world, &channel, Fault::HoldAnswer).await;
    a_while(&mut world).await;
    let card = world.channel(&channel);
    let card = card
        .posts()
        .find(|message| message.words.contains("Don't post secrets"));
    let card = card.expect("the card exists");
    assert!(card.words.contains("Monitoring"), "{}", card.words);
    assert_eq!(card.edits, 2);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn an_old_edit_that_lands_late_does_not_stand() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    with_an_edit_under_way(&mut world, &channel, Fault::DoneAfterHangUp).await;
    a_while(&mut world).await;
    let card = world.channel(&channel);
    let card = card
        .posts()
        .find(|message| message.words.contains("Don't post secrets"));
    let card = card.expect("the card exists");
    assert!(card.words.contains("Monitoring"), "{}", card.words);
    world.skip_messages();
    world.finish().await;
}
