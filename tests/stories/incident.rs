//! One incident from its declaration to its postmortem.

use crate::world::World;
use wardroom::domain::incident::Status;

#[tokio::test]
async fn an_incident_lives_from_one_line_to_its_postmortem_and_everybody_hears_once() {
    let mut world = World::new().await;

    world
        .types("bea", "general", "declare P1 api Checkout returns 500s")
        .await;
    world.whispers("bea", "Declared incident *#1*");
    let room = "inc-20260301-api";
    let card = world.hears(room, "Checkout returns 500s");
    world.hears("ops", "P1 incident #1: Checkout returns 500s");
    world.hears("@dan", "P1 incident #1: Checkout returns 500s");
    let stands = world.room(room);
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
        .types("bea", room, "investigating looking at the last deploy")
        .await;
    world.hears(room, "looking at the last deploy");
    world.types("bea", room, "status rolling back").await;
    world.hears(room, "rolling back");
    assert_eq!(world.newest().await.status, Status::Investigating);
    let shown = world.room(room);
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
        .types("bea", room, "resolved the deploy was rolled back")
        .await;
    world.hears(room, "the deploy was rolled back");
    world.hears("ops", "Resolved: #1");
    world.hears("@dan", "Resolved: #1");
    let incident = world.newest().await;
    assert_eq!(incident.status, Status::Resolved);

    world.types("cem", room, "postmortem").await;
    world.hears_all();
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
    let room = world.declared("bea", "P3 db Slow queries").await;
    world.clock.advance(chrono::Duration::seconds(90));
    let id = world.room_id(&room);
    let heard = world
        .person("bea")
        .command(&id, "/incident", "investigating")
        .await;
    assert!(heard.is_ok(), "{heard:?}");
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
    world.hears_all();
    world.finish().await;
}

#[tokio::test]
async fn people_whom_slack_marked_in_an_update_are_called_and_typed_marks_are_not() {
    let mut world = World::new().await;
    let room = world.declared("bea", "P3 db Slow queries").await;
    world
        .types(
            "bea",
            &room,
            "status @cem look at https://a.b/x and <!channel> <@U0DAN>",
        )
        .await;
    let line = world.hears(&room, "look at");
    for words in ["<@U0CEM>", "&lt;!channel&gt; &lt;@U0DAN&gt;"] {
        assert!(line.words.contains(words), "{}", line.words);
        assert!(line.text.contains(words), "{}", line.text);
    }
    world.hears_all();
    world.types("bea", &room, "resolved").await;
    world.types("bea", &room, "postmortem").await;
    world.hears_all();
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
    let room = world.declared("bea", "P3 db Slow queries").await;
    world.types("bea", &room, "assign comms U0GONE").await;
    let told = world.whispers("bea", "to the channel of incident #1");
    assert!(
        told.words.contains("/incident #1 assign comms"),
        "{}",
        told.words
    );
    world.hears_all();
    world.finish_after_faults().await;
}
