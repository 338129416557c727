//! Measures the promises about speed and size with the real binary: `scripts/bench`.
//!
//! Ratios are computed within one run on one machine; the baseline is the same binary with batching
//! off. There are no micro-benchmarks: the promises are about what a client, an operator and Slack
//! observe. Arguments select the parts to run; without arguments, all parts run.

mod acks;
mod claims;
mod client;
mod fixture;
mod intake;
mod naive;
mod payload;
mod process;
mod reach;
mod report;
mod webhooks;

use anyhow::bail;
use report::Report;
use std::process::ExitCode;

const PARTS: [(&str, &str); 7] = [
    (
        "acks",
        "durable acknowledgements, batched and baseline; CPU time per 1,000",
    ),
    (
        "acks-along",
        "the same while all signals are also decided and answered",
    ),
    (
        "reach",
        "the time from the acknowledgement to the call at Slack",
    ),
    ("intake", "signals decided per second"),
    (
        "webhooks",
        "200 webhooks a second of GitHub, failed runs inspected; then a backlog",
    ),
    ("claims", "a claim with 1,000 and with 100,000 waiting rows"),
    (
        "process",
        "idle memory, time from start to ready, size of the binary",
    ),
];

fn main() -> ExitCode {
    // `cargo bench` adds this flag.
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    if let [word, url, port] = asked.as_slice()
        && word == naive::ARGUMENT
    {
        return ended(naive::serve(url, port).map(|()| true));
    }
    if let Some(unknown) = asked
        .iter()
        .find(|word| PARTS.iter().all(|(name, _)| name != word))
    {
        eprintln!("bench: unknown part {unknown:?}; the parts are:");
        for (name, what) in PARTS {
            eprintln!("  {name:12}{what}");
        }
        return ExitCode::from(2);
    }
    ended(run(&asked))
}

fn ended(kept: anyhow::Result<bool>) -> ExitCode {
    match kept {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("bench: {error:?}");
            ExitCode::from(3)
        }
    }
}

fn run(asked: &[String]) -> anyhow::Result<bool> {
    let rounds = match std::env::var("BENCH_ROUNDS") {
        Ok(text) => text.parse()?,
        Err(_) => 6,
    };
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let mut report = Report::default();
    for (name, what) in PARTS {
        if !asked.is_empty() && asked.iter().all(|word| word != name) {
            continue;
        }
        println!("{name}: {what}");
        let report = &mut report;
        runtime.block_on(async {
            match name {
                "acks" => acks::alone(report, rounds).await,
                "acks-along" => acks::along(report, rounds.min(3)).await,
                "reach" => reach::measure(report).await,
                "intake" => intake::measure(report).await,
                "webhooks" => webhooks::measure(report).await,
                "claims" => claims::measure(report).await,
                "process" => process::measure(report).await,
                _ => bail!("the part {name} has no measure"),
            }
        })?;
    }
    report.print();
    Ok(report.all_kept())
}
