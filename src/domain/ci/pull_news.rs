//! News of a pull request: the label `wardroom:off`, and a merge.

use super::changes::CodeChange;
use chrono::{DateTime, Utc};

/// A pull request, as a webhook shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct PullNews {
    pub repository: String,
    pub number: i64,
    /// The repository and the branch that it comes from; runs of a fork's name nothing else. Empty once it is
    /// closed, because another one may come from there.
    pub head: String,
    /// It has the label.
    pub is_off: bool,
    /// The label was just added or removed.
    pub is_about_label: bool,
    /// By GitHub's clock.
    pub updated_at: DateTime<Utc>,
    /// It was merged into the default branch.
    pub merged: Option<CodeChange>,
}
