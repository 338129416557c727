//! A line that fails, as it is told: one message in each channel, until it is green again.

use super::super::ids::{ChannelId, MessageTs, SignalId};
use super::{Conclusion, Line, Place, Progress};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FailureId(pub Uuid);

impl FailureId {
    /// The failure that a signal opens: decided again, it is the same.
    pub(super) fn opened_by(signal: SignalId) -> Self {
        Self(Uuid::new_v5(&signal.0, b"ci failure"))
    }
}

/// A line that fails, or failed until it was green again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub id: FailureId,
    pub line: Line,
    pub workflow_name: String,
    /// When the first of its runs failed.
    pub since: DateTime<Utc>,
    /// How many attempts of runs failed.
    pub count: i32,
    /// The newest that failed.
    pub last: Failed,
    pub green: Option<Green>,
    pub on_default_branch: bool,
    /// What is known and done about the last run that failed; `None`: GitHub is not read.
    pub progress: Option<Progress>,
    /// The channels that are told, each with its message once it is posted.
    pub messages: BTreeMap<ChannelId, Option<MessageTs>>,
}

/// A run that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// `None` in a row of an earlier version.
    pub run: Option<i64>,
    pub place: Place,
    pub conclusion: Conclusion,
    pub sha: String,
    pub actor: Option<String>,
    pub url: String,
}

/// A run that succeeded after the last failed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Green {
    pub at: DateTime<Utc>,
    pub number: i64,
    pub url: String,
    /// It is the attempt that Wardroom started.
    pub is_healed: bool,
}
