//! Flaky tests and failures that recur become issues, one each.

use crate::ci::inspected::{ASSERTION, classes, ends, failing};
use crate::ci::{WATCHED, told};
use crate::world::World;
use chrono::Duration;
use serde_json::json;
use simulator::{AttemptPlan, Fault, FaultRule, IssueView, JobPlan, RunPlan};

/// Its name is a trap for Markdown, and holds a secret.
const REPORT: &str = r#"<testsuite name="shop" tests="3" failures="1"><testcase classname="shop.Basket" name="adds"/>
<testcase classname="shop.Basket" name="pays `x` @ada &lt;img src=x&gt; ghp_0123456789abcdefghij0123456789abcdef">
<failure message="expected ``` 200, got 500&#10;```&#10;@ada token=hunter2hunter2"/></testcase>
<testcase classname="shop.Basket" name="keeps"/></testsuite>"#;

/// A change whose test fails; a person repeats it, and it passes.
async fn flakes(world: &mut World, change: u32) {
    let run = fails(world, change).await;
    world.github().rerun_by_person(run, "ada");
    world.github().finish_run(run);
    world.settle_with_github().await;
    world.pass(Duration::minutes(11)).await;
    world.settle_with_github().await;
}

async fn fails(world: &mut World, change: u32) -> u64 {
    let content = format!("{change}");
    let sha = world
        .github()
        .push("acme/api", "main", "src/shop.rs", &content, "ada");
    let failed = AttemptPlan::new(vec![JobPlan::failed("test", ASSERTION)]);
    let failed = failed.artifact("junit-report", &[("shop/TEST-shop.xml", REPORT)]);
    let passed = AttemptPlan::new(vec![JobPlan::passed("test")]);
    let plan = RunPlan::new("CI", Vec::new()).at(&sha);
    let plan = RunPlan {
        attempts: vec![failed, passed],
        ..plan
    };
    ends(world, plan).await
}

fn issues(world: &World, label: &str) -> Vec<IssueView> {
    let all = world.github().repository("acme/api").issues.into_iter();
    all.filter(|issue| issue.labels == [label]).collect()
}

#[track_caller]
fn only_issue(world: &World) -> IssueView {
    let [issue] = issues(world, "flaky-test").try_into().expect("one issue");
    issue
}

