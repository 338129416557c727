//! A signature that people asked to ignore for a while.

use super::findings::{Class, Signature};
use super::{FailureId, JobFinding};
use crate::domain::ids::UserId;
use chrono::{DateTime, Utc};

/// No failure of this signature is told anew or repaired in its repository until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    pub repository: String,
    pub signature: Signature,
    pub until: DateTime<Utc>,
    pub by: UserId,
    /// The failure whose button it was.
    pub failure: FailureId,
    pub class: Class,
    /// The name of a job that failed so; GitHub's text.
    pub job: String,
}

/// Until when each of these findings is ignored, and who asked for that; `None`: one of them is not, or
/// there is none.
pub fn all_ignored<'i>(
    findings: &[JobFinding],
    ignored: &'i [Ignored],
    now: DateTime<Utc>,
) -> Option<&'i Ignored> {
    let of = |finding: &JobFinding| {
        let mut ignored = ignored.iter().filter(|one| one.until > now);
        ignored.find(|one| one.signature == finding.finding.signature)
    };
    let all: Option<Vec<&Ignored>> = findings.iter().map(of).collect();
    all?.into_iter().min_by_key(|one| one.until)
}
