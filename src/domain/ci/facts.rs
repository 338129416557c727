//! What a decision needs to know, and what it then knows.

use super::super::area::Context;
use super::issues::IssueId;
use super::reports::TestId;
use super::{
    Event, Failure, FailureId, Inspection, InspectionId, JobFinding, Line, Place, RecordFacts,
    RecordNeeds, Run, Timer, seen, watched,
};
use std::collections::BTreeSet;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// A run as it is known so far; its line is locked.
    pub run: Option<(Line, i64)>,
    /// The open failure of that line, and its newest run that succeeded.
    pub state: bool,
    /// This failure, open or closed, locked.
    pub failure: Option<FailureId>,
    /// This inspection with its run and its failure; its line is locked.
    pub inspection: Option<InspectionId>,
    /// Whether there are records of the run's workflow.
    pub recorded: bool,
    /// The record of a repository, locked.
    pub record: Option<RecordNeeds>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    pub run: Option<Run>,
    pub failure: Option<Failure>,
    /// The newest run of the line that succeeded.
    pub green: Option<Place>,
    pub inspection: Option<Inspection>,
    /// What was found of the attempt that the failure shows.
    pub findings: Vec<JobFinding>,
    /// Of the tests that failed in the inspected attempt, those that are known to be flaky.
    pub known_flaky: BTreeSet<TestId>,
    pub recorded: bool,
    pub record: RecordFacts,
}

pub(super) fn needs(event: &Event, context: &Context<'_>) -> Needs {
    match event {
        Event::Run(seen) if watched::is_watched(context.rules, &seen.run.line.repository) => {
            Needs {
                run: Some((seen.run.line.clone(), seen.run.id)),
                state: seen.run.is_told(),
                recorded: seen::may_be_green(seen),
                ..Needs::default()
            }
        }
        Event::TimerDue {
            timer: Timer::InspectionOverdue,
            owner,
            ..
        } => Needs {
            inspection: owner.parse().ok().map(InspectionId),
            ..Needs::default()
        },
        Event::Record(event) => Needs {
            record: Some(RecordNeeds::of(event, context)),
            ..Needs::default()
        },
        Event::TimerDue {
            timer: Timer::IssueQuiet,
            owner,
            ..
        } => Needs {
            record: IssueId::of_text(owner).map(RecordNeeds::Issue),
            ..Needs::default()
        },
        Event::Run(_)
        | Event::Parked(_)
        | Event::TimerDue { .. }
        | Event::Asked(_)
        | Event::Pressed(_) => Needs::default(),
        Event::Receipt(receipt) => Needs {
            failure: receipt.origin.failure(),
            inspection: receipt.origin.read().map(|(inspection, _)| inspection),
            record: receipt.origin.issue().map(RecordNeeds::Issue),
            ..Needs::default()
        },
    }
}
