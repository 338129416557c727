//! A deployment to production fails: one incident, and a rollback behind a button.

use super::{SERVICE, TOGETHER, arrives, delivers, notes, world};
use crate::world::World;
use chrono::Duration;
use serde_json::{Value, json};
use simulator::{AttemptPlan, Fault, FaultRule, JobPlan};

/// A status of a deployment in GitHub's shape.
fn status(deployment: i64, id: i64, state: &str, environment: &str) -> Value {
    json!({
        "action": "created", "repository": {"full_name": "acme/api", "default_branch": "main"},
        "deployment": {"id": deployment, "sha": "abcdef0123", "environment": environment, "creator": {"login": "octocat"}},
        "deployment_status": {"id": id, "state": state, "created_at": "2026-03-01T08:59:00Z"},
        "workflow_run": {"id": 77, "html_url": "https://github.com/acme/api/actions/runs/77"},
    })
}

async fn comes(world: &mut World, body: &Value) {
    let delivery = uuid::Uuid::new_v4().to_string();
    delivers(world, "deployment_status", &delivery, body).await;
    world.settle().await;
}

/// The workflows that were started, or are to be.
async fn dispatches(world: &World) -> Vec<Vec<String>> {
    let sql = "select effect #>> '{github,workflow}', effect #>> '{github,reference}', effect #>> '{github,inputs,why}'
                 from outbox where kind = 'dispatch_workflow'";
    world.query(sql).await
}

/// A world whose GitHub has the workflow that rolls back.
async fn with_rollback(config: &str, variables: &[(&str, &str)]) -> World {
    let world = World::with_github(config, variables).await;
    let passed = AttemptPlan::new(vec![JobPlan::passed("roll back")]);
    let github = world.github();
    github.add_dispatch("acme/api", "Rollback", &["why"], passed);
    github.add_collaborator("acme/api", "octocat", "write");
    github.rearrange_webhooks(Vec::clear);
    world
}

/// The message about the failed deployment in a channel.
#[track_caller]
fn message(world: &World, channel: &str) -> String {
    let bot = world.slack.bot_user();
    let channel = world.channel(channel);
    let posts = channel.posts().filter(|post| post.user == bot);
    let posts: Vec<String> = posts
        .filter(|post| post.words.contains("deployment to"))
        .map(|post| post.words.clone())
        .collect();
    assert_eq!(posts.len(), 1, "{posts:#?}");
    posts[0].clone()
}

