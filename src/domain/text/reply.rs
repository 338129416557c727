//! How a person is answered: where they asked, and what Slack allows for a while.

use super::super::ids::{ChannelId, UserId};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

/// How to answer a person in Slack, best way first: the `response_url`; an ephemeral message in
/// the channel; a direct message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    pub person: UserId,
    /// Where they asked, if it was in a channel. The stored name is older.
    #[serde(rename = "room")]
    pub channel: Option<ChannelId>,
    /// Slack's one-way address for answers: 5 uses within 30 minutes. A secret.
    pub response_url: Option<String>,
    pub asked_at: DateTime<Utc>,
}

impl ReplyTo {
    /// The `response_url` while Slack still takes it (30 minutes; a minute is kept in hand).
    pub fn live_url(&self, now: DateTime<Utc>) -> Option<&str> {
        let url = self.response_url.as_deref()?;
        (now - self.asked_at < Duration::minutes(29)).then_some(url)
    }
}

/// Slack's permission to open a modal: single use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Slack's `trigger_id`.
    pub id: String,
    /// It dies 3 s after the person acted (Slack's limit).
    pub expires: DateTime<Utc>,
}
