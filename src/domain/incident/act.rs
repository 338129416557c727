//! What somebody asks for, whichever way they ask: a slash command, a button, a form or the API.
//!
//! Every way in becomes a [`Request`], so that a rule holds for all of them.

use super::super::ids::{Actor, ChannelId, IncidentId, Membership, TeamId, UserId, ViewId};
use super::super::text::{ReplyTo, Trigger, Typed};
use super::{Declaration, Severity, Source, Status};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Somebody asks for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub actor: Actor,
    /// Whose workspace they are of.
    pub membership: Membership,
    /// The workspace in which it was asked, by the installation's own name.
    pub team: Option<TeamId>,
    /// For what.
    pub act: Act,
    /// The incident that was named; `None`: the one of `channel`.
    pub target: Option<IncidentRef>,
    /// The channel in which it was asked.
    pub channel: Option<ChannelId>,
    /// The handle that opens a modal, while it lives.
    pub trigger: Option<Trigger>,
    /// Where the answer goes.
    pub answer_to: AnswerTo,
    /// What the people in it are called, as far as the provider says so.
    pub names: BTreeMap<UserId, String>,
    /// What it means outside an incident channel; `None`: the same.
    pub outside_channel: Option<Box<OutsideChannel>>,
}

/// Words that begin with a number, as in `status #7 it burns`: in an incident's channel they are
/// words about that incident, outside one the number says which one is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideChannel {
    /// Which.
    pub target: IncidentRef,
    /// What, without the number.
    pub act: Act,
    /// Whether the number was all that was typed.
    pub alone: bool,
}

/// A way to name an incident.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentRef {
    /// By its id.
    Id(IncidentId),
    /// By its number: `#7`.
    Number(i64),
    /// By its channel.
    Channel(ChannelId),
}

/// Where an answer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerTo {
    /// To a person in Slack, for their eyes only.
    Person(ReplyTo),
    /// Into the inbox row, where the waiting API call finds it.
    Api,
    /// Nowhere: an area asked, because of this.
    Area(Source),
}

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Nothing was said: the menu of the place.
    Menu,
    /// The form to declare with.
    OpenDeclareForm,
    /// A template was chosen in the declare form.
    ChooseTemplate {
        /// The open modal.
        view: ViewId,
        /// The form as it stands, with what was filled in.
        values: super::super::text::form::Values,
        /// Its context.
        context: BTreeMap<String, String>,
        /// Its revision.
        revision: u32,
    },
    /// A new incident.
    Declare(Declaration),
    /// A public update.
    Update {
        /// What to say.
        text: Typed,
        /// Only if it was not said last: by a button, which may be pressed twice.
        #[serde(default)]
        unless_last: bool,
    },
    /// On to investigating, identified or monitoring.
    Advance {
        /// Where to.
        to: Status,
        /// What to say with it.
        text: Option<Typed>,
    },
    /// Worse or better.
    SetSeverity {
        /// How bad it is now.
        to: Severity,
        /// Why.
        reason: Option<Typed>,
    },
    /// A role for somebody.
    Assign {
        /// Which.
        role: Role,
        /// Whom.
        person: UserId,
    },
    /// It is over.
    Resolve {
        /// What mended it.
        note: Option<Typed>,
    },
    /// The form that resolves, with this note in it.
    OpenResolveForm {
        /// What stands in the form at first.
        note: Option<Typed>,
    },
    /// What happened so far, for the one who asks.
    Timeline,
    /// The postmortem's draft as a file in the channel.
    Postmortem,
    /// The open incidents and those closed lately.
    List,
    /// How to use it.
    Help {
        /// About this verb only.
        verb: Option<String>,
    },
    /// What was asked for could not be understood: say so, with what would be.
    Misunderstood {
        /// Words for the person: what is wrong and what to do.
        refusal: super::super::text::Message,
    },
}

impl Act {
    /// The word that metrics, logs and the audit use for it: a bounded set.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Menu => "menu",
            Self::OpenDeclareForm => "declare_form",
            Self::ChooseTemplate { .. } => "template",
            Self::Declare(_) => "declare",
            Self::Update { .. } => "status",
            Self::Advance { to, .. } => to.as_str(),
            Self::SetSeverity { .. } => "severity",
            Self::Assign { .. } => "assign",
            Self::Resolve { .. } => "resolved",
            Self::OpenResolveForm { .. } => "resolve_form",
            Self::Timeline => "timeline",
            Self::Postmortem => "postmortem",
            Self::List => "list",
            Self::Help { .. } => "help",
            Self::Misunderstood { .. } => "unknown",
        }
    }
}

/// A role in an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Leads.
    Commander,
    /// Speaks.
    Comms,
    /// Writes down.
    Scribe,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Commander, Self::Comms, Self::Scribe];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commander => "commander",
            Self::Comms => "comms",
            Self::Scribe => "scribe",
        }
    }

    /// Reads the word, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str().eq_ignore_ascii_case(text))
    }
}
