//! What would have been found and done about runs that ended long ago, for `wardroom github plan`.
//!
//! [`Backtest`] takes the attempts of a period in the order of their ends. It decides with the functions that
//! decide live (`why::found`, `observed::judged`, `playbook::decide`), and keeps in memory what the store keeps
//! for them: earlier repairs for budgets and cool-downs, findings for outages and recurrences, records of tests.
//! It begins with nothing, as on the first day. What people ignored and the quota of that time are not known.

mod attempt;
mod ends;
mod past;
mod record;
mod summary;
#[cfg(test)]
mod tests;

pub use attempt::{Attempt, Next, Verdict};
pub use summary::Summary;

use super::own_rules::{self, OwnFile};
use super::playbook::{self, Plan};
use super::repair_plan::rows;
use super::repair_words::progress;
use super::reports::TestId;
use super::{
    Circumstances, Conclusion, Inspection, JobFinding, Line, Run, Seen, Status, seen, watched, why,
};
use crate::domain::healing::{Healing, HeldBack};
use crate::domain::rules::{Github, Rules};
use chrono::{DateTime, Utc};
use past::Past;
use record::Records;
use std::collections::{BTreeMap, BTreeSet};

pub struct Backtest {
    healing: Healing,
    /// When each run of a line began, and its number; in order.
    begun: BTreeMap<Line, Vec<(DateTime<Utc>, i64)>>,
    /// The numbers of a line's runs whose last attempt succeeded.
    green: BTreeMap<Line, BTreeSet<i64>>,
    own: BTreeMap<String, OwnFile>,
    past: Past,
    records: Records,
    summary: Summary,
}

/// Whether the history of a repository, `owner/name`, is of interest.
pub fn is_watched(rules: &Rules, repository: &str) -> bool {
    watched::is_watched(rules, repository)
}

impl Backtest {
    /// Puts the attempts in the order of their ends, without those that have not ended. Nothing is written in any case, so each step only says
    /// what would have been done, also while self-healing is turned off.
    pub fn new(github: &Github, attempts: &mut Vec<Attempt>) -> Self {
        attempts.sort_by_key(|attempt| {
            let run = &attempt.seen.run;
            (run.updated_at, run.id, run.place.attempt)
        });
        let mut begun: BTreeMap<Line, Vec<(DateTime<Utc>, i64)>> = BTreeMap::new();
        for attempt in attempts.iter() {
            let run = &attempt.seen.run;
            let line = begun.entry(run.line.clone()).or_default();
            line.push((run.started_at, run.place.number));
        }
        for line in begun.values_mut() {
            line.sort_unstable();
            // The newest that had begun at a time.
            let mut newest = 0;
            for (_, number) in line {
                newest = newest.max(*number);
                *number = newest;
            }
        }
        attempts.retain(Attempt::has_ended);
        let healing = Healing {
            enabled: true,
            dry_run: true,
            ..github.healing.clone()
        };
        Self {
            records: Records::new(&healing.flaky),
            healing,
            begun,
            green: BTreeMap::new(),
            own: BTreeMap::new(),
            past: Past::default(),
            summary: Summary::default(),
        }
    }

    /// The repository's own file, as it is now.
    pub fn set_own_file(&mut self, repository: &str, own: OwnFile) {
        self.own.insert(repository.to_owned(), own);
    }

    /// The inspection of an attempt that failed; `None`: it is not inspected.
    pub fn inspection(seen: &Seen) -> Option<Inspection> {
        let run = &seen.run;
        if !run.is_told() || !run.has_failed() {
            return None;
        }
        let on_default_branch = seen.is_on_default_branch();
        let mut inspection = Inspection::begun(run, on_default_branch, None, run.updated_at);
        if run.status == Status::Completed(Conclusion::StartupFailure) {
            // It has no jobs.
            inspection.pending.clear();
        }
        Some(inspection)
    }

    /// The tests whose passing is of interest in a report of this workflow.
    pub fn recorded(&self, line: &Line) -> Vec<String> {
        self.records.tests(line)
    }

