//! `response_url`: five uses in thirty minutes, also in channels that the bot has not joined.
//!
//! The URL is a secret, and no token is required. A use that is refused for its content does not count.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::args::Args;
use super::blocks;
use super::server::{json_response, slack_response, too_many, under_faults};
use super::state::{Message, Moment, ResponseUrl, WorkspaceState};
use super::workspace::Workspace;

const MAX_USES: u32 = 5;
const VALID_MINUTES: i64 = 30;
const BURST: usize = 5;

/// Creates a URL for a command or click; `source` is the message that was clicked.
pub(crate) fn create(
    state: &mut WorkspaceState,
    base: &str,
    channel: &str,
    user: &str,
    source: Option<String>,
    now: Moment,
) -> String {
    let id = state.fresh("R");
    let url = format!("{base}/response/{id}");
    let entry = ResponseUrl {
        channel: channel.to_owned(),
        user: user.to_owned(),
        source,
        created_at: now,
        uses: 0,
    };
    state.responses.insert(id, entry);
    url
}

pub(crate) async fn receive(
    State(workspace): State<Workspace>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let parsed = serde_json::from_slice::<Value>(&body);
    let args = match &parsed {
        Ok(Value::Object(map)) => Args(map.clone()),
        _ => Args::default(),
    };
    let channel = workspace
        .state()
        .responses
        .get(&id)
        .map(|r| r.channel.clone());
    let number = workspace.record("response_url", &args);
    let there = workspace.clone();
    let perform = move || {
        if let Err(wait) = there.admit_paced(&format!("response {id}"), BURST) {
            there.note_outcome(number, "ratelimited");
            return too_many(wait);
        }
        let now = there.now();
        let result = match parsed {
            Ok(Value::Object(_)) => {
                use_it(&mut there.state(), &id, &args, there.max_block_text(), now)
            }
            _ => Err((StatusCode::BAD_REQUEST, "invalid_payload".to_owned())),
        };
        there.note_outcome(number, result.as_ref().err().map_or("ok", |(_, code)| code));
        there.changed();
        match result {
            Ok(()) => "ok".into_response(),
            Err((StatusCode::OK, code)) => {
                json_response(StatusCode::OK, &json!({"ok": false, "error": code}))
            }
            Err((status, code)) => (status, code).into_response(),
        }
    };
    under_faults(
        &workspace,
        number,
        "response_url",
        channel.as_deref(),
        slack_response,
        perform,
    )
    .await
}

type Denied = (StatusCode, String);

fn use_it(
    state: &mut WorkspaceState,
    id: &str,
    args: &Args,
    max_block_text: usize,
    now: Moment,
) -> Result<(), Denied> {
    let gone = |code: &str| (StatusCode::NOT_FOUND, code.to_owned());
    let Some(entry) = state.responses.get(id) else {
        return Err(gone("expired_url"));
    };
    if now.signed_duration_since(entry.created_at).num_minutes() >= VALID_MINUTES {
        return Err(gone("expired_url"));
    }
    if entry.uses >= MAX_USES {
        return Err(gone("used_url"));
    }
    let (channel, user, source) = (
        entry.channel.clone(),
        entry.user.clone(),
        entry.source.clone(),
    );
    show(
        state,
        args,
        &channel,
        &user,
        source.as_deref(),
        max_block_text,
        now,
    )
    .map_err(|code| (StatusCode::OK, code))?;
    if let Some(entry) = state.responses.get_mut(id) {
        entry.uses += 1;
    }
    Ok(())
}

/// Shows a response in a channel: from a `response_url`, or from the body of a command's response.
pub(crate) fn show(
    state: &mut WorkspaceState,
    args: &Args,
    channel: &str,
    user: &str,
    source: Option<&str>,
    max_block_text: usize,
    now: Moment,
) -> Result<(), String> {
    let blocks = match args
        .json("blocks", "invalid_blocks_format")
        .map_err(|r| r.code)?
    {
        None => Vec::new(),
        Some(value) => blocks::message_blocks(&value, max_block_text).map_err(|r| r.code)?,
    };
    let text = args.text("text").unwrap_or_default();
    let place = source.and_then(|ts| {
        state
            .channels
            .get(channel)
            .and_then(|r| r.messages.iter().position(|m| m.ts == ts))
    });
    if args.flag("delete_original") {
        if let (Some(at), Some(channel)) = (place, state.channels.get_mut(channel)) {
            channel.messages.remove(at);
        }
        return Ok(());
    }
    if text.trim().is_empty() && blocks.is_empty() && !args.has("attachments") {
        return Err("no_text".to_owned());
    }
    if args.flag("replace_original")
        && let Some(at) = place
    {
        let stamp = state.next_ts(now);
        if let Some(message) = state
            .channels
            .get_mut(channel)
            .and_then(|r| r.messages.get_mut(at))
        {
            message.text = text;
            message.blocks = blocks;
            message.edited = Some(stamp);
            message.edits += 1;
        }
        return Ok(());
    }
    if state.channels.get(channel).is_none_or(|r| r.archived) {
        return Err("is_archived".to_owned());
    }
    let bot = state.bots.first().cloned();
    let in_channel = args.text("response_type").as_deref() == Some("in_channel");
    let message = Message {
        user: bot.as_ref().map(|b| b.user_id.clone()).unwrap_or_default(),
        bot_id: bot.as_ref().map(|b| b.bot_id.clone()),
        app_id: bot.as_ref().map(|b| b.app_id.clone()),
        text,
        blocks,
        metadata: args.json("metadata", "").ok().flatten(),
        thread_ts: args.text("thread_ts").filter(|t| !t.is_empty()),
        ephemeral_to: (!in_channel).then(|| user.to_owned()),
        ..Message::default()
    };
    state.post(channel, message, now);
    Ok(())
}
