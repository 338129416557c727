//! Faults of endpoints: what has its effect, what has not, what waits.

use crate::host::Host;
use serde_json::json;
use simulator::{Fault, FaultRule};
use std::time::Duration;

const ISSUES: &str = "/repos/acme/api/issues";

fn titles(host: &Host) -> Vec<String> {
    let issues = host.github.repository("acme/api").issues.into_iter();
    issues.map(|issue| issue.title).collect()
}

#[tokio::test]
async fn a_held_answer_has_its_effect_also_when_the_caller_dies() {
    let host = Host::new().await;
    let token = host.token().await;
    let rule = FaultRule::once("github/issues/create", Fault::HoldAnswer);
    let rule = host.workspace.fault(rule.in_repository("acme/api"));
    let call = host.send("POST", ISSUES, &token, Some(json!({"title": "made"})));
    let held = host.workspace.wait_until(Duration::from_secs(5), |sim| {
        (sim.held() == 1).then_some(())
    });
    tokio::select! {
        _ = call => panic!("the answer is held"),
        held = held => held.unwrap(),
    }
    // The call is dropped, and with it the connection.
    assert_eq!(titles(&host), ["made"]);
    assert_eq!(host.workspace.fault_hits(rule), 1);
    assert_eq!(host.github.calls("issues/create"), 1);
}

#[tokio::test]
async fn a_held_request_has_no_effect_when_the_caller_dies() {
    let host = Host::new().await;
    let token = host.token().await;
    host.workspace
        .fault(FaultRule::once("github/*", Fault::HoldRequest));
    let call = host.send("POST", ISSUES, &token, Some(json!({"title": "never"})));
    let held = host.workspace.wait_until(Duration::from_secs(5), |sim| {
        (sim.held() == 1).then_some(())
    });
    tokio::select! {
        _ = call => panic!("the request is held"),
        held = held => held.unwrap(),
    }
    let gone = host.workspace.wait_until(Duration::from_secs(5), |sim| {
        (sim.held() == 0).then_some(())
    });
    gone.await.unwrap();
    host.workspace.release();
    assert!(titles(&host).is_empty());
}

#[tokio::test]
async fn each_fault_says_whether_the_effect_happened() {
    let cases = [
        (Fault::Status { status: 502 }, Some(502), 0),
        (Fault::DoneButStatus { status: 502 }, Some(502), 1),
        (Fault::LoseRequest, None, 0),
        (Fault::LoseAnswer, None, 1),
        (
            Fault::QuotaSpent {
                status: 429,
                reset_after: 60,
            },
            Some(429),
            0,
        ),
        (
            Fault::SecondaryLimit {
                status: 403,
                retry_after: None,
            },
            Some(403),
            0,
        ),
        (
            Fault::Refused {
                status: 451,
                message: "Blocked".to_owned(),
            },
            Some(451),
            0,
        ),
        (Fault::Status { status: 401 }, Some(401), 0),
    ];
    for (fault, status, made) in cases {
        let host = Host::new().await;
        let token = host.token().await;
        host.workspace
            .fault(FaultRule::once("github/issues/create", fault.clone()));
        let answer = host
            .send("POST", ISSUES, &token, Some(json!({"title": "x"})))
            .await;
        assert_eq!(
            answer.as_ref().map(|answer| answer.status),
            status,
            "{fault:?}"
        );
        assert_eq!(titles(&host).len(), made, "{fault:?}");
        let again = host.post(ISSUES, &token, json!({"title": "x"})).await;
        assert_eq!(again.status, 201, "{fault:?}");
    }
}

#[tokio::test]
async fn a_fault_of_one_repository_leaves_the_others_alone() {
    let host = Host::new().await;
    host.github.add_repository("acme/web");
    let token = host.token().await;
    let rule = FaultRule::once("github/*", Fault::Status { status: 500 }).always();
    host.workspace.fault(rule.in_repository("acme/api"));
    assert_eq!(host.get("/repos/acme/api", &token).await.status, 500);
    assert_eq!(host.get("/repos/acme/web", &token).await.status, 200);
}

#[tokio::test]
async fn requests_are_recorded_with_their_caller_and_outcome() {
    let host = Host::new().await;
    let token = host.token().await;
    host.post(ISSUES, &token, json!({"title": "x", "labels": ["ci"]}))
        .await;
    host.get("/repos/acme/none", &token).await;
    let requests = host.workspace.requests();
    let made = requests
        .iter()
        .find(|call| call.method == "github/issues/create")
        .unwrap();
    assert_eq!(made.args["body"]["labels"], json!(["ci"]));
    assert_eq!(
        made.caller,
        Some(format!("installation:{}", host.installation))
    );
    assert_eq!(made.outcome.as_deref(), Some("ok"));
    let gone = requests
        .iter()
        .find(|call| call.method == "github/repos/get")
        .unwrap();
    assert_eq!(gone.outcome.as_deref(), Some("404 Not Found"));
    assert!(!format!("{requests:?}").contains(&token));
}

#[tokio::test]
async fn a_renamed_repository_is_redirected() {
    let host = Host::new().await;
    let token = host.token().await;
    host.github.rename("acme/api", "backend");
    let moved = host.get("/repos/acme/api/issues?state=all", &token).await;
    assert_eq!(moved.status, 301);
    assert!(
        moved.header("location").ends_with("/issues"),
        "{}",
        moved.header("location")
    );
    let location = moved.header("location").to_owned();
    assert_eq!(host.get(&location, &token).await.status, 200);
}

#[tokio::test]
async fn the_hundred_and_first_request_at_a_time_is_a_secondary_limit() {
    let host = Host::new().await;
    let token = host.token().await;
    host.github.limit(|limits| limits.secondary = true);
    host.workspace
        .fault(FaultRule::once("github/repos/get", Fault::HoldAnswer).times(100));
    let mut calls = tokio::task::JoinSet::new();
    let host = std::sync::Arc::new(host);
    for _ in 0..100 {
        let (host, token) = (host.clone(), token.clone());
        calls.spawn(async move { host.get("/repos/acme/api", &token).await.status });
    }
    let held = host
        .workspace
        .wait_until(Duration::from_secs(10), |sim| {
            (sim.held() == 100).then_some(())
        })
        .await;
    held.unwrap();
    let refused = host.get("/repos/acme/api", &token).await;
    assert_eq!(refused.status, 403);
    assert!(refused.message().contains("secondary rate limit"));
    host.workspace.release();
    assert_eq!(calls.join_all().await, [200; 100]);
    assert_eq!(host.get("/repos/acme/api", &token).await.status, 200);
}
