//! A change in which a test failed or flaked: the verdict that is not "passed".

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The most marks of a record; older ones are dropped first.
pub const MARKS: usize = 50;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub change: String,
    /// When it was last seen.
    pub at: DateTime<Utc>,
    /// It failed and passed on the same tree.
    pub is_flaky: bool,
    /// The tree that it failed on last, while a pass on it would be evidence.
    pub tree: Option<String>,
    /// That tree had passed before, so that any later pass is evidence.
    pub passed_before: bool,
}

impl Mark {
    /// The test passed on a tree: whether this mark becomes flaky by it.
    pub(super) fn is_contradicted_by(&self, tree: &str) -> bool {
        !self.is_flaky && (self.passed_before || self.tree.as_deref() == Some(tree))
    }

    pub(super) fn forget_tree(&mut self) {
        self.tree = None;
        self.passed_before = false;
    }
}
