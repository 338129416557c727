//! What can happen to runs.

use super::super::signal::{ParkedRow, Receipt};
use super::{Purpose, Run};

#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// GitHub reports a run's status.
    Run(Box<Seen>),
    /// An effect of this area ended.
    Receipt(Box<Receipt<Purpose>>),
    /// A signal or an effect of this area was put aside.
    Parked(ParkedRow),
}

/// A run, and what is known of its repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub run: Run,
    pub default_branch: Option<String>,
}

/// The triggers whose runs are about the branch itself. A `pull_request`'s run names the branch that
/// is proposed, and a failed one is its author's concern. `ci_runs_green` has the same list.
const TOLD: [&str; 3] = ["push", "schedule", "workflow_dispatch"];

impl Seen {
    /// Whether it concerns a channel.
    pub fn is_told(&self) -> bool {
        let run = &self.run;
        let is_default = self.default_branch.as_deref() == Some(run.line.branch.as_str());
        is_default && TOLD.contains(&run.trigger.as_str())
    }
}
