//! The comment in a pull request: one, made when something failed there, and edited from then on.

use super::super::observation::{Observation, Ran};
use super::issues::{code, link};
use super::record::{Kept, Standing, Subject};
use super::reports::TestId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// So many workflows, and of each so many jobs and tests, are shown.
const WORKFLOWS: usize = 20;
const LISTED: usize = 10;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullComment {
    pub repository: String,
    /// What has one verdict: `#7`, or a fork and its branch.
    pub change: String,
    /// `None` until it is found: webhooks of forks name no pull request.
    pub pull: Option<i64>,
    /// `None` until it is made.
    pub comment: Option<i64>,
    /// By the id of the workflow.
    pub shown: BTreeMap<i64, WorkflowShown>,
    pub changed_at: DateTime<Utc>,
}

/// The newest attempt of a workflow in the pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowShown {
    pub name: String,
    pub number: i64,
    pub attempt: i32,
    pub url: String,
    /// It failed before.
    pub failed: bool,
    /// It failed now.
    pub fails: bool,
    pub tests: u32,
    pub failed_tests: u32,
    pub jobs: Vec<JobShown>,
    pub named: Vec<TestShown>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobShown {
    pub name: String,
    pub class: String,
    pub url: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestShown {
    pub id: String,
    /// The word of its standing.
    pub standing: String,
}

impl PullComment {
    pub(super) fn new(seen: &Observation, now: DateTime<Utc>) -> Self {
        Self {
            repository: seen.repository.clone(),
            change: seen.change.clone(),
            pull: seen.pull,
            comment: None,
            shown: BTreeMap::new(),
            changed_at: now,
        }
    }

    /// It could not be made.
    pub(super) fn unmake(&mut self) {
        self.shown.clear();
    }

    pub fn is_unmade(&self) -> bool {
        self.comment.is_none() && self.shown.is_empty()
    }

    /// Takes in an attempt; whether what is shown changes. An older one changes nothing.
    pub(super) fn takes(
        &mut self,
        seen: &Observation,
        records: &BTreeMap<Subject, Kept>,
        now: DateTime<Utc>,
    ) -> bool {
        let known = self.shown.get(&seen.workflow);
        if known.is_some_and(|known| (known.number, known.attempt) >= (seen.number, seen.attempt))
            || (known.is_none() && self.shown.len() >= WORKFLOWS)
        {
            return false;
        }
        let failed = known.is_some_and(|known| known.failed || known.fails);
        let mut shown = WorkflowShown {
            name: seen.workflow_name.clone(),
            number: seen.number,
            attempt: seen.attempt,
            url: seen.url.clone(),
            failed,
            ..WorkflowShown::default()
        };
        if let Ran::Failed {
            jobs,
            tests,
            ran,
            failed,
            ..
        } = &seen.result
        {
            shown.fails = true;
            (shown.tests, shown.failed_tests) = (*ran, *failed);
            let jobs = jobs.iter().take(LISTED).map(|job| JobShown {
                name: job.name.clone(),
                class: job.class.clone(),
                url: job.url.clone(),
            });
            shown.jobs = jobs.collect();
            let named = tests.iter().filter(|test| !test.flaky).take(LISTED);
            let named = named.map(|test| {
                let record = records.get(&Subject::Test(TestId::from_text(&test.id)));
                let standing = record.map_or(Standing::Healthy, |record| record.standing);
                TestShown {
                    id: test.id.clone(),
                    standing: standing.word().to_owned(),
                }
            });
            shown.named = named.collect();
        }
        self.shown.insert(seen.workflow, shown);
        self.changed_at = now;
        true
    }

    pub fn body(&self) -> String {
        let fails = self.shown.values().any(|shown| shown.fails);
        let mut body = match fails {
            true => "### ❌ CI failed\n".to_owned(),
            false => "### ✅ CI passes again\n".to_owned(),
        };
        let told = self
            .shown
            .values()
            .filter(|shown| shown.fails || shown.failed);
        for shown in told {
            workflow(&mut body, shown);
        }
        body.push_str("\nWardroom edits this comment when CI runs again.\n");
        body
    }
}

fn workflow(body: &mut String, shown: &WorkflowShown) {
    let run = link(&format!("run #{}", shown.number), &shown.url);
    let name = code(&shown.name);
    if !shown.fails {
        let _ = writeln!(body, "\n✅ {name}, {run}: succeeded after it had failed");
        return;
    }
    let jobs = match shown.jobs.len() {
        1 => "1 job failed".to_owned(),
        jobs => format!("{jobs} jobs failed"),
    };
    let tests = match shown.failed_tests {
        0 => String::new(),
        failed => format!(", {failed} of {} tests failed", shown.tests),
    };
    let _ = writeln!(body, "\n❌ {name}, {run}: {jobs}{tests}\n");
    for job in &shown.jobs {
        let class = job.class.replace('_', " ");
        let log = link("log", &job.url);
        let _ = writeln!(body, "- {}: {class} ({log})", code(&job.name));
    }
    for test in &shown.named {
        let standing = match Standing::of_word(&test.standing) {
            Some(Standing::Flaky { .. }) => "known to be flaky",
            Some(Standing::Broken) => "fails on the default branch too",
            Some(Standing::Healthy) | None => "not known to be flaky",
        };
        let _ = writeln!(body, "- {}: {standing}", code(&test.id));
    }
    let left = u32::try_from(shown.named.len()).unwrap_or(u32::MAX);
    let left = shown.failed_tests.saturating_sub(left);
    if left > 0 && !shown.named.is_empty() {
        let _ = writeln!(body, "- … and {left} more tests");
    }
}
