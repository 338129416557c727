//! The small phrases that several messages share: who, how long, which incident.
//!
//! Nothing is decided here. What a person typed only goes into plain spans, so that it can neither
//! mention a person nor link anywhere; ids become mentions only where they are ids.

use super::super::ids::{Actor, EffectId, UserId};
use super::super::severity::Severity;
use super::super::text::{Button, ButtonStyle, Message, Part, Text, Typed};
use super::act::Act;
use super::model::{Incident, Status};
use crate::invisible;

/// Goes on with the actor's name.
pub(crate) fn who(text: Text, actor: &Actor) -> Text {
    match actor {
        Actor::Person(person) => text.person(person),
        Actor::Api(name) => text.and(format!("{name} (API)")),
        Actor::Wardroom => text.and("Wardroom"),
    }
}

/// The person who has a role.
pub(crate) fn in_role(person: Option<&UserId>) -> Text {
    match person {
        Some(person) => Text::default().person(person),
        None => Text::plain("not assigned"),
    }
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

/// A command about this incident that works in every channel: `/incident #7 <rest>`.
pub(crate) fn command(incident: &Incident, rest: &str) -> String {
    format!("/incident #{} {rest}", incident.number)
}

/// The command by which updates are posted from anywhere.
pub(crate) fn status_command(incident: &Incident) -> String {
    command(incident, "status <text>")
}

pub(crate) fn severity_command(incident: &Incident) -> String {
    command(incident, &format!("severity {}", Severity::RANGE))
}

/// The command that retries an effect.
pub(crate) fn retry(effect: EffectId) -> String {
    format!("wardroom outbox retry {effect}")
}

/// Goes on with the provider's code, and the command to run when the cause is fixed.
pub(crate) fn after_fixing(text: Text, code: &str, effect: EffectId) -> Text {
    text.and(" (")
        .code(code)
        .and("). After fixing that, run: ")
        .code(retry(effect))
}

/// `🔴 P1`.
pub(crate) fn severity(severity: Severity) -> String {
    format!("{} {severity}", severity.profile().emoji)
}

/// The severity while the incident is open; `✅ P1` when it is resolved.
pub(crate) fn state(incident: &Incident) -> String {
    match incident.status {
        Status::Resolved => format!("✅ {}", incident.severity),
        _ => severity(incident.severity),
    }
}

/// The incident's channel, linked when it exists.
pub(crate) fn channel(text: Text, incident: &Incident) -> Text {
    match &incident.channel_id {
        Some(channel) => text.channel(channel),
        None => text.and("no channel yet"),
    }
}

/// One paragraph of these lines.
pub(crate) fn lines(lines: impl Iterator<Item = Text>) -> Text {
    let mut text = Text::default();
    for line in lines {
        if !text.0.is_empty() {
            text = text.and("\n");
        }
        text.0.extend(line.0);
    }
    text
}

/// The parts of a message that have a label each.
pub(crate) fn fields<const N: usize>(fields: [(&str, Text); N]) -> Vec<(String, Text)> {
    fields
        .map(|(label, text)| (label.to_owned(), text))
        .to_vec()
}

/// The status as a headline's word.
pub(crate) fn status(status: Status) -> String {
    let (first, rest) = status.as_str().split_at(1);
    first.to_uppercase() + rest
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

/// How long the incident took; empty while it is open.
pub(crate) fn took(incident: &Incident) -> String {
    let minutes = incident.duration_minutes();
    minutes.map(duration).unwrap_or_default()
}

/// A message with what was typed in vain below it.
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

/// A button that opens the incident's channel, while it can be used.
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

/// What a message begins with that may be posted twice.
const REPEATED: &str = "(repeated)";

/// Whether a message was sent a second time already.
pub(crate) fn is_repeated(message: &Message) -> bool {
    message.summary.starts_with(REPEATED)
}

/// A message a second time, because the provider did not confirm the first one; marked as such.
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
