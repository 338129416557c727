//! Statuspage is called when the state of a component changes, and when it is not certain what it shows.

use crate::world::World;
use chrono::Duration;
use simulator::{Fault, FaultRule, Workspace};
use std::time::Duration as RealTime;
use wardroom::domain::ids::EffectId;
use wardroom::store::Operator;

/// How often Statuspage was called since the last time, and what the component shows.
fn called(world: &World, before: &mut usize) -> (usize, String) {
    let calls = world.slack.calls("statuspage");
    let new = calls - std::mem::replace(before, calls);
    (new, world.slack.component_status("kx1").unwrap_or_default())
}

fn says(times: usize, status: &str) -> (usize, String) {
    (times, status.to_owned())
}

#[tokio::test]
async fn a_lesser_incident_of_a_shared_component_calls_statuspage_only_for_a_new_state() {
    let mut world = World::new().await;
    let mut calls = 0;
    let api = world.declared("bea", "P1 api Checkout returns 500s").await;
    assert_eq!(called(&world, &mut calls), says(1, "major_outage"));
    let shop = world
        .declared("bea", "P3 web shop The basket is empty")
        .await;
    for text in ["severity P2 it is worse", "investigating", "monitoring"] {
        world.types("bea", &shop, text).await;
        assert_eq!(
            called(&world, &mut calls),
            says(0, "major_outage"),
            "{text}"
        );
    }
    // What was shown is remembered for every process.
    world.restart().await;
    world.types("bea", &shop, "resolved").await;
    assert_eq!(called(&world, &mut calls), says(0, "major_outage"));
    world.types("bea", &api, "resolved").await;
    assert_eq!(called(&world, &mut calls), says(1, "operational"));
    world
        .declared("bea", "P1 web shop The basket is empty")
        .await;
    assert_eq!(called(&world, &mut calls), says(1, "major_outage"));
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_state_whose_call_had_no_answer_is_sent_again() {
    let mut world = World::new().await;
    let mut calls = 0;
    world
        .slack
        .fault(FaultRule::once("statuspage", Fault::LoseAnswer));
    world.declared("bea", "P1 api Checkout returns 500s").await;
    world.pass_in_steps(Duration::seconds(1), 20).await;
    assert_eq!(called(&world, &mut calls), says(2, "major_outage"));
    // The lost call could have arrived after the second one.
    world.declared("bea", "P3 api Slow").await;
    assert_eq!(called(&world, &mut calls), says(1, "major_outage"));
    world.declared("bea", "P4 api Slower").await;
    assert_eq!(called(&world, &mut calls), says(0, "major_outage"));
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_state_that_was_given_up_is_not_remembered_as_shown() {
    let mut world = World::new().await;
    let mut calls = 0;
    let api = world.declared("bea", "P1 api Checkout returns 500s").await;
    assert_eq!(called(&world, &mut calls), says(1, "major_outage"));
    let lost = FaultRule::once("statuspage", Fault::LoseAnswer).always();
    let lost = world.slack.fault(lost);
    world.types("bea", &api, "resolved").await;
    assert_eq!(called(&world, &mut calls), says(1, "operational"));
    let rows = world.store.outbox_rows(None, 200, None).await;
    let mut rows = rows.expect("the database answers").items.into_iter();
    let open = rows.find(|row| row.kind == "update_component" && row.state == "open");
    let now = world.clock.now();
    let id = EffectId(open.expect("it is tried again").id);
    let dropped = world.store.drop_effect(id, "no", Operator::Cli, now).await;
    assert!(dropped.expect("the database answers"));
    world.slack.lift_fault(lost);
    world.settle().await;
    assert_eq!(called(&world, &mut calls), says(0, "operational"));
    // The state is the one that was surely shown last, and the page shows another.
    world.declared("bea", "P1 api Checkout returns 500s").await;
    assert_eq!(called(&world, &mut calls), says(1, "major_outage"));
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_state_that_an_older_version_showed_is_not_remembered() {
    let mut world = World::new().await;
    let mut calls = 0;
    world.declared("bea", "P1 api Checkout returns 500s").await;
    assert_eq!(called(&world, &mut calls), says(1, "major_outage"));
    // It delivers a later effect, and does not know the column.
    let older = "insert into outbox (id, signal, lane, provider, kind, effect, priority, coalesce_key, state, ended_at, run_at,
                                     created_at)
                 select gen_random_uuid(), signal, lane, provider, kind, effect, priority, coalesce_key, 'done', ended_at, run_at,
                        created_at
                   from outbox where kind = 'update_component'";
    world.database.execute(older).await.expect("a row");
    world.declared("bea", "P3 api Slow").await;
    assert_eq!(called(&world, &mut calls), says(1, "major_outage"));
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn an_older_effect_that_is_retried_replaces_what_a_newer_one_showed() {
    let mut world = World::new().await;
    let mut calls = 0;
    let refused = Fault::Status { status: 404 };
    world.slack.fault(FaultRule::once("statuspage", refused));
    let api = world.declared("bea", "P3 api Slow").await;
    assert_eq!(called(&world, &mut calls), says(1, ""));
    world.types("bea", &api, "severity P1 it is worse").await;
    assert_eq!(called(&world, &mut calls), says(1, "major_outage"));
    let rows = world.store.outbox_rows(None, 200, None).await;
    let mut rows = rows.expect("the database answers").items.into_iter();
    let parked = rows.find(|row| row.kind == "update_component" && row.state == "parked");
    let id = EffectId(parked.expect("it was refused").id);
    let now = world.clock.now();
    let retried = world.store.retry_effect(id, Operator::Cli, now).await;
    assert!(retried.expect("the database answers"));
    // The next change needs no effect of its own: the older one waits and shows it.
    world.types("bea", &api, "resolved").await;
    assert_eq!(called(&world, &mut calls), says(1, "operational"));
    world.declared("bea", "P1 api Checkout returns 500s").await;
    assert_eq!(called(&world, &mut calls), says(1, "major_outage"));
    world.skip_messages();
    world.finish().await;
}

/// A process is suspended while it sends a state, for longer than its lease. Another one shows a newer state, surely.
/// When the first one goes on, its call arrives last.
#[tokio::test]
async fn a_state_that_arrives_after_a_newer_one_is_replaced_by_the_newer_one() {
    let mut world = World::new().await;
    let mut calls = 0;
    let api = world.declared("bea", "P1 api Checkout returns 500s").await;
    assert_eq!(called(&world, &mut calls), says(1, "major_outage"));
    let (replica, _address) = world.replica().await;
    let stands_still = FaultRule::once("statuspage", Fault::HoldRequest);
    world.slack.fault(stands_still);
    let place = world.channel_id(&api);
    let said = world.person("bea");
    let said = said.command(&place, "/incident", "resolved").await;
    assert!(said.is_ok());
    while world.app.engine.intake_step().await.expect("it answers") {}
    let engine = world.app.engine.clone();
    let showing = tokio::spawn(async move { engine.delivery_step().await });
    let held = |slack: &Workspace| (slack.held() == 1).then_some(());
    let held = world.slack.wait_until(RealTime::from_secs(5), held).await;
    held.expect("the state is being sent");

    let expire = "update outbox set lease_until = clock_timestamp() - interval '1 s'
                   where ended_at is null and lease_until is not null";
    assert!(world.sql(expire).await >= 1);
    let other_acts = async || {
        for _ in 0..6 {
            while replica.engine.intake_step().await.expect("it answers") {}
            while replica.engine.delivery_step().await.expect("it answers") > 0 {}
            world.clock.advance(Duration::seconds(2));
        }
    };
    other_acts().await;
    let declared = "declare P1 api Checkout returns 500s again";
    let said = world.person("bea");
    let said = said.command("builds", "/incident", declared).await;
    assert!(said.is_ok());
    other_acts().await;
    assert_eq!(called(&world, &mut calls).1, "major_outage");

    world.slack.release();
    let showing = showing.await.expect("no panic");
    showing.expect("a fenced result is no error");
    assert_eq!(called(&world, &mut calls), says(0, "operational"));
    world.settle().await;
    assert_eq!(called(&world, &mut calls), says(1, "major_outage"));
    world.skip_messages();
    world.finish().await;
}
