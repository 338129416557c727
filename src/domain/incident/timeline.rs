//! What happened so far, for the one who asks.
//!
//! Each line has its full date in UTC: an incident may last for days, and people who read it
//! together sit in different time zones. Any length: the adapter splits it.

use super::super::text::{Message, Part, Text};
use super::act::Request;
use super::ask::{Scene, Verdict};
use super::{TimelineEntry, roles, words};
use chrono::{DateTime, Utc};

pub(crate) fn show(request: &Request, scene: &Scene<'_>) -> Verdict {
    let incident = scene.meant(request)?;
    let lines = in_order(&scene.facts.timeline);
    let mut message = Message::line(format!("Timeline of {}", words::one_line(incident)));
    message.parts.push(Part::Header(format!(
        "Timeline of {}",
        words::label(incident)
    )));
    message.parts.extend(sections(&lines));
    if lines.is_empty() {
        let nothing = Text::plain("Nothing on the timeline yet.");
        message.parts.push(Part::Section(nothing));
    }
    Ok(Some(message))
}

/// The lines by their hour; those of one moment as they were written.
pub(crate) fn in_order(timeline: &[TimelineEntry]) -> Vec<&TimelineEntry> {
    let mut lines: Vec<&TimelineEntry> = timeline.iter().collect();
    lines.sort_by_key(|entry| entry.at);
    lines
}

/// The lines as one paragraph.
pub(crate) fn sections(lines: &[&TimelineEntry]) -> Vec<Part> {
    let mut text = Text::default();
    for (index, entry) in lines.iter().enumerate() {
        if index > 0 {
            text = text.and("\n");
        }
        text = line(text, entry);
    }
    if text.0.is_empty() {
        return Vec::new();
    }
    vec![Part::Section(text)]
}

fn line(text: Text, entry: &TimelineEntry) -> Text {
    let text = text.bold(stamp(entry.at)).and(" ");
    let text = match roles::named(entry) {
        Some((before, person)) => text.and(format!("{before} ")).person(&person),
        None => text.and(&*entry.text),
    };
    words::who(text.and(" ("), &entry.by).and(")")
}

/// A moment with its date, in UTC.
pub(crate) fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
