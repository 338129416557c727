//! `pins.*`: pinned messages.

use serde_json::{Value, json};

use super::{Call, done};
use crate::error::{Answer, Refused, refuse};
use crate::state::Pin;
use crate::wire::Detail;

const MAX_PINS: usize = 100;

fn place(call: &Call<'_>) -> Result<(String, usize), Refused> {
    let id = call.joined("channel")?;
    let ts = call
        .args
        .need("timestamp")
        .map_err(|_| Refused::new("no_item_specified"))?;
    let messages = &call.state.channels[&id].messages;
    let at = messages
        .iter()
        .position(|m| m.ts == ts && m.ephemeral_to.is_none());
    at.map(|at| (id, at))
        .ok_or_else(|| Refused::new("message_not_found"))
}

pub(super) fn add(call: &mut Call<'_>) -> Answer {
    let (id, at) = place(call)?;
    let (by, created) = (call.bot.user_id.clone(), call.now.timestamp());
    let channel = call.state.channel_mut(&id)?;
    let ts = channel.messages[at].ts.clone();
    if channel.messages[at].subtype.is_some() {
        return refuse("not_pinnable");
    }
    if channel.pins.iter().any(|p| p.ts == ts) {
        return refuse("already_pinned");
    }
    if channel.pins.len() >= MAX_PINS {
        return refuse("too_many_pins");
    }
    channel.pins.push(Pin {
        ts: ts.clone(),
        by: by.clone(),
        created,
    });
    let event = json!({"type": "pin_added", "user": by, "channel_id": id,
                       "item": {"type": "message", "channel": id, "message": {"ts": ts}}});
    call.state.emit(Some(&id), event);
    done()
}

pub(super) fn remove(call: &mut Call<'_>) -> Answer {
    let (id, at) = place(call)?;
    let channel = call.state.channel_mut(&id)?;
    let ts = channel.messages[at].ts.clone();
    if !channel.pins.iter().any(|p| p.ts == ts) {
        return refuse("no_pin");
    }
    channel.pins.retain(|p| p.ts != ts);
    let by = call.bot.user_id.clone();
    let event = json!({"type": "pin_removed", "user": by, "channel_id": id,
                       "item": {"type": "message", "channel": id, "message": {"ts": ts}}});
    call.state.emit(Some(&id), event);
    done()
}

pub(super) fn list(call: &mut Call<'_>) -> Answer {
    let channel = call.channel("channel")?;
    if !call.inside(channel) {
        return refuse("not_in_channel");
    }
    let item = |pin: &Pin| {
        let message = channel.messages.iter().find(|m| m.ts == pin.ts)?;
        let wire = call.state.wire(message, &channel.id, Detail::Plain);
        Some(
            json!({"type": "message", "channel": channel.id, "created": pin.created,
                    "created_by": pin.by, "message": wire}),
        )
    };
    let items: Vec<Value> = channel.pins.iter().rev().filter_map(item).collect();
    Ok(json!({"items": items}))
}
