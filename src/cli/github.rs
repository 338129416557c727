//! `wardroom github redeliver`: asks GitHub for the webhooks that it could not deliver.
//!
//! The server does the same by itself every five minutes. The command calls GitHub directly and writes nothing to
//! the database: a webhook that comes twice is one signal.

use super::bulk::since;
use super::plan::{self, PlanArgs};
use super::{ConfigArgs, Ended, Stop, output, with_database};
use crate::app::couriers;
use crate::config::Config;
use crate::courier::{AnyCourier, Outcome, Parcel};
use crate::domain::effect::github::{self, FailedDelivery};
use crate::domain::effect::{Answer, Effect};
use crate::domain::ids::EffectId;
use crate::engine::clock::Clock;
use crate::store::{Batching, Store};
use crate::telemetry::metrics::Metrics;
use chrono::{DateTime, Utc};
use clap::Subcommand;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How long a call may take; a list has many pages.
const DEADLINE: Duration = Duration::from_secs(60);
/// A pause that GitHub asks for is waited for if it is no longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// Progress is printed after so many webhooks.
const STEP: usize = 50;

#[derive(Debug, Subcommand)]
pub(super) enum GithubCommand {
    /// Have failed deliveries of webhooks sent again
    Redeliver {
        /// Those that failed since then, such as 72h, or in RFC 3339
        #[arg(long, value_name = "TIME", default_value = "72h", value_parser = since)]
        since: DateTime<Utc>,
        /// Only print what would be sent again
        #[arg(long)]
        dry_run: bool,
    },
    /// Print what would have been found and done about past runs; nothing is written
    Plan(PlanArgs),
}

pub(super) fn run(command: &GithubCommand, args: &ConfigArgs) -> Ended {
    let (since, dry_run) = match command {
        GithubCommand::Redeliver { since, dry_run } => (since, dry_run),
        GithubCommand::Plan(wanted) => return plan::run(wanted, args),
    };
    with_database(args, async |config, database| {
        let courier = match app(config) {
            Ok(courier) => courier,
            Err(stop) => return Ok(Err(stop)),
        };
        let store = database.connect(config, Batching::On);
        let ended = redeliver(&store, &*courier, *since, *dry_run).await;
        // A database that did not respond is not waited for again.
        let _closed = tokio::time::timeout(Duration::from_secs(1), store.close()).await;
        Ok(ended)
    })
}

fn app(config: &Config) -> Result<Arc<dyn AnyCourier>, Stop> {
    if config.github.app().is_none() {
        let words = "no GitHub App is configured: set GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY";
        return Err(Stop::Wrong(words.to_owned()));
    }
    let metrics = Arc::new(Metrics::new("", ""));
    let courier = couriers::github(config, &metrics);
    let courier = courier.map_err(|error| Stop::Wrong(format!("{error:#}")))?;
    courier.ok_or_else(|| Stop::Wrong("GitHub is not configured".to_owned()))
}

async fn redeliver(
    store: &Store,
    courier: &dyn AnyCourier,
    since: DateTime<Utc>,
    dry_run: bool,
) -> Ended {
    let (mut failed, mut cursor) = (Vec::<FailedDelivery>::new(), None);
    loop {
        let list = github::Effect::ListFailedDeliveries { since, cursor };
        let answer = call(courier, list).await?;
        let Ok(Answer::Github(github::Answer::Deliveries {
            failed: more, next, ..
        })) = answer
        else {
            let code = answer.err().unwrap_or_default();
            return Err(Stop::No(format!("GitHub refused the list: {code}")));
        };
        let known: BTreeSet<String> = failed.iter().map(|one| one.guid.clone()).collect();
        failed.extend(more.into_iter().filter(|one| !known.contains(&one.guid)));
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    failed.sort_by_key(|delivery| delivery.delivered_at);
    let guids: Vec<String> = failed.iter().map(|one| one.guid.clone()).collect();
    let received = store.received_webhooks(&guids).await;
    let received = received.map_err(|error| Stop::Unreachable(error.to_string()))?;
    let missing: Vec<&FailedDelivery> = failed
        .iter()
        .filter(|one| !received.contains(&one.guid))
        .collect();
    let (mut asked, mut refused) = (0, 0);
    for (at, one) in missing.iter().enumerate() {
        let shown = format!(
            "{} {} {}",
            one.guid,
            one.delivered_at.to_rfc3339(),
            one.event
        );
        if dry_run {
            output::line(format_args!("{shown}: would be sent again"));
            continue;
        }
        let again = github::Effect::Redeliver { delivery: one.id };
        match call(courier, again).await? {
            Ok(_) => {
                asked += 1;
                output::line(format_args!("{shown}: is sent again"));
            }
            Err(code) => {
                refused += 1;
                output::line(format_args!("{shown}: refused ({code})"));
            }
        }
        if (at + 1) % STEP == 0 {
            output::aside(format_args!("{} of {}", at + 1, missing.len()));
        }
    }
    let (of, here) = (failed.len(), failed.len() - missing.len());
    output::aside(format_args!(
        "{of} failed; {here} are here already, {asked} are sent again, {refused} were refused"
    ));
    match refused {
        0 => Ok(()),
        _ => Err(Stop::No(String::new())),
    }
}

/// One call; the inner error is the code of a refusal.
async fn call(
    courier: &dyn AnyCourier,
    effect: github::Effect,
) -> Result<Result<Answer, String>, Stop> {
    let effect = Effect::Github(effect);
    loop {
        let now = Clock::System.now();
        let parcel = Parcel {
            id: EffectId(Uuid::new_v4()),
            first_attempt_at: now,
            mark: None,
            after_uncertain: false,
            looked_to: None,
            delayed_from: None,
            now,
            deadline: DEADLINE,
        };
        let outcome = courier.deliver(&effect, &parcel).await;
        match outcome {
            Outcome::Done(answer) => return Ok(Ok(answer)),
            Outcome::Refused { code } => return Ok(Err(code)),
            Outcome::Later { after, .. } if after <= LONGEST_PAUSE => {
                let seconds = after.as_secs();
                output::aside(format_args!("GitHub asks to wait {seconds} s"));
                tokio::time::sleep(after).await;
            }
            other => {
                let code = other.code().unwrap_or_default();
                return Err(Stop::Unreachable(format!("cannot reach GitHub: {code}")));
            }
        }
    }
}
