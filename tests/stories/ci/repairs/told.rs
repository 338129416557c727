//! What people are told of a failure that no re-run repairs, and what a repository says for itself.

use super::super::{WATCHED, only_one};
use super::{ASSERTION, ends, ends_in, goes_on, network, reruns, seconds, told, waits};
use crate::world::World;
use chrono::Duration;
use simulator::{AttemptPlan, JobPlan, RunPlan};

const RIGHTS: &str = "remote: Permission to acme/api.git denied to github-actions[bot].\nfatal: unable to access 'https://github.com/acme/api/': The requested URL returned error: 403\n##[error]Process completed with exit code 128.";

#[tokio::test]
async fn the_same_failure_three_times_on_the_default_branch_is_one_issue() {
    let mut world = World::with_github(WATCHED, &[]).await;
    for times in 1..=4 {
        let plan = RunPlan::new("CI", vec![JobPlan::failed("test", ASSERTION)]);
        ends(&mut world, plan).await;
        waits(&mut world, seconds(60)).await;
        let issues = world.github().repository("acme/api").issues;
        assert_eq!(issues.len(), usize::from(times >= 3), "{issues:#?}");
    }
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn missing_rights_are_one_incident_and_the_admins_hear_of_them() {
    let mut world = World::with_github(WATCHED, &[]).await;
    for _ in 0..2 {
        ends(
            &mut world,
            RunPlan::new("CI", vec![JobPlan::failed("push", RIGHTS)]),
        )
        .await;
        waits(&mut world, seconds(60)).await;
    }
    let incidents = world.query("select severity, title from incidents").await;
    assert_eq!(incidents, [["P3", "CI of acme/api fails"]]);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn missing_rights_join_the_open_incident_of_the_service_with_each_run_on_its_timeline() {
    let mut world = World::with_github(WATCHED, &[]).await;
    world.declared("bea", "P2 api Checkout fails").await;
    let mut runs = Vec::new();
    for job in ["push", "release"] {
        let plan = RunPlan::new("CI", vec![JobPlan::failed(job, RIGHTS)]);
        runs.push(ends(&mut world, plan).await);
        waits(&mut world, seconds(60)).await;
    }
    assert_eq!(world.incidents().await, 1);
    let incident = world.newest().await;
    let lines = world.timeline(&incident).await;
    for run in runs {
        let page = format!("/acme/api/actions/runs/{run}");
        let named = lines.iter().filter(|line| line.text.contains(&page));
        assert_eq!(named.count(), 1, "{page}: {lines:#?}");
    }
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_late_failure_of_a_line_that_is_green_is_told_to_no_person() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let github = world.github();
    github.run(
        "acme/api",
        RunPlan::new("CI", vec![JobPlan::failed("push", RIGHTS)]),
    );
    github.run(
        "acme/api",
        RunPlan::new("CI", vec![JobPlan::passed("push")]),
    );
    github.rearrange_webhooks(|waiting| waiting.reverse());
    world.settle_with_github().await;
    waits(&mut world, seconds(60)).await;
    let found = "select class, state from ci_findings";
    assert_eq!(world.query(found).await, [["permission", "told"]]);
    assert_eq!(world.incidents().await, 0);
    let direct = "select from outbox where kind = 'direct_message'";
    assert_eq!(world.sql(direct).await, 0);
    world.finish().await;
}

#[tokio::test]
async fn a_repository_can_turn_it_off_for_itself_and_a_wrong_file_is_named() {
    for (file, says, again) in [
        ("wardroom: off\n", "turned off for this repository", 0),
        ("max_reruns_per_run: 0\n", "re-runs are turned off", 0),
        ("dry_run: true\n", "would have re-run", 0),
        ("wardroom: [\n", "was ignored", 1),
        ("max_reruns_per_run: 9\n", "(1 of 2)", 1),
    ] {
        let mut world = World::with_github(WATCHED, &[]).await;
        let path = ".github/wardroom.yml";
        world.github().push("acme/api", "main", path, file, "ada");
        let run = ends(&mut world, RunPlan::new("CI", vec![network()])).await;
        only_one(&world, &[says]);
        waits(&mut world, seconds(61)).await;
        assert_eq!(reruns(&world, run), again, "{file}");
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn an_incident_that_is_opened_from_a_failure_is_one_however_often_it_is_asked_for() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let plan = RunPlan::new("CI", vec![JobPlan::failed("test", ASSERTION)]);
    ends(&mut world, plan).await;
    let message = world.expect_message("builds", "No re-run");
    for _ in 0..2 {
        world.presses("cem", &message, "Open incident").await;
        world.expect_ephemeral("cem", "Opening an incident");
    }
    let incidents = world.query("select severity, service from incidents").await;
    assert_eq!(incidents, [["P3", "api"]]);
    world.skip_messages();
    world.finish().await;
}

const NAMED: &str = "FAILED tests/test_basket.py::test_adds - assert 1 == 2\n===== 1 failed, 2 passed in 0.12s =====";

/// A run of a new commit on the default branch, whose job fails by its log and has no reports.
async fn fails(world: &mut World, change: u32) -> u64 {
    let content = change.to_string();
    world
        .github()
        .push("acme/api", "main", "a.txt", &content, "ada");
    let green = AttemptPlan::new(vec![JobPlan::passed("test")]);
    let plan = RunPlan::new("CI", vec![JobPlan::failed("test", NAMED)]);
    ends(world, plan.then(green)).await
}

#[tokio::test]
async fn a_job_without_reports_whose_failure_is_flaky_by_the_record_is_run_again() {
    let mut world = World::with_github(WATCHED, &[]).await;
    for change in 0..2 {
        let run = fails(&mut world, change).await;
        waits(&mut world, Duration::minutes(10)).await;
        assert_eq!(reruns(&world, run), 0, "it is not known to be flaky");
        world.github().rerun_by_person(run, "ada");
        goes_on(&mut world, run).await;
        waits(&mut world, Duration::hours(2)).await;
    }
    let run = fails(&mut world, 2).await;
    waits(&mut world, Duration::minutes(2)).await;
    assert_eq!(reruns(&world, run), 1);
    goes_on(&mut world, run).await;
    let last = told(&world).pop().expect("it is told");
    assert!(
        last.contains("healed") && last.contains("a flaky test"),
        "{last}"
    );
    waits(&mut world, Duration::hours(2)).await;
    // A broken one is not.
    let broken = world.sql("update ci_records set standing = 'broken' where subject like 'job:%'");
    assert!(broken.await > 0);
    let run = fails(&mut world, 3).await;
    waits(&mut world, Duration::minutes(10)).await;
    assert_eq!(reruns(&world, run), 0);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn no_incident_is_promised_for_a_repository_without_a_service() {
    let mut world = World::with_github(WATCHED, &[]).await;
    world.github().add_repository("acme/tools");
    let plan = RunPlan::new("CI", vec![JobPlan::failed("push", RIGHTS)]);
    ends_in(&mut world, "acme/tools", plan).await;
    waits(&mut world, seconds(60)).await;
    only_one(
        &world,
        &[
            "Didn't open a P3 incident",
            "acme/tools belongs to no service",
        ],
    );
    assert_eq!(world.incidents().await, 0);
    world.skip_messages();
    world.finish().await;
}
