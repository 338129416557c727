//! An update in words, and the steps forward: investigating, identified, monitoring.
//!
//! Forward only: a step that is not ahead changes nothing and says where the incident stands. The
//! words are posted once, in the incident's channel.

use super::super::text::{Message, Text, Typed};
use super::act::Request;
use super::ask::{self, Happened, Refusal, Scene, Verdict};
use super::{Decision, Incident, Status, TimelineKind, words};
use crate::invisible;
use serde_json::json;

pub(crate) fn update(
    decision: &mut Decision,
    request: &Request,
    scene: &Scene<'_>,
    typed: &Typed,
    unless_last: bool,
) -> Verdict {
    let mut incident = scene.changeable(request)?;
    let words = typed.to_plain();
    let text = invisible::trim(&words);
    if unless_last && incident.last_update.as_deref() == Some(text) {
        let number = incident.number;
        let stands = Text::plain(format!("#{number} already has this update."));
        return Err(Refusal::new(409, "said_already", stands));
    }
    if text.is_empty() {
        let needs = Text::plain("An update needs text: ").code("/incident status <text>");
        return Err(Refusal::new(422, "empty", needs));
    }
    keep_words(&mut incident, scene, text);
    let line = words::who(Text::default().bold("Update").and(" from "), &request.actor)
        .and(": ")
        .typed(typed);
    let happened = Happened {
        kind: TimelineKind::StatusUpdate,
        text: text.to_owned(),
        details: json!({ "text": text }),
        line: Message::said(line),
    };
    ask::record(decision, request, scene, &incident, happened);
    let said = format!("Update posted on #{}", incident.number);
    Ok(ask::done(request, &incident, &said))
}

pub(crate) fn advance(
    decision: &mut Decision,
    request: &Request,
    scene: &Scene<'_>,
    to: Status,
    typed: Option<&Typed>,
) -> Verdict {
    let mut incident = scene.changeable(request)?;
    let before = incident.status;
    if let Some(refusal) = not_a_step(&incident, to) {
        return Err(refusal);
    }
    let words = words::said(typed);
    let text = words.as_deref();
    incident.status = to;
    incident.acknowledged_at = incident.acknowledged_at.or(Some(scene.at));
    if let Some(text) = text {
        keep_words(&mut incident, scene, text);
    }
    let now = words::status(to);
    let said = words::after_colon(text);
    let line = words::who(Text::default().bold(now).and(" ("), &request.actor).and(")");
    let line = words::typed_after_colon(line, typed);
    let happened = Happened {
        kind: TimelineKind::StateChange,
        text: format!("{now}{said}"),
        details: json!({ "before": before, "after": to, "text": text }),
        line: Message::said(line),
    };
    ask::record(decision, request, scene, &incident, happened);
    let was = scene.facts.incident();
    ask::show_component(decision, scene.rules, was, &incident);
    let said = format!("#{} is now {to}", incident.number);
    Ok(ask::done(request, &incident, &said))
}

fn not_a_step(incident: &Incident, to: Status) -> Option<Refusal> {
    let number = incident.number;
    if !matches!(
        to,
        Status::Investigating | Status::Identified | Status::Monitoring
    ) {
        let text = Text::plain(format!("You can't set an incident to {to} this way."));
        return Some(Refusal::new(422, "no_such_step", text));
    }
    if to == incident.status {
        let text = Text::plain(format!("#{number} is already {to}. Post an update: "))
            .code(format!("/incident #{number} status <text>"));
        return Some(Refusal::new(409, "there_already", text));
    }
    if to < incident.status {
        let text = Text::plain(format!(
            "#{number} is already {}, and the status only moves forward. Post what's new: ",
            incident.status
        ))
        .code(format!("/incident #{number} status <text>"));
        return Some(Refusal::new(409, "forward_only", text));
    }
    None
}

fn keep_words(incident: &mut Incident, scene: &Scene<'_>, text: &str) {
    incident.last_update = Some(text.to_owned());
    incident.last_update_at = Some(scene.at);
}
