//! A workspace with so many channels that no exchange reads them all.

use crate::world::World;
use chrono::Duration;
use simulator::{ChannelType, Fault, FaultRule, Limits};

const CHANNEL: &str = "inc-20260301-db";
const KEPT: &str = "select looked_to from outbox where looked_to is not null";

async fn a_large_workspace() -> World {
    let world = World::new().await;
    world
        .slack
        .add_channels((0..25_000).map(|at| format!("team-{at}")));
    world.slack.set_limits(Limits::Slack);
    world
}

/// How often Slack answered so.
fn answered(world: &World, method: &str, outcome: &str) -> usize {
    let calls = world.slack.requests();
    let of_it = calls.iter().filter(|call| call.method == method);
    of_it
        .filter(|call| call.outcome.as_deref() == Some(outcome))
        .count()
}

fn incident_channels(world: &World) -> usize {
    let snapshot = world.slack.snapshot();
    let channels = snapshot.channels.iter();
    channels
        .filter(|channel| channel.name.starts_with("inc-"))
        .count()
}

#[tokio::test]
async fn a_channel_among_25_000_whose_answer_got_lost_is_found_by_the_next_process_and_is_the_only_one()
 {
    let mut world = a_large_workspace().await;
    let lost = FaultRule::once("conversations.create", Fault::LoseAnswer);
    world.slack.fault(lost);
    world
        .types("bea", "general", "declare P3 db The disk is full")
        .await;
    let bot = world.slack.bot_user();
    let ada = world.person("ada");
    ada.join(CHANNEL).expect("it was created");
    ada.kick(CHANNEL, &bot).expect("it is there");

    // It is asked for again, its name is taken, and Slack's limit ends the list in the middle.
    world.pass_in_steps(Duration::seconds(1), 15).await;
    assert_eq!(answered(&world, "conversations.create", "name_taken"), 1);
    assert_eq!(answered(&world, "conversations.list", "ok"), 20);
    assert_eq!(world.sql(KEPT).await, 1);
    world.restart().await;
    ada.invite(CHANNEL, &bot).expect("it comes in again");
    world.pass_in_steps(Duration::seconds(10), 7).await;
    world.expect_message(CHANNEL, "The disk is full");

    assert_eq!(world.newest().await.channel_name, CHANNEL);
    let read = answered(&world, "conversations.list", "ok");
    assert_eq!(read, 26, "no page is read twice");
    assert_eq!(answered(&world, "conversations.create", "ok"), 1);
    assert_eq!(incident_channels(&world), 1);
    assert_eq!(world.sql(KEPT).await, 0);
    let [row] = super::rows(&world, "create_channel")
        .await
        .try_into()
        .expect("one");
    assert_eq!(row.state, "done");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_channel_whose_request_got_lost_is_created_without_a_list_of_25_000() {
    let mut world = a_large_workspace().await;
    let lost = FaultRule::once("conversations.create", Fault::LoseRequest);
    world.slack.fault(lost);
    world
        .types("bea", "general", "declare P3 db The disk is full")
        .await;
    world.pass_in_steps(Duration::seconds(1), 15).await;
    world.expect_message(CHANNEL, "The disk is full");
    assert_eq!(world.slack.calls("conversations.list"), 0);
    assert_eq!(incident_channels(&world), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn another_ones_channel_that_nobody_sees_costs_the_list_once_and_then_the_next_name_is_taken()
{
    let mut world = a_large_workspace().await;
    let private = ChannelType::Private;
    world.slack.add_channel(None, CHANNEL, private, &["U0CEM"]);
    let lost = FaultRule::once("conversations.create", Fault::LoseRequest);
    world.slack.fault(lost);
    world
        .types("bea", "general", "declare P3 db The disk is full")
        .await;
    world.pass_in_steps(Duration::seconds(5), 20).await;
    let channel = world.newest().await.channel_name;
    assert_eq!(channel, format!("{CHANNEL}-2"));
    world.expect_message(&channel, "The disk is full");
    assert_eq!(answered(&world, "conversations.list", "ok"), 26);
    world.skip_messages();
    world.finish().await;
}

async fn paused(world: &World, scope: &str, seconds: i64) {
    let until = world.clock.now() + Duration::seconds(seconds);
    let pause = format!(
        "insert into pauses (scope, until, reason) values ('{scope}', '{}', 'ratelimited')",
        until.to_rfc3339()
    );
    assert_eq!(world.sql(&pause).await, 1);
}

#[tokio::test]
async fn a_short_lookup_does_not_wait_for_the_list_of_all_channels() {
    let mut world = World::new().await;
    paused(&world, "slack:conversations.list", 3_600).await;
    let lost = FaultRule::once("conversations.create", Fault::LoseRequest);
    world.slack.fault(lost);
    world
        .types("bea", "general", "declare P3 db The disk is full")
        .await;
    world.pass_in_steps(Duration::seconds(1), 15).await;
    world.expect_message(CHANNEL, "The disk is full");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_lookup_in_vain_still_counts_after_a_pause() {
    let mut world = World::new().await;
    let lost = FaultRule::once("conversations.create", Fault::LoseRequest);
    world.slack.fault(lost);
    world
        .types("bea", "general", "declare P3 db The disk is full")
        .await;
    let once = "select from outbox where looks = 1";
    for _ in 0..15 {
        if world.sql(once).await == 0 {
            world.pass(Duration::seconds(1)).await;
        }
    }
    assert_eq!(world.sql(once).await, 1);
    paused(&world, "slack:users.conversations", 60).await;
    world.pass(Duration::seconds(30)).await;
    let kept = "select from outbox where looks = 1 and state = 'uncertain' and error = 'paused'";
    assert_eq!(world.sql(kept).await, 1);
    world.pass_in_steps(Duration::seconds(10), 4).await;
    world.expect_message(CHANNEL, "The disk is full");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_channel_that_slack_does_not_show_is_the_only_one_and_its_creation_ends_uncertain() {
    let mut world = World::new().await;
    let lost = FaultRule::once("conversations.create", Fault::LoseAnswer);
    world.slack.fault(lost);
    let code = "missing_scope".to_owned();
    let hidden = FaultRule::once("conversations.list", Fault::Code { code });
    world.slack.fault(hidden.always());
    world
        .types("bea", "general", "declare P3 db The disk is full")
        .await;
    let bot = world.slack.bot_user();
    let ada = world.person("ada");
    ada.join(CHANNEL).expect("it was created");
    ada.kick(CHANNEL, &bot).expect("it is there");
    world.pass_in_steps(Duration::seconds(2), 15).await;
    assert_eq!(incident_channels(&world), 1);
    let [row] = super::rows(&world, "create_channel")
        .await
        .try_into()
        .expect("one");
    assert_eq!(
        (row.state.as_str(), row.error.as_deref()),
        ("uncertain", Some("missing_scope"))
    );
    world.skip_messages();
    world.finish_after_faults().await;
}
