//! GitHub's webhooks: taken, kept, read. What follows from runs is told in `ci`.

use crate::world::World;
use serde_json::{Value, json};
use simulator::{AppResponse, Encoding, Signing};

async fn sent(
    world: &World,
    event: &str,
    delivery: &str,
    body: &Value,
    encoding: Encoding,
    signing: Signing,
) -> (u16, Value) {
    let response: AppResponse = world
        .slack
        .github_webhook(event, Some(delivery), body, encoding, signing)
        .await;
    let body = serde_json::from_str(&response.body).unwrap_or(Value::String(response.body));
    (response.status.expect("an answer"), body)
}

fn run(id: u64) -> Value {
    json!({
        "action": "completed", "repository": {"full_name": "acme/api"}, "installation": {"id": 5},
        "workflow_run": {
            "id": id, "run_attempt": 1, "run_number": 3, "workflow_id": 9, "conclusion": "failure", "name": "CI 決済",
        },
        "something_new": {"deep": [1, null, "x"]},
    })
}

/// The rows that were kept, oldest first: kind, subject, state, outcome.
async fn kept(world: &World) -> Vec<Vec<String>> {
    world.query("select kind, subject, state, coalesce(outcome, '') from inbox where source = 'github' order by seq").await
}

#[tokio::test]
async fn a_webhook_is_kept_as_json_and_as_a_form_and_the_second_one_of_a_run_is_no_news() {
    let mut world = World::new().await;
    for (delivery, encoding) in [("d-1", Encoding::Json), ("d-2", Encoding::Form)] {
        let answer = sent(
            &world,
            "workflow_run",
            delivery,
            &run(7),
            encoding,
            Signing::Good,
        )
        .await;
        assert_eq!(answer, (202, json!({"status": "accepted"})));
    }
    world.settle().await;
    let row = |outcome: &str| {
        let row = ["workflow_run", "github:acme/api:run:7", "done", outcome];
        row.map(str::to_owned).to_vec()
    };
    assert_eq!(kept(&world).await, [row("done"), row("ignored")]);
    assert!(world.effects("open").await.is_empty() && world.effects("done").await.is_empty());
    world.finish().await;
}

