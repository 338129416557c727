//! The text of `/incident` into an act.
//!
//! One table, [`VERBS`], drives the parser, the help and the docs. Any text is answered: what is
//! not understood becomes [`Act::Misunderstood`] with words that say what would be. Pure, and never
//! panics: everything is taken by words and characters, never by bytes.

use super::super::declaration::{Declaration, Kind};
use super::super::ids::UserId;
use super::super::rules::Rules;
use super::super::severity::Severity;
use super::super::text::nearest::{slips, three};
use super::super::text::{ButtonStyle, Message, Part, Text, Typed, Word, Words};
use super::act::{Act, IncidentRef, OutsideChannel};
use super::model::{Role, Status};
use super::verbs::{About, VERBS, verb};
use super::words::{self, BY_ONE_LINE};
use super::{help, validate};

/// What was asked for, and about which incident if one was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub act: Act,
    /// `None`: the one of the channel.
    pub target: Option<IncidentRef>,
    /// What it means outside an incident channel; `None`: the same.
    pub outside_channel: Option<OutsideChannel>,
}

/// Reads what was typed after `/incident`.
pub fn parse(typed: &Typed, rules: &Rules) -> Command {
    let command = understand(typed, rules);
    let is_long = typed.to_plain().split_whitespace().nth(2).is_some();
    match command.act {
        Act::Misunderstood { refusal } if is_long => Command {
            act: misunderstood(words::giving_back(refusal, typed)),
            ..command
        },
        _ => command,
    }
}

fn understand(typed: &Typed, rules: &Rules) -> Command {
    let mut typed = Words::of(typed);
    let before = target(&mut typed);
    let Some(word) = typed.next() else {
        return Command {
            act: Act::Menu,
            target: before,
            outside_channel: None,
        };
    };
    let known = match &word {
        Word::Plain(name) => verb(name),
        Word::Person(_) | Word::Channel(_) => None,
    };
    let Some(known) = known else {
        return Command {
            act: misunderstood(unknown(&word, before.as_ref())),
            target: None,
            outside_channel: None,
        };
    };
    let read = |mut typed: Words| (known.read)(&mut typed, rules).unwrap_or_else(misunderstood);
    let (target, outside_channel) = match (before, known.about) {
        (None, About::AnIncident) => (number(&mut typed), None),
        (None, About::AnIncidentInWords) => {
            let mut rest = typed.clone();
            let outside_channel = number(&mut rest).map(|target| OutsideChannel {
                target,
                alone: rest.is_empty(),
                act: read(rest),
            });
            (None, outside_channel)
        }
        (before, _) => (before, None),
    };
    Command {
        act: read(typed),
        target,
        outside_channel,
    }
}

pub(crate) fn update(rest: &mut Words, _: &Rules) -> Result<Act, Message> {
    let text = rest.rest();
    if text.is_empty() {
        return Err(usage("status", "An update needs text."));
    }
    Ok(Act::Update {
        text,
        unless_last: false,
    })
}

pub(crate) fn severity(rest: &mut Words, _: &Rules) -> Result<Act, Message> {
    let Some(to) = severity_word(rest) else {
        let range = Severity::worst_to_least();
        return Err(usage("severity", &format!("Which severity? {range}.")));
    };
    Ok(Act::SetSeverity {
        to,
        reason: some(rest.rest()),
    })
}

fn misunderstood(refusal: Message) -> Act {
    Act::Misunderstood { refusal }
}

pub(crate) fn advance(to: Status, rest: &mut Words) -> Act {
    Act::Advance {
        to,
        text: some(rest.rest()),
    }
}

/// `None` when nothing was typed.
pub(crate) fn some(text: Typed) -> Option<Typed> {
    (!text.is_empty()).then_some(text)
}

