//! The Web API: a table of methods with their rate limit, body and scopes.
//!
//! A method is a function from a `Call` to a response. It holds the lock of the state and does not wait.
//! Scopes that depend on the type of a channel are checked in the method.

mod chat;
mod conversations;
mod conversations_read;
mod files;
mod history;
mod pins;
mod users;
mod views;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::args::{Args, Body};
use super::error::{Answer, Refused, refuse};
use super::limits::Tier;
use super::state::{Bot, Channel, ChannelType, Moment, WorkspaceState};

/// One call of one method, with all that it may touch.
pub(crate) struct Call<'a> {
    pub(crate) state: &'a mut WorkspaceState,
    pub(crate) bot: Bot,
    pub(crate) args: Args,
    pub(crate) now: Moment,
    pub(crate) base: &'a str,
    pub(crate) max_block_text: usize,
}

pub(crate) struct Method {
    pub(crate) name: &'static str,
    pub(crate) tier: Tier,
    pub(crate) body: Body,
    scopes: &'static [&'static str],
    run: fn(&mut Call<'_>) -> Answer,
}

const POST_SCOPE: &[&str] = &["chat:write"];
const MANAGE: &[&str] = &["channels:manage", "groups:write"];
const TOPIC: &[&str] = &[
    "channels:write.topic",
    "channels:manage",
    "groups:write",
    "groups:write.topic",
];
const INVITE: &[&str] = &[
    "channels:write.invites",
    "channels:manage",
    "groups:write",
    "groups:write.invites",
];
const OPEN: &[&str] = &["im:write", "mpim:write"];
const READ: &[&str] = &["channels:read", "groups:read", "im:read", "mpim:read"];
const HISTORY: &[&str] = &[
    "channels:history",
    "groups:history",
    "im:history",
    "mpim:history",
];

macro_rules! method {
    ($name:literal, $tier:ident, $body:ident, $scopes:expr, $run:path) => {
        Method {
            name: $name,
            tier: Tier::$tier,
            body: Body::$body,
            scopes: $scopes,
            run: $run,
        }
    };
}

/// Any one of a method's scopes lets it in; a channel may ask for a particular one.
pub(crate) const METHODS: &[Method] = &[
    method!("auth.test", Special, Json, &[], users::auth_test),
    method!("team.info", Three, Json, &["team:read"], users::team_info),
    method!(
        "users.info",
        Four,
        FormOnly,
        &["users:read"],
        users::users_info
    ),
    method!(
        "users.list",
        Two,
        FormOnly,
        &["users:read"],
        users::users_list
    ),
    method!(
        "users.conversations",
        Three,
        FormOnly,
        READ,
        conversations_read::of_user
    ),
    method!(
        "usergroups.list",
        Two,
        FormOnly,
        &["usergroups:read"],
        users::usergroups_list
    ),
    method!(
        "chat.postMessage",
        Posting,
        Json,
        POST_SCOPE,
        chat::post_message
    ),
    method!(
        "chat.postEphemeral",
        Four,
        Json,
        POST_SCOPE,
        chat::post_ephemeral
    ),
    method!("chat.update", Three, Json, POST_SCOPE, chat::update),
    method!("chat.delete", Three, Json, POST_SCOPE, chat::delete),
    method!(
        "chat.getPermalink",
        Special,
        FormOnly,
        &[],
        chat::get_permalink
    ),
    method!(
        "conversations.create",
        Two,
        Json,
        MANAGE,
        conversations::create
    ),
    method!(
        "conversations.rename",
        Two,
        Json,
        MANAGE,
        conversations::rename
    ),
    method!(
        "conversations.archive",
        Two,
        Json,
        MANAGE,
        conversations::archive
    ),
    method!(
        "conversations.unarchive",
        Two,
        Json,
        MANAGE,
        conversations::unarchive
    ),
    method!(
        "conversations.setTopic",
        Two,
        Json,
        TOPIC,
        conversations::set_topic
    ),
    method!(
        "conversations.setPurpose",
        Two,
        Json,
        TOPIC,
        conversations::set_purpose
    ),
    method!(
        "conversations.invite",
        Three,
        Json,
        INVITE,
        conversations::invite
    ),
    method!(
        "conversations.join",
        Three,
        Json,
        &["channels:join"],
        conversations::join
    ),
    method!("conversations.open", Three, Json, OPEN, conversations::open),
    method!(
        "conversations.info",
        Three,
        FormOnly,
        READ,
        conversations_read::info
    ),
    method!(
        "conversations.list",
        Two,
        FormOnly,
        READ,
        conversations_read::list
    ),
    method!(
        "conversations.members",
        Four,
        FormOnly,
        READ,
        conversations_read::members
    ),
    method!(
        "conversations.history",
        Three,
        Json,
        HISTORY,
        history::history
    ),
    method!(
        "conversations.replies",
        Three,
        FormOnly,
        HISTORY,
        history::replies
    ),
    method!("pins.add", Two, Json, &["pins:write"], pins::add),
    method!("pins.remove", Two, Json, &["pins:write"], pins::remove),
    method!("pins.list", Two, FormOnly, &["pins:read"], pins::list),
    method!("views.open", Four, Json, &[], views::open),
    method!("views.push", Four, Json, &[], views::push),
    method!("views.update", Four, Json, &[], views::update),
    method!(
        "files.getUploadURLExternal",
        Four,
        FormOnly,
        &["files:write"],
        files::stage
    ),
    method!(
        "files.completeUploadExternal",
        Four,
        Json,
        &["files:write"],
        files::complete
    ),
];

