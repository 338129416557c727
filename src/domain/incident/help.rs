//! How to use it, made from the table of verbs, so that no verb is left out.

use super::super::command::nearest;
use super::super::text::{ButtonStyle, Message, Part, Text};
use super::super::verbs::{VERBS, Verb, verb};
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
    let mut text = Text::plain(format!(
        "“{}” is no verb. Did you mean ",
        words::shortened(word, 40)
    ));
    for (index, name) in nearest(word).iter().enumerate() {
        if index > 0 {
            text = text.and(", ");
        }
        text = text.code(format!("/incident help {name}"));
    }
    Message::said(text.and("? All verbs: ").code("/incident help"))
}

fn of_verb(verb: &Verb) -> Message {
    let mut text = Text::default()
        .code(verb.usage())
        .and(format!("\n{}", verb.does));
    if verb.names.len() > 1 {
        text = text.and(format!(" Also: {}.", verb.names[1..].join(", ")));
    }
    text = text.and(format!(" Who may: {}.", verb.who));
    text = text.and("\nFor example: ").code(verb.example);
    Message::section(format!("{}: {}", verb.usage(), verb.does), text)
}

fn all() -> Message {
    let mut text = Text::default()
        .code("/incident")
        .and(" what is open, or how this incident stands");
    for verb in VERBS {
        text = text
            .and("\n")
            .code(verb.usage())
            .and(format!(" {}", verb.does));
    }
    let more =
        Text::plain("In an incident's room a command is about that incident; elsewhere name it: ")
            .code("/incident #7 status <text>")
            .and(". About one verb: ")
            .code("/incident help severity");
    Message {
        summary: "How to use /incident".into(),
        parts: vec![
            Part::Section(text),
            Part::Context(more),
            Part::Buttons(vec![
                button("Declare an incident", "declare", "", ButtonStyle::Danger),
                button("List", "list", "", ButtonStyle::Plain),
            ]),
        ],
    }
}
