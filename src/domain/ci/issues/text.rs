//! An issue's title and body.

use super::markdown::{code, fenced, link, one_line};
use super::{Issue, State};
use crate::domain::ci::record::{Kept, Standing, Subject, Thresholds};
use chrono::{DateTime, Utc};
use std::fmt::Write as _;

/// So many changes of the history, and so many tests, are listed.
const LISTED: usize = 20;
/// So many pull requests are named.
const PULLS: usize = 30;

pub fn title(issue: &Issue) -> String {
    match issue.subjects.as_slice() {
        [Subject::Test(id)] => format!("Flaky test: {}", one_line(id.as_str())),
        [Subject::Job(_)] => {
            let about = &issue.about;
            let class = about.class.replace('_', " ");
            let (workflow, job) = (one_line(&about.workflow), one_line(&about.job));
            format!("CI fails: {workflow} / {job} ({class})")
        }
        many => format!(
            "{} flaky tests in {}",
            many.len(),
            one_line(&issue.about.workflow)
        ),
    }
}

/// `records` are those of the issue's subjects that are left.
pub fn body(
    issue: &Issue,
    records: &[Kept],
    now: DateTime<Utc>,
    thresholds: &Thresholds,
) -> String {
    let mut body = String::new();
    match (issue.subjects.as_slice(), records) {
        ([subject], [record]) => one(&mut body, issue, subject, Some(record), now, thresholds),
        ([subject], _) => one(&mut body, issue, subject, None, now, thresholds),
        (subjects, _) => many(&mut body, subjects, records, now, thresholds),
    }
    let days = thresholds.clean_for.num_days();
    let left_to_people = records.iter().any(|record| {
        let left_to_people = true;
        record.standing == Standing::Flaky { left_to_people }
    });
    body.push_str("\n---\n");
    let end = match issue.state {
        _ if left_to_people => {
            "It was healthy again and failed again too often, so Wardroom leaves this issue to you and doesn't \
             close it. Close it when the cause is repaired.\n"
                .to_owned()
        }
        State::Closed => format!("Closed: no failure for {days} days. A new failure opens it again.\n"),
        State::Open | State::ClosedByPerson | State::Refused => format!(
            "Wardroom closes this issue after {days} days without a failure and opens it again when one comes. \
             Closing it says that the cause is repaired: earlier failures don't count any more.\n"
        ),
    };
    body.push_str(&end);
    body
}

fn one(
    body: &mut String,
    issue: &Issue,
    subject: &Subject,
    record: Option<&Kept>,
    now: DateTime<Utc>,
    thresholds: &Thresholds,
) {
    let about = &issue.about;
    let standing = record.map(|record| record.standing);
    let sentence = match (subject, standing) {
        (Subject::Test(id), Some(Standing::Broken)) => {
            format!(
                "{} fails again and again on the default branch.",
                code(id.as_str())
            )
        }
        (Subject::Test(id), _) => {
            format!("{} failed and passed on the same code.", code(id.as_str()))
        }
        (Subject::Job(_), _) => {
            let (job, workflow) = (code(&about.job), code(&about.workflow));
            let class = about.class.replace('_', " ");
            format!("{job} of {workflow} fails in the same way: {class}.")
        }
    };
    let _ = writeln!(body, "{sentence}\n");
    let Some(record) = record else {
        let run = link(&format!("run #{}", about.number), &about.url);
        let _ = writeln!(body, "- Last failure: {}, {run}", day(issue.quiet_since));
        evidence(body, &about.evidence);
        return;
    };
    let last = &record.last;
    if matches!(subject, Subject::Test(_)) {
        let _ = writeln!(body, "- Workflow: {}", code(&last.workflow_name));
    }
    let state = &record.record;
    let since = state.marks.first().map(|mark| mark.at);
    if let Some(since) = state.flaky_since.or(since) {
        let _ = writeln!(body, "- Since: {}", day(since));
    }
    let run = link(&format!("run #{}", last.number), &last.url);
    let _ = writeln!(body, "- Last failure: {}, {run}", day(last.at));
    let history = record.history(now, thresholds);
    let _ = writeln!(body, "- History: {}", history.words());
    let pulls: Vec<String> = record
        .pulls(|_| true)
        .map(|number| format!("#{number}"))
        .collect();
    if !pulls.is_empty() {
        let shown = pulls[..pulls.len().min(PULLS)].join(", ");
        let _ = writeln!(body, "- Pull requests hit: {} ({shown})", pulls.len());
    }
    evidence(body, &last.evidence);
    let marks: Vec<_> = state.marks.iter().rev().take(LISTED).collect();
    if !marks.is_empty() {
        body.push_str("\n<details><summary>Changes that it failed in</summary>\n\n");
        for mark in marks {
            let how = match mark.is_flaky {
                true => "failed and passed",
                false => "failed",
            };
            let _ = writeln!(body, "- {}: {how} in {}", day(mark.at), code(&mark.change));
        }
        body.push_str("\n</details>\n");
    }
}

fn many(
    body: &mut String,
    subjects: &[Subject],
    records: &[Kept],
    now: DateTime<Utc>,
    thresholds: &Thresholds,
) {
    body.push_str("These tests became flaky at the same time, so there may be one cause.\n\n");
    for subject in subjects.iter().take(5 * LISTED) {
        let name = match subject {
            Subject::Test(id) => code(id.as_str()),
            Subject::Job(signature) => code(signature.as_str()),
        };
        let record = records.iter().find(|record| record.subject == *subject);
        let history = record.map(|record| record.history(now, thresholds).words());
        let history = history.unwrap_or_else(|| "no failure any more".to_owned());
        let _ = writeln!(body, "- {name}: {history}");
    }
    if let Some(left) = subjects
        .len()
        .checked_sub(5 * LISTED)
        .filter(|left| *left > 0)
    {
        let _ = writeln!(body, "- … and {left} more");
    }
}

fn evidence(body: &mut String, evidence: &str) {
    if !evidence.trim().is_empty() {
        let _ = writeln!(body, "\n{}", fenced(evidence));
    }
}

fn day(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y %H:%M UTC").to_string()
}
