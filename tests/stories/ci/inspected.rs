//! A run fails: the bot reads why, and says it in the failure's message.

use super::{EDIT, WATCHED, only_one, told};
use crate::world::World;
use chrono::Duration;
use simulator::{AttemptPlan, Fault, FaultRule, JobPlan, RunPlan};

/// Ends as soon as a package cannot be fetched.
pub(super) const RESET: &str = "##[group]Run actions/checkout@v4
##[endgroup]
fatal: unable to access 'https://github.com/acme/api/': Recv failure: Connection reset by peer
##[error]The process '/usr/bin/git' failed with exit code 128";
pub(super) const ASSERTION: &str = "##[group]Run cargo test
##[endgroup]
running 3 tests
test basket::adds ... FAILED
thread 'basket::adds' panicked at src/basket.rs:17:9:
assertion `left == right` failed
test result: FAILED. 2 passed; 1 failed; 0 ignored";
const LINT: &str = "##[group]Run cargo fmt --all --check
##[endgroup]
Diff in /home/runner/work/api/api/src/lib.rs:12:";
const COMPILE: &str = "##[group]Run cargo build
##[endgroup]
error[E0308]: mismatched types
  --> src/lib.rs:9:5
error: could not compile `api` (lib) due to 1 previous error";
const CLEAN_LOG: &str = "##[group]Run make test\n##[endgroup]\nmake: done";

const REPORT: &str = r#"<testsuite name="shop" tests="40" failures="1"><testcase classname="shop.Basket" name="adds"/>
<testcase classname="shop.Basket" name="pays"><failure message="expected 200, got 500"/></testcase>
<testcase classname="shop.Basket" name="keeps"/><testcase classname="shop.Basket" name="drops"/></testsuite>"#;

pub(super) fn failing(job: &str, log: &str) -> RunPlan {
    RunPlan::new("CI", vec![JobPlan::failed(job, log)])
}

/// A run ends, and what follows from it happens.
pub(super) async fn ends(world: &mut World, plan: RunPlan) -> u64 {
    let run = world.github().run("acme/api", plan);
    world.settle_with_github().await;
    run
}

pub(super) async fn classes(world: &World) -> Vec<String> {
    let rows = world
        .query("select class from ci_findings order by number, attempt, job ->> 'name'")
        .await;
    rows.into_iter().flatten().collect()
}

fn reruns(world: &World) -> usize {
    let github = world.github();
    ["", "-failed-jobs"]
        .map(|what| github.calls(&format!("actions/re-run-workflow{what}")))
        .iter()
        .sum()
}

