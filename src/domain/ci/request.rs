//! What a person asks this area for: by `/wardroom`, or by a button of one of its messages.

use super::buttons::Press;
use crate::domain::requester::Requester;
use crate::domain::text::Message;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub by: Requester,
    pub act: Act,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The latest failures, of one repository or of all.
    List { repository: Option<String> },
    Help {
        /// About this verb only.
        verb: Option<String>,
    },
    /// What was typed or pressed means nothing.
    Misunderstood {
        /// What is wrong and what to do.
        refusal: Message,
    },
}

impl Act {
    /// The commands' names in the metrics.
    pub const NAMES: [&str; 3] = ["wardroom_ci", "wardroom_help", "wardroom_unknown"];

    pub(super) fn name(&self) -> &'static str {
        let [ci, help, unknown] = Self::NAMES;
        match self {
            Self::List { .. } => ci,
            Self::Help { .. } => help,
            Self::Misunderstood { .. } => unknown,
        }
    }
}

/// A press of a button: its name, and what the message put into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pressed {
    pub by: Requester,
    /// It begins with [`BUTTONS`].
    pub action: String,
    pub value: String,
}

impl Pressed {
    /// What the button means; `None`: it is another version's.
    pub fn press(&self) -> Option<Press> {
        Press::decode(&self.action, &self.value)
    }
}

/// The names of this area's buttons begin so.
pub const BUTTONS: &str = "ci:";
