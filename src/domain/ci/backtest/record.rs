//! The records of tests and jobs, as `store/ci/record.rs` keeps them in the database.

use super::super::observed::judged;
use super::super::record::{Kept, Subject, Thresholds};
use super::super::reports::TestId;
use super::super::{Conclusion, Line, RecordFacts, Seen, Status, seen};
use crate::domain::observation::{Observation, Ran};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Records {
    thresholds: Thresholds,
    /// By repository.
    records: BTreeMap<String, BTreeMap<Subject, Kept>>,
    /// By repository and workflow, of the window.
    ended: BTreeMap<(String, i64), Vec<Ended>>,
}

/// An attempt that ended, for the verdicts of its workflow.
struct Ended {
    at: DateTime<Utc>,
    /// `None`: a bot's.
    change: Option<String>,
    /// The trigger and the tree of a green one.
    passed: Option<(String, String)>,
}

impl Records {
    pub(super) fn new(thresholds: &Thresholds) -> Self {
        Self {
            thresholds: thresholds.clone(),
            records: BTreeMap::new(),
            ended: BTreeMap::new(),
        }
    }

    pub(super) fn ended(&mut self, seen: &Seen) {
        let run = &seen.run;
        let Status::Completed(conclusion) = &run.status else {
            return;
        };
        let is_green = *conclusion == Conclusion::Success;
        if !is_green && !conclusion.is_failure() {
            return;
        }
        let key = (run.line.repository.clone(), run.line.workflow);
        let ended = self.ended.entry(key).or_default();
        let oldest = run.updated_at - self.thresholds.window;
        let past = ended.partition_point(|one| one.at <= oldest);
        ended.drain(..past);
        let code = &run.code;
        let tree = || code.tree.clone().unwrap_or_else(|| run.sha.clone());
        ended.push(Ended {
            at: run.updated_at,
            change: (!code.by_bot).then(|| code.change.clone()),
            passed: is_green.then(|| (run.trigger.clone(), tree())),
        });
    }

    /// The tests and the failures of jobs that are known to be flaky.
    pub(super) fn known_flaky(&self, repository: &str) -> BTreeSet<Subject> {
        let records = self.records.get(repository).into_iter().flatten();
        let flaky = records.filter(|(_, kept)| kept.standing.is_flaky());
        flaky.map(|(subject, _)| subject.clone()).collect()
    }

    pub(super) fn tests(&self, line: &Line) -> Vec<String> {
        let records = self.records.get(&line.repository).into_iter().flatten();
        let own = records.filter(|(_, kept)| kept.last.workflow == line.workflow);
        let tests = own.filter_map(|(subject, _)| test(subject));
        tests.map(|test| test.as_str().to_owned()).collect()
    }

    /// Takes in an attempt of a person; gives the tests that are flaky since then.
    pub(super) fn observe(&mut self, seen: &Observation, now: DateTime<Utc>) -> Vec<TestId> {
        let records = self.records.entry(seen.repository.clone()).or_default();
        let known: BTreeMap<Subject, Kept> = match &seen.result {
            Ran::Green => {
                let own = records.iter();
                let own = own.filter(|(_, kept)| kept.last.workflow == seen.workflow);
                own.map(|(subject, kept)| (subject.clone(), kept.clone()))
                    .collect()
            }
            Ran::Failed { .. } => {
                let named = seen::subjects(seen).into_iter();
                named
                    .filter_map(|subject| Some((subject.clone(), records.get(&subject)?.clone())))
                    .collect()
            }
        };
        if known.is_empty() && seen.result == Ran::Green {
            return Vec::new();
        }
        let ended = self.ended.get(&(seen.repository.clone(), seen.workflow));
        let ended = ended.map(Vec::as_slice).unwrap_or_default();
        let facts = RecordFacts {
            records: known,
            changes: changes(ended),
            passed_before: ended.iter().any(|one| {
                let passed = one.passed.as_ref();
                passed.is_some_and(|(trigger, tree)| *trigger == seen.trigger && *tree == seen.tree)
            }),
            ..RecordFacts::default()
        };
        let mut flaky = Vec::new();
        for one in judged(seen, &facts, &self.thresholds, now) {
            let record = one.record;
            if record.standing.is_flaky() && !one.was_flaky {
                flaky.extend(test(&record.subject));
            }
            match record.keep_until(now) {
                Some(_) => records.insert(record.subject.clone(), record),
                None => records.remove(&record.subject),
            };
        }
        flaky
    }
}

/// The first time of each change, in order.
fn changes(ended: &[Ended]) -> Vec<DateTime<Utc>> {
    let mut first: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
    for one in ended {
        if let Some(change) = &one.change {
            first.entry(change).or_insert(one.at);
        }
    }
    let mut first: Vec<DateTime<Utc>> = first.into_values().collect();
    first.sort_unstable();
    first
}

fn test(subject: &Subject) -> Option<TestId> {
    match subject {
        Subject::Test(id) => Some(id.clone()),
        Subject::Job(_) => None,
    }
}
