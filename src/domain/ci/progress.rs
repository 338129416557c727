//! What is done about a failure, in a word and in sentences.

use super::super::text::Text;
use super::Place;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use uuid::Uuid;

/// How far a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Stage {
    /// It is found, and not yet decided what is done about it.
    Detected,
    /// A repair is planned, waits for approval, or is in progress.
    Repairing,
    /// The attempt that Wardroom started succeeded.
    Healed,
    /// The repairs did not help, or there are none left.
    GivenUp,
    /// Nothing is done but to tell people.
    Told,
}

/// What a failure's message says of its last run that failed, beside what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The attempt that it is about.
    pub place: Place,
    /// `None` while it is found out why.
    pub stage: Option<Stage>,
    /// What is done about it, what would be, or what prevents it; a paragraph each. Names that come from
    /// GitHub are in plain spans.
    #[serde(default)]
    pub lines: Vec<Text>,
    /// The step that waits for a person: what the button carries.
    #[serde(default)]
    pub approval: Option<Uuid>,
}
