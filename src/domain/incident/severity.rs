//! Worse or better. Only a rise to P1 or P2 is told outside of the channel; a fall wakes nobody.

use super::super::text::{Message, Text, Typed};
use super::act::Request;
use super::ask::{self, Happened, Refusal, Scene, Verdict};
use super::{Decision, Severity, TimelineKind, channel, route, words};
use serde_json::json;

pub(crate) fn set(
    decision: &mut Decision,
    request: &Request,
    scene: &Scene<'_>,
    to: Severity,
    typed: Option<&Typed>,
) -> Verdict {
    let mut incident = scene.changeable(request)?;
    let before = incident.severity;
    if to == before {
        let text = Text::plain(format!(
            "#{} is already {to}. Set another severity: ",
            incident.number
        ))
        .code(format!("/incident #{} severity P1..P4", incident.number));
        return Err(Refusal::new(409, "same_severity", text));
    }
    let reason = words::said(typed);
    let reason = reason.as_deref();
    incident.severity = to;
    let moved = if to.worse_than(before) {
        "raised"
    } else {
        "lowered"
    };
    let why = words::after_colon(reason);
    let line = Text::default()
        .bold(format!("Severity {before} → {}", words::severity(to)))
        .and(format!(", {moved} by "));
    let happened = Happened {
        kind: TimelineKind::SeverityChange,
        text: format!("Severity {moved} from {before} to {to}{why}"),
        details: json!({ "before": before, "after": to, "reason": reason }),
        line: Message::said(words::typed_after_colon(
            words::who(line, &request.actor),
            typed,
        )),
    };
    ask::record(decision, request, scene, &incident, happened);
    route::announce_rise(decision, scene, &incident, before, reason);
    if let (true, Some(channel)) = (to.worse_than(before), incident.open_channel()) {
        let known = &scene.rules.route(before).users;
        for person in &scene.rules.route(to).users {
            if !known.contains(person) {
                channel::invite(decision, &incident, channel, person, None);
            }
        }
    }
    let was = scene.facts.incident();
    ask::show_component(decision, scene.rules, was, &incident);
    let said = format!("#{} is now {}", incident.number, words::severity(to));
    Ok(ask::done(request, &incident, &said))
}
