//! `conversations.history` and `replies`.
//!
//! The cursor is a timestamp and not an index, so that a message that is posted between two pages does
//! not shift them. `oldest` and `latest` are excluded unless `inclusive` is set. Ephemeral messages are
//! not part of the history.

use base64::Engine as _;
use serde_json::{Value, json};

use super::Call;
use crate::error::{Answer, Refused, refuse};
use crate::state::Message;
use crate::wire::{Detail, micros_of};

const MAX_LIMIT: usize = 999;

struct Window {
    oldest: Option<i64>,
    latest: Option<i64>,
    inclusive: bool,
    limit: usize,
    cursor: Option<i64>,
    detail: Detail,
}

impl Window {
    fn read(call: &Call<'_>, usual: usize) -> Result<Self, Refused> {
        let edge = |key: &str| match call.args.text(key).filter(|t| !t.is_empty()) {
            None => Ok(None),
            Some(ts) => match micros_of(&ts) {
                Some(micros) => Ok(Some(micros)),
                None => refuse(&format!("invalid_ts_{key}")),
            },
        };
        let cursor = match call.args.text("cursor").filter(|c| !c.is_empty()) {
            None => None,
            Some(text) => Some(read_cursor(&text).ok_or_else(|| Refused::new("invalid_cursor"))?),
        };
        let limit = match call.args.number("limit")? {
            None | Some(0) => usual,
            Some(limit) => limit.min(MAX_LIMIT),
        };
        let detail = if call.args.flag("include_all_metadata") {
            Detail::WithMetadata
        } else {
            Detail::Plain
        };
        let (oldest, latest) = (edge("oldest")?, edge("latest")?);
        Ok(Self {
            oldest,
            latest,
            inclusive: call.args.flag("inclusive"),
            limit,
            cursor,
            detail,
        })
    }

    fn holds(&self, ts: &str) -> bool {
        let at = micros_of(ts).unwrap_or_default();
        let after = |edge: i64| at > edge || (self.inclusive && at == edge);
        let before = |edge: i64| at < edge || (self.inclusive && at == edge);
        self.oldest.is_none_or(after) && self.latest.is_none_or(before)
    }
}

fn write_cursor(ts: &str) -> String {
    base64::engine::general_purpose::STANDARD
        .encode(format!("next_ts:{}", micros_of(ts).unwrap_or_default()))
}

fn read_cursor(cursor: &str) -> Option<i64> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(cursor)
        .ok()?;
    String::from_utf8(bytes)
        .ok()?
        .strip_prefix("next_ts:")?
        .parse()
        .ok()
}

fn readable(call: &Call<'_>) -> Result<String, Refused> {
    let channel = call.channel("channel")?;
    call.want(&channel.kind.scope("history"))?;
    if !call.inside(channel) {
        return refuse("not_in_channel");
    }
    Ok(channel.id.clone())
}

fn answer(call: &Call<'_>, channel: &str, shown: &[&Message], more: bool, detail: Detail) -> Value {
    let messages: Vec<Value> = shown
        .iter()
        .map(|m| call.state.wire(m, channel, detail))
        .collect();
    let mut out = json!({"messages": messages, "has_more": more});
    if let (true, Some(last)) = (more, shown.last()) {
        out["response_metadata"] = json!({"next_cursor": write_cursor(&last.ts)});
    }
    out
}

pub(super) fn history(call: &mut Call<'_>) -> Answer {
    let id = readable(call)?;
    let window = Window::read(call, 100)?;
    let channel = &call.state.channels[&id];
    let spoken = channel.messages.iter().rev().filter(|m| {
        m.ephemeral_to.is_none()
            && (m.thread_ts.is_none() || m.broadcast)
            && window.holds(&m.ts)
            && window
                .cursor
                .is_none_or(|c| micros_of(&m.ts).is_some_and(|at| at < c))
    });
    let mut found: Vec<&Message> = spoken.take(window.limit + 1).collect();
    let more = found.len() > window.limit;
    found.truncate(window.limit);
    let mut out = answer(call, &id, &found, more, window.detail);
    out["pin_count"] = json!(channel.pins.len());
    Ok(out)
}

pub(super) fn replies(call: &mut Call<'_>) -> Answer {
    let id = readable(call)?;
    let ts = call.args.need("ts")?;
    let window = Window::read(call, 1000)?;
    let channel = &call.state.channels[&id];
    let named = channel
        .messages
        .iter()
        .find(|m| m.ts == ts && m.ephemeral_to.is_none());
    let Some(named) = named else {
        return refuse("thread_not_found");
    };
    let parent = named.thread_ts.clone().unwrap_or_else(|| ts.clone());
    // The parent opens every page, as in Slack; the window is for the replies.
    let head = channel.messages.iter().find(|m| m.ts == parent);
    let tail = channel.messages.iter().filter(|m| {
        m.ephemeral_to.is_none()
            && m.thread_ts.as_ref() == Some(&parent)
            && window.holds(&m.ts)
            && window
                .cursor
                .is_none_or(|c| micros_of(&m.ts).is_some_and(|at| at > c))
    });
    let mut found: Vec<&Message> = head
        .into_iter()
        .chain(tail)
        .take(window.limit + 1)
        .collect();
    let more = found.len() > window.limit;
    found.truncate(window.limit);
    Ok(answer(call, &id, &found, more, window.detail))
}
