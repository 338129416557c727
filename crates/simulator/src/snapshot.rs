//! The content of the workspace at one moment, as people see it.
//!
//! A snapshot holds no lock, so a test can compare several. System messages (joins, topics) are part of
//! `messages`, but not of `posts`.

use serde::Serialize;
use serde_json::Value;

use super::state::{Channel, Message, WorkspaceState};
use super::web_api::view_wire;

#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// Includes direct messages and archived channels.
    pub channels: Vec<ChannelView>,
    /// Includes bots.
    pub users: Vec<UserView>,
    /// Includes files that are not shared yet.
    pub files: Vec<FileView>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ChannelView {
    /// `C…`, `D…` or `G…`.
    pub id: String,
    /// Without `#`; empty for a direct message.
    pub name: String,
    /// `channel`, `group`, `im` or `mpim`.
    pub kind: &'static str,
    pub archived: bool,
    pub creator: String,
    pub topic: String,
    pub purpose: String,
    pub members: Vec<String>,
    /// Oldest first, with ephemeral and system messages.
    pub messages: Vec<MessageView>,
    /// The `ts` of each pinned message.
    pub pins: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct MessageView {
    pub ts: String,
    pub thread_ts: Option<String>,
    pub user: String,
    pub user_name: String,
    pub bot_id: Option<String>,
    /// The top-level text, which a notification shows.
    pub text: String,
    /// The text of all blocks, or the top-level text.
    pub words: String,
    pub blocks: Vec<Value>,
    pub metadata: Option<Value>,
    /// The user that sees an ephemeral message.
    pub ephemeral_to: Option<String>,
    /// Such as `channel_join`, for system messages.
    pub subtype: Option<String>,
    pub edits: u32,
    pub files: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct UserView {
    /// `U…`.
    pub id: String,
    pub name: String,
    pub is_bot: bool,
    /// As the API shows views; the top one is the last.
    pub modals: Vec<Value>,
}

#[derive(Clone, Debug, Serialize)]
pub struct FileView {
    /// `F…`.
    pub id: String,
    pub name: String,
    pub title: String,
    /// Its text; none before the upload.
    pub content: Option<String>,
    /// Once for each share.
    pub shared_in: Vec<String>,
}

impl Snapshot {
    pub(crate) fn of(state: &WorkspaceState) -> Self {
        let channels = state
            .channels
            .values()
            .map(|r| ChannelView::of(state, r))
            .collect();
        let users = state
            .users
            .values()
            .map(|user| UserView {
                id: user.id.clone(),
                name: user.name.clone(),
                is_bot: user.is_bot,
                modals: state
                    .modals
                    .get(&user.id)
                    .into_iter()
                    .flatten()
                    .map(|id| view_wire(state, id))
                    .collect(),
            })
            .collect();
        let files = state
            .files
            .values()
            .map(|file| FileView {
                id: file.id.clone(),
                name: file.name.clone(),
                title: file.title.clone(),
                content: file
                    .content
                    .as_ref()
                    .map(|c| String::from_utf8_lossy(c).into_owned()),
                shared_in: file.shared_in.clone(),
            })
            .collect();
        Self {
            channels,
            users,
            files,
        }
    }

    /// By id, by name or by `#name`.
    pub fn channel(&self, address: &str) -> Option<&ChannelView> {
        let name = address.strip_prefix('#').unwrap_or(address);
        let named = |r: &&ChannelView| r.id == address || (!r.name.is_empty() && r.name == name);
        self.channels.iter().find(named)
    }

    pub fn direct_message(&self, one: &str, other: &str) -> Option<&ChannelView> {
        let both = |r: &&ChannelView| {
            r.kind == "im"
                && [one, other]
                    .iter()
                    .all(|p| r.members.iter().any(|m| m == p))
        };
        self.channels.iter().find(both)
    }

    /// By id or name.
    pub fn user(&self, address: &str) -> Option<&UserView> {
        self.users
            .iter()
            .find(|p| p.id == address || p.name == address)
    }

    /// All messages except system messages.
    pub fn all_posts(&self) -> impl Iterator<Item = (&ChannelView, &MessageView)> {
        self.channels
            .iter()
            .flat_map(|channel| channel.posts().map(move |m| (channel, m)))
    }
}

impl ChannelView {
    fn of(state: &WorkspaceState, channel: &Channel) -> Self {
        Self {
            id: channel.id.clone(),
            name: channel.name.clone(),
            kind: channel.kind.word(),
            archived: channel.archived,
            creator: channel.creator.clone(),
            topic: channel.topic.clone(),
            purpose: channel.purpose.clone(),
            members: channel.members.iter().cloned().collect(),
            messages: channel
                .messages
                .iter()
                .map(|m| MessageView::of(state, m))
                .collect(),
            pins: channel.pins.iter().map(|p| p.ts.clone()).collect(),
        }
    }

    /// All messages except system messages.
    pub fn posts(&self) -> impl Iterator<Item = &MessageView> {
        self.messages.iter().filter(|m| m.subtype.is_none())
    }
}

impl MessageView {
    fn of(state: &WorkspaceState, message: &Message) -> Self {
        let mut words = Vec::new();
        for block in &message.blocks {
            read(block, &mut words);
        }
        if words.is_empty() {
            words.push(message.text.clone());
        }
        let name = state.users.get(&message.user).map(|u| u.name.clone());
        Self {
            ts: message.ts.clone(),
            thread_ts: message.thread_ts.clone(),
            user: message.user.clone(),
            user_name: name.unwrap_or_default(),
            bot_id: message.bot_id.clone(),
            text: message.text.clone(),
            words: words.join("\n"),
            blocks: message.blocks.clone(),
            metadata: message.metadata.clone(),
            ephemeral_to: message.ephemeral_to.clone(),
            subtype: message.subtype.clone(),
            edits: message.edits,
            files: message.files.clone(),
        }
    }
}

/// Each visible `text`, in order.
fn read(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(text)) = map.get("text") {
                words.push(text.clone());
            }
            for key in [
                "label",
                "text",
                "fields",
                "elements",
                "accessory",
                "element",
                "hint",
            ] {
                if let Some(inner @ (Value::Object(_) | Value::Array(_))) = map.get(key) {
                    read(inner, words);
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| read(inner, words)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
