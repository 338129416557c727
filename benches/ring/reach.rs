//! How long it takes from the acknowledgement of a command to the effect's call at Slack.
//!
//! Status updates, twenty a second, over ten incidents whose rooms stand: each makes a post in the
//! room, an edit of the card and an answer to the person. The post is found among the simulator's
//! requests by words that only it has. Both ends are read from one machine's clock.

use super::client::{Client, Request};
use super::house::{House, PERSON, ROOM};
use super::report::{Report, millis, within};
use anyhow::{Context as _, ensure};
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

const INCIDENTS: usize = 10;
const COMMANDS: usize = 400;
const EVERY: Duration = Duration::from_millis(50);

/// Declares incidents and waits until their rooms stand; gives the rooms' ids.
pub async fn declare(
    house: &House,
    client: &mut Client,
    count: usize,
) -> anyhow::Result<Vec<String>> {
    for number in 0..count {
        let trigger = Uuid::new_v4().to_string();
        let text = format!("declare P3 api Something is slow, for the {number}th time");
        let status = client
            .send(&Request::command(ROOM, PERSON, &trigger, &text))
            .await?;
        ensure!(status == 200, "a declaration was answered {status}");
    }
    let mut connection = house.connection().await?;
    for _ in 0..300 {
        let rooms: Vec<String> = sqlx::query_scalar(
            "select channel_id from incidents where channel_id is not null and card_ts is not null",
        )
        .fetch_all(&mut connection)
        .await?;
        if rooms.len() == count {
            return Ok(rooms);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the rooms were not made:\n{}", house.log())
}

/// Measures.
pub async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let house = House::build().await?;
    let server = house.serve(&[]).await?;
    let mut client = Client::connect(server.address).await?;
    let rooms = declare(&house, &mut client, INCIDENTS).await?;
    house.slack.forget_requests();

    let mut acknowledged = HashMap::new();
    let mut beat = tokio::time::interval(EVERY);
    for number in 0..COMMANDS {
        beat.tick().await;
        let mark = Uuid::new_v4().simple().to_string();
        let text = format!("status We look at it {mark}");
        let room = rooms.get(number % rooms.len()).context("a room")?;
        let status = client
            .send(&Request::command(room, PERSON, &mark, &text))
            .await?;
        ensure!(status == 200, "an update was answered {status}");
        acknowledged.insert(mark, chrono::Utc::now().timestamp_millis());
    }
    let mut took = Vec::new();
    for _ in 0..100 {
        took = arrivals(&house, &acknowledged);
        if took.len() == COMMANDS {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ensure!(
        took.len() == COMMANDS,
        "{} of {COMMANDS} updates reached Slack:\n{}",
        took.len(),
        house.log()
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
    house.raze().await
}

fn arrivals(house: &House, acknowledged: &HashMap<String, i64>) -> Vec<Duration> {
    let mut took = Vec::new();
    for call in house.slack.requests() {
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
