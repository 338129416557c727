//! A failed run is repaired: once, within its limits, and the message says what is done.

mod limits;
mod steps;
mod told;

use super::{WATCHED, only_one, told};
use crate::world::World;
use chrono::Duration;
use simulator::{AttemptPlan, Fault, FaultRule, JobPlan, RunPlan};

pub const NETWORK: &str = "fatal: unable to access 'https://github.com/acme/api/': Failed to connect to github.com port 443: Connection timed out\n##[error]Process completed with exit code 128.";
const COMPILE: &str = "error[E0308]: mismatched types\n  --> src/lib.rs:3:5\nerror: could not compile `api` (lib) due to 1 previous error\n##[error]Process completed with exit code 101.";
pub const ASSERTION: &str = "running 1 test\ntest adds ... FAILED\nassertion `left == right` failed\n  left: 1\n right: 2\ntest result: FAILED. 0 passed; 1 failed; 0 ignored\n##[error]Process completed with exit code 101.";

pub fn network() -> JobPlan {
    JobPlan::failed("build", NETWORK)
}

fn green() -> AttemptPlan {
    AttemptPlan::new(vec![JobPlan::passed("build")])
}

pub fn seconds(seconds: i64) -> Duration {
    Duration::seconds(seconds)
}

pub async fn ends(world: &mut World, plan: RunPlan) -> u64 {
    ends_in(world, "acme/api", plan).await
}

pub async fn ends_in(world: &mut World, repository: &str, plan: RunPlan) -> u64 {
    let run = world.github().run(repository, plan);
    world.settle_with_github().await;
    run
}

/// The newest attempt of the run ends, and what follows from it happens.
async fn goes_on(world: &mut World, run: u64) {
    world.github().finish_run(run);
    world.settle_with_github().await;
}

pub async fn waits(world: &mut World, time: Duration) {
    world.clock.advance(time);
    world.settle_with_github().await;
}

pub fn reruns(world: &World, run: u64) -> u32 {
    world.github().find_run(run).map_or(0, |run| run.reruns)
}

