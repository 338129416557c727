//! An hour without a server: the webhooks of that time are asked for, and the end is the same.

use super::WATCHED;
use crate::world::World;
use chrono::Duration;
use simulator::{AttemptPlan, Fault, FaultRule, JobPlan, RunPlan};

fn failing() -> RunPlan {
    RunPlan::new(
        "CI",
        vec![JobPlan::failed("test", "assertion failed: left == right")],
    )
    .then(AttemptPlan::new(vec![JobPlan::passed("test")]))
}

/// The runs as they are known.
async fn runs(world: &World) -> Vec<Vec<String>> {
    let runs =
        "select run_id::text, attempt::text, status, conclusion from ci_runs order by run_id";
    world.query(runs).await
}

/// What waits at GitHub arrives, with what was asked for again.
async fn arrives(world: &mut World) {
    for _ in 0..3 {
        world.settle().await;
        world.github().deliver_webhooks().await;
    }
    world.settle().await;
}

#[tokio::test]
async fn after_an_hour_without_a_server_the_end_is_the_same_and_each_thing_is_done_once() {
    let mut world = World::with_github(WATCHED, &[]).await;
    world.settle().await;
    let github = world.github();
    world.clock.advance(Duration::minutes(5));
    for _ in 0..3 {
        github.run("acme/api", failing());
    }
    github.lose_webhooks();
    world.clock.advance(Duration::hours(1));
    assert!(runs(&world).await.is_empty());
    world.restart().await;
    let (replica, _address) = world.replica().await;
    world.settle_beside(&replica).await;
    arrives(&mut world).await;
    let known = runs(&world).await;
    assert_eq!(known.len(), 3, "{known:?}");
    assert!(known.iter().all(|run| run[2..] == ["completed", "failure"]));
    let told = super::told(&world);
    assert_eq!(told.len(), 1, "{told:#?}");
    // What arrived is not asked for again.
    let asked = github.calls("apps/redeliver-webhook-delivery");
    for _ in 0..4 {
        world.clock.advance(Duration::minutes(5));
        world.settle_beside(&replica).await;
        arrives(&mut world).await;
    }
    assert_eq!(github.calls("apps/redeliver-webhook-delivery"), asked);
    let guids =
        "select count(*)::text, count(distinct dedup_key)::text from inbox where source = 'github'";
    let counts = world.query(guids).await.concat();
    assert_eq!(counts[0], counts[1]);
    assert_eq!(counts[0], asked.to_string());
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_webhook_that_cannot_be_delivered_is_asked_for_five_times_and_operators_hear_it_once() {
    let mut world = World::with_github(WATCHED, &[]).await;
    world.settle().await;
    let github = world.github();
    world
        .slack
        .fault(FaultRule::once("github/webhooks/workflow_run", Fault::LoseRequest).always());
    github.run(
        "acme/api",
        RunPlan::new("CI", vec![JobPlan::passed("test")]),
    );
    arrives(&mut world).await;
    for _ in 0..60 {
        world.clock.advance(Duration::hours(1));
        arrives(&mut world).await;
    }
    let failed = github.deliveries();
    let of_runs = failed.iter().filter(|one| one.event == "workflow_run");
    let of_runs: Vec<_> = of_runs.collect();
    let guids: std::collections::BTreeSet<_> = of_runs.iter().map(|one| &one.guid).collect();
    assert_eq!(of_runs.len(), 6 * guids.len(), "{of_runs:#?}");
    let told = world.count("couldn't deliver");
    assert!(told >= 1, "{told}");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_run_whose_end_was_lost_for_good_is_read() {
    let mut world = World::with_github(WATCHED, &[]).await;
    world.settle().await;
    let github = world.github();
    let run = github.start_run("acme/api", failing());
    github.begin_run(run);
    arrives(&mut world).await;
    github.finish_run(run);
    // As if GitHub had never made them.
    github.rearrange_webhooks(Vec::clear);
    world.pass(Duration::hours(5)).await;
    assert_eq!(runs(&world).await[0][2], "in_progress");
    world.pass(Duration::minutes(70)).await;
    arrives(&mut world).await;
    assert_eq!(runs(&world).await[0][2..], ["completed", "failure"]);
    assert_eq!(super::told(&world).len(), 1);
    assert_eq!(github.calls("actions/get-workflow-run"), 1);
    world.skip_messages();
    world.finish().await;
}
