//! The small phrases that several messages share: who, how long, which incident.
//!
//! Nothing is decided here. What a person typed only ever goes into plain spans, so that it can
//! neither call anybody nor link anywhere; ids become mentions only where they are ids.

use super::super::ids::{Actor, IncidentId, UserId};
use super::super::text::{Button, ButtonStyle, Message, Part, Text, Typed};
use super::act::{Act, Role};
use super::{Incident, Severity, Status};
use crate::invisible;

/// Goes on with somebody's name.
pub(crate) fn who(text: Text, actor: &Actor) -> Text {
    match actor {
        Actor::Person(person) => text.person(person),
        Actor::Api(name) => text.and(format!("{name} (API)")),
        Actor::Wardroom => text.and("Wardroom"),
    }
}

/// Whoever has a role.
pub(crate) fn in_role(person: Option<&UserId>) -> Text {
    match person {
        Some(person) => Text::default().person(person),
        None => Text::plain("not assigned"),
    }
}

/// `#7`.
pub(crate) fn number(incident: &Incident) -> String {
    format!("#{}", incident.number)
}

/// `#7 Checkout returns 500s`.
pub(crate) fn label(incident: &Incident) -> String {
    format!("#{} {}", incident.number, incident.title)
}

/// The incident in one line: number, severity, service, title.
pub(crate) fn one_line(incident: &Incident) -> String {
    format!(
        "#{} {} {}: {}",
        incident.number,
        state(incident),
        incident.service,
        incident.title
    )
}

/// `🔴 P1`: the colour by which a severity is seen at once.
pub(crate) fn severity(severity: Severity) -> String {
    let colour = match severity {
        Severity::P1 => "🔴",
        Severity::P2 => "🟠",
        Severity::P3 => "🟡",
        Severity::P4 => "⚪",
    };
    format!("{colour} {severity}")
}

/// The severity while the incident goes on; `✅ P1` when it is resolved.
pub(crate) fn state(incident: &Incident) -> String {
    match incident.status {
        Status::Resolved => format!("✅ {}", incident.severity),
        _ => severity(incident.severity),
    }
}

/// Its channel, linked when it is there.
pub(crate) fn channel(incident: &Incident) -> Text {
    match &incident.channel_id {
        Some(channel) => Text::default().room(channel),
        None => Text::plain("no channel yet"),
    }
}

/// The status as a headline's word.
pub(crate) fn status(status: Status) -> &'static str {
    match status {
        Status::Declared => "Declared",
        Status::Investigating => "Investigating",
        Status::Identified => "Identified",
        Status::Monitoring => "Monitoring",
        Status::Resolved => "Resolved",
        Status::Cancelled => "Cancelled",
        Status::Merged => "Merged",
    }
}

/// `2 d 3 h`, `1 h 5 min`, `4 min`; never empty.
pub(crate) fn duration(minutes: i64) -> String {
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => "less than a minute".into(),
        (0, 0, m) => format!("{m} min"),
        (0, h, 0) => format!("{h} h"),
        (0, h, m) => format!("{h} h {m} min"),
        (d, 0, _) => format!("{d} d"),
        (d, h, _) => format!("{d} d {h} h"),
    }
}

/// How long the incident took, or nothing while it goes on.
pub(crate) fn took(incident: &Incident) -> String {
    incident
        .duration_minutes()
        .map(duration)
        .unwrap_or_default()
}

/// A message with what somebody typed in vain below it.
pub(crate) fn giving_back(message: Message, typed: &Typed) -> Message {
    message
        .with(Part::Context(Text::plain("What you typed:")))
        .with(Part::Preformatted(typed.to_plain()))
}

/// The words of what was typed, if there are any.
pub(crate) fn said(typed: Option<&Typed>) -> Option<String> {
    let words = typed?.to_plain();
    let words = invisible::trim(&words);
    (!words.is_empty()).then(|| words.to_owned())
}

/// `: text` with the people, channels and links in it, or nothing.
pub(crate) fn typed_after_colon(text: Text, typed: Option<&Typed>) -> Text {
    match typed {
        Some(typed) if said(Some(typed)).is_some() => text.and(": ").typed(typed),
        Some(_) | None => text,
    }
}

/// `: text`, or nothing.
pub(crate) fn after_colon(text: Option<&str>) -> String {
    text.map(|text| format!(": {text}")).unwrap_or_default()
}

/// The first `longest` characters, with an ellipsis when there were more.
pub(crate) fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(longest.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// A button.
pub(crate) fn button(label: &str, action: &str, value: &str, style: ButtonStyle) -> Button {
    Button {
        label: shortened(label, 75),
        action: action.to_owned(),
        value: value.to_owned(),
        style,
        opens: None,
    }
}

/// The name of a button that opens a channel.
pub const OPEN: &str = "open_channel";

/// A button that opens the incident's channel, once there is one.
pub(crate) fn open_channel(incident: &Incident) -> Option<Part> {
    let channel = incident.open_channel()?.clone();
    Some(Part::Buttons(vec![Button {
        opens: Some(channel),
        ..button("Open channel", OPEN, "", ButtonStyle::Primary)
    }]))
}

/// What the audit calls an act.
pub(crate) fn audited(act: &Act) -> String {
    format!("incident.{}", act.name())
}

/// The line that says how an incident is declared without the form.
pub(crate) const BY_ONE_LINE: &str = "/incident declare P2 <service> <title>";

/// Who is told about an incident's trouble: the one who leads it, else the one who declared it.
pub(crate) fn responsible(incident: &Incident) -> Option<&UserId> {
    incident
        .commander
        .as_ref()
        .or_else(|| incident.declared_by.person())
}

/// Who has a role.
pub(crate) fn holder(incident: &Incident, role: Role) -> Option<&UserId> {
    match role {
        Role::Commander => incident.commander.as_ref(),
        Role::Comms => incident.comms.as_ref(),
        Role::Scribe => incident.scribe.as_ref(),
    }
}

/// The incident's id, to be named in a purpose.
pub(crate) fn about(incident: &Incident) -> Option<IncidentId> {
    Some(incident.id)
}

/// What a message begins with that may stand there twice.
const REPEATED: &str = "(repeated)";

/// Whether a message was sent once more already.
pub(crate) fn is_repeated(message: &Message) -> bool {
    message.summary.starts_with(REPEATED)
}

/// A message once more, because the provider did not confirm the first one; marked as such.
pub(crate) fn repeated(message: &Message) -> Message {
    let mut again = message.clone();
    again.summary = format!("{REPEATED} {}", message.in_words());
    if !again.parts.is_empty() {
        let why = "(repeated) Slack did not confirm the first one, so you may see this twice.";
        again.parts.insert(0, Part::Context(Text::plain(why)));
    }
    again
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_reads_like_one() {
        for (minutes, words) in [
            (0, "less than a minute"),
            (4, "4 min"),
            (60, "1 h"),
            (65, "1 h 5 min"),
            (1440, "1 d"),
            (3 * 1440 + 125, "3 d 2 h"),
        ] {
            assert_eq!(duration(minutes), words);
        }
    }

    #[test]
    fn a_text_is_shortened_between_characters_never_within_one() {
        assert_eq!(shortened("決済サービス", 4), "決済サ…");
        assert_eq!(shortened("short", 5), "short");
    }
}
