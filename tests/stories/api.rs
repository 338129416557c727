//! `/api/v1` with real rows behind it: reads, changes, keys, and what is refused how.

use crate::world::{Answered, World, answered};
use reqwest::Method;
use serde_json::{Value, json};

const CHANNEL: &str = "inc-20260301-db";

pub(super) fn disk() -> Value {
    json!({"title": "The disk is full", "severity": "P3", "service": "db", "actor": "pager"})
}

pub(super) async fn get(world: &mut World, path: &str) -> (u16, Value) {
    world.api(Method::GET, path, None, &[]).await
}

pub(super) async fn post(world: &mut World, path: &str, body: Value) -> (u16, Value) {
    world.api(Method::POST, path, Some(body), &[]).await
}

/// A refusal as RFC 9457 wants it, with the id that the log has too.
#[track_caller]
pub(super) fn is_problem(answer: &Answered, status: u16, says: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.body["status"], status);
    assert!(answer.body["type"].is_string() && answer.body["title"].is_string());
    let id = answer.header("x-request-id");
    assert!(
        !id.is_empty() && answer.body["request_id"] == id,
        "{}",
        answer.body
    );
    let said = answer.body.to_string();
    assert!(said.contains(says), "{says:?} is not said: {said}");
}

#[tokio::test]
async fn an_incident_lives_by_the_api_from_its_declaration_to_its_postmortem() {
    let mut world = World::new().await;
    let declared = world
        .calls(Method::POST, "/incidents", Some(disk()), &[])
        .await;
    assert_eq!(declared.status, 201, "{}", declared.body);
    assert_eq!(declared.header("location"), "/api/v1/incidents/1");
    assert_eq!(declared.body["number"], 1);
    let id = declared.body["id"].as_str().unwrap().to_owned();
    let (status, by_id) = get(&mut world, &format!("/incidents/{id}")).await;
    assert_eq!(status, 200);
    for (key, value) in [
        ("title", json!("The disk is full")),
        ("severity", json!("P3")),
        ("status", json!("declared")),
        ("service", json!("db")),
        ("commander", json!(null)),
        ("channel_name", json!(CHANNEL)),
        ("declared_by", json!("api:pager")),
        ("resolved_at", json!(null)),
        ("duration_minutes", json!(null)),
        ("kind", json!("real")),
        ("private", json!(false)),
        ("source", json!("api")),
        ("declared_at", json!("2026-03-01T09:00:00.000Z")),
        ("channel_id", json!(world.channel_id(CHANNEL))),
    ] {
        assert_eq!(by_id[key], value, "{key}");
    }
    for (verb, body, key, value) in [
        ("status", json!({"text": "we look"}), "status", "declared"),
        ("investigating", json!({}), "status", "investigating"),
        (
            "identified",
            json!({"text": "a log"}),
            "status",
            "identified",
        ),
        ("monitoring", json!({}), "status", "monitoring"),
        (
            "severity",
            json!({"severity": "P4", "reason": "less"}),
            "severity",
            "P4",
        ),
        (
            "assign",
            json!({"user": "<@U0BEA|bea>"}),
            "commander",
            "U0BEA",
        ),
    ] {
        let (status, incident) = post(&mut world, &format!("/incidents/1/{verb}"), body).await;
        assert_eq!(
            (status, &incident[key]),
            (200, &json!(value)),
            "{verb}: {incident}"
        );
    }
    let early = world
        .calls(Method::GET, "/incidents/1/postmortem", None, &[])
        .await;
    is_problem(&early, 409, "not resolved yet");
    world.pass(chrono::Duration::minutes(90)).await;
    let (status, over) = post(
        &mut world,
        &format!("/incidents/{id}/resolve"),
        json!({"note": "larger"}),
    )
    .await;
    assert_eq!(
        (status, &over["status"], &over["duration_minutes"]),
        (200, &json!("resolved"), &json!(90))
    );
    let draft = world
        .calls(Method::GET, "/incidents/1/postmortem", None, &[])
        .await;
    assert!(
        draft.header("content-type").starts_with("text/markdown"),
        "{:?}",
        draft.headers
    );
    let draft = draft.body.as_str().unwrap().to_owned();
    assert!(
        draft.contains("The disk is full") && draft.contains("1 h 30 min"),
        "{draft}"
    );
    let (_, lines) = get(&mut world, "/incidents/1/timeline").await;
    let kinds: Vec<&str> = lines["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "declared",
            "status_update",
            "state_change",
            "state_change",
            "state_change",
            "severity_change",
            "role_change",
            "resolved"
        ]
    );
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/incidents/1/timeline?limit=3&cursor={cursor}");
        let (_, page) = get(&mut world, &path).await;
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = next.to_owned();
    }
    assert_eq!(
        lines["items"],
        serde_json::Value::from(paged),
        "page by page"
    );
    assert_eq!(world.count("we look"), 1, "posted once in the channel");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_its_status_its_words_and_the_requests_id() {
    let mut world = World::new().await;
    post(&mut world, "/incidents", disk()).await;
    let unknown = "018f3a2e-7b1c-7c3e-9d55-0123456789ab";
    for (method, path, body, status, says) in [
        (Method::GET, "/incidents/99", None, 404, "no incident"),
        (
            Method::GET,
            "/incidents/none/timeline",
            None,
            404,
            "no incident",
        ),
        (
            Method::GET,
            &*format!("/incidents/{unknown}/postmortem"),
            None,
            404,
            "no incident",
        ),
        (
            Method::POST,
            "/incidents/99/resolve",
            Some(json!({})),
            404,
            "no incident #99",
        ),
        (
            Method::POST,
            "/incidents/1/fly",
            Some(json!({})),
            404,
            "nothing here",
        ),
        (Method::GET, "/nothing", None, 404, "nothing here"),
        (
            Method::GET,
            "/incidents?sate=open",
            None,
            400,
            "unknown parameter",
        ),
        (Method::GET, "/incidents?severity=P9", None, 400, "severity"),
        (Method::GET, "/incidents?cursor=x", None, 400, "cursor"),
        (Method::GET, "/outbox?state=lost", None, 400, "one of"),
        (
            Method::POST,
            "/incidents",
            Some(json!([])),
            400,
            "JSON object",
        ),
        (
            Method::POST,
            "/incidents",
            Some(json!({"title": "ab", "severity": "P7", "service": "none"})),
            422,
            "3 to 100",
        ),
        (
            Method::POST,
            "/incidents",
            Some(json!({"titel": "x"})),
            422,
            "no such field",
        ),
        (
            Method::POST,
            "/incidents/1/status",
            Some(json!({})),
            422,
            "required",
        ),
        (
            Method::POST,
            "/incidents/1/severity",
            Some(json!({"severity": 1})),
            422,
            "must be a text",
        ),
        (
            Method::POST,
            "/incidents/1/assign",
            Some(json!({"user": "U 1"})),
            422,
            "Slack user",
        ),
        (
            Method::POST,
            "/incidents/1/assign",
            Some(json!({"user": "@bob"})),
            422,
            "Slack user",
        ),
        (
            Method::POST,
            "/incidents/1/assign",
            Some(json!({"user": "<!channel>"})),
            422,
            "Slack user",
        ),
        (
            Method::POST,
            "/incidents",
            Some(json!({"title": "Disk", "severity": "P3", "service": "db", "commander": "@bob"})),
            422,
            "Slack user",
        ),
        (
            Method::POST,
            "/incidents/1/severity",
            Some(json!({"severity": "P3"})),
            409,
            "already P3",
        ),
        (
            Method::GET,
            &*format!("/inbox/{unknown}"),
            None,
            404,
            "no row",
        ),
        (
            Method::POST,
            &*format!("/inbox/{unknown}/replay"),
            None,
            404,
            "no row",
        ),
        (
            Method::POST,
            &*format!("/outbox/{unknown}/retry"),
            None,
            404,
            "no row",
        ),
        (Method::POST, "/outbox/none/retry", None, 404, "no row"),
    ] {
        let answer = world.calls(method, path, body, &[]).await;
        is_problem(&answer, status, says);
    }
    let wrong = world
        .calls(
            Method::POST,
            "/incidents",
            Some(json!({"title": "ab", "severity": "P7", "service": "none"})),
            &[],
        )
        .await;
    let fields: Vec<&String> = wrong.body["errors"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["service", "severity", "title"], "all at once");
    for (verb, body) in [("monitoring", json!({})), ("resolve", json!({}))] {
        post(&mut world, &format!("/incidents/1/{verb}"), body).await;
    }
    for (verb, body) in [
        ("identified", json!({})),
        ("resolve", json!({})),
        ("status", json!({"text": "late"})),
        ("assign", json!({"user": "U0BEA"})),
    ] {
        let answer = world
            .calls(
                Method::POST,
                &format!("/incidents/1/{verb}"),
                Some(body),
                &[],
            )
            .await;
        is_problem(&answer, 409, "was resolved");
    }
    assert_eq!(world.incidents().await, 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn without_the_token_there_is_no_answer_and_without_a_token_configured_no_api() {
    let mut world = World::new().await;
    for (method, path) in [
        (Method::GET, "/incidents"),
        (Method::POST, "/incidents"),
        (Method::GET, "/incidents/1"),
        (Method::GET, "/incidents/1/timeline"),
        (Method::GET, "/incidents/1/postmortem"),
        (Method::POST, "/incidents/1/resolve"),
        (Method::GET, "/audit"),
        (Method::GET, "/inbox"),
        (Method::GET, "/outbox"),
        (Method::POST, "/inbox/x/replay"),
        (Method::POST, "/outbox/x/retry"),
    ] {
        for token in [None, Some("another-token")] {
            let mut request = reqwest::Client::new()
                .request(method.clone(), format!("{}/api/v1{path}", world.url));
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let answer = answered(request).await;
            is_problem(&answer, 401, "bearer token");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    assert_eq!(world.rows_from("api").await, 0);
    world.settle().await;
    world.finish().await;
    let mut closed = World::with(&[("ADMIN_TOKEN", "")]).await;
    let answer = closed.calls(Method::GET, "/incidents", None, &[]).await;
    is_problem(&answer, 404, "nothing here");
    closed.finish().await;
}

#[tokio::test]
async fn a_drill_is_refused_until_it_is_built_and_pages_nobody() {
    let mut world = World::new().await;
    let mut drill = disk();
    drill["kind"] = json!("drill");
    drill["severity"] = json!("P1");
    let refused = world
        .calls(Method::POST, "/incidents", Some(drill), &[])
        .await;
    is_problem(&refused, 422, "there are no drills yet");
    assert_eq!(world.incidents().await, 0);
    world.finish().await;
}
