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

/// A workflow fails that its re-run heals.
fn network_fails(world: &World) {
    let network = JobPlan::failed("test", super::repairs::NETWORK);
    let passes = AttemptPlan::new(vec![JobPlan::passed("test")]);
    let plan = RunPlan::new("Network", vec![network]).then(passes);
    world.github().run("acme/api", plan);
}

/// One fails and is green after a push, one stays red.
fn others_fail(world: &World) {
    let github = world.github();
    github.run("acme/api", failing());
    github.push("acme/api", "main", "src/shop.rs", "repaired", "ada");
    let passes = vec![JobPlan::passed("test")];
    github.run("acme/api", RunPlan::new("CI", passes));
    let lint = JobPlan::failed("lint", "Diff in src/lib.rs:1:");
    github.run("acme/api", RunPlan::new("Lint", vec![lint]));
}

/// A re-run that was asked for ends, and what follows from it happens.
async fn heals(world: &mut World) {
    for _ in 0..4 {
        world.clock.advance(Duration::seconds(30));
        arrives(world).await;
        world.github().finish_runs();
        arrives(world).await;
    }
}

/// What is known, done and open in the end, without the times. A failure that was over before it was known may or may not
/// have been told.
async fn end_state(world: &World) -> Vec<Vec<String>> {
    let mut state = Vec::new();
    for rows in [
        "select workflow, number::text, attempt::text, status, conclusion from ci_runs order by number, workflow",
        "select workflow, class, state from ci_findings order by number, attempt, workflow",
        "select playbook, ordinal::text, state from ci_repairs order by playbook, ordinal, run_id",
        "select workflow, count::text from ci_failures where green_at is null order by workflow",
        "select what, title from ci_changes order by what, title",
    ] {
        let rows = world.query(rows).await;
        assert!(!rows.is_empty(), "the story has something of everything");
        state.extend(rows);
    }
    let github = world.github().repository("acme/api");
    let again = github.runs.iter().map(|run| run.reruns.to_string());
    state.push(again.collect());
    let told = super::told(world);
    let red = told.iter().filter(|said| said.contains('🔴'));
    state.push(vec![red.count().to_string()]);
    state
}

