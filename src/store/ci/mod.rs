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
use crate::store::area::{Persist, Statement, with_edit};
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::ring::turns::lock_aggregate;
use crate::store::session::Session;
use chrono::{DateTime, Duration, Utc};

/// Runs, and failures that are over, are deleted so long after the last delivery about them.
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
            (facts.run, facts.green) = runs::known(session, line, *id).await?;
            if needs.state {
                facts.failure = failures::open(session, line).await?;
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
        signal: SignalId,
        changes: &[Change],
    ) -> Result<(), StoreError> {
        for change in changes {
            match change {
                Change::Run(run) => runs::save(session, signal, run).await?,
                Change::Failure(failure) => failures::save(session, signal, failure).await?,
            }
        }
        Ok(())
    }

    fn forget(now: DateTime<Utc>, at_once: i64) -> Vec<Statement> {
        let before = now - KEPT;
        vec![
            sqlx::query!(
                "delete from ci_runs
                  where ctid = any(array(select ctid from ci_runs where received_at < $1
                                          order by received_at limit $2 for update skip locked))",
                before,
                at_once,
            ),
            sqlx::query!(
                "delete from ci_failures
                  where id = any(array(select id from ci_failures
                                        where news_at < $1 and green_at is not null
                                        order by news_at limit $2 for update skip locked))",
                before,
                at_once,
            ),
        ]
    }

    async fn complete(
        database: &Database,
        purpose: &Purpose,
        mut effect: Effect,
        _again: bool,
        _rules: &Rules,
        _now: DateTime<Utc>,
    ) -> Result<Option<Effect>, StoreError> {
        match purpose {
            Purpose::Message { failure, .. } => {
                let failure = failures::failure(database, *failure).await?;
                if let (
                    Effect::Slack(slack::Effect::PostMessage { message: text, .. }),
                    Some(failure),
                ) = (&mut effect, failure)
                {
                    *text = message(&failure);
                }
                Ok(Some(effect))
            }
            Purpose::Update { failure, channel } => {
                let failure = failures::failure(database, *failure).await?;
                let edit = failure.and_then(|failure| {
                    let ts = failure.messages.get(channel)?.clone()?;
                    Some(Edit {
                        channel: channel.clone(),
                        ts,
                        message: message(&failure),
                    })
                });
                Ok(edit.map(|edit| with_edit(effect, edit)))
            }
            Purpose::Answer => Ok(Some(effect)),
        }
    }
}
