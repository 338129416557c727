//! Many connections that say nothing, and large bodies that come slowly: others are answered all the same.

use crate::harness::signed;
use crate::harness::wardroom::{Wardroom, errors};
use crate::harness::{Deployment, moment, until};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

const MIB: usize = 1024 * 1024;

/// A connection from 127.0.0.`last`.
async fn connect_from(last: u8, url: &str) -> TcpStream {
    let to: SocketAddr = url.replace("http://", "").parse().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    let from = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0));
    socket.bind(from).unwrap();
    socket.connect(to).await.unwrap()
}

/// Connections that were answered once and are kept since.
async fn idle_from(last: u8, many: usize, url: &str) -> Vec<TcpStream> {
    let mut idle = Vec::new();
    for _ in 0..many {
        let mut stream = connect_from(last, url).await;
        let asks = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";
        stream.write_all(asks).await.unwrap();
        let mut begun = [0; 12];
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut begun));
        read.await.expect("it is answered").unwrap();
        assert_eq!(&begun, b"HTTP/1.1 200");
        idle.push(stream);
    }
    idle
}

/// A client from 127.0.0.`last` that keeps nothing.
fn client_from(last: u8) -> reqwest::Client {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .local_address(IpAddr::from([127, 0, 0, last]))
        .pool_max_idle_per_host(0)
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

async fn is_answered(what: &str, client: &reqwest::Client, url: &str) {
    let began = Instant::now();
    let answer = client.get(url).send().await;
    let answer = answer.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert_eq!(answer.status(), 200, "{what}");
    let took = began.elapsed();
    assert!(took < Duration::from_secs(3), "{what}: {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_by_the_thousand_shut_nobody_out() {
    let files = getrlimit(Resource::Nofile);
    let more = Rlimit {
        current: files.maximum.map(|most| most.min(8192)).or(Some(8192)),
        ..files
    };
    setrlimit(Resource::Nofile, more).unwrap();
    let mut deployment = Deployment::new().await;
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    deployment.env.insert("METRICS_PORT".to_owned(), port);
    let child = deployment.start().await;
    let metrics = child.metrics_url.clone().expect("a second listener");
    let mut idle = Vec::new();
    // From one address, more than it may have; then from so many that all places are taken.
    for (last, many) in [(2, 1100), (3, 400), (4, 400), (5, 400)] {
        idle.push(idle_from(last, many, &child.url).await);
        idle.push(idle_from(last, 70, &metrics).await);
        for from in [1, last] {
            let client = client_from(from);
            is_answered("the app", &client, &format!("{}/health/live", child.url)).await;
            is_answered("the metrics", &client, &format!("{metrics}/health/live")).await;
            is_answered("a scrape", &client, &format!("{metrics}/metrics")).await;
        }
        let ada = deployment.slack.person("ada");
        let response = ada.command("builds", "/incident", "list").await;
        assert!(response.is_ok(), "{response:?}");
    }
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    deployment.close().await;
}

/// The most memory that it has had, in MiB.
fn most_memory(child: &Wardroom) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<usize>().unwrap() / 1024
}

/// Sends a head and most of 25 MiB, and then hardly anything. Gives what was answered, if anything.
async fn slow(last: u8, url: String, signature: String) -> String {
    let mut stream = connect_from(last, &url).await;
    let head = format!(
        "POST /github/webhooks HTTP/1.1\r\nhost: x\r\nx-github-event: push\r\nx-github-delivery: {last}\r\n\
         {signature}content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        25 * MIB
    );
    let (mut reads, mut writes) = stream.split();
    let sends = async {
        let piece = vec![b' '; MIB];
        writes.write_all(head.as_bytes()).await?;
        for _ in 0..24 {
            writes.write_all(&piece).await?;
        }
        loop {
            writes.write_all(b" ").await?;
            moment::pass(Duration::from_millis(100)).await;
        }
    };
    let mut answer = String::new();
    let reads = reads.read_to_string(&mut answer);
    tokio::select! {
        _cut = reads => {}
        ended = sends => { let _: std::io::Result<()> = ended; }
    }
    answer
}

/// A genuine webhook of about this size, and how long its answer took.
async fn genuine(client: &reqwest::Client, url: &str, bytes: usize) -> Duration {
    let body = json!({"ref": "refs/heads/main", "repository": {"full_name": "acme/api"},
        "padding": "x".repeat(bytes)});
    let body = body.to_string().into_bytes();
    let (name, signature) = signed::github(&body);
    let began = Instant::now();
    let answer = client
        .post(format!("{url}/github/webhooks"))
        .header(name, signature)
        .header("x-github-event", "workflow_run")
        .header("x-github-delivery", uuid::Uuid::new_v4().to_string())
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .expect("an answer");
    let status = answer.status();
    assert!(status == 202 || status == 400, "{status} to {bytes} bytes");
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_unsigned_bodies_keep_no_memory_from_signed_ones() {
    let deployment = Deployment::new().await;
    let child = deployment.start().await;
    let shaped = format!("x-hub-signature-256: sha256={}\r\n", "0".repeat(64));
    // What cannot be a signature is refused before its body is read.
    for signature in ["", "x-hub-signature-256: sha256=00\r\n"] {
        let began = Instant::now();
        let answer = slow(2, child.url.clone(), signature.to_owned()).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 401"),
            "{answer}"
        );
        assert!(
            began.elapsed() < Duration::from_secs(3),
            "{:?}",
            began.elapsed()
        );
    }
    let mut attack = JoinSet::new();
    for last in [1, 1, 1, 1, 3, 4, 5, 6] {
        attack.spawn(slow(last, child.url.clone(), shaped.clone()));
    }
    let live = format!("{}/health/live", child.url);
    for round in 0..3 {
        let (one, two) = (client_from(1), client_from(2));
        is_answered("while they send", &one, &live).await;
        let ada = deployment.slack.person("ada");
        let response = ada.command("builds", "/incident", "list").await;
        assert!(response.is_ok(), "{response:?}");
        for (from, client, mib, limit) in [
            ("its own address", &two, 1, 4),
            ("its own address", &two, 20, 8),
            ("the attackers' address", &one, 1, 4),
            ("the attackers' address", &one, 20, 9),
        ] {
            let took = genuine(client, &child.url, mib * MIB).await;
            eprintln!("round {round}: {mib} MiB from {from} after {took:?}");
            assert!(
                took < Duration::from_secs(limit),
                "{mib} MiB from {from}: {took:?}"
            );
        }
    }
    let began = Instant::now();
    while let Some(answer) = attack.join_next().await {
        let answer = answer.unwrap();
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
            "{answer}"
        );
    }
    assert!(
        began.elapsed() < Duration::from_secs(12),
        "{:?}",
        began.elapsed()
    );
    let memory = most_memory(&child);
    eprintln!("at most {memory} MiB");
    assert!(memory < 400, "{memory} MiB");
    until(Duration::from_secs(20), "it is ready as before", || async {
        crate::harness::status(&format!("{}/health/ready", child.url)).await == Some(200)
    })
    .await;
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    deployment.close().await;
}

