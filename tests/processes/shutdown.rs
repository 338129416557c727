//! The end of a process: in order, at once, and within its time.

use crate::harness::command_load::channels;
use crate::harness::wardroom::errors;
use crate::harness::{Deployment, signed, status, until};
use ::simulator::{Fault, FaultRule};
use rustix::process::Signal;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn form(text: &str) -> Vec<u8> {
    let trigger = uuid::Uuid::new_v4();
    format!(
        "command=%2Fincident&text={text}&user_id=U0ADA&channel_id=C0BUILDS&trigger_id={trigger}"
    )
    .into_bytes()
}

/// A signed command as it goes over the wire.
fn request(text: &str) -> Vec<u8> {
    let body = form(text);
    let mut bytes = format!(
        "POST /slack/commands HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in signed::slack(&body, 0) {
        bytes.push_str(&format!("{name}: {value}\r\n"));
    }
    bytes.push_str("content-type: application/x-www-form-urlencoded\r\n\r\n");
    let mut bytes = bytes.into_bytes();
    bytes.extend(body);
    bytes
}

async fn rest_of(mut stream: TcpStream) -> String {
    let mut text = String::new();
    let reading = stream.read_to_string(&mut text);
    let read = tokio::time::timeout(Duration::from_secs(20), reading).await;
    read.expect("the connection is ended").unwrap();
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_turns_unready_finishes_what_has_begun_and_ends_with_0() {
    let deployment = Deployment::new().await;
    let mut child = deployment.start().await;
    let channels = channels(&deployment, 1).await;
    deployment.settle(Duration::from_secs(30)).await;

    // Two requests are half sent: one in its head, one in its body. A post's answer is held.
    let address = child.url.replace("http://", "");
    let (in_head, in_body) = (
        request("declare+P3+api+half+a+head"),
        request("declare+P3+api+half+a+body"),
    );
    let mut head = TcpStream::connect(&address).await.unwrap();
    head.write_all(&in_head[..40]).await.unwrap();
    let mut body = TcpStream::connect(&address).await.unwrap();
    body.write_all(&in_body[..in_body.len() - 9]).await.unwrap();
    deployment
        .slack
        .fault(FaultRule::once("chat.postMessage", Fault::HoldAnswer));
    let ada = deployment.slack.person("ada");
    let response = ada
        .command(&channels[0], "/incident", "status in-progress-end")
        .await;
    assert!(response.is_ok(), "{response:?}");
    let limit = Duration::from_secs(10);
    let held = deployment
        .slack
        .wait_until(limit, |slack| (slack.held() == 1).then_some(()));
    held.await.expect("the post is held");

    child.signal(Signal::TERM);
    let asked_at = Instant::now();
    let address_ready = format!("{}/health/ready", child.url);
    until(Duration::from_secs(2), "unready", || async {
        status(&address_ready).await == Some(503)
    })
    .await;
    assert_eq!(
        status(&format!("{}/health/live", child.url)).await,
        Some(200)
    );
    // The listener is open still, and takes a whole new command.
    let response = ada
        .command("general", "/incident", "declare P3 api while draining")
        .await;
    assert!(response.is_ok(), "{response:?}");
    crate::harness::moment::pass(Duration::from_millis(1500)).await;
    head.write_all(&in_head[40..]).await.unwrap();
    body.write_all(&in_body[in_body.len() - 9..]).await.unwrap();
    for stream in [head, body] {
        let answer = rest_of(stream).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(
            answer.to_lowercase().contains("connection: close"),
            "{answer}"
        );
    }
    deployment.slack.release();
    let status = child.ended(Duration::from_secs(25)).await;
    let took = asked_at.elapsed();
    assert_eq!(status.code(), Some(0), "{}", child.lines().join("\n"));
    assert!(
        took < Duration::from_secs(10),
        "nothing kept it, and it took {took:?}"
    );
    assert!(
        errors(&child.lines()).is_empty(),
        "{:#?}",
        errors(&child.lines())
    );

    // What was in progress has ended: no process has to look it up.
    let held = "select state || ' ' || attempts from outbox where effect::text like '%in-progress-end%' and kind = 'post_message'";
    assert_eq!(deployment.list(held).await, ["done 1"]);
    let child = deployment.start().await;
    deployment.settle(Duration::from_secs(30)).await;
    assert_eq!(deployment.count_public_messages("in-progress-end"), 1);
    let mut titles = deployment
        .list("select title from incidents where service = 'api'")
        .await;
    titles.sort();
    assert_eq!(titles, ["half a body", "half a head", "while draining"]);
    child.stop().await;
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_end_is_left_to_its_lease_when_the_grace_is_over() {
    let mut deployment = Deployment::new().await;
    deployment
        .env
        .insert("SHUTDOWN_GRACE_SECONDS".to_owned(), "4".to_owned());
    let mut child = deployment.start().await;
    let channels = channels(&deployment, 1).await;
    deployment.settle(Duration::from_secs(30)).await;
    deployment
        .slack
        .fault(FaultRule::once("chat.postMessage", Fault::HoldAnswer));
    let ada = deployment.slack.person("ada");
    let response = ada
        .command(&channels[0], "/incident", "status never-answered-end")
        .await;
    assert!(response.is_ok(), "{response:?}");
    let limit = Duration::from_secs(10);
    let held = deployment
        .slack
        .wait_until(limit, |slack| (slack.held() == 1).then_some(()));
    held.await.expect("the post is held");
    // A client that never sends the rest must not keep it either.
    let address = child.url.replace("http://", "");
    let mut half = TcpStream::connect(&address).await.unwrap();
    half.write_all(&request("help")[..60]).await.unwrap();

    let asked_at = Instant::now();
    child.signal(Signal::TERM);
    let status = child.ended(Duration::from_secs(20)).await;
    let took = asked_at.elapsed();
    assert_eq!(status.code(), Some(0), "{}", child.lines().join("\n"));
    assert!(
        took < Duration::from_millis(4500),
        "the grace is 4 s, and it took {took:?}"
    );
    deployment.slack.release();
    let child = deployment.start().await;
    deployment.settle(Duration::from_secs(40)).await;
    assert_eq!(deployment.count_public_messages("never-answered-end"), 1);
    child.stop().await;
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_interrupt_ends_it_at_once_and_a_second_sigterm_does_not() {
    let deployment = Deployment::new().await;
    for (signal, code) in [(Signal::TERM, 0), (Signal::INT, 130)] {
        let mut child = deployment.start().await;
        child.signal(signal);
        child.says(0, "stopping").await;
        child.signal(signal);
        let status = child.ended(Duration::from_secs(10)).await;
        assert_eq!(status.code(), Some(code), "{}", child.lines().join("\n"));
    }
    let mut child = deployment.start().await;
    child.signal(Signal::INT);
    let status = child.ended(Duration::from_secs(10)).await;
    assert_eq!(status.code(), Some(0), "SIGINT alone ends it in order");
    deployment.close().await;
}
