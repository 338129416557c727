//! The steps of a playbook: how long each may take, how often it is tried, and what it does on GitHub.

use super::super::{WATCHED, only_one};
use super::{ASSERTION, ends, network, reruns, seconds, steps, waits};
use crate::world::World;
use chrono::Duration;
use simulator::{AttemptPlan, Fault, FaultRule, JobPlan, PullFrom, RunPlan};

const CACHES: &str = "github/actions/get-actions-cache-list";

/// A playbook for failed tests with these steps.
fn playbook(steps: &str) -> String {
    let own =
        format!("playbooks: [{{name: own, on: {{classes: [test_failure]}}, steps: [{steps}]}}]");
    WATCHED.replace("channel: C0BUILDS", &format!("channel: C0BUILDS, {own}"))
}

fn fails() -> RunPlan {
    RunPlan::new("CI", vec![JobPlan::failed("test", ASSERTION)])
}

/// The next request for caches is told to wait.
fn limits(world: &World, seconds: u64) {
    let fault = Fault::SecondaryLimit {
        status: 429,
        retry_after: Some(seconds),
    };
    world.slack.fault(FaultRule::once(CACHES, fault));
}

fn adds_report(world: &World, inputs: &[&str]) {
    let passed = AttemptPlan::new(vec![JobPlan::passed("run")]);
    world
        .github()
        .add_dispatch("acme/api", "Report", inputs, passed);
}