/// The states of the steps, in the order in which they were decided.
async fn steps(world: &World) -> Vec<String> {
    let rows = world
        .query("select state from ci_repairs order by decided_at, playbook, ordinal, tries")
        .await;
    rows.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_failure_of_the_infrastructure_is_run_again_once_and_healed_in_one_message() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let run = ends(
        &mut world,
        RunPlan::new("CI", vec![network()]).then(green()),
    )
    .await;
    only_one(
        &world,
        &[
            "🔴",
            "a network error",
            "Going to re-run the failed jobs at",
            "(1 of 2)",
        ],
    );
    waits(&mut world, seconds(59)).await;
    assert_eq!(reruns(&world, run), 0);
    waits(&mut world, seconds(2)).await;
    assert_eq!(reruns(&world, run), 1);
    only_one(&world, &["Asked GitHub to re-run the failed jobs (1 of 2)"]);
    goes_on(&mut world, run).await;
    only_one(&world, &["✅", "healed"]);
    waits(&mut world, Duration::hours(7)).await;
    assert_eq!(reruns(&world, run), 1);
    assert_eq!(steps(&world).await, ["succeeded"]);
    let calls = world.github().calls("actions/re-run-workflow-failed-jobs");
    assert_eq!(calls, 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_second_re_run_follows_after_five_minutes_and_then_it_is_given_up() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let run = ends(&mut world, RunPlan::new("CI", vec![network()])).await;
    waits(&mut world, seconds(61)).await;
    goes_on(&mut world, run).await;
    waits(&mut world, seconds(11)).await;
    only_one(&world, &["Going to re-run the failed jobs at", "(2 of 2)"]);
    waits(&mut world, seconds(280)).await;
    assert_eq!(reruns(&world, run), 1);
    waits(&mut world, seconds(20)).await;
    assert_eq!(reruns(&world, run), 2);
    goes_on(&mut world, run).await;
    waits(&mut world, seconds(11)).await;
    only_one(&world, &["Gave up: it was already re-run 2 times"]);
    waits(&mut world, Duration::hours(2)).await;
    assert_eq!(reruns(&world, run), 2);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn what_no_re_run_repairs_is_never_run_again_and_the_message_says_why() {
    for (plan, says) in [
        (
            RunPlan::new("CI", vec![JobPlan::failed("build", COMPILE)]),
            "“build” failed because of a compile error, and a re-run wouldn't change that",
        ),
        (
            RunPlan::new("CI", vec![JobPlan::failed("test", ASSERTION)]),
            "“test” failed because of a failed test, and a re-run wouldn't change that",
        ),
        (
            RunPlan::new(
                "CI",
                vec![
                    JobPlan::failed(
                        "lint",
                        "Diff in src/lib.rs:1:\n##[error]Process completed with exit code 1.",
                    )
                    .step("cargo fmt --check", "failure"),
                ],
            ),
            "“lint” failed because of a lint error, and a re-run wouldn't change that",
        ),
        (
            RunPlan::new("CI", vec![network(), JobPlan::failed("test", ASSERTION)]),
            "“test” failed because of a failed test",
        ),
    ] {
        let mut world = World::with_github(WATCHED, &[]).await;
        let run = ends(&mut world, plan).await;
        only_one(&world, &["🔴", "No re-run", says]);
        waits(&mut world, Duration::hours(1)).await;
        assert_eq!(reruns(&world, run), 0, "{says}");
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn a_workflow_that_cannot_start_and_a_cancelled_run_are_not_run_again() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let mut invalid = RunPlan::new("CI", Vec::new());
    invalid.attempts = vec![AttemptPlan::ended("startup_failure")];
    let run = ends(&mut world, invalid).await;
    only_one(
        &world,
        &["couldn't start", "No re-run", "an invalid workflow"],
    );
    let cancelled = world
        .github()
        .start_run("acme/api", RunPlan::new("Other", vec![network()]));
    world.github().cancel_run(cancelled);
    world.settle_with_github().await;
    waits(&mut world, Duration::hours(1)).await;
    assert_eq!((reruns(&world, run), reruns(&world, cancelled)), (0, 0));
    assert_eq!(told(&world).len(), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_person_who_re_runs_it_first_keeps_the_bot_from_doing_so() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let run = ends(
        &mut world,
        RunPlan::new("CI", vec![network()]).then(green()),
    )
    .await;
    world.github().rerun_by_person(run, "octocat");
    world.github().begin_run(run);
    world.settle_with_github().await;
    only_one(
        &world,
        &["Didn't re-run the failed jobs", "re-ran it first"],
    );
    waits(&mut world, seconds(61)).await;
    goes_on(&mut world, run).await;
    only_one(&world, &["✅", "is green again"]);
    assert_eq!(reruns(&world, run), 1);
    let calls = world.github().calls("actions/re-run-workflow-failed-jobs");
    assert_eq!(calls, 0);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_re_run_that_another_one_made_unseen_is_not_made_twice() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let run = ends(&mut world, RunPlan::new("CI", vec![network()])).await;
    world.github().rerun_by_person(run, "octocat");
    world.github().lose_webhooks();
    waits(&mut world, seconds(61)).await;
    assert_eq!(reruns(&world, run), 1);
    only_one(
        &world,
        &["Didn't re-run the failed jobs: it was re-run already"],
    );
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn nothing_is_written_while_self_healing_is_off() {
    let off = [("SELF_HEALING_ENABLED", "false")];
    let mut world = World::with_github(WATCHED, &off).await;
    let run = ends(&mut world, RunPlan::new("CI", vec![network()])).await;
    only_one(&world, &["No re-run: self-healing is turned off"]);
    waits(&mut world, seconds(61)).await;
    assert_eq!(reruns(&world, run), 0);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_re_run_that_was_decided_is_not_sent_after_self_healing_was_turned_off() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let run = ends(&mut world, RunPlan::new("CI", vec![network()])).await;
    only_one(&world, &["Going to re-run"]);
    world
        .restart_with_variable("SELF_HEALING_ENABLED", "false")
        .await;
    waits(&mut world, seconds(61)).await;
    assert_eq!(reruns(&world, run), 0);
    only_one(
        &world,
        &["Didn't re-run the failed jobs: self-healing is turned off"],
    );
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_dry_run_says_what_it_would_have_done() {
    let config = WATCHED.replace("channel: C0BUILDS", "channel: C0BUILDS, dry_run: true");
    let mut world = World::with_github(&config, &[]).await;
    let run = ends(&mut world, RunPlan::new("CI", vec![network()])).await;
    only_one(
        &world,
        &["Dry run: would have re-run the failed jobs (1 of 2)"],
    );
    waits(&mut world, Duration::hours(1)).await;
    assert_eq!(reruns(&world, run), 0);
    assert_eq!(steps(&world).await, ["would_have"]);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_step_that_needs_approval_waits_for_the_right_person() {
    let config = WATCHED.replace(
        "channel: C0BUILDS",
        "channel: C0BUILDS, playbooks: [{name: asked, on: {classes: [network]}, \
         steps: [{action: rerun_failed_jobs, requires_approval: true}]}]",
    );
    let mut world = World::with_github(&config, &[]).await;
    let run = ends(
        &mut world,
        RunPlan::new("CI", vec![network()]).then(green()),
    )
    .await;
    only_one(&world, &["Waiting for approval to re-run the failed jobs"]);
    waits(&mut world, seconds(120)).await;
    assert_eq!(reruns(&world, run), 0);
    let message = world.expect_message("builds", "Waiting for approval");
    world.presses("cem", &message, "Approve").await;
    assert_eq!(reruns(&world, run), 0);
    world.expect_ephemeral("cem", "You can't approve this");
    // Bea owns the service.
    world.presses("bea", &message, "Approve").await;
    world.settle_with_github().await;
    assert_eq!(reruns(&world, run), 1);
    goes_on(&mut world, run).await;
    assert!(told(&world)[0].contains("healed"));
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn an_owner_runs_a_failure_again_at_once_and_others_are_told_why_not() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let passed = AttemptPlan::new(vec![JobPlan::passed("test")]);
    let plan = RunPlan::new("CI", vec![JobPlan::failed("test", ASSERTION)]).then(passed);
    let run = ends(&mut world, plan).await;
    let message = world.expect_message("builds", "No re-run");
    world.presses("cem", &message, "Re-run").await;
    world.expect_ephemeral("cem", "You can't re-run this");
    assert_eq!(reruns(&world, run), 0);
    world.presses("bea", &message, "Re-run").await;
    world.expect_ephemeral("bea", "Asked GitHub to re-run the failed jobs");
    world.presses("bea", &message, "Re-run").await;
    world.expect_ephemeral("bea", "running again already");
    goes_on(&mut world, run).await;
    assert_eq!(reruns(&world, run), 1);
    assert!(told(&world)[0].contains("healed"));
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_lost_request_or_answer_a_502_and_a_limit_give_one_re_run() {
    for fault in [
        Fault::LoseAnswer,
        Fault::LoseRequest,
        Fault::Status { status: 502 },
        Fault::SecondaryLimit {
            status: 429,
            retry_after: Some(30),
        },
    ] {
        let mut world = World::with_github(WATCHED, &[]).await;
        let run = ends(
            &mut world,
            RunPlan::new("CI", vec![network()]).then(green()),
        )
        .await;
        world.slack.fault(FaultRule::once(
            "github/actions/re-run-workflow-failed-jobs",
            fault.clone(),
        ));
        waits(&mut world, seconds(61)).await;
        world.restart().await;
        for _ in 0..8 {
            waits(&mut world, seconds(30)).await;
        }
        assert_eq!(reruns(&world, run), 1, "{fault:?}");
        goes_on(&mut world, run).await;
        only_one(&world, &["✅", "healed"]);
        world.skip_messages();
        world.finish().await;
    }
}
