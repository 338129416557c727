//! What is open, and what can be done: the menu of a place, the list, and the choice that is
//! offered when it is not known which incident was meant.
//!
//! Never a dead end: who asks outside an incident's channel gets the incidents to choose from. Acts
//! come as buttons that do no harm when they are pressed twice; what is too long for a button comes
//! as a line to type.

use super::super::text::{Button, ButtonStyle, Message, Part, Text};
use super::act::{Act, IncidentRef, Nature, Request};
use super::case::{Case, Refusal, Verdict};
use super::facts::OFFERED_FOR_DAYS;
use super::model::{Incident, Status};
use super::words::{self, button};
use super::{buttons, card, rights};

/// How many incidents a choice offers.
const OFFERED: usize = 5;

/// The incident that was meant, or a choice of those that exist.
pub(super) fn meant<'a>(case: &Case<'a>, request: &Request) -> Result<&'a Incident, Refusal> {
    case.incident().ok_or_else(|| which(case, request))
}

/// The menu: of the incident here, else of everything.
pub(super) fn show(case: &Case<'_>, request: &Request) -> Verdict {
    if let Some(incident) = case.incident() {
        return Ok(Some(of_incident(case, request, incident)));
    }
    if let Some(IncidentRef::Number(_) | IncidentRef::Id(_)) = request.target {
        return Err(which(case, request));
    }
    let open = open(case);
    let mut message = match case.facts.open {
        0 => Message::said(Text::plain("No open incidents.")),
        count => Message::section(
            format!("Open incidents: {count}"),
            Text::default().bold("Open incidents"),
        )
        .with(Part::Section(lines(&open))),
    };
    message.parts.extend(cut(case));
    let offered = open.iter().take(OFFERED);
    let choices =
        offered.filter_map(|incident| buttons::pick(incident, &Act::Menu, &words::label(incident)));
    message.parts.extend(row(choices.collect()));
    Ok(Some(message.with(general())))
}

/// The card, with what this person can do with the incident now.
fn of_incident(case: &Case<'_>, request: &Request, incident: &Incident) -> Message {
    let channel = Text::default().bold("Channel:").and(" ");
    let channel = words::channel(channel, incident);
    let mut message = card::head(incident).with(Part::Section(channel));
    if let Some(update) = &incident.last_update {
        let text = Text::default().bold("Last update:").and(" ").and(&**update);
        message = message.with(Part::Section(text));
    }
    let person = request.actor.person();
    let may_change = person.is_none_or(|person| rights::may_change(case, person, incident));
    let may_update = person.is_none_or(|person| rights::may_update(person, incident));
    let mut row = card::buttons(incident);
    row.retain(|button| may_change || matches!(button.action.as_str(), "timeline" | "postmortem"));
    message = message.with(Part::Buttons(row));
    if !incident.status.is_open() {
        return message;
    }
    let update = Text::plain("Post an update: ").code(words::status_command(incident));
    let text = match (may_change, &incident.commander) {
        (true, _) => update
            .and(" · Change the severity: ")
            .code(words::severity_command(incident))
            .and(" · Assign a role: ")
            .code(words::command(incident, "assign comms @user")),
        (false, _) if may_update => update,
        (false, Some(commander)) => Text::default()
            .person(commander)
            .and(" is the commander: ask them for changes."),
        (false, None) => Text::plain("No commander yet. Take the lead: ")
            .code(words::command(incident, "assign commander @you")),
    };
    message.with(Part::Context(text))
}

fn general() -> Part {
    Part::Buttons(vec![
        button("Declare incident", "declare", "", ButtonStyle::Danger),
        button("List", "list", "", ButtonStyle::Plain),
        button("Help", "help", "", ButtonStyle::Plain),
    ])
}

fn row(buttons: Vec<Button>) -> Option<Part> {
    (!buttons.is_empty()).then_some(Part::Buttons(buttons))
}

/// The open incidents and those closed lately.
pub(super) fn list(case: &Case<'_>) -> Verdict {
    let over = case.facts.listed.iter();
    let over: Vec<&Incident> = over.filter(|one| !one.status.is_open()).collect();
    let mut message = Message::line(format!(
        "Open incidents: {}; closed in the last 24 hours: {}",
        case.facts.open, case.facts.over
    ));
    for (title, incidents, none) in [
        ("Open", open(case), "No open incidents."),
        ("Closed in the last 24 hours", over, "None."),
    ] {
        let text = match incidents.is_empty() {
            true => Text::plain(none),
            false => lines(&incidents),
        };
        message = message
            .with(Part::Section(Text::default().bold(title)))
            .with(Part::Section(text));
    }
    message.parts.extend(cut(case));
    Ok(Some(message.with(general())))
}

