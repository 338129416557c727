//! The lines of a job's log that belong to the step that failed.
//!
//! Each line of GitHub's begins with a timestamp, may hold colour codes, and marks of the runner:
//! `##[group]Run …` begins a step, `##[error]` is an error. The log names steps by their command and not by
//! their name, so the part is found by the step's times, and without them by the last `##[error]`.

use super::Step;
use crate::invisible;
use chrono::{DateTime, Duration, Utc};
use regex::Regex;
use std::sync::LazyLock;

/// So much of the log's end is read.
const LOG_BYTES: usize = 1 << 20;
/// So many of the part's last lines are looked at.
const LINES: usize = 5000;
/// A line is cut after so many bytes.
const LINE_BYTES: usize = 1000;

pub(super) const ERROR: &str = "##[error]";
const RUN: &str = "##[group]Run ";

/// Colours and other commands to a terminal.
static ANSI: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])";
    Regex::new(pattern).expect("a valid pattern")
});

/// A line as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// What a step runs: the title of its group.
    Command(String),
    Output(String),
}

/// The text on one line, without what cannot be seen.
pub(super) fn clean(line: &str) -> String {
    let cut = &line[..line.floor_char_boundary(LINE_BYTES)];
    let plain = ANSI.replace_all(cut, "");
    let spaced = plain.replace(['\t', '\r'], " ");
    invisible::without(&spaced).trim_end().to_owned()
}

/// The lines of the failed step, without the echo of its command and environment.
pub(super) fn lines(log: &str, failed: Option<&Step>) -> Vec<Line> {
    let from = log.len().saturating_sub(LOG_BYTES);
    let log = &log[log.ceil_char_boundary(from)..];
    let all: Vec<(Option<DateTime<Utc>>, &str)> = log.lines().map(stamped).collect();
    let part = failed
        .and_then(|step| within(&all, step))
        .unwrap_or_else(|| last_error(&all));
    let part = &part[part.len().saturating_sub(LINES)..];
    let mut lines = Vec::new();
    let mut in_echo = false;
    for (_, line) in part {
        if let Some(command) = line.strip_prefix(RUN) {
            lines.push(Line::Command(clean(command)));
            in_echo = true;
        } else if in_echo && line.starts_with("##[endgroup]") {
            in_echo = false;
        } else if !in_echo {
            lines.push(Line::Output(clean(line)));
        }
    }
    lines
}

/// A line without its timestamp, `2026-11-20T09:14:03.1234567Z `.
fn stamped(line: &str) -> (Option<DateTime<Utc>>, &str) {
    let line = line.trim_start_matches('\u{feff}');
    let Some((stamp, rest)) = line.split_once(' ') else {
        // An empty line is the timestamp alone.
        let is_stamp = line.parse::<DateTime<Utc>>().is_ok();
        return (None, if is_stamp { "" } else { line });
    };
    match stamp.parse() {
        Ok(at) if stamp.ends_with('Z') => (Some(at), rest),
        Ok(_) | Err(_) => (None, line),
    }
}

type Stamped<'a> = (Option<DateTime<Utc>>, &'a str);

/// The lines of the step's time. GitHub gives a step's times in whole seconds.
fn within<'a, 'b>(all: &'b [Stamped<'a>], step: &Step) -> Option<&'b [Stamped<'a>]> {
    let from = step.started_at?;
    let to = step
        .completed_at?
        .checked_add_signed(Duration::seconds(1))?;
    let first = all
        .iter()
        .position(|(at, _)| at.is_some_and(|at| at >= from))?;
    let after = all[first..]
        .iter()
        .position(|(at, _)| at.is_some_and(|at| at >= to));
    let part = &all[first..after.map_or(all.len(), |after| first + after)];
    // Within one second two steps can run.
    let part = match part.iter().rposition(|(_, line)| line.starts_with(ERROR)) {
        Some(_) => last_error(part),
        None => part,
    };
    (!part.is_empty()).then_some(part)
}

/// From the beginning of the step with the last error until that error; all lines when there is none.
fn last_error<'a, 'b>(all: &'b [Stamped<'a>]) -> &'b [Stamped<'a>] {
    let Some(last) = all.iter().rposition(|(_, line)| line.starts_with(ERROR)) else {
        return all;
    };
    let begin = all[..last]
        .iter()
        .rposition(|(_, line)| line.starts_with(RUN));
    // golangci-lint and others write their output after the error's first line.
    let end = all[last + 1..]
        .iter()
        .position(|(_, line)| line.starts_with("##[") || line.starts_with("Post job cleanup."))
        .map_or(all.len(), |end| last + 1 + end);
    &all[begin.unwrap_or(0)..end]
}
