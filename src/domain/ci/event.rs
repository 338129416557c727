//! What can happen to runs.

use super::super::observation::{IssueWanted, Observation};
use super::super::signal::{ParkedRow, Receipt};
use super::request::{Act, Pressed, Request};
use super::{PullNews, Purpose, Run, Timer, changes};
use crate::domain::requester::Requester;
use crate::domain::text::Message;
use chrono::{DateTime, Utc};

#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// GitHub reports a run's status.
    Run(Box<Seen>),
    /// A person asks for something by `/wardroom`.
    Asked(Box<Request>),
    /// A person pressed a button of a message.
    Pressed(Box<Pressed>),
    /// Something of the record of a repository's tests.
    Record(OfRecord),
    /// News of a pull request.
    Pull(Box<PullNews>),
    /// A repository changed, or what follows from that.
    Changes(changes::Event),
    /// An effect of this area ended.
    Receipt(Box<Receipt<Purpose>>),
    /// A signal or an effect of this area was put aside.
    Parked(ParkedRow),
    TimerDue {
        timer: Timer,
        /// What it was set for, in the words of its rule.
        owner: String,
        /// That of the timer when it was due; one that was set again since then has a higher one.
        generation: i32,
    },
}

impl Event {
    /// The person who waits for an answer.
    pub fn requester(&self) -> Option<&Requester> {
        match self {
            Self::Asked(request) => Some(&request.by),
            Self::Pressed(press) => Some(&press.by),
            Self::Run(_)
            | Self::Record(_)
            | Self::Pull(_)
            | Self::Changes(_)
            | Self::TimerDue { .. }
            | Self::Receipt(_)
            | Self::Parked(_) => None,
        }
    }

    /// The same request, refused with these words.
    pub fn refused(by: Requester, refusal: Message) -> Self {
        let act = Act::Misunderstood { refusal };
        Self::Asked(Box::new(Request { by, act }))
    }
}

impl From<changes::Event> for Event {
    fn from(event: changes::Event) -> Self {
        Self::Changes(event)
    }
}

/// Something that the record of a repository's tests is locked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfRecord {
    /// An attempt of a run ended, and this is known of its tests and jobs.
    Observed(Box<Observation>),
    /// A failure of a job needs an issue.
    IssueWanted(Box<IssueWanted>),
    /// An issue was closed or opened again on GitHub; it may be any issue.
    IssueEdited(IssueEdited),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueEdited {
    pub repository: String,
    pub number: i64,
    /// It was opened again; else it was closed.
    pub open: bool,
    pub by_bot: bool,
    /// By GitHub's clock.
    pub at: Option<DateTime<Utc>>,
}

/// A run, and what is known of its repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub run: Run,
    pub default_branch: Option<String>,
    /// The file's name, such as `ci.yml`.
    pub workflow_file: Option<String>,
}

impl Seen {
    pub fn is_on_default_branch(&self) -> bool {
        let line = &self.run.line;
        !line.is_pull && self.default_branch.as_deref() == Some(line.branch.as_str())
    }
}
