//! An incident: its state and the rows that belong to it.
//!
//! Values only: the files beside this one decide what may happen to an incident. It never moves back
//! in the order of [`Status`].

use super::super::declaration::{Kind, Source};
use super::super::ids::{Actor, ChannelId, EffectId, IncidentId, MessageTs, UserId, ViewId};
use super::super::severity::Severity;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    Declared,
    Investigating,
    Identified,
    Monitoring,
    Resolved,
    Cancelled,
    /// A duplicate of another incident.
    Merged,
}

impl Status {
    /// In the order in which an incident moves.
    pub const ALL: &[Self] = Self::VARIANTS;
    /// The steps to which people move an open incident.
    pub(super) const STEPS: [Self; 3] = [Self::Investigating, Self::Identified, Self::Monitoring];

    /// The word that the database and the API use.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    pub fn is_open(self) -> bool {
        self < Self::Resolved
    }
}

/// A row in `incidents`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    pub id: IncidentId,
    /// For people: 1, 2, …
    pub number: i64,
    /// 3 to 100 characters.
    pub title: String,
    pub severity: Severity,
    pub status: Status,
    pub service: String,
    pub commander: Option<UserId>,
    pub comms: Option<UserId>,
    pub scribe: Option<UserId>,
    /// The incident's own channel, once Slack has created it.
    pub channel_id: Option<ChannelId>,
    /// Reserved when the incident is declared, before Slack has created the channel.
    pub channel_name: String,
    /// The suffix of the reserved name: 1 is none, 2 is `-2`, …
    pub channel_try: i32,
    /// When Slack said that the channel was archived or deleted; `None` while it can be used.
    pub channel_closed_at: Option<DateTime<Utc>>,
    /// The message that is pinned in the channel.
    pub card_ts: Option<MessageTs>,
    pub declared_by: Actor,
    pub declared_at: DateTime<Utc>,
    /// When a person first said that they are investigating.
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub resolved_at: Option<DateTime<Utc>>,
    pub resolved_by: Option<Actor>,
    /// The last public update. The card shows only its time: the channel has the text once.
    pub last_update: Option<String>,
    pub last_update_at: Option<DateTime<Utc>>,
    pub kind: Kind,
    /// Whether its channel is private.
    pub private: bool,
    pub source: Source,
    /// The channel in which it was declared: answers go there when no better way is known.
    pub origin_channel: Option<ChannelId>,
    /// The modal that declared it: a second incident from one view is refused.
    pub origin_view: Option<ViewId>,
}

impl Incident {
    /// Its channel, while messages can be posted in it.
    pub fn open_channel(&self) -> Option<&ChannelId> {
        let channel = self.channel_id.as_ref();
        channel.filter(|_| self.channel_closed_at.is_none())
    }

    /// From declaration to resolution, rounded; `None` while it is open.
    pub fn duration_minutes(&self) -> Option<i64> {
        let seconds = (self.resolved_at? - self.declared_at).num_seconds().max(0);
        Some((seconds + 30) / 60)
    }

    pub(super) fn holder(&self, role: Role) -> &Option<UserId> {
        match role {
            Role::Commander => &self.commander,
            Role::Comms => &self.comms,
            Role::Scribe => &self.scribe,
        }
    }

    pub(super) fn holder_mut(&mut self, role: Role) -> &mut Option<UserId> {
        match role {
            Role::Commander => &mut self.commander,
            Role::Comms => &mut self.comms,
            Role::Scribe => &mut self.scribe,
        }
    }

    /// Who is told about its trouble: the commander, else the person who declared it.
    pub(super) fn responsible(&self) -> Option<&UserId> {
        self.commander
            .as_ref()
            .or_else(|| self.declared_by.person())
    }
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", ascii_case_insensitive)]
pub enum Role {
    Commander,
    /// Talks to those who are affected.
    Comms,
    /// Writes down what happens.
    Scribe,
}

impl Role {
    pub const ALL: &[Self] = Self::VARIANTS;

    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// In any case.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// A line of the timeline. Append-only: a correction is a new line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    pub incident: IncidentId,
    pub at: DateTime<Utc>,
    pub kind: TimelineKind,
    /// Words for people, complete in themselves.
    pub text: String,
    pub by: Actor,
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TimelineKind {
    Declared,
    StatusUpdate,
    /// Investigating, identified or monitoring.
    StateChange,
    SeverityChange,
    RoleChange,
    Resolved,
    /// What Wardroom noticed, such as an archived channel.
    Note,
}

impl TimelineKind {
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The word that the database and the API use.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Who is told of an incident outside its own channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Channel(ChannelId),
    /// By direct message.
    Person(UserId),
}

/// What a target is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    Declared,
    /// It rose to P1 or P2.
    Escalated,
    Resolved,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NotificationStatus {
    Pending,
    Sent,
    Failed,
    /// Held back: the person got a message less than five minutes ago.
    Throttled,
    /// Sent, but not confirmed.
    Uncertain,
}

impl NotificationStatus {
    /// The word in the metrics.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One attempt to notify a target: a row in `notifications`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The effect that carries it; for a throttled one, the id that it would have had.
    pub effect: EffectId,
    pub incident: IncidentId,
    pub target: Target,
    pub occasion: Occasion,
    pub status: NotificationStatus,
    /// The provider's code, when it failed.
    pub error: Option<String>,
    /// When it was decided.
    pub at: DateTime<Utc>,
}
