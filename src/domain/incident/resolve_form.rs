//! The form that resolves: it asks for a note, which may stay empty.
//!
//! A press of a Resolve button opens it; `/incident resolved NOTE` needs no form. Whether the
//! person may resolve is decided before the form opens, and again when it comes back, because both
//! the incident and its commander may have changed meanwhile.

use super::super::effect::slack::Effect;
use super::super::ids::IncidentId;
use super::super::text::form::{Form, Input, InputKind, Values};
use super::super::text::{Message, Text, Typed};
use super::act::{Act, AnswerTo, IncidentRef, Request};
use super::ask::{Refusal, Scene, Verdict};
use super::declare_form::CHANNEL;
use super::{Decision, Incident, Purpose, words};
use std::collections::BTreeMap;

/// The form's name: its submission comes back under it.
pub const FORM: &str = "resolve";
/// The note's key.
const NOTE: &str = "note";
/// The context's keys for the incident: its id, and its number for people.
const INCIDENT: &str = "incident";
const NUMBER: &str = "number";
/// The longest note, in characters: the most that Slack lets a person type.
const LONGEST_NOTE: u16 = 3000;

/// Opens the form for the incident that was meant.
pub(crate) fn open(
    decision: &mut Decision,
    request: &Request,
    scene: &Scene<'_>,
    note: Option<&Typed>,
) -> Verdict {
    let incident = scene.changeable(request)?;
    let (AnswerTo::Person(to), Some(trigger)) = (&request.answer_to, &request.trigger) else {
        return Err(too_late(&incident));
    };
    if trigger.expires <= scene.now {
        return Err(too_late(&incident));
    }
    let mut context = BTreeMap::from([
        (INCIDENT.to_owned(), incident.id.to_string()),
        (NUMBER.to_owned(), incident.number.to_string()),
    ]);
    if let Some(channel) = &request.channel {
        context.insert(CHANNEL.to_owned(), channel.to_string());
    }
    let effect = Effect::OpenForm {
        trigger: trigger.clone(),
        form: form(&incident, context, words::said(note)),
    };
    let answer_to = to.clone();
    decision.effect(effect, Purpose::Form { answer_to });
    Ok(None)
}

fn form(incident: &Incident, context: BTreeMap<String, String>, note: Option<String>) -> Form {
    Form {
        name: FORM.into(),
        title: format!("Resolve #{}", incident.number),
        submit: "Resolve".into(),
        inputs: vec![Input {
            key: NOTE.into(),
            label: "Note".into(),
            hint: Some(
                "What fixed it. Everyone who was notified will hear that it's resolved. This \
                 can't be undone."
                    .into(),
            ),
            optional: true,
            kind: InputKind::Text {
                initial: note,
                max: LONGEST_NOTE,
            },
        }],
        context,
        revision: 0,
    }
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
pub(crate) fn instead_of(begin: &str, form: &Form) -> Message {
    let message = by_words(begin, &form.context);
    let note = form.inputs.iter().find_map(|input| match &input.kind {
        InputKind::Text { initial, .. } if input.key == NOTE => initial.as_deref(),
        _ => None,
    });
    match note {
        Some(note) => words::giving_back(message, &Typed::from(note)),
        None => message,
    }
}

/// How an incident is resolved without the form.
fn by_words(begin: &str, context: &BTreeMap<String, String>) -> Message {
    let number = context.get(NUMBER).map_or("", String::as_str);
    let text = Text::plain(begin)
        .and("run ")
        .code(format!("/incident #{number} resolved <note>"));
    Message::said(text)
}

fn too_late(incident: &Incident) -> Refusal {
    let context = BTreeMap::from([(NUMBER.to_owned(), incident.number.to_string())]);
    Refusal {
        status: 422,
        code: "no_trigger",
        message: by_words(super::answer::TOO_LATE, &context),
    }
}
