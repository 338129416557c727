//! `chat.*`: saying, changing and taking back.
//!
//! Posting without membership is for public rooms and `chat:write.public` only. Nothing is
//! deduplicated: Slack promises no idempotency key, and a twin in the room is what tests look for.

use serde_json::{Value, json};

use super::{Call, done};
use crate::blocks;
use crate::error::{Answer, Refused, refuse};
use crate::state::{Message, RoomKind};
use crate::wire::{Detail, micros_of};

const TRUNCATED_AT: usize = 40_000;
const LONGEST_EDIT: usize = 4_000;
const LONGEST_MARKDOWN: usize = 12_000;
const LARGEST_METADATA: usize = 16_000;

/// The content of a message, checked; what is absent was not sent.
struct Content {
    text: Option<String>,
    blocks: Option<Vec<Value>>,
    attachments: Option<Vec<Value>>,
    metadata: Option<Value>,
}

fn content(call: &Call<'_>) -> Result<Content, Refused> {
    let mut text = call.args.text("text");
    let blocks = match call.args.json("blocks", "invalid_blocks_format")? {
        None => None,
        Some(value) => Some(blocks::message_blocks(&value, call.largest_blocks)?),
    };
    let attachments = match call.args.json("attachments", "invalid_attachments")? {
        None => None,
        Some(Value::Array(list)) if list.len() > 100 => return refuse("too_many_attachments"),
        Some(Value::Array(list)) => Some(list),
        Some(_) => return refuse("invalid_attachments"),
    };
    if let Some(markdown) = call.args.text("markdown_text").filter(|m| !m.is_empty()) {
        if text.is_some() || blocks.is_some() {
            return refuse("markdown_text_conflict");
        }
        if markdown.chars().count() > LONGEST_MARKDOWN {
            return refuse("msg_too_long");
        }
        text = Some(markdown);
    }
    let metadata = metadata(call)?;
    Ok(Content {
        text,
        blocks,
        attachments,
        metadata,
    })
}

fn metadata(call: &Call<'_>) -> Result<Option<Value>, Refused> {
    let Some(value) = call.args.json("metadata", "invalid_metadata_format")? else {
        return Ok(None);
    };
    if !value.is_object() {
        return refuse("invalid_metadata_format");
    }
    let named = value["event_type"].as_str().is_some_and(|t| !t.is_empty());
    if !named || !value["event_payload"].is_object() {
        return refuse("invalid_metadata_schema");
    }
    if value.to_string().len() > LARGEST_METADATA {
        return refuse("metadata_too_large");
    }
    Ok(Some(value))
}

impl Content {
    fn is_empty(&self) -> bool {
        let bare = |list: &Option<Vec<Value>>| list.as_ref().is_none_or(Vec::is_empty);
        let silent = self.text.as_ref().is_none_or(|t| t.trim().is_empty());
        silent && bare(&self.blocks) && bare(&self.attachments)
    }

    fn into_message(self, call: &Call<'_>) -> Message {
        let text: String = self
            .text
            .unwrap_or_default()
            .chars()
            .take(TRUNCATED_AT)
            .collect();
        Message {
            user: call.bot.user_id.clone(),
            bot_id: Some(call.bot.bot_id.clone()),
            app_id: Some(call.bot.app_id.clone()),
            text,
            blocks: self.blocks.unwrap_or_default(),
            attachments: self.attachments.unwrap_or_default(),
            metadata: self.metadata,
            ..Message::default()
        }
    }
}

/// Where a message goes: a room that may be posted to, or a person's direct room.
fn destination(call: &mut Call<'_>) -> Result<String, Refused> {
    let address = call.args.need("channel")?;
    if call.world.users.contains_key(&address) {
        let mut pair = call.me();
        pair.insert(address);
        return Ok(call.world.direct(&pair, call.now).0);
    }
    let room = call.room("channel")?;
    if room.archived {
        return refuse("is_archived");
    }
    let public = room.kind == RoomKind::Public && call.bot.scopes.contains("chat:write.public");
    if !call.inside(room) && !public {
        return refuse("not_in_channel");
    }
    Ok(room.id.clone())
}

fn thread(call: &Call<'_>, room: &str) -> Result<Option<String>, Refused> {
    let Some(ts) = call.args.text("thread_ts").filter(|t| !t.is_empty()) else {
        return Ok(None);
    };
    if micros_of(&ts).is_none() {
        return refuse("invalid_thread_ts");
    }
    let known = call.world.rooms.get(room).is_some_and(|r| {
        r.messages
            .iter()
            .any(|m| m.ts == ts && m.only_for.is_none())
    });
    if known {
        Ok(Some(ts))
    } else {
        refuse("thread_not_found")
    }
}

