//! What one area tells another.
//!
//! A decision appends it to the inbox in its own transaction, and the other area decides on it in
//! another. The words belong to neither area, so that the two do not name each other.

use super::declaration::{Declaration, Source};
use super::ids::EffectId;
use super::text::Message;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Told {
    /// An area found a reason for an incident.
    DeclareIncident {
        declaration: Declaration,
        /// What the area takes care of.
        source: Source,
    },
    /// An effect of the area is stuck, which operators must hear.
    EffectStuck { effect: EffectId, message: Message },
}

impl Told {
    pub const KINDS: [&'static str; 2] = ["declare_incident", "effect_stuck"];

    /// The kind of its row.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::DeclareIncident { .. } => "declare_incident",
            Self::EffectStuck { .. } => "effect_stuck",
        }
    }
}
