//! What is said of changes and of failed deployments, as they are now.
//!
//! Titles, names and environments come from GitHub: they only ever go into plain spans, on one line and
//! shortened.

use super::model::{CodeChange, DeploymentState, FailedDeployment, RollbackState, What};
use crate::domain::ci::message::words::{linked, one_line, short};
use crate::domain::text::{Button, ButtonStyle, Message, Part, Text};
use chrono::{DateTime, Utc};

/// A list has at most so many changes: the newest.
pub(super) const LISTED: usize = 20;
/// A declaration's longest title, in characters.
const LONGEST_TITLE: usize = 100;
/// The action of the button that rolls a deployment back.
pub const ROLLBACK: &str = "ci:rollback";

/// Whether the message offers a rollback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollback {
    Offered,
    NotOffered,
}

/// The line on a timeline.
pub(super) fn line(change: &CodeChange) -> String {
    let repository = one_line(&change.repository);
    let by = by(change);
    match &change.what {
        What::Push => {
            let title = quoted(&change.title);
            format!("{repository}: {}{title} pushed{by}", short(&change.sha))
        }
        What::Merged { number } => {
            let title = quoted(&change.title);
            format!(
                "{repository}: #{number}{title} merged{by} ({})",
                short(&change.sha)
            )
        }
        What::Deployment {
            environment, state, ..
        } => {
            let (sha, to) = (short(&change.sha), one_line(environment));
            let line = format!(
                "{repository}: deployment of {sha}{by} to {to} {}",
                word(*state)
            );
            match state {
                DeploymentState::Failed if !change.url.is_empty() => {
                    format!("{line}: {}", change.url)
                }
                _ => line,
            }
        }
    }
}

fn word(state: DeploymentState) -> &'static str {
    match state {
        DeploymentState::Started => "started",
        DeploymentState::Succeeded => "succeeded",
        DeploymentState::Failed => "failed",
    }
}

fn quoted(title: &str) -> String {
    match one_line(title).as_str() {
        "" => String::new(),
        title => format!(" “{title}”"),
    }
}

fn by(change: &CodeChange) -> String {
    let actor = change.actor.as_deref().map(one_line);
    actor
        .map(|actor| format!(" by {actor}"))
        .unwrap_or_default()
}

/// The words for changes that are not listed.
pub(super) fn earlier(count: usize) -> String {
    match count {
        1 => "1 earlier change is not listed".to_owned(),
        count => format!("{count} earlier changes are not listed"),
    }
}

/// The message about the changes of a service, the newest last; `more` are older than those in `listed`.
pub fn changes(service: &str, since: DateTime<Utc>, more: usize, listed: &[CodeChange]) -> Message {
    let service = one_line(service);
    let summary = format!("Code changes of {service}");
    let mut text = Text::plain("🔀 ")
        .bold(summary.clone())
        .and(" since ")
        .time(since);
    if more > 0 {
        text = text.and(format!("\n{}", earlier(more)));
    }
    for change in listed {
        text = text.and("\n").time(change.at).and(" ");
        let line = linked(what(change), &change.url);
        text.0.extend(line.0);
        text = text.and(after(change));
    }
    Message::section(summary, text)
}

/// What is linked of a change.
fn what(change: &CodeChange) -> String {
    match &change.what {
        What::Push => short(&change.sha),
        What::Merged { number } => format!("#{number}"),
        What::Deployment { environment, .. } => format!("Deployment to {}", one_line(environment)),
    }
}

fn after(change: &CodeChange) -> String {
    let (repository, by) = (one_line(&change.repository), by(change));
    match &change.what {
        What::Push => format!("{} pushed{by} ({repository})", quoted(&change.title)),
        What::Merged { .. } => format!("{} merged{by} ({repository})", quoted(&change.title)),
        What::Deployment { state, .. } => {
            let mark = match state {
                DeploymentState::Started => "",
                DeploymentState::Succeeded => " ✅",
                DeploymentState::Failed => " 🔴",
            };
            let sha = short(&change.sha);
            format!(" {}{mark}: {sha}{by} ({repository})", word(*state))
        }
    }
}

