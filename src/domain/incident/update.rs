//! An update in words, and the steps forward: investigating, identified, monitoring.
//!
//! Forward only: a step that is not ahead changes nothing and names the present status. The words are
//! posted once, in the incident's channel.

use super::super::text::{Message, Text, Typed};
use super::act::Request;
use super::case::{Case, Refusal, Verdict};
use super::model::{Incident, Status, TimelineKind};
use super::record::{self, Happened};
use super::words;
use crate::invisible;
use serde_json::json;

pub(super) fn update(
    case: &mut Case<'_>,
    request: &Request,
    typed: &Typed,
    unless_last: bool,
) -> Verdict {
    let mut incident = record::changeable(case, request)?;
    let number = incident.number;
    let words = typed.to_plain();
    let text = invisible::trim(&words);
    if unless_last && incident.last_update.as_deref() == Some(text) {
        let text = Text::plain(format!("#{number} already has this update."));
        return Err(Refusal::new(409, "said_already", text));
    }
    if text.is_empty() {
        let needs = Text::plain("An update needs text: ").code("/incident status <text>");
        return Err(Refusal::new(422, "empty", needs));
    }
    keep_words(case, &mut incident, text);
    let line = words::who(Text::default().bold("Update").and(" from "), &request.actor);
    let happened = Happened {
        kind: TimelineKind::StatusUpdate,
        text: text.to_owned(),
        details: json!({ "text": text }),
        line: Message::said(line.and(": ").typed(typed)),
    };
    let answer = format!("Update posted on #{number}");
    Ok(record::record(case, request, &incident, happened, &answer))
}

pub(super) fn advance(
    case: &mut Case<'_>,
    request: &Request,
    to: Status,
    typed: Option<&Typed>,
) -> Verdict {
    let mut incident = record::changeable(case, request)?;
    let before = incident.status;
    if let Some(refusal) = not_a_step(&incident, to) {
        return Err(refusal);
    }
    let words = words::said(typed);
    let text = words.as_deref();
    incident.status = to;
    incident.acknowledged_at = incident.acknowledged_at.or(Some(case.at));
    if let Some(text) = text {
        keep_words(case, &mut incident, text);
    }
    let now = words::status(to);
    let line = words::who(Text::default().bold(&*now).and(" ("), &request.actor).and(")");
    let happened = Happened {
        kind: TimelineKind::StateChange,
        text: format!("{now}{}", words::after_colon(text)),
        details: json!({ "before": before, "after": to, "text": text }),
        line: Message::said(words::typed_after_colon(line, typed)),
    };
    let answer = format!("#{} is now {to}", incident.number);
    let answer = record::record(case, request, &incident, happened, &answer);
    case.show_component(case.incident(), &incident);
    Ok(answer)
}

fn not_a_step(incident: &Incident, to: Status) -> Option<Refusal> {
    let (number, status) = (incident.number, incident.status);
    if !Status::STEPS.contains(&to) {
        let text = Text::plain(format!("You can't set an incident to {to} this way."));
        return Some(Refusal::new(422, "no_such_step", text));
    }
    let (code, text) = if to == status {
        let text = format!("#{number} is already {to}. Post an update: ");
        ("there_already", text)
    } else if to < status {
        let text = format!(
            "#{number} is already {status}, and the status only moves forward. Post what's new: "
        );
        ("forward_only", text)
    } else {
        return None;
    };
    let text = Text::plain(text).code(words::status_command(incident));
    Some(Refusal::new(409, code, text))
}

fn keep_words(case: &Case<'_>, incident: &mut Incident, text: &str) {
    incident.last_update = Some(text.to_owned());
    incident.last_update_at = Some(case.at);
}
