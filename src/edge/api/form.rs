//! From a call's JSON to an act.
//!
//! All fields that are wrong are named at once. Only the shape is judged here, and a declaration by
//! the domain's own judge, the one that judges the form in Slack; whether the act is allowed at
//! this moment is decided later, with the incident in hand.

use super::super::problem::Problem;
use crate::domain::act::{Act, Role};
use crate::domain::form::Values;
use crate::domain::ids::UserId;
use crate::domain::incident::{Kind, Severity, Status, declare_form};
use crate::domain::rules::Rules;
use crate::domain::text::Typed;
use crate::unseen;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Who acts when the call does not say: the one who holds the token.
const NOBODY_NAMED: &str = "admin";
const LONGEST_ACTOR: usize = 80;
/// Slack shows at most so many characters of a section; longer ones are split.
const LONGEST_TEXT: usize = 10_000;

/// What a call may ask of an incident, by the last part of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Status,
    Investigating,
    Identified,
    Monitoring,
    Severity,
    Assign,
    Resolve,
}

impl Verb {
    pub(super) const ALL: [Self; 7] = [
        Self::Status,
        Self::Investigating,
        Self::Identified,
        Self::Monitoring,
        Self::Severity,
        Self::Assign,
        Self::Resolve,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Investigating => "investigating",
            Self::Identified => "identified",
            Self::Monitoring => "monitoring",
            Self::Severity => "severity",
            Self::Assign => "assign",
            Self::Resolve => "resolve",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == text)
    }
}

const PERSON: &str = "A Slack user's id, as in U024BE7LH.";

/// A person by the id, bare or as a mention in Slack's own notation.
fn person_named(text: &str) -> Option<UserId> {
    let mention = text
        .strip_prefix("<@")
        .and_then(|rest| rest.strip_suffix('>'));
    let id = mention.map_or(text, |id| id.split('|').next().unwrap_or(id));
    let rest = id.strip_prefix(['U', 'W'])?;
    let shaped = !rest.is_empty()
        && rest
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    shaped.then(|| UserId::new(id).ok())?
}

/// A call's body, while it is read: every field that was asked for is known afterwards, and so is
/// every field that nobody asked for.
#[derive(Debug)]
pub(super) struct Form {
    fields: Map<String, Value>,
    asked: BTreeSet<&'static str>,
    errors: BTreeMap<String, String>,
}

