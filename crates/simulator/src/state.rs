//! The state of the workspace: users, bots, channels, messages, files, views.
//!
//! It has no HTTP and no clock; the time is an argument. Ephemeral messages are in the same list as
//! other messages, so that the order is known.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::error::Refused;
use super::teams::Org;
use super::wire::{Detail, ts_of};

pub(crate) type Moment = DateTime<Utc>;

/// The state of the workspace, which one lock protects.
pub(crate) struct WorkspaceState {
    pub(crate) team_id: String,
    pub(crate) team_name: String,
    pub(crate) org: Option<Org>,
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) bots: Vec<Bot>,
    pub(crate) channels: BTreeMap<String, Channel>,
    pub(crate) files: BTreeMap<String, File>,
    pub(crate) views: BTreeMap<String, View>,
    pub(crate) modals: BTreeMap<String, Vec<String>>,
    pub(crate) triggers: BTreeMap<String, Trigger>,
    pub(crate) responses: BTreeMap<String, ResponseUrl>,
    pub(crate) events: Vec<Event>,
    last_ts: i64,
    last_id: u64,
}

#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) team: String,
    pub(crate) name: String,
    pub(crate) real_name: String,
    pub(crate) is_bot: bool,
    pub(crate) deleted: bool,
}

#[derive(Clone)]
pub(crate) struct Bot {
    pub(crate) token: String,
    pub(crate) user_id: String,
    pub(crate) bot_id: String,
    pub(crate) app_id: String,
    pub(crate) name: String,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) revoked: Option<String>,
}

/// The type of a conversation, which determines scopes, visibility and event names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChannelType {
    Public,
    /// Only visible to its members.
    Private,
    /// A direct message.
    Im,
    /// A group direct message.
    Mpim,
}

impl ChannelType {
    pub(crate) fn scope(self, verb: &str) -> String {
        let family = match self {
            Self::Public => "channels",
            Self::Private => "groups",
            Self::Im => "im",
            Self::Mpim => "mpim",
        };
        format!("{family}:{verb}")
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Public => "channel",
            Self::Private => "group",
            Self::Im => "im",
            Self::Mpim => "mpim",
        }
    }

    pub(crate) fn is_direct(self) -> bool {
        matches!(self, Self::Im | Self::Mpim)
    }
}

pub(crate) struct Channel {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: ChannelType,
    pub(crate) team: String,
    pub(crate) shared_with: BTreeSet<String>,
    pub(crate) archived: bool,
    pub(crate) general: bool,
    pub(crate) creator: String,
    pub(crate) created: i64,
    pub(crate) topic: String,
    pub(crate) purpose: String,
    pub(crate) previous_names: Vec<String>,
    pub(crate) members: BTreeSet<String>,
    pub(crate) messages: Vec<Message>,
    pub(crate) pins: Vec<Pin>,
}

#[derive(Clone)]
pub(crate) struct Pin {
    pub(crate) ts: String,
    pub(crate) by: String,
    pub(crate) created: i64,
}

#[derive(Clone, Default)]
pub(crate) struct Message {
    pub(crate) ts: String,
    pub(crate) user: String,
    pub(crate) bot_id: Option<String>,
    pub(crate) app_id: Option<String>,
    pub(crate) text: String,
    pub(crate) blocks: Vec<Value>,
    pub(crate) attachments: Vec<Value>,
    pub(crate) metadata: Option<Value>,
    pub(crate) thread_ts: Option<String>,
    pub(crate) broadcast: bool,
    pub(crate) subtype: Option<String>,
    pub(crate) ephemeral_to: Option<String>,
    pub(crate) edited: Option<String>,
    pub(crate) edits: u32,
    pub(crate) files: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct File {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) length: usize,
    pub(crate) by: String,
    pub(crate) content: Option<Vec<u8>>,
    pub(crate) shared_in: Vec<String>,
}

pub(crate) struct View {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) token: String,
    pub(crate) body: Value,
    pub(crate) hash: String,
    pub(crate) root: String,
    pub(crate) previous: Option<String>,
    pub(crate) values: Map<String, Value>,
}

pub(crate) struct Trigger {
    pub(crate) user: String,
    pub(crate) created_at: Moment,
    pub(crate) used: bool,
    pub(crate) from_modal: bool,
}

pub(crate) struct ResponseUrl {
    pub(crate) channel: String,
    pub(crate) user: String,
    pub(crate) source: Option<String>,
    pub(crate) created_at: Moment,
    pub(crate) uses: u32,
}

/// An event. It is sent if the app subscribed to it and is a member of `channel`.
pub(crate) struct Event {
    pub(crate) channel: Option<String>,
    pub(crate) body: Value,
}

impl WorkspaceState {
    pub(crate) fn new(team_id: &str, team_name: &str, first_id: u64) -> Self {
        Self {
            team_id: team_id.to_owned(),
            team_name: team_name.to_owned(),
            org: None,
            users: BTreeMap::new(),
            bots: Vec::new(),
            channels: BTreeMap::new(),
            files: BTreeMap::new(),
            views: BTreeMap::new(),
            modals: BTreeMap::new(),
            triggers: BTreeMap::new(),
            responses: BTreeMap::new(),
            events: Vec::new(),
            last_ts: 0,
            last_id: first_id,
        }
    }

