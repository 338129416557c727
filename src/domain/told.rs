//! What one area tells another.
//!
//! A decision appends it to the inbox in its own transaction, and the other area decides on it in
//! another. The words belong to neither area, so that the two do not name each other.

use super::act::Declaration;
use super::incident::Source;
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
}

impl Told {
    pub const KINDS: [&'static str; 1] = ["declare_incident"];

    /// The kind of its row.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::DeclareIncident { .. } => "declare_incident",
        }
    }
}
