//! The summary of a week in a channel.

use super::words::{duration, joined, one_line};
use crate::domain::ci::digest::{Digest, HitTest, Worse};
use crate::domain::text::{Message, Part, Text};

pub(in crate::domain::ci) fn digest(digest: &Digest) -> Message {
    let runs = counted(digest.runs, "failed run");
    let pulls = counted(count(digest.pulls.len()), "pull request");
    let lost = duration(digest.lost.num_minutes());
    let summary = match digest.excused {
        0 => format!("CI in the last week: {runs}"),
        _ => format!("CI in the last week: {runs}, {pulls} hit, {lost} lost"),
    };
    let repositories = match digest.repositories.len() {
        1 => "1 repository".to_owned(),
        many => format!("{many} repositories"),
    };
    let mut lines = vec![match digest.runs_before {
        None => format!("{runs} in {repositories}"),
        Some(before) => format!("{runs} in {repositories}, {before} the week before"),
    }];
    lines.push(match digest.excused {
        0 => "None because of infrastructure or flaky tests".to_owned(),
        _ => format!(
            "{} because of infrastructure or flaky tests: {pulls} hit, {lost} lost",
            counted(digest.excused, "failed attempt")
        ),
    });
    let others = digest.other_reruns();
    if digest.own_reruns + others > 0 {
        let own = digest.own_reruns;
        lines.push(format!("Re-runs: {own} by Wardroom, {others} by people"));
    }
    if digest.healed + digest.given_up > 0 {
        let healed = counted(digest.healed, "run");
        lines.push(format!("{healed} healed, {} given up", digest.given_up));
    }
    if digest.issues_opened + digest.issues_closed > 0 {
        let (opened, closed) = (digest.issues_opened, digest.issues_closed);
        lines.push(format!("Issues: {opened} opened, {closed} closed"));
    }
    let headline = Text::default().bold("CI in the last week");
    let text = lines
        .into_iter()
        .fold(headline, |text, line| text.and(format!("\n• {line}")));
    let mut message = Message::section(summary, text);
    message = with(message, "Flakiest tests", digest.tests.iter().map(test));
    let worse = digest.worse.iter().map(worse);
    message = with(message, "Worse than the week before", worse);
    let week = &digest.week;
    let small = Text::plain("From ").time(week.from).and(" to ");
    let small = small.time(week.until).and(" · Latest failures: ");
    message.with(Part::Context(small.code("/wardroom ci")))
}

fn with(message: Message, title: &str, lines: impl Iterator<Item = Text>) -> Message {
    let headline = Text::default().bold(title);
    let text = lines.fold(headline.clone(), |text, line| {
        joined(text.and("\n• "), line)
    });
    match text == headline {
        true => message,
        false => message.with(Part::Section(text)),
    }
}

fn test(test: &HitTest) -> Text {
    let pulls = counted(count(test.pulls), "pull request");
    let new = if test.is_new { ", new this week" } else { "" };
    let repository = one_line(&test.repository);
    let text = Text::default().bold(one_line(&test.name));
    text.and(format!(" in {repository}: hit {pulls}{new}"))
}

fn worse(worse: &Worse) -> Text {
    let Worse { runs, before, .. } = worse;
    let workflow = one_line(&worse.workflow);
    let text = Text::default().bold(one_line(&worse.repository));
    let runs = counted(*runs, "failed run");
    text.and(format!(" {workflow}: {runs}, {before} the week before"))
}

fn count(many: usize) -> i64 {
    i64::try_from(many).unwrap_or(i64::MAX)
}

fn counted(many: i64, noun: &str) -> String {
    let plural = if many == 1 { "" } else { "s" };
    format!("{many} {noun}{plural}")
}
