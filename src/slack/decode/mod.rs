//! Decodes a stored row: from its kind and body to a [`Signal`].
//!
//! Pure and total over bytes, so that a fixed decoder and a replay repair a mistake. A body that
//! cannot be read is an error, and the engine parks its row; it never becomes a harmless signal.

mod command;
mod event;
mod interaction;

use crate::domain::areas::{Event, Signal};
use crate::domain::ids::{ChannelId, Membership, SignalId, TeamId, UserId};
use crate::domain::requester::Requester;
use crate::domain::rules::Rules;
use crate::domain::text::{ReplyTo, Trigger};
use crate::slack::typed;
use chrono::{DateTime, Duration, Utc};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read this {kind}: {reason}")]
pub struct Undecodable {
    pub kind: String,
    pub reason: &'static str,
}

/// How long a `trigger_id` is valid, counted from when we received it.
const TRIGGER_LIFETIME: Duration = Duration::seconds(3);

/// What is stored in a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Payload<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) membership: Membership,
    pub(crate) at: DateTime<Utc>,
    pub(crate) rules: &'a Rules,
}

/// Who asks, where, and how to answer, in Slack's words.
struct Asked<'a> {
    person: Option<&'a str>,
    name: Option<&'a str>,
    channel: Option<&'a str>,
    team: Option<&'a str>,
    trigger: Option<&'a str>,
    response_url: Option<&'a str>,
}

impl Asked<'_> {
    fn requester(self, payload: Payload<'_>) -> Result<Requester, &'static str> {
        let person = self.person.ok_or("no user")?;
        let person = UserId::new(person).map_err(|_| "not a user's id")?;
        let name = self.name.filter(|name| !name.is_empty());
        let name = name.map(|name| (person.clone(), typed::unescape(name)));
        // A partner's workspace is not where anything is created, and an organisation's id names none.
        let team = self.team.filter(|id| id.starts_with('T'));
        let team = team.filter(|_| payload.membership == Membership::Ours);
        Ok(Requester {
            membership: payload.membership,
            team: team.and_then(|id| TeamId::new(id).ok()),
            trigger: self.trigger.map(|id| Trigger {
                id: id.to_owned(),
                expires: payload.at + TRIGGER_LIFETIME,
            }),
            reply_to: ReplyTo {
                person,
                channel: self.channel.and_then(|id| ChannelId::new(id).ok()),
                response_url: self.response_url.map(str::to_owned),
                asked_at: payload.at,
            },
            names: name.into_iter().collect(),
        })
    }
}

/// Decodes a row of the inbox. The membership of its user was found when the row was addressed.
pub fn decode(
    kind: &str,
    body: &[u8],
    membership: Membership,
    id: SignalId,
    received_at: DateTime<Utc>,
    rules: &Rules,
) -> Result<Signal, Undecodable> {
    let payload = Payload {
        body,
        membership,
        at: received_at,
        rules,
    };
    let event = match kind {
        "command" => command::decode(payload),
        "click" => interaction::click(payload),
        "submission" => interaction::submission(payload),
        "app_rate_limited" => Ok(unused(kind)),
        _ if kind.starts_with("event:") => event::decode(payload),
        _ => Err("unknown kind"),
    };
    let event = event.map_err(|reason| Undecodable {
        kind: kind.to_owned(),
        reason,
    })?;
    Ok(Signal {
        id,
        at: received_at,
        event,
    })
}

fn unused(what: &str) -> Event {
    Event::Unused {
        what: what.to_owned(),
    }
}

#[cfg(test)]
#[path = "../incomplete_tests.rs"]
mod incomplete_tests;
#[cfg(test)]
#[path = "../decode_tests.rs"]
mod tests;
