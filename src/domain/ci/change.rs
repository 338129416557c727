//! Which rows of the area change.

use super::issues::Issue;
use super::record::Kept;
use super::{Failure, Inspection, JobFinding, Run};

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
    /// The record of a test or a job as it is now; the record of its repository is locked.
    Record(Box<Kept>),
    /// An issue as it is now; the record of its repository is locked.
    Issue(Box<Issue>),
}
