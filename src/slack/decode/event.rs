//! Events about an incident's channel.
//!
//! An event that lacks a field is not an error, because it would lack the field at each attempt.

use super::{Payload, unused};
use crate::domain::areas::Event;
use crate::domain::ids::ChannelId;
use crate::domain::incident::{self, Closing};
use crate::slack::address::{CHANNEL_ID_CHANGED, channel_of};
use crate::slack::typed;
use serde::Deserialize;
use serde_json::Value;

/// Read in the same way as at the edge: everything that is stored can be decoded.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    event: Value,
}

pub(super) fn decode(payload: Payload<'_>) -> Result<Event, &'static str> {
    let Envelope { event } =
        serde_json::from_slice(payload.body).map_err(|_| "not a JSON object")?;
    let kind = event["type"].as_str().unwrap_or_default();
    let channel = |id: Option<&str>| ChannelId::new(id?).ok();
    let lacks = |lacks| Event::Incomplete {
        what: kind.to_owned(),
        lacks,
    };
    if kind == CHANNEL_ID_CHANGED {
        let id = |field: &str| channel(event[field].as_str());
        return Ok(match (id("old_channel_id"), id("new_channel_id")) {
            (Some(from), Some(to)) => incident::Event::ChannelMoved { from, to }.into(),
            (None, _) => lacks("old_channel_id"),
            (_, None) => lacks("new_channel_id"),
        });
    }
    let Some(channel) = channel(channel_of(&event["channel"])) else {
        return Ok(lacks("channel"));
    };
    Ok(match kind {
        "channel_archive" | "group_archive" => incident::Event::ChannelClosed {
            channel,
            how: Closing::Archived,
        }
        .into(),
        "channel_deleted" => incident::Event::ChannelClosed {
            channel,
            how: Closing::Gone,
        }
        .into(),
        "channel_unarchive" | "group_unarchive" => {
            incident::Event::ChannelReopened { channel }.into()
        }
        "channel_rename" | "group_rename" => match event["channel"]["name"].as_str() {
            Some(name) if !name.is_empty() => incident::Event::ChannelRenamed {
                channel,
                name: typed::unescape(name),
            }
            .into(),
            Some(_) | None => lacks("channel.name"),
        },
        other => unused(other),
    })
}
