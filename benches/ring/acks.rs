//! Durable acknowledgements: rate, patience and processor time, with batching and without, in turns.
//!
//! `acks` measures taking in alone: the tables are marked as a newer version's, at which a server,
//! as in any rolling upgrade, takes in and decides nothing. The two ways are two processes on two
//! databases, asked in turns for half a second each, and compared pair by pair: what a neighbour on the
//! machine does then meets both. `acks-along` measures the same while everything taken in is also
//! decided and answered in Slack, three transactions and a call for each command; there each round
//! has a process of its own, and nothing is promised, because the more of the machine those take,
//! the less the batching of the first shows.

use super::client::{Load, Make, Request, load};
use super::house::{House, PERSON, Server};
use super::payload;
use super::report::{Report, median, millis};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use wardroom::simulator::RoomKind;

const WARM: Duration = Duration::from_millis(700);
const SLICE: Duration = Duration::from_millis(500);
const ROUND: Duration = Duration::from_secs(3);

/// One measurement of one way.
struct Taken {
    load: Load,
    cpu: Duration,
    peak_memory: f64,
}

/// One way, over all measurements: medians, and the CPU over all.
struct Way {
    rate: f64,
    p50: f64,
    p99: f64,
    cpu: f64,
    peak: f64,
}

/// Both ways, and how they compare: medians of the pairs' ratios.
struct Both {
    on: Way,
    off: Way,
    rates: f64,
    p99s: f64,
}

/// Measures taking in alone.
pub async fn alone(report: &mut Report, rounds: usize) -> anyhow::Result<()> {
    let houses = [House::build().await?, House::build().await?];
    let both = pairs(&houses, 64, rounds * 4, commands()).await?;
    say(report, "64 clients, commands", &both);
    report.at_least(
        "acks/s, 64 clients, over the baseline",
        both.rates,
        "×",
        2.5,
    );
    report.at_most("p99, 64 clients, over the baseline", both.p99s, "×", 0.5);
    report.at_most(
        "server CPU per 1,000 acknowledged commands",
        both.on.cpu,
        "ms",
        40.0,
    );
    report.at_most(
        "memory under the storm of commands",
        both.on.peak,
        "MB",
        80.0,
    );
    let both = pairs(&houses, 1, rounds * 4, commands()).await?;
    say(report, "1 client, commands", &both);
    report.at_least("acks/s, 1 client, over the baseline", both.rates, "×", 0.9);
    let both = pairs(&houses, 64, rounds * 4, webhooks()).await?;
    say(report, "64 clients, 13 KB webhooks", &both);
    report.at_least(
        "acks/s, 13 KB, 64 clients, over the baseline",
        both.rates,
        "×",
        1.5,
    );
    report.at_most(
        "memory under the storm of 13 KB webhooks",
        both.on.peak,
        "MB",
        80.0,
    );
    for house in houses {
        house.raze().await?;
    }
    Ok(())
}

/// Measures taking in while everything is decided and answered as well.
pub async fn along(report: &mut Report, rounds: usize) -> anyhow::Result<()> {
    let house = House::build().await?;
    for (what, make) in [("commands", commands()), ("13 KB webhooks", webhooks())] {
        let both = decided_along(&house, rounds, make).await?;
        say(report, &format!("64 clients, {what}, decided along"), &both);
        let ratios = format!("{:.2}×, {:.2}×", both.rates, both.p99s);
        report.figure("  acks/s and p99 over the baseline", ratios);
        report.at_most("memory under this storm", both.on.peak, "MB", 80.0);
    }
    house.raze().await
}

fn say(report: &mut Report, what: &str, both: &Both) {
    for (name, way) in [("batched", &both.on), ("baseline", &both.off)] {
        let figures = format!(
            "{:.0}/s, p50 {:.1} ms, p99 {:.1} ms, CPU {:.0} ms/1,000",
            way.rate, way.p50, way.p99, way.cpu
        );
        report.figure(&format!("{what}: {name}"), figures);
    }
}

