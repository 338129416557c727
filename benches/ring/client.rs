//! Clients that send signed requests over keep-alive connections and measure the time of each answer.
//!
//! The client is minimal, because it shares the machine with the server: usually one write and one
//! read per request. An answer other than 2xx ends the run, because refusals are fast and would
//! distort the figures.

use anyhow::{Context as _, ensure};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wardroom::slack::signature;

/// Slack's signing secret in the benchmark.
pub const SIGNING_SECRET: &str = "the-benchmarks-signing-secret";
/// GitHub's webhook secret in the benchmark.
pub const WEBHOOK_SECRET: &str = "the-benchmarks-webhook-secret";

/// One keep-alive connection.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A complete request, as it is sent.
pub struct Request(Vec<u8>);

impl Request {
    fn of(head: String, body: &[u8]) -> Self {
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        Self(request)
    }

    pub fn get(path: &str) -> Self {
        Self(format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n").into())
    }

    /// A slash command, signed by Slack.
    pub fn command(channel: &str, person: &str, trigger: &str, text: &str) -> Self {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("token", "gIkuvaNzQIHg97ATvDxqgjtO")
            .append_pair("team_id", "T0SIMTEAM1")
            .append_pair("team_domain", "acme")
            .append_pair("channel_id", channel)
            .append_pair("channel_name", "bench")
            .append_pair("user_id", person)
            .append_pair("user_name", "benny")
            .append_pair("command", "/incident")
            .append_pair("text", text)
            .append_pair("api_app_id", "A0SIMAPP01")
            .append_pair("is_enterprise_install", "false")
            .append_pair("trigger_id", trigger)
            .finish()
            .into_bytes();
        let now = chrono::Utc::now().timestamp();
        let signed = signature::sign(SIGNING_SECRET, now, &body);
        let head = format!(
            "POST /slack/commands HTTP/1.1\r\nhost: bench\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\
             x-slack-request-timestamp: {now}\r\nx-slack-signature: {signed}\r\n\r\n",
            body.len()
        );
        Self::of(head, &body)
    }

    /// A webhook, signed by GitHub.
    pub fn webhook(event: &str, delivery: &str, body: Vec<u8>) -> anyhow::Result<Self> {
        let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes())?;
        mac.update(&body);
        let signed = hex::encode(mac.finalize().into_bytes());
        let head = format!(
            "POST /github/webhooks HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nx-github-event: {event}\r\nx-github-delivery: {delivery}\r\n\
             x-hub-signature-256: sha256={signed}\r\n\r\n",
            body.len()
        );
        Ok(Self::of(head, &body))
    }
}

impl Client {
    pub async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .context("connect to the server")?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(16 * 1024),
        })
    }

    /// Sends a request, waits for the complete answer, and returns its status.
    pub async fn send(&mut self, request: &Request) -> anyhow::Result<u16> {
        self.stream.write_all(&request.0).await?;
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(read > 0, "the server closed a keep-alive connection");
            if let Some(status) = answered(&self.buffer)? {
                return Ok(status);
            }
        }
    }
}

/// The status, if the answer is complete.
fn answered(bytes: &[u8]) -> anyhow::Result<Option<u16>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&bytes[..end])?;
    let status = head
        .get(9..12)
        .and_then(|digits| digits.parse().ok())
        .context("a status line")?;
    let length: usize = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(Ok(0), |(_, value)| value.trim().parse())?;
    Ok((bytes.len() >= end + 4 + length).then_some(status))
}

/// Creates the n-th request of a client.
pub type Make = Arc<dyn Fn(usize, u64) -> anyhow::Result<Request> + Send + Sync>;

/// The result of a load.
pub struct Load {
    /// The latency of each answer, sorted.
    pub took: Vec<Duration>,
    /// The duration of the load.
    pub lasted: Duration,
}

impl Load {
    /// Answers per second.
    pub fn rate(&self) -> f64 {
        self.took.len() as f64 / self.lasted.as_secs_f64()
    }

    /// The latency quantile; `part` is between 0 and 1.
    pub fn within(&self, part: f64) -> Duration {
        super::report::within(&self.took, part)
    }
}

/// Lets `clients` send requests for a while; each sends the next one when it has the answer.
pub async fn load(
    address: SocketAddr,
    clients: usize,
    length: Duration,
    make: Make,
) -> anyhow::Result<Load> {
    let began = Instant::now();
    let mut asking = tokio::task::JoinSet::new();
    for client in 0..clients {
        let make = make.clone();
        asking.spawn(async move {
            let mut connection = Client::connect(address).await?;
            let mut took = Vec::new();
            for number in 0.. {
                let request = make(client, number)?;
                let asked = Instant::now();
                if asked.duration_since(began) >= length {
                    break;
                }
                let status = connection.send(&request).await?;
                ensure!((200..300).contains(&status), "answered {status}");
                took.push(asked.elapsed());
            }
            anyhow::Ok(took)
        });
    }
    let took = all(asking).await?;
    Ok(Load {
        took,
        lasted: began.elapsed(),
    })
}

/// Lets `clients` send `count` requests at a rate, whether or not earlier ones are answered. The time of an
/// answer counts from when its request was due.
pub async fn paced(
    address: SocketAddr,
    clients: u64,
    per_second: u64,
    count: u64,
    make: Make,
) -> anyhow::Result<Load> {
    let began = Instant::now();
    let mut asking = tokio::task::JoinSet::new();
    for client in 0..clients {
        let make = make.clone();
        asking.spawn(async move {
            let mut connection = Client::connect(address).await?;
            let mut took = Vec::new();
            for number in (client..count).step_by(usize::try_from(clients)?) {
                let request = make(usize::try_from(client)?, number)?;
                let due = began + Duration::from_secs(number) / u32::try_from(per_second)?;
                tokio::time::sleep_until(due.into()).await;
                let status = connection.send(&request).await?;
                ensure!((200..300).contains(&status), "answered {status}");
                took.push(due.elapsed());
            }
            anyhow::Ok(took)
        });
    }
    let took = all(asking).await?;
    Ok(Load {
        took,
        lasted: began.elapsed(),
    })
}

type Asking = tokio::task::JoinSet<anyhow::Result<Vec<Duration>>>;

/// The times of all clients, sorted.
async fn all(mut asking: Asking) -> anyhow::Result<Vec<Duration>> {
    let mut took = Vec::new();
    while let Some(ended) = asking.join_next().await {
        took.extend(ended??);
    }
    took.sort_unstable();
    Ok(took)
}
