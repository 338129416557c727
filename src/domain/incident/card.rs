//! An incident's card: the one pinned message of its channel, edited in place.
//!
//! Rendered when it is delivered, from the incident as it then is, so that an old edit can never
//! stay. It holds no update's words: those are posted once, and the card only says when the last
//! one was. It does not depend on the time of day, so two cards of the same state are equal.

use super::super::text::{Button, ButtonStyle, Message, Part, Text};
use super::model::{Incident, Status};
use super::words::{self, button};

/// The warning that the channel has once.
const MIND: &str =
    "Don't post secrets or personal data: this channel is visible to the workspace and kept.";

pub fn card(incident: &Incident) -> Message {
    head(incident)
        .with(Part::Buttons(buttons(incident)))
        .with(Part::Context(Text::plain(MIND)))
}

/// What the card says without what can be done.
pub(super) fn head(incident: &Incident) -> Message {
    let (state, status) = (words::state(incident), words::status(incident.status));
    Message::line(format!("{status}: {}", words::one_line(incident)))
        .with(Part::Header(format!("{state} {}", words::label(incident))))
        .with(Part::Fields(fields(incident)))
}

fn fields(incident: &Incident) -> Vec<(String, Text)> {
    let mut fields = words::fields([
        ("Status", Text::plain(words::status(incident.status))),
        ("Service", Text::plain(&*incident.service)),
        ("Commander", words::in_role(incident.commander.as_ref())),
        (
            "Declared by",
            words::who(Text::default(), &incident.declared_by),
        ),
        ("Since", Text::default().time(incident.declared_at)),
    ]);
    let mut add = |label: &str, text| fields.push((label.to_owned(), text));
    for (label, person) in [("Comms", &incident.comms), ("Scribe", &incident.scribe)] {
        if let Some(person) = person {
            add(label, Text::default().person(person));
        }
    }
    if let Some(at) = incident.last_update_at {
        add("Last update", Text::default().time(at));
    }
    if let Some(at) = incident.resolved_at {
        let text = Text::default().time(at);
        let text = match &incident.resolved_by {
            Some(by) => words::who(text.and(" by "), by),
            None => text,
        };
        add("Resolved", text);
        add("Duration", Text::plain(words::took(incident)));
    }
    fields
}

/// What can be done from here: only forward.
pub(super) fn buttons(incident: &Incident) -> Vec<Button> {
    let number = incident.number.to_string();
    let plain = ButtonStyle::Plain;
    let mut row = Vec::new();
    if incident.status.is_open() {
        let steps = Status::STEPS.into_iter();
        for next in steps.filter(|next| *next > incident.status) {
            row.push(button(&words::status(next), next.as_str(), &number, plain));
        }
        row.push(button("Resolve", "resolved", &number, ButtonStyle::Danger));
    } else if incident.status == Status::Resolved {
        let primary = ButtonStyle::Primary;
        row.push(button("Postmortem", "postmortem", &number, primary));
    }
    row.push(button("Timeline", "timeline", &number, plain));
    row
}
