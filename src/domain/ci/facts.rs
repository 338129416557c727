//! What a decision needs to know, and what it then knows.

use super::super::area::Context;
use super::super::effect::{Answer, github};
use super::super::healing::HeldBack;
use super::super::rules::GithubAccess;
use super::super::signal::End;
use super::buttons::Press;
use super::deliveries::{Known, Wanted};
use super::issues::IssueId;
use super::overdue::{self, Silent};
use super::record::Subject;
use super::request::{Act, Request};
use super::{
    Circumstances, Event, Failure, FailureId, Ignored, Inspection, InspectionId, JobFinding, Line,
    OwnFile, Place, Purpose, Receipt, RecordFacts, RecordNeeds, RepairStep, Repaired, Run, Seen,
    Timer, changes, digest, list, seen, watched,
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
    /// Whether there are records of the run's workflow, or a comment in this change.
    pub recorded: Option<String>,
    /// The record of a repository, locked.
    pub record: Option<RecordNeeds>,
    /// The webhooks that GitHub could not deliver; their lock is held.
    pub deliveries: Option<Wanted>,
    /// The runs of which nothing was heard.
    pub overdue: Option<Silent>,
    pub changes: changes::Needs,
    /// The steps of the repairs of the run.
    pub repairs: bool,
    /// What else counts when the repair of the inspection is decided; the owner's budget is locked.
    pub circumstances: bool,
    /// The inspection of this attempt.
    pub repaired: Option<Repaired>,
    /// What is ignored in the repository of the run or the failure; that of an inspection is always known.
    pub ignored: bool,
    pub list: Option<list::Wanted>,
    /// What happened in this week, unless the channels were told already; its lock is held.
    pub digest: Option<digest::Week>,
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
    /// Of the run, in order.
    pub repairs: Vec<RepairStep>,
    pub circumstances: Option<Circumstances>,
    /// The own file of the repository; `None`: it was never read.
    pub own: Option<OwnFile>,
    /// Why nothing is written for the inspected run; `None` too when it was not asked for.
    pub held_back: Option<HeldBack>,
    /// The tests and the failures of jobs that are known to be flaky in the repository of the inspection.
    pub known_flaky: BTreeSet<Subject>,
    pub recorded: bool,
    pub record: RecordFacts,
    pub deliveries: Known,
    /// Each by its repository and its id.
    pub overdue: Vec<(String, i64)>,
    pub changes: changes::Facts,
    /// The signatures that are ignored in the repository.
    pub ignored: Vec<Ignored>,
    pub list: Option<list::Listing>,
    pub digest: Option<digest::Known>,
}

impl Facts {
    /// Whether the inspected run has a newer attempt.
    pub(super) fn is_overtaken(&self, inspection: &Inspection) -> bool {
        let newest = self.run.as_ref().map(|run| run.place.attempt);
        newest.is_some_and(|newest| newest > inspection.run.place.attempt)
    }

    /// Whether a newer run of its line succeeded.
    pub(super) fn is_green_since(&self, inspection: &Inspection) -> bool {
        let place = inspection.run.place;
        self.green.is_some_and(|green| green > place)
    }
}

