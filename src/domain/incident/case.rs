//! A signal that is being decided: what is known of it, and the decision as far as it goes.
//!
//! Every rule gets a [`Case`] and adds to its decision. What many rules do is a method here; what
//! they mean by it is in their own files.

use super::super::decision::{self, AuditEntry, AuditOutcome};
use super::super::effect::{Effect, slack, statuspage};
use super::super::ids::{Actor, ChannelId, EffectId, UserId};
use super::super::rules::Rules;
use super::super::signal;
use super::super::text::ReplyTo;
use super::super::text::{Message, Text};
use super::change::Change;
use super::facts::Facts;
use super::model::{Incident, Target, TimelineEntry, TimelineKind};
use super::purpose::{Purpose, Why};
use super::status_page;
use chrono::{DateTime, Utc};
use serde_json::Value;

/// A decision of this area.
pub(super) type Decision = decision::Decision<Change, Purpose>;
/// The end of an effect of this area.
pub(super) type Receipt = signal::Receipt<Purpose>;

pub(super) struct Case<'a> {
    /// When it happened: the time of timeline entries.
    pub at: DateTime<Utc>,
    /// When it is decided: limits and timers start from it.
    pub now: DateTime<Utc>,
    pub facts: &'a Facts,
    pub rules: &'a Rules,
    pub decision: &'a mut Decision,
}

/// A "no" for a person, with what to do next. A normal result, never an error.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// The HTTP status for a caller of the API.
    pub status: u16,
    /// A word for the audit.
    pub code: &'static str,
    pub message: Message,
}

impl Refusal {
    pub fn new(status: u16, code: &'static str, text: Text) -> Self {
        Self {
            status,
            code,
            message: Message::said(text),
        }
    }
}

/// What to say to the person who asked, if anything; or why not.
pub(super) type Verdict = Result<Option<Message>, Refusal>;

impl<'a> Case<'a> {
    /// The incident that was meant, as it was loaded.
    pub fn incident(&self) -> Option<&'a Incident> {
        self.facts.incident()
    }

    /// The incident that was meant, when this is its channel.
    pub fn incident_in(&self, channel: &ChannelId) -> Option<&'a Incident> {
        self.incident()
            .filter(|incident| incident.channel_id.as_ref() == Some(channel))
    }

    pub fn save(&mut self, incident: &Incident) {
        self.decision
            .change(Change::Save(Box::new(incident.clone())));
    }

    pub fn write(&mut self, incident: &Incident, kind: TimelineKind, text: String, by: &Actor) {
        let at = self.at;
        self.write_at(incident, at, kind, text, by);
    }

    /// Writes a line about what happened earlier.
    pub fn write_at(
        &mut self,
        incident: &Incident,
        at: DateTime<Utc>,
        kind: TimelineKind,
        text: String,
        by: &Actor,
    ) {
        self.decision.change(Change::Timeline(TimelineEntry {
            incident: incident.id,
            at,
            kind,
            text,
            by: by.clone(),
        }));
    }

    /// Writes on the timeline what Wardroom noticed.
    pub fn note(&mut self, incident: &Incident, text: &str) {
        let (kind, by) = (TimelineKind::Note, Actor::Wardroom);
        self.write(incident, kind, text.to_owned(), &by);
    }

    pub fn audit(&mut self, incident: &Incident, action: String, by: &Actor, details: Value) {
        self.decision.audit(AuditEntry {
            incident: Some(incident.id),
            at: self.at,
            action,
            by: by.clone(),
            outcome: AuditOutcome::Done,
            details,
        });
    }

    pub fn effect(&mut self, effect: impl Into<Effect>, purpose: Purpose) -> EffectId {
        self.decision.effect(effect, purpose)
    }

    /// Posts a message in a channel, or sends it to a person directly.
    pub fn send(&mut self, target: &Target, message: Message, purpose: Purpose) -> EffectId {
        let effect = match target.clone() {
            Target::Channel(channel) => slack::Effect::PostMessage { channel, message },
            Target::Person(person) => slack::Effect::DirectMessage { person, message },
        };
        self.effect(effect, purpose)
    }

    /// Posts a line in the incident's channel, if messages can be posted in it.
    pub fn post_line(&mut self, incident: &Incident, line: Message, answer_to: Option<&ReplyTo>) {
        if let Some(channel) = incident.open_channel() {
            let purpose = Why::Line.of(incident).answering(answer_to);
            self.send(&Target::Channel(channel.clone()), line, purpose);
        }
    }

    /// Invites a person to the incident's channel, if it can be used. `to` gave the person a role, and
    /// hears it when the invitation fails.
    pub fn invite(&mut self, incident: &Incident, person: &UserId, to: Option<&ReplyTo>) {
        if let Some(channel) = incident.open_channel() {
            let effect = slack::Effect::Invite {
                channel: channel.clone(),
                person: person.clone(),
            };
            self.effect(effect, Why::Invitation.of(incident).answering(to));
        }
    }

    /// Brings the card up to date, if it was posted and can be edited; else its receipt will, or the
    /// channel's return.
    pub fn show_card(&mut self, incident: &Incident) {
        if incident.card_ts.is_some() && incident.open_channel().is_some() {
            let effect = slack::Effect::UpdateMessage {
                shows: format!("card:{}", incident.id),
                edit: None,
            };
            self.effect(effect, Why::CardUpdate.of(incident));
        }
    }

    /// Brings the status page up to date, if the incident's service is on it and the incident shows
    /// there as something else than `before`.
    pub fn show_component(&mut self, before: Option<&Incident>, incident: &Incident) {
        let shows = |incident: &Incident| {
            status_page::component_status(&[(incident.severity, incident.status)])
        };
        if before.is_some_and(|before| shows(before) == shows(incident)) {
            return;
        }
        let service = self.rules.service(&incident.service);
        if let Some(component) = service.and_then(|service| service.statuspage_component.clone()) {
            let effect = statuspage::Effect::UpdateComponent {
                component,
                status: None,
            };
            self.effect(effect, Why::Component.alone());
        }
    }
}
