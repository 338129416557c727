//! A slash command: who asks for what, where, and how to answer.
//!
//! The domain parses the text; only Slack's escapes and markup are read here.

use super::{Asked, Payload};
use crate::domain::areas::Event;
use crate::domain::incident;
use crate::domain::incident::act::Act;
use crate::domain::incident::command as words;
use crate::domain::text::{Message, Text};
use crate::invisible;
use crate::slack::{typed, wire};

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
    let names = typed.names();
    let command = command.ok_or("no command")?;
    let command = match invisible::without(&command).to_lowercase().as_str() {
        "/incident" | "/inc" => words::parse(&typed, payload.rules),
        "/wardroom" => misunderstood(
            Text::default()
                .code("/wardroom")
                .and(" isn't available yet."),
        ),
        other => misunderstood(Text::plain("Unknown command ").code(other).and(".")),
    };
    let asked = Asked {
        person: person.as_deref(),
        name: name.as_deref(),
        channel: channel.as_deref(),
        team: team.as_deref(),
        trigger: trigger.as_deref(),
        response_url: response_url.as_deref(),
    };
    let mut request = asked.request(payload, command.act)?;
    request.target = command.target;
    request.outside_channel = command.outside_channel.map(Box::new);
    for (person, name) in names {
        request.names.entry(person).or_insert(name);
    }
    Ok(incident::Event::Asked(Box::new(request)).into())
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
