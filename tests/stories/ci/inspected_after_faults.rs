//! Webhooks twice and in any order, two processes, GitHub and the bot away: the same finding, once.

use super::inspected::{ASSERTION, RESET, classes, ends, failing};
use super::{EDIT, WATCHED, only_one, told};
use crate::world::World;
use chrono::Duration;
use simulator::{AttemptPlan, Fault, FaultRule, JobPlan, RunPlan};

const READS: [&str; 5] = [
    "github/actions/list-jobs-for-workflow-run-attempt",
    "github/actions/list-workflow-run-artifacts",
    "github/actions/download-job-logs-for-workflow-run",
    "github/actions/download-artifact",
    "github/storage",
];

const REPORT: &str = r#"<testsuite tests="4"><testcase classname="shop" name="a"/><testcase classname="shop" name="b"/>
<testcase classname="shop" name="c"/><testcase classname="shop" name="pays"><failure message="got 500"/></testcase></testsuite>"#;

/// A run whose cause only the report tells.
fn reported() -> RunPlan {
    let attempt = AttemptPlan::new(vec![JobPlan::failed("test", RESET)]);
    RunPlan::default().then(attempt.artifact("junit", &[("a.xml", REPORT)]))
}

#[tokio::test]
async fn webhooks_twice_and_in_any_order_end_in_the_same_finding() {
    for reversed in [false, true] {
        let mut world = World::with_github(WATCHED, &[]).await;
        let github = world.github();
        let plan = failing("test", ASSERTION);
        let run = github.run(
            "acme/api",
            plan.then(AttemptPlan::new(vec![JobPlan::failed("test", RESET)])),
        );
        github.rerun_by_person(run, "octocat");
        github.finish_run(run);
        github.rearrange_webhooks(|waiting| {
            if reversed {
                waiting.reverse();
            }
        });
        world.settle_with_github().await;
        let sent: Vec<String> = github
            .deliveries()
            .iter()
            .map(|one| one.guid.clone())
            .collect();
        for guid in sent {
            github.redeliver(&guid).await;
            world.settle().await;
        }
        world.pass(EDIT).await;
        only_one(&world, &["a network error"]);
        // When the second attempt is known first, the first one is no news.
        let wanted: &[&str] = match reversed {
            false => &["test_failure", "network"],
            true => &["network"],
        };
        assert_eq!(classes(&world).await, wanted);
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn two_processes_inspect_a_run_once() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let (other, _) = world.replica().await;
    let github = world.github();
    for _ in 0..5 {
        github.run("acme/api", failing("test", ASSERTION));
    }
    github.deliver_webhooks().await;
    world.settle_beside(&other).await;
    world.clock.advance(EDIT);
    world.settle_beside(&other).await;
    assert_eq!(classes(&world).await, ["test_failure"; 5]);
    only_one(&world, &["5 failed runs since", "a failed test"]);
    for read in [READS[0], READS[2]] {
        assert_eq!(world.slack.calls(read), 5, "{read}");
    }
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn while_github_is_down_the_message_is_there_and_the_cause_follows() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let down = Fault::Status { status: 503 };
    let down = world
        .slack
        .fault(FaultRule::once("github/*", down).always());
    let github = world.github();
    github.run("acme/api", failing("test", ASSERTION));
    world.slack.lift_fault(down);
    let down = READS.map(|read| {
        let down = Fault::Status { status: 503 };
        world.slack.fault(FaultRule::once(read, down).always())
    });
    world.settle_with_github().await;
    only_one(&world, &["🔴", "Finding out why"]);
    world.pass_in_steps(Duration::minutes(1), 11).await;
    only_one(&world, &["🔴", "GitHub doesn't answer yet"]);
    assert!(classes(&world).await.is_empty());
    for one in down {
        world.slack.lift_fault(one);
    }
    world.pass_in_steps(Duration::minutes(5), 12).await;
    only_one(&world, &["a failed test", "basket::adds"]);
    assert_eq!(classes(&world).await, ["test_failure"]);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_lost_answer_and_a_restart_at_each_read_leave_one_finding() {
    for read in READS {
        for fault in [
            Fault::LoseAnswer,
            Fault::LoseRequest,
            Fault::Status { status: 502 },
        ] {
            let mut world = World::with_github(WATCHED, &[]).await;
            world.slack.fault(FaultRule::once(read, fault.clone()));
            ends(&mut world, reported()).await;
            world.restart().await;
            world.pass_in_steps(Duration::seconds(5), 20).await;
            only_one(&world, &["a failed test", "got 500"]);
            assert_eq!(classes(&world).await, ["test_failure"], "{read} {fault:?}");
            assert!(world.effects("uncertain").await.is_empty());
            world.skip_messages();
            world.finish().await;
        }
    }
}

#[tokio::test]
async fn a_process_that_was_away_for_an_hour_inspects_what_came_before() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let github = world.github();
    github.run("acme/api", failing("test", ASSERTION));
    github.deliver_webhooks().await;
    world.clock.advance(Duration::hours(1));
    world.restart().await;
    world.settle_with_github().await;
    only_one(&world, &["a failed test", "basket::adds"]);
    assert_eq!(classes(&world).await, ["test_failure"]);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn fifty_failing_runs_are_one_message_and_few_edits() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let github = world.github();
    for _ in 0..50 {
        github.run("acme/api", failing("test", ASSERTION));
    }
    world.settle_with_github().await;
    world.pass(EDIT).await;
    only_one(
        &world,
        &["Run #50", "50 failed runs since", "a failed test"],
    );
    assert_eq!(classes(&world).await.len(), 50);
    let edits = world.slack.calls("chat.update");
    assert!(edits <= 5, "{edits} edits");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn without_the_app_a_failure_is_told_and_nothing_is_asked_of_github() {
    let mut world = World::with_config(WATCHED, &[]).await;
    super::comes(&mut world, &super::completed(1, "failure")).await;
    only_one(&world, &["🔴", "Run #1"]);
    let message = &told(&world)[0];
    for absent in ["Finding out why", "Re-run", "Open incident"] {
        assert!(!message.contains(absent), "{message}");
    }
    world.pass(Duration::hours(1)).await;
    assert_eq!(world.slack.calls("github/*"), 0);
    assert_eq!(world.sql("select from ci_inspections").await, 0);
    world.skip_messages();
    world.finish().await;
}
