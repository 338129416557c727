//! What is open, and what can be done: the menu of a place, the list, and the choice that is
//! offered when nobody knows which incident was meant.
//!
//! Never a dead end: whoever asks outside of an incident's channel gets the incidents to choose from.
//! Acts come as buttons that do no harm when they are pressed twice; what is too long for a button
//! comes as a line to type.

use super::super::text::{ButtonStyle, Message, Part, Text};
use super::act::{Act, IncidentRef, Request};
use super::ask::{self, Refusal, Scene, Verdict};
use super::facts::OFFERED_FOR_DAYS;
use super::words::{self, button};
use super::{Incident, Status, buttons, card};

/// How many incidents a choice offers.
const OFFERED: usize = 5;

/// The menu: of the incident here, else of everything.
pub(crate) fn show(request: &Request, scene: &Scene<'_>) -> Verdict {
    if let Some(incident) = scene.facts.incident() {
        return Ok(Some(of_incident(request, scene, incident)));
    }
    if matches!(
        request.target,
        Some(IncidentRef::Number(_) | IncidentRef::Id(_))
    ) {
        return Err(which(request, scene));
    }
    let open = open(scene);
    let mut message = match scene.facts.open {
        0 => Message::said(Text::plain("No open incidents.")),
        count => Message::section(
            format!("Open incidents: {count}"),
            Text::default().bold("Open incidents"),
        )
        .with(Part::Section(lines(&open))),
    };
    message.parts.extend(cut(scene));
    let choices = open.iter().take(OFFERED).filter_map(|incident| {
        let label = words::label(incident);
        buttons::pick(incident, &Act::Menu, &label)
    });
    let choices: Vec<_> = choices.collect();
    if !choices.is_empty() {
        message.parts.push(Part::Buttons(choices));
    }
    Ok(Some(message.with(Part::Buttons(general()))))
}

/// The card, with what this person can do with the incident now.
fn of_incident(request: &Request, scene: &Scene<'_>, incident: &Incident) -> Message {
    let card = card::card(incident);
    let mut message = Message::line(card.summary);
    for part in card.parts {
        match part {
            Part::Buttons(_) | Part::Context(_) => {}
            part => message.parts.push(part),
        }
    }
    let channel = Text::default().bold("Channel:").and(" ");
    let channel = channel.0.into_iter().chain(words::channel(incident).0);
    message = message.with(Part::Section(Text(channel.collect())));
    if let Some(update) = &incident.last_update {
        let text = Text::default().bold("Last update:").and(" ").and(&**update);
        message = message.with(Part::Section(text));
    }
    let person = request.actor.person();
    let may_change = person.is_none_or(|person| scene.may_change(person, incident));
    let may_update = person.is_none_or(|person| ask::may_update(person, incident));
    let mut row = card::buttons(incident);
    row.retain(|button| may_change || matches!(button.action.as_str(), "timeline" | "postmortem"));
    let message = message.with(Part::Buttons(row));
    if !incident.status.is_open() {
        return message;
    }
    let command = |rest: &str| format!("/incident #{} {rest}", incident.number);
    let update = |text: Text| text.and("Post an update: ").code(command("status <text>"));
    let text = match (may_change, &incident.commander) {
        (true, _) => update(Text::default())
            .and(" · Change the severity: ")
            .code(command("severity P1..P4"))
            .and(" · Assign a role: ")
            .code(command("assign comms @user")),
        (false, _) if may_update => update(Text::default()),
        (false, Some(commander)) => Text::default()
            .person(commander)
            .and(" is the commander: ask them for changes."),
        (false, None) => {
            Text::plain("No commander yet. Take the lead: ").code(command("assign commander @you"))
        }
    };
    message.with(Part::Context(text))
}

fn general() -> Vec<super::super::text::Button> {
    vec![
        button("Declare incident", "declare", "", ButtonStyle::Danger),
        button("List", "list", "", ButtonStyle::Plain),
        button("Help", "help", "", ButtonStyle::Plain),
    ]
}

/// The open incidents and those closed lately.
pub(crate) fn list(scene: &Scene<'_>) -> Verdict {
    let open = open(scene);
    let over = scene.facts.listed.iter();
    let over: Vec<&Incident> = over.filter(|one| !one.status.is_open()).collect();
    let summary = format!(
        "Open incidents: {}; closed in the last 24 hours: {}",
        scene.facts.open, scene.facts.over
    );
    let mut message = Message::line(summary);
    for (title, incidents, none) in [
        ("Open", open, "No open incidents."),
        ("Closed in the last 24 hours", over, "None."),
    ] {
        message
            .parts
            .push(Part::Section(Text::default().bold(title)));
        let text = match incidents.is_empty() {
            true => Text::plain(none),
            false => lines(&incidents),
        };
        message.parts.push(Part::Section(text));
    }
    message.parts.extend(cut(scene));
    Ok(Some(message.with(Part::Buttons(general()))))
}

/// What a list says that does not show all.
fn cut(scene: &Scene<'_>) -> Option<Part> {
    let facts = scene.facts;
    let hidden = (facts.open + facts.over).saturating_sub(facts.listed.len());
    let text = format!("{hidden} more not shown; the most severe open ones come first.");
    (hidden > 0).then(|| Part::Context(Text::plain(text)))
}

