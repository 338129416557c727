//! The faults over real HTTP: the response that the caller gets, and the messages in the channel.

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use serde_json::json;

use super::{AppResponse, ChannelType, Fault, FaultRule, Limits, Options, Workspace};

async fn workspace() -> (Workspace, String) {
    let clock = || DateTime::from_timestamp(1_700_000_000, 0).expect("a fixed moment");
    let workspace = Workspace::start(Options::new(Arc::new(clock)))
        .await
        .unwrap();
    let bot = workspace.bot_user();
    let channel = workspace.add_channel(None, "ops", ChannelType::Public, &[&bot]);
    (workspace, channel)
}

async fn post(workspace: &Workspace, channel: &str, text: &str) -> AppResponse {
    let headers = [
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("authorization", format!("Bearer {}", workspace.app().token)),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    let body = json!({"channel": channel, "text": text})
        .to_string()
        .into_bytes();
    let url = format!("{}/chat.postMessage", workspace.api_url());
    workspace
        .app_client()
        .post(&url, &headers, body, Duration::from_millis(400))
        .await
}

fn said(workspace: &Workspace) -> Vec<String> {
    let snapshot = workspace.snapshot();
    snapshot
        .channel("#ops")
        .unwrap()
        .posts()
        .map(|m| m.text.clone())
        .collect()
}

#[tokio::test]
async fn each_fault_leaves_the_answer_and_the_channel_it_promises() {
    let cases = [
        (Fault::RateLimited { retry_after: 9 }, Some(429), 0),
        (Fault::Status { status: 503 }, Some(503), 0),
        (Fault::DoneButStatus { status: 500 }, Some(500), 1),
        (
            Fault::Code {
                code: "fatal_error".to_owned(),
            },
            Some(200),
            0,
        ),
        (Fault::LoseRequest, None, 0),
        (Fault::LoseAnswer, None, 1),
        (Fault::HoldRequest, None, 0),
        (Fault::HoldAnswer, None, 1),
        (Fault::Delay { millis: 1 }, Some(200), 1),
    ];
    for (fault, status, messages) in cases {
        let (workspace, channel) = workspace().await;
        let id = workspace.fault(FaultRule::once("chat.postMessage", fault.clone()));
        let response = post(&workspace, &channel, "x").await;
        assert_eq!(response.status, status, "{fault:?}");
        assert_eq!(said(&workspace).len(), messages, "{fault:?}");
        assert_eq!(workspace.fault_hits(id), 1);
        assert_eq!(
            post(&workspace, &channel, "next").await.status,
            Some(200),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn what_is_done_after_the_hang_up_is_done_once() {
    let (workspace, channel) = workspace().await;
    workspace.fault(FaultRule::once("chat.postMessage", Fault::DoneAfterHangUp));
    assert_eq!(post(&workspace, &channel, "late").await.status, None);
    let look = |w: &Workspace| (said(w) == ["late"]).then_some(());
    workspace
        .wait_until(Duration::from_secs(5), look)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_held_answer_comes_when_it_is_released() {
    let (workspace, channel) = workspace().await;
    workspace.fault(FaultRule::once("chat.postMessage", Fault::HoldAnswer));
    let caller = tokio::spawn({
        let (workspace, channel) = (workspace.clone(), channel.clone());
        async move { post(&workspace, &channel, "held").await }
    });
    let held = |w: &Workspace| (w.held() == 1).then_some(());
    workspace
        .wait_until(Duration::from_secs(5), held)
        .await
        .unwrap();
    assert_eq!(said(&workspace), ["held"]);
    workspace.release();
    assert_eq!(caller.await.unwrap().status, Some(200));
}

#[tokio::test]
async fn limits_are_off_until_they_are_switched_on() {
    let (workspace, channel) = workspace().await;
    for _ in 0..10 {
        assert_eq!(post(&workspace, &channel, "x").await.status, Some(200));
    }
    workspace.set_limits(Limits::Slack);
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let response = post(&workspace, &channel, "y").await;
        if response.status == Some(429) {
            assert!(response.header("retry-after").is_some());
        }
        statuses.push(response.status);
    }
    assert!(statuses.contains(&Some(429)), "{statuses:?}");
}