impl Form {
    /// Reads the JSON; an empty body is an empty form.
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        // Some programs of Windows begin every text with one.
        let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
        let fields = if body.trim_ascii().is_empty() {
            Map::new()
        } else {
            let words = |_| Problem::bad_request("The body must be a JSON object.");
            serde_json::from_slice(body).map_err(words)?
        };
        Ok(Self {
            fields,
            asked: BTreeSet::new(),
            errors: BTreeMap::new(),
        })
    }

    fn wrong(&mut self, field: &str, words: impl Into<String>) {
        self.errors.entry(field.to_owned()).or_insert(words.into());
    }

    /// A text that may be missing; blank is missing.
    fn text(&mut self, field: &'static str, longest: usize) -> Option<String> {
        self.asked.insert(field);
        match self.fields.get(field) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => {
                let text = unseen::trim(text).to_owned();
                if text.contains('\0') {
                    self.wrong(field, "A zero byte cannot be kept.");
                    return None;
                }
                if text.chars().count() > longest {
                    self.wrong(field, format!("At most {longest} characters."));
                    return None;
                }
                (!text.is_empty()).then_some(text)
            }
            Some(_) => {
                self.wrong(field, "This must be a text.");
                None
            }
        }
    }

    fn required(&mut self, field: &'static str, longest: usize) -> Option<String> {
        let text = self.text(field, longest);
        if text.is_none() {
            self.wrong(field, "This is required.");
        }
        text
    }

    fn parsed<T>(
        &mut self,
        field: &'static str,
        text: Option<String>,
        parse: impl Fn(&str) -> Option<T>,
        expected: &str,
    ) -> Option<T> {
        let text = text?;
        let read = parse(&unseen::without(&text));
        if read.is_none() {
            self.wrong(field, expected);
        }
        read
    }

    /// Who acts.
    pub(super) fn actor(&mut self) -> String {
        let actor = self.text("actor", LONGEST_ACTOR);
        if actor
            .as_ref()
            .is_some_and(|actor| actor.contains(char::is_control))
        {
            self.wrong("actor", "No control characters.");
        }
        actor.unwrap_or_else(|| NOBODY_NAMED.to_owned())
    }

    /// What is wanted of an incident.
    pub(super) fn act(&mut self, verb: Verb) -> Option<Act> {
        match verb {
            Verb::Status => {
                let text = self.required("text", LONGEST_TEXT)?;
                Some(Act::Update {
                    text: text.into(),
                    unless_last: false,
                })
            }
            Verb::Investigating => self.advance(Status::Investigating),
            Verb::Identified => self.advance(Status::Identified),
            Verb::Monitoring => self.advance(Status::Monitoring),
            Verb::Severity => {
                let text = self.required("severity", 10);
                let to = self.parsed("severity", text, Severity::parse, "One of P1, P2, P3, P4.");
                let reason = self.text("reason", LONGEST_TEXT).map(Typed::from);
                Some(Act::SetSeverity { to: to?, reason })
            }
            Verb::Assign => {
                let role = self
                    .text("role", 20)
                    .or_else(|| Some("commander".to_owned()));
                let role = self.parsed("role", role, Role::parse, "commander, comms or scribe.");
                let person = self.required("user", 255);
                let person = self.parsed("user", person, person_named, PERSON);
                Some(Act::Assign {
                    role: role?,
                    person: person?,
                })
            }
            Verb::Resolve => Some(Act::Resolve {
                note: self.text("note", LONGEST_TEXT).map(Typed::from),
            }),
        }
    }

    fn advance(&mut self, to: Status) -> Option<Act> {
        let text = self.text("text", LONGEST_TEXT).map(Typed::from);
        Some(Act::Advance { to, text })
    }

    /// A new incident.
    pub(super) fn declaration(&mut self, rules: &Rules) -> Option<Act> {
        let mut values = Values::new();
        for key in [
            declare_form::TITLE,
            declare_form::SEVERITY,
            declare_form::SERVICE,
        ] {
            if let Some(text) = self.text(key, LONGEST_TEXT) {
                values.insert(key.to_owned(), text);
            }
        }
        let commander = self.text(declare_form::COMMANDER, 255);
        let commander = self.parsed(declare_form::COMMANDER, commander, person_named, PERSON);
        values.extend(commander.map(|id| (declare_form::COMMANDER.to_owned(), id.to_string())));
        // A drill would page everybody like a real one: what is not built yet is refused.
        let kind = self.text("kind", 10).unwrap_or_else(|| "real".to_owned());
        let read_kind = |kind: &str| (kind == "real").then_some(Kind::Real);
        let hint = "real; there are no drills yet.";
        let kind = self.parsed("kind", Some(kind), read_kind, hint);
        match declare_form::validate(&values, rules) {
            Ok(mut declaration) => {
                declaration.kind = kind?;
                Some(Act::Declare(declaration))
            }
            Err(errors) => {
                for (field, words) in errors {
                    self.wrong(&field, words);
                }
                None
            }
        }
    }

    /// The act, unless a field was wrong.
    pub(super) fn finish(mut self, act: Option<Act>) -> Result<Act, Problem> {
        let unknown: Vec<String> = self
            .fields
            .keys()
            .filter(|field| !self.asked.contains(field.as_str()))
            .take(10)
            .cloned()
            .collect();
        for field in unknown {
            self.wrong(&field, "There is no such field.");
        }
        match act {
            Some(act) if self.errors.is_empty() => Ok(act),
            _ => Err(Problem::invalid(self.errors)),
        }
    }
}
