//! Durable acknowledgements: rate, patience and processor time, with batching and without, in turns.
//!
//! Each round starts the same binary anew on an emptied database, so that neither way profits from
//! what the other left. `acks` measures taking in alone: the tables are marked as a newer
//! version's, at which a server, as in any rolling upgrade, takes in and decides nothing, and both
//! ways have the machine to themselves. `acks-along` measures the same while everything taken in
//! is also decided and answered in Slack, three transactions and a call for each command; most of
//! the machine then belongs to those, which dilutes any ratio, so that nothing is promised there.

use super::client::{Load, Make, Request, load};
use super::house::{House, PERSON};
use super::payload;
use super::report::{Report, median, millis};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use wardroom::simulator::RoomKind;

const WARM: Duration = Duration::from_millis(700);
const LENGTH: Duration = Duration::from_secs(3);

/// What is decided meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deciding {
    Nothing,
    Everything,
}

struct Round {
    load: Load,
    cpu_per_thousand: f64,
    peak_memory: f64,
}

/// One way, over all rounds: medians.
struct Way {
    rate: f64,
    p50: f64,
    p99: f64,
    cpu: f64,
    peak: f64,
}

/// Measures taking in alone.
pub async fn alone(report: &mut Report, rounds: usize) -> anyhow::Result<()> {
    let house = House::build().await?;
    let nothing = Deciding::Nothing;
    let (on, off) = in_turns(&house, 64, rounds, commands(64), nothing).await?;
    say(report, "64 clients, commands", &on, &off);
    report.at_least(
        "acks/s, 64 clients, over the baseline",
        on.rate / off.rate,
        "×",
        2.5,
    );
    report.at_most(
        "p99, 64 clients, over the baseline",
        on.p99 / off.p99,
        "×",
        0.5,
    );
    report.at_most(
        "server CPU per 1,000 acknowledged commands",
        on.cpu,
        "ms",
        40.0,
    );
    report.at_most("memory under the storm of commands", on.peak, "MB", 80.0);
    let (on, off) = in_turns(&house, 1, rounds, commands(1), nothing).await?;
    say(report, "1 client, commands", &on, &off);
    report.at_least(
        "acks/s, 1 client, over the baseline",
        on.rate / off.rate,
        "×",
        0.9,
    );
    let (on, off) = in_turns(&house, 64, rounds, webhooks(), nothing).await?;
    say(report, "64 clients, 13 KB webhooks", &on, &off);
    report.at_least(
        "acks/s, 13 KB, 64 clients, over the baseline",
        on.rate / off.rate,
        "×",
        1.5,
    );
    report.at_most(
        "memory under the storm of 13 KB webhooks",
        on.peak,
        "MB",
        80.0,
    );
    house.raze().await
}

/// Measures taking in while everything is decided and answered as well.
pub async fn along(report: &mut Report, rounds: usize) -> anyhow::Result<()> {
    let house = House::build().await?;
    let everything = Deciding::Everything;
    let (on, off) = in_turns(&house, 64, rounds, commands(64), everything).await?;
    say(report, "64 clients, commands, all decided along", &on, &off);
    report.figure(
        "  ratio of acks/s, of p99",
        format!("{:.2}×, {:.2}×", on.rate / off.rate, on.p99 / off.p99),
    );
    report.at_most(
        "memory under the storm, all decided along",
        on.peak,
        "MB",
        80.0,
    );
    let (on, off) = in_turns(&house, 64, rounds, webhooks(), everything).await?;
    say(
        report,
        "64 clients, 13 KB webhooks, all decided along",
        &on,
        &off,
    );
    report.figure(
        "  ratio of acks/s, of p99",
        format!("{:.2}×, {:.2}×", on.rate / off.rate, on.p99 / off.p99),
    );
    house.raze().await
}

fn say(report: &mut Report, what: &str, on: &Way, off: &Way) {
    for (name, way) in [("batched", on), ("baseline", off)] {
        report.figure(
            &format!("{what}: {name}"),
            format!(
                "{:.0}/s, p50 {:.1} ms, p99 {:.1} ms, CPU {:.0} ms/1,000",
                way.rate, way.p50, way.p99, way.cpu
            ),
        );
    }
}

async fn in_turns(
    house: &House,
    clients: usize,
    rounds: usize,
    make: Make,
    deciding: Deciding,
) -> anyhow::Result<(Way, Way)> {
    for client in 0..clients {
        let members = [PERSON, &house.slack.bot_user()];
        house.slack.add_channel(
            Some(&room(client)),
            &format!("bench-{client}"),
            RoomKind::Public,
            &members,
        );
    }
    mark(house, deciding).await?;
    let (mut on, mut off) = (Vec::new(), Vec::new());
    for number in 0..rounds {
        // Who begins changes, too.
        let order = if number % 2 == 0 {
            ["true", "false"]
        } else {
            ["false", "true"]
        };
        for batching in order {
            let round = round(house, clients, make.clone(), batching).await?;
            if batching == "true" {
                on.push(round)
            } else {
                off.push(round)
            }
        }
    }
    Ok((way(&on), way(&off)))
}

async fn mark(house: &House, deciding: Deciding) -> anyhow::Result<()> {
    let version = match deciding {
        Deciding::Nothing => 1_000,
        Deciding::Everything => 1,
    };
    let mut connection = house.connection().await?;
    sqlx::query("update modules set version = $1")
        .bind(version)
        .execute(&mut connection)
        .await?;
    Ok(())
}

async fn round(house: &House, clients: usize, make: Make, batching: &str) -> anyhow::Result<Round> {
    house.clear().await?;
    let server = house
        .serve(&[("WARDROOM_INBOX_BATCHING", batching)])
        .await?;
    load(server.address, clients, WARM, make.clone()).await?;
    let before = server.cpu()?;
    let load = load(server.address, clients, LENGTH, make).await?;
    let used = server.cpu()?.saturating_sub(before);
    let cpu_per_thousand = millis(used) * 1000.0 / load.took.len() as f64;
    let peak_memory = server.memory("VmHWM")?;
    Ok(Round {
        load,
        cpu_per_thousand,
        peak_memory,
    })
}

fn way(rounds: &[Round]) -> Way {
    let middle = |pick: fn(&Round) -> f64| median(rounds.iter().map(pick).collect());
    Way {
        rate: middle(|round| round.load.rate()),
        p50: middle(|round| millis(round.load.within(0.5))),
        p99: middle(|round| millis(round.load.within(0.99))),
        cpu: middle(|round| round.cpu_per_thousand),
        peak: middle(|round| round.peak_memory),
    }
}

fn room(client: usize) -> String {
    format!("C0BENCH{client:03}")
}

/// A question that everybody may ask, each client in a room of its own.
fn commands(_clients: usize) -> Make {
    Arc::new(|client, _number| {
        let trigger = format!("{}.{client}", Uuid::new_v4().simple());
        Ok(Request::command(&room(client), PERSON, &trigger, "help"))
    })
}

fn webhooks() -> Make {
    Arc::new(|_client, _number| {
        let delivery = Uuid::new_v4();
        Request::webhook(
            "workflow_run",
            &delivery.to_string(),
            payload::workflow_run(delivery.as_u128() as u64),
        )
    })
}
