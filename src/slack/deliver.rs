//! How each effect is delivered: which calls, in which order, and what each failure means.
//!
//! A message may need several pages. The metadata of each has the effect's id and the page's number. Before
//! a page of a longer message is posted, the pages that exist are looked up: so an incomplete message is
//! completed, and not posted again.

use super::call_error::CallError;
use super::courier::{SlackCourier, post_scope, scopes};
use super::lookup::{List, Place};
use super::reconcile::{PostedPages, marked_with};
use super::render::{self, Page};
use super::{allowed_urls, mrkdwn, views};
use crate::courier::{Outcome, Parcel};
use crate::domain::effect::Answer;
use crate::domain::effect::slack::{self as slack_effect, Edit, Effect};
use crate::domain::ids::{ChannelId, EffectId, FileId, MessageTs, UserId};
use crate::domain::text::{Message, ReplyTo, Text};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// The `event_type` of the metadata of our messages.
pub(super) const METADATA_EVENT_TYPE: &str = "wardroom_effect";
/// Slack accepts five messages at a `response_url`; one is left for a retry by an operator.
const MESSAGES_PER_RESPONSE_URL: usize = 4;
const POST_EPHEMERAL: &str = "chat.postEphemeral";

/// The error is every other outcome, so that `?` returns it early.
type Delivery = Result<Answer, Outcome>;

impl SlackCourier {
    pub(super) async fn carry_out(
        &self,
        effect: &Effect,
        parcel: &Parcel,
        until: Instant,
    ) -> Delivery {
        let (method, body) = match effect {
            Effect::CreateChannel {
                name,
                private,
                team,
                ..
            } => {
                let team = self.workspace(team.as_ref());
                let team = team.map_err(|error| error.outcome(Vec::new()))?;
                let mut body = json!({"name": name, "is_private": private});
                if let Some(team) = team {
                    body["team_id"] = json!(team.as_str());
                }
                return self.create_channel(name, &body, parcel, until).await;
            }
            Effect::PostMessage { channel, message } => {
                let scope = post_scope(channel.as_str());
                return self.post(channel, message, scope, parcel, until).await;
            }
            Effect::DirectMessage { person, message } => {
                let opened = self.open_direct_message(person, until).await;
                let channel = opened.map_err(|error| {
                    error.outcome_of_preparation(scopes(&["conversations.open"]))
                })?;
                let scope = post_scope(person.as_str());
                return self.post(&channel, message, scope, parcel, until).await;
            }
            Effect::Reply { to, message } => {
                return self.reply(to, message, parcel.now, until).await;
            }
            Effect::Ephemeral { to, message } => return self.ephemeral(to, message, until).await,
            Effect::StageFile { name, content } => return self.upload(name, content, until).await,
            Effect::UpdateMessage { edit, .. } => {
                let body = edit.as_deref().and_then(|edit| self.edited(edit));
                let Some(body) = body else {
                    return Ok(Answer::Nothing);
                };
                ("chat.update", body)
            }
            Effect::Pin { channel, ts } => (
                "pins.add",
                json!({"channel": channel.as_str(), "timestamp": ts.as_str()}),
            ),
            Effect::Invite { channel, person } => (
                "conversations.invite",
                json!({"channel": channel.as_str(), "users": person.as_str()}),
            ),
            Effect::SetTopic { channel, topic } => {
                let topic = mrkdwn::truncate(&Text::plain(topic), 250);
                let body = json!({"channel": channel.as_str(), "topic": topic});
                ("conversations.setTopic", body)
            }
            Effect::OpenForm { trigger, form } => (
                "views.open",
                json!({"trigger_id": trigger.id, "view": views::modal(form)}),
            ),
            Effect::UpdateForm { view, form } => (
                "views.update",
                json!({"view_id": view.as_str(), "view": views::modal(form)}),
            ),
            Effect::ShareFile {
                channel,
                file,
                title,
                comment,
            } => {
                let mut body = json!({
                    "files": [{"id": file.as_str(), "title": title}],
                    "channel_id": channel.as_str(),
                });
                if !comment.trim().is_empty() {
                    body["initial_comment"] = json!(mrkdwn::truncate(&Text::plain(comment), 4000));
                }
                ("files.completeUploadExternal", body)
            }
        };
        let said = self.client.post(method, &body, until).await;
        said.map_err(|error| error.outcome(scopes(&[method])))?;
        Ok(Answer::Nothing)
    }

    async fn create_channel(
        &self,
        name: &str,
        body: &Value,
        parcel: &Parcel,
        until: Instant,
    ) -> Delivery {
        const CREATE: &str = "conversations.create";
        let created = self.client.post(CREATE, body, until).await;
        let answer = created.map_err(|error| match error {
            // The name may belong to our own channel, from an attempt whose answer was lost: a lookup
            // finds out.
            CallError::Api(code) if code == "name_taken" && parcel.after_uncertain => {
                Outcome::Partly {
                    after: Duration::ZERO,
                    pauses: Vec::new(),
                    code,
                    looked_to: Place::start(List::OwnTaken).keep(),
                }
            }
            error => error.outcome(scopes(&[CREATE])),
        })?;
        let channel = channel_answer(&answer["channel"], name);
        channel.ok_or_else(|| CallError::unreadable().outcome(Vec::new()))
    }

    /// The direct message channel of a person. Opening it shows nothing.
    pub(super) async fn open_direct_message(
        &self,
        person: &UserId,
        until: Instant,
    ) -> Result<ChannelId, CallError> {
        let body = json!({"users": person.as_str()});
        let opened = self.client.post("conversations.open", &body, until);
        let answer = opened.await?;
        let channel = answer["channel"]["id"].as_str();
        let channel = channel.and_then(|id| ChannelId::new(id).ok());
        channel.ok_or_else(CallError::unreadable)
    }

