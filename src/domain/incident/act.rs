//! What a person or an area asks for: by a slash command, a button, a form or the API.
//!
//! Every way in becomes a [`Request`], so that a rule holds for all of them.

use super::super::declaration::{Declaration, Source};
use super::super::ids::{Actor, ChannelId, IncidentId, Membership, TeamId, UserId, ViewId};
use super::super::requester::Requester;
use super::super::severity::Severity;
use super::super::text::{ReplyTo, Trigger, Typed};
use super::model::{Role, Status};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub actor: Actor,
    pub membership: Membership,
    /// The workspace in which it was asked, by the installation's own name.
    pub team: Option<TeamId>,
    pub act: Act,
    /// The incident that was named; `None`: the one of `channel`.
    pub target: Option<IncidentRef>,
    /// The channel in which it was asked.
    pub channel: Option<ChannelId>,
    /// The handle that opens a modal, while it lives.
    pub trigger: Option<Trigger>,
    pub answer_to: AnswerTo,
    /// What the people in it are called, as far as the provider says so.
    pub names: BTreeMap<UserId, String>,
    /// What it means outside an incident channel; `None`: the same.
    pub outside_channel: Option<Box<OutsideChannel>>,
}

impl Request {
    /// What a person in Slack asks for, of the incident of their channel.
    pub fn by(requester: Requester, act: Act) -> Self {
        Self {
            actor: Actor::Person(requester.person().clone()),
            membership: requester.membership,
            team: requester.team,
            act,
            target: None,
            channel: requester.reply_to.channel.clone(),
            trigger: requester.trigger,
            answer_to: AnswerTo::Person(requester.reply_to),
            names: requester.names,
            outside_channel: None,
        }
    }

    /// Another area declares an incident.
    pub fn of_area(declaration: Declaration, source: Source) -> Self {
        Self {
            actor: Actor::Wardroom,
            membership: Membership::Ours,
            team: None,
            act: Act::Declare(declaration),
            target: None,
            channel: None,
            trigger: None,
            answer_to: AnswerTo::Area(source),
            names: BTreeMap::new(),
            outside_channel: None,
        }
    }
}

/// Words that begin with a number, as in `status #7 it burns`: in an incident's channel they are
/// words about that incident, outside one the number says which one is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideChannel {
    pub target: IncidentRef,
    /// Without the number.
    pub act: Act,
    /// Whether the number was all that was typed.
    pub alone: bool,
}

/// A way to name an incident.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentRef {
    Id(IncidentId),
    /// `#7`.
    Number(i64),
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

impl AnswerTo {
    /// The person who waits for an answer in Slack.
    pub fn person(&self) -> Option<&ReplyTo> {
        match self {
            Self::Person(to) => Some(to),
            Self::Api | Self::Area(_) => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Nothing was typed: the menu of the incident here, else of everything.
    Menu,
    /// The form to declare with.
    OpenDeclareForm,
    /// A template was chosen in the declare form.
    ChooseTemplate {
        view: ViewId,
        /// As the form has them.
        values: super::super::text::form::Values,
        context: BTreeMap<String, String>,
        revision: u32,
    },
    Declare(Declaration),
    Update {
        text: Typed,
        /// Only if it is not the last update: a button may be pressed twice.
        #[serde(default)]
        unless_last: bool,
    },
    /// On to investigating, identified or monitoring.
    Advance {
        to: Status,
        text: Option<Typed>,
    },
    SetSeverity {
        to: Severity,
        reason: Option<Typed>,
    },
    Assign {
        role: Role,
        person: UserId,
    },
    Resolve {
        note: Option<Typed>,
    },
    /// The form that resolves, with this note in it.
    OpenResolveForm {
        note: Option<Typed>,
    },
    /// What happened so far, for the person who asks.
    Timeline,
    /// The postmortem's draft as a file in the channel.
    Postmortem,
    /// The open incidents and those closed lately.
    List,
    Help {
        /// About this verb only.
        verb: Option<String>,
    },
    Misunderstood {
        /// What is wrong and what to do.
        refusal: super::super::text::Message,
    },
}

/// What the rules must know of an act, whatever its arguments are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// Changes an incident, so not every person may do it.
    Change,
    Declaration,
    /// Adds a draft to an incident that is over.
    Draft,
    View,
    /// Is about no incident, or is not typed.
    Other,
}

impl Act {
    pub(super) fn nature(&self) -> Nature {
        match self {
            Self::Update { .. }
            | Self::Advance { .. }
            | Self::SetSeverity { .. }
            | Self::Assign { .. }
            | Self::Resolve { .. }
            | Self::OpenResolveForm { .. } => Nature::Change,
            Self::Declare(_) => Nature::Declaration,
            Self::Postmortem => Nature::Draft,
            Self::Menu | Self::Timeline => Nature::View,
            Self::OpenDeclareForm
            | Self::ChooseTemplate { .. }
            | Self::List
            | Self::Help { .. }
            | Self::Misunderstood { .. } => Nature::Other,
        }
    }

    /// Whether a refusal is audited: not of what only reads, or was not understood.
    pub(super) fn is_audited(&self) -> bool {
        matches!(
            self.nature(),
            Nature::Change | Nature::Declaration | Nature::Draft
        )
    }

    /// Whether a button may carry it: a second press does not do it a second time.
    pub(super) fn may_be_picked(&self) -> bool {
        matches!(self.nature(), Nature::Change | Nature::Draft | Nature::View)
    }

    /// The words that were typed for it, if there are any.
    pub(super) fn words(&self) -> Option<&Typed> {
        let words = match self {
            Self::Update { text, .. } => Some(text),
            Self::Advance { text, .. } => text.as_ref(),
            Self::SetSeverity { reason, .. } => reason.as_ref(),
            Self::Resolve { note } | Self::OpenResolveForm { note } => note.as_ref(),
            _ => None,
        };
        words.filter(|words| !words.is_empty())
    }

    /// The command that does it to an incident, with `<text>` in the place of what was typed.
    pub(super) fn command(&self, number: i64) -> String {
        let rest = match self {
            Self::Update { .. } => " status".to_owned(),
            Self::Advance { to, .. } => format!(" {to}"),
            Self::SetSeverity { to, .. } => format!(" severity {to}"),
            Self::Resolve { .. } | Self::OpenResolveForm { .. } => " resolved".to_owned(),
            Self::Assign { role, .. } => format!(" assign {} @user", role.as_str()),
            Self::Timeline => " timeline".to_owned(),
            Self::Postmortem => " postmortem".to_owned(),
            _ => String::new(),
        };
        let takes_words = matches!(self, Self::Update { .. }) || self.words().is_some();
        let words = if takes_words { " <text>" } else { "" };
        format!("/incident #{number}{rest}{words}")
    }

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
