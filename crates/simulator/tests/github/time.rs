//! What ends with time: tokens, URLs, quota, re-runs, deliveries.

use crate::host::{Host, app};
use serde_json::json;
use simulator::{JobPlan, RunPlan};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn a_token_ends_after_an_hour_and_the_next_one_is_served() {
    let host = Host::new().await;
    let token = host.token().await;
    host.pass(HOUR - MINUTE);
    assert_eq!(host.get("/repos/acme/api", &token).await.status, 200);
    host.pass(MINUTE);
    let answer = host.get("/repos/acme/api", &token).await;
    assert_eq!((answer.status, answer.message()), (401, "Bad credentials"));
    let next = host.token().await;
    assert_eq!(host.get("/repos/acme/api", &next).await.status, 200);
}

#[tokio::test]
async fn a_web_token_of_another_time_is_refused() {
    let host = Host::new().await;
    let web = host.web_token();
    assert_eq!(host.get("/app", &web).await.status, 200);
    host.pass(11 * MINUTE);
    assert_eq!(host.get("/app", &web).await.status, 401);
    // An App that has a clock of its own is compared with that one.
    let then = crate::host::start_of_day();
    host.github
        .set_app_clock(Some(std::sync::Arc::new(move || then)));
    assert_eq!(host.get("/app", &web).await.status, 200);
}

#[tokio::test]
async fn the_url_of_a_log_is_valid_for_a_minute() {
    let host = Host::new().await;
    let run = host.github.run(
        "acme/api",
        RunPlan::new("CI", vec![JobPlan::failed("test", "boom")]),
    );
    let token = host.token().await;
    let jobs = host
        .get(&format!("/repos/acme/api/actions/runs/{run}/jobs"), &token)
        .await;
    let path = format!(
        "/repos/acme/api/actions/jobs/{}/logs",
        jobs.body["jobs"][0]["id"]
    );
    let answer = host.get(&path, &token).await;
    assert_eq!(answer.status, 302);
    let location = answer.header("location").to_owned();
    assert!(
        location.starts_with(&host.github.storage_url()),
        "{location}"
    );
    assert!(host.get(&location, "").await.text.contains("boom"));
    host.pass(MINUTE);
    assert_eq!(host.get(&location, "").await.status, 403);
    assert_eq!(host.get(&path, &token).await.status, 302);
}

#[tokio::test]
async fn a_spent_quota_begins_again_at_its_reset() {
    let host = Host::new().await;
    let token = host.token().await;
    host.github.set_quota(host.installation, 1, 10 * MINUTE);
    assert_eq!(
        host.get("/repos/acme/api", &token)
            .await
            .header("x-ratelimit-remaining"),
        "0"
    );
    let refused = host.get("/repos/acme/api", &token).await;
    assert_eq!(
        (refused.status, refused.header("x-ratelimit-remaining")),
        (403, "0")
    );
    let reset: i64 = refused.header("x-ratelimit-reset").parse().unwrap();
    assert_eq!(reset, host.github.now().timestamp() + 600);
    host.pass(10 * MINUTE);
    let served = host.get("/repos/acme/api", &token).await;
    assert_eq!(
        (served.status, served.header("x-ratelimit-remaining")),
        (200, "4999")
    );
}

#[tokio::test]
async fn secondary_points_are_those_of_a_minute() {
    let host = Host::new().await;
    let token = host.token().await;
    host.github.limit(|limits| {
        limits.secondary = true;
        limits.status = 429;
        limits.retry_after = false;
    });
    for _ in 0..900 {
        assert_eq!(host.get("/repos/acme/api", &token).await.status, 200);
    }
    let refused = host.get("/repos/acme/api", &token).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, ""));
    assert!(
        refused.message().contains("secondary rate limit"),
        "{}",
        refused.text
    );
    host.pass(MINUTE);
    assert_eq!(host.get("/repos/acme/api", &token).await.status, 200);
}

#[tokio::test]
async fn a_run_is_not_run_again_after_thirty_days() {
    let host = Host::new().await;
    let run = host.github.run(
        "acme/api",
        RunPlan::new("CI", vec![JobPlan::failed("test", "")]),
    );
    let path = format!("/repos/acme/api/actions/runs/{run}/rerun-failed-jobs");
    host.pass(30 * DAY);
    assert_eq!(
        host.post(&path, &host.token().await, json!({}))
            .await
            .status,
        201
    );
    host.github.finish_runs();
    host.pass(Duration::from_secs(1));
    let refused = host.post(&path, &host.token().await, json!({})).await;
    assert_eq!(refused.status, 403);
    assert!(
        refused.message().contains("over a month ago"),
        "{}",
        refused.text
    );
    assert_eq!(host.github.find_run(run).unwrap().reruns, 1);
}

#[tokio::test]
async fn deliveries_are_kept_for_three_days() {
    let host = Host::new().await;
    let (heard, _) = app(&host.workspace).await;
    host.github.push("acme/api", "main", "a", "a", "ada");
    host.github.deliver_webhooks().await;
    let list = async || {
        host.get("/app/hook/deliveries", &host.web_token())
            .await
            .body
    };
    let newest = list().await[0].clone();
    assert_eq!(newest["event"], "push");
    let again = format!("/app/hook/deliveries/{}/attempts", newest["id"]);
    host.pass(3 * DAY);
    assert_eq!(
        host.post(&again, &host.web_token(), json!({})).await.status,
        202
    );
    host.github.deliver_webhooks().await;
    let guids: Vec<String> = heard
        .lock()
        .unwrap()
        .iter()
        .map(|(_, guid, _)| guid.clone())
        .collect();
    assert_eq!(guids, [guids[0].clone(), guids[0].clone()]);
    host.pass(Duration::from_secs(1));
    assert_eq!(
        host.post(&again, &host.web_token(), json!({})).await.status,
        404
    );
    assert_eq!(list().await.as_array().unwrap().len(), 1);
}
