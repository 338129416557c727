//! What changed in a service's repositories is on the timeline of its incidents, and in one message.

mod deployments;

use crate::world::World;
use chrono::Duration;
use serde_json::{Value, json};
use simulator::{Encoding, GitHub, PullFrom, Signing};

const SERVICE: &str = "
services: { api: { owners: [U0BEA], repositories: [acme/shop] }, web: {} }
admins: [U0ADA]
slack: { ops_channel: C0OPS }
github:
  repositories: ['acme/*']
  channel: C0BUILDS
  rollback: { workflow: rollback.yml, inputs: { why: incident } }
";

/// So long changes wait for more of them.
const TOGETHER: Duration = Duration::seconds(15);

/// A world with a GitHub that sends its webhooks when a story says so.
async fn world() -> (World, GitHub) {
    let world = World::with_config(SERVICE, &[]).await;
    let github = world.slack.github();
    github.behave(|behaviour| behaviour.hold_webhooks = true);
    for repository in ["acme/api", "acme/shop", "acme/web", "other/api"] {
        github.add_repository(repository);
        github.add_collaborator(repository, "octocat", "write");
    }
    github.install("acme");
    github.install("other");
    github.deliver_webhooks().await;
    (world, github)
}

/// A webhook arrives.
async fn delivers(world: &World, event: &str, delivery: &str, body: &Value) {
    let (json, good) = (Encoding::Json, Signing::Good);
    let sent = world
        .slack
        .github_webhook(event, Some(delivery), body, json, good);
    let answer = sent.await;
    assert_eq!(answer.status, Some(202), "{}", answer.body);
}

/// What waits arrives, and what follows from it happens.
async fn arrives(world: &mut World, github: &GitHub) {
    github.deliver_webhooks().await;
    world.settle().await;
}

fn pushes(github: &GitHub, repository: &str, path: &str) -> String {
    github.push(repository, "main", path, path, "octocat")
}

/// A pull request with this title that is merged.
fn merges(github: &GitHub, repository: &str, branch: &str, title: &str) -> u64 {
    github.push(repository, branch, branch, branch, "octocat");
    let number = github.open_pull(repository, branch, title, "octocat", PullFrom::Repository);
    let path = format!("/repos/{repository}/pulls/{number}/merge");
    let merged = github.act("octocat", "PUT", &path, json!({}));
    merged.unwrap_or_else(|why| panic!("{path}: {why}"));
    number
}

/// The notes on the newest incident's timeline, oldest first.
async fn notes(world: &World) -> Vec<String> {
    let incident = world.newest().await;
    let mut lines = world.timeline(&incident).await;
    lines.retain(|line| line.kind.as_str() == "note");
    lines.iter().map(|line| line.text.clone()).collect()
}

/// The messages about changes in a channel.
fn shown(world: &World, channel: &str) -> Vec<String> {
    let bot = world.slack.bot_user();
    let channel = world.channel(channel);
    let posts = channel.posts().filter(|post| post.user == bot);
    let posts = posts.filter(|post| post.words.contains("Code changes of"));
    posts.map(|post| post.words.clone()).collect()
}

/// A push in GitHub's shape, of the commit with this number.
fn push(number: i64, title: &str) -> Value {
    json!({
        "ref": "refs/heads/main", "after": format!("{number:07}0123"), "deleted": false,
        "repository": {"full_name": "acme/api", "default_branch": "main", "pushed_at": 1_772_355_000 + number},
        "head_commit": {"message": title, "url": format!("https://github.com/acme/api/commit/{number}")},
        "sender": {"login": "octocat"},
    })
}

