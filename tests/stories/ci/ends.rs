//! However a repair ends, the message says how, and nothing is left as if it went on.

use super::repairs::{ASSERTION, ends, network, reruns, seconds, waits};
use super::{WATCHED, comes, completed, only_one, told};
use crate::world::World;
use chrono::Duration;
use simulator::{AttemptPlan, Fault, FaultRule, JobPlan, Level, RunPlan};

fn flaky() -> RunPlan {
    let green = AttemptPlan::new(vec![JobPlan::passed("build")]);
    RunPlan::new("CI", vec![network()]).then(green)
}

/// The states of what was found, by run and attempt.
async fn findings(world: &World) -> Vec<String> {
    let rows = world.query("select state from ci_findings order by number, attempt");
    rows.await.into_iter().flatten().collect()
}

async fn hours(world: &mut World, hours: u32) {
    for _ in 0..hours {
        waits(world, Duration::hours(1)).await;
    }
}

#[tokio::test]
async fn a_re_run_whose_webhooks_are_lost_for_good_is_read_and_healed() {
    for renamed in [false, true] {
        let mut world = World::with_github(WATCHED, &[]).await;
        let run = ends(&mut world, flaky()).await;
        waits(&mut world, seconds(61)).await;
        only_one(&world, &["Asked GitHub to re-run"]);
        if renamed {
            // What GitHub tells from now on is about another name.
            world.github().rename("acme/api", "shop");
        }
        world.github().finish_run(run);
        world.github().rearrange_webhooks(Vec::clear);
        hours(&mut world, 7).await;
        only_one(&world, &["✅", "healed"]);
        assert_eq!(findings(&world).await, ["healed"]);
        assert_eq!(reruns(&world, run), 1);
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn a_re_run_that_never_ends_is_told_as_such() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let run = ends(&mut world, flaky()).await;
    waits(&mut world, seconds(61)).await;
    world.github().rearrange_webhooks(Vec::clear);
    hours(&mut world, 8).await;
    let says = "Re-ran the failed jobs (1 of 2): the re-run hasn't ended";
    only_one(&world, &["🔴", says]);
    assert_eq!(findings(&world).await, ["given_up"]);
    world.github().finish_run(run);
    world.settle_with_github().await;
    only_one(&world, &["✅"]);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_run_is_not_repeated_when_a_newer_one_of_its_branch_has_begun() {
    for ended in [false, true] {
        let mut world = World::with_github(WATCHED, &[]).await;
        let run = ends(&mut world, flaky()).await;
        only_one(&world, &["Going to re-run"]);
        let github = world.github();
        github.push("acme/api", "main", "a.txt", "2", "ada");
        let newer = RunPlan::new("CI", vec![JobPlan::failed("test", ASSERTION)]);
        let newer = github.start_run("acme/api", newer);
        github.begin_run(newer);
        if ended {
            github.finish_run(newer);
        }
        world.settle_with_github().await;
        waits(&mut world, seconds(61)).await;
        // With `cancel-in-progress`, it would end the newer one.
        assert_eq!(reruns(&world, run), 0, "ended: {ended}");
        let says = match ended {
            true => "a failed test",
            false => "Didn't re-run the failed jobs: a newer run or attempt has begun",
        };
        only_one(&world, &[says]);
        assert_eq!(findings(&world).await[0], "told");
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn a_refusal_is_told_in_words_and_is_the_end() {
    let rerun = "github/actions/re-run-workflow-failed-jobs";
    for (status, message, says) in [
        (404, "Not Found", "GitHub doesn't know it any more"),
        (
            403,
            "This workflow run cannot be retried",
            "GitHub can't repeat this run",
        ),
        (
            403,
            "Resource not accessible by integration",
            "the GitHub App isn't allowed to",
        ),
        (422, "Invalid", "the call to GitHub failed: invalid"),
    ] {
        let mut world = World::with_github(WATCHED, &[]).await;
        ends(&mut world, flaky()).await;
        let message = message.to_owned();
        let refused = Fault::Refused { status, message };
        world.slack.fault(FaultRule::once(rerun, refused).always());
        waits(&mut world, seconds(61)).await;
        only_one(&world, &["🔴", "Couldn't re-run the failed jobs: ", says]);
        assert_eq!(findings(&world).await, ["given_up"], "{says}");
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_told_in_words_with_the_permission_that_is_missing() {
    for (how, says) in [
        ("uninstalled", "the GitHub App isn't installed"),
        ("suspended", "the GitHub App is suspended"),
        ("narrowed", "lacks the permission actions; grant it"),
    ] {
        let mut world = World::with_github(WATCHED, &[]).await;
        let github = world.github();
        github.run("acme/api", flaky());
        let acme = github.installation("acme").expect("the App is installed");
        match how {
            "uninstalled" => github.uninstall(acme),
            "suspended" => github.suspend(acme, true),
            _ => github.grant(acme, &[("contents", Level::Read)]),
        }
        world.settle_with_github().await;
        only_one(&world, &["🔴", says]);
        assert!(!told(&world)[0].contains("an unknown error"), "{how}");
        world.skip_messages();
        world.finish_after_faults().await;
    }
    // A run that was deleted before it was read.
    let mut world = World::with_github(WATCHED, &[]).await;
    comes(&mut world, &completed(1, "failure")).await;
    only_one(&world, &["🔴", "GitHub doesn't know it any more"]);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_failure_that_heals_while_slack_is_down_is_one_message_of_how_it_ended() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let bot = world.slack.bot_user();
    let ada = world.person("ada");
    ada.invite("builds", &bot).expect("the bot comes in");
    ada.invite("ops", &bot).expect("the bot comes in");
    let down = ["chat.postMessage", "chat.update"].map(|method| {
        let down = Fault::Status { status: 503 };
        world.slack.fault(FaultRule::once(method, down).always())
    });
    let run = ends(&mut world, flaky()).await;
    waits(&mut world, seconds(61)).await;
    world.github().finish_run(run);
    for _ in 0..12 {
        waits(&mut world, Duration::minutes(5)).await;
    }
    for one in down {
        world.slack.lift_fault(one);
    }
    for _ in 0..12 {
        waits(&mut world, Duration::minutes(5)).await;
    }
    only_one(&world, &["✅", "healed"]);
    assert_eq!(reruns(&world, run), 1);
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn while_github_is_down_for_an_hour_the_re_run_waits_and_is_made_once() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let run = ends(&mut world, flaky()).await;
    let down = Fault::Status { status: 502 };
    let down = world
        .slack
        .fault(FaultRule::once("github/*", down).always());
    for _ in 0..12 {
        world.pass(Duration::minutes(5)).await;
    }
    assert_eq!(reruns(&world, run), 0);
    world.slack.lift_fault(down);
    for _ in 0..12 {
        waits(&mut world, Duration::minutes(5)).await;
    }
    only_one(&world, &["Asked GitHub to re-run"]);
    world.github().finish_run(run);
    world.settle_with_github().await;
    only_one(&world, &["✅", "healed"]);
    assert_eq!(reruns(&world, run), 1);
    world.skip_messages();
    world.finish_after_faults().await;
}
