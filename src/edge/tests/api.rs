//! The API without a database: who may ask, and what is no readable question.

use super::{admin, edge, everything_on, get, send};
use crate::telemetry::logs::JsonLines;
use crate::telemetry::traces::Traces;
use http::Request;
use std::sync::{Arc, Mutex};
use tracing_subscriber::layer::SubscriberExt as _;

#[tokio::test]
async fn the_api_wants_its_token_and_readable_questions() {
    let edge = edge(everything_on());
    let without = send(&edge.app, get("/api/v1/incidents"), "").await;
    assert_eq!(without.status, 401);
    assert_eq!(without.headers["www-authenticate"], "Bearer");
    for (path, status) in [
        ("/api/v1/incidents?status=burning", 400),
        ("/api/v1/incidents?limit=0", 400),
        ("/api/v1/incidents?stauts=declared", 400),
        ("/api/v1/incidents/abc", 404),
        ("/api/v1/inbox?state=lost", 400),
        ("/api/v1/outbox/abc", 404),
        ("/api/v1/nothing", 404),
        ("/api/v1/incidents/1/timeline?limit=0", 400),
        ("/api/v1/incidents/1/timeline?from=1", 400),
        ("/api/v1/incidents/%FF", 400),
        ("/api/v1/incidents/%FF/timeline", 400),
        ("/api/v1/inbox/%FF", 400),
        ("/api/v1/incidents", 503),
    ] {
        let answer = send(&edge.app, admin(get(path)), "").await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert!(answer.json()["request_id"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn without_the_token_every_method_of_the_api_is_401() {
    let edge = edge(everything_on());
    for (method, path) in [
        ("DELETE", "/api/v1/incidents"),
        ("POST", "/api/v1/audit"),
        ("GET", "/api/v1/inbox/1/replay"),
        ("GET", "/api/v1/nothing"),
        ("GET", "/api/v1/incidents/%FF"),
    ] {
        let call = || Request::builder().method(method).uri(path);
        let answer = send(&edge.app, call(), "").await;
        assert_eq!(answer.status, 401, "{method} {path}");
        let known = send(&edge.app, admin(call()), "").await;
        assert_ne!(known.status, 401, "{method} {path}");
        assert_eq!(known.headers["content-type"], "application/problem+json");
    }
    let other = Request::delete("/api/v1/incidents");
    let other = send(&edge.app, admin(other), "").await;
    assert_eq!(other.status, 405);
    assert!(other.headers.contains_key("allow"));
}

#[tokio::test]
async fn what_is_no_act_is_404_by_every_method_and_an_act_wants_post() {
    let edge = edge(everything_on());
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE"] {
        let call = |act: &str| {
            let path = format!("/api/v1/incidents/1/{act}");
            admin(Request::builder().method(method).uri(path))
        };
        let none = send(&edge.app, call("zork"), "{}").await;
        assert_eq!(none.status, 404, "{method}");
        assert!(!none.headers.contains_key("allow"), "{method}");
        let act = send(&edge.app, call("resolve"), "{}").await;
        if method == "POST" {
            assert_eq!(act.status, 503, "verified, and nowhere to keep it");
        } else {
            assert_eq!(act.status, 405, "{method}");
            assert_eq!(act.headers["allow"], "POST", "{method}");
            assert_eq!(act.headers["content-type"], "application/problem+json");
        }
    }
}

/// What is logged while this is done.
fn logged(doing: impl Future<Output = ()>) -> Vec<String> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    let layer = JsonLines::new("test", chrono::Utc::now, move |line: &[u8]| {
        sink.lock()
            .unwrap()
            .push(String::from_utf8_lossy(line).into_owned());
    });
    let traces = Traces::off();
    let subscriber = tracing_subscriber::registry()
        .with(traces.layer())
        .with(layer);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    tracing::subscriber::with_default(subscriber, || runtime.unwrap().block_on(doing));
    let lines = lines.lock().unwrap();
    lines.clone()
}

#[test]
fn a_request_that_slack_has_not_signed_is_logged_with_and_without_a_signature() {
    let lines = logged(async {
        let edge = edge(everything_on());
        let bare = || Request::post("/slack/events");
        let half = bare().header("x-slack-signature", "v0=00");
        let wrong = bare()
            .header("x-slack-signature", "v0=00")
            .header("x-slack-request-timestamp", super::NOW);
        for request in [bare(), half, wrong] {
            assert_eq!(send(&edge.app, request, "{}").await.status, 401);
        }
    });
    let warned = |line: &&String| line.contains("wardroom::security") && line.contains("WARN");
    assert_eq!(lines.iter().filter(warned).count(), 3, "{lines:#?}");
}

#[test]
fn only_a_caller_with_the_token_continues_its_own_trace() {
    const THEIRS: &str = "0af7651916cd43dd8448eb211c80319c";
    let lines = logged(async {
        let edge = edge(everything_on());
        let parent = format!("00-{THEIRS}-b7ad6b7169203331-01");
        let call = || get("/api/v1/incidents?limit=0").header("traceparent", &parent);
        let wrong = call().header("authorization", "Bearer guessed");
        for call in [call(), wrong, admin(call())] {
            send(&edge.app, call, "").await;
        }
    });
    let answered = lines
        .iter()
        .filter(|line| line.contains("request answered"));
    let theirs: Vec<bool> = answered.map(|line| line.contains(THEIRS)).collect();
    assert_eq!(theirs, [false, false, true], "{lines:#?}");
}

#[tokio::test]
async fn every_wrong_field_of_a_call_is_named_at_once() {
    let edge = edge(everything_on());
    for (path, body, status, fields) in [
        (
            "/api/v1/incidents",
            r#"{"title":"x","severity":"P9","service":7,"colour":"red"}"#,
            422,
            vec!["colour", "service", "severity", "title"],
        ),
        ("/api/v1/incidents/1/status", "{}", 422, vec!["text"]),
        (
            "/api/v1/incidents/1/severity",
            r#"{"severity":[]}"#,
            422,
            vec!["severity"],
        ),
        (
            "/api/v1/incidents/1/assign",
            r#"{"role":"king"}"#,
            422,
            vec!["role", "user"],
        ),
        ("/api/v1/incidents/1/resolve", "[]", 400, vec![]),
        ("/api/v1/incidents/1/explode", "{}", 404, vec![]),
        (
            "/api/v1/incidents/1/resolve",
            r#"{"actor":"bea"}"#,
            503,
            vec![],
        ),
    ] {
        let answer = send(&edge.app, admin(Request::post(path)), body).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        let json = answer.json();
        let named: Vec<&str> = json["errors"]
            .as_object()
            .map(|errors| errors.keys().map(String::as_str).collect())
            .unwrap_or_default();
        assert_eq!(named, fields, "{path}");
    }
}
