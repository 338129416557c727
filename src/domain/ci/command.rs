//! The text of `/wardroom` into an act, and the help. Any text is answered.

use super::request::Act;
use super::verbs::{LATER, VERBS, Verb, verb};
use crate::domain::text::nearest::{did_you_mean, slips, three};
use crate::domain::text::{Message, Part, Text, Typed, Word, Words};

/// Reads what was typed after `/wardroom`.
pub fn parse(typed: &Typed) -> Act {
    let mut words = Words::of(typed);
    match words.next() {
        None => Act::Help { verb: None },
        Some(Word::Plain(word)) => match verb(&word) {
            Some(verb) => (verb.read)(&mut words),
            None => Act::Misunderstood {
                refusal: unknown(&word),
            },
        },
        Some(Word::Person(_) | Word::Channel(_)) => Act::Misunderstood {
            refusal: unknown("@"),
        },
    }
}

/// Help about one verb, or about all of them.
pub(super) fn help(about: Option<&str>) -> Message {
    match (about, about.and_then(verb)) {
        (_, Some(verb)) => of_verb(verb),
        (Some(word), None) => unknown(word),
        (None, None) => all(),
    }
}

fn of_verb(verb: &Verb) -> Message {
    let text = Text::default()
        .code(verb.usage())
        .and(format!("\n{}\nExample: ", verb.does))
        .code(verb.example);
    Message::section(format!("{}: {}", verb.usage(), verb.does), text)
}

fn all() -> Message {
    let mut text = Text::default();
    for verb in VERBS {
        let line = if text.0.is_empty() { "" } else { "\n" };
        text = text
            .and(line)
            .code(verb.usage())
            .and(format!(" {}", verb.does));
    }
    let later = Text::plain("Not available yet: ");
    let later = list(later, LATER)
        .and(". For incidents: ")
        .code("/incident help");
    Message::section("How to use /wardroom", text).with(Part::Context(later))
}

fn unknown(word: &str) -> Message {
    let word: String = word.to_lowercase().chars().take(40).collect();
    let is_later = LATER.contains(&&*word);
    let text = if is_later {
        let text = Text::default().code(format!("/wardroom {word}"));
        let text = text.and(" isn't available yet. Available: ");
        list(text, VERBS.iter().map(|verb| verb.usage())).and(".")
    } else {
        let names = VERBS.iter().map(|verb| verb.name);
        let near = names.filter_map(|name| Some((slips(&word, name)?, name)));
        let near = three(near.collect());
        let near = near.iter().map(|name| format!("/wardroom {name}"));
        let text = Text::plain("Unknown command ").code(&*word).and(".");
        did_you_mean(text, near)
            .and(" See all commands: ")
            .code("/wardroom help")
    };
    Message::said(text.and(" For incidents: ").code("/incident help"))
}

/// Goes on with a list of what can be typed.
fn list(text: Text, codes: impl IntoIterator<Item = impl Into<String>>) -> Text {
    let mut text = text;
    for (at, code) in codes.into_iter().enumerate() {
        let between = if at == 0 { "" } else { ", " };
        text = text.and(between).code(code);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(typed: &str) -> String {
        match parse(&typed.into()) {
            Act::Misunderstood { refusal } => refusal.in_words(),
            other => panic!("{typed}: {other:?}"),
        }
    }

    #[test]
    fn every_verb_is_understood_in_any_case_and_its_example_too() {
        for verb in VERBS {
            for typed in [verb.name.to_uppercase(), verb.name.to_owned()] {
                let act = parse(&typed.into());
                assert!(!matches!(act, Act::Misunderstood { .. }), "{act:?}");
            }
            let example = verb.example.trim_start_matches("/wardroom ");
            assert!(!matches!(parse(&example.into()), Act::Misunderstood { .. }));
        }
        let list = |repository: Option<&str>| Act::List {
            repository: repository.map(str::to_owned),
        };
        assert_eq!(parse(&"ci".into()), list(None));
        assert_eq!(parse(&"ci acme/api".into()), list(Some("acme/api")));
        assert_eq!(parse(&"".into()), Act::Help { verb: None });
    }

    #[test]
    fn an_unknown_verb_gets_the_nearest_and_an_announced_one_what_there_is() {
        assert!(refused("hlep").contains("Did you mean `/wardroom help`?"));
        let nothing = refused("frobnicate");
        assert!(!nothing.contains("Did you mean"), "{nothing}");
        assert!(nothing.contains("`/wardroom help`"), "{nothing}");
        for later in LATER {
            let words = refused(&format!("{later} nightly"));
            assert!(
                words.starts_with(&format!("`/wardroom {later}` isn't available yet.")),
                "{words}"
            );
            assert!(words.contains("`/wardroom ci [REPO]`"), "{words}");
        }
        assert!(help(None).parts.len() == 2);
    }
}
