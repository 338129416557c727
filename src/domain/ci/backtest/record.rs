//! The records of tests and jobs, as `store/ci/record.rs` keeps them in the database.

use super::super::observed::judged;
use super::super::record::{Kept, OF_WORKFLOW, Subject, Thresholds};
use super::super::reports::TestId;
use super::super::{Line, RecordFacts, Seen, seen};
use super::ends::Ends;
use crate::domain::observation::{Observation, Ran};
use chrono::{DateTime, Utc};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Records {
    thresholds: Thresholds,
    /// By repository.
    records: BTreeMap<String, BTreeMap<Subject, Kept>>,
    /// By repository and workflow.
    ends: BTreeMap<(String, i64), Ends>,
}

impl Records {
    pub(super) fn new(thresholds: &Thresholds) -> Self {
        Self {
            thresholds: thresholds.clone(),
            records: BTreeMap::new(),
            ends: BTreeMap::new(),
        }
    }

    pub(super) fn ended(&mut self, seen: &Seen) {
        let run = &seen.run;
        let key = (run.line.repository.clone(), run.line.workflow);
        let ends = self.ends.entry(key).or_default();
        ends.ended(run, self.thresholds.window);
    }

    /// The tests and the failures of jobs that are known to be flaky.
    pub(super) fn known_flaky(&self, repository: &str) -> BTreeSet<Subject> {
        let flaky = self.last_failed(repository, |_, kept| kept.standing.is_flaky());
        flaky.map(|(subject, _)| subject.clone()).collect()
    }

    pub(super) fn tests(&self, line: &Line) -> Vec<String> {
        let own = self.last_failed(&line.repository, |subject, kept| {
            test(subject).is_some() && kept.last.workflow == line.workflow
        });
        let tests = own.filter_map(|(subject, _)| test(subject));
        tests.map(|test| test.as_str().to_owned()).collect()
    }

    /// Of the records of a repository that these are, those that failed last.
    fn last_failed(
        &self,
        repository: &str,
        is: impl Fn(&Subject, &Kept) -> bool,
    ) -> impl Iterator<Item = (&Subject, &Kept)> {
        let records = self.records.get(repository).into_iter().flatten();
        let mut records: Vec<_> = records
            .filter(|(subject, kept)| is(subject, kept))
            .collect();
        records.sort_by_key(|(_, kept)| Reverse(kept.last.at));
        records.into_iter().take(OF_WORKFLOW.into())
    }

    /// Takes in an attempt of a person; gives the tests that are flaky since then.
    pub(super) fn observe(&mut self, seen: &Observation, now: DateTime<Utc>) -> Vec<TestId> {
        let repository = seen.repository.as_str();
        let known: BTreeMap<Subject, Kept> = match &seen.result {
            Ran::Green => {
                let own =
                    self.last_failed(repository, |_, kept| kept.last.workflow == seen.workflow);
                own.map(|(subject, kept)| (subject.clone(), kept.clone()))
                    .collect()
            }
            Ran::Failed { .. } => {
                let records = self.records.get(repository);
                let named = seen::subjects(seen).into_iter();
                let kept = |subject: &Subject| records?.get(subject).cloned();
                named
                    .filter_map(|subject| Some((subject.clone(), kept(&subject)?)))
                    .collect()
            }
        };
        if known.is_empty() && seen.result == Ran::Green {
            return Vec::new();
        }
        let ends = self.ends.get(&(seen.repository.clone(), seen.workflow));
        let facts = RecordFacts {
            records: known,
            changes: ends.map(Ends::changes).unwrap_or_default(),
            passed_before: ends.is_some_and(|ends| ends.has_passed(&seen.trigger, &seen.tree)),
            ..RecordFacts::default()
        };
        let records = self.records.entry(seen.repository.clone()).or_default();
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

fn test(subject: &Subject) -> Option<TestId> {
    match subject {
        Subject::Test(id) => Some(id.clone()),
        Subject::Job(_) => None,
    }
}
