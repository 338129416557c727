//! What is open, and what can be done: the menu of a place, the list, and the choice that is
//! offered when nobody knows which incident was meant.
//!
//! Never a dead end: whoever asks outside of an incident's room gets the incidents to choose from.
//! Acts come as buttons that do no harm when they are pressed twice; what is too long for a button
//! comes as a line to type.

use super::super::act::{Act, IncidentRef, Request};
use super::super::facts::OFFERED_FOR_DAYS;
use super::super::text::{ButtonStyle, Message, Part, Text};
use super::ask::{Refusal, Scene, Verdict};
use super::words::{self, button};
use super::{Incident, Status, buttons, card};

/// How many incidents a choice offers.
const OFFERED: usize = 5;

/// The menu: of the incident here, else of everything.
pub(crate) fn show(request: &Request, scene: &Scene<'_>) -> Verdict {
    if let Some(incident) = &scene.facts.incident {
        return Ok(Some(of_incident(incident)));
    }
    if matches!(
        request.target,
        Some(IncidentRef::Number(_) | IncidentRef::Id(_))
    ) {
        return Err(which(request, scene));
    }
    let open = open(scene);
    let mut message = match scene.facts.open {
        0 => Message::said(Text::plain("No incident is open.")),
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

fn of_incident(incident: &Incident) -> Message {
    let mut message = card::card(incident);
    let room = Text::default().bold("Room: ");
    let mut more = vec![Part::Section(Text(
        room.0.into_iter().chain(words::room(incident).0).collect(),
    ))];
    if let Some(update) = &incident.last_update {
        let text = Text::default().bold("Last update: ").and(&**update);
        more.push(Part::Section(text));
    }
    // Below what it is, above what can be done with it.
    message.parts.splice(2..2, more);
    let text = Text::plain("More: ")
        .code(format!("/incident #{} status <text>", incident.number))
        .and(", ")
        .code("severity P1")
        .and(", ")
        .code("assign @you")
        .and(", ")
        .code("help");
    message.parts.pop();
    message.with(Part::Context(text))
}

fn general() -> Vec<super::super::text::Button> {
    vec![
        button("Declare an incident", "declare", "", ButtonStyle::Danger),
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
        ("Open", open, "No incident is open."),
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
    let text = format!("There are {hidden} more: the worst open ones stand first.");
    (hidden > 0).then(|| Part::Context(Text::plain(text)))
}

/// The incidents to which an act can be done.
fn candidates<'a>(act: &Act, scene: &Scene<'a>) -> Vec<&'a Incident> {
    match act {
        Act::Timeline => scene.facts.listed.iter().collect(),
        Act::Postmortem => {
            let listed = scene.facts.listed.iter();
            listed
                .filter(|one| one.status == Status::Resolved)
                .collect()
        }
        Act::Menu
        | Act::OpenDeclareForm
        | Act::ChooseTemplate { .. }
        | Act::Declare(_)
        | Act::Update { .. }
        | Act::Advance { .. }
        | Act::SetSeverity { .. }
        | Act::Assign { .. }
        | Act::Resolve { .. }
        | Act::List
        | Act::Help { .. }
        | Act::Misunderstood { .. } => open(scene),
    }
}

/// Which incident is meant? A refusal that offers those to which it can be done, with what was
/// asked.
pub(crate) fn which(request: &Request, scene: &Scene<'_>) -> Refusal {
    let candidates = candidates(&request.act, scene);
    let begin = match &request.target {
        Some(IncidentRef::Number(number)) => format!("There is no incident #{number}. "),
        Some(IncidentRef::Id(id)) => format!("There is no incident {id}. "),
        Some(IncidentRef::Room(_)) => "That room is no incident's. ".to_owned(),
        None => "This is no incident's room. ".to_owned(),
    };
    if candidates.is_empty() {
        let none = match request.act {
            Act::Postmortem => format!(
                "No incident was resolved in the last {OFFERED_FOR_DAYS} days. To end one: "
            ),
            _ => "No incident is open. To declare one: ".to_owned(),
        };
        let way = match request.act {
            Act::Postmortem => "/incident resolved",
            _ => "/incident declare",
        };
        let text = Text::plain(begin)
            .and(none)
            .code(way)
            .and("; to see those closed lately: ")
            .code("/incident list");
        let message = Message::said(text).with(Part::Buttons(general()));
        return Refusal {
            status: 404,
            code: "no_such_incident",
            message,
        };
    }
    let ask = format!("{begin}Which one do you mean?");
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
            " {} {}: {} ({}) ",
            incident.severity, incident.service, incident.title, incident.status
        ));
        text = match &incident.channel_id {
            Some(room) => text.room(room),
            None => text.and("no room yet"),
        };
    }
    text
}