    /// An attempt ended that is not inspected.
    pub fn ended(&mut self, attempt: &Attempt) -> Option<Verdict> {
        let seen = &attempt.seen;
        self.summary.attempts += 1;
        self.run_ended(seen);
        if !seen::may_be_green(seen) {
            return None;
        }
        let green = seen::green(seen);
        let flaky = self.records.observe(&green, seen.run.updated_at);
        let flaky = self.with_issues(&green.repository, flaky);
        let verdict = Verdict::of_green(attempt, flaky)?;
        self.summary.add(&verdict);
        Some(verdict)
    }

    /// An attempt failed, and what could be read of it is in its inspection. `expired` is how many of its
    /// logs GitHub no longer has.
    pub fn failed(
        &mut self,
        attempt: &Attempt,
        inspection: &Inspection,
        expired: usize,
    ) -> Verdict {
        let run = &inspection.run;
        let now = run.updated_at;
        let repository = run.line.repository.as_str();
        self.summary.attempts += 1;
        self.run_ended(&attempt.seen);
        let known_flaky = self.records.known_flaky(repository);
        let findings = why::found(inspection, &known_flaky, now);
        self.past.found(&findings, now);
        let observation = seen::inspected(inspection, &findings);
        let flaky = match run.code.by_bot {
            true => Vec::new(),
            false => self.records.observe(&observation, now),
        };
        let flaky = self.with_issues(repository, flaky);
        let verdict = match self.passed_since(run) {
            true => Verdict::of_passed_line(attempt, &findings, flaky, expired),
            false => {
                let (plan, lines) = self.decided(inspection, findings.clone(), now);
                Verdict::of_failure(attempt, &findings, &plan, &lines, flaky, expired)
            }
        };
        self.summary.add(&verdict);
        verdict
    }

    /// What would be done, and the words of the message.
    fn decided(
        &mut self,
        inspection: &Inspection,
        findings: Vec<JobFinding>,
        now: DateTime<Utc>,
    ) -> (Plan, Vec<String>) {
        let run = &inspection.run;
        let own = self.own.get(&run.line.repository);
        let known = Circumstances {
            superseded_by: self.superseded_by(inspection),
            ..self.past.circumstances(inspection, findings, now)
        };
        // What is left of the quota today says nothing of that time.
        let without_quota = Inspection {
            quota_left: None,
            ..inspection.clone()
        };
        let situation = known.situation(&without_quota, own, &[], now);
        let plan = playbook::decide(&situation, &self.healing);
        let steps = rows(&plan, inspection, now);
        let wrong = own.and_then(OwnFile::wrong);
        let told = progress(run.place, &steps, wrong);
        let mut lines: Vec<String> = told.lines.iter().map(|line| line.to_plain()).collect();
        lines.extend(inspection.unread_line().map(|line| line.to_plain()));
        self.past.decided(&steps);
        (plan, lines)
    }

    /// Tests that became flaky, and whether an issue about them is kept. Like a step of a playbook, it would have
    /// been when the repository has a dry run.
    fn with_issues(&self, repository: &str, tests: Vec<TestId>) -> NewlyFlaky {
        let held_back = own_rules::held_back(self.own.get(repository));
        NewlyFlaky {
            has_issues: held_back.is_none_or(HeldBack::is_dry_run),
            tests,
        }
    }

    fn run_ended(&mut self, seen: &Seen) {
        self.records.ended(seen);
        let (line, number) = (&seen.run.line, seen.run.place.number);
        let green = self.green.entry(line.clone()).or_default();
        green.remove(&number);
        if seen.run.is_told() && seen.run.status == Status::Completed(Conclusion::Success) {
            green.insert(number);
        }
    }

    /// Whether a newer run of the line has succeeded.
    fn passed_since(&self, run: &Run) -> bool {
        let newest = self.green.get(&run.line).and_then(BTreeSet::last);
        newest.is_some_and(|green| *green > run.place.number)
    }

    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The number of a run of the line that was newer at the attempt's end.
    fn superseded_by(&self, inspection: &Inspection) -> Option<i64> {
        let run = &inspection.run;
        let line = self.begun.get(&run.line)?;
        let begun = line.partition_point(|(at, _)| *at <= run.updated_at);
        let (_, newest) = line.get(begun.checked_sub(1)?)?;
        (*newest > run.place.number).then_some(*newest)
    }
}

/// Tests that became flaky with an attempt.
struct NewlyFlaky {
    tests: Vec<TestId>,
    has_issues: bool,
}
