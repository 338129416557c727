//! Half an event: signed by Slack, of a kind that we act on, and without what it takes.

use crate::world::World;
use serde_json::{Value, json};
use simulator::Signing;

/// Slack sends an event; it is answered 200, so that Slack does not send it again.
async fn arrives(world: &mut World, id: &str, event: Value) {
    let body = json!({"type": "event_callback", "team_id": "T0SIMTEAM1", "api_app_id": "A1",
        "event_id": id, "event": event});
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let body = body.to_string().into_bytes();
    let response = world
        .slack
        .send_as_slack("/slack/events", headers, body, Signing::Good)
        .await;
    assert_eq!(response.status, Some(200), "{response:?}");
    world.settle().await;
}

async fn rows(world: &World) -> Vec<Vec<String>> {
    let sql = "select kind, state, coalesce(outcome, '-'), attempts::text from inbox
                where source = 'slack' and kind like 'event:%' order by seq";
    world.query(sql).await
}

fn told(world: &World) -> Vec<String> {
    let log = world.log();
    let of_it = |line: &String| line.contains("an incomplete event is ignored");
    log.into_iter().filter(of_it).collect()
}

#[tokio::test]
async fn an_event_that_lacks_what_it_takes_ends_in_one_step_and_is_told_once() {
    let mut world = World::new().await;
    let channel = world.declared("ada", "P3 db It burns").await;
    world.skip_messages();
    let id = world.channel(&channel).id.clone();
    for (at, event) in [
        json!({"type": "channel_id_changed", "new_channel_id": "C1", "channel": id}),
        json!({"type": "channel_id_changed", "old_channel_id": id}),
        json!({"type": "channel_rename", "channel": {"id": id}}),
        json!({"type": "channel_archive", "user": "U0ADA"}),
    ]
    .into_iter()
    .enumerate()
    {
        let event_id = format!("Ev{at}");
        for _once_more in 0..2 {
            arrives(&mut world, &event_id, event.clone()).await;
        }
        let told = told(&world);
        assert_eq!(told.len(), at + 1, "{told:#?}");
    }
    for row in rows(&world).await {
        assert_eq!(row[1..], ["done", "incomplete", "0"], "{}", row[0]);
    }
    world.pass(chrono::Duration::hours(1)).await;
    assert_eq!(rows(&world).await.len(), 4);
    assert_eq!(told(&world).len(), 4);
    // The incident is where it was.
    assert_eq!(
        world.newest().await.channel_id.map(|id| id.to_string()),
        Some(id)
    );
    world.finish().await;
}
