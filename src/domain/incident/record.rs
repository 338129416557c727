//! A change of an incident that a person asked for: kept, shown, and answered.

use super::super::text::{Message, Text};
use super::act::Request;
use super::case::{Case, Refusal};
use super::model::{Incident, TimelineKind};
use super::{channel_events, menu, rights, words};
use serde_json::Value;

/// What happened to an incident, to be kept and to be shown.
pub(super) struct Happened {
    pub kind: TimelineKind,
    pub text: String,
    /// What the audit says beyond who and when.
    pub details: Value,
    /// The line in the incident's channel.
    pub line: Message,
}

/// The incident that was meant, when it is open and the person who asks may change it.
pub(super) fn changeable(case: &Case<'_>, request: &Request) -> Result<Incident, Refusal> {
    let incident = menu::meant(case, request)?;
    if !incident.status.is_open() {
        return Err(rights::over(incident));
    }
    rights::permit(case, request, incident)?;
    let mut incident = incident.clone();
    // A channel in which a command is typed is open: the event that says so is lost, or comes later.
    if request.channel.is_some() && request.channel == incident.channel_id {
        incident.channel_closed_at = None;
    }
    Ok(incident)
}

/// Keeps a change and shows it: the row, the timeline, the audit, a line in the channel, the card. While
/// the channel cannot be used the timeline keeps the line, and the channel gets it afterwards. Returns
/// what the person who made the change is told: nothing where they see the line; else `what`, and
/// where it can be seen.
pub(super) fn record(
    case: &mut Case<'_>,
    request: &Request,
    incident: &Incident,
    happened: Happened,
    what: &str,
) -> Option<Message> {
    case.save(incident);
    case.write(incident, happened.kind, happened.text, &request.actor);
    let action = words::audited(&request.act);
    case.audit(incident, action, &request.actor, happened.details);
    let before = case.incident();
    if let Some(since) = before.and_then(|incident| incident.channel_closed_at) {
        channel_events::is_back(case, incident, since);
    }
    case.post_line(incident, happened.line, request.answer_to.person());
    case.show_card(incident);
    done(request, incident, what)
}

/// The answer to a person whose change is done.
pub(super) fn done(request: &Request, incident: &Incident, what: &str) -> Option<Message> {
    let text = match (&incident.channel_id, incident.open_channel()) {
        (Some(_), Some(channel)) if request.channel.as_ref() == Some(channel) => return None,
        (Some(_), Some(channel)) => Text::plain(format!("{what}: ")).channel(channel),
        (Some(_), None) => Text::plain(format!(
            "{what}. Its channel is closed: the timeline has it, and it will be posted if the \
             channel can be used again."
        )),
        (None, _) => Text::plain(format!(
            "{what}. It has no channel yet: the timeline has it, and it will be posted once \
             there is one."
        )),
    };
    Some(Message::said(text))
}