    /// A message in pages, with links to the Slack that the courier talks to.
    pub(super) fn pages(&self, message: &Message) -> Vec<Page> {
        render::pages(message, self.access.site())
    }

    async fn post(
        &self,
        channel: &ChannelId,
        message: &Message,
        scope: String,
        parcel: &Parcel,
        until: Instant,
    ) -> Delivery {
        let mut pages = self.pages(message);
        if let (Some(from), Some(first)) = (parcel.delayed_from, pages.first_mut()) {
            *first = first.clone().delayed(from, parcel.now);
        }
        let mut posted = PostedPages::default();
        if pages.len() > 1 {
            let id = parcel.id.to_string();
            let ours = |message: &Value| marked_with(message, &id);
            match self.posted_pages(channel, parcel, until, ours).await {
                Ok((found, _)) => posted = found,
                Err((error, _)) => {
                    let pauses = scopes(&["conversations.history"]);
                    match error.outcome_of_preparation(pauses) {
                        // It cannot be read: the first time nothing can exist, and later it is the
                        // engine that has decided to post it again.
                        Outcome::Refused { .. } => {}
                        not_now => return Err(not_now),
                    }
                }
            }
        }
        for (at, page) in pages.iter().enumerate() {
            if posted.contains_key(&at) {
                continue;
            }
            let ts = self.post_page(channel, page, parcel.id, at, until).await;
            let ts = ts.map_err(|error| after(posted.len(), error, vec![scope.clone()]))?;
            posted.insert(at, ts);
        }
        let ts = posted.remove(&0);
        let ts = ts.ok_or_else(|| CallError::unreadable().outcome(Vec::new()))?;
        let channel = channel.clone();
        Ok(Answer::Slack(slack_effect::Answer::Message { channel, ts }))
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
        let post = || self.client.post("chat.postMessage", &body, until);
        let answer = match post().await {
            // The bot was removed from a public channel: it joins again, if its scopes allow it.
            Err(CallError::Api(code))
                if code == "not_in_channel" && self.join(channel, until).await.is_ok() =>
            {
                post().await?
            }
            posted => posted?,
        };
        let ts = answer["ts"].as_str().and_then(|ts| MessageTs::new(ts).ok());
        ts.ok_or_else(CallError::unreadable)
    }

    fn edited(&self, edit: &Edit) -> Option<Value> {
        let pages = self.pages(&edit.message);
        let page = pages.first()?;
        let place = json!({"channel": edit.channel.as_str(), "ts": edit.ts.as_str()});
        let mut body = with_page(page, place);
        // Without the key the old blocks would stay.
        body["blocks"] = json!(page.blocks);
        Some(body)
    }

    async fn reply(
        &self,
        to: &ReplyTo,
        message: &Message,
        now: DateTime<Utc>,
        until: Instant,
    ) -> Delivery {
        let url = to.live_url(now).ok_or_else(|| match to.response_url {
            Some(_) => refused("expired_url"),
            None => refused("no_response_url"),
        })?;
        let url = allowed_urls::response_url(url, &self.access);
        let url = url.ok_or_else(|| refused("response_url_host_not_allowed"))?;
        let pages = self.pages(message);
        if pages.len() > MESSAGES_PER_RESPONSE_URL {
            // The address would be used up half-way; an ephemeral message has no such limit.
            return Err(refused("too_long_for_response_url"));
        }
        for (at, page) in pages.iter().enumerate() {
            let kind = json!({"response_type": "ephemeral", "replace_original": false});
            let body = with_page(page, kind).to_string();
            let url = url.clone();
            let sent = self
                .client
                .post_to("response_url", url, "application/json", body, until);
            sent.await.map_err(|error| after(at, error, Vec::new()))?;
        }
        Ok(Answer::Nothing)
    }

    async fn ephemeral(&self, to: &ReplyTo, message: &Message, until: Instant) -> Delivery {
        let channel = to.channel.as_ref().ok_or_else(|| refused("no_channel"))?;
        for (at, page) in self.pages(message).iter().enumerate() {
            let reader = json!({"channel": channel.as_str(), "user": to.person.as_str()});
            let body = with_page(page, reader);
            let sent = self.client.post(POST_EPHEMERAL, &body, until).await;
            sent.map_err(|error| after(at, error, scopes(&[POST_EPHEMERAL])))?;
        }
        Ok(Answer::Nothing)
    }

    /// Uploads a file. It is not visible before it is shared, so the outcome cannot be uncertain.
    async fn upload(&self, name: &str, content: &str, until: Instant) -> Delivery {
        let failed = |error: CallError| {
            error.outcome_of_preparation(scopes(&["files.getUploadURLExternal"]))
        };
        let asked = self.client.upload_url(name, content.len(), until).await;
        let place = asked.map_err(failed)?;
        let url = allowed_urls::upload_url(place.upload_url.0.as_str(), &self.access);
        let url = url.ok_or_else(|| refused("upload_host_not_allowed"))?;
        let id = FileId::new(place.file_id.0);
        let id = id.map_err(|_| CallError::unreadable().outcome(Vec::new()))?;
        let octets = "application/octet-stream";
        let content = content.to_owned();
        let sent = self
            .client
            .post_to("files.upload", url, octets, content, until);
        sent.await.map_err(failed)?;
        Ok(Answer::Slack(slack_effect::Answer::File { id }))
    }
}

/// The outcome of a call that failed after so many pages were sent.
fn after(pages: usize, error: CallError, pauses: Vec<String>) -> Outcome {
    match pages {
        0 => error.outcome(pauses),
        _ => error.outcome_after_part(pauses),
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
