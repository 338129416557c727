//! Which rows of the area change.

use super::comment::PullComment;
use super::deliveries::{Listing, Redelivery};
use super::findings::Signature;
use super::issues::Issue;
use super::record::Kept;
use super::{
    Failure, Ignored, Inspection, JobFinding, OwnFile, PullNews, RepairStep, Run, Stage, changes,
};
use chrono::{DateTime, Utc};

#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A run as it is now: a new one, or news about a known one.
    Run(Box<Run>),
    /// A failure as it is now: a new one, or one that is locked.
    Failure(Box<Failure>),
    /// An inspection as it is now: a new one, or one whose line is locked.
    Inspection(Box<Inspection>),
    /// A finding as it is now: a new one, or one whose line is locked.
    Finding(Box<JobFinding>),
    /// How far what is done about the findings of an attempt is.
    Stage {
        repository: String,
        run: i64,
        attempt: i32,
        stage: Stage,
    },
    /// The record of a test or a job as it is now; the record of its repository is locked.
    Record(Box<Kept>),
    /// An issue as it is now; the record of its repository is locked.
    Issue(Box<Issue>),
    /// A run was read, or is about to be.
    RunRead {
        repository: String,
        run: i64,
        at: DateTime<Utc>,
    },
    /// How far failed deliveries were read.
    Listing(Listing),
    /// A webhook was asked for.
    Redelivery(Redelivery),
    /// One that was asked for has come.
    Redelivered {
        guid: String,
    },
    /// A step of a repair as it is now: a new one, or one whose line is locked.
    Repair(Box<RepairStep>),
    /// The own file of this repository, as it was read.
    OwnFile(String, Box<OwnFile>),
    /// What a pull request's newest labels say.
    Pull(Box<PullNews>),
    Changes(changes::Change),
    /// A signature is ignored from now on, or longer.
    Ignored(Box<Ignored>),
    NotIgnored {
        repository: String,
        signatures: Vec<Signature>,
    },
    /// The channels are told of the week that ended then.
    Digest {
        until: DateTime<Utc>,
    },
    /// The comment of a pull request as it is now; the record of its repository is locked.
    Comment(Box<PullComment>),
}

impl Change {
    /// A finding at this stage.
    pub(super) fn staged(finding: &JobFinding, state: Stage) -> Self {
        let finding = finding.clone();
        Self::Finding(Box::new(JobFinding { state, ..finding }))
    }
}

impl From<changes::Change> for Change {
    fn from(change: changes::Change) -> Self {
        Self::Changes(change)
    }
}