/// A role and a person, in either order.
pub(crate) fn assign(role: Option<Role>, rest: &mut Words) -> Result<Act, Message> {
    let mut role = role;
    let mut person = None;
    while let Some(word) = rest.next() {
        match word {
            Word::Person(id) if person.is_none() => person = Some(id),
            Word::Plain(word) => match (Role::parse(&word), as_id(&word)) {
                (Some(named), _) if role.is_none() => role = Some(named),
                (_, Some(id)) if person.is_none() => person = Some(id),
                _ => {
                    let wrong = match word.starts_with('@') {
                        // Slack sends a mention only where its list was used.
                        true => "is plain text: choose the person from the list that Slack shows.",
                        false => "is neither a person nor a role.",
                    };
                    return Err(usage("assign", &format!("“{word}” {wrong}")));
                }
            },
            Word::Person(_) | Word::Channel(_) => {
                return Err(usage("assign", "One role and one person at a time."));
            }
        }
    }
    match person {
        Some(person) => Ok(Act::Assign {
            role: role.unwrap_or(Role::Commander),
            person,
        }),
        None => Err(usage("assign", "Name a person with @.")),
    }
}

/// Takes `#7`.
fn number(words: &mut Words) -> Option<IncidentRef> {
    words.take(|word| {
        let digits = word.strip_prefix('#')?;
        let only_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        // A number that does not fit names no incident, and is answered so.
        only_digits.then(|| IncidentRef::Number(digits.parse().unwrap_or(i64::MAX)))
    })
}

/// Takes `#7` or the mention of a channel.
fn target(words: &mut Words) -> Option<IncidentRef> {
    words
        .channel()
        .map(IncidentRef::Channel)
        .or_else(|| number(words))
}

/// Takes `P1`.
fn severity_word(words: &mut Words) -> Option<Severity> {
    words.take(|word| Severity::parse(word.trim_end_matches([',', ':'])))
}

/// Takes a service's name, the longest that fits; without any services, one word.
fn service_word(words: &mut Words, rules: &Rules) -> Option<String> {
    if rules.services.is_empty() {
        let mut ahead = words.clone();
        let Word::Plain(name) = ahead.next_as_typed()? else {
            return None;
        };
        *words = ahead;
        return validate::check_service(&name, rules).ok();
    }
    let length = |name: &str| name.split_whitespace().count();
    let named = rules.services.iter().map(|service| service.name.as_str());
    let fitting = named.filter(|name| length(name) > 0 && words.clone().name(name));
    let longest = fitting.min_by_key(|name| std::cmp::Reverse(length(name)))?;
    words.name(longest);
    Some(longest.to_owned())
}

/// A person's id as it is copied from a profile.
fn as_id(word: &str) -> Option<UserId> {
    let looks = word.len() >= 6
        && word.starts_with(['U', 'W'])
        && word
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    looks.then(|| UserId::new(word).ok()).flatten()
}

pub(crate) fn declare(rest: &mut Words, rules: &Rules) -> Result<Act, Message> {
    if rest.is_empty() {
        return Ok(Act::OpenDeclareForm);
    }
    let mut severity = severity_word(rest);
    let mut service = service_word(rest, rules);
    severity = severity.or_else(|| severity_word(rest));
    // What is in the place of a severity, before a service that exists.
    let mut odd = None;
    if severity.is_none() && service.is_none() {
        let mut after = rest.clone();
        let first = after.plain_word();
        service = service_word(&mut after, rules);
        odd = first.filter(|_| service.is_some());
    }
    let title = validate::tidy(&rest.rest().to_plain());
    let mut missing = Vec::new();
    if severity.is_none() {
        let odd = odd.map(|word| format!("“{}” is not a severity. ", words::shortened(&word, 40)));
        let (odd, range) = (odd.unwrap_or_default(), Severity::worst_to_least());
        missing.push(format!("{odd}Name the severity, from {range}."));
    }
    if service.is_none() {
        missing.push(match rules.services.is_empty() {
            true => "Name the affected service.".to_owned(),
            false => format!(
                "Name the affected service, one of: {}.",
                validate::near(title.split_whitespace().next().unwrap_or_default(), rules)
            ),
        });
    } else if let Err(sentence) = validate::check_title(&title) {
        missing.push(match title.is_empty() {
            true => "Say what is broken, in 3 to 100 characters.".to_owned(),
            false => sentence,
        });
    }
    match (severity, service) {
        (Some(severity), Some(service)) if missing.is_empty() => Ok(Act::Declare(Declaration {
            title,
            severity,
            service,
            commander: None,
            kind: Kind::Real,
            view: None,
            template: None,
        })),
        _ => {
            let service = rules
                .services
                .first()
                .map_or("api", |one| one.name.as_str());
            let text = Text::plain(missing.join(" "))
                .and(" Format: ")
                .code(BY_ONE_LINE)
                .and(". Example: ")
                .code(format!(
                    "/incident declare P1 {service} Checkout returns 500s"
                ))
                .and(". Or use the form: ")
                .code("/incident declare");
            Err(Message::said(text))
        }
    }
}

