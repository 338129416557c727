//! Messages and files as the API shows them, and the format of `ts`.
//!
//! As in Slack, metadata is only shown to callers that request it.

use serde_json::{Value, json};

use super::state::{File, Message, WorkspaceState};

impl WorkspaceState {
    pub(crate) fn wire(&self, message: &Message, channel_id: &str, detail: Detail) -> Value {
        let mut out = json!({
            "type": "message", "user": message.user, "text": message.text, "ts": message.ts,
            "team": self.team_id,
        });
        let map = out.as_object_mut().expect("a literal object");
        let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
        if let Some(bot) = &message.bot_id {
            put("bot_id", json!(bot));
        }
        if let Some(app) = &message.app_id {
            put("app_id", json!(app));
        }
        if !message.blocks.is_empty() {
            put("blocks", json!(message.blocks));
        }
        if !message.attachments.is_empty() {
            put("attachments", json!(message.attachments));
        }
        if let Some(subtype) = &message.subtype {
            put("subtype", json!(subtype));
        } else if message.broadcast {
            put("subtype", json!("thread_broadcast"));
        }
        if let (Some(metadata), Detail::WithMetadata) = (&message.metadata, detail) {
            put("metadata", metadata.clone());
        }
        if let Some(ts) = &message.edited {
            put("edited", json!({"user": message.user, "ts": ts}));
        }
        if !message.files.is_empty() {
            let files: Vec<Value> = message
                .files
                .iter()
                .filter_map(|id| self.files.get(id))
                .map(File::wire)
                .collect();
            put("files", json!(files));
            put("upload", json!(false));
        }
        let replies: Vec<&Message> =
            self.channels
                .get(channel_id)
                .map_or_else(Vec::new, |channel| {
                    let of_this = |m: &&Message| m.thread_ts.as_ref() == Some(&message.ts);
                    channel.messages.iter().filter(of_this).collect()
                });
        if let Some(last) = replies.last() {
            put("reply_count", json!(replies.len()));
            put("latest_reply", json!(last.ts));
            put("thread_ts", json!(message.ts));
        } else if let Some(thread) = &message.thread_ts {
            put("thread_ts", json!(thread));
        }
        out
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Detail {
    Plain,
    WithMetadata,
}

impl File {
    pub(crate) fn wire(&self) -> Value {
        json!({"id": self.id, "name": self.name, "title": self.title, "size": self.length,
               "user": self.by, "mode": "hosted", "channels": self.shared_in})
    }
}

pub(crate) fn ts_of(micros: i64) -> String {
    format!(
        "{}.{:06}",
        micros.div_euclid(1_000_000),
        micros.rem_euclid(1_000_000)
    )
}

/// A `ts` in microseconds.
pub(crate) fn micros_of(ts: &str) -> Option<i64> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, "0"));
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(seconds) || !digits(fraction) {
        return None;
    }
    let fraction: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let seconds: i64 = seconds.parse().ok()?;
    seconds
        .checked_mul(1_000_000)?
        .checked_add(fraction.parse::<i64>().ok()?)
}