#[tokio::test]
async fn an_incident_gets_the_changes_of_the_hour_before_and_each_further_one_in_one_message() {
    let (mut world, github) = world().await;
    pushes(&github, "acme/api", "long-ago.txt");
    arrives(&mut world, &github).await;
    world.pass(Duration::hours(2)).await;
    merges(
        &github,
        "acme/api",
        "fix",
        "Fix the basket <!channel> *now*",
    );
    arrives(&mut world, &github).await;
    world.pass(Duration::minutes(10)).await;
    pushes(&github, "acme/shop", "price.txt");
    // Of no service's repository, of another service, and of no watched one.
    pushes(&github, "acme/web", "page.txt");
    pushes(&github, "other/api", "other.txt");
    github.push("acme/api", "a-branch", "branch.txt", "x", "octocat");
    arrives(&mut world, &github).await;
    assert_eq!(world.count("Code changes"), 0, "no incident, no message");
    world.pass(Duration::minutes(5)).await;

    let channel = world.declared("bea", "P2 api Checkout fails").await;
    let told = notes(&world).await;
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].starts_with("acme/api: #"), "{told:#?}");
    assert!(
        told[0].contains("“Fix the basket <!channel> *now*” merged by octocat"),
        "{told:#?}"
    );
    assert!(
        told[1].contains("acme/shop: ") && told[1].contains("“Change price.txt” pushed by octocat"),
        "{told:#?}"
    );
    let incident = world.newest().await;
    let lines = world.timeline(&incident).await;
    let minutes: Vec<i64> = lines
        .iter()
        .map(|line| (incident.declared_at - line.at).num_minutes())
        .collect();
    assert_eq!(minutes, [15, 5, 0], "each has its own time");
    let message = shown(&world, &channel);
    assert_eq!(message.len(), 1, "{message:#?}");
    for said in [
        "Code changes of api",
        "Fix the basket &lt;!channel&gt;",
        "Change price.txt",
    ] {
        assert!(message[0].contains(said), "{said}: {message:#?}");
    }
    assert!(
        !message[0].contains("long-ago") && !message[0].contains("page.txt"),
        "{message:#?}"
    );

    let edits = world.slack.calls("chat.update");
    for file in ["a.txt", "b.txt", "c.txt"] {
        pushes(&github, "acme/api", file);
    }
    let number = merges(&github, "acme/shop", "revert", "Revert the price");
    arrives(&mut world, &github).await;
    world.pass(TOGETHER).await;
    let told = notes(&world).await;
    assert_eq!(told.len(), 6, "{told:#?}");
    assert!(
        told[5].contains(&format!(
            "acme/shop: #{number} “Revert the price” merged by octocat"
        )),
        "{told:#?}"
    );
    let message = shown(&world, &channel);
    assert_eq!(message.len(), 1, "one message, edited: {message:#?}");
    assert!(
        message[0].contains("Revert the price") && message[0].contains("c.txt"),
        "{message:#?}"
    );
    assert_eq!(world.slack.calls("chat.update") - edits, 1);

    // Over: nothing more is told, and the postmortem has the lines.
    world.types("bea", &channel, "resolved rolled back").await;
    pushes(&github, "acme/api", "later.txt");
    arrives(&mut world, &github).await;
    world.pass(TOGETHER).await;
    assert_eq!(notes(&world).await.len(), 6);
    world.types("bea", &channel, "postmortem").await;
    let files = world.slack.snapshot().files;
    assert!(
        files.iter().any(|file| file
            .content
            .as_deref()
            .is_some_and(|text| text.contains("Revert the price"))),
        "the draft has it"
    );
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn without_an_incident_and_without_changes_nothing_is_said() {
    let (mut world, github) = world().await;
    pushes(&github, "acme/api", "a.txt");
    arrives(&mut world, &github).await;
    world.pass(Duration::hours(2)).await;
    assert!(world.effects("done").await.is_empty() && world.effects("open").await.is_empty());
    let channel = world.declared("bea", "P2 api Checkout fails").await;
    assert_eq!(
        (notes(&world).await.len(), shown(&world, &channel).len()),
        (0, 0)
    );
    world.finish().await;
}

#[tokio::test]
async fn duplicates_any_order_and_a_restart_give_the_same_rows_and_lines() {
    let merged = json!({
        "action": "closed",
        "repository": {"full_name": "acme/api", "default_branch": "main"},
        "pull_request": {
            "number": 12, "merged": true, "merged_at": "2026-03-01T08:50:00Z", "title": "Fix",
            "merge_commit_sha": "00000020123", "base": {"ref": "main"}, "merged_by": {"login": "octocat"},
        },
    });
    let state = |id: i64, state: &str| {
        json!({
            "action": "created", "repository": {"full_name": "acme/api", "default_branch": "main"},
            "deployment": {"id": 5, "sha": "abcdef0123", "environment": "staging"},
            "deployment_status": {"id": id, "state": state, "created_at": "2026-03-01T08:52:00Z"},
        })
    };
    let events = [
        ("push", push(1, "First")),
        ("push", push(2, "Merge pull request #12")),
        ("pull_request", merged),
        ("deployment_status", state(91, "queued")),
        ("deployment_status", state(92, "in_progress")),
        ("deployment_status", state(93, "success")),
    ];
    let mut all: Vec<(Vec<Vec<String>>, Vec<String>)> = Vec::new();
    for order in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [2, 1, 5, 0, 4, 3]] {
        let mut world = World::with_config(SERVICE, &[]).await;
        let channel = world.declared("bea", "P2 api Checkout fails").await;
        for at in order {
            for _ in 0..2 {
                let (event, body) = &events[at];
                delivers(&world, event, &uuid::Uuid::new_v4().to_string(), body).await;
                world.settle().await;
            }
            world.restart().await;
        }
        world.pass(TOGETHER).await;
        let rows = "select key, what, number::text, state, status::text, title, at::text from ci_changes order by key";
        all.push((world.query(rows).await, notes(&world).await));
        let message = shown(&world, &channel);
        assert_eq!(message.len(), 1, "{order:?} {message:#?}");
        world.skip_messages();
        world.finish().await;
    }
    assert_eq!(all[0].0.len(), 3, "{all:#?}");
    assert_eq!(all[0].1.len(), 3, "{all:#?}");
    assert!(
        all[0].1[0].contains("#12 “Fix” merged by octocat"),
        "{all:#?}"
    );
    assert!(
        all[0].1[2].contains("deployment of abcdef0 to staging succeeded"),
        "{all:#?}"
    );
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
}

