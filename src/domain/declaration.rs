//! What a declaration of an incident says, in words that every area has.
//!
//! Any area may declare an incident ([`super::told::Told`]), and names nothing else of that area.

use super::ids::{UserId, ViewId};
use super::severity::Severity;
use serde::{Deserialize, Serialize};

/// What a declaration says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declaration {
    /// What to call it.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// The service that is hit, as the configuration spells it.
    pub service: String,
    /// Who leads; `None`: the one who declares, if it is a person.
    pub commander: Option<UserId>,
    pub kind: Kind,
    /// The modal that it came from.
    pub view: Option<ViewId>,
    /// The template that filled in the form.
    #[serde(default)]
    pub template: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Real,
    /// An exercise: marked as one, and kept out of the figures.
    Drill,
}

/// What it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A person in Slack.
    Slack,
    Github,
    Alert,
    Heartbeat,
    Api,
}