/// Sends one slow body after the other.
async fn slow_without_end(last: u8, url: String, signature: String) {
    loop {
        slow(last, url.clone(), signature.clone()).await;
    }
}

/// From other addresses, a large signed body takes no longer than [`BESIDE_OTHERS`]. From the address of
/// slow ones, each of which keeps its turn for about half a second, it is next after [`BEHIND_A_SLOW_ONE`],
/// however many wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_over_their_limit_do_not_delay_a_large_signed_body() {
    const BESIDE_OTHERS: Duration = Duration::from_secs(3);
    const BEHIND_A_SLOW_ONE: Duration = Duration::from_secs(6);
    let mut deployment = Deployment::new().await;
    let limit = ("RATE_LIMIT_PER_MINUTE".to_owned(), "1000".to_owned());
    deployment.env.extend([limit]);
    let child = deployment.start().await;
    let shaped = format!("x-hub-signature-256: sha256={}\r\n", "0".repeat(64));
    // Two announced bodies of that size use up the minute's worth of an address, though neither is read.
    for last in [3, 3, 4, 4, 5, 5, 6, 6, 7, 7] {
        let answer = slow(last, child.url.clone(), String::new()).await;
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 401");
        assert!(refused, "{answer}");
    }
    let mut attack = JoinSet::new();
    for last in [3, 4, 5, 6, 7].repeat(3) {
        attack.spawn(slow_without_end(last, child.url.clone(), shaped.clone()));
    }
    moment::pass(Duration::from_secs(1)).await;
    let mut took = Vec::new();
    for _ in 0..3 {
        for (last, most) in [(2, BESIDE_OTHERS), (3, BEHIND_A_SLOW_ONE)] {
            let one = genuine(&client_from(last), &child.url, 24 * MIB).await;
            took.push((last, one, most));
        }
    }
    eprintln!("{took:?}");
    assert!(took.iter().all(|(_, took, most)| took < most), "{took:?}");
    attack.shutdown().await;
    let memory = most_memory(&child);
    eprintln!("at most {memory} MiB");
    assert!(memory < 400, "{memory} MiB");
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    deployment.close().await;
}
