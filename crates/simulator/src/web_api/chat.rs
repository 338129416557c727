//! `chat.*`: post, update and delete messages.
//!
//! Posting without membership requires a public channel and `chat:write.public`. As in Slack, messages
//! are not deduplicated, so that tests find duplicates.

use serde_json::{Value, json};

use super::{Call, done};
use crate::blocks;
use crate::error::{Answer, Refused, refuse};
use crate::state::{ChannelType, Message};
use crate::wire::{Detail, micros_of};

const MAX_TEXT_LENGTH: usize = 40_000;
const MAX_UPDATE_LENGTH: usize = 4_000;
const MAX_MARKDOWN_LENGTH: usize = 12_000;
const MAX_METADATA_BYTES: usize = 16_000;

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
        Some(value) => Some(blocks::message_blocks(&value, call.max_block_text)?),
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
        if markdown.chars().count() > MAX_MARKDOWN_LENGTH {
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
    if value.to_string().len() > MAX_METADATA_BYTES {
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
            .take(MAX_TEXT_LENGTH)
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

/// Where a message goes: a channel that may be posted to, or a person's direct message.
fn destination(call: &mut Call<'_>) -> Result<String, Refused> {
    let address = call.args.need("channel")?;
    if call.state.users.contains_key(&address) {
        let mut pair = call.me();
        pair.insert(address);
        return Ok(call.state.direct(&pair, call.now).0);
    }
    let channel = call.channel("channel")?;
    if channel.archived {
        return refuse("is_archived");
    }
    let public =
        channel.kind == ChannelType::Public && call.bot.scopes.contains("chat:write.public");
    if !call.inside(channel) && !public {
        return refuse("not_in_channel");
    }
    Ok(channel.id.clone())
}

fn thread(call: &Call<'_>, channel: &str) -> Result<Option<String>, Refused> {
    let Some(ts) = call.args.text("thread_ts").filter(|t| !t.is_empty()) else {
        return Ok(None);
    };
    if micros_of(&ts).is_none() {
        return refuse("invalid_thread_ts");
    }
    let known = call.state.channels.get(channel).is_some_and(|r| {
        r.messages
            .iter()
            .any(|m| m.ts == ts && m.ephemeral_to.is_none())
    });
    if known {
        Ok(Some(ts))
    } else {
        refuse("thread_not_found")
    }
}

pub(super) fn post_message(call: &mut Call<'_>) -> Answer {
    let content = content(call)?;
    let channel = destination(call)?;
    if content.is_empty() {
        return refuse("no_text");
    }
    let thread_ts = thread(call, &channel)?;
    let mut message = content.into_message(call);
    message.broadcast = thread_ts.is_some() && call.args.flag("reply_broadcast");
    message.thread_ts = thread_ts;
    let shown = message.clone();
    let ts = call.state.post(&channel, message, call.now);
    let mut wire = call.state.wire(&shown, &channel, Detail::WithMetadata);
    wire["ts"] = json!(ts);
    Ok(json!({"channel": channel, "ts": ts, "message": wire}))
}

pub(super) fn post_ephemeral(call: &mut Call<'_>) -> Answer {
    let content = content(call)?;
    let channel = call.joined("channel")?;
    let user = call.args.need("user")?;
    if !call.state.channel_mut(&channel)?.members.contains(&user) {
        return refuse("user_not_in_channel");
    }
    if content.is_empty() {
        return refuse("no_text");
    }
    let mut message = content.into_message(call);
    message.thread_ts = call.args.text("thread_ts").filter(|t| !t.is_empty());
    message.ephemeral_to = Some(user);
    let ts = call.state.post(&channel, message, call.now);
    Ok(json!({"message_ts": ts}))
}

/// The place of a message that a bot may touch; ephemerals cannot be reached by `ts`.
fn own_message(call: &Call<'_>, channel: &str, ts: &str, code: &str) -> Result<usize, Refused> {
    let messages = &call.state.channels[channel].messages;
    let at = messages
        .iter()
        .position(|m| m.ts == ts && m.ephemeral_to.is_none());
    let at = at.ok_or_else(|| Refused::new("message_not_found"))?;
    if messages[at].bot_id.as_ref() != Some(&call.bot.bot_id) || messages[at].subtype.is_some() {
        return refuse(code);
    }
    Ok(at)
}

pub(super) fn update(call: &mut Call<'_>) -> Answer {
    let content = content(call)?;
    let (channel, archived) = call
        .channel("channel")
        .map(|r| (r.id.clone(), r.archived))?;
    let ts = call.args.need("ts")?;
    let at = own_message(call, &channel, &ts, "cant_update_message")?;
    if archived {
        return refuse("is_archived");
    }
    if content.is_empty() {
        return refuse("no_text");
    }
    if content
        .text
        .as_ref()
        .is_some_and(|t| t.chars().count() > MAX_UPDATE_LENGTH)
    {
        return refuse("msg_too_long");
    }
    let stamp = call.state.next_ts(call.now);
    let message = &mut call.state.channel_mut(&channel)?.messages[at];
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
    let wire = call.state.wire(&shown, &channel, Detail::WithMetadata);
    let event = json!({"type": "message", "subtype": "message_changed", "channel": channel,
                       "hidden": true, "message": wire});
    call.state.emit(Some(&channel), event);
    Ok(json!({"channel": channel, "ts": ts, "text": shown.text, "message": wire}))
}

pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    let channel = call.channel("channel").map(|r| r.id.clone())?;
    let ts = call.args.need("ts")?;
    let at = own_message(call, &channel, &ts, "cant_delete_message")?;
    let held = call.state.channel_mut(&channel)?;
    held.messages.remove(at);
    held.pins.retain(|p| p.ts != ts);
    let event = json!({"type": "message", "subtype": "message_deleted", "channel": channel,
                       "hidden": true, "deleted_ts": ts});
    call.state.emit(Some(&channel), event);
    Ok(json!({"channel": channel, "ts": ts}))
}

pub(super) fn get_permalink(call: &mut Call<'_>) -> Answer {
    let channel = call.channel("channel")?;
    let ts = call.args.need("message_ts")?;
    if !channel
        .messages
        .iter()
        .any(|m| m.ts == ts && m.ephemeral_to.is_none())
    {
        return refuse("message_not_found");
    }
    let link = format!(
        "{}/archives/{}/p{}",
        call.base,
        channel.id,
        ts.replace('.', "")
    );
    let mut out = done()?;
    out["channel"] = json!(channel.id);
    out["permalink"] = json!(link);
    Ok(out)
}
