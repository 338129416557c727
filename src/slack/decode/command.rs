//! A slash command: who asks for what, where, and how to answer.
//!
//! The words themselves are the domain's to understand; this only takes Slack's marks off them.

use super::Arrival;
use crate::domain::act::{Act, AnswerTo, Membership, ReplyTo, Request, Trigger};
use crate::domain::command as words;
use crate::domain::ids::{Actor, ChannelId, TeamId, UserId};
use crate::domain::signal::Event;
use crate::domain::text::{Message, Text};
use crate::slack::{typed, wire};
use crate::unseen;
use chrono::{DateTime, Duration, Utc};

/// How long Slack takes a trigger.
const TRIGGER_LIVES: Duration = Duration::seconds(3);

pub(super) fn decode(arrival: Arrival<'_>) -> Result<Event, &'static str> {
    let field = |name| wire::field(arrival.body, name);
    let person = field("user_id").ok_or("no user")?;
    let person = UserId::new(person).map_err(|_| "not a user's id")?;
    let room = field("channel_id").and_then(|id| ChannelId::new(id).ok());
    let text = field("text").unwrap_or_default();
    let command = field("command").ok_or("no command")?;
    let typed = typed::read(&text);
    let mut names = typed.names();
    if let Some(name) = field("user_name").filter(|name| !name.is_empty()) {
        names.insert(person.clone(), typed::unescape(&name));
    }
    let command = match unseen::without(&command).to_lowercase().as_str() {
        "/incident" | "/inc" => words::parse(&typed, arrival.rules),
        "/wardroom" => misunderstood(
            Text::default()
                .code("/wardroom")
                .and(" isn't available yet."),
        ),
        other => misunderstood(Text::plain("Unknown command ").code(other).and(".")),
    };
    Ok(Event::Asked(Box::new(Request {
        actor: Actor::Person(person.clone()),
        membership: arrival.membership,
        team: workspace(arrival, field("team_id").as_deref()),
        act: command.act,
        target: command.target,
        room: room.clone(),
        trigger: field("trigger_id").map(|id| trigger(&id, arrival.at)),
        answer_to: AnswerTo::Person(ReplyTo {
            person,
            room,
            response_url: field("response_url").map(|url| url.into_owned()),
            asked_at: arrival.at,
        }),
        names,
        elsewhere: command.elsewhere.map(Box::new),
    })))
}

/// The workspace in which something is asked for: none of a partner's.
pub(super) fn workspace(arrival: Arrival<'_>, named: Option<&str>) -> Option<TeamId> {
    match arrival.membership {
        // An organisation's own id is none of a workspace.
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
        elsewhere: None,
    }
}

/// The permission to open a modal, from when it reached us.
pub(super) fn trigger(id: &str, at: DateTime<Utc>) -> Trigger {
    Trigger {
        id: id.to_owned(),
        expires: at + TRIGGER_LIVES,
    }
}
