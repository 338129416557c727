//! What happened so far, for the person who asks, and what lines about roles say.
//!
//! Each line has its full date in UTC: an incident may last for days, and people who read it
//! together sit in different time zones. Any length: the adapter splits it.

use super::super::ids::UserId;
use super::super::text::{Message, Part, Text};
use super::act::Request;
use super::case::{Case, Verdict};
use super::model::{Role, TimelineEntry, TimelineKind};
use super::{menu, words};
use chrono::{DateTime, Utc};

pub(super) fn show(case: &Case<'_>, request: &Request) -> Verdict {
    let incident = menu::meant(case, request)?;
    let lines = in_order(&case.facts.timeline);
    let headline = format!("Timeline of {}", words::label(incident));
    let nothing = || Part::Section(Text::plain("Nothing on the timeline yet."));
    let message = Message::line(format!("Timeline of {}", words::one_line(incident)))
        .with(Part::Header(headline))
        .with(section(&lines).unwrap_or_else(nothing));
    Ok(Some(message))
}

/// The lines by their time; those of one moment as they were written.
pub(super) fn in_order(timeline: &[TimelineEntry]) -> Vec<&TimelineEntry> {
    let mut lines: Vec<&TimelineEntry> = timeline.iter().collect();
    lines.sort_by_key(|entry| entry.at);
    lines
}

/// The lines as one paragraph, if there are any.
pub(super) fn section(lines: &[&TimelineEntry]) -> Option<Part> {
    let text = words::lines(lines.iter().map(|entry| {
        let text = Text::default().bold(stamp(entry.at)).and(" ");
        let text = match named(entry) {
            Some((before, person)) => text.and(format!("{before} ")).person(&person),
            None => text.and(&*entry.text),
        };
        words::who(text.and(" ("), &entry.by).and(")")
    }));
    (!lines.is_empty()).then_some(Part::Section(text))
}

/// A time with its date, in UTC.
pub(super) fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A line about a role: `commander is now U1`. The id ends the line, where [`named`] finds it.
pub(super) fn assigned(role: Role, person: &UserId) -> String {
    format!("{} is now {person}", role.as_str())
}

/// Whether a line says that the lead went to this person.
pub(super) fn gives_the_lead(line: &TimelineEntry, person: &UserId) -> bool {
    let now = assigned(Role::Commander, person);
    line.kind == TimelineKind::RoleChange && line.text.ends_with(&now)
}

/// The person whom a line about a role names, and the words before.
pub(super) fn named(line: &TimelineEntry) -> Option<(&str, UserId)> {
    if line.kind != TimelineKind::RoleChange {
        return None;
    }
    let (before, id) = line.text.rsplit_once(' ')?;
    Some((before, UserId::new(id).ok()?))
}