const BATCHING: &str = "WARDROOM_INBOX_BATCHING";

/// Nobody decides; both processes stand side by side and are asked in turns.
async fn pairs(
    houses: &[House; 2],
    clients: usize,
    count: usize,
    make: Make,
) -> anyhow::Result<Both> {
    for house in houses {
        house.clear().await?;
    }
    let on = houses[0].serve_undecided(&[(BATCHING, "true")]).await?;
    let off = houses[1].serve_undecided(&[(BATCHING, "false")]).await?;
    for server in [&on, &off] {
        load(server.address, clients, WARM, make.clone()).await?;
    }
    let (mut taken_on, mut taken_off) = (Vec::new(), Vec::new());
    for number in 0..count {
        // Who begins changes, too.
        for batched in [number % 2 == 0, number % 2 != 0] {
            let server = if batched { &on } else { &off };
            let taken = measure(server, clients, SLICE, make.clone()).await?;
            if batched {
                taken_on.push(taken)
            } else {
                taken_off.push(taken)
            }
        }
    }
    Ok(both(&taken_on, &taken_off))
}

/// Everything is decided and answered; each round has a process and an emptied database.
async fn decided_along(house: &House, rounds: usize, make: Make) -> anyhow::Result<Both> {
    for client in 0..64 {
        let members = [PERSON, &house.slack.bot_user()];
        let name = format!("bench-{client}");
        house
            .slack
            .add_channel(Some(&room(client)), &name, RoomKind::Public, &members);
    }
    let (mut taken_on, mut taken_off) = (Vec::new(), Vec::new());
    for number in 0..rounds {
        for batched in [number % 2 == 0, number % 2 != 0] {
            house.clear().await?;
            let word = if batched { "true" } else { "false" };
            let server = house.serve(&[(BATCHING, word)]).await?;
            load(server.address, 64, WARM, make.clone()).await?;
            let taken = measure(&server, 64, ROUND, make.clone()).await?;
            if batched {
                taken_on.push(taken)
            } else {
                taken_off.push(taken)
            }
        }
    }
    Ok(both(&taken_on, &taken_off))
}

async fn measure(
    server: &Server,
    clients: usize,
    length: Duration,
    make: Make,
) -> anyhow::Result<Taken> {
    let before = server.cpu()?;
    let load = load(server.address, clients, length, make).await?;
    Ok(Taken {
        cpu: server.cpu()?.saturating_sub(before),
        peak_memory: server.memory("VmHWM")?,
        load,
    })
}

fn both(on: &[Taken], off: &[Taken]) -> Both {
    let ratio = |pick: fn(&Taken) -> f64| {
        median(
            on.iter()
                .zip(off)
                .map(|(on, off)| pick(on) / pick(off))
                .collect(),
        )
    };
    Both {
        on: way(on),
        off: way(off),
        rates: ratio(|taken| taken.load.rate()),
        p99s: ratio(|taken| millis(taken.load.within(0.99))),
    }
}

fn way(taken: &[Taken]) -> Way {
    let middle = |pick: fn(&Taken) -> f64| median(taken.iter().map(pick).collect());
    let cpu: Duration = taken.iter().map(|taken| taken.cpu).sum();
    let answers: usize = taken.iter().map(|taken| taken.load.took.len()).sum();
    Way {
        rate: middle(|taken| taken.load.rate()),
        p50: middle(|taken| millis(taken.load.within(0.5))),
        p99: middle(|taken| millis(taken.load.within(0.99))),
        cpu: millis(cpu) * 1000.0 / answers as f64,
        peak: middle(|taken| taken.peak_memory),
    }
}

fn room(client: usize) -> String {
    format!("C0BENCH{client:03}")
}

/// A question that everybody may ask, each client in a room of its own.
fn commands() -> Make {
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
