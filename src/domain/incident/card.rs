//! An incident's card: the one pinned message of its channel, edited in place.
//!
//! Rendered when it is delivered, from the incident as it then is, so that an old edit can never
//! stand. It holds no update's words: those are posted once, and the card only says when the last
//! one was. Nothing here depends on the hour, so two cards of the same state are equal.

use super::super::text::{Button, ButtonStyle, Message, Part, Text};
use super::words::{self, button};
use super::{Incident, Status};

/// The warning that stands once in the channel.
const MIND: &str =
    "Don't post secrets or personal data: this channel is visible to the workspace and kept.";

/// The card as the incident is now.
pub fn card(incident: &Incident) -> Message {
    let state = words::status(incident.status);
    Message {
        summary: format!("{state}: {}", words::one_line(incident)),
        parts: vec![
            Part::Header(format!(
                "{} {}",
                words::state(incident),
                words::label(incident)
            )),
            Part::Fields(fields(incident)),
            Part::Buttons(buttons(incident)),
            Part::Context(Text::plain(MIND)),
        ],
    }
}

fn fields(incident: &Incident) -> Vec<(String, Text)> {
    let mut fields = vec![
        (
            "Status".to_owned(),
            Text::plain(words::status(incident.status)),
        ),
        ("Service".to_owned(), Text::plain(&*incident.service)),
        (
            "Commander".to_owned(),
            words::in_role(incident.commander.as_ref()),
        ),
        (
            "Declared by".to_owned(),
            words::who(Text::default(), &incident.declared_by),
        ),
        (
            "Since".to_owned(),
            Text::default().time(incident.declared_at),
        ),
    ];
    for (label, person) in [("Comms", &incident.comms), ("Scribe", &incident.scribe)] {
        if person.is_some() {
            fields.push((label.to_owned(), words::in_role(person.as_ref())));
        }
    }
    if let Some(at) = incident.last_update_at {
        fields.push(("Last update".to_owned(), Text::default().time(at)));
    }
    if let Some(at) = incident.resolved_at {
        let text = Text::default().time(at);
        let text = match &incident.resolved_by {
            Some(by) => words::who(text.and(" by "), by),
            None => text,
        };
        fields.push(("Resolved".to_owned(), text));
        fields.push(("Duration".to_owned(), Text::plain(words::took(incident))));
    }
    fields
}

/// What can be done from here: only forward.
pub(crate) fn buttons(incident: &Incident) -> Vec<Button> {
    let number = incident.number.to_string();
    let plain = ButtonStyle::Plain;
    let mut row = Vec::new();
    if incident.status.is_open() {
        for next in [
            Status::Investigating,
            Status::Identified,
            Status::Monitoring,
        ] {
            if next > incident.status {
                row.push(button(words::status(next), next.as_str(), &number, plain));
            }
        }
        row.push(button("Resolve", "resolved", &number, ButtonStyle::Danger));
    } else if incident.status == Status::Resolved {
        let primary = ButtonStyle::Primary;
        row.push(button("Postmortem", "postmortem", &number, primary));
    }
    row.push(button("Timeline", "timeline", &number, plain));
    row
}
