//! The postmortem's draft: Markdown of what the record holds, with gaps for what it does not.
//!
//! Everything that people typed is escaped, so that a title can neither break the document nor link
//! anywhere. It promises nothing that the product cannot do.

use super::super::effect::slack::Effect;
use super::super::ids::{Actor, UserId};
use super::super::text::{Message, Part, Text};
use super::act::Request;
use super::case::{Case, Refusal, Verdict};
use super::model::{Incident, Status, TimelineEntry, TimelineKind};
use super::purpose::Why;
use super::{menu, naming, record, timeline, words};
use chrono::Duration;
use serde_json::json;
use std::collections::BTreeMap;

/// How long a second press of the button is taken for the first one.
const AGAIN_AFTER: Duration = Duration::seconds(60);
/// The timeline's words for a draft.
const NOTE: &str = "Postmortem draft created.";

/// Shares the draft as a file in the incident's channel; without a channel, the answer holds it.
pub(super) fn draft(case: &mut Case<'_>, request: &Request) -> Verdict {
    let incident = menu::meant(case, request)?;
    let number = incident.number;
    if incident.status != Status::Resolved {
        let text = Text::plain(format!(
            "#{number} is {}. You can draft its postmortem once it's resolved: ",
            incident.status
        ))
        .code(words::command(incident, "resolved"));
        return Err(Refusal::new(409, "not_resolved", text));
    }
    let content = markdown(incident, &case.facts.timeline, &case.facts.names);
    let Some(channel) = incident.open_channel() else {
        let summary = format!("Postmortem draft for incident #{number}");
        let message = Message::line(summary).with(Part::Preformatted(content));
        return Ok(Some(message));
    };
    let mut drafts = case.facts.timeline.iter();
    if drafts.any(|entry| entry.text == NOTE && case.at - entry.at < AGAIN_AFTER) {
        let text = Text::plain("A draft was created less than a minute ago. See ")
            .channel(channel)
            .and(", or ask again in a minute.");
        return Err(Refusal::new(409, "on_its_way", text));
    }
    let by = &request.actor;
    case.write(incident, TimelineKind::Note, NOTE.to_owned(), by);
    case.audit(incident, words::audited(&request.act), by, json!({}));
    let file = Effect::StageFile {
        name: file_name(incident),
        content,
    };
    let to = request.answer_to.person();
    case.effect(file, Why::Draft.of(incident).answering(to));
    let said = format!("Postmortem draft for #{number}");
    Ok(record::done(request, incident, &said))
}

/// A name that every file system takes: `postmortem-7-checkout-returns-500s.md`.
fn file_name(incident: &Incident) -> String {
    match naming::slug(&incident.title, 50).as_str() {
        "" => format!("postmortem-{}.md", incident.number),
        slug => format!("postmortem-{}-{slug}.md", incident.number),
    }
}

/// What people are called; those who are not in it are shown by their id.
pub type Names = BTreeMap<UserId, String>;

/// The people whom a draft names.
pub fn people(incident: &Incident, lines: &[TimelineEntry]) -> Vec<UserId> {
    let actors = [Some(&incident.declared_by), incident.resolved_by.as_ref()];
    let actors = actors.into_iter().flatten();
    let actors = actors.chain(lines.iter().map(|line| &line.by));
    let mut people: Vec<UserId> = actors.filter_map(Actor::person).cloned().collect();
    people.extend(incident.commander.clone());
    let named = lines.iter().filter_map(timeline::named);
    people.extend(named.map(|(_, person)| person));
    people.sort();
    people.dedup();
    people
}

fn name_of(person: &UserId, names: &Names) -> String {
    let name = names.get(person).cloned();
    name.unwrap_or_else(|| person.to_string())
}

fn who(actor: &Actor, names: &Names) -> String {
    match actor {
        Actor::Person(person) => name_of(person, names),
        Actor::Api(_) | Actor::Wardroom => actor.to_string(),
    }
}

