//! The Web API: one table of methods, each with its tier, its body, and the scopes it wants.
//!
//! A method is a plain function from a `Call` to an answer; it holds the world's lock and never
//! waits. Scopes that depend on the kind of room are asked for inside the method.

mod chat;
mod conversations;
mod files;
mod history;
mod marks;
mod people;
mod reads;
mod views;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::args::{Args, Body};
use super::error::{Answer, Refused, refuse};
use super::limits::Tier;
use super::state::{Bot, Moment, Room, RoomKind, World};

/// One call of one method, with all that it may touch.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) bot: Bot,
    pub(crate) args: Args,
    pub(crate) now: Moment,
    pub(crate) base: &'a str,
    pub(crate) largest_blocks: usize,
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

/// Any one of a method's scopes lets it in; a room may ask for a particular one.
pub(crate) const METHODS: &[Method] = &[
    method!("auth.test", Special, Json, &[], people::auth_test),
    method!("team.info", Three, Json, &["team:read"], people::team_info),
    method!(
        "users.info",
        Four,
        FormOnly,
        &["users:read"],
        people::users_info
    ),
    method!(
        "users.list",
        Two,
        FormOnly,
        &["users:read"],
        people::users_list
    ),
    method!("users.conversations", Three, FormOnly, READ, reads::of_user),
    method!(
        "usergroups.list",
        Two,
        FormOnly,
        &["usergroups:read"],
        people::usergroups_list
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
    method!("conversations.info", Three, FormOnly, READ, reads::info),
    method!("conversations.list", Two, FormOnly, READ, reads::list),
    method!(
        "conversations.members",
        Four,
        FormOnly,
        READ,
        reads::members
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
    method!("pins.add", Two, Json, &["pins:write"], marks::pins_add),
    method!(
        "pins.remove",
        Two,
        Json,
        &["pins:write"],
        marks::pins_remove
    ),
    method!("pins.list", Two, FormOnly, &["pins:read"], marks::pins_list),
    method!(
        "reactions.add",
        Three,
        Json,
        &["reactions:write"],
        marks::reactions_add
    ),
    method!(
        "bookmarks.add",
        Two,
        Json,
        &["bookmarks:write"],
        marks::bookmarks_add
    ),
    method!("views.open", Four, Json, &[], views::open),
    method!("views.push", Four, Json, &[], views::push),
    method!("views.update", Four, Json, &[], views::update),
    method!("views.publish", Four, Json, &[], views::publish),
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

    /// The room of an argument, as far as this bot may know of it.
    pub(crate) fn room(&self, key: &str) -> Result<&Room, Refused> {
        let address = self.args.need(key)?;
        let room = self.world.find_room(&address);
        let visible = |r: &&Room| r.kind == RoomKind::Public || self.inside(r);
        room.filter(visible)
            .ok_or_else(|| Refused::new("channel_not_found"))
    }

    pub(crate) fn inside(&self, room: &Room) -> bool {
        room.members.contains(&self.bot.user_id)
    }

    /// A room that the bot is a member of and that is not archived.
    pub(crate) fn joined(&self, key: &str) -> Result<String, Refused> {
        let room = self.room(key)?;
        if room.archived {
            return refuse("is_archived");
        }
        if !self.inside(room) {
            return refuse("not_in_channel");
        }
        Ok(room.id.clone())
    }

    /// The scope that changing this kind of room wants.
    pub(crate) fn want_manage(&self, room: &Room, also: &[&str]) -> Result<(), Refused> {
        let own = match room.kind {
            RoomKind::Public => "channels:manage",
            RoomKind::Private => "groups:write",
            RoomKind::Im => "im:write",
            RoomKind::Mpim => "mpim:write",
        };
        let family = own.split(':').next().unwrap_or_default();
        let mut scopes = vec![own];
        scopes.extend(also.iter().copied().filter(|s| s.starts_with(family)));
        self.want_any(&scopes)
    }

    pub(crate) fn me(&self) -> BTreeSet<String> {
        BTreeSet::from([self.bot.user_id.clone()])
    }

    /// A room as `conversations.*` shows it.
    pub(crate) fn room_wire(&self, room: &Room) -> Value {
        let set = |value: &str| json!({"value": value, "creator": "", "last_set": 0});
        let mut out = json!({
            "id": room.id, "created": room.created, "creator": room.creator,
            "is_archived": room.archived, "is_general": room.general,
            "is_channel": room.kind == RoomKind::Public, "is_group": room.kind == RoomKind::Private,
            "is_im": room.kind == RoomKind::Im, "is_mpim": room.kind == RoomKind::Mpim,
            "is_private": room.kind != RoomKind::Public, "is_member": self.inside(room),
            "is_shared": !room.shared_with.is_empty(), "is_org_shared": false,
            "is_ext_shared": !room.shared_with.is_empty(), "context_team_id": room.team,
        });
        if room.kind == RoomKind::Im {
            let other = room.members.iter().find(|m| **m != self.bot.user_id);
            out["user"] = json!(other.unwrap_or(&self.bot.user_id));
        } else {
            out["name"] = json!(room.name);
            out["name_normalized"] = json!(room.name);
            out["previous_names"] = json!(room.previous_names);
            out["num_members"] = json!(room.members.len());
            out["topic"] = set(&room.topic);
            out["purpose"] = set(&room.purpose);
        }
        out
    }
}

pub(crate) fn done() -> Answer {
    Ok(Value::Object(Map::new()))
}

pub(crate) use files::upload;
pub(crate) use views::{replace as replace_view, stack as stack_view, wire as view_wire};