fn usage(name: &str, wrong: &str) -> Message {
    let known = verb(name).expect("only verbs of the table have a usage");
    let text = Text::plain(format!("{wrong} "))
        .code(known.usage())
        .and(". Example: ")
        .code(known.example);
    Message::said(text)
}

/// Words that look like a verb and mean something else: no verb is suggested for them.
const MEANS_SOMETHING_ELSE: [&str; 7] = [
    "reopen", "cancel", "merge", "task", "tasks", "drill", "stats",
];

/// Words that people use for what a verb does.
const SAME_MEANING: [(&str, &[&str]); 8] = [
    ("declare", &["report"]),
    ("status", &["say", "post", "comment", "message"]),
    ("severity", &["priority", "escalate", "downgrade"]),
    (
        "resolved",
        &["fixed", "done", "finish", "end", "stop", "over"],
    ),
    ("assign", &["lead", "owner", "roles", "ic"]),
    ("timeline", &["history", "log"]),
    ("postmortem", &["retro", "review", "retrospective"]),
    ("list", &["ls", "all", "show", "incidents"]),
];

/// The verbs that are near to what was typed, at most three: a typing error, the beginning of a verb,
/// or another word for it.
pub(crate) fn nearest(word: &str) -> Vec<&'static str> {
    let word: String = word.to_lowercase().chars().take(40).collect();
    if MEANS_SOMETHING_ELSE.contains(&&*word) {
        return Vec::new();
    }
    let mut near: Vec<(usize, &'static str)> = Vec::new();
    for verb in VERBS {
        let same = SAME_MEANING.iter().find(|(name, _)| *name == verb.names[0]);
        let is_severity = Severity::parse(&word).is_some();
        let is_same = same.is_some_and(|(_, words)| words.contains(&&*word))
            || (is_severity && matches!(verb.names[0], "declare" | "severity"));
        let slips = verb.names.iter().filter_map(|name| slips(&word, name));
        let best = slips.chain(is_same.then_some(0)).min();
        near.extend(best.map(|slips| (slips, verb.names[0])));
    }
    three(near)
}

fn unknown(word: &Word, about: Option<&IncidentRef>) -> Message {
    let said = Text::plain("Unknown command ");
    let (said, shown) = match word {
        Word::Plain(word) => {
            let word = words::shortened(word, 40);
            (said.code(&*word), word)
        }
        Word::Person(id) => (said.person(id), String::new()),
        Word::Channel(id) => (said.channel(id), String::new()),
    };
    // What was named before the word is not typed again for nothing.
    let before = match about {
        Some(IncidentRef::Number(number)) => format!("/incident #{number}"),
        Some(IncidentRef::Id(_) | IncidentRef::Channel(_)) | None => "/incident".to_owned(),
    };
    let text = help::suggesting(said, &shown, &before);
    Message::said(text).with(Part::Buttons(vec![words::button(
        "Help",
        "help",
        "",
        ButtonStyle::Plain,
    )]))
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
