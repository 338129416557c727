//! Leases: what a process held that is gone is taken over, looked for first, and its late word on
//! it counts no more.

use crate::world::World;
use chrono::Duration;
use simulator::{Fault, FaultRule};
use std::time::Duration as RealTime;
use wardroom::domain::effect::{Answer, Priority, Provider};
use wardroom::domain::ids::EffectId;
use wardroom::domain::signal::End;
use wardroom::store::{Ending, Operator, StoreError, Which};

const EXPIRE: &str = "update outbox set lease_until = clock_timestamp() - interval '1 s'
                       where ended_at is null and lease_until is not null";

/// A status line that is decided and not yet delivered; gives the channel's name.
async fn decided(world: &mut World) -> String {
    after(world, "status rolling back").await
}

/// What this command brings about is decided and not yet delivered.
async fn after(world: &mut World, command: &str) -> String {
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let response = world
        .person("bea")
        .command(&world.channel_id(&channel), "/incident", command)
        .await;
    assert!(response.is_ok());
    while world.app.engine.intake_step().await.expect("it answers") {}
    channel
}

#[tokio::test]
async fn what_a_lost_process_may_have_done_is_looked_for_by_the_one_that_takes_over() {
    let mut world = World::new().await;
    let (replica, _address) = world.replica().await;
    let channel = decided(&mut world).await;
    let hold = FaultRule::once("chat.postMessage", Fault::HoldAnswer);
    world
        .slack
        .fault(hold.in_channel(&world.channel_id(&channel)));
    let engine = world.app.engine.clone();
    let posting = tokio::spawn(async move { engine.delivery_step().await });
    let held = |slack: &simulator::Workspace| (slack.held() == 1).then_some(());
    let held = world.slack.wait_until(RealTime::from_secs(5), held).await;
    held.expect("the post is in progress");
    // Its lease holds: no other process touches it.
    while replica.engine.delivery_step().await.expect("it answers") > 0 {}
    assert_eq!(world.slack.calls("conversations.history"), 0);

    assert_eq!(world.sql(EXPIRE).await, 1);
    assert_eq!(replica.engine.delivery_step().await.expect("it answers"), 1);
    assert_eq!(world.slack.calls("conversations.history"), 1);
    let row = |rows: Vec<wardroom::store::OutboxRow>| {
        let found = rows.into_iter().find(|row| row.kind == "post_message");
        found.expect("it is done")
    };
    let settled = row(world.effects("done").await);
    world.slack.release();
    posting
        .await
        .expect("no panic")
        .expect("a fenced word is no error");
    assert_eq!(row(world.effects("done").await).ended_at, settled.ended_at);
    world.settle().await;
    assert_eq!(world.new_messages_in(&channel, "rolling back"), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn who_lost_the_lease_settles_nothing_any_more() {
    let mut world = World::new().await;
    let (replica, _address) = world.replica().await;
    let channel = decided(&mut world).await;
    let now = world.clock.now();
    let claim = world
        .store
        .claim_effects(now, 50, Provider::Slack, Priority::InTurn, Which::All)
        .await
        .expect("it answers");
    let lost = claim
        .iter()
        .find(|claimed| claimed.effect.kind() == "post_message")
        .expect("the line is claimed");
    assert!(!lost.uncertain);
    let dropped = world
        .store
        .drop_effect(lost.id, "no", Operator::Cli, now)
        .await;
    assert!(!dropped.expect("it answers"), "it is in progress");
    let again = replica
        .store
        .claim_effects(now, 50, Provider::Slack, Priority::InTurn, Which::All)
        .await;
    assert!(again.expect("it answers").is_empty(), "leases hold");

    world.sql(EXPIRE).await;
    let again = replica
        .store
        .claim_effects(now, 50, Provider::Slack, Priority::InTurn, Which::All)
        .await
        .expect("it answers");
    assert_eq!(again.len(), claim.len());
    assert!(again.iter().all(|claimed| claimed.uncertain));
    let done = Ending::Over(End::Done(Answer::Nothing));
    for claimed in &claim {
        let late = world.store.settle(claimed, &done, now).await;
        assert!(matches!(late, Err(StoreError::Fenced)), "{late:?}");
    }
    let open = "select from inbox where source = 'receipt' and state = 'open'";
    assert_eq!(world.sql(open).await, 0, "a fenced word leaves no receipt");

    // The second one is gone as well.
    world.sql(EXPIRE).await;
    world.pass_in_steps(Duration::seconds(1), 15).await;
    assert_eq!(world.new_messages_in(&channel, "rolling back"), 1);
    let row = world.store.outbox_row(EffectId(lost.id.0)).await;
    assert_eq!(row.expect("it answers").expect("it is there").state, "done");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn an_answer_that_was_under_way_when_its_process_died_ends_in_sight_and_is_not_given_twice() {
    let mut world = World::new().await;
    after(&mut world, "list").await;
    let before = world.slack.calls("response_url");
    let now = world.clock.now();
    world
        .store
        .claim_effects(now, 50, Provider::Slack, Priority::InTurn, Which::All)
        .await
        .expect("it answers");
    world.sql(EXPIRE).await;
    world.settle().await;
    assert_eq!(world.slack.calls("response_url"), before);
    world.pass_in_steps(Duration::seconds(1), 10).await;
    let [unsure] = world.effects("uncertain").await.try_into().expect("one");
    assert_eq!(
        (unsure.kind.as_str(), unsure.error.as_deref()),
        ("reply", Some("interrupted"))
    );
    assert_eq!(world.slack.calls("response_url"), before);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_card_that_was_shown_too_late_is_shown_once_more_as_it_is() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let (replica, _address) = world.replica().await;
    // This process is about to show "investigating" when its host is suspended.
    let hold = FaultRule::once("chat.update", Fault::HoldRequest);
    world
        .slack
        .fault(hold.in_channel(&world.channel_id(&channel)));
    let place = world.channel_id(&channel);
    let said = world
        .person("bea")
        .command(&place, "/incident", "investigating")
        .await;
    assert!(said.is_ok());
    while world.app.engine.intake_step().await.expect("it answers") {}
    let engine = world.app.engine.clone();
    let showing = tokio::spawn(async move { engine.delivery_step().await });
    let held = |slack: &simulator::Workspace| (slack.held() == 1).then_some(());
    let held = world.slack.wait_until(RealTime::from_secs(5), held).await;
    held.expect("the card is in progress");
    // Another one takes over, and time goes on there.
    assert!(world.sql(EXPIRE).await >= 1);
    let said = world
        .person("bea")
        .command(&place, "/incident", "resolved")
        .await;
    assert!(said.is_ok());
    for _ in 0..4 {
        while replica.engine.intake_step().await.expect("it answers") {}
        while replica.engine.delivery_step().await.expect("it answers") > 0 {}
        world.clock.advance(Duration::seconds(2));
    }
    let card = |world: &World| {
        let stands = world.channel(&channel);
        let pinned = stands
            .messages
            .iter()
            .find(|message| stands.pins.contains(&message.ts));
        pinned.expect("the card is pinned").words.clone()
    };
    assert!(card(&world).contains("Resolved"), "{}", card(&world));
    // The first one wakes up, and its old card comes last.
    world.slack.release();
    showing
        .await
        .expect("no panic")
        .expect("a fenced word is no error");
    world.settle().await;
    world.pass_in_steps(Duration::seconds(2), 5).await;
    assert!(card(&world).contains("Resolved"), "{}", card(&world));
    world.skip_messages();
    world.finish().await;
}
