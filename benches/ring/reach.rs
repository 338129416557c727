//! The time from the acknowledgement of a command to the call at Slack.
//!
//! The commands are status updates, twenty a second, of ten incidents that have a channel. Each update
//! posts in the channel, edits the card and answers the person. The post is found among the
//! simulator's requests by a unique text. Both times are from the same clock.

use super::client::{Client, Request};
use super::fixture::{CHANNEL, Fixture, PERSON};
use super::report::{Report, millis, within};
use anyhow::{Context as _, ensure};
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

const INCIDENTS: usize = 10;
const COMMANDS: usize = 400;
const EVERY: Duration = Duration::from_millis(50);

/// Declares incidents, waits until their channels and cards exist, and returns the channels' ids.
pub async fn declare(
    fixture: &Fixture,
    client: &mut Client,
    count: usize,
) -> anyhow::Result<Vec<String>> {
    for number in 0..count {
        let trigger = Uuid::new_v4().to_string();
        let text = format!("declare P3 api Something is slow, for the {number}th time");
        let status = client
            .send(&Request::command(CHANNEL, PERSON, &trigger, &text))
            .await?;
        ensure!(status == 200, "a declaration was answered {status}");
    }
    let mut connection = fixture.connection().await?;
    for _ in 0..300 {
        let channels: Vec<String> = sqlx::query_scalar(
            "select channel_id from incidents where channel_id is not null and card_ts is not null",
        )
        .fetch_all(&mut connection)
        .await?;
        if channels.len() == count {
            return Ok(channels);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the channels were not created:\n{}", fixture.log())
}

pub async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let server = fixture.serve(&[]).await?;
    let mut client = Client::connect(server.address).await?;
    let channels = declare(&fixture, &mut client, INCIDENTS).await?;
    fixture.slack.forget_requests();

    let mut acknowledged = HashMap::new();
    let mut beat = tokio::time::interval(EVERY);
    for number in 0..COMMANDS {
        beat.tick().await;
        let mark = Uuid::new_v4().simple().to_string();
        let text = format!("status We look at it {mark}");
        let channel = channels.get(number % channels.len()).context("a channel")?;
        let status = client
            .send(&Request::command(channel, PERSON, &mark, &text))
            .await?;
        ensure!(status == 200, "an update was answered {status}");
        acknowledged.insert(mark, chrono::Utc::now().timestamp_millis());
    }
    let mut took = Vec::new();
    for _ in 0..100 {
        took = arrivals(&fixture, &acknowledged);
        if took.len() == COMMANDS {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ensure!(
        took.len() == COMMANDS,
        "{} of {COMMANDS} updates reached Slack:\n{}",
        took.len(),
        fixture.log()
    );
    took.sort_unstable();
    report.at_most(
        "from acknowledgement to Slack, p50",
        millis(within(&took, 0.5)),
        "ms",
        50.0,
    );
    report.at_most(
        "from acknowledgement to Slack, p99",
        millis(within(&took, 0.99)),
        "ms",
        250.0,
    );
    drop(server);
    fixture.remove().await
}

fn arrivals(fixture: &Fixture, acknowledged: &HashMap<String, i64>) -> Vec<Duration> {
    let mut took = Vec::new();
    for call in fixture.slack.requests() {
        if call.method != "chat.postMessage" {
            continue;
        }
        let said = call.args.to_string();
        let found = acknowledged
            .iter()
            .find(|(mark, _)| said.contains(mark.as_str()));
        if let Some((_, at)) = found {
            took.push(Duration::from_millis(
                u64::try_from(call.at_millis - at).unwrap_or(0),
            ));
        }
    }
    took
}
