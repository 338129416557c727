//! Clients with real signatures over keep-alive connections, and how long each answer took.
//!
//! As small as HTTP allows, because the clients share the machine with what they measure: one
//! write, one read in the usual case. An answer other than 2xx ends a run: figures of refusals
//! would look splendid.

use anyhow::{Context as _, ensure};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wardroom::slack::signature;

/// What Slack signs with in a benchmark.
pub const SIGNING_SECRET: &str = "the-benchmarks-signing-secret";
/// What GitHub signs with in a benchmark.
pub const WEBHOOK_SECRET: &str = "the-benchmarks-webhook-secret";

/// One kept-alive connection.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A request, all but its connection.
pub struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    /// Anything.
    pub fn get(path: &str) -> Self {
        Self {
            head: format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n"),
            body: Vec::new(),
        }
    }

    /// A slash command of Slack's.
    pub fn command(room: &str, person: &str, trigger: &str, text: &str) -> Self {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("token", "gIkuvaNzQIHg97ATvDxqgjtO")
            .append_pair("team_id", "T0SIMTEAM1")
            .append_pair("team_domain", "acme")
            .append_pair("channel_id", room)
            .append_pair("channel_name", "somewhere")
            .append_pair("user_id", person)
            .append_pair("user_name", "somebody")
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
        Self { head, body }
    }

    /// A webhook of GitHub's.
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
        Ok(Self { head, body })
    }
}

impl Client {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .context("the server takes connections")?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(16 * 1024),
        })
    }

    /// Sends and waits for the whole answer; gives its status.
    pub async fn send(&mut self, request: &Request) -> anyhow::Result<u16> {
        self.buffer.clear();
        self.buffer.extend_from_slice(request.head.as_bytes());
        self.buffer.extend_from_slice(&request.body);
        self.stream.write_all(&self.buffer).await?;
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(read > 0, "the server closed a kept-alive connection");
            if let Some(status) = answered(&self.buffer)? {
                return Ok(status);
            }
        }
    }
}

/// The status of an answer that is complete.
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

/// Makes the n-th request of one client.
pub type Make = Arc<dyn Fn(usize, u64) -> anyhow::Result<Request> + Send + Sync>;

/// What a load met.
pub struct Load {
    /// How long each answer took, sorted.
    pub took: Vec<Duration>,
    /// How long it lasted.
    pub lasted: Duration,
}

impl Load {
    /// Answers per second.
    pub fn rate(&self) -> f64 {
        self.took.len() as f64 / self.lasted.as_secs_f64()
    }

    /// The time within which this part (0 to 1) of the answers came.
    pub fn within(&self, part: f64) -> Duration {
        super::report::within(&self.took, part)
    }
}

/// Lets `clients` ask as fast as they are answered, for so long.
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
    let mut took = Vec::new();
    while let Some(ended) = asking.join_next().await {
        took.extend(ended??);
    }
    took.sort_unstable();
    Ok(Load {
        took,
        lasted: began.elapsed(),
    })
}