pub fn markdown(incident: &Incident, lines: &[TimelineEntry], names: &Names) -> String {
    let or_none = |name: Option<String>| escaped(&name.unwrap_or_else(|| "none".to_owned()));
    let commander = incident.commander.as_ref();
    let resolved_by = incident.resolved_by.as_ref();
    let end = incident.resolved_at.map(timeline::stamp);
    format!(
        "# Postmortem: incident #{number}, {title} ({day})

## Summary

- **Duration:** {took} ({begin} to {end})
- **Severity:** {severity}
- **Status:** {status}
- **Service:** {service}
- **Commander:** {commander}
- **Declared by:** {declared_by}
- **Resolved by:** {resolved_by}
- **Impact:** _who was affected, and how_
- **Root cause:** _why it happened_

## Timeline

{timeline}
## Action items

- [ ] _action, owner, due date_

## Lessons learned

- **What went well:**
- **What went badly:**
- **Where we were lucky:**

---

_Drafted by Wardroom from the record of incident #{number}. All times are UTC._
",
        number = incident.number,
        title = escaped(&incident.title),
        day = incident.declared_at.format("%Y-%m-%d"),
        took = words::took(incident),
        begin = timeline::stamp(incident.declared_at),
        end = end.as_deref().unwrap_or("still open"),
        severity = incident.severity,
        status = incident.status,
        service = escaped(&incident.service),
        commander = or_none(commander.map(|person| name_of(person, names))),
        declared_by = escaped(&who(&incident.declared_by, names)),
        resolved_by = or_none(resolved_by.map(|by| who(by, names))),
        timeline = entries(lines, names),
    )
}

fn entries(lines: &[TimelineEntry], names: &Names) -> String {
    if lines.is_empty() {
        return "_No entries._\n".to_owned();
    }
    let line = |entry: &TimelineEntry| {
        let text = match timeline::named(entry) {
            Some((before, person)) => format!("{before} {}", name_of(&person, names)),
            None => entry.text.clone(),
        };
        let (at, by) = (timeline::stamp(entry.at), who(&entry.by, names));
        format!("- **{at}** {} ({})\n", escaped(&text), escaped(&by))
    };
    timeline::in_order(lines).into_iter().map(line).collect()
}

/// Text as Markdown shows it literally. Its lines become one paragraph within a list's item.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (index, line) in text.lines().map(str::trim).enumerate() {
        if index > 0 {
            safe.push_str("  \n  ");
        }
        for (column, letter) in line.char_indices() {
            let marks_anywhere = "\\`*_[]<>#|~&$".contains(letter);
            // A list, a heading's underline or a number only counts where a line begins.
            let marks_here = column == 0 && "-+=".contains(letter);
            let ends_a_number = ".)".contains(letter)
                && column > 0
                && line[..column].bytes().all(|byte| byte.is_ascii_digit());
            if marks_anywhere || marks_here || ends_a_number {
                safe.push('\\');
            }
            if !letter.is_control() {
                safe.push(letter);
            }
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    #[test]
    fn what_was_typed_stands_in_the_draft_literally() {
        for (typed, safe) in [
            ("Checkout returns 500s", "Checkout returns 500s"),
            ("# not a heading", "\\# not a heading"),
            ("[x](http://evil)", "\\[x\\](http://evil)"),
            ("<!channel> & *bold*", "\\<!channel\\> \\& \\*bold\\*"),
            ("one\n- two\n3. three", "one  \n  \\- two  \n  3\\. three"),
            ("決済 `x`", "決済 \\`x\\`"),
        ] {
            assert_eq!(escaped(typed), safe);
        }
    }

    #[test]
    fn the_draft_of_a_long_incident_is_whole_and_dates_every_line() {
        let mut incident = fixtures::incident();
        incident.status = Status::Resolved;
        incident.resolved_at = Some(incident.declared_at + Duration::days(3));
        let lines: Vec<TimelineEntry> = (0..500)
            .map(|hour| TimelineEntry {
                incident: incident.id,
                at: incident.declared_at + Duration::hours(hour),
                kind: TimelineKind::StatusUpdate,
                text: format!("update {hour} of many"),
                by: incident.declared_by.clone(),
            })
            .collect();
        let page = markdown(&incident, &lines, &Names::new());
        for entry in &lines {
            let line = format!("- **{}** {} (", timeline::stamp(entry.at), entry.text);
            assert!(page.contains(&line), "{line}");
        }
        for section in [
            "## Summary",
            "## Timeline",
            "## Action items",
            "## Lessons learned",
        ] {
            assert!(page.contains(section));
        }
        assert!(page.contains("**Duration:** 3 d ("));
    }

    #[test]
    fn a_draft_never_needs_an_end_and_its_file_has_a_legal_name() {
        let mut incident = fixtures::incident();
        assert!(markdown(&incident, &[], &Names::new()).contains("still open"));
        incident.title = "../../etc/passwd: \"500s\" 決済?".into();
        assert_eq!(file_name(&incident), "postmortem-7-etc-passwd-500s-決済.md");
        incident.title = "🔥🔥🔥".into();
        assert_eq!(file_name(&incident), "postmortem-7.md");
    }
}
