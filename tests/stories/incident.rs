//! One incident from its declaration to its postmortem.

use crate::world::World;
use wardroom::domain::incident::Status;

#[tokio::test]
async fn an_incident_lives_from_one_line_to_its_postmortem_and_everybody_hears_once() {
    let mut world = World::new().await;

    world
        .types("bea", "general", "declare P1 api Checkout returns 500s")
        .await;
    world.expect_ephemeral("bea", "Declared incident *#1*");
    let channel = "inc-20260301-api";
    let card = world.expect_message(channel, "Checkout returns 500s");
    world.expect_message("ops", "P1 incident #1: Checkout returns 500s");
    world.expect_message("@dan", "P1 incident #1: Checkout returns 500s");
    let stands = world.channel(channel);
    assert_eq!(
        stands.pins,
        [card.ts.as_str()],
        "exactly the card is pinned"
    );
    for person in ["U0BEA", "U0DAN"] {
        assert!(
            stands.members.iter().any(|member| member == person),
            "{person} is not in"
        );
    }

    world
        .types("bea", channel, "investigating looking at the last deploy")
        .await;
    world.expect_message(channel, "looking at the last deploy");
    world.types("bea", channel, "status rolling back").await;
    world.expect_message(channel, "rolling back");
    assert_eq!(world.newest().await.status, Status::Investigating);
    let shown = world.channel(channel);
    let shown = shown
        .messages
        .iter()
        .find(|message| message.ts == card.ts)
        .unwrap();
    assert!(
        shown.words.contains("Investigating") && shown.edits > 0,
        "{}",
        shown.words
    );

    world
        .types("bea", channel, "resolved the deploy was rolled back")
        .await;
    world.expect_message(channel, "the deploy was rolled back");
    world.expect_message("ops", "Resolved: #1");
    world.expect_message("@dan", "Resolved: #1");
    let incident = world.newest().await;
    assert_eq!(incident.status, Status::Resolved);

    world.types("cem", channel, "postmortem").await;
    world.skip_messages();
    let files = world.slack.snapshot().files;
    let [file] = files.as_slice() else {
        panic!("{files:?}")
    };
    let content = file.content.as_deref().unwrap();
    assert!(content.contains("Checkout returns 500s") && content.contains("rolling back"));
    assert_eq!(file.shared_in.len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn the_time_until_somebody_looks_is_measured_from_when_they_said_so() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    world.clock.advance(chrono::Duration::seconds(90));
    let id = world.channel_id(&channel);
    let response = world
        .person("bea")
        .command(&id, "/incident", "investigating")
        .await;
    assert!(response.is_ok(), "{response:?}");
    // It waits for its turn a little, as it does in the world.
    world.clock.advance(chrono::Duration::seconds(2));
    world.settle().await;
    let metrics = world.app.metrics.render();
    for line in [
        "wardroom_incident_time_to_acknowledge_seconds_count 1",
        "wardroom_incident_time_to_acknowledge_seconds_sum 90",
    ] {
        assert!(
            metrics.lines().any(|one| one == line),
            "{line} is not in {metrics}"
        );
    }
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn people_whom_slack_marked_in_an_update_are_called_and_typed_marks_are_not() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    world
        .types(
            "bea",
            &channel,
            "status @cem look at https://a.b/x and <!channel> <@U0DAN>",
        )
        .await;
    let line = world.expect_message(&channel, "look at");
    for words in ["<@U0CEM>", "&lt;!channel&gt; &lt;@U0DAN&gt;"] {
        assert!(line.words.contains(words), "{}", line.words);
        assert!(line.text.contains(words), "{}", line.text);
    }
    world.skip_messages();
    world.types("bea", &channel, "resolved").await;
    world.types("bea", &channel, "postmortem").await;
    world.skip_messages();
    let (_, draft) = world
        .api(reqwest::Method::GET, "/incidents/1/postmortem", None, &[])
        .await;
    let draft = draft.as_str().expect("it is a text");
    assert!(draft.contains("- **Commander:** bea\n"), "{draft}");
    assert!(!draft.contains("U0BEA"), "{draft}");
    world.finish().await;
}

#[tokio::test]
async fn a_role_for_somebody_who_cannot_come_is_told_to_whoever_gave_it() {
    let mut world = World::new().await;
    world.slack.add_user(Some("U0GONE"), "gone");
    world.slack.deactivate("U0GONE");
    let channel = world.declared("bea", "P3 db Slow queries").await;
    world.types("bea", &channel, "assign comms U0GONE").await;
    let told = world.expect_ephemeral("bea", "to the channel of incident #1");
    assert!(
        told.words.contains("/incident #1 assign comms"),
        "{}",
        told.words
    );
    world.skip_messages();
    world.finish_after_faults().await;
}
