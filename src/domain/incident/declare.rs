//! A new incident: recorded at once, its channel created next, and announced when the channel exists.
//!
//! The record does not wait for Slack: number, timeline and audit are in the declaration's
//! transaction. The person who asked is the declarer; the commander is only whom they chose.

use super::super::declaration::{Declaration, Source};
use super::super::ids::IncidentId;
use super::super::text::form::Values;
use super::super::text::{Message, Part, Text};
use super::act::{AnswerTo, Request};
use super::case::{Case, Refusal, Verdict};
use super::change::Change;
use super::event::Timer;
use super::model::{Incident, Status, TimelineKind};
use super::purpose::Why;
use super::validate::{self, COMMANDER, SERVICE, SEVERITY, TEMPLATE, TITLE};
use super::{channel, naming, words};
use chrono::Duration;
use serde_json::json;

/// How long Slack may take to create a channel before the declarer is told.
pub(super) const CHANNEL_WITHIN: Duration = Duration::seconds(60);

pub(super) fn declare(
    case: &mut Case<'_>,
    request: &Request,
    declaration: &Declaration,
) -> Verdict {
    if case.incident().is_some() {
        // This very signal has declared it: it is being replayed.
        return Ok(None);
    }
    if let Some(first) = &case.facts.declared_from_view {
        let text = Text::plain(format!(
            "This form already declared incident #{}. Nothing changed. Its channel: ",
            first.number
        ));
        let text = words::channel(text, first);
        return Err(Refusal::new(409, "declared_already", text));
    }
    let declaration = checked(case, declaration)?;
    let template = declaration.template.clone();
    let incident = begun(case, request, declaration);
    let (id, number) = (incident.id, incident.number);
    let (severity, service, title) = (incident.severity, &incident.service, &incident.title);
    case.decision
        .change(Change::Declare(Box::new(incident.clone())));
    let text = format!("Declared {severity} on {service}: {title}");
    case.write(&incident, TimelineKind::Declared, text, &request.actor);
    let template = template.and_then(|name| validate::template(&name, case.rules));
    let text = template.and_then(|(_, template)| template.text.as_deref());
    if let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) {
        case.note(&incident, text);
    }
    let commander = &incident.commander;
    let details = json!({
        "after": {
            "title": title, "severity": severity, "service": service, "commander": commander,
        },
    });
    case.audit(
        &incident,
        words::audited(&request.act),
        &request.actor,
        details,
    );
    let due = Some(case.now + CHANNEL_WITHIN);
    case.decision.timer(Timer::ChannelOverdue.of(id, due));
    let team = request.team.as_ref().or(case.rules.workspace.as_ref());
    let effect = channel::create(&incident, team.cloned());
    let to = request.answer_to.person();
    case.effect(effect, Why::Channel.of(&incident).answering(to));
    case.show_component(None, &incident);
    let text = Text::plain("Declared incident ")
        .bold(format!("#{number}"))
        .and(format!(
            ": {} on {service}, “{title}”.\nCreating ",
            words::severity(severity)
        ))
        .code(format!("#{}", incident.channel_name))
        .and("; you'll be invited shortly.");
    let until_then = Text::plain("Until then: ").code(words::status_command(&incident));
    let summary = format!("Declared {}", words::one_line(&incident));
    let message = Message::section(summary, text);
    Ok(Some(message.with(Part::Context(until_then))))
}

/// The declaration by the rules as they are now.
fn checked(case: &Case<'_>, declaration: &Declaration) -> Result<Declaration, Refusal> {
    let commander = declaration.commander.as_ref();
    let values = [
        Some((TITLE, declaration.title.clone())),
        Some((SEVERITY, declaration.severity.to_string())),
        Some((SERVICE, declaration.service.clone())),
        commander.map(|commander| (COMMANDER, commander.to_string())),
        declaration.template.clone().map(|name| (TEMPLATE, name)),
    ];
    let values = values.into_iter().flatten();
    let values: Values = values.map(|(key, value)| (key.to_owned(), value)).collect();
    match validate::declaration(&values, case.rules) {
        Ok(valid) => Ok(Declaration {
            kind: declaration.kind,
            view: declaration.view.clone(),
            ..valid
        }),
        Err(errors) => {
            let sentences: Vec<&str> = errors.values().map(String::as_str).collect();
            let text = Text::plain(sentences.join(" "));
            Err(Refusal::new(422, "invalid", text))
        }
    }
}

fn begun(case: &Case<'_>, request: &Request, declaration: Declaration) -> Incident {
    let number = case.facts.next_number;
    let number = number.expect("a declaration's facts hold the next number");
    let base = naming::base_of(case.at, &declaration.service, number);
    let (channel_try, channel_name) = naming::first_free(&base, 1, &case.facts.taken_names);
    let commander = declaration.commander;
    Incident {
        id: IncidentId::declared_by(case.decision.signal()),
        number,
        title: declaration.title,
        severity: declaration.severity,
        status: Status::Declared,
        service: declaration.service,
        commander: commander.or_else(|| request.actor.person().cloned()),
        comms: None,
        scribe: None,
        channel_id: None,
        channel_name,
        channel_try,
        channel_closed_at: None,
        card_ts: None,
        declared_by: request.actor.clone(),
        declared_at: case.at,
        acknowledged_at: None,
        resolved_at: None,
        resolved_by: None,
        last_update: None,
        last_update_at: None,
        kind: declaration.kind,
        private: false,
        source: match request.answer_to {
            AnswerTo::Person(_) => Source::Slack,
            AnswerTo::Api => Source::Api,
            AnswerTo::Area(source) => source,
        },
        origin_channel: request.channel.clone(),
        origin_view: declaration.view,
    }
}
