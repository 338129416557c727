//! The edge without a database: what it accepts and refuses by itself.
//!
//! No server listens on the store's port, so that a 503 means "verified, addressed, and not appended".

mod api;
mod request_urls;

use super::{EdgeSettings, EdgeState, app_router, metrics_router};
use crate::slack::address::Installation;
use crate::slack::signature::sign;
use crate::store::{Batching, Settings, Store, Way};
use crate::telemetry::health::{Condition, Health};
use crate::telemetry::metrics::Metrics;
use axum::Router;
use axum::body::Body;
use chrono::DateTime;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use sqlx::postgres::PgConnectOptions;
use std::sync::Arc;
use tokio::sync::watch;
use tower::ServiceExt as _;

const NOW: i64 = 1_700_000_000;
const SLACK: &str = "test-signing-secret";
const GITHUB: &str = "test-webhook-secret";
const ADMIN: &str = "test-admin-token";

struct Edge {
    app: Router,
    metrics_port: Router,
    health: Arc<Health>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }
}

fn everything_on() -> EdgeSettings {
    EdgeSettings {
        slack: vec![SLACK.into(), "older".into()],
        github: vec![GITHUB.into()],
        admin_token: Some(ADMIN.into()),
        metrics_token: Some("scraper".into()),
        rate_limit_per_minute: 1000,
        trusted_proxies: Vec::new(),
    }
}

fn edge(settings: EdgeSettings) -> Edge {
    let (state, health) = state(settings);
    Edge {
        app: app_router(state.clone()),
        metrics_port: metrics_router(state),
        health,
    }
}

fn state(settings: EdgeSettings) -> (Arc<EdgeState>, Arc<Health>) {
    let store = Store::connect(Settings {
        servers: PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(1)
            .username("wardroom")
            .into(),
        max_connections: 3,
        way: Way::Direct,
        batching: Batching::On,
        seal: None,
    });
    let health = Arc::new(Health::new());
    let state = EdgeState::new(
        store,
        Arc::new(Metrics::new("0", "test")),
        health.clone(),
        watch::channel(Arc::default()).1,
        watch::channel(Installation::default()).1,
        settings,
        Arc::new(|| DateTime::from_timestamp(NOW, 0).expect("a moment")),
    );
    (state, health)
}

