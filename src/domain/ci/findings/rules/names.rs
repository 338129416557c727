//! Whether the output of a step names each test that failed, and shows no other cause.
//!
//! The record may excuse only such a failure, so whatever else matches a rule, or looks like an error, refuses it. A tool
//! is listed when its line identifies a test in the whole repository: Go, for one, prints a test without its package.

use super::super::log::{self, Line};
use super::super::signature::{LINES, is_exact};
use super::{BEFORE_TEXT, LOG_SET, RUNNER_SET, said};
use regex::{Regex, RegexSet};
use std::sync::LazyLock;

struct Tool {
    /// A failed test; the first group is its name.
    names: Regex,
    /// What else the tool prints when only these tests failed.
    says: RegexSet,
}

static TOOLS: LazyLock<[Tool; 3]> = LazyLock::new(|| {
    [
        tool(
            r"^test ((?:[0-9A-Za-z_]+::)+[0-9A-Za-z_]+) \.\.\. FAILED$",
            &[
                r"^test result: FAILED\. ",
                r"^error: (?:test|doctest) failed",
                r"^##\[error\]Process completed with exit code 101\.$",
            ],
        ),
        tool(
            r"^ *FAIL \[[ >]*[0-9.]+s\] ([^ ]+ [^ ]+)$",
            &[
                r"^error: test run failed$",
                r"^##\[error\]Process completed with exit code 100\.$",
            ],
        ),
        tool(
            r"^FAILED ([^ ]+\.py::[^ ]+)(?: - .*)?$",
            &[
                r"^=+ (?:[0-9]+ (?:failed|passed|skipped|deselected|xfailed|xpassed|warnings?),? )+in [0-9.]+s",
                r"^E +[0-9A-Za-z_.]*Assertion(?:Failed)?Error(?-u:\b)",
                r"^##\[error\]Process completed with exit code 1\.$",
            ],
        ),
    ]
});

fn tool(names: &str, says: &[&str]) -> Tool {
    Tool {
        names: Regex::new(names).expect("a valid pattern"),
        says: RegexSet::new(says).expect("valid patterns"),
    }
}

/// An error, also of a tool that the table does not know.
static ERROR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i-u)^ *(?:##\[error\]|(?:fatal )?error\b|fatal\b|panic:)")
        .expect("a valid pattern")
});

/// `key` holds the lines of the rule that decided.
pub(crate) fn names_each(annotations: &[String], lines: &[Line], key: &[String]) -> bool {
    let output = lines.iter().filter_map(|line| match line {
        Line::Output(text) => Some(text.clone()),
        Line::Command(_) => None,
    });
    let bad: Vec<String> = said(annotations)
        .filter(|line| is_matched(line))
        .chain(output.filter(|line| is_matched(line) || ERROR.is_match(line)))
        .collect();
    let is_of = |tool: &Tool| {
        let named = |line: &String| {
            let found = tool.names.captures(line);
            found.is_some_and(|found| is_exact(&found[1]))
        };
        let of_tool = |line: &String| tool.names.is_match(line) || tool.says.is_match(line);
        key.iter().all(named) && bad.iter().all(of_tool)
    };
    (1..=LINES).contains(&key.len()) && TOOLS.iter().any(is_of)
}

/// Whether any rule matches.
fn is_matched(line: &str) -> bool {
    let bare = BEFORE_TEXT.replace(line, "");
    [line, &*bare]
        .iter()
        .any(|text| LOG_SET.is_match(text.as_bytes()) || RUNNER_SET.is_match(text.as_bytes()))
}

/// Whether the runner marks one error at most: an action of several commands is one step, and its failed one may be another.
pub(crate) fn has_one_error(log: &str) -> bool {
    log.matches(log::ERROR).count() <= 1
}
