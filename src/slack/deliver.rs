//! How each effect is delivered: which calls, in which order, and what each failure means.
//!
//! A message may need several pages. The metadata of each has the effect's id and the page's number. Before
//! a page of a longer message is posted, the pages that exist are looked up: so an incomplete message is
//! completed, and not posted again.

use super::allowed_urls;
use super::classify::{outcome, outcome_after_part, outcome_of_preparation};
use super::client::CallError;
use super::courier::{SlackCourier, WantedChannel, scopes};
use super::lookup::{List, Name, Place};
use super::methods::Method;
use super::mrkdwn;
use super::reconcile::PostedPages;
use super::render::{self, Page};
use crate::courier::{Lookup, Outcome, Parcel};
use crate::domain::effect::Answer;
use crate::domain::effect::slack::{self as slack_effect, Edit};
use crate::domain::ids::{ChannelId, EffectId, FileId, MessageTs, UserId};
use crate::domain::text::{Message, ReplyTo, Text};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// The `event_type` of the metadata of our messages.
pub(super) const METADATA_EVENT_TYPE: &str = "wardroom_effect";
/// How long the lookup of a taken name waits when it could not begin.
const LOOKUP_RETRY: Duration = Duration::from_secs(2);
/// Slack accepts five messages at a `response_url`; one is left for a retry by an operator.
const MESSAGES_PER_RESPONSE_URL: usize = 4;

impl SlackCourier {
    pub(super) async fn create_channel(
        &self,
        wanted: WantedChannel<'_>,
        parcel: &Parcel,
        until: Instant,
    ) -> Outcome {
        let name = wanted.name;
        let mut body = json!({"name": name, "is_private": wanted.private});
        if let Some(team) = &wanted.team {
            body["team_id"] = json!(team.as_str());
        }
        let created = self.client.post(Method::ConversationsCreate, &body, until);
        match created.await {
            Ok(answer) => match channel_answer(&answer["channel"], name) {
                Some(channel) => Outcome::Done(channel),
                None => unreadable_answer(),
            },
            // The name may belong to our own channel, from an attempt whose answer was lost.
            Err(CallError::Api(code)) if code == "name_taken" && parcel.after_uncertain => {
                let place = Place::start(List::Own(Name::Taken));
                let kept = place.keep();
                match self.look_up_channel(&wanted, place, parcel, until).await {
                    Lookup::Found(answer) => Outcome::Done(answer),
                    Lookup::Absent | Lookup::Partly { .. } | Lookup::Refused { .. } => {
                        Outcome::Refused { code }
                    }
                    // Whose it is, the next lookup finds out, or it ends as uncertain.
                    Lookup::Unreadable { code } => Outcome::Partly {
                        after: LOOKUP_RETRY,
                        pauses: Vec::new(),
                        code,
                        looked_to: kept,
                    },
                    Lookup::Failed {
                        code,
                        after,
                        pauses,
                    } => Outcome::Partly {
                        after: after.unwrap_or(LOOKUP_RETRY),
                        pauses,
                        code,
                        looked_to: kept,
                    },
                    Lookup::Unfinished {
                        looked_to,
                        after,
                        code,
                        pauses,
                    } => Outcome::Partly {
                        after,
                        pauses,
                        code,
                        looked_to: Some(looked_to),
                    },
                }
            }
            Err(error) => outcome(error, scopes(Method::ConversationsCreate)),
        }
    }

    /// The direct message channel of a person. Opening it shows nothing.
    pub(super) async fn open_direct_message(
        &self,
        person: &UserId,
        until: Instant,
    ) -> Result<ChannelId, CallError> {
        let body = json!({"users": person.as_str()});
        let opened = self.client.post(Method::ConversationsOpen, &body, until);
        let answer = opened.await?;
        let channel = answer["channel"]["id"].as_str();
        let channel = channel.and_then(|id| ChannelId::new(id).ok());
        channel.ok_or_else(|| CallError::Unknown("unreadable_answer".to_owned()))
    }

    /// A message in pages, with links to the Slack that the courier talks to.
    pub(super) fn pages(&self, message: &Message) -> Vec<Page> {
        render::pages(message, self.access.site())
    }

