//! A signing secret and no bot token: what is asked for is refused at once and ends.

use crate::world::World;
use chrono::Duration;
use simulator::Submitted;

const TOLD: &str = "SLACK_BOT_TOKEN";

async fn tokenless() -> World {
    World::with(&[("SLACK_BOT_TOKEN", "")]).await
}

async fn rows(world: &World) -> Vec<String> {
    let sql = "select state || ' ' || coalesce(outcome, '-') from inbox
                where source = 'slack' order by seq";
    let rows = world.query(sql).await;
    rows.into_iter().map(|mut row| row.remove(0)).collect()
}

#[tokio::test]
async fn a_command_is_refused_to_its_person_and_nothing_of_it_runs_once_there_is_a_token() {
    let mut world = tokenless().await;
    for line in ["declare P3 db It burns", "list", ""] {
        world.types("ada", "general", line).await;
        world.expect_ephemeral("ada", TOLD);
    }
    assert_eq!(rows(&world).await, ["done refused"; 3]);
    assert_eq!(world.incidents().await, 0);
    world.restart_with_token().await;
    world.pass(Duration::hours(1)).await;
    assert_eq!(world.incidents().await, 0, "nothing was left over");
    world.expect_no_message();
    world
        .types("ada", "general", "declare P3 db It burns")
        .await;
    assert_eq!(world.incidents().await, 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn presses_and_forms_from_before_are_refused_too_and_the_same_one_twice_once() {
    let mut world = World::new().await;
    world.types("ada", "general", "").await;
    let menu = world.expect_ephemeral("ada", "");
    world.types("bea", "general", "declare").await;
    world.restart_without_token().await;
    let ada = world.person("ada");
    let press = ada
        .click_payload(&menu.channel, &menu.ts, "list", "")
        .expect("the menu has the button");
    world.sends("ada", &press, 2).await;
    world.expect_ephemeral("ada", TOLD);
    let form = [("Title", "It burns"), ("Severity", "P3"), ("Service", "db")];
    let Submitted::Errors(errors) = world.submits("bea", &form).await else {
        panic!("the form stays open and says why");
    };
    let errors = serde_json::to_string(&errors).expect("JSON");
    assert!(errors.contains(TOLD), "{errors}");
    assert_eq!(world.incidents().await, 0);
    world.finish().await;
}

#[tokio::test]
async fn what_the_api_declares_waits_for_a_token_and_only_answers_are_carried_without() {
    let mut world = tokenless().await;
    let body = serde_json::json!({"title": "It burns", "severity": "P3", "service": "db"});
    let (status, _) = world
        .api(reqwest::Method::POST, "/incidents", Some(body), &[])
        .await;
    assert_eq!(status, 201);
    let open = world.effects("open").await;
    assert!(open.iter().any(|row| row.kind == "create_channel"));
    assert!(open.iter().all(|row| row.attempts == 0), "{open:#?}");
    world.restart_with_token().await;
    assert!(world.newest().await.channel_id.is_some());
    world.skip_messages();
    world.finish().await;
}