#[tokio::test]
async fn a_test_that_fails_and_passes_in_two_changes_is_one_issue_and_is_excused_then() {
    let mut world = World::with_github(WATCHED, &[]).await;
    flakes(&mut world, 1).await;
    assert_eq!(issues(&world, "flaky-test"), []);
    flakes(&mut world, 2).await;
    let issue = only_issue(&world);
    assert_eq!(issue.labels, ["flaky-test"]);
    assert!(
        issue.open && issue.title.starts_with("Flaky test: shop.Basket::pays"),
        "{issue:#?}"
    );
    for said in [
        "failed in 2 of 2 changes",
        "[run #2](http",
        "Closing it says",
    ] {
        assert!(
            issue.body.contains(said),
            "{said:?} is not in {}",
            issue.body
        );
    }
    // In code, and without the secrets.
    let all = format!("{} {}", issue.title, issue.body);
    assert!(
        !all.contains("ghp_0123") && !all.contains("hunter2"),
        "{all}"
    );
    assert!(
        issue.body.contains("``shop.Basket::pays `x` @ada"),
        "{}",
        issue.body
    );
    assert!(issue.body.contains("````text\n"), "{}", issue.body);
    // The third one is excused.
    fails(&mut world, 3).await;
    assert_eq!(
        classes(&world).await,
        ["test_failure", "test_failure", "flaky_test"]
    );
    let told = told(&world);
    let last = told.last().expect("a message");
    assert!(last.contains("known to be flaky"), "{told:#?}");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn an_issue_is_closed_after_its_clean_days_opened_again_and_closed_by_a_person_for_good() {
    let mut world = World::with_github(WATCHED, &[]).await;
    flakes(&mut world, 1).await;
    flakes(&mut world, 2).await;
    assert!(only_issue(&world).open);
    world.pass_in_steps(Duration::days(1), 15).await;
    let closed = only_issue(&world);
    assert!(
        !closed.open && closed.body.contains("Closed: no failure for 14 days"),
        "{closed:#?}"
    );
    // Our own edit comes back as a webhook, and changes nothing.
    world.settle_with_github().await;
    flakes(&mut world, 3).await;
    assert!(!only_issue(&world).open, "one failure makes it not flaky");
    flakes(&mut world, 4).await;
    let again = only_issue(&world);
    assert_eq!((again.open, again.reopened), (true, 1));
    // A person says that it is repaired: what was before does not count.
    let path = format!("/repos/acme/api/issues/{}", again.number);
    let closed = world
        .github()
        .act("ada", "PATCH", &path, json!({"state": "closed"}));
    closed.expect("Ada may close it");
    world.settle_with_github().await;
    let standing = "select standing from ci_records where subject like 'test:%'";
    assert_eq!(world.query(standing).await, [["healthy"]]);
    flakes(&mut world, 5).await;
    assert!(!only_issue(&world).open);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn an_issue_is_made_once_whatever_is_lost_and_by_two_replicas() {
    for fault in [
        Fault::LoseAnswer,
        Fault::LoseRequest,
        Fault::Status { status: 502 },
    ] {
        let mut world = World::with_github(WATCHED, &[]).await;
        flakes(&mut world, 1).await;
        world
            .slack
            .fault(FaultRule::once("github/issues/create", fault.clone()));
        world
            .slack
            .fault(FaultRule::once("github/issues/update", fault.clone()));
        flakes(&mut world, 2).await;
        world.restart().await;
        world.pass_in_steps(Duration::seconds(5), 20).await;
        world.settle_with_github().await;
        let (other, _) = world.replica().await;
        fails(&mut world, 3).await;
        world.settle_beside(&other).await;
        world.clock.advance(Duration::minutes(11));
        world.settle_beside(&other).await;
        world.pass_in_steps(Duration::seconds(5), 20).await;
        let issue = only_issue(&world);
        assert!(
            issue.open && issue.body.contains("failed in 3 of 3 changes"),
            "{fault:?}: {issue:#?}"
        );
        world.skip_messages();
        world.finish_after_faults().await;
    }
}

#[tokio::test]
async fn a_repository_without_issues_is_asked_once() {
    let mut world = World::with_github(WATCHED, &[]).await;
    world.github().disable_issues("acme/api");
    for change in 1..=4 {
        flakes(&mut world, change).await;
    }
    assert_eq!(world.github().calls("issues/create"), 1);
    let state = "select state from ci_issues";
    assert_eq!(world.query(state).await, [["refused"]]);
    assert!(world.channel("ops").posts().next().is_none());
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn the_same_failure_three_times_on_the_default_branch_is_one_issue() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let lost = FaultRule::once("github/issues/create", Fault::LoseAnswer);
    world.slack.fault(lost);
    for change in 1..=5 {
        let content = format!("{change}");
        let github = world.github();
        github.push("acme/api", "main", "src/shop.rs", &content, "ada");
        ends(&mut world, failing("test", ASSERTION)).await;
        let opened = issues(&world, "ci-failure").len();
        assert_eq!(opened, usize::from(change >= 3), "{change}");
        world.pass_in_steps(Duration::seconds(30), 4).await;
        world.restart().await;
    }
    world.pass(Duration::minutes(11)).await;
    let [issue] = issues(&world, "ci-failure").try_into().expect("one issue");
    for said in [
        "of `CI` fails in the same way",
        "failed in 5 of 5 changes",
        "[run #5](http",
    ] {
        assert!(
            issue.body.contains(said),
            "{said:?} is not in {}",
            issue.body
        );
    }
    world.skip_messages();
    world.finish_after_faults().await;
}
