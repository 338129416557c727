//! A slash command: who asks for what, where, and how to answer.
//!
//! The domain parses the text; only Slack's escapes and markup are read here.

use super::Payload;
use crate::domain::areas::Event;
use crate::domain::ids::{Actor, ChannelId, Membership, TeamId, UserId};
use crate::domain::incident;
use crate::domain::incident::act::{Act, AnswerTo, Request};
use crate::domain::incident::command as words;
use crate::domain::text::{Message, ReplyTo, Text, Trigger};
use crate::invisible;
use crate::slack::{typed, wire};
use chrono::{DateTime, Duration, Utc};

/// How long a `trigger_id` is valid.
const TRIGGER_LIFETIME: Duration = Duration::seconds(3);

pub(super) fn decode(payload: Payload<'_>) -> Result<Event, &'static str> {
    let field = |name| wire::field(payload.body, name);
    let person = field("user_id").ok_or("no user")?;
    let person = UserId::new(person).map_err(|_| "not a user's id")?;
    let channel = field("channel_id").and_then(|id| ChannelId::new(id).ok());
    let text = field("text").unwrap_or_default();
    let command = field("command").ok_or("no command")?;
    let typed = typed::read(&text);
    let mut names = typed.names();
    if let Some(name) = field("user_name").filter(|name| !name.is_empty()) {
        names.insert(person.clone(), typed::unescape(&name));
    }
    let command = match invisible::without(&command).to_lowercase().as_str() {
        "/incident" | "/inc" => words::parse(&typed, payload.rules),
        "/wardroom" => misunderstood(
            Text::default()
                .code("/wardroom")
                .and(" isn't available yet."),
        ),
        other => misunderstood(Text::plain("Unknown command ").code(other).and(".")),
    };
    let asked = incident::Event::Asked(Box::new(Request {
        actor: Actor::Person(person.clone()),
        membership: payload.membership,
        team: workspace(payload, field("team_id").as_deref()),
        act: command.act,
        target: command.target,
        channel: channel.clone(),
        trigger: field("trigger_id").map(|id| trigger(&id, payload.at)),
        answer_to: AnswerTo::Person(ReplyTo {
            person,
            channel,
            response_url: field("response_url").map(|url| url.into_owned()),
            asked_at: payload.at,
        }),
        names,
        outside_channel: command.outside_channel.map(Box::new),
    }));
    Ok(asked.into())
}

/// The workspace in which something is asked for, unless it is a partner's.
pub(super) fn workspace(payload: Payload<'_>, named: Option<&str>) -> Option<TeamId> {
    match payload.membership {
        // An organisation's id is not a workspace's.
        Membership::Ours => TeamId::new(named.filter(|id| id.starts_with('T'))?).ok(),
        Membership::Outsider => None,
    }
}

fn misunderstood(why: Text) -> words::Command {
    let words = why
        .and(" For incidents, type ")
        .code("/incident help")
        .and(".");
    words::Command {
        act: Act::Misunderstood {
            refusal: Message::said(words),
        },
        target: None,
        outside_channel: None,
    }
}

/// The right to open a modal; its lifetime is counted from when we received it.
pub(super) fn trigger(id: &str, at: DateTime<Utc>) -> Trigger {
    Trigger {
        id: id.to_owned(),
        expires: at + TRIGGER_LIFETIME,
    }
}
