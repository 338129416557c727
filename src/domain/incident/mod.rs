//! An incident: its state and the rows that belong to it.
//!
//! Values only. What may happen to it is decided in the files beside this one; where it is kept
//! is the store's affair. Forward only: the order of [`Status`] is the law.

pub mod act;
pub(crate) mod answer;
pub(crate) mod ask;
pub mod buttons;
pub mod card;
mod change;
pub(crate) mod channel;
pub(crate) mod channel_events;
pub mod command;
mod decide;
mod declare;
pub mod declare_form;
mod event;
pub(crate) mod facts;
#[cfg(test)]
pub(crate) mod fixtures;
pub(crate) mod help;
pub(crate) mod invitation;
mod menu;
pub mod naming;
pub mod notices;
mod outside_channel;
mod outsider;
pub mod postmortem;
mod purpose;
pub(crate) mod receipts;
mod refusals;
mod resolve;
pub mod resolve_form;
mod roles;
mod route;
mod severity;
pub mod status_page;
pub(crate) mod templates;
#[cfg(test)]
mod tests;
mod timeline;
mod trouble;
mod update;
pub mod verbs;
pub(crate) mod words;

pub use change::Change;
pub use decide::Incidents;
pub use event::{Closing, Event, Timer};
pub use facts::{Facts, Needs, Wanted};
pub use purpose::Purpose;

/// A decision of this area.
pub(crate) type Decision = super::decision::Decision<Change, Purpose>;
/// The end of an effect of this area.
pub(crate) type Receipt = super::signal::Receipt<Purpose>;

pub use super::declaration::{Declaration, Kind, Source};
pub use super::severity::Severity;

use super::ids::{Actor, ChannelId, EffectId, IncidentId, MessageTs, UserId, ViewId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Said, and nobody has said yet that they look at it.
    Declared,
    /// Somebody looks at it.
    Investigating,
    /// The cause is known.
    Identified,
    /// Mended, and watched.
    Monitoring,
    /// Over.
    Resolved,
    /// It was none.
    Cancelled,
    /// It is another one's duplicate.
    Merged,
}

impl Status {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::Declared,
        Self::Investigating,
        Self::Identified,
        Self::Monitoring,
        Self::Resolved,
        Self::Cancelled,
        Self::Merged,
    ];

    /// The lower-case word that the database and the API use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Investigating => "investigating",
            Self::Identified => "identified",
            Self::Monitoring => "monitoring",
            Self::Resolved => "resolved",
            Self::Cancelled => "cancelled",
            Self::Merged => "merged",
        }
    }

    /// Reads the lower-case word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether the incident goes on.
    pub fn is_open(self) -> bool {
        self < Self::Resolved
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An incident, as its row in `incidents`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its id for ever.
    pub id: IncidentId,
    /// Its number for people: 1, 2, …
    pub number: i64,
    /// What it is called; 3 to 100 characters.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// Where it stands.
    pub status: Status,
    /// The service that is hit.
    pub service: String,
    /// Who leads; `None` when nobody does yet.
    pub commander: Option<UserId>,
    /// Who speaks for it.
    pub comms: Option<UserId>,
    /// Who writes it down.
    pub scribe: Option<UserId>,
    /// The incident's own channel, once Slack has made it.
    pub channel_id: Option<ChannelId>,
    /// The channel's name: reserved when decided, before Slack has made it.
    pub channel_name: String,
    /// The suffix that the reserved name carries: 1 is none, 2 is `-2`, …
    pub channel_try: i32,
    /// When Slack said that the channel was archived or deleted; `None` while it can be written in.
    pub channel_closed_at: Option<DateTime<Utc>>,
    /// The pinned card's message.
    pub card_ts: Option<MessageTs>,
    /// Who declared it.
    pub declared_by: Actor,
    /// When.
    pub declared_at: DateTime<Utc>,
    /// When somebody first said that they look at it.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub resolved_at: Option<DateTime<Utc>>,
    /// Who ended it.
    pub resolved_by: Option<Actor>,
    /// The last public update.
    pub last_update: Option<String>,
    /// When it was given: the card shows the hour, the words stand in the channel once.
    pub last_update_at: Option<DateTime<Utc>>,
    /// Whether it counts.
    pub kind: Kind,
    /// Whether its channel is by invitation.
    pub private: bool,
    /// What it came from.
    pub source: Source,
    /// The channel in which it was declared: where answers go when nothing better is known.
    pub origin_channel: Option<ChannelId>,
    /// The modal that declared it: a second incident from one view is refused.
    pub origin_view: Option<ViewId>,
}

impl Incident {
    /// Its channel, while it can be written in.
    pub fn open_channel(&self) -> Option<&ChannelId> {
        let channel = self.channel_id.as_ref();
        channel.filter(|_| self.channel_closed_at.is_none())
    }

    /// From declaration to resolution in whole minutes, rounded; `None` while it goes on.
    pub fn duration_minutes(&self) -> Option<i64> {
        let seconds = (self.resolved_at? - self.declared_at).num_seconds().max(0);
        Some((seconds + 30) / 60)
    }
}

/// A line of the timeline. Append-only: a correction supersedes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// Whose timeline.
    pub incident: IncidentId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What kind of line.
    pub kind: TimelineKind,
    /// Words for people, complete in themselves.
    pub text: String,
    /// Who.
    pub by: Actor,
}

/// What kind of line a timeline has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimelineKind {
    /// It began.
    Declared,
    /// A public update.
    StatusUpdate,
    /// It moved on: investigating, identified, monitoring.
    StateChange,
    /// It became worse or better.
    SeverityChange,
    /// Somebody took a role.
    RoleChange,
    /// It ended.
    Resolved,
    /// Something that the bot noticed, such as an archived channel.
    Note,
}

impl TimelineKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Declared,
        Self::StatusUpdate,
        Self::StateChange,
        Self::SeverityChange,
        Self::RoleChange,
        Self::Resolved,
        Self::Note,
    ];

    /// The word that the database and the API use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::StatusUpdate => "status_update",
            Self::StateChange => "state_change",
            Self::SeverityChange => "severity_change",
            Self::RoleChange => "role_change",
            Self::Resolved => "resolved",
            Self::Note => "note",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Somebody who is told of an incident outside of its own channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "channel", content = "target")]
pub enum Target {
    /// A channel.
    Channel(ChannelId),
    /// A person, by direct message.
    Person(UserId),
}

/// What somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// It began.
    Declared,
    /// It rose to P1 or P2.
    Escalated,
    /// It ended.
    Resolved,
}

/// What became of telling somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationStatus {
    /// Under way.
    Pending,
    /// Told.
    Sent,
    /// Could not be told.
    Failed,
    /// Held back: they were told less than five minutes ago.
    Throttled,
    /// Perhaps told.
    Uncertain,
}

impl NotificationStatus {
    /// The word in the metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Throttled => "throttled",
            Self::Uncertain => "uncertain",
        }
    }
}

/// One attempt to tell somebody: a row in `notifications`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The effect that carries it; for a throttled one, the id it would have had.
    pub effect: EffectId,
    /// Of which incident.
    pub incident: IncidentId,
    /// Whom.
    pub target: Target,
    /// Of what.
    pub occasion: Occasion,
    /// What became of it.
    pub status: NotificationStatus,
    /// The provider's code, when it failed.
    pub error: Option<String>,
    /// When it was decided.
    pub at: DateTime<Utc>,
}