#[tokio::test]
async fn a_failed_deployment_to_production_is_one_incident_with_its_run_on_the_timeline() {
    let (mut world, github) = world().await;
    let run = github.run(
        "acme/api",
        simulator::RunPlan::new(
            "Deploy",
            vec![simulator::JobPlan::failed("deploy", "helm: timed out")],
        ),
    );
    let deployment = github.deploy("acme/api", "production", "main", Some(run));
    for state in ["queued", "in_progress", "failure"] {
        github.deployment_status("acme/api", deployment, state);
    }
    arrives(&mut world, &github).await;
    world.pass(TOGETHER).await;
    let incident = world.newest().await;
    assert_eq!(
        (
            incident.severity.as_str(),
            incident.service.as_str(),
            incident.title.as_str()
        ),
        ("P1", "api", "Deployment of api to production failed")
    );
    assert_eq!(incident.declared_by.to_string(), "wardroom");
    let told = notes(&world).await;
    let failed: Vec<&String> = told
        .iter()
        .filter(|line| line.contains("to production failed"))
        .collect();
    assert_eq!(failed.len(), 1, "{told:#?}");
    assert!(
        failed[0].contains(&format!("/acme/api/actions/runs/{run}")),
        "{told:#?}"
    );
    let said = message(&world, &incident.channel_name);
    assert!(
        said.contains("acme/api") && said.contains("production") && said.contains("failed"),
        "{said}"
    );
    // A second failure of the same deployment, and one of its re-run, join it.
    github.deployment_status("acme/api", deployment, "failure");
    let again = github.deploy("acme/api", "production", "main", Some(run));
    github.deployment_status("acme/api", again, "error");
    arrives(&mut world, &github).await;
    world.pass(TOGETHER).await;
    assert_eq!(world.incidents().await, 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn duplicates_any_order_two_replicas_and_a_restart_give_one_incident() {
    let events = [
        status(5, 91, "in_progress", "prod-eu"),
        status(5, 92, "failure", "prod-eu"),
        status(5, 93, "error", "prod-eu"),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut world = World::with_config(SERVICE, &[]).await;
        let (other, _) = world.replica().await;
        for at in order {
            for delivery in ["one", "two", "three"] {
                let delivery = format!("{delivery}-{at}");
                delivers(&world, "deployment_status", &delivery, &events[at]).await;
            }
        }
        world.settle_beside(&other).await;
        world.restart().await;
        comes(&mut world, &events[1]).await;
        world.pass(TOGETHER).await;
        assert_eq!(world.incidents().await, 1, "{order:?}");
        let incident = world.newest().await;
        message(&world, &incident.channel_name);
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn it_joins_the_open_incident_of_its_service_and_a_later_one_opens_another() {
    let mut world = World::with_config(SERVICE, &[]).await;
    let drilled = world.declared("bea", "P3 web Slow pages").await;
    let channel = world.declared("bea", "P2 api Checkout fails").await;
    comes(&mut world, &status(5, 92, "failure", "production")).await;
    world.pass(TOGETHER).await;
    assert_eq!(world.incidents().await, 2);
    assert!(message(&world, &channel).contains("failed"));
    assert!(
        notes(&world)
            .await
            .iter()
            .any(|line| line.contains("to production failed"))
    );
    assert_ne!(drilled, channel);
    world.types("bea", &channel, "resolved").await;
    // The same deployment again is no new incident; another one is.
    comes(&mut world, &status(5, 94, "failure", "production")).await;
    assert_eq!(world.incidents().await, 2);
    comes(&mut world, &status(6, 95, "failure", "production")).await;
    assert_eq!(world.incidents().await, 3);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn nothing_is_declared_for_other_environments_old_failures_and_superseded_ones() {
    let mut world = World::with_config(SERVICE, &[]).await;
    comes(&mut world, &status(5, 91, "failure", "staging")).await;
    comes(&mut world, &status(6, 92, "success", "production")).await;
    // It was replaced by the deployment above.
    comes(&mut world, &status(4, 90, "failure", "production")).await;
    let mut old = status(7, 93, "failure", "production");
    old["deployment_status"]["created_at"] = json!("2026-02-27T08:00:00Z");
    comes(&mut world, &old).await;
    let mut unwatched = status(8, 94, "failure", "production");
    unwatched["repository"]["full_name"] = json!("other/api");
    comes(&mut world, &unwatched).await;
    // The same deployment succeeded since.
    comes(&mut world, &status(9, 96, "success", "production")).await;
    comes(&mut world, &status(9, 95, "failure", "production")).await;
    assert_eq!(world.incidents().await, 0);
    world.finish().await;
}

#[tokio::test]
async fn without_a_service_the_channels_of_ci_are_told_and_nothing_is_declared() {
    let mut world = World::with_config(SERVICE, &[]).await;
    let mut body = status(5, 92, "failure", "production <!channel>");
    body["repository"]["full_name"] = json!("acme/unknown");
    comes(&mut world, &body).await;
    comes(&mut world, &body).await;
    assert_eq!(world.incidents().await, 0);
    let said = world.expect_message("builds", "acme/unknown");
    assert!(
        said.words.contains("No incident was declared"),
        "{}",
        said.words
    );
    assert!(
        said.words.contains("production &lt;!channel&gt;"),
        "{}",
        said.words
    );
    world.finish().await;
}

#[tokio::test]
async fn the_rollback_is_started_once_by_who_may_and_its_end_is_told() {
    let mut world = with_rollback(SERVICE, &[]).await;
    comes(&mut world, &status(5, 92, "failure", "production")).await;
    let incident = world.newest().await;
    let channel = incident.channel_name.clone();
    let button = world.expect_message(&channel, "deployment to");
    world.skip_messages();
    // Cem is neither the commander, nor an owner, nor an admin.
    world.person("cem").join(&channel).expect("it is public");
    world.presses("cem", &button, "Roll back").await;
    world.expect_ephemeral("cem", "You can't roll this deployment back");
    assert_eq!(dispatches(&world).await, Vec::<Vec<String>>::new());
    world.presses("bea", &button, "Roll back").await;
    world.expect_ephemeral("bea", "Starting");
    assert_eq!(
        dispatches(&world).await,
        [["rollback.yml", "main", "incident"]]
    );
    // The second press comes from a message that was open before.
    let stale = message(&world, &channel);
    assert!(stale.contains("rollback"), "{stale}");
    let audited =
        "select from audit_log where action = 'ci.rollback' and by = 'U0BEA' and outcome = 'done'";
    assert_eq!(world.sql(audited).await, 1);
    assert!(
        notes(&world)
            .await
            .iter()
            .any(|line| line.contains("rollback started"))
    );
    // A person starts the same workflow on the same branch, and that run ends first.
    let github = world.github();
    let path = "/repos/acme/api/actions/workflows/rollback.yml/dispatches";
    let by_person = json!({"ref": "main", "inputs": {"why": "a try"}});
    let by_person = github.act("octocat", "POST", path, by_person);
    assert!(by_person.is_ok(), "{by_person:?}");
    let runs = github.repository("acme/api").runs;
    let (other, ours): (Vec<_>, Vec<_>) = runs.iter().partition(|run| run.by == "octocat");
    assert_eq!((other.len(), ours.len()), (1, 1), "{runs:#?}");
    github.finish_run(other[0].id);
    world.settle_with_github().await;
    assert!(!message(&world, &channel).contains("succeeded"));
    github.finish_run(ours[0].id);
    world.settle_with_github().await;
    let said = message(&world, &channel);
    assert!(said.contains("✅") && said.contains("succeeded"), "{said}");
    let lines = notes(&world).await;
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.contains("rollback succeeded"))
            .count(),
        1,
        "{lines:#?}"
    );
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn no_rollback_is_started_while_nothing_is_written_to_github() {
    let dry = SERVICE.replace("channel: C0BUILDS", "channel: C0BUILDS\n  dry_run: true");
    let off = [("SELF_HEALING_ENABLED", "false")];
    for (config, variables, why) in [
        (SERVICE, &off[..], "self-healing is turned off"),
        (&dry, &[], "this is a dry run"),
    ] {
        let mut world = with_rollback(config, variables).await;
        comes(&mut world, &status(5, 92, "failure", "production")).await;
        let channel = world.newest().await.channel_name;
        let button = world.expect_message(&channel, "deployment to");
        world.presses("bea", &button, "Roll back").await;
        world.expect_ephemeral("bea", why);
        assert_eq!(world.count("would have run in"), 1);
        assert_eq!(dispatches(&world).await, Vec::<Vec<String>>::new());
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn without_credentials_for_github_no_rollback_is_offered_or_started() {
    let mut world = World::with_config(SERVICE, &[]).await;
    comes(&mut world, &status(5, 92, "failure", "production")).await;
    let channel = world.newest().await.channel_name;
    let said = world.expect_message(&channel, "deployment to");
    let pressed = world.person("bea");
    let pressed = pressed.press(&said.channel, &said.ts, "Roll back").await;
    assert!(pressed.is_err(), "there is no button");
    world.skip_messages();
    world.finish().await;
    // They may be gone when an older message's button is pressed.
    let mut world = with_rollback(SERVICE, &[]).await;
    comes(&mut world, &status(5, 92, "failure", "production")).await;
    let channel = world.newest().await.channel_name;
    let button = world.expect_message(&channel, "deployment to");
    world.restart_with_variable("GITHUB_APP_ID", "").await;
    world.presses("bea", &button, "Roll back").await;
    world.expect_ephemeral("bea", "there are no credentials for GitHub");
    assert_eq!(dispatches(&world).await, Vec::<Vec<String>>::new());
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_second_press_and_one_on_two_replicas_start_nothing_more() {
    let mut world = with_rollback(SERVICE, &[]).await;
    comes(&mut world, &status(5, 92, "failure", "production")).await;
    let channel = world.newest().await.channel_name;
    let button = world.expect_message(&channel, "deployment to");
    let bea = world
        .person("bea")
        .press(&button.channel, &button.ts, "Roll back")
        .await;
    assert!(bea.expect("it is there").is_ok());
    let ada = world.person("ada");
    let _in = ada.join(&channel);
    let ada = ada.press(&button.channel, &button.ts, "Roll back").await;
    assert!(ada.expect("it is there").is_ok());
    let (other, _) = world.replica().await;
    world.settle_beside(&other).await;
    assert_eq!(dispatches(&world).await.len(), 1);
    assert_eq!(
        world.count("started the rollback"),
        1,
        "the second is told by whom"
    );
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_lost_answer_doubles_neither_the_incident_nor_its_message() {
    for fault in [
        Fault::LoseAnswer,
        Fault::LoseRequest,
        Fault::Status { status: 503 },
    ] {
        let mut world = World::with_config(SERVICE, &[]).await;
        for method in ["conversations.create", "chat.postMessage"] {
            world.slack.fault(FaultRule::once(method, fault.clone()));
        }
        comes(&mut world, &status(5, 92, "failure", "production")).await;
        world.restart().await;
        world.pass_in_steps(Duration::seconds(5), 30).await;
        assert_eq!(world.incidents().await, 1, "{fault:?}");
        let channel = world.newest().await.channel_name;
        message(&world, &channel);
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn each_of_two_rollbacks_is_told_of_the_end_of_its_own_run() {
    let mut world = with_rollback(SERVICE, &[]).await;
    comes(&mut world, &status(5, 92, "failure", "production")).await;
    let channel = world.newest().await.channel_name;
    let first = world.expect_message(&channel, "deployment to");
    world.skip_messages();
    comes(&mut world, &status(6, 93, "failure", "production")).await;
    let second = world.expect_message(&channel, "deployment to");
    for button in [first, second] {
        world.presses("bea", &button, "Roll back").await;
        world.settle_with_github().await;
    }
    let runs = world.github().repository("acme/api").runs;
    assert_eq!(runs.len(), 2, "{runs:#?}");
    for (ended, run) in (1..).zip(&runs) {
        world.github().finish_run(run.id);
        world.settle_with_github().await;
        let posts = world.channel(&channel);
        let told = posts.posts().filter(|post| {
            post.words.contains("deployment to") && post.words.contains("succeeded")
        });
        assert_eq!(told.count(), ended);
    }
    world.skip_messages();
    world.finish().await;
}
