//! Something to do outside, in our terms; and what the ring must know of each kind: its lane, what
//! repeating it means, until when it is useful.
//!
//! Adding a kind fails to compile until every question here has its answer.

use super::act::{ReplyTo, Trigger};
use super::form::Form;
use super::ids::{ChannelId, EffectId, FileId, IncidentId, MessageTs, TeamId, UserId, ViewId};
use super::incident::{invited, naming};
pub use super::purpose::Purpose;
use super::text::Message;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Something to do outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Effect {
    /// Make an incident's channel. `name_taken` is a refusal: the domain decides the next suffix.
    CreateRoom {
        /// Whose.
        incident: IncidentId,
        /// Its name, reserved in the database.
        name: String,
        /// Whether it is by invitation.
        private: bool,
        /// The workspace, which an app that is installed in all of an organisation must name.
        #[serde(default)]
        team: Option<TeamId>,
        /// Who is told where it is, as long as their `response_url` lives.
        #[serde(default)]
        answer_to: Option<ReplyTo>,
    },
    /// Say something in a room.
    PostMessage {
        /// Where.
        room: ChannelId,
        /// What.
        message: Message,
        /// What it is for.
        purpose: Purpose,
    },
    /// Say something to one person.
    DirectMessage {
        /// Whom.
        person: UserId,
        /// What.
        message: Message,
        /// What it is for.
        purpose: Purpose,
    },
    /// Bring an incident's card up to date; rendered when it is delivered.
    UpdateCard {
        /// Whose.
        incident: IncidentId,
    },
    /// Pin a message.
    Pin {
        /// Where.
        room: ChannelId,
        /// Which.
        ts: MessageTs,
    },
    /// Ask one person into a room. One each, so that a bad id spoils nothing for the others.
    Invite {
        /// Where.
        room: ChannelId,
        /// Whom.
        person: UserId,
        /// Who gave them a role, and hears it when they cannot be asked in.
        #[serde(default)]
        answer_to: Option<ReplyTo>,
    },
    /// Set a room's topic.
    SetTopic {
        /// Where.
        room: ChannelId,
        /// What; at most 250 characters (Slack's limit).
        topic: String,
    },
    /// Answer a person, for their eyes only, by the `response_url`.
    Reply {
        /// Whom, and how.
        to: ReplyTo,
        /// What.
        message: Message,
    },
    /// Answer a person, for their eyes only, in the room.
    Whisper {
        /// Whom, and where (`room` is set).
        to: ReplyTo,
        /// What.
        message: Message,
    },
    /// Open a form.
    OpenForm {
        /// The permission.
        trigger: Trigger,
        /// What to ask.
        form: Form,
        /// Where words go when it is too late.
        to: ReplyTo,
    },
    /// Replace what an open form asks.
    UpdateForm {
        /// Which.
        view: ViewId,
        /// What to ask now.
        form: Form,
    },
    /// Upload a file, shown nowhere yet.
    StageFile {
        /// Where it will be shown.
        room: ChannelId,
        /// Its name.
        name: String,
        /// Its text.
        content: String,
        /// What is said with it.
        comment: String,
        /// Who asked for it, and hears it when it cannot be shown.
        #[serde(default)]
        answer_to: Option<ReplyTo>,
    },
    /// Show an uploaded file in a room.
    ShareFile {
        /// Where.
        room: ChannelId,
        /// Which.
        file: FileId,
        /// Its title.
        title: String,
        /// What is said with it.
        comment: String,
        /// Who asked for it, and hears it when it cannot be shown.
        #[serde(default)]
        answer_to: Option<ReplyTo>,
    },
    /// Bring a notice for operators up to date; rendered when it is delivered.
    UpdateNotice {
        /// The effect that carried its message.
        notice: EffectId,
    },
    /// Set a component of the status page; rendered when it is delivered, from all open incidents
    /// of the services that share it.
    ShowComponent {
        /// Its id there.
        component: String,
    },
}

/// What doing an effect twice means, and so what to do when nobody knows whether it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing: do it again.
    Harmless,
    /// A second one would show: look first, act only if it is absent.
    LookFirst,
    /// It cannot be repeated or looked for: it ends uncertain.
    Never,
}

/// Who carries an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Slack.
    Slack,
    /// Statuspage.
    Statuspage,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Slack, Self::Statuspage];

    /// The word that labels and lanes use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Statuspage => "statuspage",
        }
    }
}

/// Which of the waiting effects goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A person waits and the permission dies in seconds.
    Now = 0,
    /// Everything else.
    InTurn = 1,
}

/// The lane of what is said in a room.
pub fn room_lane(room: &ChannelId) -> String {
    format!("slack:{room}")
}

impl Effect {
    /// Every kind's word, for the tests that walk all of them and for the metrics.
    pub const KINDS: [&'static str; 15] = [
        "create_room",
        "post_message",
        "direct_message",
        "update_card",
        "pin",
        "invite",
        "set_topic",
        "reply",
        "whisper",
        "open_form",
        "update_form",
        "stage_file",
        "share_file",
        "update_notice",
        "show_component",
    ];

