//! What stands in the channels at one moment, as people see it: the thing that tests count.
//!
//! Owned values without a lock, so that a test may keep several and compare. System lines (joins,
//! topics) are kept apart from what was said by `posts`.

use serde::Serialize;
use serde_json::Value;

use super::state::{Channel, Message, WorkspaceState};
use super::web_api::view_wire;

/// The whole workspace at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// Every channel, direct ones too, archived ones too.
    pub channels: Vec<ChannelView>,
    /// Everyone, with the modals on their screen.
    pub users: Vec<UserView>,
    /// Every file, shared or only staged.
    pub files: Vec<FileView>,
}

/// A channel and all that was said in it.
#[derive(Clone, Debug, Serialize)]
pub struct ChannelView {
    /// `C…`, `D…` or `G…`.
    pub id: String,
    /// Without `#`; empty for a direct message.
    pub name: String,
    /// `channel`, `group`, `im` or `mpim`.
    pub kind: &'static str,
    /// Whether it is archived.
    pub archived: bool,
    /// Who made it.
    pub creator: String,
    /// Its topic.
    pub topic: String,
    /// Its purpose.
    pub purpose: String,
    /// Ids of those in it.
    pub members: Vec<String>,
    /// Oldest first, ephemerals and system lines among them.
    pub messages: Vec<MessageView>,
    /// Stamps of what is pinned.
    pub pins: Vec<String>,
}

/// One message.
#[derive(Clone, Debug, Serialize)]
pub struct MessageView {
    /// Its stamp.
    pub ts: String,
    /// The thread it is in.
    pub thread_ts: Option<String>,
    /// The user id of who said it.
    pub user: String,
    /// The name of who said it.
    pub user_name: String,
    /// The bot it is from.
    pub bot_id: Option<String>,
    /// The top-level text: what a notification shows.
    pub text: String,
    /// All words that a person reads in it, blocks first, else the text.
    pub words: String,
    /// Its blocks.
    pub blocks: Vec<Value>,
    /// Its metadata.
    pub metadata: Option<Value>,
    /// The one person who sees it, if it is ephemeral.
    pub ephemeral_to: Option<String>,
    /// `channel_join` and the like for lines that Slack wrote.
    pub subtype: Option<String>,
    /// How often it was edited.
    pub edits: u32,
    /// Ids of the files on it.
    pub files: Vec<String>,
}

/// One person (or bot user).
#[derive(Clone, Debug, Serialize)]
pub struct UserView {
    /// `U…`.
    pub id: String,
    /// The handle.
    pub name: String,
    /// Whether it is a bot.
    pub is_bot: bool,
    /// The modals on the screen, the top one last, as the API shows views.
    pub modals: Vec<Value>,
}

/// One file.
#[derive(Clone, Debug, Serialize)]
pub struct FileView {
    /// `F…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its text, lossy; none before the bytes came.
    pub content: Option<String>,
    /// Rooms where it was shared, once for each share.
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

    /// A channel by id, by name or by `#name`.
    pub fn channel(&self, address: &str) -> Option<&ChannelView> {
        let name = address.strip_prefix('#').unwrap_or(address);
        let named = |r: &&ChannelView| r.id == address || (!r.name.is_empty() && r.name == name);
        self.channels.iter().find(named)
    }

    /// The direct message of two people.
    pub fn direct_message(&self, one: &str, other: &str) -> Option<&ChannelView> {
        let both = |r: &&ChannelView| {
            r.kind == "im"
                && [one, other]
                    .iter()
                    .all(|p| r.members.iter().any(|m| m == p))
        };
        self.channels.iter().find(both)
    }

    /// A person by id or handle.
    pub fn user(&self, address: &str) -> Option<&UserView> {
        self.users
            .iter()
            .find(|p| p.id == address || p.name == address)
    }

    /// Everything that was said anywhere, without Slack's own lines.
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

    /// What was said, without Slack's own lines; ephemerals included.
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

/// Every `text` that is shown, in reading operation.
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
