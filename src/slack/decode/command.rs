//! A slash command: who asks for what, where, and how to answer.
//!
//! Each command belongs to an area, which parses the text; only Slack's escapes and markup are read here.

use super::{Asked, Payload};
use crate::domain::areas::Event;
use crate::domain::incident::act::{Act, Request};
use crate::domain::requester::Requester;
use crate::domain::rules::Rules;
use crate::domain::text::{Message, Text, Typed};
use crate::domain::{ci, incident};
use crate::invisible;
use crate::slack::{typed, wire};

/// Makes an area's event of a command.
type Read = fn(Requester, &Typed, &Rules) -> Event;

/// The commands, each with its area.
const COMMANDS: [(&str, Read); 3] = [
    ("/incident", of_incidents),
    ("/inc", of_incidents),
    ("/wardroom", of_ci),
];

pub(super) fn decode(payload: Payload<'_>) -> Result<Event, &'static str> {
    let [
        person,
        name,
        channel,
        team,
        trigger,
        response_url,
        command,
        text,
    ] = wire::fields(
        payload.body,
        [
            "user_id",
            "user_name",
            "channel_id",
            "team_id",
            "trigger_id",
            "response_url",
            "command",
            "text",
        ],
    );
    let typed = typed::read(&text.unwrap_or_default());
    let command = command.ok_or("no command")?;
    let command = invisible::without(&command).to_lowercase();
    let asked = Asked {
        person: person.as_deref(),
        name: name.as_deref(),
        channel: channel.as_deref(),
        team: team.as_deref(),
        trigger: trigger.as_deref(),
        response_url: response_url.as_deref(),
    };
    let mut by = asked.requester(payload)?;
    for (person, name) in typed.names() {
        by.names.entry(person).or_insert(name);
    }
    let mut commands = COMMANDS.iter();
    Ok(match commands.find(|(name, _)| *name == command) {
        Some((_, read)) => read(by, &typed, payload.rules),
        None => unknown(by, &command),
    })
}

fn of_incidents(by: Requester, typed: &Typed, rules: &Rules) -> Event {
    let command = incident::command::parse(typed, rules);
    let request = Request {
        target: command.target,
        outside_channel: command.outside_channel.map(Box::new),
        ..Request::by(by, command.act)
    };
    incident::Event::Asked(Box::new(request)).into()
}

fn of_ci(by: Requester, typed: &Typed, _rules: &Rules) -> Event {
    let act = ci::command::parse(typed);
    ci::Event::Asked(Box::new(ci::request::Request { by, act })).into()
}

fn unknown(by: Requester, command: &str) -> Event {
    let words = Text::plain("Unknown command ")
        .code(command)
        .and(". For incidents, type ")
        .code("/incident help")
        .and(".");
    let refusal = Message::said(words);
    let request = Request::by(by, Act::Misunderstood { refusal });
    incident::Event::Asked(Box::new(request)).into()
}
