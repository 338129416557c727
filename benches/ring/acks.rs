//! Durable acknowledgements: rate, patience and processor time, with batching and without, in turns.
//!
//! `acks` measures taking in alone: the tables are marked as a newer version's, at which a server,
//! as in any rolling upgrade, takes in and decides nothing. The ways are processes on databases of
//! their own, asked in turns for half a second each, and compared turn by turn: what a neighbour on the
//! machine does then meets all. `acks-along` measures the same while everything taken in is also
//! decided and answered in Slack, beside a process that decides nothing; there each round has a
//! process of its own, so that no backlog of one is decided while another is measured.

use super::client::{Load, Make, Request, load};
use super::house::{House, PERSON, Server};
use super::payload;
use super::report::{Report, median, millis};
use simulator::RoomKind;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

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

/// The ways that are measured in turns, the first two by each measure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// As it is.
    Batching,
    /// The same with a transaction of its own for each arrival.
    Baseline,
    /// The naive server, which only takes commands.
    Naive,
    /// As it is, and nothing is decided.
    Alone,
}

impl By {
    fn name(self) -> &'static str {
        match self {
            Self::Batching => "batched",
            Self::Baseline => "baseline",
            Self::Naive => "naive server",
            Self::Alone => "batched, nothing decided",
        }
    }
}

/// The measurements of each way, in the same order.
struct Turns(Vec<(By, Vec<Taken>)>);

impl Turns {
    fn of(ways: &[By]) -> Self {
        Self(ways.iter().map(|by| (*by, Vec::new())).collect())
    }

    fn taken(&self, by: By) -> &[Taken] {
        let found = self.0.iter().find(|(way, _)| *way == by);
        found.map_or(&[], |(_, taken)| taken)
    }

    /// The median of the ratios of measurements that were made side by side.
    fn ratio(&self, of: By, over: By, pick: fn(&Taken) -> f64) -> f64 {
        let pairs = self.taken(of).iter().zip(self.taken(over));
        median(pairs.map(|(of, over)| pick(of) / pick(over)).collect())
    }

    fn rates(&self, of: By, over: By) -> f64 {
        self.ratio(of, over, |taken| taken.load.rate())
    }

    fn p99s(&self, of: By, over: By) -> f64 {
        self.ratio(of, over, |taken| millis(taken.load.within(0.99)))
    }

    fn batched(&self) -> Way {
        way(self.taken(By::Batching))
    }
}

/// Measures taking in alone.
pub async fn alone(report: &mut Report, rounds: usize) -> anyhow::Result<()> {
    use By::{Baseline, Batching, Naive};
    let houses = [
        House::build().await?,
        House::build().await?,
        House::build().await?,
    ];
    let all = [Batching, Baseline, Naive];
    let turns = in_turns(&houses, &all, 64, rounds * 4, commands()).await?;
    say(report, "64 clients, commands", &turns);
    let what = "acks/s, 64 clients, over the baseline";
    report.at_least(what, turns.rates(Batching, Baseline), "×", 2.5);
    let what = "acks/s, 64 clients, over the naive server";
    report.at_least(what, turns.rates(Batching, Naive), "×", 2.5);
    let what = "p99, 64 clients, over the baseline";
    report.at_most(what, turns.p99s(Batching, Baseline), "×", 0.5);
    let batched = turns.batched();
    let what = "server CPU per 1,000 acknowledged commands";
    report.at_most(what, batched.cpu, "ms", 40.0);
    let what = "memory under the storm of commands";
    report.at_most(what, batched.peak, "MB", 80.0);

    let turns = in_turns(&houses, &all, 1, rounds * 4, commands()).await?;
    say(report, "1 client, commands", &turns);
    let what = "acks/s, 1 client, over the baseline";
    report.at_least(what, turns.rates(Batching, Baseline), "×", 0.9);
    let what = "acks/s, 1 client, over the naive server";
    report.at_least(what, turns.rates(Batching, Naive), "×", 0.75);

    let both = [Batching, Baseline];
    let turns = in_turns(&houses, &both, 64, rounds * 4, webhooks()).await?;
    say(report, "64 clients, 13 KB webhooks", &turns);
    let what = "acks/s, 13 KB, 64 clients, over the baseline";
    report.at_least(what, turns.rates(Batching, Baseline), "×", 1.5);
    let what = "memory under the storm of 13 KB webhooks";
    report.at_most(what, turns.batched().peak, "MB", 80.0);
    for house in houses {
        house.raze().await?;
    }
    Ok(())
}