/// The incidents to which an act can be done, by the one who asks.
fn candidates<'a>(request: &Request, scene: &Scene<'a>) -> Vec<&'a Incident> {
    let listed = scene.facts.listed.iter();
    match &request.act {
        Act::Timeline => listed.collect(),
        Act::Postmortem => listed
            .filter(|one| one.status == Status::Resolved)
            .collect(),
        act => listed
            .filter(|one| one.status.is_open() && changes(act, one))
            .filter(|one| !is_a_change(act) || scene.permit(request, one).is_ok())
            .collect(),
    }
}

/// Whether an act can be refused for who asks for it.
fn is_a_change(act: &Act) -> bool {
    match act {
        Act::Update { .. }
        | Act::Advance { .. }
        | Act::SetSeverity { .. }
        | Act::Assign { .. }
        | Act::Resolve { .. }
        | Act::OpenResolveForm { .. } => true,
        Act::Menu
        | Act::OpenDeclareForm
        | Act::ChooseTemplate { .. }
        | Act::Declare(_)
        | Act::Timeline
        | Act::Postmortem
        | Act::List
        | Act::Help { .. }
        | Act::Misunderstood { .. } => false,
    }
}

/// Whether an act leaves an open incident another than it is.
fn changes(act: &Act, incident: &Incident) -> bool {
    match act {
        Act::Advance { to, .. } => *to > incident.status,
        Act::SetSeverity { to, .. } => *to != incident.severity,
        Act::Assign { role, person } => words::holder(incident, *role) != Some(person),
        _ => true,
    }
}

/// Which incident is meant? A refusal that offers those to which it can be done, with what was
/// asked.
pub(crate) fn which(request: &Request, scene: &Scene<'_>) -> Refusal {
    let candidates = candidates(request, scene);
    let begin = match &request.target {
        Some(IncidentRef::Number(number)) => format!("There is no incident #{number}. "),
        Some(IncidentRef::Id(id)) => format!("There is no incident {id}. "),
        Some(IncidentRef::Channel(_)) => "That isn't an incident channel. ".to_owned(),
        None => "This isn't an incident channel. ".to_owned(),
    };
    if candidates.is_empty() {
        let text = nothing_to_offer(Text::plain(begin), request, scene)
            .and(" See open and recent incidents: ")
            .code("/incident list");
        let message = Message::said(text).with(Part::Buttons(general()));
        return Refusal {
            status: 404,
            code: "no_such_incident",
            message,
        };
    }
    let ask = format!("{begin}Which incident?");
    let offered: Vec<&Incident> = candidates.into_iter().take(OFFERED).collect();
    let mut message = Message::section(
        format!(
            "{ask} Name it by its number, such as #{}.",
            offered[0].number
        ),
        Text::plain(ask),
    );
    let mut typed = Text::default();
    let mut choices = Vec::new();
    for incident in &offered {
        let label = words::label(incident);
        match buttons::pick(incident, &request.act, &label) {
            Some(button) => choices.push(button),
            None => {
                if !typed.0.is_empty() {
                    typed = typed.and("\n");
                }
                let line = buttons::as_typed(&request.act, incident.number);
                typed = typed.code(line).and(format!("  {label}"));
            }
        }
    }
    if typed.0.is_empty() {
        message.parts.push(Part::Section(lines(&offered)));
    } else {
        message.parts.push(Part::Section(typed));
    }
    if !choices.is_empty() {
        message.parts.push(Part::Buttons(choices));
    }
    Refusal {
        status: 404,
        code: "no_such_incident",
        message,
    }
}

/// Why no incident is offered, and what can be done instead.
fn nothing_to_offer(text: Text, request: &Request, scene: &Scene<'_>) -> Text {
    if request.act == Act::Postmortem {
        let none = format!("No incident was resolved in the last {OFFERED_FOR_DAYS} days. ");
        return text
            .and(none)
            .and("Resolve one: ")
            .code("/incident resolved");
    }
    match open(scene).is_empty() {
        true => text
            .and("No open incidents. Declare one: ")
            .code("/incident declare"),
        false => text.and(
            "There is no open incident where you can do this. Either it is already done, or only \
             the commander can do it.",
        ),
    }
}

fn open<'a>(scene: &Scene<'a>) -> Vec<&'a Incident> {
    let listed = scene.facts.listed.iter();
    listed.filter(|one| one.status.is_open()).collect()
}

fn lines(incidents: &[&Incident]) -> Text {
    let mut text = Text::default();
    for (index, incident) in incidents.iter().enumerate() {
        if index > 0 {
            text = text.and("\n");
        }
        text = text.bold(words::number(incident)).and(format!(
            " {} {}: {} ({}",
            words::state(incident),
            incident.service,
            incident.title,
            incident.status
        ));
        text = match (incident.status.is_open(), &incident.commander) {
            (true, Some(commander)) => text.and(", led by ").person(commander),
            (true, None) => text.and(", no commander"),
            (false, _) => text,
        };
        text = text.and(") ");
        text = match &incident.channel_id {
            Some(channel) => text.room(channel),
            None => text.and("no channel yet"),
        };
    }
    text
}
