//! The form that resolves: it asks for a note, which may stay empty.
//!
//! A press of a Resolve button opens it; `/incident resolved NOTE` needs no form. Whether the
//! person may resolve is decided before the form opens, and again when it comes back, because both
//! the incident and its commander may have changed meanwhile.

use super::super::ids::IncidentId;
use super::super::text::form::{Form, Input, InputKind, Values};
use super::super::text::{Message, Typed};
use super::act::{Act, IncidentRef, Request};
use super::case::{Case, Verdict};
use super::{forms, record, words};
use std::collections::BTreeMap;

/// The form's name: its submission comes back under it.
pub const FORM: &str = "resolve";
const NOTE: &str = "note";
/// The context's keys for the incident: its id, and its number for people.
const INCIDENT: &str = "incident";
const NUMBER: &str = "number";
/// The longest note, in characters: the most that Slack lets a person type.
const LONGEST_NOTE: u16 = 3000;

/// Opens the form for the incident that was meant.
pub(super) fn open(case: &mut Case<'_>, request: &Request, note: Option<&Typed>) -> Verdict {
    let incident = record::changeable(case, request)?;
    let hint = "What fixed it. Everyone who was notified will hear that it's resolved. This can't be \
                undone.";
    let form = Form {
        name: FORM.into(),
        title: format!("Resolve #{}", incident.number),
        submit: "Resolve".into(),
        inputs: vec![Input {
            key: NOTE.into(),
            label: "Note".into(),
            hint: Some(hint.into()),
            optional: true,
            kind: InputKind::Text {
                initial: words::said(note),
                max: LONGEST_NOTE,
            },
        }],
        context: BTreeMap::from([
            (INCIDENT.to_owned(), incident.id.to_string()),
            (NUMBER.to_owned(), incident.number.to_string()),
        ]),
        revision: 0,
    };
    // The refusal gives back the note itself.
    forms::open(case, request, form, by_words)
}

/// What a submission asks for, and of which incident; `None`: it names none.
pub fn act_of(
    values: &Values,
    context: &BTreeMap<String, String>,
) -> Option<(Act, Option<IncidentRef>)> {
    let id = context.get(INCIDENT)?.parse().ok()?;
    let note = values.get(NOTE).map(|note| note.trim());
    let note = note.filter(|note| !note.is_empty()).map(Typed::from);
    Some((Act::Resolve { note }, Some(IncidentRef::Id(IncidentId(id)))))
}

/// How an incident is resolved without a form that did not open, with the note that it had.
pub(super) fn instead_of(begin: &str, form: &Form) -> Message {
    let message = by_words(begin, form);
    let note = form.inputs.iter().find_map(|input| match &input.kind {
        InputKind::Text { initial, .. } => initial.as_deref(),
        InputKind::Select { .. } | InputKind::Person { .. } => None,
    });
    match note {
        Some(note) => words::giving_back(message, &Typed::from(note)),
        None => message,
    }
}

fn by_words(begin: &str, form: &Form) -> Message {
    let number = form.context.get(NUMBER).map_or("", String::as_str);
    forms::by_words(begin, format!("/incident #{number} resolved <note>"))
}
