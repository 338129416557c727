//! GitHub limits an account: its reads wait as told, and nothing else does.

use super::inspected::{ASSERTION, classes, failing};
use super::told;
use crate::world::World;
use chrono::Duration;
use wardroom::telemetry::health::Condition;

const TWO_ACCOUNTS: &str = "
services: { api: { owners: [U0BEA] } }
admins: [U0ADA]
slack: { ops_channel: C0OPS }
github: { repositories: ['acme/*', 'globex/*'], channel: C0BUILDS }
";

/// A quota that begins again after five minutes.
fn leave(world: &World, requests: u64) {
    let installation = world
        .github()
        .installation("acme")
        .expect("it is installed");
    let five_minutes = std::time::Duration::from_secs(300);
    world
        .github()
        .set_quota(installation, requests, five_minutes);
}

#[tokio::test]
async fn a_spent_quota_delays_its_own_account_only_and_for_all_processes() {
    let mut world = World::with_github(TWO_ACCOUNTS, &[]).await;
    let github = world.github();
    github.install("globex");
    github.add_repository("globex/web");
    leave(&world, 0);
    github.run("acme/api", failing("test", ASSERTION));
    github.run("globex/web", failing("test", ASSERTION));
    world.settle_with_github().await;
    let messages = told(&world);
    let of = |name: &str| {
        messages
            .iter()
            .find(|text| text.contains(name))
            .expect(name)
            .clone()
    };
    assert!(of("globex/web").contains("a failed test"), "{messages:?}");
    assert!(of("acme/api").contains("Finding out why"), "{messages:?}");
    let paused = world.query("select scope from pauses order by scope").await;
    assert_eq!(paused, [["github:acme"]]);
    // Neither time nor another process asks before the hour ends.
    let asked = world
        .slack
        .calls("github/actions/list-jobs-for-workflow-run-attempt");
    world.restart().await;
    world.pass_in_steps(Duration::minutes(1), 4).await;
    let list = "github/actions/list-jobs-for-workflow-run-attempt";
    assert_eq!(world.slack.calls(list), asked);
    world.pass(Duration::seconds(62)).await;
    assert_eq!(classes(&world).await, ["test_failure", "test_failure"]);
    assert!(
        told(&world)
            .iter()
            .all(|text| text.contains("a failed test"))
    );
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn little_quota_degrades_health_until_there_is_more() {
    let mut world = World::with_github(TWO_ACCOUNTS, &[]).await;
    leave(&world, 50);
    world.github().run("acme/api", failing("test", ASSERTION));
    world.settle_with_github().await;
    let health = |world: &World| world.app.health.components()["github"].clone();
    let Condition::Degraded(why) = health(&world) else {
        panic!("not degraded");
    };
    assert!(
        why.contains("of the quota `core` are left until 09:05 UTC"),
        "{why}"
    );
    world.pass(Duration::minutes(6)).await;
    world.github().run("acme/api", failing("test", ASSERTION));
    world.settle_with_github().await;
    assert_eq!(health(&world), Condition::Ok);
    world.skip_messages();
    world.finish().await;
}
