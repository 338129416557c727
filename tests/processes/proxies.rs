//! Behind a proxy: every call to others goes through it, and none to what `NO_PROXY` names.

use crate::harness::collector::Collector;
use crate::harness::wardroom::{Wardroom, errors};
use crate::harness::{Deployment, until};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A forwarding proxy that remembers what it was asked for: `POST /api/chat.postMessage`,
/// `CONNECT slack.invalid:443`. It opens no tunnels.
struct Proxy {
    url: String,
    asked: Arc<Mutex<BTreeSet<String>>>,
}

impl Proxy {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let notes = asked.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(forward(near, notes.clone()));
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> BTreeSet<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// The method and the address of each request in these bytes.
fn requests(bytes: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().filter_map(|line| {
        let (method, rest) = line.strip_suffix(" HTTP/1.1")?.rsplit_once(' ')?;
        // A body without a line's end may stand before the method.
        let method = method.rsplit(|c: char| !c.is_ascii_uppercase()).next()?;
        Some((method.to_owned(), rest.to_owned()))
    });
    lines.collect()
}

async fn forward(mut near: TcpStream, notes: Arc<Mutex<BTreeSet<String>>>) {
    let mut buffer = vec![0; 256 * 1024];
    let mut far: Option<TcpStream> = None;
    loop {
        let read = match &mut far {
            None => near.read(&mut buffer).await.unwrap_or(0),
            Some(far) => {
                let mut back = [0; 16 * 1024];
                tokio::select! {
                    read = near.read(&mut buffer) => read.unwrap_or(0),
                    answer = far.read(&mut back) => match answer {
                        Ok(length) if length > 0 => {
                            if near.write_all(&back[..length]).await.is_err() {
                                return;
                            }
                            continue;
                        }
                        _ => return,
                    },
                }
            }
        };
        if read == 0 {
            return;
        }
        for (method, address) in requests(&buffer[..read]) {
            let target = address.strip_prefix("http://").unwrap_or(&address);
            let (host, path) = target.split_once('/').unwrap_or((target, ""));
            let note = if method == "CONNECT" {
                format!("CONNECT {host}")
            } else {
                let path = path.split(['?', '#']).next().unwrap_or_default();
                format!("{method} /{path}")
            };
            notes.lock().unwrap().insert(note);
            if method == "CONNECT" {
                let refusal = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n";
                let _gone = near.write_all(refusal).await;
                return;
            }
            if far.is_none() {
                far = Some(TcpStream::connect(host).await.unwrap());
            }
        }
        if let Some(far) = &mut far
            && far.write_all(&buffer[..read]).await.is_err()
        {
            return;
        }
    }
}

/// A deployment with a status page, traces and a dead man's switch, all on this machine.
async fn deployment(proxy: &Proxy, collector: &Collector) -> Deployment {
    let mut deployment = Deployment::new().await;
    let config = "
services:
  api: { statuspage_component: kx1 }
admins: [U0ADA]
";
    let base = deployment.slack.base_url();
    for (name, value) in [
        (
            "WARDROOM_CONFIG",
            deployment.folder.write("proxied.yaml", config),
        ),
        ("STATUSPAGE_API_KEY", "sim-statuspage-key".to_owned()),
        ("STATUSPAGE_PAGE_ID", "p1".to_owned()),
        ("STATUSPAGE_API_URL", base.clone()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.clone()),
        ("DEADMAN_URL", format!("{base}/ping")),
        ("HTTP_PROXY", proxy.url.clone()),
    ] {
        deployment.env.insert(name.to_owned(), value);
    }
    deployment
}

async fn declares(deployment: &Deployment) {
    let words = "declare P3 api Checkout returns 500s";
    let person = deployment.slack.person("bea");
    let response = person.command("general", "/incident", words).await;
    assert!(response.is_ok(), "{response:?}");
    until(
        Duration::from_secs(20),
        "the status page shows it",
        || async { deployment.slack.component_status("kx1").is_some() },
    )
    .await;
    deployment.settle(Duration::from_secs(20)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_goes_through_the_proxy() {
    let proxy = Proxy::start().await;
    let collector = Collector::start().await;
    let deployment = deployment(&proxy, &collector).await;
    let child = deployment.start().await;
    declares(&deployment).await;
    // The engine has made progress before its switch is called, which is 5 s later.
    until(Duration::from_secs(20), "the switch is called", || async {
        proxy.asked().contains("GET /ping")
    })
    .await;
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    let asked = proxy.asked();
    for expected in [
        "POST /api/auth.test",
        "POST /api/conversations.create",
        "POST /api/chat.postMessage",
        "PATCH /v1/pages/p1/components/kx1",
        "POST /v1/traces",
    ] {
        assert!(asked.contains(expected), "{expected} is not in {asked:#?}");
    }
    let answered = asked.iter().any(|asked| asked.contains("response"));
    assert!(answered, "no response_url in {asked:#?}");
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_proxy_names_is_called_directly() {
    let proxy = Proxy::start().await;
    let collector = Collector::start().await;
    let mut deployment = deployment(&proxy, &collector).await;
    let except = "localhost,127.0.0.0/8".to_owned();
    deployment.env.insert("no_proxy".to_owned(), except);
    let child = deployment.start().await;
    declares(&deployment).await;
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    assert_eq!(proxy.asked(), BTreeSet::new());
    assert!(collector.requests().0 > 0, "its traces arrive");
    deployment.close().await;
}

/// A root certificate that no server uses.
const ROOT: &str = include_str!("../data/root.pem");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn https_goes_through_its_proxy_by_connect_and_a_refusal_is_no_lost_answer() {
    let proxy = Proxy::start().await;
    let mut deployment = Deployment::new().await;
    for (name, value) in [
        ("SSL_CERT_FILE", deployment.folder.write("root.pem", ROOT)),
        ("SLACK_API_URL", "https://slack.invalid/api".to_owned()),
        ("HTTPS_PROXY", proxy.url.clone()),
    ] {
        deployment.env.insert(name.to_owned(), value);
    }
    let child = Wardroom::start(&deployment.env).await;
    until(Duration::from_secs(10), "the proxy is asked", || async {
        !proxy.asked().is_empty()
    })
    .await;
    let line = child.says(0, "Slack does not answer as it should").await;
    assert_eq!(line["error"], "connect", "{line}");
    let only = BTreeSet::from(["CONNECT slack.invalid:443".to_owned()]);
    assert_eq!(proxy.asked(), only);
    let _log = child.stop().await;
    deployment.close().await;
}
