//! A repository, or a pull request, that wants nothing written to it.

use super::inspected::ASSERTION;
use super::repairs::{NETWORK, ends, network, reruns, seconds, waits};
use super::{WATCHED, only_one, told};
use crate::world::World;
use chrono::Duration;
use serde_json::json;
use simulator::{Fault, FaultRule, JobPlan, PullFrom, RunPlan};

const FILE: &str = ".github/wardroom.yml";

fn commented() -> String {
    WATCHED.replace("channel: C0BUILDS", "channel: C0BUILDS, comment: true")
}

/// A pull request of the branch `fix`, and a run of it that fails.
fn pull(world: &World, from: PullFrom, log: &str) -> (u64, RunPlan) {
    let github = world.github();
    let sha = github.push("acme/api", "fix", "src/shop.rs", "fixed", "ada");
    let number = github.open_pull("acme/api", "fix", "Fix the shop", "ada", from);
    let plan = RunPlan {
        fork: from == PullFrom::Fork,
        ..RunPlan::new("CI", vec![JobPlan::failed("build", log)])
            .on_branch("fix")
            .at(&sha)
            .for_event("pull_request")
    };
    (number, plan)
}

fn labels(world: &World, number: u64, verb: &str, path: &str, body: serde_json::Value) {
    let path = format!("/repos/acme/api/issues/{number}/labels{path}");
    let done = world.github().act("ada", verb, &path, body);
    done.expect("Ada may label it");
}

fn written(world: &World) -> (usize, usize) {
    let repository = world.github().repository("acme/api");
    let issues = repository.issues.iter();
    let ours = issues.filter(|issue| issue.title.starts_with("CI fails"));
    (ours.count(), repository.comments.len())
}

#[tokio::test]
async fn a_repository_that_is_off_or_a_dry_run_gets_no_issue_and_no_comment() {
    for file in ["wardroom: off\n", "dry_run: true\n"] {
        let mut world = World::with_github(&commented(), &[]).await;
        world.github().push("acme/api", "main", FILE, file, "ada");
        let (_, plan) = pull(&world, PullFrom::Repository, ASSERTION);
        ends(&mut world, plan).await;
        for _ in 1..=4 {
            ends(
                &mut world,
                RunPlan::new("CI", vec![JobPlan::failed("test", ASSERTION)]),
            )
            .await;
        }
        waits(&mut world, Duration::minutes(11)).await;
        assert_eq!(written(&world), (0, 0), "{file}");
        // It is asked for again with the next failure.
        world
            .github()
            .push("acme/api", "main", FILE, "wardroom: on\n", "ada");
        ends(
            &mut world,
            RunPlan::new("CI", vec![JobPlan::failed("test", ASSERTION)]),
        )
        .await;
        assert_eq!(written(&world).0, 1, "{file}");
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn a_pull_request_with_the_label_is_neither_repaired_nor_commented_until_it_is_removed() {
    for from in [PullFrom::Repository, PullFrom::Fork] {
        let mut world = World::with_github(&commented(), &[]).await;
        let (number, plan) = pull(&world, from, NETWORK);
        let label = json!({"labels": ["Wardroom:Off"]});
        labels(&world, number, "POST", "", label);
        let run = ends(&mut world, plan.clone()).await;
        waits(&mut world, seconds(61)).await;
        only_one(&world, &["No re-run", "the label wardroom:off"]);
        assert_eq!((reruns(&world, run), written(&world).1), (0, 0), "{from:?}");
        labels(&world, number, "DELETE", "/wardroom:off", json!({}));
        let run = ends(&mut world, plan).await;
        waits(&mut world, seconds(61)).await;
        let wanted = (1, 1);
        let stands = (reruns(&world, run), written(&world).1);
        assert_eq!(
            stands, wanted,
            "{from:?}: what was held back is made with the next failure"
        );
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn the_label_of_a_closed_pull_request_does_not_hold_for_a_later_one_from_the_same_branch() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let (closed, _) = pull(&world, PullFrom::Fork, NETWORK);
    let label = json!({"labels": ["wardroom:off"]});
    labels(&world, closed, "POST", "", label);
    let path = format!("/repos/acme/api/pulls/{closed}");
    let done = world
        .github()
        .act("ada", "PATCH", &path, json!({"state": "closed"}));
    done.expect("Ada may close it");
    let (_, plan) = pull(&world, PullFrom::Fork, NETWORK);
    let run = ends(&mut world, plan).await;
    waits(&mut world, seconds(61)).await;
    assert_eq!(reruns(&world, run), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_label_that_comes_after_the_decision_holds_the_re_run_back_and_old_news_change_nothing() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let (number, plan) = pull(&world, PullFrom::Repository, NETWORK);
    world.settle_with_github().await;
    let run = ends(&mut world, plan).await;
    only_one(&world, &["Going to re-run"]);
    world.clock.advance(seconds(10));
    labels(
        &world,
        number,
        "POST",
        "",
        json!({"labels": ["wardroom:off"]}),
    );
    // What was sent before it arrives after it.
    let waiting = world.github().waiting_webhooks().len();
    assert_eq!(waiting, 1, "the label");
    world.settle_with_github().await;
    let news = json!({
        "action": "synchronize", "repository": {"full_name": "acme/api", "default_branch": "main"},
        "pull_request": {"number": number, "labels": [], "updated_at": "2026-01-01T00:00:00Z"},
    });
    let (github, good) = (&world.slack, simulator::Signing::Good);
    let sent = github.github_webhook(
        "pull_request",
        Some("late"),
        &news,
        simulator::Encoding::Json,
        good,
    );
    assert_eq!(sent.await.status, Some(202));
    waits(&mut world, seconds(61)).await;
    assert_eq!(reruns(&world, run), 0);
    only_one(
        &world,
        &["Didn't re-run the failed jobs: the pull request has the label wardroom:off"],
    );
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn until_a_repositorys_own_file_was_read_nothing_is_written_to_it_and_the_message_says_so() {
    let mut world = World::with_github(&commented(), &[]).await;
    let forbidden = Fault::Status { status: 403 };
    let unread = FaultRule::once("github/repos/get-content", forbidden);
    world.slack.fault(unread);
    let run = ends(&mut world, RunPlan::new("CI", vec![network()])).await;
    let (_, plan) = pull(&world, PullFrom::Repository, ASSERTION);
    ends(&mut world, plan).await;
    waits(&mut world, seconds(61)).await;
    let said = told(&world).concat();
    for words in ["Nothing is repaired yet", FILE, "It is read again at"] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    waits(&mut world, Duration::minutes(11)).await;
    waits(&mut world, seconds(61)).await;
    assert_eq!(reruns(&world, run), 1);
    // Never read: it ends, and says so.
    world
        .slack
        .fault(FaultRule::once("github/repos/get-content", Fault::Status { status: 403 }).always());
    world.github().add_repository("acme/shop");
    let other = world
        .github()
        .run("acme/shop", RunPlan::new("Shop", vec![network()]));
    world.settle_with_github().await;
    for _ in 0..5 {
        waits(&mut world, Duration::minutes(11)).await;
    }
    assert_eq!((reruns(&world, other), written(&world).1), (0, 0));
    let said = told(&world).concat();
    assert!(
        said.contains("No re-run: the repository's .github/wardroom.yml couldn't be read"),
        "{said}"
    );
    let asked = world
        .query("select count(*)::text from area_timers where name = 'repair' and pending")
        .await;
    assert_eq!(asked, [["0"]], "there is no endless wait");
    world.skip_messages();
    world.finish_after_faults().await;
}
