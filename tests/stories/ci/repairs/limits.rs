//! How often runs are repeated: budgets, the cool-down, and an outage.

use super::super::{WATCHED, told};
use super::{NETWORK, ends, ends_in, network, reruns, seconds, waits};
use crate::world::World;
use chrono::Duration;
use simulator::{AttemptPlan, JobPlan, RunPlan};

#[tokio::test]
async fn fifty_failed_runs_in_a_minute_stay_within_the_budgets_on_two_replicas() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let (other, _url) = world.replica().await;
    for name in ["web", "pay", "docs"] {
        world.github().add_repository(&format!("acme/{name}"));
    }
    for number in 0..50 {
        let repository = ["acme/api", "acme/web", "acme/pay", "acme/docs"][number % 4];
        // A failure of its own for each, so that none is held back by the cool-down.
        let job = JobPlan::failed(&letters(number), NETWORK);
        let workflow = format!("Workflow {}", letters(number));
        world
            .github()
            .run(repository, RunPlan::new(&workflow, vec![job]));
    }
    world.github().deliver_webhooks().await;
    world.settle_beside(&other).await;
    world.clock.advance(seconds(61));
    world.settle_beside(&other).await;
    let again = |name: &str| -> u32 {
        let runs = world.github().repository(name).runs;
        runs.iter().map(|run| run.reruns).sum()
    };
    let each: Vec<u32> = ["acme/api", "acme/web", "acme/pay", "acme/docs"]
        .into_iter()
        .map(again)
        .collect();
    assert!(each.iter().all(|reruns| *reruns <= 10), "{each:?}");
    assert_eq!(each.iter().sum::<u32>(), 30, "{each:?}");
    world.skip_messages();
    world.finish().await;
}

/// A word without digits: numbers are no part of a signature.
fn letters(number: usize) -> String {
    let letter = |of: usize| char::from(b"ghijklmnop"[of]);
    format!("job-{}{}", letter(number / 10), letter(number % 10))
}

#[tokio::test]
async fn the_same_failure_of_another_run_waits_for_the_cool_down() {
    let mut world = World::with_github(WATCHED, &[]).await;
    ends(&mut world, RunPlan::new("One", vec![network()])).await;
    let second = RunPlan::new("Two", vec![network()]);
    let run = ends(&mut world, second).await;
    waits(&mut world, seconds(61)).await;
    assert_eq!(reruns(&world, run), 0);
    let told = told(&world).concat();
    assert!(
        told.contains("another run was repeated for the same failure"),
        "{told}"
    );
    waits(&mut world, Duration::hours(1)).await;
    let third = RunPlan::new("Three", vec![network()]);
    let run = ends(&mut world, third).await;
    waits(&mut world, seconds(61)).await;
    assert_eq!(reruns(&world, run), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn an_outage_over_five_repositories_is_not_made_worse() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let names = [
        "acme/one",
        "acme/two",
        "acme/three",
        "acme/four",
        "acme/five",
    ];
    let mut runs = Vec::new();
    for name in names {
        world.github().add_repository(name);
        runs.push(ends_in(&mut world, name, RunPlan::new("CI", vec![network()])).await);
    }
    waits(&mut world, seconds(61)).await;
    let again: Vec<u32> = runs.iter().map(|run| reruns(&world, *run)).collect();
    assert_eq!(
        again,
        [1, 1, 1, 1, 0],
        "the fifth shows that it is an outage"
    );
    let told = told(&world).concat();
    assert!(
        told.contains("an outage seems to affect 5 repositories"),
        "{told}"
    );
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn with_little_quota_left_nothing_is_run_again_and_the_message_says_so() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let installation = world.github().installation("acme");
    let installation = installation.expect("the App is installed");
    let hour = std::time::Duration::from_secs(3600);
    world.github().set_quota(installation, 80, hour);
    let run = ends(&mut world, RunPlan::new("One", vec![network()])).await;
    waits(&mut world, seconds(61)).await;
    assert_eq!(reruns(&world, run), 0);
    let told = told(&world).concat();
    assert!(told.contains("requests"), "{told}");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_re_run_that_is_cancelled_is_told_as_such_and_not_asked_for_again() {
    let mut world = World::with_github(WATCHED, &[]).await;
    let plan = RunPlan::new("One", vec![network()]).then(AttemptPlan::ended("cancelled"));
    let run = ends(&mut world, plan).await;
    waits(&mut world, seconds(61)).await;
    assert!(told(&world).concat().contains("Asked GitHub"));
    world.github().finish_run(run);
    world.settle_with_github().await;
    let told = told(&world).concat();
    assert!(told.contains("cancelled"), "{told}");
    assert!(!told.contains("Asked GitHub"), "{told}");
    waits(&mut world, Duration::hours(7)).await;
    assert_eq!(reruns(&world, run), 1);
    world.skip_messages();
    world.finish().await;
}
