//! The digest of a week: once in each channel, whatever the servers do meanwhile.

use super::repairs::{ASSERTION, ends, ends_in, network, waits};
use crate::world::World;
use chrono::{DateTime, Duration, Utc};
use serde_json::json;
use simulator::{AttemptPlan, JobPlan, RunPlan};

/// acme/api is told in #builds, acme/web in #engineering; on Mondays at 9:00 in Berlin.
const DIGEST: &str = "
services: { api: { channels: [C0BUILDS] }, web: { channels: [C0ENG] } }
admins: [U0ADA]
slack: { ops_channel: C0OPS }
github: { repositories: ['acme/*'], digest: { day: monday, hour: 9, zone: Europe/Berlin } }
";

fn failing(log: &str) -> RunPlan {
    RunPlan::new("CI", vec![JobPlan::failed("test", log)])
}

/// The digests in a channel, oldest first.
fn digests(world: &World, channel: &str) -> Vec<String> {
    let channel = world.channel(channel);
    let posts = channel.posts().map(|post| post.words.clone());
    posts
        .filter(|words| words.contains("CI in the last week"))
        .collect()
}

/// Until this moment by the clock of the story.
async fn until(world: &mut World, moment: &str) {
    let moment: DateTime<Utc> = moment.parse().expect("a moment");
    world.pass(moment - world.clock.now()).await;
}

