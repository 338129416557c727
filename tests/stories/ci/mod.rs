//! A workflow fails on the default branch and is green again: one message in the channel, edited.

mod batches;
mod digests;
mod ends;
mod inspected;
mod inspected_after_faults;
mod limits;
mod missed;
mod off;
mod operators;
mod record;
mod repairs;
mod secrets;

use crate::world::World;
use chrono::Duration;
use serde_json::{Value, json};
use simulator::{Encoding, Fault, FaultRule, Signing};

/// #builds is told of acme's repositories, #ops of what the bot could not do.
const WATCHED: &str = "
services: { api: { owners: [U0BEA] } }
admins: [U0ADA]
slack: { ops_channel: C0OPS }
github: { repositories: ['acme/*'], channel: C0BUILDS }
";

/// So long an edit waits for further runs.
const EDIT: Duration = Duration::seconds(10);

/// A webhook about a run of `CI` on `main`, in GitHub's shape.
fn run(number: i64, attempt: i64, action: &str, conclusion: &str) -> Value {
    let conclusion = (action == "completed").then_some(conclusion);
    json!({
        "action": action,
        "repository": {"full_name": "acme/api", "default_branch": "main"},
        "workflow": {"id": 7, "name": "CI"},
        "workflow_run": {
            "id": 1000 + number, "run_attempt": attempt, "run_number": number, "workflow_id": 7,
            "name": "CI <!channel>", "event": "push", "head_branch": "main",
            "head_sha": format!("{number:07}0123456789"), "status": action, "conclusion": conclusion,
            "html_url": format!("https://github.com/acme/api/actions/runs/{}", 1000 + number),
            "actor": {"login": "octocat"}, "run_started_at": "2026-03-01T08:59:00Z",
            "updated_at": format!("2026-03-01T09:{number:02}:00Z"),
        },
    })
}

fn completed(number: i64, conclusion: &str) -> Value {
    run(number, 1, "completed", conclusion)
}

async fn delivers(world: &World, delivery: &str, body: &Value) {
    let (github, json, good) = (&world.slack, Encoding::Json, Signing::Good);
    let sent = github.github_webhook("workflow_run", Some(delivery), body, json, good);
    let answer = sent.await;
    assert_eq!(answer.status, Some(202), "{}", answer.body);
}

/// A webhook arrives, and what follows from it happens.
async fn comes(world: &mut World, body: &Value) {
    delivers(world, &uuid::Uuid::new_v4().to_string(), body).await;
    world.settle().await;
}

/// The bot's messages in #builds, oldest first.
fn told(world: &World) -> Vec<String> {
    let bot = world.slack.bot_user();
    let channel = world.channel("builds");
    let posts = channel.posts().filter(|post| post.user == bot);
    posts.map(|post| post.words.clone()).collect()
}

#[track_caller]
fn only_one(world: &World, says: &[&str]) {
    let told = told(world);
    assert_eq!(told.len(), 1, "{told:#?}");
    for said in says {
        assert!(told[0].contains(said), "{said:?} is not in {}", told[0]);
    }
}

