//! The area of continuous integration in the store.
//!
//! The first failed run of a line finds no row that could be locked, so a decision about a run holds
//! its line's advisory lock; a failure's own row is locked after it.

mod failures;
mod runs;

use crate::domain::ci::{Change, Ci, Facts, Line, Needs, Purpose, message};
use crate::domain::effect::Effect;
use crate::domain::effect::slack::{self, Edit};
use crate::domain::ids::SignalId;
use crate::domain::rules::Rules;
use crate::store::Store;
use crate::store::area::Persist;
use crate::store::error::StoreError;
use crate::store::ring::turns::lock_aggregate;
use crate::store::session::Session;
use chrono::{DateTime, Duration, Utc};

/// Runs and failures are deleted so long after the last news of them.
const KEPT: Duration = Duration::days(90);

fn lock_name(line: &Line) -> String {
    let Line {
        repository,
        workflow,
        branch,
    } = line;
    format!("ci:{repository}:{workflow}:{branch}")
}

impl Persist for Ci {
    async fn load(
        session: &mut Session,
        needs: &Needs,
        _now: DateTime<Utc>,
    ) -> Result<Facts, StoreError> {
        let mut facts = Facts::default();
        if let Some((line, id)) = &needs.run {
            lock_aggregate(session, &lock_name(line)).await?;
            facts.run = runs::run(session, &line.repository, *id).await?;
            if needs.state {
                facts.failure = failures::open(session, line).await?;
                facts.green = runs::green(session, line).await?;
            }
        }
        if let Some(failure) = needs.failure {
            facts.failure = failures::locked(session, failure).await?;
        }
        Ok(facts)
    }

    async fn blank(_session: &mut Session, needs: &[Needs]) -> Result<Vec<bool>, StoreError> {
        let nothing = Needs::default();
        Ok(needs.iter().map(|needs| *needs == nothing).collect())
    }

    /// Every decision about a run holds its line's lock, and locks the failure's row after it.
    fn lock(needs: &Needs) -> Option<String> {
        needs.run.as_ref().map(|(line, _)| lock_name(line))
    }

    async fn save(
        session: &mut Session,
        _signal: SignalId,
        changes: &[Change],
    ) -> Result<(), StoreError> {
        for change in changes {
            match change {
                Change::Run(run) => runs::save(session, run).await?,
                Change::Failure(failure) => failures::save(session, failure).await?,
            }
        }
        Ok(())
    }

    async fn complete(
        store: &Store,
        purpose: &Purpose,
        effect: Effect,
        _again: bool,
        _rules: &Rules,
        _now: DateTime<Utc>,
    ) -> Result<Option<Effect>, StoreError> {
        match (purpose, effect) {
            (
                Purpose::Message { failure, .. },
                Effect::Slack(slack::Effect::PostMessage {
                    channel,
                    message: as_decided,
                }),
            ) => {
                let failure = failures::failure(store, *failure).await?;
                let message = failure.as_ref().map_or(as_decided, message);
                Ok(Some(slack::Effect::PostMessage { channel, message }.into()))
            }
            (
                Purpose::Update { failure, channel },
                Effect::Slack(slack::Effect::UpdateMessage { shows, .. }),
            ) => {
                let failure = failures::failure(store, *failure).await?;
                let edit = failure.and_then(|failure| {
                    let ts = failure.messages.get(channel)?.clone()?;
                    Some(Edit {
                        channel: channel.clone(),
                        ts,
                        message: message(&failure),
                    })
                });
                Ok(edit.map(|edit| {
                    let edit = Some(Box::new(edit));
                    slack::Effect::UpdateMessage { shows, edit }.into()
                }))
            }
            (_, effect) => Ok(Some(effect)),
        }
    }
}

/// Deletes some of what is old; returns how many rows.
pub(super) async fn forget_old(
    store: &Store,
    now: DateTime<Utc>,
    at_once: i64,
) -> Result<u64, StoreError> {
    let before = now - KEPT;
    let mut session = store.single().await?;
    let forgotten = runs::forget(&mut session, before, at_once).await?;
    session.end().await?;
    let mut session = store.single().await?;
    let failures = failures::forget(&mut session, before, at_once).await?;
    session.end().await?;
    Ok(forgotten + failures)
}
