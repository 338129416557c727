//! The verbs of `/wardroom`: one table that drives the parser, the help and the docs.
//!
//! The command is the app's second one. CI is the only area that answers it today, so its verbs are here;
//! those that are announced and not built are named as such.

use super::request::Act;
use crate::domain::text::Words;

/// A verb of `/wardroom`.
pub struct Verb {
    pub name: &'static str,
    /// What follows it.
    pub arguments: &'static str,
    /// In a sentence.
    pub does: &'static str,
    /// A command that works.
    pub example: &'static str,
    /// Reads what follows it.
    pub(super) read: fn(&mut Words) -> Act,
}

pub const VERBS: &[Verb] = &[
    Verb {
        name: "ci",
        arguments: "[REPO]",
        does: "Shows the latest failures of CI and the flakiest tests, of all repositories or of one.",
        example: "/wardroom ci api",
        read: |rest| Act::List {
            repository: rest.plain_word(),
        },
    },
    Verb {
        name: "help",
        arguments: "[VERB]",
        does: "Shows how to use the commands, or one of them.",
        example: "/wardroom help ci",
        read: |rest| Act::Help {
            verb: rest.plain_word(),
        },
    },
];

/// Announced, and not built.
pub const LATER: [&str; 4] = ["run", "runs", "cancel", "schedule"];

impl Verb {
    /// The command with what follows it.
    pub fn usage(&self) -> String {
        format!("/wardroom {} {}", self.name, self.arguments)
    }
}

/// The verb of that name, in any case.
pub(super) fn verb(name: &str) -> Option<&'static Verb> {
    let name = name.to_lowercase();
    VERBS.iter().find(|verb| verb.name == name)
}
