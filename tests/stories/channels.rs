//! What happens to an incident's channel by other hands, and when Slack is slow to make it.

use crate::world::World;
use chrono::Duration;
use reqwest::Method;
use serde_json::json;
use simulator::{Fault, FaultRule};
use wardroom::domain::incident::TimelineKind;

const CHANNEL: &str = "inc-20260301-db";

async fn notes(world: &World) -> Vec<String> {
    let lines = world.timeline(&world.newest().await).await;
    let notes = lines
        .into_iter()
        .filter(|line| line.kind == TimelineKind::Note);
    notes.map(|line| line.text).collect()
}

#[tokio::test]
async fn a_channel_that_is_archived_by_hand_is_told_of_once_and_the_incident_goes_on_without_it() {
    let mut world = World::new().await;
    world.declared("bea", "P3 db The disk is full").await;
    world.person("ada").archive(CHANNEL).unwrap();
    world.settle_with_events().await;
    let told = world.expect_message("@bea", "is archived, so nothing can be posted in it");
    assert!(told.words.contains("/incident #1 status"), "{}", told.words);
    assert_eq!(notes(&world).await, ["The channel was archived."]);

    world.clock.advance(Duration::seconds(1));
    world
        .types("bea", "general", "#1 status kept meanwhile")
        .await;
    world.expect_ephemeral("bea", "Its channel is closed: the timeline has it");
    world.expect_no_message();
    let parked = world.effects("parked").await;
    assert!(parked.is_empty(), "Slack was not asked: {parked:#?}");

    world.person("ada").unarchive(CHANNEL).unwrap();
    world.settle_with_events().await;
    assert_eq!(notes(&world).await.len(), 2);
    let meanwhile = world.expect_message(CHANNEL, "While this channel was closed:");
    assert!(
        meanwhile.words.contains("kept meanwhile"),
        "{}",
        meanwhile.words
    );
    world.types("bea", CHANNEL, "resolved").await;
    world.expect_message(CHANNEL, "Resolved");
    world.finish().await;
}

#[tokio::test]
async fn an_archived_channel_whose_event_got_lost_is_noticed_by_the_first_refusal() {
    let mut world = World::new().await;
    world.declared("bea", "P3 db The disk is full").await;
    world.slack.configure_app(|app| app.events.clear());
    world.person("ada").archive(CHANNEL).unwrap();
    for words in ["one", "two"] {
        world
            .types("bea", "general", &format!("#1 status {words}"))
            .await;
    }
    world.expect_message("@bea", "is archived, so nothing can be posted in it");
    world.skip_messages_in("bea");
    world.finish_after_faults().await;
}

#[tokio::test]
async fn a_channel_whose_return_was_not_told_is_found_open_by_what_somebody_types_in_it() {
    let mut world = World::new().await;
    world.declared("bea", "P3 db The disk is full").await;
    world.slack.configure_app(|app| app.events.clear());
    world.person("ada").archive(CHANNEL).unwrap();
    world.types("bea", "general", "#1 status one").await;
    world.clock.advance(Duration::seconds(1));
    world.person("ada").unarchive(CHANNEL).unwrap();
    world.types("bea", "general", "#1 status two").await;
    assert_eq!(world.new_messages_in(CHANNEL, ""), 0);
    world.types("bea", CHANNEL, "status three").await;
    world.expect_message(CHANNEL, "one");
    let missed = world.expect_message(CHANNEL, "While this channel was closed:");
    assert!(missed.words.contains("two") && !missed.words.contains("three"));
    world.expect_message(CHANNEL, "three");
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn a_channel_that_is_deleted_is_told_of_as_gone() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db The disk is full").await;
    let id = world.channel_id(&channel);
    let event = json!({"type": "channel_deleted", "channel": id});
    let event = world.slack.register_event(event);
    assert!(world.slack.deliver_event(&event, 0, "").await.is_ok());
    world.settle().await;
    let told = world.expect_message("@bea", "is gone: it was deleted");
    assert!(!told.words.contains("unarchive"), "{}", told.words);
    world.finish().await;
}

#[tokio::test]
async fn a_channel_that_is_renamed_stays_the_incidents_and_its_old_name_stays_harmless() {
    let mut world = World::new().await;
    world.declared("bea", "P3 db The disk is full").await;
    world.person("ada").rename(CHANNEL, "disk-fire").unwrap();
    world.settle_with_events().await;
    assert_eq!(world.newest().await.channel_name, "disk-fire");
    world.types("bea", "disk-fire", "status still here").await;
    world.expect_message("disk-fire", "still here");
    let second = world.declared("bea", "P3 db Again").await;
    assert_ne!(second, "disk-fire");
    assert_eq!(world.channel(&second).pins.len(), 1);
    world.finish_after_faults().await;
}

