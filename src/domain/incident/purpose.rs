//! Why an incident's effect was decided: what its receipt needs to know.
//!
//! It is stored beside the effect, and the receipt is decided by it. A purpose fails to compile until
//! [`super::receipts`] answers every end of it.

use super::super::effect::{Effect, slack};
use super::super::ids::{EffectId, IncidentId};
use super::super::text::ReplyTo;
use super::{invitation, naming};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Purpose {
    /// The incident's channel.
    Channel {
        incident: IncidentId,
        /// Who hears where it is, while their `response_url` is valid.
        answer_to: Option<ReplyTo>,
    },
    /// The card: the first message of the channel.
    Card {
        incident: IncidentId,
    },
    /// The card as it is now.
    CardUpdate {
        incident: IncidentId,
    },
    Pin {
        incident: IncidentId,
    },
    Topic {
        incident: IncidentId,
    },
    Invitation {
        incident: IncidentId,
        /// Who gave the invited person a role, and hears it when they cannot be invited.
        answer_to: Option<ReplyTo>,
    },
    /// Tells of the incident outside of its channel: repeated, and marked so, rather than lost.
    Announcement {
        incident: IncidentId,
    },
    /// A line in the incident's own channel.
    Line {
        incident: IncidentId,
        /// Who is told of nothing else, and must hear it when the line cannot be posted.
        answer_to: Option<ReplyTo>,
    },
    /// The postmortem's draft: uploaded, then shared.
    Draft {
        incident: IncidentId,
        /// Who asked for it, and hears it when it cannot be shared.
        answer_to: Option<ReplyTo>,
    },
    /// An answer to a person, who may have no other way to learn it.
    Answer,
    /// A form; `answer_to` gets words when it does not open.
    Form {
        answer_to: ReplyTo,
    },
    /// An open form's new content. Nothing is lost without it: the person closed the form, or sees it
    /// as it was.
    FormUpdate,
    /// An answer that found no better way, or a notice to the operators.
    Notice {
        incident: Option<IncidentId>,
    },
    /// A notice's message as it is now.
    NoticeUpdate {
        /// The effect that carried the message.
        notice: EffectId,
    },
    /// A component of the status page, which shows all incidents of its services.
    Component,
}

impl Purpose {
    pub const KINDS: [&'static str; 15] = [
        "channel",
        "card",
        "card_update",
        "pin",
        "topic",
        "invitation",
        "announcement",
        "line",
        "draft",
        "answer",
        "form",
        "form_update",
        "notice",
        "notice_update",
        "component",
    ];

    /// The word in the database and the metrics, as serde writes it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Channel { .. } => "channel",
            Self::Card { .. } => "card",
            Self::CardUpdate { .. } => "card_update",
            Self::Pin { .. } => "pin",
            Self::Topic { .. } => "topic",
            Self::Invitation { .. } => "invitation",
            Self::Announcement { .. } => "announcement",
            Self::Line { .. } => "line",
            Self::Draft { .. } => "draft",
            Self::Answer => "answer",
            Self::Form { .. } => "form",
            Self::FormUpdate => "form_update",
            Self::Notice { .. } => "notice",
            Self::NoticeUpdate { .. } => "notice_update",
            Self::Component => "component",
        }
    }

    /// The incident that it is about.
    pub fn incident(&self) -> Option<IncidentId> {
        match self {
            Self::Channel { incident, .. }
            | Self::Card { incident }
            | Self::CardUpdate { incident }
            | Self::Pin { incident }
            | Self::Topic { incident }
            | Self::Invitation { incident, .. }
            | Self::Announcement { incident }
            | Self::Line { incident, .. }
            | Self::Draft { incident, .. } => Some(*incident),
            Self::Notice { incident } => *incident,
            Self::Answer
            | Self::Form { .. }
            | Self::FormUpdate
            | Self::NoticeUpdate { .. }
            | Self::Component => None,
        }
    }

    /// Whether a message that comes late says when it was meant: news does, the card shows the
    /// present state.
    pub fn is_news(&self) -> bool {
        !matches!(self, Self::Card { .. })
    }

    /// Whether the receipt answers this refusal by another way, such as the next name: then no person
    /// has to look at the effect.
    pub fn has_another_way(&self, effect: &Effect, code: &str) -> bool {
        match self {
            Self::Channel { .. } => {
                let plainest = matches!(effect, Effect::Slack(slack::Effect::CreateChannel { name, .. })
                    if naming::is_by_number(name));
                code == "name_taken" || (code.starts_with("invalid_name") && !plainest)
            }
            Self::CardUpdate { .. } => code == "message_not_found",
            Self::Invitation { .. } => code == invitation::OURSELVES,
            // The next notice of its kind is a new message.
            Self::Answer | Self::Form { .. } | Self::FormUpdate | Self::NoticeUpdate { .. } => true,
            Self::Card { .. }
            | Self::Pin { .. }
            | Self::Topic { .. }
            | Self::Announcement { .. }
            | Self::Line { .. }
            | Self::Draft { .. }
            | Self::Notice { .. }
            | Self::Component => false,
        }
    }
}