#[tokio::test]
async fn after_an_hour_without_a_server_the_end_is_the_same_and_each_thing_is_done_once() {
    let mut undisturbed = World::with_github(WATCHED, &[]).await;
    network_fails(&undisturbed);
    others_fail(&undisturbed);
    arrives(&mut undisturbed).await;
    heals(&mut undisturbed).await;
    let wanted = end_state(&undisturbed).await;
    undisturbed.skip_messages();
    undisturbed.finish().await;

    let mut world = World::with_github(WATCHED, &[]).await;
    world.settle().await;
    let github = world.github();
    world.clock.advance(Duration::minutes(5));
    // These arrive, but GitHub does not see the answers.
    let every = "github/webhooks/workflow_run";
    let unseen = world
        .slack
        .fault(FaultRule::once(every, Fault::LoseAnswer).always());
    network_fails(&world);
    github.deliver_webhooks().await;
    world.slack.lift_fault(unseen);
    let known = github.deliveries().len();
    others_fail(&world);
    github.lose_webhooks();
    let mut lost: Vec<String> = github
        .deliveries()
        .split_off(known)
        .into_iter()
        .filter(|one| ["workflow_run", "push"].contains(&one.event.as_str()))
        .map(|one| one.guid)
        .collect();
    world.clock.advance(Duration::hours(1));
    world.restart().await;
    let (replica, _address) = world.replica().await;
    world.settle_beside(&replica).await;
    arrives(&mut world).await;
    heals(&mut world).await;
    assert_eq!(end_state(&world).await, wanted);
    let doubled =
        "select from ci_failures group by repository, workflow_id, branch having count(*) > 1";
    assert_eq!(world.sql(doubled).await, 0);
    let kept = world.sql("select from ci_failures").await;
    assert_eq!(
        super::told(&world).len() as u64,
        kept,
        "each has one message"
    );
    // Later rounds ask for nothing more.
    for _ in 0..4 {
        world.clock.advance(Duration::minutes(5));
        world.settle_beside(&replica).await;
        arrives(&mut world).await;
    }
    let again = github.deliveries().into_iter().filter(|one| one.redelivery);
    let mut again: Vec<String> = again.map(|one| one.guid).collect();
    again.sort();
    lost.sort();
    assert_eq!(
        again, lost,
        "what is here, and what arrived, is not asked for again"
    );
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

/// So many deliveries of events that are not used, which GitHub could not deliver either.
fn loses_unused(world: &World, deliveries: usize) {
    let github = world.github();
    let before = github.deliveries().len();
    while github.deliveries().len() < before + deliveries {
        github.run(
            "acme/api",
            RunPlan::new("CI", vec![JobPlan::passed("test")]),
        );
        let all = github.waiting_webhooks().into_iter();
        let unused = all.filter(|(_, event, _)| event == "workflow_job" || event == "check_run");
        let unused: Vec<String> = unused.map(|(guid, ..)| guid).collect();
        github.rearrange_webhooks(|guids| *guids = unused);
        github.lose_webhooks();
    }
}

#[tokio::test]
async fn a_webhook_behind_more_deliveries_than_a_call_reads_is_found_in_the_same_round() {
    let mut world = World::with_github(WATCHED, &[]).await;
    world.settle().await;
    let github = world.github();
    github.run("acme/api", failing());
    github.lose_webhooks();
    world.clock.advance(Duration::minutes(1));
    loses_unused(&world, 2500);
    // The second call is not answered.
    let down = Fault::Status { status: 502 };
    let list = FaultRule::once("github/apps/list-webhook-deliveries", down);
    world.slack.fault(list.every(11));
    world.clock.advance(Duration::minutes(5));
    arrives(&mut world).await;
    let asked = || github.calls("apps/redeliver-webhook-delivery");
    assert_eq!(asked(), 0, "a call reads a part of the list");
    // A restart in between: the place is in the database.
    world.restart().await;
    world.clock.advance(Duration::minutes(1));
    arrives(&mut world).await;
    assert!(asked() > 0, "nothing waits for a minute");
    assert_eq!(runs(&world).await[0][2..], ["completed", "failure"]);
    let (asked, listed) = (asked(), github.calls("apps/list-webhook-deliveries"));
    assert!(listed < 50, "{listed}: no page is read twice");
    // The next list begins with the newest again.
    github.run("acme/api", failing());
    github.lose_webhooks();
    for _ in 0..4 {
        world.clock.advance(Duration::minutes(5));
        arrives(&mut world).await;
    }
    assert!(github.calls("apps/redeliver-webhook-delivery") > asked);
    assert_eq!(runs(&world).await.len(), 2);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_webhook_that_would_not_be_stored_is_not_asked_for_and_what_came_is_not_missing() {
    let mut world = World::with_github(WATCHED, &[]).await;
    world.settle().await;
    let github = world.github();
    // Only those that are closed or opened again are of interest.
    github.add_collaborator("acme/api", "bea", "write");
    let issue = serde_json::json!({"title": "A question"});
    let opened = github.act("bea", "POST", "/repos/acme/api/issues", issue);
    assert!(opened.is_ok(), "{opened:?}");
    let waiting = github.waiting_webhooks();
    let is_opened = |(_, event, action): &(String, String, Option<String>)| {
        event == "issues" && action.as_deref() == Some("opened")
    };
    assert!(waiting.iter().any(is_opened), "{waiting:?}");
    github.run("acme/api", failing());
    github.lose_webhooks();
    for _ in 0..3 {
        world.clock.advance(Duration::minutes(5));
        arrives(&mut world).await;
    }
    let redelivered = github.deliveries().into_iter().filter(|one| one.redelivery);
    let events: std::collections::BTreeSet<String> = redelivered.map(|one| one.event).collect();
    assert_eq!(events.into_iter().collect::<Vec<_>>(), ["workflow_run"]);
    // Nothing is missing, so the list is as short as at the first time without a loss.
    let missing = "select count(*)::text from ci_deliveries d
                    where not exists (select from inbox i where i.dedup_key = d.guid)";
    assert_eq!(world.query(missing).await, [["0"]]);
    world.skip_messages();
    world.finish().await;
}
