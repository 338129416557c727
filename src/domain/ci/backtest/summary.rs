//! The figures at the end.

use super::super::findings::Class;
use super::{Next, Verdict};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default, Serialize)]
pub struct Summary {
    pub attempts: usize,
    pub failed_attempts: usize,
    pub failed_runs: usize,
    /// Runs that failed, by class; one in which jobs failed for two reasons counts twice.
    pub by_class: BTreeMap<&'static str, usize>,
    pub reruns: usize,
    /// Of the re-runs that would have been: those that a person or a tool actually made, and that passed.
    pub reruns_that_passed: usize,
    pub reruns_that_failed: usize,
    pub reruns_not_ended: usize,
    pub reruns_not_made: usize,
    /// Attempts that would not have been repeated, and of which an actual re-run passed.
    pub passed_without: usize,
    /// Attempts that would not have been repeated, by reason; one with two reasons counts twice.
    pub prevented: BTreeMap<&'static str, usize>,
    /// Issues of playbooks, one for each failure, and of flaky tests.
    pub issues: usize,
    pub incidents: usize,
    pub flaky_tests: usize,
    pub expired_logs: usize,
    #[serde(skip)]
    runs: BTreeSet<(String, i64)>,
    #[serde(skip)]
    classes: BTreeSet<(Class, String, i64)>,
    #[serde(skip)]
    subjects: BTreeSet<(String, String)>,
}

impl Summary {
    pub(super) fn add(&mut self, verdict: &Verdict) {
        self.flaky_tests += verdict.flaky.len();
        self.issues += verdict.flaky_issues;
        if verdict.found.is_empty() {
            return;
        }
        let (repository, run) = (&verdict.repository, verdict.run);
        self.failed_attempts += 1;
        self.expired_logs += verdict.expired_logs;
        self.incidents += verdict.incidents;
        self.failed_runs += usize::from(self.runs.insert((repository.clone(), run)));
        for one in &verdict.found {
            if self.classes.insert((one.class, repository.clone(), run)) {
                *self.by_class.entry(one.class.as_str()).or_default() += 1;
            }
        }
        for signature in &verdict.issues {
            let subject = (repository.clone(), signature.clone());
            self.issues += usize::from(self.subjects.insert(subject));
        }
        let has_passed = verdict.actual.as_ref().map(Next::has_passed);
        if verdict.rerun {
            self.reruns += 1;
            match has_passed {
                Some(Some(true)) => self.reruns_that_passed += 1,
                Some(Some(false)) => self.reruns_that_failed += 1,
                Some(None) => self.reruns_not_ended += 1,
                None => self.reruns_not_made += 1,
            }
            return;
        }
        self.passed_without += usize::from(has_passed == Some(Some(true)));
        let words: BTreeSet<&'static str> = verdict.prevented.iter().copied().collect();
        for word in words {
            *self.prevented.entry(word).or_default() += 1;
        }
    }

    /// As lines of plain text.
    pub fn lines(&self) -> Vec<String> {
        let by = |counts: &BTreeMap<&'static str, usize>| {
            let mut counts: Vec<_> = counts.iter().collect();
            counts.sort_by_key(|(word, count)| (std::cmp::Reverse(**count), **word));
            let counts = counts.iter().map(|(word, count)| format!("{word} {count}"));
            counts.collect::<Vec<_>>().join(", ")
        };
        let mut lines = vec![format!(
            "{} attempts ended; {} of {} runs failed",
            self.attempts, self.failed_attempts, self.failed_runs
        )];
        if self.failed_attempts == 0 {
            return lines;
        }
        lines.push(format!(
            "runs that failed, by class: {}",
            by(&self.by_class)
        ));
        lines.push(format!(
            "would have been re-run: {}; actually re-run and passed {}, re-run and did not pass {}, re-run and not ended {}, not re-run {}",
            self.reruns,
            self.reruns_that_passed,
            self.reruns_that_failed,
            self.reruns_not_ended,
            self.reruns_not_made
        ));
        if !self.prevented.is_empty() {
            lines.push(format!("not re-run, by reason: {}", by(&self.prevented)));
        }
        lines.push(format!(
            "would not have been re-run, and passed on an actual re-run: {}",
            self.passed_without
        ));
        lines.push(format!(
            "issues: {}; incidents: {}; tests that became flaky: {}",
            self.issues, self.incidents, self.flaky_tests
        ));
        if self.expired_logs > 0 {
            let logs = self.expired_logs;
            lines.push(format!("logs that GitHub no longer has: {logs}"));
        }
        lines
    }
}
