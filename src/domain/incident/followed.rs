//! What other areas tell of an incident, and what they are told of it.
//!
//! Trouble that an area found joins the open incident of its service, so that a failure that repeats is
//! not a second incident. Areas that follow incidents hear of each state that they may act on.

use super::super::rules::Rules;
use super::super::told::{IncidentState, Note, Reported, Told};
use super::act::Act;
use super::case::{Case, Decision};
use super::change::Change;
use super::event::Trouble;
use super::facts::Facts;
use super::model::{Incident, TimelineKind};
use super::{declare, requests};

pub(super) fn trouble(case: &mut Case<'_>, trouble: &Trouble) {
    // This very signal has declared it: it is being replayed.
    if case.incident().is_some() {
        return;
    }
    let facts = case.facts;
    let result = match &facts.open_of {
        Some(open) => Reported::Incident(recorded(case, open, &trouble.notes)),
        None => declared(case, trouble),
    };
    case.decision.tell(Told::TroubleReported {
        reference: trouble.reference,
        result,
    });
}

fn declared(case: &mut Case<'_>, trouble: &Trouble) -> Reported {
    let Act::Declare(declaration) = &trouble.request.act else {
        return Reported::Refused("Nothing was declared.".to_owned());
    };
    if let Err(refusal) = declare::declare(case, &trouble.request, declaration) {
        let why = refusal.message.in_words();
        requests::refuse(case, &trouble.request, refusal);
        return Reported::Refused(why);
    }
    let mut changes = case.decision.changes.iter();
    let declared = changes.find_map(|change| match change {
        Change::Declare(incident) => Some(incident.clone()),
        _ => None,
    });
    match declared {
        Some(incident) => Reported::Incident(recorded(case, &incident, &trouble.notes)),
        None => Reported::Refused("Nothing was declared.".to_owned()),
    }
}

fn recorded(case: &mut Case<'_>, incident: &Incident, notes: &[Note]) -> IncidentState {
    write(case, incident, notes);
    state(incident)
}

/// Writes lines on the timeline, each with its own time.
pub(super) fn write(case: &mut Case<'_>, incident: &Incident, notes: &[Note]) {
    for note in notes {
        // Hosts' clocks may differ by a little: nothing happened after it was told.
        let at = note.at.min(case.at);
        let text = note.text.clone();
        case.write_at(incident, at, TimelineKind::Note, text, &note.by);
    }
}

/// Tells the areas that follow incidents what changed of them.
pub(super) fn tell(facts: &Facts, rules: &Rules, decision: &mut Decision) {
    if !rules.incidents_are_followed {
        return;
    }
    let mut last: Vec<IncidentState> = Vec::new();
    for change in &decision.changes {
        if let Change::Declare(incident) | Change::Save(incident) = change {
            last.retain(|state| state.id != incident.id);
            last.push(state(incident));
        }
    }
    last.retain(|after| {
        let mut before = facts.incidents.iter();
        before.all(|before| before.id != after.id || state(before) != *after)
    });
    for state in last {
        decision.tell(Told::IncidentChanged(state));
    }
}

fn state(incident: &Incident) -> IncidentState {
    IncidentState {
        id: incident.id,
        number: incident.number,
        service: incident.service.clone(),
        severity: incident.severity,
        responsible: incident.responsible().cloned(),
        channel: incident.open_channel().cloned(),
        declared_at: incident.declared_at,
        is_open: incident.status.is_open(),
    }
}