#[tokio::test]
async fn a_second_delivery_is_called_a_duplicate_whatever_its_body_and_after_a_restart_too() {
    let mut world = World::new().await;
    let taken = sent(
        &world,
        "workflow_run",
        "d-1",
        &run(7),
        Encoding::Json,
        Signing::Good,
    )
    .await;
    assert_eq!(taken.1["status"], "accepted");
    for (body, encoding) in [
        (run(7), Encoding::Json),
        (run(7), Encoding::Form),
        (run(8), Encoding::Json),
    ] {
        let again = sent(
            &world,
            "workflow_run",
            "d-1",
            &body,
            encoding,
            Signing::Good,
        )
        .await;
        assert_eq!(again, (202, json!({"status": "duplicate"})));
    }
    world.settle().await;
    world.restart().await;
    let again = sent(
        &world,
        "workflow_run",
        "d-1",
        &run(7),
        Encoding::Json,
        Signing::Good,
    )
    .await;
    assert_eq!(again, (202, json!({"status": "duplicate"})));
    // Days later, when an operator redelivers at GitHub, too: the key outlives the body.
    world.pass(chrono::Duration::days(8)).await;
    let again = sent(
        &world,
        "workflow_run",
        "d-1",
        &run(7),
        Encoding::Json,
        Signing::Good,
    )
    .await;
    assert_eq!(again, (202, json!({"status": "duplicate"})));
    assert_eq!(kept(&world).await.len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_ping_is_answered_and_what_nobody_uses_is_ignored_and_neither_is_kept() {
    let world = World::new().await;
    let zen = json!({"zen": "Keep it logically awesome.", "hook_id": 1});
    let pong = sent(&world, "ping", "d-1", &zen, Encoding::Json, Signing::Good).await;
    assert_eq!(pong, (200, json!({"status": "pong"})));
    for event in [
        "star",
        "workflow_job",
        "check_suite",
        "status",
        "an_event_of_next_year",
    ] {
        let answer = sent(
            &world,
            event,
            event,
            &json!({"action": "created"}),
            Encoding::Form,
            Signing::Good,
        )
        .await;
        assert_eq!(answer, (202, json!({"status": "ignored"})), "{event}");
    }
    assert!(kept(&world).await.is_empty());
    world.finish().await;
}

#[tokio::test]
async fn nothing_that_github_did_not_sign_is_taken() {
    let world = World::new().await;
    for (delivery, signing) in [("d-1", Signing::WrongSecret), ("d-2", Signing::Missing)] {
        for event in ["workflow_run", "ping", "star"] {
            let (status, answer) =
                sent(&world, event, delivery, &run(7), Encoding::Json, signing).await;
            assert_eq!(status, 401, "{event}: {answer}");
            assert!(answer["request_id"].is_string(), "{answer}");
        }
    }
    assert!(kept(&world).await.is_empty());
    world.finish().await;
}

#[tokio::test]
async fn the_previous_secret_holds_while_it_is_configured() {
    let world = World::with(&[
        ("GITHUB_WEBHOOK_SECRET", "the-new-one"),
        ("GITHUB_WEBHOOK_SECRET_PREVIOUS", "a-webhook-secret"),
    ])
    .await;
    let old = sent(
        &world,
        "push",
        "d-1",
        &run(7),
        Encoding::Json,
        Signing::Good,
    )
    .await;
    assert_eq!(old, (202, json!({"status": "accepted"})));
    world
        .slack
        .configure_app(|app| app.github_secret = "the-new-one".to_owned());
    let new = sent(
        &world,
        "push",
        "d-2",
        &run(7),
        Encoding::Form,
        Signing::Good,
    )
    .await;
    assert_eq!(new, (202, json!({"status": "accepted"})));
    world
        .slack
        .configure_app(|app| app.github_secret = "an-older-one".to_owned());
    let foreign = sent(
        &world,
        "push",
        "d-3",
        &run(7),
        Encoding::Json,
        Signing::Good,
    )
    .await;
    assert_eq!(foreign.0, 401);
    assert_eq!(kept(&world).await.len(), 2);
    world.finish().await;
}

#[tokio::test]
async fn a_genuine_body_that_is_no_webhook_is_refused_in_words_and_one_of_odd_types_is_kept() {
    let mut world = World::new().await;
    for body in [json!([]), json!(7), json!("text"), json!(null)] {
        let (status, answer) =
            sent(&world, "push", "d-1", &body, Encoding::Json, Signing::Good).await;
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(
            answer["detail"]
                .as_str()
                .unwrap()
                .contains("cannot be read"),
            "{answer}"
        );
    }
    let odd = json!({"action": 7, "repository": {"full_name": ["acme"]}, "workflow_run": "none"});
    let answer = sent(
        &world,
        "workflow_run",
        "d-2",
        &odd,
        Encoding::Json,
        Signing::Good,
    )
    .await;
    assert_eq!(answer, (202, json!({"status": "accepted"})));
    world.settle().await;
    assert_eq!(kept(&world).await[0][2..], ["done", "incomplete"]);
    world.finish().await;
}

#[tokio::test]
async fn a_webhook_can_be_replayed_by_hand_and_still_nothing_follows() {
    let mut world = World::new().await;
    sent(
        &world,
        "workflow_run",
        "d-1",
        &run(7),
        Encoding::Form,
        Signing::Good,
    )
    .await;
    world.settle().await;
    let (_, page) = world
        .api(reqwest::Method::GET, "/inbox?state=done", None, &[])
        .await;
    let id = page["items"][0]["id"].as_str().unwrap().to_owned();
    let (status, row) = world
        .api(
            reqwest::Method::POST,
            &format!("/inbox/{id}/replay"),
            None,
            &[],
        )
        .await;
    assert_eq!(status, 200, "{row}");
    world.settle().await;
    assert_eq!(kept(&world).await[0][2..], ["done", "ignored"]);
    world.finish().await;
}