#[tokio::test]
async fn a_step_has_its_whole_time_from_when_it_begins() {
    let config = playbook(
        "{action: delete_caches, timeout: 30m}, {action: dispatch_workflow, workflow: report.yml}",
    );
    let mut world = World::with_github(&config, &[]).await;
    adds_report(&world, &[]);
    limits(&world, 800);
    ends(&mut world, fails()).await;
    world.pass_in_steps(Duration::minutes(1), 12).await;
    assert_eq!(steps(&world).await, ["refused", "asked", "planned"]);
    world.pass_in_steps(Duration::minutes(1), 3).await;
    assert_eq!(steps(&world).await, ["refused", "succeeded", "succeeded"]);
    only_one(
        &world,
        &[
            "Deleted the branch's caches",
            "Started the workflow report.yml",
        ],
    );
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_step_that_took_too_long_is_tried_again_as_often_as_it_may_be() {
    for (retries, wait, wanted, says) in [
        (
            1,
            400,
            &["failed", "succeeded", "succeeded"][..],
            "Started the workflow",
        ),
        (
            1,
            900,
            &["failed", "skipped", "failed"],
            "a step before it did not succeed",
        ),
        (
            0,
            400,
            &["failed", "skipped"],
            "a step before it did not succeed",
        ),
    ] {
        let config = playbook(&format!(
            "{{action: delete_caches, timeout: 5m, retries: {retries}}}, \
             {{action: dispatch_workflow, workflow: report.yml}}"
        ));
        let mut world = World::with_github(&config, &[]).await;
        adds_report(&world, &[]);
        limits(&world, wait);
        ends(&mut world, fails()).await;
        world.pass_in_steps(Duration::minutes(1), 20).await;
        assert_eq!(steps(&world).await[1..], *wanted, "{retries} {wait}");
        only_one(
            &world,
            &[
                "Couldn't delete the branch's caches: it took too long",
                says,
            ],
        );
        // What took too long is not done afterwards.
        let asked = world.slack.calls(CACHES);
        let tries = wanted
            .iter()
            .filter(|state| **state == "succeeded")
            .count()
            .min(1);
        assert_eq!(asked, 1 + tries, "{retries} {wait}");
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn a_pull_request_is_commented_and_labelled_and_a_workflow_started_once() {
    let config = playbook(
        "{action: comment, text: 'See the runbook.'}, {action: add_labels, labels: [ci-failed]}, \
         {action: dispatch_workflow, workflow: report.yml, ref: main, inputs: {why: tests}}",
    );
    for fault in [None, Some(Fault::LoseAnswer), Some(Fault::LoseRequest)] {
        let mut world = World::with_github(&config, &[]).await;
        let github = world.github();
        github.add_collaborator("acme/api", "ada", "write");
        let sha = github.push("acme/api", "fix", "src/shop.rs", "fixed", "ada");
        github.open_pull(
            "acme/api",
            "fix",
            "Fix the shop",
            "ada",
            PullFrom::Repository,
        );
        adds_report(&world, &["why"]);
        for endpoint in ["issues/create-comment", "issues/add-labels"] {
            if let Some(fault) = &fault {
                let method = format!("github/{endpoint}");
                world.slack.fault(FaultRule::once(&method, fault.clone()));
            }
        }
        let plan = fails().on_branch("fix").at(&sha);
        ends(&mut world, plan.for_event("pull_request")).await;
        for _ in 0..10 {
            waits(&mut world, seconds(30)).await;
        }
        let done = ["refused", "succeeded", "succeeded", "succeeded"];
        assert_eq!(steps(&world).await, done, "{fault:?}");
        let repository = github.repository("acme/api");
        let [comment] = &repository.comments[..] else {
            panic!("{fault:?}: {:#?}", repository.comments);
        };
        assert!(comment.body.starts_with("See the runbook."), "{comment:?}");
        let labels = "/repos/acme/api/issues/1/labels";
        let labels = github.act("ada", "GET", labels, serde_json::Value::Null);
        let labels = labels.expect("the pull request is there").to_string();
        assert!(labels.contains("\"ci-failed\""), "{labels}");
        let started = repository
            .runs
            .iter()
            .filter(|run| run.workflow == "Report");
        assert_eq!(started.count(), 1, "{fault:?}");
        world.skip_messages();
        world.finish_after_faults().await;
    }
}

#[tokio::test]
async fn an_approval_expires_after_a_day_and_when_the_line_is_green() {
    let config = WATCHED.replace(
        "channel: C0BUILDS",
        "channel: C0BUILDS, playbooks: [{name: asked, on: {classes: [network]}, \
         steps: [{action: rerun_failed_jobs, requires_approval: true}]}]",
    );
    for green in [false, true] {
        let mut world = World::with_github(&config, &[]).await;
        let run = ends(&mut world, RunPlan::new("CI", vec![network()])).await;
        let message = world.expect_message("builds", "Waiting for approval");
        if green {
            // The message is edited late, so the button is still there.
            let limited = Fault::RateLimited { retry_after: 30 };
            world.slack.fault(FaultRule::once("chat.update", limited));
            let passed = RunPlan::new("CI", vec![JobPlan::passed("build")]);
            ends(&mut world, passed).await;
            world.presses("bea", &message, "Approve").await;
            world.expect_ephemeral("bea", "This step isn't waiting for approval any more");
        } else {
            waits(&mut world, Duration::hours(23)).await;
            only_one(&world, &["Waiting for approval"]);
            waits(&mut world, Duration::minutes(62)).await;
            only_one(
                &world,
                &["Didn't re-run the failed jobs: it was not approved within 24 hours"],
            );
        }
        waits(&mut world, seconds(60)).await;
        let pressed = world.person("bea");
        let pressed = pressed
            .press(&message.channel, &message.ts, "Approve")
            .await;
        assert!(pressed.is_err(), "the button is gone");
        assert_eq!(reruns(&world, run), 0);
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn a_fork_deletes_no_caches_of_a_branch_of_the_same_name() {
    for (from, says, asked) in [
        (PullFrom::Repository, "Deleted the branch's caches", 1),
        (
            PullFrom::Fork,
            "the number of the pull request is not known",
            0,
        ),
    ] {
        let config = playbook("{action: delete_caches}");
        let mut world = World::with_github(&config, &[]).await;
        let github = world.github();
        let sha = github.push("acme/api", "fix", "src/shop.rs", "fixed", "ada");
        github.open_pull("acme/api", "fix", "Fix the shop", "ada", from);
        let plan = RunPlan {
            fork: from == PullFrom::Fork,
            ..fails().on_branch("fix").at(&sha).for_event("pull_request")
        };
        ends(&mut world, plan).await;
        only_one(&world, &[says]);
        assert_eq!(world.slack.calls(CACHES), asked);
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn all_jobs_are_run_again_only_when_none_of_them_deploys() {
    let config = WATCHED.replace(
        "channel: C0BUILDS",
        "channel: C0BUILDS, playbooks: [{name: all, on: {classes: [network]}, \
         steps: [{action: rerun_run}]}]",
    );
    let deploys = |what: &str| format!("a re-run of all jobs would deploy again (“{what}”)");
    for (job, environment, says) in [
        ("test", None, "Asked GitHub to re-run all jobs".to_owned()),
        ("deploy", None, deploys("deploy")),
        ("ship", Some("production"), deploys("production")),
    ] {
        let mut world = World::with_github(&config, &[]).await;
        let github = world.github();
        let plan = RunPlan::new("CI", vec![JobPlan::passed(job), network()]);
        let run = github.start_run("acme/api", plan);
        if let Some(environment) = environment {
            let deployment = github.deploy("acme/api", environment, "main", Some(run));
            github.deployment_status("acme/api", deployment, "success");
        }
        github.finish_run(run);
        world.settle_with_github().await;
        waits(&mut world, seconds(61)).await;
        only_one(&world, &[&says]);
        assert_eq!(reruns(&world, run), u32::from(job == "test"), "{job}");
        world.skip_messages();
        world.finish().await;
    }
}
