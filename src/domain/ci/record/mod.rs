//! Flaky or broken, by the record of a test or of a job's signature.
//!
//! A test is **flaky** when it failed and passed on the same tree, in at least 2 changes and 1 % of the
//! verdicts of 14 days. There is one verdict per change: a pull request counts once however often it is
//! pushed, and a bot's change not at all, because one stuck update would count ten times (LUCI). It is
//! **broken** while its newest failures on the default branch are 3 changes in a row; broken takes precedence, and
//! what happened meanwhile is no evidence for flaky.
//!
//! The two orders of results are not equal evidence. Failed, then passed, is an event at once. Passed, then
//! failed, is one only when the test passes again before it is broken: an outside cause, such as a date or a
//! service, breaks code that passed yesterday.
//!
//! # Rows
//!
//! Passes are not kept by test, so the tables stay bounded:
//!
//! | Table | One row for | Bound |
//! |---|---|---|
//! | `ci_records` | repository and [`Subject`] with something to remember: [`Kept`] | at most [`MARKS`] marks, of 14 days; deleted when [`Record::is_open`] is false, or when it was not seen for 104 days |
//! | `ci_runs` | run | 90 days; the changes of people among them are the verdicts of their workflow, and the trees of green ones answer `passed_before` |
//!
//! A verdict is a change that ran the workflow in which the subject failed last. After a failed attempt, the tests
//! and jobs that failed or flaked are observed, and the tests on record that passed; after a green run, every
//! subject that failed in its workflow before. Workflows leave out jobs by trigger, so a tree is evidence only among
//! runs of one trigger.

mod kept;
mod mark;
mod state;
#[cfg(test)]
mod tests;

pub use kept::{Kept, LastFailure};
pub use mark::{MARKS, Mark};
pub use state::{History, Record};

pub use crate::domain::healing::Thresholds;

use super::findings::Signature;
use super::reports::{Shape, TestId};
use chrono::{DateTime, Utc};

/// A green run is a pass for so many subjects of its workflow, those that failed last.
pub const OF_WORKFLOW: u16 = 1000;

/// What a record is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Test(TestId),
    Job(Signature),
}

/// How the subject ended in one attempt of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Passed,
    Failed,
    /// It failed and passed within the attempt.
    Flaky,
}

/// Who made a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    Person,
    Bot,
}

/// One attempt of a job, as the subject of a record saw it.
#[derive(Debug, Clone, Copy)]
pub struct Round<'a> {
    pub at: DateTime<Utc>,
    /// The pull request, or the commit on a branch without one.
    pub change: &'a str,
    pub author: Author,
    /// The id of the commit's tree: two commits of equal content are the same code.
    pub tree: &'a str,
    pub on_default_branch: bool,
    /// Of the whole round.
    pub shape: Shape,
    /// Whether an earlier round on this tree was green.
    pub passed_before: bool,
    pub ended: Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Healthy,
    Flaky {
        /// It was healthy and flaky again too often: only a person closes it.
        left_to_people: bool,
    },
    Broken,
}

impl Standing {
    /// Whether its failures are excused.
    pub fn is_flaky(self) -> bool {
        matches!(self, Self::Flaky { .. })
    }
}