/// What a list says that does not show all.
fn cut(case: &Case<'_>) -> Option<Part> {
    let facts = case.facts;
    let hidden = (facts.open + facts.over).saturating_sub(facts.listed.len());
    let text = format!("{hidden} more not shown; the most severe open ones come first.");
    (hidden > 0).then(|| Part::Context(Text::plain(text)))
}

/// The incidents to which the requester can do the act.
fn candidates<'a>(case: &Case<'a>, request: &Request) -> Vec<&'a Incident> {
    let listed = case.facts.listed.iter();
    match &request.act {
        Act::Timeline => listed.collect(),
        Act::Postmortem => listed
            .filter(|one| one.status == Status::Resolved)
            .collect(),
        act => listed
            .filter(|one| one.status.is_open() && changes(act, one))
            .filter(|one| {
                act.nature() != Nature::Change || rights::permit(case, request, one).is_ok()
            })
            .collect(),
    }
}

/// Whether an open incident would be different after an act.
fn changes(act: &Act, incident: &Incident) -> bool {
    match act {
        Act::Advance { to, .. } => *to > incident.status,
        Act::SetSeverity { to, .. } => *to != incident.severity,
        Act::Assign { role, person } => incident.holder(*role).as_ref() != Some(person),
        _ => true,
    }
}

/// A refusal that offers the incidents to which the act can be done.
fn which(case: &Case<'_>, request: &Request) -> Refusal {
    let mut offered = candidates(case, request);
    offered.truncate(OFFERED);
    let begin = match &request.target {
        Some(IncidentRef::Number(number)) => format!("There is no incident #{number}. "),
        Some(IncidentRef::Id(id)) => format!("There is no incident {id}. "),
        Some(IncidentRef::Channel(_)) => "That isn't an incident channel. ".to_owned(),
        None => "This isn't an incident channel. ".to_owned(),
    };
    let message = match offered.first() {
        Some(first) => choice(request, &offered, &format!("{begin}Which incident?"), first),
        None => {
            let text = nothing_to_offer(Text::plain(begin), case, request)
                .and(" See open and recent incidents: ")
                .code("/incident list");
            Message::said(text).with(general())
        }
    };
    Refusal {
        status: 404,
        code: "no_such_incident",
        message,
    }
}

fn choice(request: &Request, offered: &[&Incident], ask: &str, first: &Incident) -> Message {
    let mut typed = Vec::new();
    let mut choices = Vec::new();
    for incident in offered {
        let label = words::label(incident);
        match buttons::pick(incident, &request.act, &label) {
            Some(button) => choices.push(button),
            None => {
                let line = request.act.command(incident.number);
                typed.push(Text::default().code(line).and(format!("  {label}")));
            }
        }
    }
    let shown = match typed.is_empty() {
        true => lines(offered),
        false => words::lines(typed.into_iter()),
    };
    let number = first.number;
    let summary = format!("{ask} Name it by its number, such as #{number}.");
    let mut message = Message::section(summary, Text::plain(ask)).with(Part::Section(shown));
    message.parts.extend(row(choices));
    message
}

/// Why no incident is offered, and what can be done instead.
fn nothing_to_offer(text: Text, case: &Case<'_>, request: &Request) -> Text {
    if request.act == Act::Postmortem {
        let none = format!("No incident was resolved in the last {OFFERED_FOR_DAYS} days. ");
        return text
            .and(none)
            .and("Resolve one: ")
            .code("/incident resolved");
    }
    match open(case).is_empty() {
        true => text
            .and("No open incidents. Declare one: ")
            .code("/incident declare"),
        false => text.and(
            "There is no open incident where you can do this. Either it is already done, or only \
             the commander can do it.",
        ),
    }
}

fn open<'a>(case: &Case<'a>) -> Vec<&'a Incident> {
    let listed = case.facts.listed.iter();
    listed.filter(|one| one.status.is_open()).collect()
}

fn lines(incidents: &[&Incident]) -> Text {
    words::lines(incidents.iter().map(|incident| {
        let number = format!("#{}", incident.number);
        let text = Text::default().bold(number).and(format!(
            " {} {}: {} ({}",
            words::state(incident),
            incident.service,
            incident.title,
            incident.status
        ));
        let text = match (incident.status.is_open(), &incident.commander) {
            (true, Some(commander)) => text.and(", led by ").person(commander),
            (true, None) => text.and(", no commander"),
            (false, _) => text,
        };
        words::channel(text.and(") "), incident)
    }))
}
