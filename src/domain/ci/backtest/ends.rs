//! The runs of a workflow within the window, as `ci_runs` keeps them: one entry for each run, of its last attempt.

use super::super::{Conclusion, Run, Status};
use chrono::{DateTime, Duration, Utc};
use std::collections::{BTreeMap, BTreeSet};

type Time = (DateTime<Utc>, i64);

#[derive(Default)]
pub(super) struct Ends {
    /// By the id of the run.
    runs: BTreeMap<i64, End>,
    times: BTreeSet<Time>,
    /// The ends of each change of a person.
    changes: BTreeMap<String, BTreeSet<Time>>,
    /// The first end of each change.
    firsts: BTreeSet<Time>,
    /// Trigger, tree and id of the runs that are green.
    green: BTreeSet<(String, String, i64)>,
}

struct End {
    at: DateTime<Utc>,
    /// `None`: a bot's.
    change: Option<String>,
    /// The trigger and the tree of a green one.
    green: Option<(String, String)>,
}

impl Ends {
    pub(super) fn ended(&mut self, run: &Run, window: Duration) {
        self.remove(run.id);
        while let Some((at, oldest)) = self.times.first().copied()
            && at <= run.updated_at - window
        {
            self.remove(oldest);
        }
        let Status::Completed(conclusion) = &run.status else {
            return;
        };
        let is_green = *conclusion == Conclusion::Success;
        if !is_green && !conclusion.is_failure() {
            return;
        }
        let (code, time) = (&run.code, (run.updated_at, run.id));
        let tree = code.tree.as_ref().unwrap_or(&run.sha);
        let end = End {
            at: run.updated_at,
            change: (!code.by_bot).then(|| code.change.clone()),
            green: is_green.then(|| (run.trigger.clone(), tree.clone())),
        };
        self.times.insert(time);
        if let Some(change) = &end.change {
            let times = self.changes.entry(change.clone()).or_default();
            if let Some(first) = times.first() {
                self.firsts.remove(first);
            }
            times.insert(time);
            self.firsts.extend(times.first());
        }
        if let Some((trigger, tree)) = end.green.clone() {
            self.green.insert((trigger, tree, run.id));
        }
        self.runs.insert(run.id, end);
    }

    fn remove(&mut self, run: i64) {
        let Some(end) = self.runs.remove(&run) else {
            return;
        };
        let time = (end.at, run);
        self.times.remove(&time);
        self.firsts.remove(&time);
        if let Some(change) = end.change
            && let Some(times) = self.changes.get_mut(&change)
        {
            times.remove(&time);
            self.firsts.extend(times.first());
            if times.is_empty() {
                self.changes.remove(&change);
            }
        }
        if let Some((trigger, tree)) = end.green {
            self.green.remove(&(trigger, tree, run));
        }
    }

    /// The first end of each change, in order.
    pub(super) fn changes(&self) -> Vec<DateTime<Utc>> {
        self.firsts.iter().map(|(at, _)| *at).collect()
    }

    pub(super) fn has_passed(&self, trigger: &str, tree: &str) -> bool {
        let from = (trigger.to_owned(), tree.to_owned(), i64::MIN);
        let mut from = self.green.range(from..);
        from.next()
            .is_some_and(|(other, passed, _)| other == trigger && passed == tree)
    }
}
