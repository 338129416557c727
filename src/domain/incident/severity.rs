//! A change of the severity. Only a rise to P1 or P2 is told outside the channel.

use super::super::severity::Severity;
use super::super::text::{Message, Text, Typed};
use super::act::Request;
use super::case::{Case, Refusal, Verdict};
use super::model::TimelineKind;
use super::record::{self, Happened};
use super::{route, words};
use serde_json::json;

pub(super) fn set(
    case: &mut Case<'_>,
    request: &Request,
    to: Severity,
    typed: Option<&Typed>,
) -> Verdict {
    let mut incident = record::changeable(case, request)?;
    let (number, before) = (incident.number, incident.severity);
    if to == before {
        let text = Text::plain(format!("#{number} is already {to}. Set another severity: "))
            .code(words::severity_command(&incident));
        return Err(Refusal::new(409, "same_severity", text));
    }
    incident.severity = to;
    let reason = words::said(typed);
    let reason = reason.as_deref();
    let (rises, shown) = (to.worse_than(before), words::severity(to));
    let moved = if rises { "raised" } else { "lowered" };
    let why = words::after_colon(reason);
    let line = Text::default()
        .bold(format!("Severity {before} → {shown}"))
        .and(format!(", {moved} by "));
    let line = words::typed_after_colon(words::who(line, &request.actor), typed);
    let happened = Happened {
        kind: TimelineKind::SeverityChange,
        text: format!("Severity {moved} from {before} to {to}{why}"),
        details: json!({ "before": before, "after": to, "reason": reason }),
        line: Message::said(line),
    };
    let answer = format!("#{number} is now {shown}");
    let answer = record::record(case, request, &incident, happened, &answer);
    route::announce_rise(case, &incident, before, reason);
    if rises {
        let known = &case.rules.route(before).users;
        let people = case.rules.route(to).users.iter();
        for person in people.filter(|person| !known.contains(person)) {
            case.invite(&incident, person, None);
        }
    }
    case.show_component(case.incident(), &incident);
    Ok(answer)
}
