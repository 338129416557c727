//! The number of signals decided per second, from a backlog that waits when the server starts.
//!
//! The figure is computed from the timestamps of the rows, so it contains neither the start nor the
//! counting. The promise is about a mix: of ten signals, seven are webhooks of 13 KB, two are renamed
//! channels, and one is a question, whose answer in Slack is an effect with a receipt. Status updates,
//! the most expensive kind, are reported separately: each needs facts, a timeline line, an audit row,
//! a save and three effects.

use super::client::Client;
use super::fixture::{CHANNEL, Fixture, PERSON};
use super::report::{Report, median};
use super::{payload, reach};
use anyhow::{Context as _, ensure};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use std::time::Duration;
use uuid::Uuid;
use wardroom::store::{Arrival, Batching, Settings, Store, Way};

const SIGNALS: u64 = 8_000;
const UPDATES: u64 = 2_000;
const ROUNDS: usize = 3;
/// Larger bodies are stored one after another, because the memory of those that wait is limited.
const LARGE: usize = 1024 * 1024;

pub async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        rates.push(rate(&fixture, (0..SIGNALS).map(mixed).collect()).await?);
    }
    report.at_least(
        "signals decided per second, the mix",
        median(rates),
        "/s",
        3_000.0,
    );
    for (what, make) in [
        ("  webhooks of 13 KB alone", webhook as fn(u64) -> Arrival),
        ("  questions alone, with their answers in Slack", question),
    ] {
        let found = rate(&fixture, (0..SIGNALS / 2).map(make).collect()).await?;
        report.figure(what, format!("{found:.0} /s"));
    }

    let server = fixture.serve(&[]).await?;
    let mut client = Client::connect(server.address).await?;
    let channels = reach::declare(&fixture, &mut client, 20).await?;
    drop(server);
    let updates = (0..UPDATES).map(|number| {
        let channel = channels.get(number as usize % channels.len());
        update(channel.map_or(CHANNEL, String::as_str), number)
    });
    let found = rate(&fixture, updates.collect()).await?;
    report.figure(
        "  status updates alone, of 20 incidents",
        format!("{found:.0} /s"),
    );
    fixture.remove().await
}

async fn rate(fixture: &Fixture, arrivals: Vec<Arrival>) -> anyhow::Result<f64> {
    let count = waits(fixture, arrivals).await?;
    let server = fixture.serve(&[]).await?;
    let rate = decided(fixture, count).await?;
    drop(server);
    Ok(rate)
}

/// Empties inbox and outbox, and stores a backlog. Returns how many signals it has.
pub async fn waits(fixture: &Fixture, arrivals: Vec<Arrival>) -> anyhow::Result<i64> {
    fixture.clear().await?;
    let store = Store::connect(Settings {
        servers: fixture.options.clone().into(),
        max_connections: 8,
        way: Way::Direct,
        batching: Batching::On,
        seal: None,
    });
    let count = arrivals.len() as i64;
    let (large, small): (Vec<Arrival>, Vec<Arrival>) = arrivals
        .into_iter()
        .partition(|arrival| arrival.body.len() > LARGE);
    for arrival in large {
        store.append(arrival).await?;
    }
    let appended = stream::iter(small)
        .map(|arrival| store.append(arrival))
        .buffer_unordered(256);
    let refused: Vec<_> = appended
        .filter_map(async |answer| answer.err())
        .collect()
        .await;
    ensure!(refused.is_empty(), "not appended: {refused:?}");
    store.close().await;
    let mut connection = fixture.connection().await?;
    // As autovacuum does within a minute.
    sqlx::query("analyze inbox")
        .execute(&mut connection)
        .await?;
    Ok(count)
}

/// Waits until a backlog of so many signals from outside is decided, and returns how many were in a second.
pub async fn decided(fixture: &Fixture, count: i64) -> anyhow::Result<f64> {
    let mut connection = fixture.connection().await?;
    for _ in 0..600 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let (done, seconds): (i64, Option<f64>) = sqlx::query_as(
            "select count(*), extract(epoch from max(ended_at) - min(ended_at))::float8
               from inbox where source in ('github', 'slack') and state = 'done'",
        )
        .fetch_one(&mut connection)
        .await?;
        if done == count {
            return Ok(count as f64 / seconds.context("some were decided")?);
        }
    }
    anyhow::bail!("the backlog was not decided in time:\n{}", fixture.log())
}

fn mixed(number: u64) -> Arrival {
    match number % 10 {
        0..7 => webhook(number),
        7..9 => renamed(number),
        _ => question(number),
    }
}

pub fn arrival(
    source: &'static str,
    kind: &str,
    subject: String,
    body: impl Into<Bytes>,
) -> Arrival {
    Arrival {
        source,
        kind: kind.to_owned(),
        dedup_key: Uuid::new_v4().to_string(),
        subject,
        headers: serde_json::json!({}),
        body: body.into(),
        traceparent: None,
        at: chrono::Utc::now(),
    }
}

/// Each webhook is about another run.
fn webhook(number: u64) -> Arrival {
    let subject = format!("github:acme/checkout-service:run:{number}");
    arrival(
        "github",
        "workflow_run",
        subject,
        payload::workflow_run(number),
    )
}

fn renamed(number: u64) -> Arrival {
    let channel = format!("C0RENAMED{}", number % 200);
    let body = serde_json::json!({
        "token": "x", "team_id": "T0SIMTEAM1", "api_app_id": "A0SIMAPP01", "type": "event_callback",
        "event_id": format!("Ev{number}"), "event_time": 1_772_355_600,
        "event": {"type": "channel_rename", "event_ts": "1772355600.000100",
            "channel": {"id": channel, "name": format!("renamed-{number}"), "created": 1_772_355_600}},
    });
    arrival(
        "slack",
        "event:channel_rename",
        format!("slack/{channel}"),
        body.to_string(),
    )
}

fn question(number: u64) -> Arrival {
    command(CHANNEL, "help", &format!("slack/question-{}", number % 100))
}

fn update(channel: &str, number: u64) -> Arrival {
    command(
        channel,
        &format!("status We know more, for the {number}th time"),
        &format!("slack/{channel}"),
    )
}

fn command(channel: &str, text: &str, subject: &str) -> Arrival {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("command", "/incident")
        .append_pair("text", text)
        .append_pair("channel_id", channel)
        .append_pair("user_id", PERSON)
        .append_pair("team_id", "T0SIMTEAM1")
        .append_pair("trigger_id", &Uuid::new_v4().to_string())
        .finish();
    arrival("slack", "command", subject.to_owned(), body)
}