pub(crate) fn method(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|m| m.name == name)
}

impl Method {
    /// Scopes first, as Slack does: a call without the right learns nothing about its arguments.
    pub(crate) fn run(&self, call: &mut Call<'_>) -> Answer {
        if !self.scopes.is_empty() {
            call.want_any(self.scopes)?;
        }
        (self.run)(call)
    }
}

impl Call<'_> {
    pub(crate) fn want_any(&self, scopes: &[&str]) -> Result<(), Refused> {
        if scopes.iter().any(|s| self.bot.scopes.contains(*s)) {
            return Ok(());
        }
        let provided: Vec<&str> = self.bot.scopes.iter().map(String::as_str).collect();
        Err(Refused::new("missing_scope")
            .with("needed", json!(scopes.first().copied().unwrap_or_default()))
            .with("provided", json!(provided.join(","))))
    }

    pub(crate) fn want(&self, scope: &str) -> Result<(), Refused> {
        self.want_any(&[scope])
    }

    /// The channel of an argument, as far as this bot may know of it.
    pub(crate) fn channel(&self, key: &str) -> Result<&Channel, Refused> {
        let address = self.args.need(key)?;
        let channel = self.state.find_channel(&address);
        let visible = |r: &&Channel| r.kind == ChannelType::Public || self.inside(r);
        channel
            .filter(visible)
            .ok_or_else(|| Refused::new("channel_not_found"))
    }

    pub(crate) fn inside(&self, channel: &Channel) -> bool {
        channel.members.contains(&self.bot.user_id)
    }

    /// A channel that the bot is a member of and that is not archived.
    pub(crate) fn joined(&self, key: &str) -> Result<String, Refused> {
        let channel = self.channel(key)?;
        if channel.archived {
            return refuse("is_archived");
        }
        if !self.inside(channel) {
            return refuse("not_in_channel");
        }
        Ok(channel.id.clone())
    }

    /// The scope that changing this kind of channel wants.
    pub(crate) fn want_manage(&self, channel: &Channel, also: &[&str]) -> Result<(), Refused> {
        let own = match channel.kind {
            ChannelType::Public => "channels:manage",
            ChannelType::Private => "groups:write",
            ChannelType::Im => "im:write",
            ChannelType::Mpim => "mpim:write",
        };
        let family = own.split(':').next().unwrap_or_default();
        let mut scopes = vec![own];
        scopes.extend(also.iter().copied().filter(|s| s.starts_with(family)));
        self.want_any(&scopes)
    }

    pub(crate) fn me(&self) -> BTreeSet<String> {
        BTreeSet::from([self.bot.user_id.clone()])
    }

    /// A channel as `conversations.*` shows it.
    pub(crate) fn channel_wire(&self, channel: &Channel) -> Value {
        let set = |value: &str| json!({"value": value, "creator": "", "last_set": 0});
        let mut out = json!({
            "id": channel.id, "created": channel.created, "creator": channel.creator,
            "is_archived": channel.archived, "is_general": channel.general,
            "is_channel": channel.kind == ChannelType::Public, "is_group": channel.kind == ChannelType::Private,
            "is_im": channel.kind == ChannelType::Im, "is_mpim": channel.kind == ChannelType::Mpim,
            "is_private": channel.kind != ChannelType::Public, "is_member": self.inside(channel),
            "is_shared": !channel.shared_with.is_empty(), "is_org_shared": false,
            "is_ext_shared": !channel.shared_with.is_empty(), "context_team_id": channel.team,
        });
        if channel.kind == ChannelType::Im {
            let other = channel.members.iter().find(|m| **m != self.bot.user_id);
            out["user"] = json!(other.unwrap_or(&self.bot.user_id));
        } else {
            out["name"] = json!(channel.name);
            out["name_normalized"] = json!(channel.name);
            out["previous_names"] = json!(channel.previous_names);
            out["num_members"] = json!(channel.members.len());
            out["topic"] = set(&channel.topic);
            out["purpose"] = set(&channel.purpose);
        }
        out
    }
}

pub(crate) fn done() -> Answer {
    Ok(Value::Object(Map::new()))
}

pub(crate) use files::upload;
pub(crate) use views::{replace as replace_view, stack as stack_view, wire as view_wire};
