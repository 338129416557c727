//! Which rows of the area change.

use super::{Failure, Run};

#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A run as it is now: a new one, or news about a known one.
    Run(Box<Run>),
    /// A failure as it is now: a new one, or one that is locked.
    Failure(Box<Failure>),
}
