//! Durable acknowledgements: rate, latency and CPU time, with batching and without, in turns.
//!
//! `acks` measures intake alone: the tables are marked as those of a newer version, so that a server
//! stores signals and decides none, as in a rolling upgrade. The variants are processes with separate
//! databases. They are measured in turns for half a second each and compared turn by turn, so that
//! other load on the machine affects all of them. `acks-along` measures the same while all signals are
//! also decided and answered in Slack, compared with a process that decides nothing. There each round
//! starts a new process, so that no backlog of one variant is decided while another is measured.

use super::client::{Load, Make, Request, load};
use super::fixture::{Fixture, PERSON, Server};
use super::payload;
use super::report::{Report, median, millis};
use simulator::ChannelType;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;

const WARM: Duration = Duration::from_millis(700);
const SLICE: Duration = Duration::from_millis(500);
const ROUND: Duration = Duration::from_secs(3);

/// One measurement of one variant.
struct Taken {
    load: Load,
    cpu: Duration,
    peak_memory: f64,
}

/// The medians of all measurements of a variant, and its CPU time over all of them.
struct Way {
    rate: f64,
    p50: f64,
    p99: f64,
    cpu: f64,
    peak: f64,
}

/// The variants that are measured in turns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// The default settings.
    Batching,
    /// Batching off: one transaction for each arrival.
    Baseline,
    /// The naive server, which accepts only commands.
    Naive,
    /// The default settings, but nothing is decided.
    Alone,
}

impl By {
    fn name(self) -> &'static str {
        match self {
            Self::Batching => "batched",
            Self::Baseline => "baseline",
            Self::Naive => "naive server",
            Self::Alone => "batched, without decisions",
        }
    }
}

/// The measurements of each variant, in the same order.
struct Turns(Vec<(By, Vec<Taken>)>);

impl Turns {
    fn of(ways: &[By]) -> Self {
        Self(ways.iter().map(|by| (*by, Vec::new())).collect())
    }

    fn taken(&self, by: By) -> &[Taken] {
        let found = self.0.iter().find(|(way, _)| *way == by);
        found.map_or(&[], |(_, taken)| taken)
    }

    /// The median of the ratios of measurements of the same turn.
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

/// Measures intake alone.
pub async fn alone(report: &mut Report, rounds: usize) -> anyhow::Result<()> {
    use By::{Baseline, Batching, Naive};
    let fixtures = [
        Fixture::new().await?,
        Fixture::new().await?,
        Fixture::new().await?,
    ];
    let all = [Batching, Baseline, Naive];
    let turns = in_turns(&fixtures, &all, 64, rounds * 4, commands()).await?;
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
    let what = "memory under load of commands";
    report.at_most(what, batched.peak, "MB", 80.0);

    let turns = in_turns(&fixtures, &all, 1, rounds * 4, commands()).await?;
    say(report, "1 client, commands", &turns);
    let what = "acks/s, 1 client, over the baseline";
    report.at_least(what, turns.rates(Batching, Baseline), "×", 0.9);
    let what = "acks/s, 1 client, over the naive server";
    report.at_least(what, turns.rates(Batching, Naive), "×", 0.75);

    let both = [Batching, Baseline];
    let turns = in_turns(&fixtures, &both, 64, rounds * 4, webhooks()).await?;
    say(report, "64 clients, 13 KB webhooks", &turns);
    let what = "acks/s, 13 KB, 64 clients, over the baseline";
    report.at_least(what, turns.rates(Batching, Baseline), "×", 1.5);
    let what = "memory under load of 13 KB webhooks";
    report.at_most(what, turns.batched().peak, "MB", 80.0);
    for fixture in fixtures {
        fixture.remove().await?;
    }
    Ok(())
}

/// Measures intake while all signals are also decided and answered.
pub async fn along(report: &mut Report, rounds: usize) -> anyhow::Result<()> {
    let fixtures = [Fixture::new().await?, Fixture::new().await?];
    for (what, clients, make) in [
        ("64 clients, commands", 64, commands()),
        ("64 clients, 13 KB webhooks", 64, webhooks()),
        ("1 client, commands", 1, commands()),
    ] {
        let turns = decided_along(&fixtures, clients, rounds, make).await?;
        say(report, &format!("{what}, with decisions"), &turns);
        let ratios = format!(
            "{:.2}×, {:.2}×",
            turns.rates(By::Batching, By::Baseline),
            turns.p99s(By::Batching, By::Baseline)
        );
        report.figure("  acks/s and p99 over the baseline", ratios);
        let along = turns.rates(By::Batching, By::Alone);
        if clients > 1 {
            let what = format!("acks/s, {what}, with decisions over without");
            report.at_least(&what, along, "×", 0.85);
        } else {
            let what = "  acks/s, with decisions over without";
            report.figure(what, format!("{along:.2}×"));
        }
        let peak = turns.batched().peak;
        report.at_most("memory under this load", peak, "MB", 80.0);
    }
    for fixture in fixtures {
        fixture.remove().await?;
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

/// The servers decide nothing. They run at the same time with separate databases and are measured in turns.
async fn in_turns(
    fixtures: &[Fixture; 3],
    ways: &[By],
    clients: usize,
    count: usize,
    make: Make,
) -> anyhow::Result<Turns> {
    let mut servers = Vec::new();
    for (by, fixture) in ways.iter().zip(fixtures) {
        fixture.clear().await?;
        let server = match by {
            By::Batching | By::Alone => fixture.serve_undecided(&[BATCHING]).await?,
            By::Baseline => fixture.serve_undecided(&[BASELINE]).await?,
            By::Naive => fixture.serve_naive().await?,
        };
        load(server.address, clients, WARM, make.clone()).await?;
        servers.push(server);
    }
    let mut turns = Turns::of(ways);
    for number in 0..count {
        // Each turn begins with another variant.
        for place in 0..servers.len() {
            let place = (place + number) % servers.len();
            let taken = measure(&servers[place], clients, SLICE, make.clone()).await?;
            turns.0[place].1.push(taken);
        }
    }
    Ok(turns)
}

/// All signals are decided and answered; each round has a new process and an empty database. The process that
/// decides nothing is measured in the same way.
async fn decided_along(
    fixtures: &[Fixture; 2],
    clients: usize,
    rounds: usize,
    make: Make,
) -> anyhow::Result<Turns> {
    let [deciding, undecided] = fixtures;
    for client in 0..clients {
        let slack = &deciding.slack;
        let members = [PERSON, &slack.bot_user()];
        let name = format!("bench-{client}");
        slack.add_channel(
            Some(&channel_of(client)),
            &name,
            ChannelType::Public,
            &members,
        );
    }
    let ways = [By::Batching, By::Alone, By::Baseline];
    let mut turns = Turns::of(&ways);
    for number in 0..rounds {
        for place in 0..ways.len() {
            let place = (place + number) % ways.len();
            for fixture in fixtures {
                fixture.clear().await?;
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

fn channel_of(client: usize) -> String {
    format!("C0BENCH{client:03}")
}

/// A command that every person may use; each client has its own channel.
fn commands() -> Make {
    let (run, sent) = (Uuid::new_v4().simple(), AtomicU64::new(0));
    Arc::new(move |client, _number| {
        let trigger = format!("{run}.{}", sent.fetch_add(1, Ordering::Relaxed));
        Ok(Request::command(
            &channel_of(client),
            PERSON,
            &trigger,
            "help",
        ))
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
