//! How each effect is carried out: which calls, in which order, and what each failure means.
//!
//! A message may need several pages. Each carries the effect's id and its own number as metadata,
//! and before any page of a longer message goes out we look which of them stand already: so half
//! a message is completed and never begun again.

use super::classify::{before_anything, halfway, outcome};
use super::client::Trouble;
use super::courier::{Room, SlackCourier, scopes};
use super::destinations;
use super::look::Standing;
use super::lookup::{List, Name, Place};
use super::methods::Method;
use super::mrkdwn;
use super::render::{self, Page};
use crate::courier::{Look, Outcome, Parcel};
use crate::domain::act::ReplyTo;
use crate::domain::effect::Answer;
use crate::domain::effect::slack::{self as said_by_slack, Edit};
use crate::domain::ids::{ChannelId, EffectId, FileId, MessageTs, UserId};
use crate::domain::text::{Message, Text};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// What our messages are marked with.
pub(super) const MARK: &str = "wardroom_effect";
/// How long the lookup of a name's owner waits that could not even begin.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Slack takes five answers at a `response_url`; one is left for a retry by hand.
const ANSWERS: usize = 4;

impl SlackCourier {
    pub(super) async fn create_room(
        &self,
        wanted: Room<'_>,
        parcel: &Parcel,
        until: Instant,
    ) -> Outcome {
        let name = wanted.name;
        let mut body = json!({"name": name, "is_private": wanted.private});
        if let Some(team) = &wanted.team {
            body["team_id"] = json!(team.as_str());
        }
        let created = self
            .client
            .post(Method::ConversationsCreate, &body, until)
            .await;
        match created {
            Ok(answer) => match room_of(&answer["channel"], name) {
                Some(room) => Outcome::Done(room),
                None => unreadable_answer(),
            },
            // The name may be taken by ourselves, by an attempt whose answer was lost.
            Err(Trouble::Api(code)) if code == "name_taken" && parcel.after_uncertain => {
                let place = Place::front(List::Own(Name::Taken));
                let kept = place.keep();
                match self.look_for_room(&wanted, place, parcel, until).await {
                    Look::Found(answer) => Outcome::Done(answer),
                    Look::Absent | Look::Partly { .. } | Look::Refused { .. } => {
                        Outcome::Refused { code }
                    }
                    // Whose it is, the next lookup finds out, or it ends as uncertain.
                    Look::Unreadable { code } => Outcome::Partly {
                        after: LOOK_AGAIN,
                        pauses: Vec::new(),
                        code,
                        looked_to: kept,
                    },
                    Look::Failed {
                        code,
                        after,
                        pauses,
                    } => Outcome::Partly {
                        after: after.unwrap_or(LOOK_AGAIN),
                        pauses,
                        code,
                        looked_to: kept,
                    },
                    Look::Unfinished {
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
            Err(trouble) => outcome(trouble, scopes(Method::ConversationsCreate)),
        }
    }

    /// The room in which we speak with one person alone. Opening it shows nothing.
    pub(super) async fn direct_room(
        &self,
        person: &UserId,
        until: Instant,
    ) -> Result<ChannelId, Trouble> {
        let body = json!({"users": person.as_str()});
        let answer = self
            .client
            .post(Method::ConversationsOpen, &body, until)
            .await?;
        let room = answer["channel"]["id"].as_str();
        let room = room.and_then(|id| ChannelId::new(id).ok());
        room.ok_or_else(|| Trouble::Unknown("unreadable_answer".to_owned()))
    }

    /// A message in pages, with links to the Slack that the courier talks to.
    pub(super) fn pages(&self, message: &Message) -> Vec<Page> {
        render::pages(message, self.access.site())
    }

    pub(super) async fn post(
        &self,
        room: &ChannelId,
        message: &Message,
        scope: String,
        parcel: &Parcel,
        until: Instant,
    ) -> Outcome {
        let mut pages = self.pages(message);
        if let (Some(from), Some(first)) = (parcel.delayed_from, pages.first_mut()) {
            *first = first.clone().delayed(from, parcel.now);
        }
        let mut standing = Standing::default();
        if pages.len() > 1 {
            match self.standing(room, parcel, until).await {
                Ok((found, _)) => standing = found,
                // Cannot be read: the first time nothing can stand, and later it is the engine
                // that has decided to say it again.
                Err(Look::Unreadable { .. }) => {}
                Err(Look::Failed {
                    code,
                    after,
                    pauses,
                }) => return not_now(code, after, pauses),
                Err(Look::Unfinished {
                    code,
                    after,
                    pauses,
                    ..
                }) => return not_now(code, Some(after).filter(|after| !after.is_zero()), pauses),
                Err(Look::Found(_) | Look::Absent | Look::Partly { .. } | Look::Refused { .. }) => {
                }
            }
        }
        for (at, page) in pages.iter().enumerate() {
            if standing.contains_key(&at) {
                continue;
            }
            match self.post_page(room, page, parcel.id, at, until).await {
                Ok(ts) => standing.insert(at, ts),
                Err(trouble) if standing.is_empty() => return outcome(trouble, vec![scope]),
                Err(trouble) => return halfway(trouble, vec![scope]),
            };
        }
        match standing.remove(&0) {
            Some(ts) => Outcome::Done(Answer::Slack(said_by_slack::Answer::Message {
                channel: room.clone(),
                ts,
            })),
            None => unreadable_answer(),
        }
    }

    async fn post_page(
        &self,
        room: &ChannelId,
        page: &Page,
        id: EffectId,
        at: usize,
        until: Instant,
    ) -> Result<MessageTs, Trouble> {
        // Flat strings only: others' readers of metadata take nothing else.
        let mark = json!({"id": id.to_string(), "page": at.to_string()});
        let body = said(
            page,
            json!({
                "channel": room.as_str(),
                "metadata": {"event_type": MARK, "event_payload": mark},
                "unfurl_links": false,
                "unfurl_media": false,
            }),
        );
        let post = || self.client.post(Method::ChatPostMessage, &body, until);
        let answer = match post().await {
            // Somebody took the bot out of a public room: it goes in again, where it may.
            Err(Trouble::Api(code)) if code == "not_in_channel" && self.join(room, until).await => {
                post().await?
            }
            posted => posted?,
        };
        let ts = answer["ts"].as_str().and_then(|ts| MessageTs::new(ts).ok());
        ts.ok_or_else(|| Trouble::Unknown("unreadable_answer".to_owned()))
    }

    async fn join(&self, room: &ChannelId, until: Instant) -> bool {
        let body = json!({"channel": room.as_str()});
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
        let mut body = said(
            page,
            json!({"channel": channel.as_str(), "ts": ts.as_str()}),
        );
        // Without the key the old blocks would stay.
        body["blocks"] = json!(page.blocks);
        self.plainly(Method::ChatUpdate, body, until).await
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
        let Some(url) = destinations::response_url(url, &self.access) else {
            return refused("response_url_host_not_allowed");
        };
        let pages = self.pages(message);
        if pages.len() > ANSWERS {
            // The address would be used up half-way; an ephemeral message has no such limit.
            return refused("too_long_for_response_url");
        }
        for (at, page) in pages.iter().enumerate() {
            let body = said(
                page,
                json!({"response_type": "ephemeral", "replace_original": false}),
            );
            let sent = self
                .client
                .post_to(Method::ResponseUrl, url.clone(), &body, until);
            match (sent.await, at) {
                (Ok(()), _) => {}
                (Err(trouble), 0) => return outcome(trouble, Vec::new()),
                (Err(trouble), _) => return halfway(trouble, Vec::new()),
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
        let Some(room) = &to.room else {
            return refused("no_room");
        };
        for (at, page) in self.pages(message).iter().enumerate() {
            let body = said(
                page,
                json!({"channel": room.as_str(), "user": to.person.as_str()}),
            );
            let sent = self
                .client
                .post(Method::ChatPostEphemeral, &body, until)
                .await;
            match (sent, at) {
                (Ok(_), _) => {}
                (Err(trouble), 0) => return outcome(trouble, scopes(Method::ChatPostEphemeral)),
                (Err(trouble), _) => {
                    return halfway(trouble, scopes(Method::ChatPostEphemeral));
                }
            }
        }
        Outcome::Done(Answer::Nothing)
    }

    /// Uploads a file; until it is shared nobody sees it, so nothing here can be uncertain.
    pub(super) async fn stage(&self, name: &str, content: &str, until: Instant) -> Outcome {
        let asked = self.client.upload_url(name, content.len(), until).await;
        let (url, file) = match asked {
            Ok(place) => place,
            Err(trouble) => {
                return before_anything(trouble, scopes(Method::FilesGetUploadUrlExternal));
            }
        };
        let Some(url) = destinations::upload_url(url.as_str(), &self.access) else {
            return refused("upload_host_not_allowed");
        };
        let Ok(file) = FileId::new(file) else {
            return unreadable_answer();
        };
        let bytes = content.as_bytes().to_vec();
        match self.client.upload_to(url, bytes, until).await {
            Ok(()) => Outcome::Done(Answer::Slack(said_by_slack::Answer::File { id: file })),
            Err(trouble) => before_anything(trouble, scopes(Method::FilesGetUploadUrlExternal)),
        }
    }

    pub(super) async fn share(
        &self,
        room: &ChannelId,
        file: &FileId,
        title: &str,
        comment: &str,
        until: Instant,
    ) -> Outcome {
        let mut body = json!({
            "files": [{"id": file.as_str(), "title": title}],
            "channel_id": room.as_str(),
        });
        if !comment.trim().is_empty() {
            body["initial_comment"] = json!(mrkdwn::one(&Text::plain(comment), 4000));
        }
        self.plainly(Method::FilesCompleteUploadExternal, body, until)
            .await
    }
}

/// A page in the body of a call.
fn said(page: &Page, mut body: Value) -> Value {
    body["text"] = json!(page.text);
    if !page.blocks.is_empty() {
        body["blocks"] = json!(page.blocks);
    }
    body
}

/// A room, as Slack describes it: by the name that was asked for, where Slack gives none.
pub(super) fn room_of(channel: &Value, asked: &str) -> Option<Answer> {
    let id = ChannelId::new(channel["id"].as_str()?).ok()?;
    let name = channel["name"].as_str().unwrap_or(asked).to_owned();
    Some(Answer::Slack(said_by_slack::Answer::Channel { id, name }))
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

/// It said yes and not what: a look may tell.
fn unreadable_answer() -> Outcome {
    Outcome::Uncertain {
        code: "unreadable_answer".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_has_slacks_name_else_the_one_that_was_asked_for() {
        for (channel, name) in [
            (json!({"id": "C1", "name": "inc-1-2"}), "inc-1-2"),
            (json!({"id": "C1"}), "inc-1"),
        ] {
            let Some(Answer::Slack(said_by_slack::Answer::Channel { name: read, .. })) =
                room_of(&channel, "inc-1")
            else {
                panic!("{channel} is a room");
            };
            assert_eq!(read, name);
        }
        assert_eq!(room_of(&json!({"name": "inc-1"}), "inc-1"), None);
    }
}
