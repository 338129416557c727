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

/// Three runs in which this job fails.
async fn recurs(world: &mut World, job: &str) {
    for _ in 0..3 {
        ends(world, failing(job, ASSERTION)).await;
        world.pass_in_steps(Duration::seconds(30), 2).await;
    }
}

#[tokio::test]
async fn an_issue_that_github_refuses_silences_no_other_and_operators_hear_of_it_once() {
    for (status, told) in [(422, "invalid"), (403, "The App needs access")] {
        let mut world = World::with_github(WATCHED, &[]).await;
        let refused = FaultRule::once("github/issues/create", Fault::Status { status });
        world.slack.fault(refused.times(2));
        for job in ["one", "two"] {
            recurs(&mut world, job).await;
        }
        assert_eq!(issues(&world, "ci-failure"), []);
        recurs(&mut world, "three").await;
        assert_eq!(issues(&world, "ci-failure").len(), 1, "{status}");
        let ops = world.channel("ops");
        let ops: Vec<String> = ops.posts().map(|post| post.words.clone()).collect();
        let said = ops
            .iter()
            .filter(|said| said.contains("Couldn't write an issue"));
        let said: Vec<&String> = said.collect();
        assert!(
            said.len() == 1 && said[0].contains(told),
            "{status}: {ops:#?}"
        );
        world.skip_messages();
        world.finish_after_faults().await;
    }
}

/// A change in which this many tests fail, and pass when a person repeats it.
async fn many_flake(world: &mut World, change: u32, tests: u32) {
    let case = |n: u32| {
        format!(
            r#"<testcase classname="shop.Basket" name="adds {n}"><failure message="expected 1"/></testcase>"#
        )
    };
    let cases: String = (0..tests).map(case).collect();
    let others: String = (0..40)
        .map(|n| format!(r#"<testcase classname="shop.Basket" name="keeps {n}"/>"#))
        .collect();
    let report = format!(r#"<testsuite name="shop">{cases}{others}</testsuite>"#);
    let content = format!("{change}");
    let github = world.github();
    let sha = github.push("acme/api", "main", "src/shop.rs", &content, "ada");
    let failed = AttemptPlan::new(vec![JobPlan::failed("test", ASSERTION)]);
    let failed = failed.artifact("junit-report", &[("shop/TEST-shop.xml", &report)]);
    let attempts = vec![failed, AttemptPlan::new(vec![JobPlan::passed("test")])];
    let plan = RunPlan {
        attempts,
        ..RunPlan::new("CI", Vec::new()).at(&sha)
    };
    let run = ends(world, plan).await;
    world.github().rerun_by_person(run, "ada");
    world.github().finish_run(run);
    world.settle_with_github().await;
    world.pass(Duration::minutes(11)).await;
    world.settle_with_github().await;
}

#[tokio::test]
async fn five_tests_that_become_flaky_in_one_attempt_share_one_issue_and_four_have_their_own() {
    for (tests, wanted) in [(4, 4), (5, 1), (6, 1)] {
        let mut world = World::with_github(WATCHED, &[]).await;
        many_flake(&mut world, 1, tests).await;
        many_flake(&mut world, 2, tests).await;
        let all = issues(&world, "flaky-test");
        assert_eq!(all.len(), wanted, "{tests}");
        if wanted == 1 {
            let title = format!("{tests} flaky tests in CI");
            assert_eq!(all[0].title, title);
            for n in 0..tests {
                let name = format!("`shop.Basket::adds {n}`");
                assert!(
                    all[0].body.contains(&name),
                    "{name} is not in {}",
                    all[0].body
                );
            }
            // It is closed as a whole.
            world.pass_in_steps(Duration::days(1), 15).await;
            assert!(!issues(&world, "flaky-test")[0].open);
        }
        world.skip_messages();
        world.finish().await;
    }
}

async fn sets_state(world: &mut World, number: u64, state: &str) {
    let path = format!("/repos/acme/api/issues/{number}");
    let done = world
        .github()
        .act("ada", "PATCH", &path, json!({ "state": state }));
    done.expect("Ada may do so");
    world.settle_with_github().await;
}

#[tokio::test]
async fn a_test_that_became_healthy_twice_and_is_flaky_again_is_left_to_people() {
    let mut world = World::with_github(WATCHED, &[]).await;
    for cycle in 0..3 {
        flakes(&mut world, 2 * cycle + 1).await;
        flakes(&mut world, 2 * cycle + 2).await;
        assert!(only_issue(&world).open, "{cycle}");
        world.pass_in_steps(Duration::days(1), 15).await;
        assert_eq!(only_issue(&world).open, cycle == 2, "{cycle}");
    }
    world.pass_in_steps(Duration::days(1), 30).await;
    let issue = only_issue(&world);
    assert!(
        issue.open && issue.body.contains("leaves this issue to you"),
        "{issue:#?}"
    );
    // A person closes it, and it stays closed.
    sets_state(&mut world, issue.number, "closed").await;
    world.pass(Duration::days(1)).await;
    flakes(&mut world, 7).await;
    assert!(!only_issue(&world).open);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn an_issue_that_a_person_opens_again_is_closed_after_its_clean_days_from_then_on() {
    let mut world = World::with_github(WATCHED, &[]).await;
    flakes(&mut world, 1).await;
    flakes(&mut world, 2).await;
    let number = only_issue(&world).number;
    sets_state(&mut world, number, "closed").await;
    world.pass_in_steps(Duration::days(1), 20).await;
    assert!(!only_issue(&world).open);
    sets_state(&mut world, number, "open").await;
    world.pass_in_steps(Duration::days(1), 13).await;
    assert!(only_issue(&world).open);
    world.pass_in_steps(Duration::days(1), 2).await;
    assert!(!only_issue(&world).open);
    world.skip_messages();
    world.finish().await;
}