/// The title of the incident that a failed deployment opens.
pub(super) fn title(change: &CodeChange) -> String {
    let name = change
        .repository
        .split_once('/')
        .map_or(&*change.repository, |(_, name)| name);
    let title = format!(
        "Deployment of {} to {} failed",
        one_line(name),
        environment(change)
    );
    if title.chars().count() <= LONGEST_TITLE {
        return title;
    }
    let mut short: String = title.chars().take(LONGEST_TITLE - 1).collect();
    short.push('…');
    short
}

fn environment(change: &CodeChange) -> String {
    match &change.what {
        What::Deployment { environment, .. } => one_line(environment),
        What::Push | What::Merged { .. } => String::new(),
    }
}

fn headline(change: &CodeChange) -> (String, Text) {
    let (repository, to) = (one_line(&change.repository), environment(change));
    let summary = format!("🔴 {repository}: deployment to {to} failed");
    let text = Text::plain("🔴 ").bold(repository).and(": deployment to ");
    (summary, text.code(to).and(" failed"))
}

fn small(change: &CodeChange) -> Part {
    let text = linked("Deployment".to_owned(), &change.url).and(" of commit ");
    let text = text.code(short(&change.sha)).and(by(change)).and(" · ");
    Part::Context(text.time(change.at))
}

/// The message about a failed deployment in the channel of its incident.
pub fn deployment(deployment: &FailedDeployment, offer: Rollback) -> Message {
    let change = &deployment.change;
    let (summary, text) = headline(change);
    let message = Message::section(summary, text).with(small(change));
    let taken = deployment.rollback.as_ref();
    let message = match taken {
        Some(taken) => {
            let by = Text::default();
            let text = match &taken.state {
                RollbackState::Asked => by.and("⏳ Starting the rollback, for "),
                RollbackState::Started => by.and("⏳ The rollback is running, started by "),
                RollbackState::Unknown { code } => {
                    let text = by.and("🟡 The rollback may have been started (").code(code);
                    let text = text.and("): check the runs of ").code(&taken.workflow);
                    text.and(" on GitHub. Asked for by ")
                }
                RollbackState::Refused { code } => {
                    let text = by.and("🔴 The rollback couldn't be started (").code(code);
                    text.and("), tried by ")
                }
                RollbackState::Succeeded { url } => {
                    joined("✅ ", "The rollback", url, " succeeded, started by ")
                }
                RollbackState::Failed { url } => {
                    joined("🔴 ", "The rollback", url, " failed, started by ")
                }
            };
            let text = text.person(&taken.by).and(" ").time(taken.at);
            message.with(Part::Section(text))
        }
        None => message,
    };
    let again = taken.map(|taken| matches!(taken.state, RollbackState::Refused { .. }));
    match (offer, again) {
        (Rollback::NotOffered, _) | (_, Some(false)) => message,
        (Rollback::Offered, again) => {
            let label = if again.is_some() {
                "Try the rollback again"
            } else {
                "Roll back"
            };
            message.with(Part::Buttons(vec![Button {
                label: label.to_owned(),
                action: ROLLBACK.to_owned(),
                value: deployment.id.0.to_string(),
                style: ButtonStyle::Danger,
                opens: None,
            }]))
        }
    }
}

fn joined(mark: &str, label: &str, url: &str, rest: &str) -> Text {
    let mut text = Text::plain(mark);
    text.0.extend(linked(label.to_owned(), url).0);
    text.and(rest)
}

/// A failed deployment of which there is no incident.
pub(super) fn not_declared(change: &CodeChange, why: &str) -> Message {
    let (summary, text) = headline(change);
    let text = text.and(format!(". No incident was declared: {why}"));
    Message::section(summary, text).with(small(change))
}

pub(super) fn name(change: &CodeChange) -> String {
    one_line(&change.repository)
}

/// A line on the timeline about a rollback.
pub(super) fn about_rollback(change: &CodeChange, what: &str) -> String {
    let (repository, sha) = (one_line(&change.repository), short(&change.sha));
    format!(
        "{repository}: {what} (deployment of {sha} to {})",
        environment(change)
    )
}
