//! What is written on GitHub, as its area completes it.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// The new state of an issue; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssueEdit {
    pub title: Option<String>,
    pub body: Option<String>,
    /// Whether it is open.
    pub open: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRun {
    /// `None`: it is in progress.
    pub conclusion: Option<CheckConclusion>,
    pub title: String,
    pub summary: String,
    /// Buttons, at most 3: label (20 characters), description (40), identifier (20).
    pub actions: Vec<(String, String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CheckConclusion {
    Success,
    Failure,
    Neutral,
}
