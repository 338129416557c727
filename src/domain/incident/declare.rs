//! A new incident: recorded at once, its channel made next, and everybody told when that is there.
//!
//! The record does not wait for Slack: number, timeline and audit stand with the declaration's
//! transaction. Whoever asked is the one who declared it; the commander is only whom they chose.

use super::super::effect::slack::Effect;
use super::super::ids::{Actor, IncidentId};
use super::super::text::form::Values;
use super::super::text::{Message, Part, Text};
use super::act::{AnswerTo, Request};
use super::ask::{self, Refusal, Scene, Verdict};
use super::declare_form::{self, COMMANDER, SERVICE, SEVERITY, TEMPLATE, TITLE};
use super::{
    Change, Decision, Declaration, Incident, Purpose, Source, Status, TimelineEntry, TimelineKind,
    Timer, naming, words,
};
use chrono::Duration;
use serde_json::json;

/// How long Slack may take to make a channel before the one who declared is told.
pub(crate) const CHANNEL_WITHIN: Duration = Duration::seconds(60);

pub(crate) fn declare(
    decision: &mut Decision,
    request: &Request,
    scene: &Scene<'_>,
    declaration: &Declaration,
) -> Verdict {
    if scene.facts.incident().is_some() {
        // This very signal has declared it: it is being replayed.
        return Ok(None);
    }
    if let Some(first) = &scene.facts.declared_from_view {
        return Err(already(first));
    }
    let declaration = checked(scene, declaration)?;
    let template = declaration.template.clone();
    let incident = begun(decision, request, scene, declaration);
    decision.change(Change::Declare(Box::new(incident.clone())));
    decision.change(Change::Timeline(TimelineEntry {
        incident: incident.id,
        at: scene.at,
        kind: TimelineKind::Declared,
        text: format!(
            "Declared {} on {}: {}",
            incident.severity, incident.service, incident.title
        ),
        by: request.actor.clone(),
    }));
    if let Some(text) = asked_by_template(scene, template.as_deref()) {
        decision.change(Change::Timeline(TimelineEntry {
            incident: incident.id,
            at: scene.at,
            kind: TimelineKind::Note,
            text,
            by: Actor::Wardroom,
        }));
    }
    let details = json!({
        "after": {
            "title": incident.title,
            "severity": incident.severity,
            "service": incident.service,
            "commander": incident.commander,
        },
    });
    ask::audit_done(decision, request, scene, incident.id, details);
    let due = Some(scene.now + CHANNEL_WITHIN);
    decision.timer(Timer::ChannelOverdue.of(incident.id, due));
    let answer_to = match &request.answer_to {
        AnswerTo::Person(to) => Some(to.clone()),
        AnswerTo::Api | AnswerTo::Area(_) => None,
    };
    let channel = Effect::CreateChannel {
        name: incident.channel_name.clone(),
        private: incident.private,
        team: request
            .team
            .clone()
            .or_else(|| scene.rules.workspace.clone()),
        taken: Vec::new(),
    };
    let purpose = Purpose::Channel {
        incident: incident.id,
        answer_to,
    };
    decision.effect(channel, purpose);
    ask::show_component(decision, scene.rules, None, &incident);
    Ok(Some(declared(&incident)))
}

/// What the template that was chosen has to say, if it is there still.
fn asked_by_template(scene: &Scene<'_>, name: Option<&str>) -> Option<String> {
    let name = name?;
    let mut templates = scene.rules.templates.iter();
    let template = templates.find(|template| template.name == name)?;
    let text = template.text.as_deref()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The declaration by the rules as they are now.
fn checked(scene: &Scene<'_>, declaration: &Declaration) -> Result<Declaration, Refusal> {
    let mut values = Values::new();
    values.insert(TITLE.into(), declaration.title.clone());
    values.insert(SEVERITY.into(), declaration.severity.as_str().into());
    values.insert(SERVICE.into(), declaration.service.clone());
    if let Some(commander) = &declaration.commander {
        values.insert(COMMANDER.into(), commander.to_string());
    }
    if let Some(template) = &declaration.template {
        values.insert(TEMPLATE.into(), template.clone());
    }
    match declare_form::validate(&values, scene.rules) {
        Ok(valid) => Ok(Declaration {
            kind: declaration.kind,
            view: declaration.view.clone(),
            ..valid
        }),
        Err(errors) => Err(Refusal::new(
            422,
            "invalid",
            declare_form::in_words(&errors),
        )),
    }
}

fn begun(
    decision: &Decision,
    request: &Request,
    scene: &Scene<'_>,
    declaration: Declaration,
) -> Incident {
    let number = scene
        .facts
        .next_number
        .expect("a declaration's facts hold the next number");
    let commander = declaration.commander;
    let mut incident = Incident {
        id: IncidentId::declared_by(decision.signal()),
        number,
        title: declaration.title,
        severity: declaration.severity,
        status: Status::Declared,
        service: declaration.service,
        commander: commander.or_else(|| request.actor.person().cloned()),
        comms: None,
        scribe: None,
        channel_id: None,
        channel_name: String::new(),
        channel_try: 1,
        channel_closed_at: None,
        card_ts: None,
        declared_by: request.actor.clone(),
        declared_at: scene.at,
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
    };
    let base = naming::base_of(&incident);
    (incident.channel_try, incident.channel_name) =
        naming::first_free(&base, 1, &scene.facts.taken_names);
    incident
}

fn declared(incident: &Incident) -> Message {
    let text = Text::plain("Declared incident ")
        .bold(words::number(incident))
        .and(format!(
            ": {} on {}, “{}”.\nCreating ",
            words::severity(incident.severity),
            incident.service,
            incident.title
        ))
        .code(format!("#{}", incident.channel_name))
        .and("; you'll be invited shortly.");
    Message::section(format!("Declared {}", words::one_line(incident)), text).with(Part::Context(
        Text::plain("Until then: ").code(format!("/incident #{} status <text>", incident.number)),
    ))
}

fn already(first: &Incident) -> Refusal {
    let text = Text::plain(format!(
        "This form already declared incident #{}. Nothing changed. Its channel: ",
        first.number
    ));
    let text = Text(text.0.into_iter().chain(words::channel(first).0).collect());
    Refusal::new(409, "declared_already", text)
}
