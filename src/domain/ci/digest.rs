//! The summary of a week for each channel that is told of failures.
//!
//! An attempt that failed counts in the week in which its end was received. It is *excused* when each of its failed
//! jobs failed because of the infrastructure or of known flaky tests; what is said to be lost, and which pull requests
//! are said to be hit, is about those only, because a failure that finds a mistake is no loss.

use super::record::{Kept, Subject};
use super::watched;
use crate::domain::area::Context;
use crate::domain::ids::ChannelId;
use crate::domain::rules::Rules;
use chrono::{DateTime, Duration, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// One that could not be posted in time is not posted later than this.
const LATE: Duration = Duration::days(1);
/// So many tests are named, and so many workflows that got worse.
const NAMED: usize = 5;
/// A workflow got worse when so many more of its runs failed than in the week before.
const WORSE: i64 = 3;

/// A week, from its begin until before its end, and when the week before it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Week {
    pub before: DateTime<Utc>,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

/// What is known of a week.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    pub week: Week,
    pub now: Vec<OfWorkflow>,
    /// Of the week before.
    pub before: Vec<OfWorkflow>,
    pub of_repositories: Vec<OfRepository>,
    /// Of the tests that are flaky.
    pub records: Vec<Kept>,
}

/// The runs of a workflow that failed in a week.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfWorkflow {
    pub repository: String,
    pub workflow: i64,
    /// GitHub's text.
    pub name: String,
    /// It had runs before the week.
    pub is_old: bool,
    pub runs: i64,
    /// Attempts that are excused, and how long they took.
    pub excused: i64,
    pub lost_seconds: i64,
    /// The attempts that followed, of all runs.
    pub reruns: i64,
    /// Runs that a re-run by Wardroom healed, and those that were given up.
    pub healed: i64,
    pub given_up: i64,
    /// The pull requests of excused attempts, as a change is named.
    pub pulls: Vec<String>,
}

/// What was done in a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfRepository {
    pub repository: String,
    /// Re-runs that Wardroom decided and GitHub began.
    pub reruns: i64,
    pub issues_opened: i64,
    pub issues_closed: i64,
}

/// What a channel is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    pub week: Week,
    /// Those with failed runs.
    pub repositories: BTreeSet<String>,
    pub runs: i64,
    /// Of the week before; `None`: none of the workflows is so old.
    pub runs_before: Option<i64>,
    pub excused: i64,
    pub lost: Duration,
    /// Each by its repository and its name as a change.
    pub pulls: BTreeSet<(String, String)>,
    /// By Wardroom and by people.
    pub reruns: i64,
    pub own_reruns: i64,
    pub healed: i64,
    pub given_up: i64,
    pub issues_opened: i64,
    pub issues_closed: i64,
    pub tests: Vec<HitTest>,
    pub worse: Vec<Worse>,
}

/// A flaky test that hit pull requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HitTest {
    pub repository: String,
    /// GitHub's text.
    pub name: String,
    pub pulls: usize,
    /// It became flaky in this week.
    pub is_new: bool,
}

/// A workflow of which more runs failed than in the week before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worse {
    pub repository: String,
    /// GitHub's text.
    pub workflow: String,
    pub runs: i64,
    pub before: i64,
}

/// The week that ended last, unless that is too long ago.
pub(super) fn due(context: &Context<'_>) -> Option<Week> {
    let [until, from, before] = context.rules.github.digest.as_ref()?.last(context.now)?;
    let week = Week {
        before,
        from,
        until,
    };
    (context.now - until <= LATE).then_some(week)
}