/// Measures taking in while everything is decided and answered as well.
pub async fn along(report: &mut Report, rounds: usize) -> anyhow::Result<()> {
    let houses = [House::build().await?, House::build().await?];
    for (what, clients, make) in [
        ("64 clients, commands", 64, commands()),
        ("64 clients, 13 KB webhooks", 64, webhooks()),
        ("1 client, commands", 1, commands()),
    ] {
        let turns = decided_along(&houses, clients, rounds, make).await?;
        say(report, &format!("{what}, decided along"), &turns);
        let ratios = format!(
            "{:.2}×, {:.2}×",
            turns.rates(By::Batching, By::Baseline),
            turns.p99s(By::Batching, By::Baseline)
        );
        report.figure("  acks/s and p99 over the baseline", ratios);
        let along = turns.rates(By::Batching, By::Alone);
        if clients > 1 {
            let what = format!("acks/s, {what}, decided along, over nothing decided");
            report.at_least(&what, along, "×", 0.85);
        } else {
            let what = "  acks/s over nothing decided";
            report.figure(what, format!("{along:.2}×"));
        }
        let peak = turns.batched().peak;
        report.at_most("memory under this storm", peak, "MB", 80.0);
    }
    for house in houses {
        house.raze().await?;
    }
    Ok(())
}

fn say(report: &mut Report, what: &str, turns: &Turns) {
    for (by, taken) in &turns.0 {
        let way = way(taken);
        let figures = format!(
            "{:.0}/s, p50 {:.1} ms, p99 {:.1} ms, CPU {:.0} ms/1,000",
            way.rate, way.p50, way.p99, way.cpu
        );
        report.figure(&format!("{what}: {}", by.name()), figures);
    }
}

const BATCHING: (&str, &str) = ("WARDROOM_INBOX_BATCHING", "true");
const BASELINE: (&str, &str) = ("WARDROOM_INBOX_BATCHING", "false");

/// Nobody decides; the servers stand side by side, each on a database of its own, and are asked in turns.
async fn in_turns(
    houses: &[House; 3],
    ways: &[By],
    clients: usize,
    count: usize,
    make: Make,
) -> anyhow::Result<Turns> {
    let mut servers = Vec::new();
    for (by, house) in ways.iter().zip(houses) {
        house.clear().await?;
        let server = match by {
            By::Batching | By::Alone => house.serve_undecided(&[BATCHING]).await?,
            By::Baseline => house.serve_undecided(&[BASELINE]).await?,
            By::Naive => house.serve_naive().await?,
        };
        load(server.address, clients, WARM, make.clone()).await?;
        servers.push(server);
    }
    let mut turns = Turns::of(ways);
    for number in 0..count {
        // Who begins changes, too.
        for place in 0..servers.len() {
            let place = (place + number) % servers.len();
            let taken = measure(&servers[place], clients, SLICE, make.clone()).await?;
            turns.0[place].1.push(taken);
        }
    }
    Ok(turns)
}

/// Everything is decided and answered; each round has a process and an emptied database. Beside it, in the
/// same way, the process that decides nothing.
async fn decided_along(
    houses: &[House; 2],
    clients: usize,
    rounds: usize,
    make: Make,
) -> anyhow::Result<Turns> {
    let [deciding, undecided] = houses;
    for client in 0..clients {
        let slack = &deciding.slack;
        let members = [PERSON, &slack.bot_user()];
        let name = format!("bench-{client}");
        slack.add_channel(Some(&room(client)), &name, RoomKind::Public, &members);
    }
    let ways = [By::Batching, By::Alone, By::Baseline];
    let mut turns = Turns::of(&ways);
    for number in 0..rounds {
        for place in 0..ways.len() {
            let place = (place + number) % ways.len();
            for house in houses {
                house.clear().await?;
            }
            let server = match ways[place] {
                By::Batching => deciding.serve(&[BATCHING]).await?,
                By::Baseline | By::Naive => deciding.serve(&[BASELINE]).await?,
                By::Alone => undecided.serve_undecided(&[BATCHING]).await?,
            };
            load(server.address, clients, WARM, make.clone()).await?;
            let taken = measure(&server, clients, ROUND, make.clone()).await?;
            turns.0[place].1.push(taken);
        }
    }
    Ok(turns)
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