#[tokio::test]
async fn a_failure_is_one_message_that_is_edited_once_when_it_is_green_again() {
    let mut world = World::with_config(WATCHED, &[]).await;
    for action in ["requested", "in_progress"] {
        comes(&mut world, &run(1, 1, action, "")).await;
    }
    assert!(told(&world).is_empty());
    comes(&mut world, &completed(1, "failure")).await;
    only_one(
        &world,
        &[
            "🔴",
            "acme/api",
            "CI &lt;!channel&gt;",
            "failed on",
            "main",
            "0000001",
            "octocat",
            "Run #1",
            "1 failed run since",
        ],
    );
    comes(&mut world, &completed(2, "cancelled")).await;
    assert_eq!(world.slack.calls("chat.update"), 0);
    comes(&mut world, &completed(13, "success")).await;
    only_one(
        &world,
        &[
            "✅",
            "is green again on",
            "after 12 min",
            "Run #13",
            "1 failed run",
        ],
    );
    assert_eq!(world.slack.calls("chat.update"), 1);
    // It is over: more of the same is no news, and the next failure has a message of its own.
    comes(&mut world, &completed(14, "success")).await;
    assert_eq!(world.slack.calls("chat.update"), 1);
    comes(&mut world, &completed(15, "timed_out")).await;
    let told = told(&world);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[1].contains("timed out on"), "{told:#?}");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_pull_request_from_a_branch_of_the_same_name_hides_no_failure() {
    let mut world = World::with_config(WATCHED, &[]).await;
    let mut proposed = completed(11, "success");
    proposed["workflow_run"]["event"] = json!("pull_request");
    comes(&mut world, &proposed).await;
    comes(&mut world, &completed(10, "failure")).await;
    let mut proposed = completed(12, "success");
    proposed["workflow_run"]["event"] = json!("pull_request");
    comes(&mut world, &proposed).await;
    only_one(&world, &["🔴", "Run #10"]);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_late_failure_from_before_a_green_run_is_not_counted_with_a_newer_one() {
    let mut world = World::with_config(WATCHED, &[]).await;
    comes(&mut world, &completed(7, "success")).await;
    comes(&mut world, &completed(8, "failure")).await;
    comes(&mut world, &completed(6, "failure")).await;
    only_one(&world, &["🔴", "Run #8", "1 failed run since"]);
    assert_eq!(world.slack.calls("chat.update"), 0);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn duplicates_and_any_order_end_in_the_same_state() {
    let events = [
        run(1, 1, "requested", ""),
        run(1, 1, "in_progress", ""),
        completed(1, "failure"),
        run(1, 2, "in_progress", ""),
        run(1, 2, "completed", "success"),
        completed(2, "failure"),
        completed(3, "success"),
    ];
    for order in [
        [0, 1, 2, 3, 4, 5, 6],
        [6, 5, 4, 3, 2, 1, 0],
        [2, 1, 0, 5, 4, 3, 6],
    ] {
        let mut world = World::with_config(WATCHED, &[]).await;
        for at in order {
            comes(&mut world, &events[at]).await;
            // Under a new delivery id, which is not part of the signature.
            comes(&mut world, &events[at]).await;
        }
        world.pass(EDIT).await;
        let runs =
            "select run_id::text, attempt::text, status, conclusion from ci_runs order by run_id";
        let stand = [
            ["1001", "2", "completed", "success"],
            ["1002", "1", "completed", "failure"],
            ["1003", "1", "completed", "success"],
        ];
        assert_eq!(
            world.query(runs).await,
            stand.map(|row| row.map(str::to_owned).to_vec()),
            "{order:?}"
        );
        let open = "select id::text from ci_failures where green_at is null";
        assert!(world.query(open).await.is_empty(), "{order:?}");
        let told = told(&world);
        assert!(
            told.iter().all(|said| said.contains('✅')),
            "{order:?}: {told:#?}"
        );
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn an_older_green_run_that_arrives_late_changes_nothing() {
    let mut world = World::with_config(WATCHED, &[]).await;
    comes(&mut world, &completed(5, "failure")).await;
    comes(&mut world, &completed(4, "success")).await;
    world.pass(EDIT).await;
    only_one(&world, &["🔴", "Run #5"]);
    assert_eq!(world.slack.calls("chat.update"), 0);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_re_run_that_succeeds_is_green_again() {
    let mut world = World::with_config(WATCHED, &[]).await;
    comes(&mut world, &completed(1, "failure")).await;
    comes(&mut world, &run(1, 2, "in_progress", "")).await;
    only_one(&world, &["🔴"]);
    comes(&mut world, &run(1, 2, "completed", "success")).await;
    only_one(&world, &["✅", "Run #1"]);
    assert_eq!(world.slack.calls("chat.update"), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_storm_of_failing_runs_is_one_message_and_few_edits() {
    let mut world = World::with_config(WATCHED, &[]).await;
    for number in 1..=50 {
        delivers(
            &world,
            &format!("d-{number}"),
            &completed(number, "failure"),
        )
        .await;
    }
    world.settle().await;
    world.pass(EDIT).await;
    only_one(&world, &["🔴", "Run #50", "50 failed runs since"]);
    let edits = world.slack.calls("chat.update");
    assert!(edits <= 2, "{edits} edits");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn two_replicas_tell_a_failure_once() {
    let mut world = World::with_config(WATCHED, &[]).await;
    let (other, _) = world.replica().await;
    for number in 1..=20 {
        delivers(
            &world,
            &format!("d-{number}"),
            &completed(number, "failure"),
        )
        .await;
        delivers(
            &world,
            &format!("again-{number}"),
            &completed(number, "failure"),
        )
        .await;
    }
    world.settle_beside(&other).await;
    world.clock.advance(EDIT);
    world.settle_beside(&other).await;
    only_one(&world, &["🔴", "Run #20", "20 failed runs since"]);
    delivers(&world, "green", &completed(21, "success")).await;
    world.settle_beside(&other).await;
    only_one(&world, &["✅", "20 failed runs"]);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn nothing_is_doubled_or_lost_by_a_lost_answer_and_a_restart() {
    for fault in [
        Fault::LoseAnswer,
        Fault::LoseRequest,
        Fault::Status { status: 503 },
    ] {
        let mut world = World::with_config(WATCHED, &[]).await;
        let bot = world.slack.bot_user();
        let ada = world.person("ada");
        ada.invite("builds", &bot).expect("the bot comes in");
        world
            .slack
            .fault(FaultRule::once("chat.postMessage", fault.clone()));
        comes(&mut world, &completed(1, "failure")).await;
        // The process is gone before the receipt, and CI is green meanwhile.
        world.restart().await;
        comes(&mut world, &completed(2, "success")).await;
        world.pass_in_steps(Duration::seconds(5), 20).await;
        only_one(&world, &["✅", "Run #2"]);
        world
            .slack
            .fault(FaultRule::once("chat.update", fault.clone()));
        comes(&mut world, &completed(3, "failure")).await;
        comes(&mut world, &completed(4, "success")).await;
        world.restart().await;
        world.pass_in_steps(Duration::seconds(5), 20).await;
        let told = told(&world);
        assert_eq!(told.len(), 2, "{fault:?}: {told:#?}");
        assert!(
            told.iter().all(|said| said.contains('✅')),
            "{fault:?}: {told:#?}"
        );
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn every_branch_and_its_pull_requests_are_told_by_themselves_in_watched_repositories() {
    let mut world = World::with_config(WATCHED, &[]).await;
    let mut pull = completed(1, "failure");
    pull["workflow_run"]["event"] = json!("pull_request");
    let mut branch = completed(2, "failure");
    branch["workflow_run"]["head_branch"] = json!("fix");
    let mut ours = completed(3, "failure");
    ours["workflow_run"]["head_branch"] = json!("wardroom/quarantine");
    let mut comment = completed(5, "failure");
    comment["workflow_run"]["event"] = json!("issue_comment");
    let mut other = completed(6, "failure");
    other["repository"]["full_name"] = json!("other/api");
    for body in [pull, branch, ours, completed(4, "melted"), comment, other] {
        comes(&mut world, &body).await;
    }
    let told = told(&world);
    assert_eq!(told.len(), 2, "{told:#?}");
    for (said, at) in [("on a pull request from `main`", 0), ("on `fix`", 1)] {
        assert!(told[at].contains(said), "{told:#?}");
    }
    let kept = world
        .query("select number::text, conclusion from ci_runs order by number")
        .await;
    let wanted = [
        ["1", "failure"],
        ["2", "failure"],
        ["3", "failure"],
        ["4", "melted"],
        ["5", "failure"],
    ];
    assert_eq!(kept, wanted.map(|row| row.map(str::to_owned).to_vec()));
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn without_a_channel_nothing_is_told_and_the_channels_of_a_service_come_before_those_of_p2() {
    let mut world = World::with_config("services: { api: {} }\nadmins: [U0ADA]", &[]).await;
    comes(&mut world, &completed(1, "failure")).await;
    assert!(world.effects("open").await.is_empty() && world.effects("done").await.is_empty());
    let p2 = "services: { api: {} }\nrouting: { P2: { channels: [C0ENG] } }";
    world.restart_with_config(p2).await;
    comes(&mut world, &completed(2, "failure")).await;
    world.expect_message("engineering", "failed on");
    let own = "services: { shop: { channels: [C0BUILDS], repositories: [acme/api] } }\nrouting: { P2: { channels: [C0ENG] } }";
    world.restart_with_config(own).await;
    comes(&mut world, &completed(3, "success")).await;
    comes(&mut world, &completed(4, "failure")).await;
    world.expect_message("builds", "failed on");
    world.finish().await;
}

#[tokio::test]
async fn a_failure_is_kept_until_it_is_green_and_then_90_days_by_the_clock_of_this_host() {
    let mut world = World::with_config(WATCHED, &[]).await;
    // GitHub's times, as in a delivery that was sent again long afterwards, do not count.
    let mut long_ago = completed(1, "failure");
    long_ago["workflow_run"]["updated_at"] = json!("2024-01-01T09:00:00Z");
    comes(&mut world, &long_ago).await;
    only_one(&world, &["🔴"]);
    world.pass(Duration::hours(1)).await;
    let (runs, failures) = ("select from ci_runs", "select from ci_failures");
    assert_eq!(world.sql(runs).await, 1);
    world.pass(Duration::days(91)).await;
    assert_eq!(world.sql(runs).await, 0);
    assert_eq!(world.sql(failures).await, 1, "it is open");
    comes(&mut world, &completed(2, "success")).await;
    only_one(&world, &["✅", "Run #2"]);
    world.pass(Duration::days(89)).await;
    assert_eq!((world.sql(runs).await, world.sql(failures).await), (1, 1));
    world.pass(Duration::days(2)).await;
    assert_eq!((world.sql(runs).await, world.sql(failures).await), (0, 0));
    world.skip_messages();
    world.finish().await;
}
