//! What a decision about the record of a repository's tests needs to know, and what it then knows.

use super::super::area::Context;
use super::super::observation::{Observation, Ran};
use super::comment::PullComment;
use super::findings::Signature;
use super::issues::{DISABLED, Issue, IssueId};
use super::record::{Kept, Subject};
use super::{OfRecord, seen};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// What is asked of a repository's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordNeeds {
    /// The records that an attempt is about, with their issues.
    Round(Round),
    /// The issue of a subject.
    Subject {
        repository: String,
        subject: Subject,
    },
    /// An issue, with the records of its subjects.
    Issue(IssueId),
    /// The same by its number on GitHub.
    Number { repository: String, number: i64 },
    /// The comment of a pull request.
    Comment { repository: String, change: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    pub repository: String,
    pub workflow: i64,
    /// The window's begin.
    pub since: DateTime<Utc>,
    pub trigger: String,
    pub change: String,
    /// The id of the commit's tree.
    pub tree: String,
    /// `None`: all whose last failure was in the workflow.
    pub subjects: Option<Vec<Subject>>,
}

impl Round {
    fn of(seen: &Observation, context: &Context<'_>) -> Self {
        let is_green = seen.result == Ran::Green;
        Self {
            repository: seen.repository.clone(),
            workflow: seen.workflow,
            since: context.now - context.rules.github.healing.flaky.window,
            trigger: seen.trigger.clone(),
            change: seen.change.clone(),
            tree: seen.tree.clone(),
            subjects: (!is_green).then(|| seen::subjects(seen)),
        }
    }
}

/// What is known of a repository's record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordFacts {
    pub records: BTreeMap<Subject, Kept>,
    /// When each change that ran the workflow within the window ran it first, in order.
    pub changes: Vec<DateTime<Utc>>,
    /// Whether a run of the same trigger on the same tree was green.
    pub passed_before: bool,
    pub issues: Vec<Issue>,
    pub comment: Option<PullComment>,
    /// The codes with which GitHub refused issues of this repository lately.
    pub refusals: Vec<String>,
}

impl RecordFacts {
    /// The repository has no issues.
    pub(super) fn is_without_issues(&self) -> bool {
        self.has_refused(DISABLED)
    }

    pub(super) fn has_refused(&self, code: &str) -> bool {
        self.refusals.iter().any(|one| one == code)
    }

    pub(super) fn issue_of(&self, subject: &Subject) -> Option<&Issue> {
        let of_it = self
            .issues
            .iter()
            .filter(|one| one.subjects.contains(subject));
        // Of an issue of its own and one of many, the open one.
        of_it.max_by_key(|one| (one.is_open(), one.changed_at))
    }
}

impl RecordNeeds {
    pub(super) fn of(event: &OfRecord, context: &Context<'_>) -> Self {
        match event {
            OfRecord::Observed(seen) => Self::Round(Round::of(seen, context)),
            OfRecord::IssueWanted(wanted) => Self::Subject {
                repository: wanted.repository.clone(),
                subject: Subject::Job(Signature::known(wanted.job.signature.clone())),
            },
            OfRecord::IssueEdited(edited) => Self::Number {
                repository: edited.repository.clone(),
                number: edited.number,
            },
        }
    }
}
