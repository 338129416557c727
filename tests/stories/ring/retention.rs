//! What is deleted, when, and what never is.

use crate::world::World;
use chrono::Duration;
use simulator::{Fault, FaultRule};
use wardroom::store::{Appended, Arrival, Operator};

fn noise(world: &World) -> Arrival {
    Arrival {
        source: "github",
        kind: "push".to_owned(),
        dedup_key: "delivery-1".to_owned(),
        subject: "acme/api".to_owned(),
        headers: serde_json::json!({}),
        body: "{}".into(),
        traceparent: None,
        at: world.clock.now(),
    }
}

#[tokio::test]
async fn bodies_live_a_week_keys_and_ended_effects_a_month_and_history_and_parked_rows_for_ever() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let incident = world.newest().await;
    let lines = world.timeline(&incident).await.len();
    let code = "restricted_action".to_owned();
    let refuse = FaultRule::once("chat.postMessage", Fault::Code { code });
    world
        .slack
        .fault(refuse.in_channel(&world.channel_id(&channel)));
    world.types("bea", &channel, "status rolling back").await;
    // More than a month's end clears away in one go.
    let many = "insert into inbox (id, source, kind, dedup_key, subject, received_at, run_at, state, ended_at)
                select gen_random_uuid(), 'github', 'push', 'old-' || n, 'old', at, at, 'done', at
                  from generate_series(1, 11000) as n, (select timestamptz '2026-01-01' as at) as at";
    assert_eq!(world.sql(many).await, 11_000);
    world.pass(Duration::minutes(11)).await;
    world.pass(Duration::seconds(1)).await;
    world.pass(Duration::seconds(1)).await;
    assert_eq!(
        world.sql("select from inbox where subject = 'old'").await,
        0
    );
    world.skip_messages();
    let known = world
        .store
        .append(noise(&world))
        .await
        .expect("durable")
        .id();
    world.settle().await;
    let bodies = "select from inbox where body is not null and state = 'done'";
    let keys = "select from inbox where state = 'done'";
    let ended = "select from outbox where state in ('done', 'dropped')";
    let timers = "select from area_timers";
    let (had_keys, had_ended) = (world.sql(keys).await, world.sql(ended).await);
    assert_eq!(
        world.sql(timers).await,
        1,
        "cancelled: the channel came in time"
    );
    assert_eq!(world.sql(bodies).await, had_keys);

    world.pass(Duration::days(7) - Duration::minutes(12)).await;
    assert_eq!(world.sql(bodies).await, had_keys);
    world.pass(Duration::minutes(20)).await;
    assert_eq!(world.sql(bodies).await, 0);
    assert_eq!(world.sql(keys).await, had_keys);
    let now = world.clock.now();
    assert!(
        !world
            .store
            .replay(known, Operator::Cli, now)
            .await
            .expect("it answers")
    );

    world.pass(Duration::days(22)).await;
    assert_eq!(world.sql(ended).await, had_ended);
    assert_eq!(world.sql(timers).await, 1);
    let again = world.store.append(noise(&world)).await.expect("durable");
    assert_eq!(
        again,
        Appended::Duplicate(known),
        "GitHub may send it again"
    );

    world.pass(Duration::days(2)).await;
    assert_eq!(world.sql(keys).await, 0);
    assert_eq!(world.sql(ended).await, 0);
    assert_eq!(world.sql(timers).await, 0);
    assert_eq!(world.effects("parked").await.len(), 1);
    assert_eq!(world.timeline(&incident).await.len(), lines + 1);
    assert_eq!(world.incident(1).await.id, incident.id);
    world.finish_after_faults().await;
}