#[tokio::test]
async fn a_week_is_told_once_to_each_channel_that_hears_of_the_repository() {
    let mut world = World::with_github(DIGEST, &[]).await;
    let github = world.github();
    github.add_repository("acme/web");
    github.push("acme/api", "fix", "a.txt", "1", "ada");
    world.settle_with_github().await;
    until(&mut world, "2026-03-03T10:00:00Z").await;
    // One of the infrastructure, which takes 12 minutes and which a re-run heals.
    let plan = RunPlan::new("CI", vec![network()]);
    let plan = plan.then(AttemptPlan::new(vec![JobPlan::passed("build")]));
    let plan = plan.on_branch("fix").for_event("pull_request");
    let run = github.start_run("acme/api", plan);
    github.begin_run(run);
    waits(&mut world, Duration::minutes(12)).await;
    github.finish_run(run);
    world.settle_with_github().await;
    waits(&mut world, Duration::minutes(2)).await;
    github.finish_run(run);
    world.settle_with_github().await;
    // One that finds a mistake, and that a person repeats all the same.
    let run = ends(
        &mut world,
        failing(ASSERTION).then(AttemptPlan::new(vec![JobPlan::passed("test")])),
    )
    .await;
    github.rerun_by_person(run, "ada");
    github.finish_run(run);
    world.settle_with_github().await;
    ends_in(&mut world, "acme/web", failing(ASSERTION)).await;
    let (replica, _address) = world.replica().await;
    until(&mut world, "2026-03-09T07:59:59Z").await;
    assert!(digests(&world, "builds").is_empty());
    world.clock.advance(Duration::seconds(1));
    world.settle_beside(&replica).await;
    for _ in 0..3 {
        world.restart().await;
        world.settle_beside(&replica).await;
        world.pass(Duration::hours(5)).await;
    }
    let told = digests(&world, "builds");
    assert_eq!(told.len(), 1, "{told:#?}");
    for says in [
        "2 failed runs in 1 repository",
        "1 failed attempt because of infrastructure or flaky tests: 1 pull request hit, 12 min lost",
        "Re-runs: 1 by Wardroom, 1 by people",
        "1 run healed, 0 given up",
        "/wardroom ci",
    ] {
        assert!(told[0].contains(says), "{says:?} is not in {}", told[0]);
    }
    assert!(!told[0].contains("the week before"), "{}", told[0]);
    let told = digests(&world, "engineering");
    assert_eq!(told.len(), 1, "{told:#?}");
    for says in ["1 failed run in 1 repository", "None because of"] {
        assert!(told[0].contains(says), "{says:?} is not in {}", told[0]);
    }
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn the_hour_is_that_of_the_zone_when_the_clocks_change_and_a_quiet_week_is_silent() {
    let mut world = World::with_github(DIGEST, &[]).await;
    until(&mut world, "2026-03-20T12:00:00Z").await;
    ends(&mut world, failing(ASSERTION)).await;
    until(&mut world, "2026-03-23T07:59:59Z").await;
    assert!(digests(&world, "builds").is_empty());
    world.pass(Duration::seconds(1)).await;
    assert_eq!(digests(&world, "builds").len(), 1);
    // On 29 March the clocks go forward. More fails than in the week before.
    for _ in 0..4 {
        ends(&mut world, failing(ASSERTION)).await;
    }
    until(&mut world, "2026-03-30T06:59:59Z").await;
    assert_eq!(digests(&world, "builds").len(), 1);
    world.pass(Duration::seconds(1)).await;
    let told = digests(&world, "builds");
    assert_eq!(told.len(), 2, "{told:#?}");
    for says in [
        "4 failed runs in 1 repository, 1 the week before",
        "CI: 4 failed runs, 1",
    ] {
        assert!(told[1].contains(says), "{says:?} is not in {}", told[1]);
    }
    // Nothing failed since.
    until(&mut world, "2026-04-13T12:00:00Z").await;
    assert_eq!(digests(&world, "builds").len(), 2);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_change_of_the_day_neither_tells_a_week_twice_nor_waits_for_the_old_day() {
    let mut world = World::with_github(DIGEST, &[]).await;
    until(&mut world, "2026-03-20T12:00:00Z").await;
    ends(&mut world, failing(ASSERTION)).await;
    until(&mut world, "2026-03-23T08:00:00Z").await;
    assert_eq!(digests(&world, "builds").len(), 1);
    let on = |day: &str| DIGEST.replace("monday", day);
    world.restart_with_config(&on("wednesday")).await;
    ends(&mut world, failing(ASSERTION)).await;
    until(&mut world, "2026-03-26T12:00:00Z").await;
    assert_eq!(digests(&world, "builds").len(), 1, "two days later");
    ends(&mut world, failing(ASSERTION)).await;
    until(&mut world, "2026-04-01T07:00:00Z").await;
    assert_eq!(digests(&world, "builds").len(), 2);
    world.restart_with_config(&on("tuesday")).await;
    ends(&mut world, failing(ASSERTION)).await;
    until(&mut world, "2026-04-07T07:00:00Z").await;
    assert_eq!(digests(&world, "builds").len(), 3);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_server_that_was_down_posts_late_but_not_after_a_day() {
    for (back, wanted) in [("2026-03-10T07:00:00Z", 1), ("2026-03-10T09:00:00Z", 0)] {
        let mut world = World::with_github(DIGEST, &[]).await;
        world.settle_with_github().await;
        until(&mut world, "2026-03-05T12:00:00Z").await;
        ends(&mut world, failing(ASSERTION)).await;
        let back: DateTime<Utc> = back.parse().expect("a moment");
        world.clock.advance(back - world.clock.now());
        let (replica, _address) = world.replica().await;
        world.restart().await;
        world.settle_beside(&replica).await;
        world.pass(Duration::hours(20)).await;
        assert_eq!(digests(&world, "builds").len(), wanted, "{back}");
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn names_of_tests_and_workflows_are_shown_as_text() {
    let mut world = World::with_github(DIGEST, &[]).await;
    until(&mut world, "2026-03-02T12:00:00Z").await;
    let plan = |log: &str| RunPlan::new("<!channel> *CI*", vec![JobPlan::failed("test", log)]);
    ends(&mut world, plan(ASSERTION)).await;
    until(&mut world, "2026-03-11T12:00:00Z").await;
    for _ in 0..4 {
        ends(&mut world, plan(ASSERTION)).await;
    }
    let mark = json!({"change": "#7", "at": "2026-03-12T12:00:00Z", "is_flaky": true, "tree": null,
                      "passed_before": false});
    let record = json!({"marks": [mark]}).to_string();
    let row = format!(
        "insert into ci_records (repository, subject, workflow_id, standing, record, last, failed_at, seen_at,
                                 keep_until)
         values ('acme/api', 'test:cart::<!here> <https://evil.example|x>', 1, 'flaky', '{record}',
                 '{{\"at\": \"2026-03-12T12:00:00Z\"}}', '2026-03-12 12:00:00+00', '2026-03-12 12:00:00+00',
                 '2026-06-01 00:00:00+00')"
    );
    assert_eq!(world.sql(&row).await, 1);
    until(&mut world, "2026-03-16T09:00:00Z").await;
    let told = digests(&world, "builds");
    let last = told.last().expect("it is posted");
    assert!(
        last.contains("hit 1 pull request") && last.contains("Worse than"),
        "{last}"
    );
    for marked in ["<!channel", "<!here", "<https://evil"] {
        assert!(!last.contains(marked), "{last}");
    }
    world.skip_messages();
    world.finish().await;
}
