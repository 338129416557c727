//! The buttons of a failure's message: ignore for a day, and undo that.

use super::{CI, ended, ends, failing, message};
use crate::world::World;
use chrono::Duration;

const ASSERTION: &str = "##[group]Run cargo test
##[endgroup]
running 3 tests
test basket::adds ... FAILED
test result: FAILED. 2 passed; 1 failed; 0 ignored";
const LINT: &str = "##[group]Run cargo fmt --all --check
##[endgroup]
Diff in /home/runner/work/api/api/src/lib.rs:12:";

#[tokio::test]
async fn an_ignored_cause_is_not_told_for_a_day_and_another_one_is() {
    let mut world = World::with_github(CI, &[]).await;
    ends(&mut world, failing("CI", "test", ASSERTION)).await;
    let told = world.expect_message("builds", "a failed test");
    world.presses("cem", &told, "Ignore for a day").await;
    world.expect_ephemeral("cem", "Ignored in *acme/api* until");
    let now = message(&world, &told);
    assert!(now.contains("🔕 Ignored until"), "{now}");
    assert!(now.contains("Stop ignoring"), "{now}");
    // The same cause in another workflow: silence. Another cause: told.
    ends(&mut world, failing("Nightly", "test", ASSERTION)).await;
    world.expect_no_message();
    ends(&mut world, failing("Checks", "fmt", LINT)).await;
    world.expect_message("builds", "a lint error");
    let audit = world.audit().await;
    let rows: Vec<_> = audit
        .iter()
        .filter(|row| row.action == "ci.ignore")
        .collect();
    assert_eq!(rows.len(), 1, "{rows:#?}");
    // A day later it is told again, in one message for the line.
    world.pass(Duration::hours(24)).await;
    ends(&mut world, failing("Nightly", "test", ASSERTION)).await;
    let again = world.expect_message("builds", "a failed test");
    assert!(again.words.contains("Nightly"), "{}", again.words);
    assert!(again.words.contains("2 failed runs"), "{}", again.words);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn ignoring_twice_does_no_harm_and_is_undone_by_any_member() {
    let mut world = World::with_github(CI, &[]).await;
    ends(&mut world, failing("CI", "test", ASSERTION)).await;
    let told = world.expect_message("builds", "a failed test");
    let cem = world.person("cem");
    let payload = cem.click_payload(&told.channel, &told.ts, "ci:ignore", "");
    let payload = payload.expect("the message has the button");
    // One press that Slack delivers three times, and then a second one from an old message.
    world.sends("cem", &payload, 3).await;
    world.expect_ephemeral("cem", "Ignored in *acme/api* until");
    let mut second = payload.clone();
    second["actions"][0]["action_ts"] = "1772355999.000100".into();
    world.sends("cem", &second, 1).await;
    world.expect_ephemeral("cem", "This is ignored already until");
    assert_eq!(world.sql("select from ci_ignored").await, 1);
    world.pass(Duration::seconds(15)).await;
    world.presses("bea", &told, "Stop ignoring").await;
    world.expect_ephemeral("bea", "Not ignored any more in *acme/api*");
    assert_eq!(world.sql("select from ci_ignored").await, 0);
    let now = message(&world, &told);
    assert!(
        !now.contains("🔕") && now.contains("Ignore for a day"),
        "{now}"
    );
    ends(&mut world, failing("Nightly", "test", ASSERTION)).await;
    world.expect_message("builds", "a failed test");
    world.finish().await;
}

#[tokio::test]
async fn a_button_of_an_old_message_says_what_became_of_it() {
    let mut world = World::with_github(CI, &[]).await;
    ends(&mut world, failing("CI", "test", ASSERTION)).await;
    let told = world.expect_message("builds", "a failed test");
    let cem = world.person("cem");
    let payload = cem.click_payload(&told.channel, &told.ts, "ci:ignore", "");
    let payload = payload.expect("the message has the button");
    ends(&mut world, ended("CI", "success")).await;
    world.sends("cem", &payload, 1).await;
    world.expect_ephemeral("cem", "is green again since");
    let mut unknown = payload.clone();
    unknown["actions"][0]["action_ts"] = "1772355999.000200".into();
    unknown["actions"][0]["action_id"] = "ci:melt".into();
    world.sends("cem", &unknown, 1).await;
    world.expect_ephemeral("cem", "from another version of Wardroom");
    assert_eq!(world.sql("select from ci_ignored").await, 0);
    world.finish().await;
}
