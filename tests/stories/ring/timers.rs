//! Durable timers: once, on time, after a restart too, and never an older hour of theirs.

use crate::world::World;
use chrono::Duration;
use simulator::{Fault, FaultRule};

const SLOW: &str = "Slack is slow";

fn kinds() -> Vec<String> {
    vec!["incident_channel_overdue".to_owned()]
}

/// An incident whose channel Slack does not make for a long while.
async fn without_a_channel(world: &mut World) {
    let wait = Fault::RateLimited { retry_after: 600 };
    world
        .slack
        .fault(FaultRule::once("conversations.create", wait));
    world
        .types("bea", "general", "declare P3 db Slow queries")
        .await;
    world.skip_messages();
}

#[tokio::test]
async fn a_timer_fires_once_whoever_comes_to_it_first_also_after_a_restart() {
    let mut world = World::new().await;
    without_a_channel(&mut world).await;
    world.restart().await;
    let (replica, _address) = world.replica().await;
    world.clock.advance(Duration::seconds(61));
    let now = world.clock.now();
    let kinds = kinds();
    let (one, other) = tokio::join!(
        world.store.fire_timers(&kinds, now),
        replica.store.fire_timers(&kinds, now)
    );
    assert_eq!(one.expect("it answers") + other.expect("it answers"), 1);
    let calls = world.count(SLOW);
    world.pass_in_steps(Duration::seconds(10), 12).await;
    assert_eq!(world.count(SLOW) - calls, 1);
    world.pass_in_steps(Duration::seconds(60), 10).await;
    assert_eq!(world.count(SLOW), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn the_signal_of_an_older_hour_does_nothing() {
    let mut world = World::new().await;
    without_a_channel(&mut world).await;
    world.clock.advance(Duration::seconds(61));
    let now = world.clock.now();
    assert_eq!(
        world
            .store
            .fire_timers(&kinds(), now)
            .await
            .expect("it answers"),
        1
    );
    // Before that signal is decided, the timer is set anew.
    let later = now + Duration::seconds(100);
    let again = format!(
        "update area_timers set generation = generation + 1, pending = true, due = '{}'",
        later.to_rfc3339()
    );
    assert_eq!(world.sql(&again).await, 1);
    world.settle().await;
    assert_eq!(world.count(SLOW), 0, "its hour has not come");
    world.pass(Duration::seconds(100)).await;
    assert_eq!(world.count(SLOW), 1);
    world.pass_in_steps(Duration::seconds(60), 10).await;
    assert_eq!(world.count(SLOW), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_channel_that_comes_in_time_takes_its_timer_away() {
    let mut world = World::new().await;
    world.declared("bea", "P3 db Slow queries").await;
    world.pass_in_steps(Duration::seconds(10), 12).await;
    world.expect_no_message();
    assert_eq!(world.sql("select from area_timers where pending").await, 0);
    world.finish().await;
}
