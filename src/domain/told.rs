//! What one area tells another.
//!
//! A decision appends it to the inbox in its own transaction, and the other area decides on it in
//! another. The words belong to neither area, so that the two do not name each other.

use super::declaration::{Declaration, Source};
use super::ids::EffectId;
use super::observation::{IssueWanted, Observation};
use super::signal::ParkedRow;
use super::text::Message;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

/// Its word is the kind of its row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[strum(serialize_all = "snake_case")]
pub enum Told {
    /// An area found a reason for an incident.
    DeclareIncident {
        declaration: Declaration,
        /// What the area takes care of.
        source: Source,
    },
    /// An attempt of a run ended.
    RunObserved(Box<Observation>),
    /// A failure of CI needs an issue.
    IssueWanted(Box<IssueWanted>),
    /// An effect of the area is stuck, which operators must hear.
    EffectStuck { effect: EffectId, message: Message },
    /// A row of the area was put aside, and nothing follows from it but that operators must hear it.
    Parked(ParkedRow),
}