impl Known {
    /// What each channel is told: those that are told of failures in the repositories, and only of theirs.
    pub(super) fn by_channel(&self, rules: &Rules) -> BTreeMap<ChannelId, Digest> {
        let mut digests: BTreeMap<ChannelId, Digest> = BTreeMap::new();
        for row in &self.now {
            for channel in channels(rules, &row.repository) {
                let digest = digests.entry(channel);
                let digest = digest.or_insert_with(|| Digest::of(&self.week));
                digest.add(row, self.runs_before(row));
            }
        }
        let mut told = |repository: &str, add: &dyn Fn(&mut Digest)| {
            for channel in channels(rules, repository) {
                digests.get_mut(&channel).into_iter().for_each(add);
            }
        };
        for row in &self.before {
            told(&row.repository, &|digest| {
                digest.runs_before = digest.runs_before.map(|before| before + row.runs);
            });
        }
        for row in &self.of_repositories {
            told(&row.repository, &|digest| {
                digest.own_reruns += row.reruns;
                digest.issues_opened += row.issues_opened;
                digest.issues_closed += row.issues_closed;
            });
        }
        for test in self.tests() {
            told(&test.repository, &|digest| digest.tests.push(test.clone()));
        }
        for digest in digests.values_mut() {
            digest.sort();
        }
        digests
    }

    fn runs_before(&self, row: &OfWorkflow) -> i64 {
        let is_it =
            |one: &&OfWorkflow| (&one.repository, one.workflow) == (&row.repository, row.workflow);
        let found = self.before.iter().find(is_it);
        found.map_or(0, |one| one.runs)
    }

    fn tests(&self) -> Vec<HitTest> {
        let Week { from, until, .. } = self.week;
        let within = |at: DateTime<Utc>| from <= at && at < until;
        let tests = self.records.iter().filter_map(|kept| {
            let Subject::Test(name) = &kept.subject else {
                return None;
            };
            let pulls: BTreeSet<i64> = kept.pulls(within).collect();
            (!pulls.is_empty()).then(|| HitTest {
                repository: kept.repository.clone(),
                name: name.to_string(),
                pulls: pulls.len(),
                is_new: kept.record.flaky_since.is_some_and(within),
            })
        });
        tests.collect()
    }
}

fn channels(rules: &Rules, repository: &str) -> Vec<ChannelId> {
    match watched::is_watched(rules, repository) {
        true => watched::channels(rules, repository),
        false => Vec::new(),
    }
}

impl Digest {
    fn of(week: &Week) -> Self {
        Self {
            week: week.clone(),
            repositories: BTreeSet::new(),
            runs: 0,
            runs_before: None,
            excused: 0,
            lost: Duration::zero(),
            pulls: BTreeSet::new(),
            reruns: 0,
            own_reruns: 0,
            healed: 0,
            given_up: 0,
            issues_opened: 0,
            issues_closed: 0,
            tests: Vec::new(),
            worse: Vec::new(),
        }
    }

    fn add(&mut self, row: &OfWorkflow, before: i64) {
        self.repositories.insert(row.repository.clone());
        self.runs += row.runs;
        self.excused += row.excused;
        self.lost += Duration::try_seconds(row.lost_seconds).unwrap_or_default();
        self.reruns += row.reruns;
        self.healed += row.healed;
        self.given_up += row.given_up;
        let pulls = row.pulls.iter();
        let pulls = pulls.map(|change| (row.repository.clone(), change.clone()));
        self.pulls.extend(pulls);
        if row.is_old {
            self.runs_before.get_or_insert(0);
        }
        if row.is_old && row.runs >= before + WORSE {
            self.worse.push(Worse {
                repository: row.repository.clone(),
                workflow: row.name.clone(),
                runs: row.runs,
                before,
            });
        }
    }

    /// The worst first, and no more than are named.
    fn sort(&mut self) {
        let more = |one: &Worse| one.runs - one.before;
        self.worse.sort_by_key(|one| std::cmp::Reverse(more(one)));
        self.worse.truncate(NAMED);
        let tests = &mut self.tests;
        tests.sort_by(|a, b| b.pulls.cmp(&a.pulls).then_with(|| a.name.cmp(&b.name)));
        tests.truncate(NAMED);
    }

    /// Re-runs that Wardroom did not decide.
    pub fn other_reruns(&self) -> i64 {
        (self.reruns - self.own_reruns).max(0)
    }
}
