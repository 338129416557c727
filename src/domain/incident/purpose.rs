//! Why an incident's effect was decided: what its receipt needs to know.
//!
//! It is stored beside the effect, and the receipt is decided by it. A [`Why`] fails to compile until
//! [`super::receipts`] answers every end of it.

use super::super::effect::{Effect, slack};
use super::super::ids::{EffectId, IncidentId};
use super::super::text::ReplyTo;
use super::model::Incident;
use super::naming;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purpose {
    #[serde(rename = "kind")]
    pub why: Why,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentId>,
    /// The person who is told of nothing else, and must hear it when the effect fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_to: Option<ReplyTo>,
    /// The effect that carried a notice's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<EffectId>,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Why {
    /// The incident's channel; `answer_to` hears where it is, while their `response_url` is valid.
    Channel,
    /// The card: the first message of the channel.
    Card,
    /// The card as it is now.
    CardUpdate,
    Pin,
    Topic,
    /// `answer_to` gave the invited person a role.
    Invitation,
    /// Tells of the incident outside its channel: repeated, and marked so, rather than lost.
    Announcement,
    /// A line in the incident's own channel.
    Line,
    /// The postmortem's draft: uploaded, then shared.
    Draft,
    /// An answer to a person, who may have no other way to learn it.
    Answer,
    /// A form; `answer_to` gets words when it does not open.
    Form,
    /// An open form's new content. Nothing is lost without it: the person closed the form, or sees it
    /// as it was.
    FormUpdate,
    /// An answer that found no better way, or a notice to the operators.
    Notice,
    /// A notice's message as it is now.
    NoticeUpdate,
    /// A component of the status page, which shows all incidents of its services.
    Component,
}

/// Slack's refusal to invite the bot itself: it is a member of its channels already.
pub(super) const OURSELVES: &str = "cant_invite_self";

impl Why {
    /// A purpose that is about no incident.
    pub fn alone(self) -> Purpose {
        Purpose {
            why: self,
            incident: None,
            answer_to: None,
            notice: None,
        }
    }

    pub(super) fn of(self, incident: &Incident) -> Purpose {
        Purpose {
            incident: Some(incident.id),
            ..self.alone()
        }
    }
}

impl Purpose {
    pub const KINDS: &[&str] = Why::VARIANTS;

    pub(super) fn answering(self, answer_to: Option<&ReplyTo>) -> Self {
        Self {
            answer_to: answer_to.cloned(),
            ..self
        }
    }

    pub fn kind(&self) -> &'static str {
        self.why.into()
    }

    /// Whether a message that comes late says when it was meant: news does, the card shows the
    /// present state.
    pub fn is_news(&self) -> bool {
        self.why != Why::Card
    }

    /// Whether the receipt answers this refusal by another way, such as the next name: then no person
    /// has to look at the effect.
    pub fn has_another_way(&self, effect: &Effect, code: &str) -> bool {
        match self.why {
            Why::Channel => {
                let plainest = matches!(effect, Effect::Slack(slack::Effect::CreateChannel { name, .. })
                    if naming::is_by_number(name));
                code == "name_taken" || (code.starts_with("invalid_name") && !plainest)
            }
            Why::CardUpdate => code == "message_not_found",
            Why::Invitation => code == OURSELVES,
            // The next notice of its kind is a new message.
            Why::Answer | Why::Form | Why::FormUpdate | Why::NoticeUpdate => true,
            Why::Card
            | Why::Pin
            | Why::Topic
            | Why::Announcement
            | Why::Line
            | Why::Draft
            | Why::Notice
            | Why::Component => false,
        }
    }
}
