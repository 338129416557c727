//! A failure's message, as it is now.

mod digest;
mod found;
mod list;
pub(super) mod words;

use super::super::text::{Message, Part, Text};
use super::buttons::Press;
use super::findings::Class;
use super::{Conclusion, Failure, FindingId, Green, Ignored, JobFinding, Progress};
pub(super) use digest::digest;
pub(super) use found::excerpt;
pub(super) use list::listing;
use std::collections::BTreeMap;
use words::{duration, run};
pub(super) use words::{joined, linked, one_line, short};

/// What a message shows beside its failure.
#[derive(Debug, Clone, Default)]
pub struct Shown<'a> {
    /// What was found of the failure's last run, in the order of its jobs.
    pub findings: &'a [JobFinding],
    /// What the record says of a finding, such as "failed in 3 of 200 changes".
    pub history: BTreeMap<FindingId, Text>,
    /// Set when all of that is ignored.
    pub ignored: Option<&'a Ignored>,
}

pub fn message(failure: &Failure, shown: &Shown<'_>) -> Message {
    match &failure.green {
        None => failing(failure, shown),
        Some(green) => over(failure, green, shown),
    }
}

fn failing(failure: &Failure, shown: &Shown<'_>) -> Message {
    let repository = one_line(&failure.line.repository);
    let workflow = one_line(&failure.workflow_name);
    let branch = one_line(&failure.line.branch);
    let last = &failure.last;
    let verb = match last.conclusion {
        Conclusion::TimedOut => "timed out",
        Conclusion::StartupFailure => "couldn't start",
        _ => "failed",
    };
    let on = on(failure);
    let mut summary = format!("🔴 {repository}: {workflow} {verb} {on} {branch}");
    if let Some(cause) = found::in_a_word(shown.findings) {
        summary = format!("{summary}: {cause}");
    }
    let headline = Text::plain("🔴 ")
        .bold(repository)
        .and(format!(": {workflow} {verb} {on} "))
        .code(branch);
    let mut message = Message::section(summary, headline);
    if let Some(progress) = &failure.progress {
        message = known(message, progress, shown);
    }
    let mut small = linked(run(last.place.number), &last.url);
    small = small.and(" · commit ").code(short(&last.sha));
    if let Some(actor) = &last.actor {
        small = small.and(format!(" by {}", one_line(actor)));
    }
    small = small.and(format!(" · {} since ", times(failure)));
    message = message.with(Part::Context(small.time(failure.since)));
    match &failure.progress {
        Some(progress) => message.with(buttons(failure, progress, shown)),
        None => message,
    }
}

/// What was found, and what is done about it.
fn known(mut message: Message, progress: &Progress, shown: &Shown<'_>) -> Message {
    if progress.stage.is_none() && progress.lines.is_empty() {
        return message.with(Part::Section(Text::plain("Finding out why …")));
    }
    for part in found::parts(shown) {
        message = message.with(part);
    }
    for line in &progress.lines {
        message = message.with(Part::Section(line.clone()));
    }
    if let Some(ignored) = shown.ignored {
        let text = Text::plain("🔕 Ignored until ").time(ignored.until);
        let text = text.and(" by ").person(&ignored.by).and(".");
        message = message.with(Part::Section(text));
    }
    message
}

fn buttons(failure: &Failure, progress: &Progress, shown: &Shown<'_>) -> Part {
    let mut buttons = Vec::new();
    if let Some(step) = progress.approval {
        buttons.push(Press::Approve(step).button());
    }
    if progress.stage.is_some() {
        buttons.push(Press::Rerun(failure.id).button());
        buttons.push(match shown.ignored {
            Some(_) => Press::StopIgnoring(failure.id).button(),
            None => Press::Ignore(failure.id).button(),
        });
    }
    buttons.push(Press::OpenIncident(failure.id).button());
    Part::Buttons(buttons)
}

fn over(failure: &Failure, green: &Green, shown: &Shown<'_>) -> Message {
    let repository = one_line(&failure.line.repository);
    let workflow = one_line(&failure.workflow_name);
    let branch = one_line(&failure.line.branch);
    let last = &failure.last;
    let after = duration((green.at - failure.since).num_minutes());
    let what = match green.is_healed {
        true => "healed",
        false => "is green again",
    };
    let on = on(failure);
    let summary = format!("✅ {repository}: {workflow} {what} {on} {branch} after {after}");
    let headline = Text::plain("✅ ")
        .bold(repository)
        .and(format!(": {workflow} {what} {on} "))
        .code(branch)
        .and(format!(" after {after}"));
    let mut message = Message::section(summary, headline);
    let cause = found::in_a_word(shown.findings);
    if let Some(cause) = cause.filter(|cause| *cause != Class::Unknown.in_words()) {
        let text = match green.is_healed {
            true => format!("It failed because of {cause}; a re-run succeeded."),
            false => format!("It failed because of {cause}."),
        };
        message = message.with(Part::Section(Text::plain(text)));
    }
    let small =
        linked(run(green.number), &green.url).and(format!(" · {}, the last was ", times(failure)));
    let small = joined(small, linked(run(last.place.number), &last.url));
    message.with(Part::Context(small))
}

fn on(failure: &Failure) -> &'static str {
    match failure.line.is_pull {
        true => "on a pull request from",
        false => "on",
    }
}

fn times(failure: &Failure) -> String {
    match failure.count {
        1 => "1 failed run".to_owned(),
        count => format!("{count} failed runs"),
    }
}