    pub(super) async fn post(
        &self,
        channel: &ChannelId,
        message: &Message,
        scope: String,
        parcel: &Parcel,
        until: Instant,
    ) -> Outcome {
        let mut pages = self.pages(message);
        if let (Some(from), Some(first)) = (parcel.delayed_from, pages.first_mut()) {
            *first = first.clone().delayed(from, parcel.now);
        }
        let mut posted = PostedPages::default();
        if pages.len() > 1 {
            match self.posted_pages(channel, parcel, until).await {
                Ok((found, _)) => posted = found,
                // Cannot be read: the first time nothing can stand, and later it is the engine
                // that has decided to say it again.
                Err(
                    Lookup::Unreadable { .. }
                    | Lookup::Found(_)
                    | Lookup::Absent
                    | Lookup::Partly { .. }
                    | Lookup::Refused { .. },
                ) => {}
                Err(Lookup::Failed {
                    code,
                    after,
                    pauses,
                }) => return not_now(code, after, pauses),
                Err(Lookup::Unfinished {
                    code,
                    after,
                    pauses,
                    ..
                }) => return not_now(code, Some(after).filter(|after| !after.is_zero()), pauses),
            }
        }
        for (at, page) in pages.iter().enumerate() {
            if posted.contains_key(&at) {
                continue;
            }
            match self.post_page(channel, page, parcel.id, at, until).await {
                Ok(ts) => posted.insert(at, ts),
                Err(error) if posted.is_empty() => return outcome(error, vec![scope]),
                Err(error) => return outcome_after_part(error, vec![scope]),
            };
        }
        match posted.remove(&0) {
            Some(ts) => Outcome::Done(Answer::Slack(slack_effect::Answer::Message {
                channel: channel.clone(),
                ts,
            })),
            None => unreadable_answer(),
        }
    }

    async fn post_page(
        &self,
        channel: &ChannelId,
        page: &Page,
        id: EffectId,
        at: usize,
        until: Instant,
    ) -> Result<MessageTs, CallError> {
        // Flat strings only: others' readers of metadata take nothing else.
        let mark = json!({"id": id.to_string(), "page": at.to_string()});
        let body = with_page(
            page,
            json!({
                "channel": channel.as_str(),
                "metadata": {"event_type": METADATA_EVENT_TYPE, "event_payload": mark},
                "unfurl_links": false,
                "unfurl_media": false,
            }),
        );
        let post = || self.client.post(Method::ChatPostMessage, &body, until);
        let answer = match post().await {
            // The bot was removed from a public channel: it joins again, if its scopes allow it.
            Err(CallError::Api(code))
                if code == "not_in_channel" && self.join(channel, until).await =>
            {
                post().await?
            }
            posted => posted?,
        };
        let ts = answer["ts"].as_str().and_then(|ts| MessageTs::new(ts).ok());
        ts.ok_or_else(|| CallError::Unknown("unreadable_answer".to_owned()))
    }

    async fn join(&self, channel: &ChannelId, until: Instant) -> bool {
        let body = json!({"channel": channel.as_str()});
        let joined = self.client.post(Method::ConversationsJoin, &body, until);
        joined.await.is_ok()
    }

    pub(super) async fn update_message(&self, edit: Option<&Edit>, until: Instant) -> Outcome {
        let Some(Edit {
            channel,
            ts,
            message,
        }) = edit
        else {
            return Outcome::Done(Answer::Nothing);
        };
        let pages = self.pages(message);
        let Some(page) = pages.first() else {
            return Outcome::Done(Answer::Nothing);
        };
        let mut body = with_page(
            page,
            json!({"channel": channel.as_str(), "ts": ts.as_str()}),
        );
        // Without the key the old blocks would stay.
        body["blocks"] = json!(page.blocks);
        self.call(Method::ChatUpdate, body, until).await
    }

    pub(super) async fn reply(
        &self,
        to: &ReplyTo,
        message: &Message,
        now: DateTime<Utc>,
        until: Instant,
    ) -> Outcome {
        let Some(url) = to.live_url(now) else {
            return refused(match to.response_url {
                Some(_) => "expired_url",
                None => "no_response_url",
            });
        };
        let Some(url) = allowed_urls::response_url(url, &self.access) else {
            return refused("response_url_host_not_allowed");
        };
        let pages = self.pages(message);
        if pages.len() > MESSAGES_PER_RESPONSE_URL {
            // The address would be used up half-way; an ephemeral message has no such limit.
            return refused("too_long_for_response_url");
        }
        for (at, page) in pages.iter().enumerate() {
            let body = with_page(
                page,
                json!({"response_type": "ephemeral", "replace_original": false}),
            );
            let sent = self
                .client
                .post_to(Method::ResponseUrl, url.clone(), &body, until);
            match (sent.await, at) {
                (Ok(()), _) => {}
                (Err(error), 0) => return outcome(error, Vec::new()),
                (Err(error), _) => return outcome_after_part(error, Vec::new()),
            }
        }
        Outcome::Done(Answer::Nothing)
    }

