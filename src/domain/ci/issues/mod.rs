//! Issues on GitHub: one for each flaky test, and one for each failure of a job that recurs.
//!
//! An issue is open from the failure that asked for it until it was quiet for the clean days of its record. It
//! is opened again when the failure recurs. Who closes it says that it is repaired, and is believed: the record
//! begins anew. [`body`] shows the present state; it is written again at each delivery.

mod issue;
mod markdown;
mod text;

pub use issue::{About, Issue, IssueId, State, Step};
pub use markdown::{code, fenced, link};
pub use text::{body, title};

use crate::domain::decision::Decision;
use crate::domain::observation::IssueWanted;
use crate::domain::told::Told;

/// The label of an issue about a flaky test.
pub const FLAKY_TEST: &str = "flaky-test";
/// So many new ones in a round are one issue.
pub const MANY: usize = 5;

/// Whether GitHub refused because the repository has no issues, or because the issue is gone.
pub fn is_gone(code: &str) -> bool {
    [DISABLED, "gone", "not_found"].contains(&code)
}

/// The code of a repository that has no issues at all.
pub const DISABLED: &str = "issues_disabled";

/// What an operator can do about a refusal; `None`: it says it itself.
pub fn remedy(code: &str) -> Option<&'static str> {
    let kind = code.split(':').next().unwrap_or_default();
    let is_access = ["not_found", "forbidden", "missing_permission"].contains(&kind);
    is_access.then_some(
        "The App needs access to the repository, with the permissions Issues and Pull requests: read and write.",
    )
}

/// Asks for an open issue about a job's failure. Asked for again, it is the same issue.
pub fn upsert<C, P>(decision: &mut Decision<C, P>, wanted: IssueWanted) {
    decision.tell(Told::IssueWanted(Box::new(wanted)));
}
