//! `wardroom github plan`: what would have been found and done about the runs of a period.
//!
//! It reads GitHub's history, decides with the functions that decide live (`ci::backtest`), and prints. It needs no
//! database and writes nothing: what reads the history can make no other request. The runs are listed first, because
//! budgets, cool-downs and records depend on their order; then each attempt that failed is read, decided and printed
//! before the next one, so that logs and reports of only one are in memory.

use super::bulk::since;
use super::plan_reader::{Halt, Reader};
use super::{ConfigArgs, Ended, Stop, output, run_to_end};
use crate::app::{couriers, rules};
use crate::config::{Config, process_environment, report};
use crate::domain::ci::backtest::{Attempt, Backtest, Verdict};
use crate::domain::rules::Rules;
use crate::engine::clock::Clock;
use crate::telemetry::metrics::Metrics;
use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Progress is shown after so many attempts that failed.
const STEP: usize = 10;

#[derive(Debug, Args, Clone)]
pub(super) struct PlanArgs {
    /// Runs that were created since then, such as 14d, or in RFC 3339
    #[arg(long, value_name = "TIME", default_value = "14d", value_parser = since)]
    since: DateTime<Utc>,
    /// Only this repository [default: all that are watched]
    #[arg(long, value_name = "OWNER/NAME")]
    repo: Option<String>,
    /// Wait until GitHub's quota begins again, instead of stopping with what was read
    #[arg(long)]
    wait: bool,
    /// Stop when there are more attempts; about 1 KB of memory is used for each
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    most: usize,
    /// Print JSON, one object per line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &PlanArgs, config: &ConfigArgs) -> Ended {
    let loaded = Config::load(config.config.as_deref(), &process_environment);
    let Ok((config, _notices)) = &loaded else {
        return Err(Stop::Wrong(report(&loaded)));
    };
    let history = couriers::github_history(config, &Arc::new(Metrics::new("", "")));
    let history = history.map_err(|error| Stop::Wrong(format!("{error:#}")))?;
    let Some(history) = history else {
        let words = "GitHub is not configured: set GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY, or GITHUB_TOKEN";
        return Err(Stop::Wrong(words.to_owned()));
    };
    let rules = rules::from_config(config);
    let rules = rules.map_err(|error| Stop::Wrong(error.to_string()))?;
    run_to_end(async {
        let reader = Reader::new(history, args.wait);
        let (mut attempts, skipped) = listed(&reader, &rules, args).await?;
        let mut backtest = Backtest::new(&rules.github, &mut attempts);
        let halted = decided(&reader, &rules, &mut backtest, attempts, args.json).await;
        let is_complete = halted.is_none() && skipped == 0;
        if args.json {
            let summary = json!({"summary": backtest.summary(), "complete": is_complete});
            output::line(summary);
        } else {
            output::line("");
            backtest
                .summary()
                .lines()
                .into_iter()
                .for_each(output::line);
        }
        match halted {
            Some(halt) => Err(halt.stop("The summary is of what was read before.")),
            None if skipped > 0 => Err(Stop::No(String::new())),
            None => Ok(()),
        }
    })
}

/// The attempts of the period, and how many repositories could not be read.
async fn listed(
    reader: &Reader,
    rules: &Rules,
    args: &PlanArgs,
) -> Result<(Vec<Attempt>, usize), Stop> {
    let nothing = |halt: Halt| halt.stop("Nothing is decided, because not all runs are listed.");
    let repositories = match &args.repo {
        Some(name) => vec![reader.repository(name).await.map_err(nothing)?],
        None => reader.repositories(rules).await.map_err(nothing)?,
    };
    let to = Clock::System.now();
    let (mut attempts, mut skipped) = (Vec::new(), 0);
    for repository in &repositories {
        let name = &repository.full_name;
        let most = args.most - attempts.len();
        match reader.attempts(repository, (args.since, to), most).await {
            Ok(more) => attempts.extend(more),
            Err(Halt::Refused(code)) => {
                skipped += 1;
                output::aside(format_args!(
                    "{name}: GitHub refused the list of runs ({code})"
                ));
            }
            Err(Halt::TooMany(_)) => return Err(nothing(Halt::TooMany(args.most))),
            Err(halt) => return Err(nothing(halt)),
        }
        reader.progress(format_args!("{name}: {} attempts so far", attempts.len()));
    }
    Ok((attempts, skipped))
}

/// Decides and prints one attempt after the other; gives why it stopped before the last.
async fn decided(
    reader: &Reader,
    rules: &Rules,
    backtest: &mut Backtest,
    attempts: Vec<Attempt>,
    as_json: bool,
) -> Option<Halt> {
    let failed = attempts.iter();
    let failed = failed.filter(|one| Backtest::inspection(&one.seen).is_some());
    let (of, mut read) = (failed.count(), 0);
    let mut known = BTreeSet::new();
    for attempt in attempts {
        let Some(mut inspection) = Backtest::inspection(&attempt.seen) else {
            if let Some(verdict) = backtest.ended(&attempt) {
                print(&verdict, as_json);
            }
            continue;
        };
        let line = inspection.run.line.clone();
        if known.insert(line.repository.clone()) {
            match reader.own_file(&line.repository).await {
                Ok(own) => backtest.set_own_file(&line.repository, own),
                Err(halt) => return Some(halt),
            }
        }
        let reports = &rules.github.healing.reports;
        let recorded = backtest.recorded(&line);
        let next = attempt.next.as_ref().map(|next| next.at);
        let expired = reader
            .inspect(&mut inspection, reports, &recorded, next)
            .await;
        match expired {
            Ok(expired) => print(&backtest.failed(&attempt, &inspection, expired), as_json),
            Err(halt) => return Some(halt),
        }
        read += 1;
        if read % STEP == 0 {
            reader.progress(format_args!("{read} of {of} failed attempts"));
        }
    }
    None
}

fn print(verdict: &Verdict, as_json: bool) {
    if as_json {
        output::line(json!(verdict));
    } else {
        verdict.lines().into_iter().for_each(output::line);
    }
}