pub(super) fn needs(event: &Event, context: &Context<'_>) -> Needs {
    match event {
        Event::Run(seen) => of_run(seen, context),
        Event::Changes(event) => of_changes(changes::needs(event, context.rules)),
        Event::Pull(news) => {
            let merged = news.merged.clone().map(changes::Event::Seen);
            let needs = merged.map(|event| changes::needs(&event, context.rules));
            of_changes(needs.unwrap_or_default())
        }
        Event::Pressed(press) => Needs {
            repaired: Press::repaired(press),
            repairs: true,
            failure: press.press().and_then(Press::failure),
            ignored: true,
            ..of_changes(changes::needs_of_press(&press.action, &press.value))
        },
        Event::Parked(_) => Needs::default(),
        Event::Asked(request) => of_request(request, context),
        Event::TimerDue { timer, owner, .. } => match timer {
            Timer::Repair | Timer::RepairOverdue => Needs {
                inspection: owner.parse().ok().map(InspectionId),
                repairs: true,
                circumstances: *timer == Timer::Repair,
                ..Needs::default()
            },
            Timer::FailedDeliveries => Needs {
                deliveries: Some(Wanted::Listing),
                ..Needs::default()
            },
            Timer::OverdueRuns => Needs {
                overdue: Some(overdue::silent(context)),
                ..Needs::default()
            },
            Timer::Digest => Needs {
                digest: digest::due(context),
                ..Needs::default()
            },
            Timer::ChangesDue => of_changes(changes::needs_when_due(owner)),
            Timer::IssueQuiet => Needs {
                record: IssueId::of_text(owner).map(RecordNeeds::Issue),
                ..Needs::default()
            },
            Timer::InspectionOverdue => Needs {
                inspection: owner.parse().ok().map(InspectionId),
                ..Needs::default()
            },
        },
        Event::Record(event) => Needs {
            record: Some(RecordNeeds::of(event, context)),
            ..Needs::default()
        },
        Event::Receipt(receipt) => of_receipt(receipt, context),
    }
}

fn of_request(request: &Request, context: &Context<'_>) -> Needs {
    let list = match &request.act {
        Act::List { repository } => Some(list::Wanted::of(repository.as_deref(), context.rules)),
        Act::Help { .. } | Act::Misunderstood { .. } => None,
    };
    Needs {
        list,
        ..Needs::default()
    }
}

fn of_run(run: &Seen, context: &Context<'_>) -> Needs {
    if !watched::is_watched(context.rules, &run.run.line.repository) {
        return Needs::default();
    }
    let is_inspected = context.rules.github.access != GithubAccess::None;
    Needs {
        run: Some((run.run.line.clone(), run.run.id)),
        state: run.run.is_told(),
        // It matters only when the run is inspected.
        ignored: run.run.is_told() && run.run.has_failed() && is_inspected,
        changes: changes::needs_of_run(&run.run, run.workflow_file.as_deref(), context.rules),
        repairs: run.run.place.attempt > 1,
        recorded: seen::may_be_green(run).then(|| run.run.code.change.clone()),
        ..Needs::default()
    }
}

fn of_receipt(receipt: &Receipt, context: &Context<'_>) -> Needs {
    match (&receipt.origin, &receipt.end) {
        (Purpose::OverdueRun { .. }, _) => {
            let read = overdue::seen(receipt, None);
            read.map_or_else(Needs::default, |read| of_run(&read, context))
        }
        (
            Purpose::FailedDeliveries,
            End::Done(Answer::Github(github::Answer::Deliveries { failed, .. })),
        ) => {
            let guids = failed.iter().map(|delivery| delivery.guid.clone());
            Needs {
                deliveries: Some(Wanted::Of(guids.collect())),
                ..Needs::default()
            }
        }
        (Purpose::FailedDeliveries, _) => Needs {
            deliveries: Some(Wanted::Listing),
            ..Needs::default()
        },
        (Purpose::Changes(purpose), end) => of_changes(changes::needs_of_receipt(purpose, end)),
        (Purpose::Issue { issue }, _) => Needs {
            record: Some(RecordNeeds::Issue(*issue)),
            ..Needs::default()
        },
        (Purpose::PullComment { repository, change }, _) => Needs {
            record: Some(RecordNeeds::Comment {
                repository: repository.clone(),
                change: change.clone(),
            }),
            ..Needs::default()
        },
        (origin, _) => Needs {
            failure: origin.failure(),
            inspection: origin.inspection(),
            repairs: origin.repaired().is_some(),
            ..Needs::default()
        },
    }
}

fn of_changes(changes: changes::Needs) -> Needs {
    Needs {
        changes,
        ..Needs::default()
    }
}
