//! What can be done in Slack.

use super::super::ids::{ChannelId, EffectId, FileId, MessageTs, TeamId, UserId, ViewId};
use super::super::text::form::Form;
use super::super::text::{Message, ReplyTo, Trigger};
use super::{Priority, Provider, Repeat, Vocabulary};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr, VariantNames};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[strum_discriminants(
    name(Kind),
    derive(EnumIter, IntoStaticStr, VariantNames),
    strum(serialize_all = "snake_case")
)]
pub enum Effect {
    /// Creates a channel. `name_taken` is a refusal: its area decides the next name.
    CreateChannel {
        name: String,
        private: bool,
        /// The workspace, which an app that is installed in all of an organisation must name.
        #[serde(default)]
        team: Option<TeamId>,
        /// Channels that have an owner and are never adopted; completed at delivery.
        #[serde(skip)]
        taken: Vec<ChannelId>,
    },
    PostMessage {
        channel: ChannelId,
        message: Message,
    },
    DirectMessage {
        person: UserId,
        message: Message,
    },
    /// Edits a message in place, so that it shows the present state.
    UpdateMessage {
        /// What it shows, such as `card:<incident>`: the key by which waiting ones are one.
        shows: String,
        /// `None` until it is completed at delivery.
        #[serde(skip)]
        edit: Option<Box<Edit>>,
    },
    Pin {
        channel: ChannelId,
        ts: MessageTs,
    },
    /// Invites one person: a wrong id must not affect the others.
    Invite {
        channel: ChannelId,
        person: UserId,
    },
    SetTopic {
        channel: ChannelId,
        /// At most 250 characters (Slack's limit).
        topic: String,
    },
    /// Answers a person by the `response_url`, visible to them only.
    Reply {
        to: ReplyTo,
        message: Message,
    },
    /// Answers a person in the channel of `to`, visible to them only.
    Ephemeral {
        to: ReplyTo,
        message: Message,
    },
    OpenForm {
        trigger: Trigger,
        form: Form,
    },
    /// Replaces the content of an open form.
    UpdateForm {
        view: ViewId,
        form: Form,
    },
    /// Uploads a file that is not visible anywhere yet.
    StageFile {
        name: String,
        content: String,
    },
    /// Shares an uploaded file in a channel.
    ShareFile {
        channel: ChannelId,
        file: FileId,
        title: String,
        comment: String,
    },
}

/// A message's new content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub channel: ChannelId,
    pub ts: MessageTs,
    pub message: Message,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A message was posted, in this channel: a direct message's has an id of its own.
    Message { channel: ChannelId, ts: MessageTs },
    /// A channel exists, under the name that Slack gave it.
    Channel { id: ChannelId, name: String },
    /// A file was uploaded.
    File { id: FileId },
}

/// The lane of the messages in a channel.
pub fn channel_lane(channel: &ChannelId) -> String {
    format!("slack:{channel}")
}

impl Kind {
    pub fn repeat(self) -> Repeat {
        match self {
            Self::UpdateMessage
            | Self::Pin
            | Self::Invite
            | Self::SetTopic
            | Self::UpdateForm
            | Self::StageFile => Repeat::Harmless,
            Self::CreateChannel | Self::PostMessage | Self::DirectMessage | Self::ShareFile => {
                Repeat::LookUpFirst
            }
            Self::Reply | Self::Ephemeral | Self::OpenForm => Repeat::Never,
        }
    }
}

impl Effect {
    pub fn repeat(&self) -> Repeat {
        Kind::from(self).repeat()
    }

    /// An invitation, a pin and a topic have lanes of their own: one that fails must not hold up the
    /// messages of its channel.
    pub fn lane(&self, id: EffectId) -> String {
        match self {
            Self::CreateChannel { name, .. } => format!("slack:channel:{name}"),
            Self::PostMessage { channel, .. } | Self::ShareFile { channel, .. } => {
                channel_lane(channel)
            }
            Self::Pin { channel, .. } => format!("slack:pin:{channel}"),
            Self::Invite { channel, person } => format!("slack:invite:{channel}:{person}"),
            Self::SetTopic { channel, .. } => format!("slack:topic:{channel}"),
            Self::DirectMessage { person, .. } => format!("slack:{person}"),
            Self::UpdateMessage { shows, .. } => format!("slack:shows:{shows}"),
            Self::Reply { .. }
            | Self::Ephemeral { .. }
            | Self::OpenForm { .. }
            | Self::StageFile { .. } => format!("slack:one:{id}"),
            Self::UpdateForm { view, .. } => format!("slack:view:{view}"),
        }
    }

    pub fn priority(&self) -> Priority {
        match self {
            Self::OpenForm { .. } | Self::UpdateForm { .. } => Priority::Now,
            _ => Priority::InTurn,
        }
    }

    pub fn not_after(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::OpenForm { trigger, .. } => Some(trigger.expires),
            _ => None,
        }
    }

    pub fn coalesce_key(&self) -> Option<String> {
        match self {
            Self::UpdateMessage { shows, .. } => Some(format!("slack:{shows}")),
            _ => None,
        }
    }

    /// The channel in which it is seen, when it is one.
    pub fn channel(&self) -> Option<&ChannelId> {
        match self {
            Self::PostMessage { channel, .. }
            | Self::Pin { channel, .. }
            | Self::Invite { channel, .. }
            | Self::SetTopic { channel, .. }
            | Self::ShareFile { channel, .. } => Some(channel),
            Self::Ephemeral { to, .. } => to.channel.as_ref(),
            Self::CreateChannel { .. }
            | Self::DirectMessage { .. }
            | Self::UpdateMessage { .. }
            | Self::Reply { .. }
            | Self::OpenForm { .. }
            | Self::UpdateForm { .. }
            | Self::StageFile { .. } => None,
        }
    }
}

impl Vocabulary for Effect {
    const PROVIDER: Provider = Provider::Slack;

    fn of(effect: &super::Effect) -> Option<&Self> {
        match effect {
            super::Effect::Slack(effect) => Some(effect),
            super::Effect::Github(_) | super::Effect::Statuspage(_) => None,
        }
    }
}
