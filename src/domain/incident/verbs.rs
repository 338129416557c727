//! The verbs of `/incident`: one table that drives the parser, the help and the docs.
//!
//! A verb that is not here does not exist; an act that can be typed and is not here fails a test.
//! Only what is built is listed: the help promises nothing.

use super::super::rules::Rules;
use super::super::severity::Severity;
use super::super::text::{Message, Words};
use super::act::Act;
use super::command;
use super::model::{Role, Status};
use std::fmt;

/// A verb of `/incident`.
pub struct Verb {
    /// Its name, then its synonyms.
    pub names: &'static [&'static str],
    /// What follows it; its parts are joined.
    arguments: &'static [&'static str],
    /// In a sentence.
    pub does: &'static str,
    pub who: Who,
    /// A command that works.
    pub example: &'static str,
    /// Whether `#7` may follow it.
    pub(crate) about: About,
    /// Reads what follows it.
    pub(crate) read: fn(&mut Words, &Rules) -> Result<Act, Message>,
}

/// Who may use a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Everyone,
    /// The incident's commander and the admins.
    Commander,
    /// Those, and people with another role in the incident.
    Updaters,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Everyone => "everyone",
            Self::Commander => "the commander and admins",
            Self::Updaters => "the commander, comms, the scribe and admins",
        })
    }
}

/// Whether a verb is about one incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// It is: `#7` may follow.
    AnIncident,
    /// It is, and free text follows: `#7` at its beginning names one, but not in an incident channel.
    AnIncidentInWords,
    Nothing,
}

pub const VERBS: &[Verb] = &[
    Verb {
        names: &["declare", "new", "create", "open", "start"],
        arguments: &["[", Severity::RANGE, " SERVICE TITLE]"],
        does: "Declares an incident; without arguments, opens a form.",
        who: Who::Everyone,
        example: "/incident declare P1 api Checkout returns 500s",
        about: About::Nothing,
        read: command::declare,
    },
    Verb {
        names: &["status", "update"],
        arguments: &["TEXT"],
        does: "Posts an update in the incident's channel and on the timeline.",
        who: Who::Updaters,
        example: "/incident status The rollback has begun",
        about: About::AnIncidentInWords,
        read: command::update,
    },
    Verb {
        names: &["investigating"],
        arguments: &["[TEXT]"],
        does: "Someone is investigating.",
        who: Who::Commander,
        example: "/incident investigating Looking at the database",
        about: About::AnIncidentInWords,
        read: |rest, _| Ok(command::advance(Status::Investigating, rest)),
    },
    Verb {
        names: &["identified"],
        arguments: &["[TEXT]"],
        does: "The cause is known.",
        who: Who::Commander,
        example: "/incident identified A bad deploy",
        about: About::AnIncidentInWords,
        read: |rest, _| Ok(command::advance(Status::Identified, rest)),
    },
    Verb {
        names: &["monitoring"],
        arguments: &["[TEXT]"],
        does: "A fix is in place; monitoring.",
        who: Who::Commander,
        example: "/incident monitoring Rolled back, errors are falling",
        about: About::AnIncidentInWords,
        read: |rest, _| Ok(command::advance(Status::Monitoring, rest)),
    },
    Verb {
        names: &["severity", "sev"],
        arguments: &[Severity::RANGE, " [REASON]"],
        does: "Changes the severity; a rise to P1 or P2 is announced.",
        who: Who::Commander,
        example: "/incident severity P1 All regions are hit",
        about: About::AnIncident,
        read: command::severity,
    },
    Verb {
        names: &["resolved", "resolve", "close"],
        arguments: &["[NOTE]"],
        does: "Resolves the incident; everyone who was notified hears it.",
        who: Who::Commander,
        example: "/incident resolved The rollback fixed it",
        about: About::AnIncidentInWords,
        read: |rest, _| {
            Ok(Act::Resolve {
                note: command::some(rest.rest()),
            })
        },
    },
    Verb {
        names: &["assign", "role"],
        arguments: &["[commander|comms|scribe] @USER"],
        does: "Assigns a role; without one, the commander.",
        who: Who::Commander,
        example: "/incident assign comms @bea",
        about: About::AnIncident,
        read: |rest, _| command::assign(None, rest),
    },
    Verb {
        names: &["commander"],
        arguments: &["@USER"],
        does: "Makes someone the commander.",
        who: Who::Commander,
        example: "/incident commander @bea",
        about: About::AnIncident,
        read: |rest, _| command::assign(Some(Role::Commander), rest),
    },
    Verb {
        names: &["timeline"],
        arguments: &[],
        does: "Shows what happened so far, only to you.",
        who: Who::Everyone,
        example: "/incident timeline",
        about: About::AnIncident,
        read: |_, _| Ok(Act::Timeline),
    },
    Verb {
        names: &["postmortem", "post-mortem", "pm"],
        arguments: &[],
        does: "Posts a draft of the postmortem in the channel, once the incident is resolved.",
        who: Who::Everyone,
        example: "/incident postmortem",
        about: About::AnIncident,
        read: |_, _| Ok(Act::Postmortem),
    },
    Verb {
        names: &["list"],
        arguments: &[],
        does: "Lists open incidents and those closed in the last 24 hours.",
        who: Who::Everyone,
        example: "/incident list",
        about: About::Nothing,
        read: |_, _| Ok(Act::List),
    },
    Verb {
        names: &["help"],
        arguments: &["[VERB]"],
        does: "Shows how to use the commands, or one of them.",
        who: Who::Everyone,
        example: "/incident help severity",
        about: About::Nothing,
        read: |rest, _| {
            Ok(Act::Help {
                verb: rest.plain_word(),
            })
        },
    },
];

impl Verb {
    pub fn arguments(&self) -> String {
        self.arguments.concat()
    }

    /// The command with what follows it.
    pub fn usage(&self) -> String {
        let usage = format!("/incident {} {}", self.names[0], self.arguments());
        usage.trim_end().to_owned()
    }
}

/// The verb of that name or synonym, in any case.
pub fn verb(name: &str) -> Option<&'static Verb> {
    let name = name.to_lowercase();
    VERBS.iter().find(|verb| verb.names.contains(&&*name))
}

/// The verb by which an act is typed; `None`: the bare command, or nothing that is typed.
pub fn verb_of(act: &Act) -> Option<&'static str> {
    match act {
        Act::Declare(_) | Act::OpenDeclareForm => Some("declare"),
        Act::Update { .. } => Some("status"),
        Act::Advance { to, .. } => Some(to.as_str()),
        Act::SetSeverity { .. } => Some("severity"),
        Act::Assign { .. } => Some("assign"),
        Act::Resolve { .. } | Act::OpenResolveForm { .. } => Some("resolved"),
        Act::Timeline => Some("timeline"),
        Act::Postmortem => Some("postmortem"),
        Act::List => Some("list"),
        Act::Help { .. } => Some("help"),
        Act::Menu | Act::ChooseTemplate { .. } | Act::Misunderstood { .. } => None,
    }
}
