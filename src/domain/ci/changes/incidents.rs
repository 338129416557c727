//! What an incident's timeline and channel say about changes of its service.

use super::change::Change;
use super::deployments;
use super::facts::Facts;
use super::message::{self, LISTED};
use super::model::{Entry, FollowedIncident, Posting};
use super::purpose::Purpose;
use crate::domain::area::Context;
use crate::domain::ci::Decision;
use crate::domain::effect::slack;
use crate::domain::ids::Actor;
use crate::domain::rules::same_service;
use crate::domain::told::{IncidentState, Note, Told};
use chrono::Duration;

/// An incident is told of the changes since so long before it was declared.
pub const WINDOW: Duration = Duration::hours(1);

/// An incident was declared, or changed.
pub(super) fn changed(
    decision: &mut Decision,
    state: &IncidentState,
    facts: &Facts,
    context: &Context<'_>,
) {
    let known = facts.incident(state.id);
    let mut incident = FollowedIncident {
        state: state.clone(),
        ..known.cloned().unwrap_or_else(|| FollowedIncident {
            state: state.clone(),
            ended_at: None,
            noted: 0,
            due: None,
            message: None,
        })
    };
    incident.ended_at = match state.is_open {
        true => None,
        false => incident.ended_at.or(Some(context.at)),
    };
    note(decision, &mut incident, &facts.changes);
    show(decision, &mut incident);
    for deployment in &facts.deployments {
        deployments::show_in(decision, deployment, &incident);
    }
    decision.change(Change::Incident(Box::new(incident)).into());
}

/// Changes have waited for more of them: they are written on the timelines together.
pub(super) fn due(decision: &mut Decision, facts: &Facts) {
    for incident in facts.incidents.iter().filter(|one| one.state.is_open) {
        let mut incident = incident.clone();
        incident.due = None;
        if note(decision, &mut incident, &facts.changes) {
            show(decision, &mut incident);
        }
        decision.change(Change::Incident(Box::new(incident)).into());
    }
}

/// Tells the timeline of changes that it does not have. Whether there were any.
fn note(decision: &mut Decision, incident: &mut FollowedIncident, changes: &[Entry]) -> bool {
    let from = incident.state.declared_at - WINDOW;
    let noted = incident.noted;
    let new = changes.iter();
    let new = new.filter(|entry| entry.place > noted && entry.change.at >= from);
    let mut new: Vec<&Entry> = new.collect();
    let Some(last) = new.iter().map(|entry| entry.place).max() else {
        return false;
    };
    new.sort_by_key(|entry| entry.change.at);
    let (more, listed) = new.split_at(new.len().saturating_sub(LISTED));
    let note = |entry: &&Entry| Note {
        at: entry.change.at,
        by: Actor::Wardroom,
        text: message::line(&entry.change),
    };
    let mut notes: Vec<Note> = listed.iter().map(note).collect();
    if let Some(newest) = more.last() {
        let many = message::earlier(more.len());
        notes.insert(
            0,
            Note {
                at: newest.change.at,
                by: Actor::Wardroom,
                text: many,
            },
        );
    }
    decision.tell(Told::Notes {
        incident: incident.state.id,
        notes,
    });
    incident.noted = last;
    true
}

/// Posts the message about the changes in the incident's channel, once there are any, or edits it. One that
/// is not posted yet is edited by its receipt.
fn show(decision: &mut Decision, incident: &mut FollowedIncident) {
    let Some(channel) = incident.state.channel.clone() else {
        return;
    };
    if incident.noted == 0 || !incident.state.is_open {
        return;
    }
    match &incident.message {
        Some(posting) if posting.channel == channel => {
            if posting.ts.is_some() {
                edit(decision, incident);
            }
        }
        _ => post(decision, incident, channel),
    }
}

fn post(
    decision: &mut Decision,
    incident: &mut FollowedIncident,
    channel: crate::domain::ids::ChannelId,
) {
    let purpose = Purpose::Changes {
        incident: incident.state.id,
        service: same_service(&incident.state.service),
        channel: channel.clone(),
        noted: incident.noted,
    };
    // Written as it is delivered.
    let effect = slack::Effect::PostMessage {
        channel: channel.clone(),
        message: message::changes(
            &incident.state.service,
            incident.state.declared_at - WINDOW,
            0,
            &[],
        ),
    };
    decision.effect(effect, purpose);
    incident.message = Some(Posting { channel, ts: None });
}

fn edit(decision: &mut Decision, incident: &FollowedIncident) {
    let effect = slack::Effect::UpdateMessage {
        shows: format!("ci:changes:{}", incident.state.id),
        edit: None,
    };
    let purpose = Purpose::ChangesUpdate {
        incident: incident.state.id,
        service: same_service(&incident.state.service),
    };
    decision.effect(effect, purpose);
}

/// The message about the changes is posted. What came in the meantime is shown by an edit.
pub(super) fn posted(
    decision: &mut Decision,
    incident: &FollowedIncident,
    posting: &Posting,
    noted: i64,
) {
    let awaited = Posting {
        ts: None,
        ..posting.clone()
    };
    if incident.message.as_ref() != Some(&awaited) {
        return;
    }
    let mut incident = incident.clone();
    incident.message = Some(posting.clone());
    if incident.noted > noted {
        edit(decision, &incident);
    }
    decision.change(Change::Incident(Box::new(incident)).into());
}

/// The message was deleted: while the incident is open, there is a new one.
pub(super) fn deleted(decision: &mut Decision, incident: &FollowedIncident) {
    let mut incident = incident.clone();
    incident.message = None;
    show(decision, &mut incident);
    decision.change(Change::Incident(Box::new(incident)).into());
}
