//! Events of the workspace that move an incident: what happened to its room.
//!
//! An event that lacks what it takes is no error: trying again would not mend it.

use super::{Arrival, unused};
use crate::domain::ids::ChannelId;
use crate::domain::signal::{Closing, Event};
use crate::slack::address::{MOVED, channel_of};
use crate::slack::typed;
use crate::slack::wire::lenient_or_default;
use serde::Deserialize;
use serde_json::Value;

/// Read as the address read it, or something that was kept could not be read here.
#[derive(Deserialize)]
struct Callback {
    #[serde(default, deserialize_with = "lenient_or_default")]
    event: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(default, rename = "type", deserialize_with = "lenient_or_default")]
    kind: String,
    #[serde(default)]
    channel: Value,
    #[serde(default, deserialize_with = "lenient_or_default")]
    old_channel_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    new_channel_id: Option<String>,
}

pub(super) fn decode(arrival: Arrival<'_>) -> Result<Event, &'static str> {
    let callback: Callback =
        serde_json::from_slice(arrival.body).map_err(|_| "not an event that we know")?;
    let event = callback.event.ok_or("no event")?;
    let kind = event.kind;
    let room = |id: Option<&str>| ChannelId::new(id.unwrap_or_default()).ok();
    let lacks = |lacks| Event::Incomplete {
        what: kind.clone(),
        lacks,
    };
    if kind == MOVED {
        let (from, to) = (event.old_channel_id, event.new_channel_id);
        return Ok(match (room(from.as_deref()), room(to.as_deref())) {
            (Some(from), Some(to)) => Event::RoomMoved { from, to },
            (None, _) => lacks("old_channel_id"),
            (_, None) => lacks("new_channel_id"),
        });
    }
    let Some(room) = room(channel_of(&event.channel)) else {
        return Ok(lacks("channel"));
    };
    Ok(match kind.as_str() {
        "channel_archive" | "group_archive" => Event::RoomClosed {
            room,
            how: Closing::Archived,
        },
        "channel_deleted" => Event::RoomClosed {
            room,
            how: Closing::Gone,
        },
        "channel_unarchive" | "group_unarchive" => Event::RoomReopened { room },
        "channel_rename" | "group_rename" => match event.channel["name"].as_str() {
            Some(name) if !name.is_empty() => Event::RoomRenamed {
                room,
                name: typed::unescape(name),
            },
            Some(_) | None => lacks("channel.name"),
        },
        other => unused(other),
    })
}