#[tokio::test]
async fn a_card_that_somebody_deletes_stands_there_again_with_the_next_change() {
    let mut world = World::new().await;
    world
        .types("bea", "general", "declare P3 db The disk is full")
        .await;
    let card = world.expect_message(CHANNEL, "The disk is full");
    world.skip_messages();
    world
        .person("ada")
        .delete_message(CHANNEL, &card.ts)
        .unwrap();
    world.types("bea", CHANNEL, "investigating").await;
    let anew = world.expect_message(CHANNEL, "The disk is full");
    assert!(anew.words.contains("Investigating"), "{}", anew.words);
    assert_eq!(world.channel(CHANNEL).pins, [anew.ts.as_str()]);
    world.expect_message(CHANNEL, "*Investigating*");
    world.finish().await;
}

#[tokio::test]
async fn a_channel_that_is_late_holds_back_no_announcement_and_gets_what_was_said_before_it() {
    let mut world = World::new().await;
    let late = Fault::RateLimited { retry_after: 90 };
    world
        .slack
        .fault(FaultRule::once("conversations.create", late));
    world
        .types("bea", "general", "declare P1 db The disk is full")
        .await;
    world.expect_ephemeral("bea", "Declared incident *#1*");
    world
        .types("bea", "general", "#1 status looking at it")
        .await;
    world.expect_ephemeral("bea", "It has no channel yet");
    world.pass(Duration::seconds(59)).await;
    world.expect_no_message();
    world.pass(Duration::seconds(1)).await;
    let ops = world.expect_message("ops", "P1 incident #1");
    assert!(ops.words.contains("no channel yet"), "{}", ops.words);
    world.expect_message("@dan", "P1 incident #1");
    world.expect_message(
        "@bea",
        "Slack is slow: the channel of incident #1 isn't created yet",
    );
    world.expect_no_message();
    world.pass(Duration::seconds(31)).await;
    world.expect_message(CHANNEL, "The disk is full");
    let before = world.expect_message(CHANNEL, "Before this channel was created");
    assert!(before.words.contains("looking at it"), "{}", before.words);
    assert_eq!(world.count("looking at it"), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_channel_that_slack_will_not_make_leaves_no_mute_incident_and_can_be_tried_again() {
    let mut world = World::new().await;
    let no = Fault::Code {
        code: "restricted_action".to_owned(),
    };
    world
        .slack
        .fault(FaultRule::once("conversations.create", no));
    world
        .types("bea", "general", "declare P1 db The disk is full")
        .await;
    world.expect_ephemeral("bea", "Declared incident *#1*");
    let told = world.expect_ephemeral(
        "bea",
        "Slack didn't create the channel of incident #1 (`restricted_action`)",
    );
    let parked = world.effects("parked").await.remove(0);
    let command = format!("wardroom outbox retry {}", parked.id);
    assert!(told.words.contains(&command), "{}", told.words);
    world.expect_message("ops", "P1 incident #1");
    world.expect_message("@dan", "P1 incident #1");
    let path = format!("/outbox/{}/retry", parked.id);
    assert_eq!(world.api(Method::POST, &path, None, &[]).await.0, 200);
    world.expect_message(CHANNEL, "The disk is full");
    world.finish().await;
}

#[tokio::test]
async fn an_invitation_that_has_to_wait_mutes_no_channel() {
    let mut world = World::new().await;
    for method in ["conversations.invite", "conversations.setTopic", "pins.add"] {
        let late = Fault::RateLimited { retry_after: 600 };
        world.slack.fault(FaultRule::once(method, late));
    }
    world
        .types("bea", "general", "declare P3 db The disk is full")
        .await;
    world.expect_message(CHANNEL, "The disk is full");
    world
        .types("bea", "general", "#1 status looking at it")
        .await;
    world.expect_message(CHANNEL, "looking at it");
    world.skip_messages_in("bea");
    world.expect_no_message();
    world.pass_in_steps(Duration::seconds(60), 11).await;
    assert_eq!(world.channel(CHANNEL).pins.len(), 1);
    assert!(world.channel(CHANNEL).topic.contains("The disk is full"));
    assert!(world.channel(CHANNEL).members.contains(&"U0BEA".to_owned()));
    world.finish().await;
}

#[tokio::test]
async fn a_channel_that_does_not_come_is_not_called_late_afterwards() {
    let mut world = World::new().await;
    let no = Fault::Code {
        code: "restricted_action".to_owned(),
    };
    let never = FaultRule::once("conversations.create", no);
    world.slack.fault(never);
    world
        .types("bea", "general", "declare P3 db The disk is full")
        .await;
    world.skip_messages();
    world.pass(Duration::seconds(120)).await;
    world.expect_no_message();
    world.finish_after_faults().await;
}
