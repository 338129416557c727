//! Timers that an area always has: set at the start, by their own decision, and again when they were lost.

use crate::world::World;
use chrono::Duration;

const APP: [(&str, &str); 2] = [
    ("GITHUB_APP_ID", "1"),
    ("GITHUB_APP_PRIVATE_KEY", simulator::APP_KEY),
];

/// Each timer: name, whether it is pending, how many seconds from now, generation.
async fn set(world: &World) -> Vec<String> {
    let rows = world.query(
        "select name, pending::text, extract(epoch from due)::bigint::text, generation::text
           from area_timers where owner = 'always' order by name",
    );
    let now = world.clock.now().timestamp();
    let shown = rows.await.into_iter().map(|mut row| {
        let due: i64 = row[2].parse().expect("seconds");
        row[2] = (due - now).to_string();
        row.join(" ")
    });
    shown.collect()
}

#[tokio::test]
async fn a_standing_timer_is_set_at_the_start_and_again_each_time_that_it_is_due() {
    let mut world = World::with(&APP).await;
    world.settle().await;
    let in_time = ["failed_deliveries true 300 2", "overdue_runs true 300 2"];
    assert_eq!(set(&world).await, in_time);
    world.pass(Duration::seconds(299)).await;
    assert_eq!(
        set(&world).await,
        ["failed_deliveries true 1 2", "overdue_runs true 1 2"]
    );
    world.pass(Duration::seconds(1)).await;
    assert_eq!(
        set(&world).await,
        ["failed_deliveries true 300 3", "overdue_runs true 300 3"]
    );
    // A new process does not wait for it.
    world.restart().await;
    world.settle().await;
    assert_eq!(
        set(&world).await,
        ["failed_deliveries true 300 4", "overdue_runs true 300 4"]
    );
    world.finish().await;
}

#[tokio::test]
async fn replicas_have_one_standing_timer() {
    let mut world = World::with(&APP).await;
    let (replica, _address) = world.replica().await;
    world.settle_beside(&replica).await;
    for _ in 0..3 {
        world.clock.advance(Duration::minutes(5));
        world.settle_beside(&replica).await;
    }
    let signals = world.query(
        "select kind, count(*)::text from inbox where source = 'timer' group by 1 order by 1",
    );
    let four = |kind: &str| vec![kind.to_owned(), "4".to_owned()];
    assert_eq!(
        signals.await,
        [four("ci_failed_deliveries"), four("ci_overdue_runs")]
    );
    world.finish().await;
}

#[tokio::test]
async fn a_standing_timer_whose_signal_was_dropped_is_set_again() {
    let mut world = World::with(&APP).await;
    world.settle().await;
    world
        .sql("update area_timers set pending = false, due = now() where name = 'overdue_runs'")
        .await;
    world.pass(Duration::seconds(30)).await;
    assert_eq!(
        set(&world).await,
        ["failed_deliveries true 270 2", "overdue_runs true 300 4"]
    );
    world.finish().await;
}

#[tokio::test]
async fn without_access_to_github_there_is_no_standing_timer_and_one_that_is_left_does_nothing() {
    let mut world = World::new().await;
    world.settle().await;
    assert!(set(&world).await.is_empty());
    world
        .sql(
            "insert into area_timers (area, owner, name, due)
              values ('ci', 'always', 'failed_deliveries', 'epoch')",
        )
        .await;
    world.pass(Duration::minutes(10)).await;
    let rows = world.query("select pending::text, generation::text from area_timers");
    assert_eq!(rows.await, [["false", "1"].map(str::to_owned)]);
    assert!(world.effects("open").await.is_empty());
    world.finish().await;
}
