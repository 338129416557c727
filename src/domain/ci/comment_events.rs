//! When the comment in a pull request is made and edited. What it shows is completed at delivery.

use super::super::area::Context;
use super::super::effect::{Answer, github};
use super::super::observation::{Observation, Ran};
use super::super::signal::End;
use super::comment::PullComment;
use super::issue_events::{tell, writes};
use super::record::{Kept, Subject};
use super::{Change, Decision, Purpose, Receipt, RecordFacts};
use std::collections::BTreeMap;

/// An attempt ended: the comment is made when something failed, and edited from then on.
pub(super) fn observed(
    decision: &mut Decision,
    seen: &Observation,
    records: &BTreeMap<Subject, Kept>,
    facts: &RecordFacts,
    context: &Context<'_>,
) {
    let is_asked = context.rules.github.comment && writes(context);
    if !is_asked || !seen.trigger.starts_with("pull_request") {
        return;
    }
    let known = facts.comment.as_ref().filter(|one| !one.is_unmade());
    if known.is_none() && seen.result == Ran::Green {
        return;
    }
    let new = || PullComment::new(seen, context.now);
    let mut comment = known.cloned().unwrap_or_else(new);
    if !comment.takes(seen, records, context.now) {
        return;
    }
    match (known, comment.pull) {
        (None, None) => {
            let effect = github::Effect::FindPulls {
                repository: seen.repository.clone(),
                sha: seen.sha.clone(),
            };
            decision.effect(effect, purpose(&comment));
        }
        (None, Some(pull)) => create(decision, &comment, pull),
        // It shows the present state as soon as it is made.
        (Some(_), _) => edit(decision, &comment),
    }
    decision.change(Change::Comment(Box::new(comment)));
}

pub(super) fn ended(decision: &mut Decision, receipt: &Receipt, facts: &RecordFacts) {
    let Some(known) = &facts.comment else {
        return;
    };
    let mut comment = known.clone();
    match &receipt.end {
        End::Done(Answer::Github(github::Answer::Pulls(pulls))) if comment.pull.is_none() => {
            match pulls.iter().find(|pull| pull.open) {
                Some(pull) => {
                    comment.pull = Some(pull.number);
                    create(decision, &comment, pull.number);
                }
                // It is looked for again with the next failure.
                None => comment.unmake(),
            }
        }
        End::Done(Answer::Github(github::Answer::Comment { id })) if comment.comment.is_none() => {
            comment.comment = Some(*id);
            edit(decision, &comment);
        }
        // It was deleted: who did so does not want another one.
        End::Refused { .. } if comment.comment.is_some() => return,
        End::Refused { code } | End::Parked { code } | End::Uncertain { code } => {
            return tell(decision, receipt, "a comment", &known.repository, code);
        }
        // It was held back: the next failure makes it.
        End::Expired | End::Dropped { .. } if comment.comment.is_none() => comment.unmake(),
        End::Done(_) | End::Expired | End::Dropped { .. } => return,
    }
    decision.change(Change::Comment(Box::new(comment)));
}

fn purpose(comment: &PullComment) -> Purpose {
    Purpose::PullComment {
        repository: comment.repository.clone(),
        change: comment.change.clone(),
    }
}

fn create(decision: &mut Decision, comment: &PullComment, pull: i64) {
    let effect = github::Effect::CreateComment {
        repository: comment.repository.clone(),
        number: pull,
        body: comment.body(),
    };
    decision.effect(effect, purpose(comment));
}

fn edit(decision: &mut Decision, comment: &PullComment) {
    if let Some(id) = comment.comment {
        let effect = github::Effect::UpdateComment {
            repository: comment.repository.clone(),
            comment: id,
            body: None,
        };
        decision.effect(effect, purpose(comment));
    }
}
