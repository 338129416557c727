//! An app that an organisation has installed in all of its workspaces: each channel is made, and
//! looked for, in the workspace in which it was asked for.

use crate::world::{CONFIG, World};
use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Fault, FaultRule};
use std::sync::Arc;
use wardroom::domain::ids::{EffectId, TeamId};
use wardroom::domain::rules::Rules;
use wardroom::store::Operator;

const OURS: &str = "T0SIMTEAM1";
const SISTER: &str = "T0SISTER";

/// A world in which the app is the organisation's; Sue is of a sister workspace, in #general.
async fn of_an_organisation(config: &str) -> World {
    let mut world = World::with_config(config, &[]).await;
    world.slack.install_for_org("E0ACME", &[SISTER]);
    world.slack.add_user_of(SISTER, Some("U0SUE"), "sue");
    let sue = world.slack.person("sue");
    sue.join("general").expect("it is the organisation's");
    world.restart().await;
    world
}

/// The workspaces that a method was called for, in order.
fn teams(world: &World, method: &str) -> Vec<Value> {
    let calls = world.slack.requests();
    let of_it = calls.into_iter().filter(|call| call.method == method);
    of_it.map(|call| call.args["team_id"].clone()).collect()
}

#[tokio::test]
async fn a_channel_is_made_in_the_workspace_in_which_it_was_asked_for() {
    let mut world = of_an_organisation(CONFIG).await;
    world.declared("ada", "P3 db Ours").await;
    world.declared("sue", "P3 db Theirs").await;
    world.types("sue", "general", "declare").await;
    let form = [
        ("Title", "By a form"),
        ("Severity", "P3"),
        ("Service", "db"),
    ];
    world.submits("sue", &form).await;
    world.skip_messages();
    let made = teams(&world, "conversations.create");
    assert_eq!(made, [OURS, SISTER, SISTER].map(|team| json!(team)));
    for number in 1..=3 {
        let incident = world.incident(number).await;
        assert!(incident.channel_id.is_some(), "#{number} has a channel");
    }
    world.finish().await;
}

#[tokio::test]
async fn a_name_that_is_taken_and_an_answer_that_is_lost_stay_in_that_workspace() {
    let mut world = of_an_organisation(CONFIG).await;
    let ada = world.person("ada");
    ada.create_channel("inc-20260301-db").expect("it is free");
    let lost = FaultRule::once("conversations.create", Fault::LoseAnswer)
        .every(2)
        .times(1);
    world.slack.fault(lost);
    world
        .types("sue", "general", "declare P3 db It burns")
        .await;
    world.pass_in_steps(Duration::seconds(5), 6).await;
    let incident = world.newest().await;
    assert_eq!(incident.channel_name, "inc-20260301-db-2");
    assert!(incident.channel_id.is_some(), "its channel was found");
    for method in ["conversations.create", "users.conversations"] {
        let named = teams(&world, method);
        assert!(!named.is_empty(), "{method} was called");
        assert!(
            named.iter().all(|team| team == SISTER),
            "{method}: {named:?}"
        );
    }
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn what_nobody_in_slack_asked_for_is_made_where_the_configuration_says() {
    let body = json!({"title": "It burns", "severity": "P3", "service": "db"});
    let config = format!("{CONFIG}slack: {{ workspace: {SISTER} }}\n");
    let mut world = of_an_organisation(&config).await;
    let (status, _) = world
        .api(Method::POST, "/incidents", Some(body.clone()), &[])
        .await;
    assert_eq!(status, 201);
    assert_eq!(teams(&world, "conversations.create"), [json!(SISTER)]);
    assert!(world.newest().await.channel_id.is_some());
    world.skip_messages();
    world.finish().await;

    // And where it does not, no incident waits without a limit: it is announced without, and told why.
    let mut world = of_an_organisation(CONFIG).await;
    let (status, _) = world.api(Method::POST, "/incidents", Some(body), &[]).await;
    assert_eq!(status, 201);
    assert_eq!(world.slack.calls("conversations.create"), 0);
    assert!(
        world.count("no_workspace") > 0,
        "the operators are told why"
    );
    world.skip_messages();

    // Once the configuration names the workspace, the same effect succeeds.
    let refused = world
        .query("select id::text from outbox where kind = 'create_channel'")
        .await;
    let id = refused[0][0].parse().expect("an id");
    world.app.rules.send_modify(|rules| {
        let workspace = Some(TeamId::new(SISTER).expect("an id"));
        *rules = Arc::new(Rules {
            workspace,
            ..(**rules).clone()
        });
    });
    let retried = world
        .store
        .retry_effect(EffectId(id), Operator::Cli, world.clock.now())
        .await;
    assert!(retried.expect("it answers"));
    world.settle().await;
    assert_eq!(teams(&world, "conversations.create"), [json!(SISTER)]);
    assert!(world.newest().await.channel_id.is_some());
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn presses_and_events_of_every_workspace_are_ours() {
    let mut world = of_an_organisation(CONFIG).await;
    world.types("sue", "general", "").await;
    let menu = world.expect_ephemeral("U0SUE", "");
    let sue = world.person("sue");
    let press = sue
        .click_payload(&menu.channel, &menu.ts, "declare", "")
        .expect("the menu has the button");
    assert_eq!(press["team"], Value::Null);
    world.sends("sue", &press, 2).await;
    assert!(sue.modal().is_some(), "the form is open");
    let channel = world.declared("ada", "P3 db It burns").await;
    sue.join(&channel).expect("it is the organisation's");
    sue.rename(&channel, "inc-burns").expect("all members may");
    world.settle_with_events().await;
    assert_eq!(world.newest().await.channel_name, "inc-burns");
    world.skip_messages();
    world.finish().await;
}
