//! The answer to `/wardroom ci`: the latest failures, the flakiest tests, and what is ignored.

use super::found;
use super::words::{duration, joined, linked, one_line, run};
use crate::domain::ci::list::{Chosen, Listing};
use crate::domain::ci::{Failure, Ignored, JobFinding, Stage};
use crate::domain::text::nearest::did_you_mean;
use crate::domain::text::{Message, Part, Text};
use chrono::{DateTime, Utc};

/// What is known; `Err`: which repository is meant is not.
pub(in crate::domain::ci) fn listing(
    listing: &Listing,
    typed: &str,
    now: DateTime<Utc>,
) -> Result<Message, Text> {
    let of = match &listing.chosen {
        Chosen::All if listing.known == 0 => {
            let text = "No repository is known yet: none of those that are watched had a run.";
            return Ok(Message::line(text));
        }
        Chosen::All => match listing.known {
            1 => "1 repository".to_owned(),
            known => format!("{known} repositories"),
        },
        Chosen::One(repository) => one_line(repository),
        Chosen::Several(names) => {
            let text = Text::plain("Several repositories have this name.");
            return Err(did_you_mean(text, commands(names)));
        }
        Chosen::Unknown { near } => {
            let text = Text::plain("Unknown repository ").code(one_line(typed));
            let text = did_you_mean(text.and("."), commands(near));
            return Err(text.and(" All repositories: ").code("/wardroom ci"));
        }
    };
    let is_one = matches!(listing.chosen, Chosen::One(_));
    if listing.failures.is_empty() && listing.flakiest.is_empty() && listing.ignored.is_empty() {
        let text = Text::plain("✅ CI of ").bold(of);
        return Ok(Message::said(text.and(": no failure is on record.")));
    }
    let mut message = Message::section(
        format!("CI of {of}"),
        Text::plain("CI of ").bold(of).and(":"),
    );
    let failures = listing.failures.iter();
    let lines = failures.map(|(failure, findings)| line(failure, findings, is_one, now));
    message = with(message, "Latest failures", "none on record", lines);
    let tests = listing.flakiest.iter().map(|test| {
        let pulls = match test.pulls {
            1 => "1 pull request".to_owned(),
            pulls => format!("{pulls} pull requests"),
        };
        let text = Text::default().bold(one_line(&test.name));
        let text = match is_one {
            true => text,
            false => text.and(format!(" in {}", one_line(&test.repository))),
        };
        let text = text.and(format!(": hit {pulls}"));
        match test.history.is_empty() {
            true => text,
            false => text.and(format!(", {}", test.history)),
        }
    });
    message = with(message, "Flakiest tests", "none known", tests);
    if !listing.ignored.is_empty() {
        let ignored = listing.ignored.iter().map(|one| muted(one, is_one));
        message = with(message, "Ignored", "", ignored);
    }
    Ok(message)
}

fn commands(names: &[String]) -> impl Iterator<Item = String> {
    names
        .iter()
        .map(|name| format!("/wardroom ci {}", one_line(name)))
}

fn with(message: Message, title: &str, none: &str, lines: impl Iterator<Item = Text>) -> Message {
    let mut text = Text::default().bold(title);
    let mut any = false;
    for line in lines {
        any = true;
        text = joined(text.and("\n"), line);
    }
    message.with(Part::Section(match any {
        true => text,
        false => text.and(format!(": {none}")),
    }))
}

/// `🔴 acme/api CI on main: a network error · Run #36 · 3 h 5 min ago`
fn line(failure: &Failure, findings: &[JobFinding], is_one: bool, now: DateTime<Utc>) -> Text {
    let (mark, state) = state(failure, now);
    let mut text = Text::plain(format!("{mark} "));
    if !is_one {
        text = text.bold(one_line(&failure.line.repository)).and(" ");
    }
    text = text
        .and(format!("{} on ", one_line(&failure.workflow_name)))
        .code(one_line(&failure.line.branch));
    if let Some(cause) = found::in_a_word(findings) {
        text = text.and(format!(": {cause}"));
    }
    text = text.and(" · ");
    let last = &failure.last;
    text = joined(text, linked(run(last.place.number), &last.url));
    text.and(format!(" · {state}"))
}

/// A mark, and what became of it when.
fn state(failure: &Failure, now: DateTime<Utc>) -> (&'static str, String) {
    let ago = |at: DateTime<Utc>| duration((now - at).num_minutes());
    if let Some(green) = &failure.green {
        let what = match green.is_healed {
            true => "healed",
            false => "green again",
        };
        return ("✅", format!("{what} {} ago", ago(green.at)));
    }
    let failing = format!("failing for {}", ago(failure.since));
    match failure.progress.as_ref().and_then(|one| one.stage) {
        Some(Stage::Repairing) => ("🔧", format!("being repaired, {failing}")),
        Some(Stage::GivenUp) => ("🔴", format!("given up, {failing}")),
        Some(Stage::Detected | Stage::Told | Stage::Healed) | None => ("🔴", failing),
    }
}

fn muted(ignored: &Ignored, is_one: bool) -> Text {
    let mut text = Text::plain("🔕 ");
    if !is_one {
        text = text.bold(one_line(&ignored.repository)).and(" ");
    }
    text = text.and(ignored.class.in_words());
    if !ignored.job.is_empty() {
        text = text.and(format!(" in {}", one_line(&ignored.job)));
    }
    text.and(" until ")
        .time(ignored.until)
        .and(" by ")
        .person(&ignored.by)
}
