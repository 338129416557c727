//! Applies the table: which rule a log's lines match, and which of those decides.
//!
//! All patterns are tried on a line at once and in linear time (`RegexSet`). The rule that is first in the
//! table decides; its lines are the evidence and the key of the signature.

mod commands;
mod names;
mod table;

pub(super) use commands::Commands;
pub use commands::deploys;
pub(super) use names::{has_one_error, names_each};

use super::log::{self, Line};
use super::{Class, Confidence};
use crate::domain::ci::reports::TestId;
use regex::Regex;
use regex::bytes::{RegexSet, RegexSetBuilder};
use std::borrow::Cow;
use std::sync::LazyLock;
use table::{LOG, RUNNER, Rule};

/// What was found, before it becomes a finding.
#[derive(Debug)]
pub(crate) struct Hit {
    pub class: Class,
    pub confidence: Confidence,
    /// Not yet redacted.
    pub evidence: Vec<String>,
    /// The lines that the signature is made of.
    pub key: Vec<String>,
    pub failed_tests: Vec<TestId>,
}

impl Hit {
    pub(super) fn from_facts(class: Class, confidence: Confidence, said: &[String]) -> Self {
        Self {
            class,
            confidence,
            evidence: said.iter().take(10).map(|text| log::clean(text)).collect(),
            key: Vec::new(),
            failed_tests: Vec::new(),
        }
    }
}

/// Lines before and after the first one that matched.
const BEFORE: usize = 3;
const AFTER: usize = 10;
/// Further lines that matched.
const MORE: usize = 10;

static RUNNER_SET: LazyLock<RegexSet> = LazyLock::new(|| set(RUNNER));
static LOG_SET: LazyLock<RegexSet> = LazyLock::new(|| set(LOG));

/// Without Unicode's classes and word boundaries, which would make lines that are not ASCII slow.
fn set(rules: &[Rule]) -> RegexSet {
    let patterns = rules.iter().map(|rule| rule.pattern);
    let set = RegexSetBuilder::new(patterns).unicode(false).build();
    set.expect("valid patterns")
}

/// What tools put before a line: the runner's mark, Docker's step and seconds, Terraform's frame.
static BEFORE_TEXT: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"^(?:##\[error\]|#[0-9]+ (?:[0-9]+\.[0-9]+ )?|│ )";
    Regex::new(pattern).expect("a valid pattern")
});

/// What the runner itself says, in annotations and in lines that it marks as errors.
pub(super) fn of_runner(annotations: &[String], lines: &[Line]) -> Option<Hit> {
    let marked = lines.iter().filter_map(|line| match line {
        Line::Output(text) if text.starts_with(log::ERROR) => Some(text.clone()),
        Line::Output(_) | Line::Command(_) => None,
    });
    let all: Vec<String> = said(annotations).chain(marked).collect();
    decide(RUNNER, &RUNNER_SET, &all)
}

pub(super) fn of_log(annotations: &[String], lines: &[Line]) -> Option<Hit> {
    let output = lines.iter().filter_map(|line| match line {
        Line::Output(text) => Some(text.clone()),
        Line::Command(_) => None,
    });
    let all: Vec<String> = said(annotations).chain(output).collect();
    decide(LOG, &LOG_SET, &all)
}

/// Annotations as lines; GitHub keeps at most ten of a step.
fn said(annotations: &[String]) -> impl Iterator<Item = String> {
    let lines = annotations.iter().take(50).flat_map(|text| text.lines());
    lines.map(|line| format!("{}{}", log::ERROR, log::clean(line)))
}

fn decide(rules: &[Rule], set: &RegexSet, lines: &[String]) -> Option<Hit> {
    let first = |line: &String| {
        let bare = BEFORE_TEXT.replace(line, "");
        let whole = set.matches(line.as_bytes()).iter().next();
        let stripped = match &bare {
            Cow::Borrowed(_) => None,
            Cow::Owned(bare) => set.matches(bare.as_bytes()).iter().next(),
        };
        whole.into_iter().chain(stripped).min()
    };
    let matched: Vec<(usize, usize)> = lines
        .iter()
        .enumerate()
        .filter_map(|(at, line)| first(line).map(|rule| (rule, at)))
        .collect();
    let (best, first_at) = *matched.iter().min()?;
    let at: Vec<usize> = matched
        .iter()
        .filter(|(rule, _)| *rule == best)
        .map(|(_, at)| *at)
        .collect();
    let Rule {
        class, confidence, ..
    } = rules[best];
    let around = first_at.saturating_sub(BEFORE)..lines.len().min(first_at + AFTER + 1);
    let more = at.iter().filter(|at| !around.contains(at)).take(MORE);
    let evidence = lines[around.clone()]
        .iter()
        .chain(more.map(|at| &lines[*at]));
    // Which runner it was, or how long it took, is not part of what failed.
    let key = match class {
        Class::RunnerLost | Class::Timeout | Class::OutOfMemory => Vec::new(),
        _ => at.iter().take(50).map(|at| lines[*at].clone()).collect(),
    };
    Some(Hit {
        class,
        confidence,
        evidence: evidence.cloned().collect(),
        key,
        failed_tests: Vec::new(),
    })
}
