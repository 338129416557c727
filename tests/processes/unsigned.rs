//! What is not signed, too old, too large or no HTTP: refused with words, and nothing done for it.

use crate::harness::signed::{self, Client};
use crate::harness::wardroom::{Wardroom, errors};
use crate::harness::{Deployment, status};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

type Headers = Vec<(&'static str, String)>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_signed_or_too_large_or_no_http_is_refused_and_does_nothing() {
    let deployment = Deployment::new().await;
    let child = deployment.start().await;
    let client = Client::new();
    let ada = deployment.slack.person("ada");
    let (_, form, _) = ada
        .command_form("general", "/incident", "declare P1 api unsigned")
        .unwrap();
    let form = form.into_bytes();
    let push = json!({"ref": "refs/heads/main", "repository": {"full_name": "a/b"}})
        .to_string()
        .into_bytes();
    let good = signed::slack(&form, 0);
    let time = good[0].1.clone();
    let wrong = |value: &str| {
        vec![
            ("x-slack-request-timestamp", time.clone()),
            ("x-slack-signature", value.to_owned()),
        ]
    };
    let of_other = signed::slack(b"another body", 0)[1].1.clone();
    let zeros = format!("v0={}", "0".repeat(64));
    let mut cases: Vec<(&str, Headers, Vec<u8>, u16)> = vec![
        ("/slack/commands", vec![], form.clone(), 401),
        (
            "/slack/commands",
            signed::slack(&form, 301).to_vec(),
            form.clone(),
            401,
        ),
        (
            "/slack/commands",
            signed::slack(&form, -310).to_vec(),
            form.clone(),
            401,
        ),
        ("/slack/commands", vec![good[1].clone()], form.clone(), 401),
        ("/slack/commands", vec![good[0].clone()], form.clone(), 401),
        (
            "/slack/commands",
            [good.to_vec(), vec![good[1].clone()]].concat(),
            form.clone(),
            401,
        ),
        (
            "/github/webhooks",
            vec![("x-github-event", "push".to_owned())],
            push.clone(),
            401,
        ),
        (
            "/github/webhooks",
            vec![
                ("x-github-event", "push".to_owned()),
                signed::github(b"other"),
            ],
            push.clone(),
            401,
        ),
        // Believed, and not to be read.
        (
            "/github/webhooks",
            vec![signed::github(&push)],
            push.clone(),
            400,
        ),
        (
            "/github/webhooks",
            vec![("x-github-event", "push".to_owned()), signed::github(&push)],
            push.clone(),
            400,
        ),
        (
            "/slack/commands",
            signed::slack(b"", 0).to_vec(),
            vec![],
            400,
        ),
        (
            "/slack/interactions",
            signed::slack(b"payload=7", 0).to_vec(),
            b"payload=7".to_vec(),
            400,
        ),
        (
            "/slack/events",
            signed::slack(b"[", 0).to_vec(),
            b"[".to_vec(),
            400,
        ),
    ];
    for value in [
        &of_other,
        &zeros,
        "",
        "v0=",
        "v1=00",
        "v0=zz",
        &good[1].1.to_uppercase(),
        &good[1].1[..20],
    ] {
        cases.push(("/slack/commands", wrong(value), form.clone(), 401));
    }
    let large = vec![b'a'; 1024 * 1024 + 1];
    cases.push((
        "/slack/commands",
        signed::slack(&large, 0).to_vec(),
        large,
        413,
    ));
    let huge = vec![b' '; 25 * 1024 * 1024 + 1];
    let signature = signed::github(&huge);
    cases.push((
        "/github/webhooks",
        vec![("x-github-event", "push".to_owned()), signature],
        huge,
        413,
    ));
    for (path, headers, body, wanted) in cases {
        let length = body.len();
        let answer = client
            .post(&format!("{}{path}", child.url), &headers, body)
            .await;
        let answer = answer.unwrap_or_else(|why| panic!("{path} {headers:?}: {why}"));
        assert_eq!(
            answer.status, wanted,
            "{path} {headers:?}, {length} bytes: {}",
            answer.body
        );
        assert!(!answer.body.is_empty(), "{wanted} says why");
    }
    no_http(&child).await;

    assert_eq!(deployment.count("select count(*) from inbox").await, 0);
    assert_eq!(deployment.count("select count(*) from outbox").await, 0);
    let greeting = ["auth.test", "conversations.join", "conversations.info"];
    let calls = deployment.slack.requests();
    let calls: Vec<_> = calls
        .iter()
        .filter(|call| !greeting.contains(&&*call.method))
        .collect();
    assert!(calls.is_empty(), "{calls:#?}");
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    deployment.close().await;
}

/// Bytes that are no HTTP, or hardly.
async fn no_http(child: &Wardroom) {
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(300_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(5_000));
    for rubbish in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST /slack/commands HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
        b"POST /slack/commands HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
        b"POST /slack/commands HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        long.as_bytes(),
        many.as_bytes(),
    ] {
        let mut stream = TcpStream::connect(child.url.replace("http://", "")).await.unwrap();
        // It may hang up before we are done.
        let _cut = stream.write_all(rubbish).await;
        let _cut = stream.shutdown().await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(12), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "it never ends: {}", String::from_utf8_lossy(rubbish));
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let fine = answer.is_empty() || answer.starts_with("HTTP/1.1 4");
        assert!(fine, "{answer}");
    }
    assert_eq!(
        status(&format!("{}/health/live", child.url)).await,
        Some(200)
    );
}