    /// A new id such as `C0SIM000007`, from one counter for all prefixes.
    pub(crate) fn fresh(&mut self, prefix: &str) -> String {
        self.last_id += 1;
        format!("{prefix}0SIM{:06}", self.last_id)
    }

    /// The next `ts`. It increases strictly, also if the clock does not.
    pub(crate) fn next_ts(&mut self, now: Moment) -> String {
        self.last_ts = now.timestamp_micros().max(self.last_ts + 1);
        ts_of(self.last_ts)
    }

    pub(crate) fn add_user(&mut self, id: Option<&str>, name: &str, is_bot: bool) -> String {
        let id = id.map_or_else(|| self.fresh("U"), str::to_owned);
        let user = User {
            id: id.clone(),
            team: self.team_id.clone(),
            name: name.to_owned(),
            real_name: name.to_owned(),
            is_bot,
            deleted: false,
        };
        self.users.insert(id.clone(), user);
        id
    }

    pub(crate) fn add_channel(
        &mut self,
        id: Option<&str>,
        name: &str,
        kind: ChannelType,
        creator: &str,
        now: Moment,
    ) -> String {
        let prefix = match kind {
            ChannelType::Public | ChannelType::Private => "C",
            ChannelType::Im => "D",
            ChannelType::Mpim => "G",
        };
        let id = id.map_or_else(|| self.fresh(prefix), str::to_owned);
        let channel = Channel {
            id: id.clone(),
            name: name.to_owned(),
            kind,
            team: self.team_id.clone(),
            shared_with: BTreeSet::new(),
            archived: false,
            general: name == "general",
            creator: creator.to_owned(),
            created: now.timestamp(),
            topic: String::new(),
            purpose: String::new(),
            previous_names: Vec::new(),
            members: BTreeSet::from([creator.to_owned()]),
            messages: Vec::new(),
            pins: Vec::new(),
        };
        self.channels.insert(id.clone(), channel);
        id
    }

    /// The direct message of exactly these users; true if it existed.
    pub(crate) fn direct(&mut self, people: &BTreeSet<String>, now: Moment) -> (String, bool) {
        let found = self
            .channels
            .values()
            .find(|r| r.kind.is_direct() && &r.members == people);
        if let Some(channel) = found {
            return (channel.id.clone(), true);
        }
        let kind = if people.len() > 2 {
            ChannelType::Mpim
        } else {
            ChannelType::Im
        };
        let creator = people.first().cloned().unwrap_or_default();
        let id = self.add_channel(None, "", kind, &creator, now);
        let channel = self
            .channels
            .get_mut(&id)
            .expect("the channel was just made");
        channel.members = people.clone();
        if kind == ChannelType::Mpim {
            channel.name = format!("mpdm-{}", id.to_lowercase());
        }
        (id, false)
    }

    /// By id, by `name` or by `#name`.
    pub(crate) fn find_channel(&self, address: &str) -> Option<&Channel> {
        self.channels.get(address).or_else(|| {
            let name = address.strip_prefix('#').unwrap_or(address);
            self.channels
                .values()
                .find(|r| !r.kind.is_direct() && r.name == name)
        })
    }

    /// By id, by name or by `@name`.
    pub(crate) fn find_user(&self, address: &str) -> Option<&User> {
        self.users.get(address).or_else(|| {
            let name = address.strip_prefix('@').unwrap_or(address);
            self.users.values().find(|u| u.name == name)
        })
    }

    pub(crate) fn channel_mut(&mut self, id: &str) -> Result<&mut Channel, Refused> {
        self.channels
            .get_mut(id)
            .ok_or_else(|| Refused::new("channel_not_found"))
    }

    /// Posts a message, and emits its events. An ephemeral message has none.
    pub(crate) fn post(&mut self, channel_id: &str, mut message: Message, now: Moment) -> String {
        let ts = self.next_ts(now);
        message.ts = ts.clone();
        let Some(kind) = self.channels.get(channel_id).map(|r| r.kind) else {
            return ts;
        };
        if message.ephemeral_to.is_none() {
            let mut body = self.wire(&message, channel_id, Detail::WithMetadata);
            body["channel"] = json!(channel_id);
            body["event_ts"] = json!(ts);
            body["channel_type"] = json!(kind.word());
            let mentions = message.subtype.is_none() && message.bot_id.is_none();
            let mentioned = self
                .bots
                .iter()
                .any(|b| message.text.contains(&format!("<@{}>", b.user_id)));
            if mentions && mentioned {
                let mut mention = body.clone();
                mention["type"] = json!("app_mention");
                self.events.push(Event {
                    channel: Some(channel_id.to_owned()),
                    body: mention,
                });
            }
            self.events.push(Event {
                channel: Some(channel_id.to_owned()),
                body,
            });
        }
        if let Some(channel) = self.channels.get_mut(channel_id) {
            channel.messages.push(message);
        }
        ts
    }

    /// Posts a system message, such as `channel_join`.
    pub(crate) fn post_system_message(
        &mut self,
        channel: &str,
        user: &str,
        subtype: &str,
        text: &str,
        now: Moment,
    ) {
        let message = Message {
            user: user.to_owned(),
            text: text.to_owned(),
            subtype: Some(subtype.to_owned()),
            ..Message::default()
        };
        self.post(channel, message, now);
    }

    pub(crate) fn emit(&mut self, channel: Option<&str>, body: Value) {
        self.events.push(Event {
            channel: channel.map(str::to_owned),
            body,
        });
    }
}
