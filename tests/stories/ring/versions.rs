//! A binary that is too old for the tables claims nothing, from its first moment, and says so.

use crate::world::World;
use std::time::Duration as RealTime;
use wardroom::engine::Process;

fn process(world: &World) -> Process {
    Process {
        id: uuid::Uuid::new_v4(),
        host: "story".to_owned(),
        started_at: world.clock.now(),
    }
}

/// Asks the database again and again, for a few seconds at most.
async fn until(world: &World, what: &str, holds: impl AsyncFn() -> bool) {
    let waited = tokio::time::timeout(RealTime::from_secs(10), async {
        while !holds().await {
            world.store.ping().await.expect("it answers");
        }
    });
    assert!(waited.await.is_ok(), "{what}");
}

async fn readiness(world: &World) -> (u16, serde_json::Value) {
    let url = format!("{}/health/ready", world.url);
    let answer = reqwest::get(url).await.expect("it answers");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn an_old_binary_beside_newer_tables_claims_nothing_and_says_so_until_they_fit_again() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    world
        .sql("update modules set version = version + 1 where name = 'outbox'")
        .await;
    world.restart().await;
    let response = world
        .person("bea")
        .command(
            &world.channel_id(&channel),
            "/incident",
            "status rolling back",
        )
        .await;
    assert!(response.is_ok(), "what arrives is kept all the same");

    let running = world.app.engine.start(process(&world), 2);
    let said = async || {
        world
            .error_lines()
            .iter()
            .any(|line| line.contains("outbox"))
    };
    until(&world, "it says which table", said).await;
    let stays = async || readiness(&world).await.0 == 200;
    until(&world, "it stays ready for what it takes in", stays).await;
    let (_, told) = readiness(&world).await;
    assert_eq!(told["status"], "degraded", "{told}");
    assert_eq!(told["checks"]["engine"]["status"], "degraded", "{told}");
    let detail = told["checks"]["engine"]["detail"].as_str();
    assert!(detail.is_some_and(|said| said.contains("outbox")), "{told}");
    running.stop(RealTime::from_secs(2)).await;
    let open = "select from inbox where state = 'open'";
    assert_eq!(world.sql(open).await, 1, "it claimed nothing");

    world.restart().await;
    world
        .sql("update modules set version = version - 1 where name = 'outbox'")
        .await;
    let running = world.app.engine.start(process(&world), 2);
    let posted = async || world.new_messages_in(&channel, "rolling back") == 1;
    until(&world, "the newer binary goes on", posted).await;
    let (status, told) = readiness(&world).await;
    assert_eq!(
        (status, &told["checks"]["engine"]["status"]),
        (200, &"ok".into())
    );
    running.stop(RealTime::from_secs(2)).await;
    world.skip_messages();
    world.finish_after_faults().await;
}
