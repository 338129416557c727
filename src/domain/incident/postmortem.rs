//! The postmortem's draft: Markdown of what the record holds, with gaps for what it does not.
//!
//! Everything that somebody typed is escaped, so that a title can neither break the document nor
//! link anywhere. It promises nothing that the product cannot do.

use super::super::effect::slack::Effect;
use super::super::ids::{Actor, UserId};
use super::super::text::{Message, Part, Text};
use super::act::{AnswerTo, Request};
use super::ask::{self, Refusal, Scene, Verdict};
use super::{
    Change, Decision, Incident, Purpose, Status, TimelineEntry, TimelineKind, naming, roles,
    timeline, words,
};
use chrono::Duration;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;

/// How long a second press of the button is taken for the first one.
const AGAIN_AFTER: Duration = Duration::seconds(60);
/// The timeline's words for a draft.
const NOTE: &str = "Postmortem draft created.";

/// Puts the draft as a file into the incident's channel; without a channel, into the answer.
pub(crate) fn draft(decision: &mut Decision, request: &Request, scene: &Scene<'_>) -> Verdict {
    let incident = scene.meant(request)?;
    let number = incident.number;
    if incident.status != Status::Resolved {
        let text = Text::plain(format!(
            "#{number} is {}. You can draft its postmortem once it's resolved: ",
            incident.status
        ))
        .code(format!("/incident #{number} resolved"));
        return Err(Refusal::new(409, "not_resolved", text));
    }
    let content = markdown(incident, &scene.facts.timeline, &scene.facts.names);
    let Some(channel) = incident.open_channel() else {
        let summary = format!("Postmortem draft for incident #{number}");
        return Ok(Some(
            Message::line(summary).with(Part::Preformatted(content)),
        ));
    };
    let mut drafts = scene.facts.timeline.iter();
    if drafts.any(|entry| entry.text == NOTE && scene.at - entry.at < AGAIN_AFTER) {
        let text = Text::plain("A draft was created less than a minute ago. See ")
            .room(channel)
            .and(", or ask again in a minute.");
        return Err(Refusal::new(409, "on_its_way", text));
    }
    decision.change(Change::Timeline(TimelineEntry {
        incident: incident.id,
        at: scene.at,
        kind: TimelineKind::Note,
        text: NOTE.to_owned(),
        by: request.actor.clone(),
    }));
    ask::audit_done(decision, request, scene, incident.id, json!({}));
    let file = Effect::StageFile {
        name: file_name(incident),
        content,
    };
    let purpose = Purpose::Draft {
        incident: incident.id,
        answer_to: match &request.answer_to {
            AnswerTo::Person(to) => Some(to.clone()),
            AnswerTo::Api | AnswerTo::Area(_) => None,
        },
    };
    decision.effect(file, purpose);
    let said = format!("Postmortem draft for #{number}");
    Ok(ask::done(request, incident, &said))
}

/// A name that every file system takes: `postmortem-7-checkout-returns-500s.md`.
pub fn file_name(incident: &Incident) -> String {
    match naming::slug(&incident.title, 50).as_str() {
        "" => format!("postmortem-{}.md", incident.number),
        slug => format!("postmortem-{}-{slug}.md", incident.number),
    }
}

/// What people are called; whoever is not in it is shown by their id.
pub type Names = BTreeMap<UserId, String>;

/// The people whom a draft names.
pub fn people(incident: &Incident, lines: &[TimelineEntry]) -> Vec<UserId> {
    let actors = [Some(&incident.declared_by), incident.resolved_by.as_ref()];
    let actors = actors.into_iter().flatten();
    let actors = actors.chain(lines.iter().map(|line| &line.by));
    let mut people: Vec<UserId> = actors.filter_map(Actor::person).cloned().collect();
    people.extend(incident.commander.clone());
    let named = lines.iter().filter_map(roles::named);
    people.extend(named.map(|(_, person)| person));
    people.sort();
    people.dedup();
    people
}

/// The draft.
pub fn markdown(incident: &Incident, lines: &[TimelineEntry], names: &Names) -> String {
    let mut page = String::new();
    write_page(&mut page, incident, lines, names).expect("writing to a string cannot fail");
    page
}

fn name_of(person: &UserId, names: &Names) -> String {
    names
        .get(person)
        .cloned()
        .unwrap_or_else(|| person.to_string())
}

fn who(actor: &Actor, names: &Names) -> String {
    match actor {
        Actor::Person(person) => name_of(person, names),
        Actor::Api(_) | Actor::Wardroom => actor.to_string(),
    }
}

fn write_page(
    page: &mut String,
    incident: &Incident,
    lines: &[TimelineEntry],
    names: &Names,
) -> Result<(), std::fmt::Error> {
    let none = || "none".to_owned();
    writeln!(
        page,
        "# Postmortem: incident #{}, {} ({})\n",
        incident.number,
        escaped(&incident.title),
        incident.declared_at.format("%Y-%m-%d")
    )?;
    writeln!(page, "## Summary\n")?;
    let end = incident.resolved_at.map(timeline::stamp);
    writeln!(
        page,
        "- **Duration:** {} ({} to {})",
        words::took(incident),
        timeline::stamp(incident.declared_at),
        end.as_deref().unwrap_or("still open")
    )?;
    writeln!(page, "- **Severity:** {}", incident.severity)?;
    writeln!(page, "- **Status:** {}", incident.status)?;
    writeln!(page, "- **Service:** {}", escaped(&incident.service))?;
    let commander = incident.commander.as_ref();
    let commander = commander.map(|person| name_of(person, names));
    let commander = commander.unwrap_or_else(none);
    writeln!(page, "- **Commander:** {}", escaped(&commander))?;
    let declared_by = who(&incident.declared_by, names);
    writeln!(page, "- **Declared by:** {}", escaped(&declared_by))?;
    let resolved_by = incident.resolved_by.as_ref().map(|by| who(by, names));
    let resolved_by = resolved_by.unwrap_or_else(none);
    writeln!(page, "- **Resolved by:** {}", escaped(&resolved_by))?;
    writeln!(page, "- **Impact:** _who was affected, and how_")?;
    writeln!(page, "- **Root cause:** _why it happened_\n")?;
    writeln!(page, "## Timeline\n")?;
    for entry in timeline::in_order(lines) {
        let text = match roles::named(entry) {
            Some((before, person)) => format!("{before} {}", name_of(&person, names)),
            None => entry.text.clone(),
        };
        writeln!(
            page,
            "- **{}** {} ({})",
            timeline::stamp(entry.at),
            escaped(&text),
            escaped(&who(&entry.by, names))
        )?;
    }
    if lines.is_empty() {
        writeln!(page, "_No entries._")?;
    }
    writeln!(page, "\n## Action items\n")?;
    writeln!(page, "- [ ] _action, owner, due date_\n")?;
    writeln!(page, "## Lessons learned\n")?;
    writeln!(page, "- **What went well:**")?;
    writeln!(page, "- **What went badly:**")?;
    writeln!(page, "- **Where we were lucky:**\n")?;
    writeln!(page, "---\n")?;
    writeln!(
        page,
        "_Drafted by Wardroom from the record of incident #{}. All times are UTC._",
        incident.number
    )
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
