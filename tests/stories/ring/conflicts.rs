//! Two transactions in each other's way: the decision is made again, and counts once.

use crate::world::World;
use chrono::Duration;
use sqlx::{AssertSqlSafe, Executor as _};
use wardroom::store::StoreError;

/// The class of a lane's advisory lock, as the store takes it.
const LANES: i32 = 0x5741_0001;

/// A status line that is durable and not yet decided; gives the channel's name.
async fn waiting(world: &mut World) -> String {
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let response = world
        .person("bea")
        .command(
            &world.channel_id(&channel),
            "/incident",
            "status rolling back",
        )
        .await;
    assert!(response.is_ok());
    channel
}

/// Has the database refuse the next lines of timelines with this code.
async fn refuse_lines(world: &World, code: &str, times: u32) {
    world.sql("create sequence refused").await;
    let function = format!(
        "create function refuse_line() returns trigger language plpgsql as $$
         begin
             -- A sequence remembers what a rollback forgets.
             if nextval('refused') <= {times} then
                 raise exception 'in the way' using errcode = '{code}';
             end if;
             return new;
         end $$"
    );
    world.sql(&function).await;
    world
        .sql(
            "create trigger refuse_line before insert on incident_timeline
                for each row execute function refuse_line()",
        )
        .await;
}

async fn decided_once(mut world: World, channel: &str) {
    world.settle().await;
    assert_eq!(world.new_messages_in(channel, "rolling back"), 1);
    let incident = world.newest().await;
    let lines = world.timeline(&incident).await;
    let lines = lines
        .iter()
        .filter(|line| line.text.contains("rolling back"));
    assert_eq!(lines.count(), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_deadlock_is_the_decision_made_again_and_nobody_notices() {
    let mut world = World::new().await;
    let channel = waiting(&mut world).await;
    let lane = format!("slack:{}", world.channel_id(&channel));
    // The other one has the lane, and will want the incident; it leaves finding out to us.
    let mut other = world.database.connection().await;
    for statement in [
        "set deadlock_timeout = '60s'".to_owned(),
        "begin".to_owned(),
        format!("select pg_advisory_xact_lock({LANES}, hashtext('{lane}'))"),
    ] {
        let done = other.execute(AssertSqlSafe(statement)).await;
        done.expect("the statement is right");
    }
    let engine = world.app.engine.clone();
    let deciding = tokio::spawn(async move { engine.intake_step().await });
    let waits = "select from pg_locks where locktype = 'advisory' and not granted
                    and database = (select oid from pg_database where datname = current_database())";
    while world.sql(waits).await == 0 {
        tokio::task::yield_now().await;
    }
    let wanted = "select from incidents where number = 1 for update";
    let got = other.execute(wanted).await;
    assert_eq!(got.expect("we gave way").rows_affected(), 1);
    other.execute("commit").await.expect("it commits");
    assert!(deciding.await.expect("no panic").expect("no error"));
    let tried = "select from inbox where attempts > 0";
    assert_eq!(world.sql(tried).await, 0, "no signal has failed");
    decided_once(world, &channel).await;
}

#[tokio::test]
async fn what_could_not_be_serialized_is_decided_again_at_once() {
    for code in ["40001", "40P01"] {
        let mut world = World::new().await;
        let channel = waiting(&mut world).await;
        refuse_lines(&world, code, 3).await;
        assert!(world.app.engine.intake_step().await.expect("no error"));
        let left = "select from inbox where attempts > 0 or state = 'open'";
        assert_eq!(world.sql(left).await, 0, "{code}");
        decided_once(world, &channel).await;
    }
}

#[tokio::test]
async fn what_is_in_the_way_for_longer_is_tried_again_later() {
    let mut world = World::new().await;
    let channel = waiting(&mut world).await;
    refuse_lines(&world, "40001", 7).await;
    world.settle().await;
    assert_eq!(world.new_messages_in(&channel, "rolling back"), 0);
    world.pass(Duration::seconds(5)).await;
    decided_once(world, &channel).await;
}

#[tokio::test]
async fn a_database_that_keeps_us_waiting_is_not_the_signals_fault() {
    // A lock that another session keeps, a statement that takes too long, a server that shuts down.
    for code in ["55P03", "57014", "57P01"] {
        let mut world = World::new().await;
        let channel = waiting(&mut world).await;
        refuse_lines(&world, code, 8).await;
        for _ in 0..8 {
            let away = world.app.engine.intake_step().await;
            assert!(
                matches!(away, Err(StoreError::Unavailable(_))),
                "{code}: {away:?}"
            );
            // It steps aside for that long.
            world.clock.advance(Duration::seconds(5));
        }
        let tried = "select from inbox where attempts > 0";
        assert_eq!(world.sql(tried).await, 0, "{code}");
        decided_once(world, &channel).await;
    }
}

#[tokio::test]
async fn a_signal_that_stood_behind_a_lock_for_too_long_lets_others_go_first() {
    let mut world = World::new().await;
    let channel = waiting(&mut world).await;
    let cem = world.person("cem");
    let asked = cem.command("C0OPS", "/incident", "help");
    assert!(asked.await.is_ok());
    // What PostgreSQL says when `lock_timeout` is over.
    refuse_lines(&world, "55P03", 1).await;
    let slow = world.app.engine.intake_step().await;
    assert!(matches!(slow, Err(StoreError::Unavailable(_))), "{slow:?}");
    assert!(world.app.engine.intake_step().await.expect("it answers"));
    world.settle().await;
    world.expect_ephemeral("cem", "/incident");
    assert_eq!(world.new_messages_in(&channel, "rolling back"), 0);
    world.pass(Duration::seconds(5)).await;
    decided_once(world, &channel).await;
}
