//! The end: once, by the first who asks; announced to everyone who was notified of the incident.

use super::super::text::{Message, Part, Text, Typed};
use super::act::Request;
use super::ask::{self, Happened, Scene, Verdict};
use super::{Decision, Status, TimelineKind, route, words};
use serde_json::json;

pub(crate) fn resolve(
    decision: &mut Decision,
    request: &Request,
    scene: &Scene<'_>,
    typed: Option<&Typed>,
) -> Verdict {
    // A second one finds it over, and is told by whom.
    let mut incident = scene.changeable(request)?;
    let before = incident.status;
    let note = words::said(typed);
    let note = note.as_deref();
    incident.status = Status::Resolved;
    // Hosts' clocks may differ by a little: an incident never ends before it began.
    incident.resolved_at = Some(scene.at.max(incident.declared_at));
    incident.resolved_by = Some(request.actor.clone());
    let took = words::took(&incident);
    let why = words::after_colon(note);
    let line = Text::plain("✅ ").bold("Resolved").and(" by ");
    let line = words::who(line, &request.actor).and(format!(" after {took}"));
    let line = words::typed_after_colon(line, typed);
    let draft = Text::plain("Draft the postmortem: ")
        .code(format!("/incident #{} postmortem", incident.number));
    let happened = Happened {
        kind: TimelineKind::Resolved,
        text: format!("Resolved after {took}{why}"),
        details: json!({
            "before": before,
            "after": Status::Resolved,
            "minutes": incident.duration_minutes(),
            "note": note,
        }),
        line: Message::said(line).with(Part::Context(draft)),
    };
    ask::record(decision, request, scene, &incident, happened);
    route::announce_resolved(decision, scene, &incident, note);
    let was = scene.facts.incident();
    ask::show_component(decision, scene.rules, was, &incident);
    let said = format!("✅ #{} is resolved after {took}", incident.number);
    Ok(ask::done(request, &incident, &said))
}
