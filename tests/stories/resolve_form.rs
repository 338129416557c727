//! The form that a Resolve button opens: it asks for a note, and nothing happens before it is sent.

use crate::world::World;
use simulator::{Fault, FaultRule, Submitted};
use wardroom::domain::incident::Status;

const CHANNEL: &str = "inc-20260301-db";
const NOTE: [(&str, &str); 1] = [("Note", "it was the disk")];

/// An incident of bea's, and its card.
async fn with_a_card() -> (World, crate::world::SeenMessage) {
    let mut world = World::new().await;
    world
        .types("bea", "general", "declare P3 db The disk is full")
        .await;
    let card = world.expect_message(CHANNEL, "The disk is full");
    world.skip_messages();
    (world, card)
}

#[tokio::test]
async fn a_press_asks_for_a_note_and_the_submission_resolves_once() {
    let (mut world, card) = with_a_card().await;
    world.presses("bea", &card, "Resolve").await;
    assert_eq!(world.newest().await.status, Status::Declared);
    world.expect_no_message();
    let payload = world.person("bea").submission(&NOTE).unwrap();
    assert_eq!(world.submits("bea", &NOTE).await, Submitted::Closed);
    world.expect_message(CHANNEL, "it was the disk");
    assert_eq!(world.newest().await.status, Status::Resolved);
    world.skip_messages();
    // Slack may deliver a submission again.
    world.sends("bea", &payload, 2).await;
    world.finish().await;
}

#[tokio::test]
async fn the_note_may_stay_empty_and_may_have_several_lines() {
    for note in ["", "first line\nsecond line"] {
        let (mut world, card) = with_a_card().await;
        world.presses("bea", &card, "Resolve").await;
        assert_eq!(
            world.submits("bea", &[("Note", note)]).await,
            Submitted::Closed
        );
        assert_eq!(world.newest().await.status, Status::Resolved);
        let line = world.expect_message(CHANNEL, "Resolved");
        assert!(line.words.contains(note), "{}", line.words);
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn a_form_that_is_sent_after_somebody_else_resolved_gives_its_note_back() {
    let (mut world, card) = with_a_card().await;
    world.presses("bea", &card, "Resolve").await;
    world.types("ada", "general", "#1 resolved rebooted").await;
    world.skip_messages();
    world.submits("bea", &NOTE).await;
    let no = world.expect_ephemeral("bea", "<@U0ADA>");
    assert!(no.words.contains("it was the disk"), "{}", no.words);
    assert_eq!(world.count("it was the disk"), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_form_that_slack_does_not_open_becomes_the_line_to_type() {
    let (mut world, card) = with_a_card().await;
    let gone = Fault::Code {
        code: "expired_trigger_id".into(),
    };
    world.slack.fault(FaultRule::once("views.open", gone));
    world.presses("bea", &card, "Resolve").await;
    world.expect_ephemeral("bea", "/incident #1 resolved &lt;note&gt;");
    // Too late for Slack to be asked at all.
    let click = world
        .person("bea")
        .click_payload(&card.channel, &card.ts, "Resolve", "")
        .unwrap();
    let response = world.person("bea").send_payload(&click).await;
    assert!(response.is_ok(), "{response:?}");
    let asked = world.slack.calls("views.open");
    world.pass(chrono::Duration::seconds(4)).await;
    assert_eq!(world.slack.calls("views.open"), asked);
    world.expect_ephemeral("bea", "/incident #1 resolved &lt;note&gt;");
    assert!(world.person("bea").modal().is_none());
    world.finish_after_faults().await;
}