    /// The kinds that say [`Repeat::Never`].
    pub const CANNOT_BE_LOOKED_FOR: [&'static str; 3] = ["reply", "whisper", "open_form"];

    /// Its kind's word in the database, the logs and the metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CreateRoom { .. } => "create_room",
            Self::PostMessage { .. } => "post_message",
            Self::DirectMessage { .. } => "direct_message",
            Self::UpdateCard { .. } => "update_card",
            Self::Pin { .. } => "pin",
            Self::Invite { .. } => "invite",
            Self::SetTopic { .. } => "set_topic",
            Self::Reply { .. } => "reply",
            Self::Whisper { .. } => "whisper",
            Self::OpenForm { .. } => "open_form",
            Self::UpdateForm { .. } => "update_form",
            Self::StageFile { .. } => "stage_file",
            Self::ShareFile { .. } => "share_file",
            Self::UpdateNotice { .. } => "update_notice",
            Self::ShowComponent { .. } => "show_component",
        }
    }

    /// Who carries it.
    pub fn provider(&self) -> Provider {
        match self {
            Self::ShowComponent { .. } => Provider::Statuspage,
            Self::CreateRoom { .. }
            | Self::PostMessage { .. }
            | Self::DirectMessage { .. }
            | Self::UpdateCard { .. }
            | Self::Pin { .. }
            | Self::Invite { .. }
            | Self::SetTopic { .. }
            | Self::Reply { .. }
            | Self::Whisper { .. }
            | Self::OpenForm { .. }
            | Self::UpdateForm { .. }
            | Self::StageFile { .. }
            | Self::ShareFile { .. }
            | Self::UpdateNotice { .. } => Provider::Slack,
        }
    }

    /// What doing it twice means.
    pub fn repeat(&self) -> Repeat {
        match self {
            Self::UpdateCard { .. }
            | Self::Pin { .. }
            | Self::Invite { .. }
            | Self::SetTopic { .. }
            | Self::UpdateForm { .. }
            | Self::StageFile { .. }
            | Self::UpdateNotice { .. }
            | Self::ShowComponent { .. } => Repeat::Harmless,
            Self::CreateRoom { .. }
            | Self::PostMessage { .. }
            | Self::DirectMessage { .. }
            | Self::ShareFile { .. } => Repeat::LookFirst,
            Self::Reply { .. } | Self::Whisper { .. } | Self::OpenForm { .. } => Repeat::Never,
        }
    }

    /// The lane in which it waits its turn: the oldest unfinished effect of a lane goes first.
    /// `id` is the lane of what needs no order. What keeps an invitation waiting must not mute a room.
    pub fn lane(&self, id: EffectId) -> String {
        match self {
            Self::CreateRoom { incident, .. } => format!("slack:incident:{incident}"),
            Self::PostMessage { room, .. } | Self::ShareFile { room, .. } => room_lane(room),
            Self::Pin { room, .. } => format!("slack:pin:{room}"),
            Self::Invite { room, person, .. } => format!("slack:invite:{room}:{person}"),
            Self::SetTopic { room, .. } => format!("slack:topic:{room}"),
            Self::DirectMessage { person, .. } => format!("slack:{person}"),
            Self::UpdateCard { incident } => format!("slack:card:{incident}"),
            Self::Reply { .. }
            | Self::Whisper { .. }
            | Self::OpenForm { .. }
            | Self::StageFile { .. } => format!("slack:one:{id}"),
            Self::UpdateForm { view, .. } => format!("slack:view:{view}"),
            Self::UpdateNotice { notice } => format!("slack:notice:{notice}"),
            Self::ShowComponent { component } => format!("statuspage:{component}"),
        }
    }

    /// Which of the waiting effects goes first.
    pub fn priority(&self) -> Priority {
        match self {
            Self::OpenForm { .. } | Self::UpdateForm { .. } => Priority::Now,
            _ => Priority::InTurn,
        }
    }

    /// Until when it is of any use; `None`: for ever.
    pub fn not_after(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::OpenForm { trigger, .. } => Some(trigger.expires),
            _ => None,
        }
    }

    /// Effects with the same key that wait are one: what they show is rendered when delivered.
    pub fn coalesce_key(&self) -> Option<String> {
        match self {
            Self::UpdateCard { incident } => Some(format!("card:{incident}")),
            Self::UpdateNotice { notice } => Some(format!("notice:{notice}")),
            Self::ShowComponent { component } => Some(format!("component:{component}")),
            _ => None,
        }
    }

    /// Whether the domain answers this refusal by another way, such as the next name.
    pub fn has_another_way(&self, code: &str) -> bool {
        match self {
            Self::CreateRoom { name, .. } => {
                code == "name_taken"
                    || (code.starts_with("invalid_name") && !naming::is_by_number(name))
            }
            Self::UpdateCard { .. } => code == "message_not_found",
            Self::Invite { .. } => code == invited::OURSELVES,
            // A form that cannot be updated is closed: its person went on.
            Self::Reply { .. } | Self::Whisper { .. } => true,
            Self::OpenForm { .. } | Self::UpdateForm { .. } => true,
            // The next notice of its kind is a new message.
            Self::UpdateNotice { .. } => true,
            _ => false,
        }
    }

    /// The incident that it is for.
    pub fn incident(&self) -> Option<IncidentId> {
        match self {
            Self::CreateRoom { incident, .. } | Self::UpdateCard { incident } => Some(*incident),
            Self::PostMessage { purpose, .. } | Self::DirectMessage { purpose, .. } => {
                purpose.incident()
            }
            _ => None,
        }
    }

    /// The room in which it is seen, when it is one.
    pub fn room(&self) -> Option<&ChannelId> {
        match self {
            Self::PostMessage { room, .. }
            | Self::Pin { room, .. }
            | Self::Invite { room, .. }
            | Self::SetTopic { room, .. }
            | Self::StageFile { room, .. }
            | Self::ShareFile { room, .. } => Some(room),
            Self::Whisper { to, .. } => to.room.as_ref(),
            _ => None,
        }
    }
}
