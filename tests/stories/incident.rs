//! One incident from its declaration to its postmortem.

use crate::world::World;
use wardroom::domain::incident::Status;

#[tokio::test]
async fn an_incident_lives_from_one_line_to_its_postmortem_and_everybody_hears_once() {
    let mut world = World::new().await;

    world
        .types("bea", "general", "declare P1 api Checkout returns 500s")
        .await;
    world.whispers("bea", "#1* is declared");
    world.whispers("bea", "The room of incident #1");
    let room = "inc-20260301-api";
    let card = world.hears(room, "Checkout returns 500s");
    world.hears("ops", "P1 incident: #1 Checkout returns 500s");
    world.hears("@dan", "P1 incident: #1 Checkout returns 500s");
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
    world.whispers("bea", "");
    world.types("bea", room, "status rolling back").await;
    world.hears(room, "rolling back");
    world.whispers("bea", "");
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
    world.whispers("bea", "");
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
