//! Pins, reactions and bookmarks: marks on what was said.

use serde_json::{Value, json};

use super::{Call, done};
use crate::error::{Answer, Refused, refuse};
use crate::state::Pin;
use crate::wire::Detail;

const MOST_PINS: usize = 100;
const MOST_REACTIONS: usize = 23;
const MOST_BOOKMARKS: usize = 100;

fn place(call: &Call<'_>) -> Result<(String, usize), Refused> {
    let id = call.joined("channel")?;
    let ts = call
        .args
        .need("timestamp")
        .map_err(|_| Refused::new("no_item_specified"))?;
    let messages = &call.world.rooms[&id].messages;
    let at = messages
        .iter()
        .position(|m| m.ts == ts && m.only_for.is_none());
    at.map(|at| (id, at))
        .ok_or_else(|| Refused::new("message_not_found"))
}

pub(super) fn pins_add(call: &mut Call<'_>) -> Answer {
    let (id, at) = place(call)?;
    let (by, created) = (call.bot.user_id.clone(), call.now.timestamp());
    let room = call.world.room_mut(&id)?;
    let ts = room.messages[at].ts.clone();
    if room.messages[at].subtype.is_some() {
        return refuse("not_pinnable");
    }
    if room.pins.iter().any(|p| p.ts == ts) {
        return refuse("already_pinned");
    }
    if room.pins.len() >= MOST_PINS {
        return refuse("too_many_pins");
    }
    room.pins.push(Pin {
        ts: ts.clone(),
        by: by.clone(),
        created,
    });
    let event = json!({"type": "pin_added", "user": by, "channel_id": id,
                       "item": {"type": "message", "channel": id, "message": {"ts": ts}}});
    call.world.tell(Some(&id), event);
    done()
}

pub(super) fn pins_remove(call: &mut Call<'_>) -> Answer {
    let (id, at) = place(call)?;
    let room = call.world.room_mut(&id)?;
    let ts = room.messages[at].ts.clone();
    if !room.pins.iter().any(|p| p.ts == ts) {
        return refuse("no_pin");
    }
    room.pins.retain(|p| p.ts != ts);
    let by = call.bot.user_id.clone();
    let event = json!({"type": "pin_removed", "user": by, "channel_id": id,
                       "item": {"type": "message", "channel": id, "message": {"ts": ts}}});
    call.world.tell(Some(&id), event);
    done()
}

pub(super) fn pins_list(call: &mut Call<'_>) -> Answer {
    let room = call.room("channel")?;
    if !call.inside(room) {
        return refuse("not_in_channel");
    }
    let item = |pin: &Pin| {
        let message = room.messages.iter().find(|m| m.ts == pin.ts)?;
        let wire = call.world.wire(message, &room.id, Detail::Plain);
        Some(
            json!({"type": "message", "channel": room.id, "created": pin.created,
                    "created_by": pin.by, "message": wire}),
        )
    };
    let items: Vec<Value> = room.pins.iter().rev().filter_map(item).collect();
    Ok(json!({"items": items}))
}

pub(super) fn reactions_add(call: &mut Call<'_>) -> Answer {
    let name = call.args.need("name")?;
    if name.contains(':') && !name.contains("::") || name.chars().any(char::is_whitespace) {
        return refuse("invalid_name");
    }
    let (id, at) = place(call)?;
    let me = call.bot.user_id.clone();
    let message = &mut call.world.room_mut(&id)?.messages[at];
    let (ts, author) = (message.ts.clone(), message.user.clone());
    let full = message.reactions.len() >= MOST_REACTIONS;
    match message.reactions.iter_mut().find(|(n, _)| *n == name) {
        Some((_, users)) if users.contains(&me) => return refuse("already_reacted"),
        Some((_, users)) => users.push(me.clone()),
        None if full => return refuse("too_many_emoji"),
        None => message.reactions.push((name.clone(), vec![me.clone()])),
    }
    let event = json!({"type": "reaction_added", "user": me, "reaction": name,
                       "item_user": author,
                       "item": {"type": "message", "channel": id, "ts": ts}});
    call.world.tell(Some(&id), event);
    done()
}

pub(super) fn bookmarks_add(call: &mut Call<'_>) -> Answer {
    let id = call.joined("channel_id")?;
    let (title, kind) = (call.args.need("title")?, call.args.need("type")?);
    if kind != "link" {
        return refuse("invalid_bookmark_type");
    }
    let link = call.args.text("link").unwrap_or_default();
    if !(link.starts_with("http://") || link.starts_with("https://")) {
        return refuse("invalid_link");
    }
    let bookmark = json!({"id": call.world.fresh("Bk"), "channel_id": id, "title": title,
                          "link": link, "type": kind, "date_created": call.now.timestamp()});
    let room = call.world.room_mut(&id)?;
    if room.bookmarks.len() >= MOST_BOOKMARKS {
        return refuse("too_many_bookmarks");
    }
    room.bookmarks.push(bookmark.clone());
    Ok(json!({"bookmark": bookmark}))
}