pub(super) fn post_message(call: &mut Call<'_>) -> Answer {
    let content = content(call)?;
    let room = destination(call)?;
    if content.is_empty() {
        return refuse("no_text");
    }
    let thread_ts = thread(call, &room)?;
    let mut message = content.into_message(call);
    message.broadcast = thread_ts.is_some() && call.args.flag("reply_broadcast");
    message.thread_ts = thread_ts;
    let shown = message.clone();
    let ts = call.world.post(&room, message, call.now);
    let mut wire = call.world.wire(&shown, &room, Detail::WithMetadata);
    wire["ts"] = json!(ts);
    Ok(json!({"channel": room, "ts": ts, "message": wire}))
}

pub(super) fn post_ephemeral(call: &mut Call<'_>) -> Answer {
    let content = content(call)?;
    let room = call.joined("channel")?;
    let user = call.args.need("user")?;
    if !call.world.room_mut(&room)?.members.contains(&user) {
        return refuse("user_not_in_channel");
    }
    if content.is_empty() {
        return refuse("no_text");
    }
    let mut message = content.into_message(call);
    message.thread_ts = call.args.text("thread_ts").filter(|t| !t.is_empty());
    message.only_for = Some(user);
    let ts = call.world.post(&room, message, call.now);
    Ok(json!({"message_ts": ts}))
}

/// The place of a message that a bot may touch; ephemerals cannot be reached by `ts`.
fn own_message(call: &Call<'_>, room: &str, ts: &str, code: &str) -> Result<usize, Refused> {
    let messages = &call.world.rooms[room].messages;
    let at = messages
        .iter()
        .position(|m| m.ts == ts && m.only_for.is_none());
    let at = at.ok_or_else(|| Refused::new("message_not_found"))?;
    if messages[at].bot_id.as_ref() != Some(&call.bot.bot_id) || messages[at].subtype.is_some() {
        return refuse(code);
    }
    Ok(at)
}

pub(super) fn update(call: &mut Call<'_>) -> Answer {
    let content = content(call)?;
    let (room, archived) = call.room("channel").map(|r| (r.id.clone(), r.archived))?;
    let ts = call.args.need("ts")?;
    let at = own_message(call, &room, &ts, "cant_update_message")?;
    if archived {
        return refuse("is_archived");
    }
    if content.is_empty() {
        return refuse("no_text");
    }
    if content
        .text
        .as_ref()
        .is_some_and(|t| t.chars().count() > LONGEST_EDIT)
    {
        return refuse("msg_too_long");
    }
    let stamp = call.world.next_ts(call.now);
    let message = &mut call.world.room_mut(&room)?.messages[at];
    // Text alone takes the old blocks away; blocks alone keep nothing of the old text either.
    message.text = content.text.unwrap_or_default();
    message.blocks = content.blocks.unwrap_or_default();
    if let Some(attachments) = content.attachments {
        message.attachments = attachments;
    }
    if content.metadata.is_some() {
        message.metadata = content.metadata;
    }
    message.edited = Some(stamp);
    message.edits += 1;
    let shown = message.clone();
    let wire = call.world.wire(&shown, &room, Detail::WithMetadata);
    let event = json!({"type": "message", "subtype": "message_changed", "channel": room,
                       "hidden": true, "message": wire});
    call.world.tell(Some(&room), event);
    Ok(json!({"channel": room, "ts": ts, "text": shown.text, "message": wire}))
}

pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    let room = call.room("channel").map(|r| r.id.clone())?;
    let ts = call.args.need("ts")?;
    let at = own_message(call, &room, &ts, "cant_delete_message")?;
    let held = call.world.room_mut(&room)?;
    held.messages.remove(at);
    held.pins.retain(|p| p.ts != ts);
    let event = json!({"type": "message", "subtype": "message_deleted", "channel": room,
                       "hidden": true, "deleted_ts": ts});
    call.world.tell(Some(&room), event);
    Ok(json!({"channel": room, "ts": ts}))
}

pub(super) fn get_permalink(call: &mut Call<'_>) -> Answer {
    let room = call.room("channel")?;
    let ts = call.args.need("message_ts")?;
    if !room
        .messages
        .iter()
        .any(|m| m.ts == ts && m.only_for.is_none())
    {
        return refuse("message_not_found");
    }
    let link = format!(
        "{}/archives/{}/p{}",
        call.base,
        room.id,
        ts.replace('.', "")
    );
    let mut out = done()?;
    out["channel"] = json!(room.id);
    out["permalink"] = json!(link);
    Ok(out)
}
