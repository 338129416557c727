//! How to use it, made from the table of verbs, so that no verb is left out.

use super::super::text::nearest::did_you_mean;
use super::super::text::{ButtonStyle, Message, Part, Text};
use super::command::nearest;
use super::verbs::{VERBS, Verb, verb};
use super::words::{self, button};

/// Help about one verb, or about all of them.
pub(crate) fn message(about: Option<&str>) -> Message {
    match (about, about.and_then(verb)) {
        (_, Some(verb)) => of_verb(verb),
        (Some(word), None) => no_verb(word),
        (None, None) => all(),
    }
}

fn no_verb(word: &str) -> Message {
    let said = Text::plain("Unknown command ").code(words::shortened(word, 40));
    Message::said(suggesting(said, word, "/incident help"))
}

/// Goes on with the commands that are near to what was typed, if there are any, and with where all
/// are listed.
pub(crate) fn suggesting(text: Text, typed: &str, before: &str) -> Text {
    let near = nearest(typed);
    let near = near.iter().map(|name| format!("{before} {name}"));
    did_you_mean(text.and("."), near)
        .and(" See all commands: ")
        .code("/incident help")
}

fn of_verb(verb: &Verb) -> Message {
    let mut text = Text::default()
        .code(verb.usage())
        .and(format!("\n{}", verb.does));
    if verb.names.len() > 1 {
        text = text.and(format!(" Also: {}.", verb.names[1..].join(", ")));
    }
    text = text.and(format!(" Who can use it: {}.", verb.who));
    text = text.and("\nExample: ").code(verb.example);
    Message::section(format!("{}: {}", verb.usage(), verb.does), text)
}

fn all() -> Message {
    let mut text = Text::default()
        .code("/incident")
        .and(" Shows what is open or, in an incident's channel, that incident.");
    for verb in VERBS {
        text = text
            .and("\n")
            .code(verb.usage())
            .and(format!(" {}", verb.does));
    }
    let more = Text::plain("Outside an incident's channel, add its number: ")
        .code("/incident #7 status <text>")
        .and(". Help for one command: ")
        .code("/incident help severity");
    Message {
        summary: "How to use /incident".into(),
        parts: vec![
            Part::Section(text),
            Part::Context(more),
            Part::Buttons(vec![
                button("Declare incident", "declare", "", ButtonStyle::Danger),
                button("List", "list", "", ButtonStyle::Plain),
            ]),
        ],
    }
}
