//! Makes an act of a call's JSON.
//!
//! All wrong fields are named at once. A declaration is validated by the same function of the domain as the
//! form in Slack. Whether the act is allowed is decided later, with the incident's state.

use super::super::problem::Problem;
use crate::domain::ids::UserId;
use crate::domain::incident::act::Act;
use crate::domain::incident::{Kind, Role, Severity, Status, validate};
use crate::domain::rules::Rules;
use crate::domain::text::Typed;
use crate::domain::text::form::Values;
use crate::invisible;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The actor when the call names none.
const DEFAULT_ACTOR: &str = "admin";
const MAX_ACTOR: usize = 80;
/// Slack shows at most so many characters of a section; longer ones are split.
const MAX_TEXT: usize = 10_000;

/// What a call may do with an incident: the last part of its path, and the act that its body describes.
pub(super) struct Verb(
    pub(super) &'static str,
    pub(super) fn(&mut Form) -> Option<Act>,
);

pub(super) const VERBS: &[Verb] = &[
    Verb("status", Form::update),
    Verb("investigating", |form| form.advance(Status::Investigating)),
    Verb("identified", |form| form.advance(Status::Identified)),
    Verb("monitoring", |form| form.advance(Status::Monitoring)),
    Verb("severity", Form::severity),
    Verb("assign", Form::assign),
    Verb("resolve", |form| {
        let note = form.text("note", MAX_TEXT).map(Typed::from);
        Some(Act::Resolve { note })
    }),
];

impl Verb {
    pub(super) fn parse(text: &str) -> Option<&'static Self> {
        VERBS.iter().find(|verb| verb.0 == text)
    }
}

const PERSON: &str = "A Slack user's id, as in U024BE7LH.";

/// A user's id, or a mention in Slack's format.
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

/// A call's body while it is read. Fields that were not asked for are unknown ones.
#[derive(Debug)]
pub(super) struct Form {
    fields: Map<String, Value>,
    asked: BTreeSet<&'static str>,
    errors: BTreeMap<String, String>,
}

impl Form {
    /// An empty body is an empty form.
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        // Some programs on Windows begin every text with a byte order mark.
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

    /// An optional text; a blank one is missing.
    fn text(&mut self, field: &'static str, longest: usize) -> Option<String> {
        self.asked.insert(field);
        match self.fields.get(field) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => {
                let text = invisible::trim(text).to_owned();
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
        let read = parse(&invisible::without(&text));
        if read.is_none() {
            self.wrong(field, expected);
        }
        read
    }

    pub(super) fn actor(&mut self) -> String {
        let actor = self.text("actor", MAX_ACTOR);
        if actor
            .as_ref()
            .is_some_and(|actor| actor.contains(char::is_control))
        {
            self.wrong("actor", "No control characters.");
        }
        actor.unwrap_or_else(|| DEFAULT_ACTOR.to_owned())
    }

    fn update(&mut self) -> Option<Act> {
        let text = self.required("text", MAX_TEXT)?;
        Some(Act::Update {
            text: text.into(),
            unless_last: false,
        })
    }

    fn severity(&mut self) -> Option<Act> {
        let text = self.required("severity", 10);
        let to = self.parsed(
            "severity",
            text,
            Severity::parse,
            &format!("One of {}.", Severity::listed()),
        );
        let reason = self.text("reason", MAX_TEXT).map(Typed::from);
        Some(Act::SetSeverity { to: to?, reason })
    }

    fn assign(&mut self) -> Option<Act> {
        let role = self
            .text("role", 20)
            .unwrap_or_else(|| "commander".to_owned());
        let role = self.parsed(
            "role",
            Some(role),
            Role::parse,
            "commander, comms or scribe.",
        );
        let person = self.required("user", 255);
        let person = self.parsed("user", person, person_named, PERSON);
        Some(Act::Assign {
            role: role?,
            person: person?,
        })
    }

    fn advance(&mut self, to: Status) -> Option<Act> {
        let text = self.text("text", MAX_TEXT).map(Typed::from);
        Some(Act::Advance { to, text })
    }

    pub(super) fn declaration(&mut self, rules: &Rules) -> Option<Act> {
        let mut values = Values::new();
        for key in [validate::TITLE, validate::SEVERITY, validate::SERVICE] {
            if let Some(text) = self.text(key, MAX_TEXT) {
                values.insert(key.to_owned(), text);
            }
        }
        let commander = self.text(validate::COMMANDER, 255);
        let commander = self.parsed(validate::COMMANDER, commander, person_named, PERSON);
        values.extend(commander.map(|id| (validate::COMMANDER.to_owned(), id.to_string())));
        // A drill would page people like a real incident, because drills are not built.
        let kind = self.text("kind", 10).unwrap_or_else(|| "real".to_owned());
        let read_kind = |kind: &str| (kind == "real").then_some(Kind::Real);
        let hint = "real; there are no drills yet.";
        let kind = self.parsed("kind", Some(kind), read_kind, hint);
        match validate::declaration(&values, rules) {
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
