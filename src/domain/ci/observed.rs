//! What follows for the record of a repository from an attempt that ended.
//!
//! The record of the repository is locked, so that two attempts never judge one test by halves.

use super::super::area::Context;
use super::super::observation::Observation;
use super::comment_events;
use super::issue_events::{self, Flaky, thresholds};
use super::record::{Author, Ended, Kept, Round};
use super::seen::{ends, shape, tree};
use super::{Change, Decision, OfRecord, Receipt, RecordFacts};

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
    let thresholds = thresholds(context);
    let shape = shape(seen, &thresholds);
    let tree = tree(seen);
    let mut flaky = Vec::new();
    for (subject, end) in ends(seen, &facts.records) {
        let known = facts.records.get(&subject);
        if known.is_none() && end.ended == Ended::Passed {
            continue;
        }
        let mut record = known
            .cloned()
            .unwrap_or_else(|| Kept::new(&seen.repository, subject.clone(), context.now));
        let round = Round {
            at: seen.at.min(context.now),
            change: &seen.change,
            author: Author::Person,
            tree: &tree,
            on_default_branch: seen.on_default_branch,
            shape,
            passed_before: facts.passed_before,
            ended: end.ended,
        };
        record.record.observe(&round, &thresholds);
        if let Some(last) = end.last {
            record.last = last;
        }
        record.seen_at = context.now;
        record.judge(context.now, &facts.changes, &thresholds);
        if end.ended != Ended::Passed || record.standing.is_flaky() {
            let was_flaky = known.is_some_and(|known| known.standing.is_flaky());
            flaky.push(Flaky {
                is_new: record.standing.is_flaky() && !was_flaky,
                failed: end.ended != Ended::Passed,
                record: record.clone(),
            });
        } else if known.is_some_and(|known| known.standing.is_flaky()) {
            issue_events::healthy(decision, &record, facts, context);
        }
        let is_new = known
            .is_none_or(|known| known.record != record.record || known.standing != record.standing);
        if is_new {
            decision.change(Change::Record(Box::new(record)));
        }
    }
    let judged = flaky.iter().map(|one| &one.record);
    let judged = judged.map(|record| (record.subject.clone(), record.clone()));
    comment_events::observed(decision, seen, &judged.collect(), facts, context);
    issue_events::flaky(decision, flaky, facts, context);
}