async fn send(router: &Router, request: http::request::Builder, body: impl Into<Body>) -> Answer {
    let request = request.body(body.into()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

fn get(path: &str) -> http::request::Builder {
    Request::get(path)
}

fn slack(path: &str, body: &str, age: i64) -> http::request::Builder {
    let at = NOW - age;
    Request::post(path)
        .header("x-slack-request-timestamp", at.to_string())
        .header("x-slack-signature", sign(SLACK, at, body.as_bytes()))
}

fn github(body: &str) -> http::request::Builder {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(GITHUB.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    Request::post("/github/webhooks")
        .header("content-type", "application/json")
        .header("x-hub-signature-256", format!("sha256={signature}"))
}

fn admin(request: http::request::Builder) -> http::request::Builder {
    request.header("authorization", format!("Bearer {ADMIN}"))
}

const COMMAND: &str =
    "command=%2Fincident&text=list&team_id=T1&user_id=U1&channel_id=C1&trigger_id=1.2.x";

#[tokio::test]
async fn only_what_slack_signed_in_the_last_five_minutes_is_taken() {
    let edge = edge(everything_on());
    let path = "/slack/commands";
    let stale = send(&edge.app, slack(path, COMMAND, 301), COMMAND).await;
    assert_eq!(stale.status, 401);
    let changed = send(&edge.app, slack(path, COMMAND, 0), "command=other").await;
    assert_eq!(changed.status, 401);
    let twice = slack(path, COMMAND, 0).header("x-slack-signature", "v0=00");
    assert_eq!(send(&edge.app, twice, COMMAND).await.status, 401);
    let unsigned = send(&edge.app, Request::post(path), COMMAND).await;
    assert_eq!(unsigned.status, 401);
    assert_eq!(unsigned.headers["content-type"], "application/problem+json");
}

#[tokio::test]
async fn what_cannot_be_kept_is_answered_503_and_when_to_come_back() {
    let edge = edge(everything_on());
    let began = std::time::Instant::now();
    let answer = send(&edge.app, slack("/slack/commands", COMMAND, 0), COMMAND).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers["retry-after"], "1");
    assert!(began.elapsed().as_millis() < 2500);
}

#[tokio::test]
async fn what_slack_wants_in_the_answer_is_given_at_once() {
    let edge = edge(everything_on());
    let hello = r#"{"type":"url_verification","challenge":"abc"}"#;
    let answer = send(&edge.app, slack("/slack/events", hello, 0), hello).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "abc"));
    let ping = "ssl_check=1&token=x";
    let answer = send(&edge.app, slack("/slack/commands", ping, 0), ping).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    let unused = r#"{"type":"event_callback","event_id":"Ev1","event":{"type":"reaction_added"}}"#;
    let answer = send(&edge.app, slack("/slack/events", unused, 0), unused).await;
    assert_eq!(answer.status, 200);
    let odd = send(&edge.app, slack("/slack/events", "[]", 0), "[]").await;
    assert_eq!(odd.status, 400);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413() {
    let edge = edge(everything_on());
    let body = "x".repeat(1024 * 1024 + 1);
    let answer = send(&edge.app, slack("/slack/events", &body, 0), body).await;
    assert_eq!(answer.status, 413);
    let body = "x".repeat(25 * 1024 * 1024 + 1);
    assert_eq!(send(&edge.app, github(&body), body).await.status, 413);
}

#[tokio::test]
async fn webhooks_are_answered_by_their_rules() {
    let edge = edge(everything_on());
    let body = r#"{"repository":{"full_name":"a/b"}}"#;
    for (event, delivery, expected, word) in [
        (Some("ping"), None, 200, Some("pong")),
        (Some("star"), Some("d1"), 202, Some("ignored")),
        (Some("push"), Some("d1"), 503, None),
        (Some("push"), None, 400, None),
        (Some(""), Some("d1"), 400, None),
        (None, Some("d1"), 400, None),
    ] {
        let mut request = github(body);
        if let Some(event) = event {
            request = request.header("x-github-event", event);
        }
        if let Some(delivery) = delivery {
            request = request.header("x-github-delivery", delivery);
        }
        let answer = send(&edge.app, request, body).await;
        assert_eq!(answer.status, expected, "{event:?} {delivery:?}");
        if let Some(word) = word {
            assert_eq!(answer.json()["status"], word);
        }
    }
    let wrong = github("other").header("x-github-event", "push");
    assert_eq!(send(&edge.app, wrong, body).await.status, 401);
    let unsigned = Request::post("/webhook").header("x-github-event", "push");
    assert_eq!(send(&edge.app, unsigned, body).await.status, 401);
}

#[tokio::test]
async fn a_source_without_its_secret_is_not_there() {
    let edge = edge(EdgeSettings::default());
    for path in [
        "/slack/commands",
        "/slack/interactions",
        "/slack/events",
        "/github/webhooks",
        "/webhooks/github",
        "/webhook",
    ] {
        let signed = send(&edge.app, slack(path, COMMAND, 0), COMMAND).await;
        assert_eq!(signed.status, 404, "{path}");
        for method in ["GET", "PUT", "DELETE"] {
            let other = Request::builder().method(method).uri(path);
            let other = send(&edge.app, other, "").await;
            assert_eq!(other.status, 404, "{method} {path}");
            assert!(!other.headers.contains_key("allow"), "{method} {path}");
        }
    }
    for method in ["GET", "POST", "DELETE"] {
        let call = Request::builder().method(method).uri("/api/v1/incidents");
        let api = send(&edge.app, admin(call), "").await;
        assert_eq!(api.status, 404, "{method}");
        assert!(!api.headers.contains_key("allow"), "{method}");
    }
    assert_eq!(send(&edge.app, get("/metrics"), "").await.status, 200);
}

#[tokio::test]
async fn every_answer_has_an_id_and_the_careful_headers() {
    let edge = edge(everything_on());
    for path in ["/health/live", "/nowhere", "/api/v1/incidents"] {
        let given = send(&edge.app, get(path).header("x-request-id", "abc.1"), "").await;
        assert_eq!(given.headers["x-request-id"], "abc.1", "{path}");
        let fresh = send(&edge.app, get(path), "").await;
        assert_eq!(fresh.headers["x-request-id"].len(), 32, "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(fresh.headers[name], value, "{path}");
        }
    }
}

#[tokio::test]
async fn a_problem_carries_the_requests_id() {
    let edge = edge(everything_on());
    let nowhere = send(&edge.app, get("/nowhere").header("x-request-id", "r1"), "").await;
    assert_eq!(nowhere.status, 404);
    assert_eq!(nowhere.headers["content-type"], "application/problem+json");
    let problem = nowhere.json();
    assert_eq!(problem["request_id"], "r1");
    assert_eq!(problem["status"], 404);
    assert_eq!(problem["title"], "Not Found");
    let method = send(&edge.app, get("/slack/commands"), "").await;
    assert_eq!(method.status, 405);
    assert_eq!(method.json()["status"], 405);
}

#[tokio::test]
async fn an_address_has_its_minutes_worth_unless_it_proves_who_it_is() {
    let edge = edge(EdgeSettings {
        rate_limit_per_minute: 2,
        ..everything_on()
    });
    let hello = r#"{"type":"url_verification","challenge":"abc"}"#;
    for _ in 0..5 {
        let answer = send(&edge.app, slack("/slack/events", hello, 0), hello).await;
        assert_eq!(answer.status, 200);
    }
    for expected in [401, 401, 429] {
        let answer = send(&edge.app, Request::post("/slack/events"), hello).await;
        assert_eq!(answer.status, expected);
    }
    let limited = send(&edge.app, get("/version"), "").await;
    assert_eq!(limited.status, 429);
    assert_eq!(limited.headers["retry-after"], "30");
    for path in ["/health/live", "/health"] {
        assert_eq!(send(&edge.app, get(path), "").await.status, 200, "{path}");
    }
    let again = send(&edge.app, slack("/slack/events", hello, 0), hello).await;
    assert_eq!(again.status, 200);
}

#[tokio::test]
async fn liveness_needs_nothing_and_readiness_needs_the_database() {
    let edge = edge(everything_on());
    // An engine that makes progress proves that the database answers; this one never has.
    edge.health
        .set("slack", Condition::Degraded("auth.test failed".into()));
    let live = send(&edge.app, get("/health/live"), "").await;
    assert_eq!(
        (live.status.as_u16(), live.body.as_str()),
        (200, r#"{"status":"ok"}"#)
    );
    let ready = send(&edge.app, get("/health/ready"), "").await;
    assert_eq!(ready.status, 503);
    let json = ready.json();
    assert_eq!(json["status"], "unhealthy");
    assert_eq!(json["checks"]["database"]["status"], "fail");
    assert_eq!(json["checks"]["migrations"]["status"], "ok");
    assert_eq!(json["checks"]["engine"]["status"], "fail");
    assert_eq!(json["checks"]["slack"]["status"], "degraded");
    let startup = send(&edge.app, get("/health/startup"), "").await;
    assert_eq!(startup.status, 503);
    let summary = send(&edge.app, get("/health"), "").await;
    assert_eq!(summary.status, 200);
    let json = summary.json();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert!(json["uptime_seconds"].is_u64() && json["components"].is_object());
    let text = send(&edge.app, get("/health").header("accept", "text/plain"), "").await;
    assert_eq!(text.body, "OK");
}

#[tokio::test]
async fn figures_are_told_while_the_database_is_away() {
    let edge = edge(everything_on());
    let closed = send(&edge.app, get("/metrics"), "").await;
    assert_eq!(closed.status, 401);
    send(&edge.app, get("/nowhere/at/all"), "").await;
    send(&edge.app, admin(get("/api/v1/nowhere")), "").await;
    send(&edge.app, get("/version"), "").await;
    let request = get("/metrics").header("authorization", "Bearer scraper");
    let scraped = send(&edge.app, request, "").await;
    assert_eq!(scraped.status, 200);
    assert!(
        scraped.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
    let line = r#"http_requests_total{method="GET",path="other",status="404"} 2"#;
    assert!(scraped.body.contains(line), "{}", scraped.body);
    let down = scraped
        .body
        .lines()
        .any(|line| line == "wardroom_database_up 0");
    assert!(down, "{}", scraped.body);
    let open = send(&edge.metrics_port, get("/metrics"), "").await;
    assert_eq!(open.status, 200);
    for path in ["/webhook", "/version", "/api/v1/incidents"] {
        let absent = send(&edge.metrics_port, get(path), "").await;
        assert_eq!(absent.status, 404, "{path}");
    }
}

async fn boom() -> StatusCode {
    panic!("secret words")
}

#[tokio::test]
async fn a_panic_is_a_500_that_tells_nothing() {
    // No route of ours panics on purpose: this one has the same layers.
    let (state, _) = state(everything_on());
    let router = super::finish(
        Router::new().route("/boom", axum::routing::any(boom)),
        state,
    );
    let answer = send(&router, get("/boom"), "").await;
    assert_eq!(answer.status, 500);
    assert!(!answer.body.contains("secret"));
    assert!(answer.json()["request_id"].is_string());
}
