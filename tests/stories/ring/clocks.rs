//! Whose clock is trusted for what: what is deleted, how long something is due, and since when an
//! effect may have happened.

use super::Ring;
use crate::world::World;
use chrono::{DateTime, Duration, Utc};
use wardroom::domain::effect::{Priority, Provider};
use wardroom::domain::ids::EffectId;
use wardroom::store::{Appended, Operator, Which};

#[tokio::test]
async fn a_host_whose_clock_is_years_ahead_makes_no_key_forgotten() {
    let ring = Ring::new().await;
    let replica = ring.replica();
    // As of today, and not as of the story's day: the database's clock is the real one.
    ring.clock.advance(Utc::now() - ring.clock.now());
    let arrival = ring.arrival("once", "s");
    let first = replica.store.append(arrival.clone()).await.expect("kept");
    replica.decide_all().await;
    let ahead = ring.clock.now() + Duration::days(3 * 365);
    while !replica
        .store
        .forget_old(ahead)
        .await
        .expect("it answers")
        .all
    {}
    let again = replica.store.append(arrival).await.expect("kept");
    assert_eq!(again, Appended::Duplicate(first.id()));
    assert_eq!(ring.decided(None), ["once"]);
    ring.end(&[replica]).await;
}

async fn oldest(world: &World) -> (f64, f64) {
    let now = world.clock.now();
    let gauges = world.store.gauges(now).await.expect("it answers");
    (gauges.inbox.oldest_seconds, gauges.outbox.oldest_seconds)
}

#[tokio::test]
async fn the_oldest_row_is_as_old_as_since_it_was_first_due_while_it_waits_its_turn_again() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    assert_eq!(oldest(&world).await, (0.0, 0.0));
    let now = world.clock.now();
    let all = ["slack".to_owned()];
    let pause = world.store.pause(&all, now + Duration::minutes(3), "away");
    pause.await.expect("it answers");
    world.types("bea", &channel, "status rolling back").await;
    world.pass(Duration::minutes(2)).await;
    assert_eq!(oldest(&world).await, (0.0, 120.0), "paused");
    world.pass(Duration::minutes(2)).await;
    assert_eq!(oldest(&world).await, (0.0, 0.0));
    assert_eq!(world.new_messages_in(&channel, "rolling back"), 1);

    // Retried by an operator: due since then, whenever it was decided.
    let done = world.effects("done").await;
    let post = done.iter().find(|row| row.kind == "post_message");
    let id = EffectId(post.expect("it is done").id);
    let park = format!("update outbox set state = 'parked' where id = '{id}'");
    assert_eq!(world.sql(&park).await, 1);
    world.clock.advance(Duration::hours(5));
    let now = world.clock.now();
    let retried = world.store.retry_effect(id, Operator::Cli, now).await;
    assert!(retried.expect("it answers"));
    world.clock.advance(Duration::seconds(7));
    assert_eq!(oldest(&world).await, (0.0, 7.0));
    let again =
        format!("update outbox set state = 'done', ended_at = created_at where id = '{id}'");
    assert_eq!(world.sql(&again).await, 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_signal_that_fails_is_as_old_as_its_arrival_and_one_that_is_replayed_as_the_replay() {
    let ring = Ring::new().await;
    let replica = ring.replica();
    let appended = replica.store.append(ring.arrival("poison", "s")).await;
    let id = appended.expect("kept").id();
    let age = async |now: DateTime<Utc>| {
        let gauges = replica.store.gauges(now).await.expect("it answers");
        gauges.inbox.oldest_seconds
    };
    for second in 0..40 {
        replica.decide_all().await;
        assert_eq!(age(ring.clock.now()).await, f64::from(second));
        ring.clock.advance(Duration::seconds(1));
    }
    ring.clock.advance(Duration::minutes(1));
    replica.decide_all().await;
    ring.clock.advance(Duration::hours(1));
    let now = ring.clock.now();
    assert_eq!(age(now).await, 0.0, "it is parked");
    let replayed = replica.store.replay(id, Operator::Cli, now).await;
    assert!(replayed.expect("it answers"));
    assert_eq!(age(now + Duration::seconds(3)).await, 3.0);
    ring.end(&[replica]).await;
}

#[tokio::test]
async fn a_lease_that_ran_out_by_a_jump_of_the_clock_does_not_make_a_look_come_too_early() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let place = world.channel_id(&channel);
    let bea = world.person("bea");
    let response = bea.command(&place, "/incident", "status rolling back");
    assert!(response.await.is_ok());
    while world.app.engine.intake_step().await.expect("it answers") {}
    let now = world.clock.now();
    let claim = world
        .store
        .claim_effects(now, 50, Provider::Slack, Priority::InTurn, Which::All);
    let claimed = claim.await.expect("it answers");
    assert!(!claimed.is_empty());
    // The database's clock jumps a second later: the request of that process is still on its way.
    world.clock.advance(Duration::seconds(1));
    let jump = "update outbox set lease_until = clock_timestamp() - interval '1 h'
                 where ended_at is null and lease_until is not null";
    assert!(world.sql(jump).await > 0);
    world.pass_in_steps(Duration::seconds(1), 8).await;
    assert_eq!(
        world.new_messages_in(&channel, "rolling back"),
        0,
        "until that request has had its time, nothing says that it failed"
    );
    world.pass_in_steps(Duration::seconds(1), 4).await;
    assert_eq!(world.new_messages_in(&channel, "rolling back"), 1);
    world.skip_messages();
    world.finish().await;
}