    pub(super) async fn ephemeral(
        &self,
        to: &ReplyTo,
        message: &Message,
        until: Instant,
    ) -> Outcome {
        let Some(channel) = &to.channel else {
            return refused("no_channel");
        };
        for (at, page) in self.pages(message).iter().enumerate() {
            let body = with_page(
                page,
                json!({"channel": channel.as_str(), "user": to.person.as_str()}),
            );
            let sent = self
                .client
                .post(Method::ChatPostEphemeral, &body, until)
                .await;
            match (sent, at) {
                (Ok(_), _) => {}
                (Err(error), 0) => return outcome(error, scopes(Method::ChatPostEphemeral)),
                (Err(error), _) => {
                    return outcome_after_part(error, scopes(Method::ChatPostEphemeral));
                }
            }
        }
        Outcome::Done(Answer::Nothing)
    }

    /// Uploads a file. It is not visible before it is shared, so the outcome cannot be uncertain.
    pub(super) async fn upload(&self, name: &str, content: &str, until: Instant) -> Outcome {
        let asked = self.client.upload_url(name, content.len(), until).await;
        let (url, file) = match asked {
            Ok(place) => place,
            Err(error) => {
                return outcome_of_preparation(error, scopes(Method::FilesGetUploadUrlExternal));
            }
        };
        let Some(url) = allowed_urls::upload_url(url.as_str(), &self.access) else {
            return refused("upload_host_not_allowed");
        };
        let Ok(file) = FileId::new(file) else {
            return unreadable_answer();
        };
        let bytes = content.as_bytes().to_vec();
        match self.client.upload_to(url, bytes, until).await {
            Ok(()) => Outcome::Done(Answer::Slack(slack_effect::Answer::File { id: file })),
            Err(error) => outcome_of_preparation(error, scopes(Method::FilesGetUploadUrlExternal)),
        }
    }

    pub(super) async fn share(
        &self,
        channel: &ChannelId,
        file: &FileId,
        title: &str,
        comment: &str,
        until: Instant,
    ) -> Outcome {
        let mut body = json!({
            "files": [{"id": file.as_str(), "title": title}],
            "channel_id": channel.as_str(),
        });
        if !comment.trim().is_empty() {
            body["initial_comment"] = json!(mrkdwn::truncate(&Text::plain(comment), 4000));
        }
        self.call(Method::FilesCompleteUploadExternal, body, until)
            .await
    }
}

/// A page in the body of a call.
fn with_page(page: &Page, mut body: Value) -> Value {
    body["text"] = json!(page.text);
    if !page.blocks.is_empty() {
        body["blocks"] = json!(page.blocks);
    }
    body
}

/// A channel as Slack describes it; it has the requested name, where Slack gives none.
pub(super) fn channel_answer(channel: &Value, asked: &str) -> Option<Answer> {
    let id = ChannelId::new(channel["id"].as_str()?).ok()?;
    let name = channel["name"].as_str().unwrap_or(asked).to_owned();
    Some(Answer::Slack(slack_effect::Answer::Channel { id, name }))
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused {
        code: code.to_owned(),
    }
}

fn not_now(code: String, after: Option<Duration>, pauses: Vec<String>) -> Outcome {
    match after {
        Some(after) => Outcome::Later {
            after,
            pauses,
            code,
        },
        None => Outcome::Failed { code },
    }
}

/// A success without the expected fields: a lookup may find the result.
fn unreadable_answer() -> Outcome {
    Outcome::Uncertain {
        code: "unreadable_answer".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_has_slacks_name_or_else_the_requested_one() {
        for (channel, name) in [
            (json!({"id": "C1", "name": "inc-1-2"}), "inc-1-2"),
            (json!({"id": "C1"}), "inc-1"),
        ] {
            let (id, name) = (ChannelId::new("C1").unwrap(), name.to_owned());
            let answer = Answer::Slack(slack_effect::Answer::Channel { id, name });
            assert_eq!(channel_answer(&channel, "inc-1"), Some(answer));
        }
        assert_eq!(channel_answer(&json!({"name": "inc-1"}), "inc-1"), None);
    }
}
