//! Events of the workspace that move an incident: what happened to its room.

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
    if event.kind == MOVED {
        let room = |id: Option<String>| {
            ChannelId::new(id.unwrap_or_default()).map_err(|_| "a move of nothing")
        };
        let (from, to) = (room(event.old_channel_id)?, room(event.new_channel_id)?);
        return Ok(Event::RoomMoved { from, to });
    }
    let room = channel_of(&event.channel).ok_or("an event without a channel")?;
    let room = ChannelId::new(room).map_err(|_| "not a channel's id")?;
    Ok(match event.kind.as_str() {
        "channel_archive" | "group_archive" => Event::RoomClosed {
            room,
            how: Closing::Archived,
        },
        "channel_deleted" => Event::RoomClosed {
            room,
            how: Closing::Gone,
        },
        "channel_unarchive" | "group_unarchive" => Event::RoomReopened { room },
        "channel_rename" | "group_rename" => {
            let name = event.channel["name"]
                .as_str()
                .ok_or("a rename to nothing")?;
            let name = typed::unescape(name);
            Event::RoomRenamed { room, name }
        }
        other => unused(other),
    })
}
