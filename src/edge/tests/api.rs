//! The API without a database: who may ask, and what is no readable question.

use super::{admin, edge, everything_on, get, send};
use http::Request;

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
        ("/api/v1/incidents", 503),
    ] {
        let answer = send(&edge.app, admin(get(path)), "").await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
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
