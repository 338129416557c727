//! The resolution: once, by the first who asks; announced to all targets that were notified.

use super::super::text::{Message, Part, Text, Typed};
use super::act::Request;
use super::case::{Case, Verdict};
use super::model::{Status, TimelineKind};
use super::record::{self, Happened};
use super::{route, words};
use serde_json::json;

pub(super) fn resolve(case: &mut Case<'_>, request: &Request, typed: Option<&Typed>) -> Verdict {
    // A second request finds it over, and is told by whom.
    let mut incident = record::changeable(case, request)?;
    let before = incident.status;
    incident.status = Status::Resolved;
    // Hosts' clocks may differ by a little: an incident never ends before it began.
    incident.resolved_at = Some(case.at.max(incident.declared_at));
    incident.resolved_by = Some(request.actor.clone());
    let note = words::said(typed);
    let note = note.as_deref();
    let took = words::took(&incident);
    let line = Text::plain("✅ ").bold("Resolved").and(" by ");
    let line = words::who(line, &request.actor).and(format!(" after {took}"));
    let line = Message::said(words::typed_after_colon(line, typed));
    let draft = words::command(&incident, "postmortem");
    let draft = Text::plain("Draft the postmortem: ").code(draft);
    let happened = Happened {
        kind: TimelineKind::Resolved,
        text: format!("Resolved after {took}{}", words::after_colon(note)),
        details: json!({
            "before": before,
            "after": Status::Resolved,
            "minutes": incident.duration_minutes(),
            "note": note,
        }),
        line: line.with(Part::Context(draft)),
    };
    let answer = format!("✅ #{} is resolved after {took}", incident.number);
    let answer = record::record(case, request, &incident, happened, &answer);
    route::announce_resolved(case, &incident, note);
    case.show_component(case.incident(), &incident);
    Ok(answer)
}
