//! Runs that have not ended and of which nothing was heard for long: they are read from GitHub.
//!
//! What is read is treated as a webhook about the run, so it changes nothing that is known already.

use super::super::area::Context;
use super::super::effect::{Answer, github};
use super::super::signal::End;
use super::{Change, Decision, Facts, Line, Place, Purpose, Receipt, Run, Seen, Status, Timer};
use chrono::{DateTime, Duration, Utc};

const EVERY: Duration = Duration::minutes(5);
/// How long after its last webhook a run is read: what was lost is not redelivered after three days.
const READ_FOR: Duration = Duration::days(7);
/// How many runs a round reads, the oldest first.
pub const AT_ONCE: i64 = 20;

/// The runs that a round reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silent {
    /// Not heard of since then, nor read.
    pub since: DateTime<Utc>,
    pub heard_after: DateTime<Utc>,
}

pub(super) fn silent(context: &Context<'_>) -> Silent {
    Silent {
        since: context.now - context.rules.github.healing.overdue_after,
        heard_after: context.now - READ_FOR,
    }
}

pub(super) fn begin(decision: &mut Decision, facts: &Facts, context: &Context<'_>) {
    decision.timer(Timer::OverdueRuns.next(context.now + EVERY));
    for (repository, run) in &facts.overdue {
        let (repository, run) = (repository.clone(), *run);
        let read = github::Effect::ReadRun {
            repository: repository.clone(),
            run,
        };
        let purpose = Purpose::OverdueRun {
            repository: repository.clone(),
            run,
        };
        decision.effect(read, purpose);
        decision.change(Change::RunRead {
            repository,
            run,
            at: context.now,
        });
    }
}

/// What was read, as a webhook would tell it; `None`: nothing. Whose change it is of is known already.
pub(super) fn seen(receipt: &Receipt, known: Option<&Run>) -> Option<Seen> {
    let (
        Purpose::OverdueRun { repository, run },
        End::Done(Answer::Github(github::Answer::Run(read))),
    ) = (&receipt.origin, &receipt.end)
    else {
        return None;
    };
    let status = match read.status.as_str() {
        "completed" => Status::of_words("completed", read.conclusion.as_deref())?,
        "in_progress" => Status::InProgress,
        _ => Status::Queued,
    };
    Some(Seen {
        default_branch: read.default_branch.clone(),
        workflow_file: read.workflow_file.clone(),
        run: Run {
            id: *run,
            line: Line::new(
                repository.clone(),
                read.workflow,
                read.branch.clone(),
                &read.trigger,
            ),
            workflow_name: read.workflow_name.clone(),
            place: Place {
                number: read.number,
                attempt: read.attempt,
            },
            trigger: read.trigger.clone(),
            sha: read.sha.clone(),
            code: known.map(|known| known.code.clone()).unwrap_or_default(),
            status,
            actor: read.actor.clone(),
            url: read.url.clone(),
            started_at: read.started_at,
            updated_at: read.updated_at,
        },
    })
}
