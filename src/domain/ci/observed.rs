//! What follows for the record of a repository from an attempt that ended.
//!
//! The record of the repository is locked, so that two attempts never judge one test by halves.

use super::super::area::Context;
use super::super::observation::Observation;
use super::comment_events;
use super::issue_events::{self, Flaky, thresholds};
use super::record::{Author, Ended, Kept, Round, Thresholds};
use super::seen::{ends, shape, tree};
use super::{Change, Decision, OfRecord, Receipt, RecordFacts};
use chrono::{DateTime, Utc};

pub(super) fn decide(
    decision: &mut Decision,
    event: &OfRecord,
    facts: &RecordFacts,
    context: &Context<'_>,
) {
    match event {
        OfRecord::Observed(seen) => observed(decision, seen, facts, context),
        OfRecord::IssueWanted(wanted) => issue_events::wanted(decision, wanted, facts, context),
        OfRecord::IssueEdited(edited) => issue_events::edited(decision, edited, facts, context),
    }
}

/// How an effect of the record ended.
pub(super) fn ended(
    decision: &mut Decision,
    receipt: &Receipt,
    facts: &RecordFacts,
    context: &Context<'_>,
) {
    match &facts.comment {
        Some(_) => comment_events::ended(decision, receipt, facts),
        None => issue_events::ended(decision, receipt, facts, context),
    }
}

fn observed(
    decision: &mut Decision,
    seen: &Observation,
    facts: &RecordFacts,
    context: &Context<'_>,
) {
    if seen.by_bot {
        return;
    }
    let mut flaky = Vec::new();
    for one in judged(seen, facts, &thresholds(context), context.now) {
        let (record, failed) = (one.record, one.ended != Ended::Passed);
        if failed || record.standing.is_flaky() {
            flaky.push(Flaky {
                is_new: record.standing.is_flaky() && !one.was_flaky,
                failed,
                record: record.clone(),
            });
        } else if one.was_flaky {
            issue_events::healthy(decision, &record, facts, context);
        }
        if one.is_news {
            decision.change(Change::Record(Box::new(record)));
        }
    }
    let judged = flaky.iter().map(|one| &one.record);
    let judged = judged.map(|record| (record.subject.clone(), record.clone()));
    comment_events::observed(decision, seen, &judged.collect(), facts, context);
    issue_events::flaky(decision, flaky, facts, context);
}

/// A test or a job of an attempt, and its record afterwards.
pub(super) struct Judged {
    pub record: Kept,
    pub ended: Ended,
    /// Before the attempt.
    pub was_flaky: bool,
    /// The record is not what it was.
    pub is_news: bool,
}

/// Observes an attempt in the record of each test and job that it is about, and judges them.
pub(super) fn judged(
    seen: &Observation,
    facts: &RecordFacts,
    thresholds: &Thresholds,
    now: DateTime<Utc>,
) -> Vec<Judged> {
    let shape = shape(seen, thresholds);
    let tree = tree(seen);
    let mut judged = Vec::new();
    for (subject, end) in ends(seen, &facts.records) {
        let known = facts.records.get(&subject);
        if known.is_none() && end.ended == Ended::Passed {
            continue;
        }
        let mut record = known
            .cloned()
            .unwrap_or_else(|| Kept::new(&seen.repository, subject.clone(), now));
        let round = Round {
            at: seen.at.min(now),
            change: &seen.change,
            author: Author::Person,
            tree: &tree,
            on_default_branch: seen.on_default_branch,
            shape,
            passed_before: facts.passed_before,
            ended: end.ended,
        };
        record.record.observe(&round, thresholds);
        if let Some(last) = end.last {
            record.last = last;
        }
        record.seen_at = now;
        record.judge(now, &facts.changes, thresholds);
        judged.push(Judged {
            ended: end.ended,
            was_flaky: known.is_some_and(|known| known.standing.is_flaky()),
            is_news: known.is_none_or(|known| {
                known.record != record.record || known.standing != record.standing
            }),
            record,
        });
    }
    judged
}