#[tokio::test]
async fn a_storm_of_pushes_is_few_lines_and_one_message_also_of_two_replicas() {
    let mut world = World::with_config(SERVICE, &[]).await;
    let (other, _) = world.replica().await;
    let channel = world.declared("bea", "P2 api Checkout fails").await;
    for number in 1..=60 {
        for delivery in ["one", "two"] {
            let delivery = format!("{delivery}-{number}");
            delivers(&world, "push", &delivery, &push(number, "Change")).await;
        }
    }
    world.settle_beside(&other).await;
    world.clock.advance(TOGETHER);
    world.settle_beside(&other).await;
    let told = notes(&world).await;
    assert_eq!(told.len(), 21, "{told:#?}");
    assert_eq!(told[0], "40 earlier changes are not listed");
    assert!(told[20].contains("0000060"), "{told:#?}");
    let message = shown(&world, &channel);
    assert_eq!(message.len(), 1, "{message:#?}");
    assert!(
        message[0].contains("40 earlier changes are not listed"),
        "{message:#?}"
    );
    assert_eq!(world.sql("select from ci_changes").await, 60);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_lost_answer_and_a_restart_double_neither_the_message_nor_a_line() {
    use simulator::{Fault, FaultRule};
    for fault in [
        Fault::LoseAnswer,
        Fault::LoseRequest,
        Fault::Status { status: 503 },
    ] {
        let mut world = World::with_config(SERVICE, &[]).await;
        let channel = world.declared("bea", "P2 api Checkout fails").await;
        world
            .slack
            .fault(FaultRule::once("chat.postMessage", fault.clone()));
        world
            .slack
            .fault(FaultRule::once("chat.update", fault.clone()));
        delivers(&world, "push", "d-1", &push(1, "One")).await;
        world.settle().await;
        world.pass(TOGETHER).await;
        world.restart().await;
        delivers(&world, "push", "d-2", &push(2, "Two")).await;
        world.pass_in_steps(Duration::seconds(5), 30).await;
        let message = shown(&world, &channel);
        assert_eq!(message.len(), 1, "{fault:?} {message:#?}");
        assert!(
            message[0].contains("One") && message[0].contains("Two"),
            "{message:#?}"
        );
        assert_eq!(notes(&world).await.len(), 2);
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn a_secret_in_a_title_is_stored_nowhere() {
    let mut world = World::with_config(SERVICE, &[]).await;
    world.declared("bea", "P2 api Checkout fails").await;
    let secret = format!("ghp_{}", "a1B2".repeat(9));
    delivers(
        &world,
        "push",
        "d-1",
        &push(1, &format!("Use {secret} for now")),
    )
    .await;
    world.settle().await;
    world.pass(TOGETHER).await;
    let titles = world.query("select title from ci_changes").await;
    assert_eq!(titles, [["Use [redacted] for now"]]);
    assert!(notes(&world).await[0].contains("[redacted]"));
    assert_eq!(world.count(&secret), 0);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn changes_are_kept_three_days() {
    let mut world = World::with_config(SERVICE, &[]).await;
    delivers(&world, "push", "d-1", &push(1, "One")).await;
    world.settle().await;
    world.pass(Duration::hours(71)).await;
    assert_eq!(world.sql("select from ci_changes").await, 1);
    world.pass(Duration::hours(2)).await;
    assert_eq!(world.sql("select from ci_changes").await, 0);
    world.finish().await;
}

#[tokio::test]
async fn changes_are_kept_while_an_incident_lists_them() {
    let mut world = World::with_config(SERVICE, &[]).await;
    world.declared("bea", "P2 api Checkout fails").await;
    delivers(&world, "push", "d-1", &push(1, "One")).await;
    world.settle().await;
    world.pass(Duration::hours(80)).await;
    assert_eq!(world.sql("select from ci_changes").await, 1);
    world.skip_messages();
    world.finish().await;
}
