//! The state of a record, and how a round changes it.

use super::{Author, Ended, MARKS, Mark, Round, Standing, Thresholds};
use crate::domain::ci::reports::Shape;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

/// So long it is remembered that a test was flaky.
const CYCLES_KEPT: Duration = Duration::days(90);

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// One for each change, the newest last.
    pub marks: Vec<Mark>,
    /// Changes in a row that failed on the default branch.
    pub failed_in_a_row: u32,
    pub failing_since: Option<DateTime<Utc>>,
    pub last_failed_change: Option<String>,
    pub flaky_since: Option<DateTime<Utc>>,
    /// Since its last failure, while it is flaky.
    pub clean_runs: u32,
    pub healthy_since: Option<DateTime<Utc>>,
    /// How often it became healthy again.
    pub cycles: u32,
}

/// What a message says of a test: "failed in 3 of 200 changes, last on …".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    pub failed: u32,
    pub flaky: u32,
    pub verdicts: u32,
    pub last: Option<DateTime<Utc>>,
}

impl Record {
    /// From when on changes are counted: the window, or the time since it became healthy.
    pub fn counts_from(&self, now: DateTime<Utc>, thresholds: &Thresholds) -> DateTime<Utc> {
        let window = now - thresholds.window;
        self.healthy_since.map_or(window, |since| since.max(window))
    }

    /// Takes in a round. The caller observes failures of any test, and passes of those with a record.
    pub fn observe(&mut self, round: &Round<'_>, thresholds: &Thresholds) {
        let is_left_out = round.shape == Shape::NearlyAll && round.ended != Ended::Passed;
        if round.author == Author::Bot || is_left_out {
            return;
        }
        match round.ended {
            Ended::Passed => self.passed(round),
            Ended::Failed => self.failed(round, thresholds),
            // Among many failures, a retry that helped says nothing either.
            Ended::Flaky if round.shape.is_mass_failure() => {}
            Ended::Flaky => {
                self.clean_runs = 0;
                self.mark(round).is_flaky = true;
                self.ends_row(round);
            }
        }
    }

    fn passed(&mut self, round: &Round<'_>) {
        let mut contradicts = false;
        for mark in &mut self.marks {
            if mark.is_contradicted_by(round.tree) {
                mark.is_flaky = true;
                mark.at = mark.at.max(round.at);
                contradicts = true;
            }
        }
        self.clean_runs = match (contradicts, self.flaky_since) {
            (false, Some(_)) => self.clean_runs.saturating_add(1),
            (true, _) | (_, None) => 0,
        };
        self.ends_row(round);
    }

    fn failed(&mut self, round: &Round<'_>, thresholds: &Thresholds) {
        self.clean_runs = 0;
        let is_evidence = !round.shape.is_mass_failure() && !self.is_broken(thresholds);
        let mark = self.mark(round);
        mark.tree = is_evidence.then(|| round.tree.to_owned());
        mark.passed_before = is_evidence && round.passed_before;
        if !round.on_default_branch || self.last_failed_change.as_deref() == Some(round.change) {
            return;
        }
        self.last_failed_change = Some(round.change.to_owned());
        self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
        let since = *self.failing_since.get_or_insert(round.at);
        if self.is_broken(thresholds) {
            let meanwhile = self.marks.iter_mut().filter(|mark| mark.at >= since);
            meanwhile.for_each(Mark::forget_tree);
        }
    }

    fn ends_row(&mut self, round: &Round<'_>) {
        if round.on_default_branch {
            self.failed_in_a_row = 0;
            self.failing_since = None;
            self.last_failed_change = None;
        }
    }

    /// The mark of the round's change, now the newest.
    fn mark(&mut self, round: &Round<'_>) -> &mut Mark {
        let known = self
            .marks
            .iter()
            .position(|mark| mark.change == round.change);
        let mut mark = match known {
            Some(at) => self.marks.remove(at),
            None => Mark {
                change: round.change.to_owned(),
                at: round.at,
                is_flaky: false,
                tree: None,
                passed_before: false,
            },
        };
        mark.at = mark.at.max(round.at);
        let surplus = (self.marks.len() + 1).saturating_sub(MARKS);
        self.marks.drain(..surplus);
        self.marks.push(mark);
        let last = self.marks.len() - 1;
        &mut self.marks[last]
    }

    fn is_broken(&self, thresholds: &Thresholds) -> bool {
        self.failed_in_a_row >= thresholds.broken_changes
    }

    /// What is known now. `verdicts` are the changes since [`Record::counts_from`] that ran it.
    pub fn judge(
        &mut self,
        now: DateTime<Utc>,
        verdicts: u32,
        thresholds: &Thresholds,
    ) -> Standing {
        let oldest = now - thresholds.window;
        self.marks.retain(|mark| mark.at > oldest);
        let history = self.history(now, verdicts, thresholds);
        if self.flaky_since.is_none() {
            let enough = history.flaky >= thresholds.flaky_changes;
            let share = u64::from(history.flaky) * 100;
            if enough && share >= u64::from(history.verdicts) * u64::from(thresholds.flaky_percent)
            {
                self.flaky_since = Some(now);
                self.clean_runs = 0;
            }
        }
        let is_left_to_people = self.cycles >= thresholds.cycles;
        if let Some(since) = self.flaky_since
            && !is_left_to_people
        {
            let last = history.last.map_or(since, |last| last.max(since));
            let is_clean = now - last >= thresholds.clean_for;
            if is_clean || self.clean_runs >= thresholds.clean_runs {
                self.flaky_since = None;
                self.clean_runs = 0;
                self.healthy_since = Some(now);
                self.cycles = self.cycles.saturating_add(1);
            }
        }
        match self.flaky_since {
            _ if self.is_broken(thresholds) => Standing::Broken,
            Some(_) => Standing::Flaky {
                left_to_people: is_left_to_people,
            },
            None => Standing::Healthy,
        }
    }

    pub fn history(&self, now: DateTime<Utc>, verdicts: u32, thresholds: &Thresholds) -> History {
        let from = self.counts_from(now, thresholds);
        let counted = self.marks.iter().filter(|mark| mark.at > from);
        let (flaky, failed): (Vec<&Mark>, Vec<&Mark>) = counted.partition(|mark| mark.is_flaky);
        let count = |marks: &[&Mark]| u32::try_from(marks.len()).unwrap_or(u32::MAX);
        let (flaky, failed) = (count(&flaky), count(&failed));
        History {
            failed,
            flaky,
            verdicts: verdicts.max(flaky + failed),
            last: self.marks.iter().map(|mark| mark.at).max(),
        }
    }

    /// A person says that it is repaired. What happened before does not count any more.
    pub fn close(&mut self, now: DateTime<Utc>) {
        *self = Self {
            healthy_since: Some(now),
            ..Self::default()
        };
    }

    /// Whether it must be kept and observed: otherwise it is like that of a test that never failed.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        let remembers = |since: DateTime<Utc>| now - since < CYCLES_KEPT;
        !self.marks.is_empty()
            || self.failed_in_a_row > 0
            || self.flaky_since.is_some()
            || self.healthy_since.is_some_and(remembers)
    }
}
