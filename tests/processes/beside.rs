//! What runs beside the ring: channels that are joined in the end, a status page that fails, the dead
//! man's switch. None of it makes the process unready; all of it shows.

use crate::harness::wardroom::Wardroom;
use crate::harness::{CONFIG, Deployment, until};
use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use rustix::process::Signal;
use simulator::{Fault, FaultRule, Options};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

/// Waits until readiness is 200 and says so of a component.
async fn becomes(child: &Wardroom, component: &str, wanted: &str) {
    let url = format!("{}/health/ready", child.url);
    until(LIMIT, &format!("{component} {wanted}"), || async {
        let answer = reqwest::get(&url).await.unwrap();
        assert_eq!(answer.status(), 200);
        let said: serde_json::Value = answer.json().await.unwrap();
        let agrees = wanted == "ok" || said["status"] == "degraded";
        said["checks"][component]["status"] == wanted && agrees
    })
    .await;
}

async fn joins(deployment: &Deployment, channel: &str) {
    let bot = deployment.slack.bot_user();
    until(LIMIT, &format!("the bot is in {channel}"), || async {
        let snapshot = deployment.slack.snapshot();
        let found = snapshot.channel(channel).unwrap();
        found.members.contains(&bot)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_is_joined_once_slack_lets_us_and_once_a_reload_names_it() {
    let deployment = Deployment::new().await;
    let limited = Fault::RateLimited { retry_after: 1 };
    let busy = FaultRule::once("conversations.join", limited);
    deployment.slack.fault(busy.in_channel("C0OPS"));
    let broken = FaultRule::once("conversations.join", Fault::Status { status: 503 });
    deployment.slack.fault(broken.in_channel("C0ENG"));
    let child = deployment.start().await;
    joins(&deployment, "C0OPS").await;
    joins(&deployment, "C0ENG").await;

    let more = CONFIG.replace("channels: [C0ENG]", "channels: [C0ENG, C0BUILDS]");
    deployment.folder.write("wardroom.yaml", &more);
    child.signal(Signal::USR2);
    joins(&deployment, "C0BUILDS").await;
    child.stop().await;
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_page_that_fails_degrades_and_one_that_is_back_does_not() {
    let mut deployment = Deployment::new().await;
    let key = Options::new(Arc::new(chrono::Utc::now)).statuspage_key;
    for (name, value) in [
        ("STATUSPAGE_API_KEY", key),
        ("STATUSPAGE_PAGE_ID", "page1".to_owned()),
        ("STATUSPAGE_API_URL", deployment.slack.base_url()),
    ] {
        deployment.env.insert(name.to_owned(), value);
    }
    let shown = CONFIG.replace(
        "owners: [U0BEA]",
        "owners: [U0BEA], statuspage_component: kx1",
    );
    deployment.folder.write("wardroom.yaml", &shown);
    let away = Fault::Status { status: 503 };
    deployment
        .slack
        .fault(FaultRule::once("statuspage", away).always());
    let child = deployment.start().await;
    let ada = deployment.slack.person("ada");
    let response = ada.command(
        "builds",
        "/incident",
        "declare P1 api Checkout returns 500s",
    );
    assert!(response.await.is_ok());
    becomes(&child, "statuspage", "degraded").await;
    let text = reqwest::get(format!("{}/metrics", child.url))
        .await
        .unwrap();
    let text = text.text().await.unwrap();
    let counted = "bot_errors_total{component=\"statuspage\"} ";
    let counted = text.lines().find_map(|line| line.strip_prefix(counted));
    let counted: f64 = counted.and_then(|count| count.parse().ok()).unwrap();
    assert!(counted >= 1.0, "{counted}");
    deployment.slack.lift_faults();
    becomes(&child, "statuspage", "ok").await;
    child.stop().await;
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slack_that_fails_degrades_at_the_first_message_and_not_at_the_next_question() {
    let deployment = Deployment::new().await;
    let child = deployment.start().await;
    becomes(&child, "slack", "ok").await;
    // Its next question how Slack is, a minute later, would be answered well.
    // The other ways to the person fail too: one that works would end it at once.
    let ways = [
        "response_url",
        "conversations.open",
        "chat.postMessage",
        "chat.postEphemeral",
    ];
    let away = ways.map(|way| {
        let fails = FaultRule::once(way, Fault::Status { status: 503 });
        deployment.slack.fault(fails.always())
    });
    let ada = deployment.slack.person("ada");
    assert!(ada.command("builds", "/incident", "help").await.is_ok());
    becomes(&child, "slack", "degraded").await;
    for fault in away {
        deployment.slack.lift_fault(fault);
    }
    assert!(ada.command("builds", "/incident", "list").await.is_ok());
    becomes(&child, "slack", "ok").await;
    child.stop().await;
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dead_mans_switch_follows_nobody_elsewhere() {
    let mut deployment = Deployment::new().await;
    let (asked, followed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counts, counts_elsewhere) = (asked.clone(), followed.clone());
    let messages = Router::new()
        .route(
            "/ping",
            get(async move || {
                counts.fetch_add(1, Ordering::SeqCst);
                Redirect::temporary("/other")
            }),
        )
        .route(
            "/other",
            get(async move || counts_elsewhere.fetch_add(1, Ordering::SeqCst).to_string()),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ping", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { axum::serve(listener, messages).await });
    deployment.env.insert("DEADMAN_URL".to_owned(), url);
    let child = deployment.start().await;
    becomes(&child, "deadman", "degraded").await;
    assert!(asked.load(Ordering::SeqCst) > 0);
    assert_eq!(followed.load(Ordering::SeqCst), 0);
    child.stop().await;
    serving.abort();
    deployment.close().await;
}