#[tokio::test]
async fn a_failure_of_the_infrastructure_is_named_with_its_evidence_in_one_message() {
    let mut world = World::with_github(WATCHED, &[]).await;
    ends(&mut world, failing("build (ubuntu)", RESET)).await;
    only_one(
        &world,
        &[
            "🔴",
            "acme/api",
            "build (ubuntu)",
            "a network error",
            "Connection reset by peer",
            "Re-run",
            "Ignore for a day",
            "Open incident",
        ],
    );
    assert_eq!(classes(&world).await, ["network"]);
    let open = "select from ci_inspections where ended_at is null";
    assert_eq!(world.sql(open).await, 0);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn what_the_code_did_is_named_with_evidence_and_never_run_again() {
    let startup = RunPlan::default().then(AttemptPlan::ended("startup_failure"));
    for (plan, class, says) in [
        (
            failing("test", ASSERTION),
            "test_failure",
            ["a failed test", "basket::adds"],
        ),
        (failing("fmt", LINT), "lint", ["a lint error", "Diff in"]),
        (
            failing("build", COMPILE),
            "compile",
            ["a compile error", "mismatched types"],
        ),
        (
            startup,
            "workflow_file",
            ["couldn't start", "an invalid workflow"],
        ),
    ] {
        let mut world = World::with_github(WATCHED, &[]).await;
        let run = ends(&mut world, plan).await;
        assert_eq!(classes(&world).await, [class]);
        only_one(&world, &says);
        only_one(&world, &["No re-run: "]);
        world.pass_in_steps(Duration::minutes(10), 6).await;
        world.settle_with_github().await;
        let run = world.github().find_run(run).expect("it is there");
        assert_eq!((run.reruns, run.attempt), (0, 1), "{class}");
        assert_eq!(reruns(&world), 0, "{class}");
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn reports_come_before_the_log_and_the_log_where_there_are_none() {
    for (log, artifact, wanted) in [
        (RESET, "junit-report", "test_failure"),
        (CLEAN_LOG, "junit-report", "test_failure"),
        // It is not a report by its name.
        (RESET, "screenshots", "network"),
    ] {
        let mut world = World::with_github(WATCHED, &[]).await;
        let attempt = AttemptPlan::new(vec![JobPlan::failed("test", log)]);
        let attempt = attempt.artifact(artifact, &[("shop/TEST-shop.xml", REPORT)]);
        ends(&mut world, RunPlan::default().then(attempt)).await;
        assert_eq!(classes(&world).await, [wanted], "{artifact}");
        if wanted == "test_failure" {
            only_one(&world, &["shop.Basket::pays", "expected 200, got 500"]);
        }
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn a_log_that_is_gone_leaves_a_finding_without_a_cause() {
    for status in [404, 410] {
        let mut world = World::with_github(WATCHED, &[]).await;
        let gone = Fault::Refused {
            status,
            message: "Not Found".to_owned(),
        };
        let endpoint = "github/actions/download-job-logs-for-workflow-run";
        world.slack.fault(FaultRule::once(endpoint, gone).always());
        ends(&mut world, failing("test", ASSERTION)).await;
        assert_eq!(classes(&world).await, ["unknown"]);
        only_one(&world, &["an unknown error", "No re-run: "]);
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn each_job_of_an_attempt_has_its_finding_and_the_legs_of_a_matrix_are_one_cause() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let mut jobs: Vec<JobPlan> = (1..=4)
        .map(|leg| JobPlan::failed(&format!("test ({leg})"), RESET))
        .collect();
    jobs.push(JobPlan::failed("fmt", LINT));
    jobs.push(JobPlan::passed("docs"));
    ends(&mut world, RunPlan::new("CI", jobs)).await;
    let found = classes(&world).await;
    assert_eq!(found, ["lint", "network", "network", "network", "network"]);
    only_one(&world, &["test (3)", " and 1 more", "a lint error"]);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_newer_attempt_takes_the_message_over_and_a_green_one_ends_it() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let plan = failing("test", ASSERTION)
        .then(AttemptPlan::new(vec![JobPlan::failed("test", COMPILE)]))
        .then(AttemptPlan::new(vec![JobPlan::passed("test")]));
    let run = ends(&mut world, plan).await;
    for (attempt, says) in [(2, "a compile error"), (3, "is green again")] {
        world.github().rerun_by_person(run, "octocat");
        world.github().finish_run(run);
        world.settle_with_github().await;
        world.pass(EDIT).await;
        only_one(&world, &[says]);
        let found = classes(&world).await.len();
        assert_eq!(found, attempt.min(2));
    }
    assert!(!told(&world)[0].contains("healed"), "a person repaired it");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_pull_request_is_told_as_one_and_edited_in_the_same_way() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let github = world.github();
    github.push("acme/api", "fix", "a.txt", "1", "ada");
    let plan = |log: &str| {
        failing("test", log)
            .on_branch("fix")
            .for_event("pull_request")
    };
    ends(&mut world, plan(ASSERTION)).await;
    only_one(&world, &["on a pull request from `fix`", "a failed test"]);
    let green = RunPlan::new("CI", vec![JobPlan::passed("test")]);
    ends(&mut world, green.on_branch("fix").for_event("pull_request")).await;
    only_one(
        &world,
        &["✅", "is green again on a pull request from `fix`"],
    );
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn markup_in_names_and_logs_is_shown_as_text() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let log = "##[group]Run make\n##[endgroup]\nerror[E0308]: <!channel> ``` *bold* <https://evil.example|here> @everyone";
    let name = "<!here> *test* <https://evil.example|click>";
    ends(&mut world, failing(name, log)).await;
    let message = &told(&world)[0];
    for marked in ["<!channel", "<!here", "<https://evil", "|here>", "|click>"] {
        assert!(!message.contains(marked), "{marked} in {message}");
    }
    for shown in ["&lt;!channel&gt;", "&lt;!here&gt;"] {
        assert!(message.contains(shown), "{shown} is not in {message}");
    }
    world.skip_messages();
    world.finish().await;
}
