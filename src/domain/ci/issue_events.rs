//! When an issue is opened, closed and opened again.
//!
//! The record of the issue's repository is locked. What an issue shows is completed at delivery.

use super::super::area::Context;
use super::super::decision::TimerChange;
use super::super::effect::{Answer, github};
use super::super::healing::HeldBack;
use super::super::observation::IssueWanted;
use super::super::rules::GithubAccess;
use super::super::signal::End;
use super::super::text::{Message, Text};
use super::super::told::Told;
use super::findings::Signature;
use super::issues::{self, About, FLAKY_TEST, Issue, MANY, State, Step};
use super::record::{Kept, Standing, Subject, Thresholds};
use super::{Change, Decision, IssueEdited, Purpose, Receipt, RecordFacts, Timer};
use chrono::{DateTime, Duration, Utc};

/// The newest failure of an open issue is shown so late, together with others.
const EDIT_AFTER: Duration = Duration::minutes(10);

/// Whether an issue can be closed is asked again so late while nothing is written.
const ASKED_AGAIN: Duration = Duration::days(1);

/// A test of a round that failed, or is flaky.
pub(super) struct Flaky {
    pub failed: bool,
    /// It was not flaky before.
    pub is_new: bool,
    pub record: Kept,
}

pub(super) fn thresholds(context: &Context<'_>) -> Thresholds {
    context.rules.github.healing.flaky.clone()
}

/// Whether issues are written at all; a repository's own switch is asked at delivery.
pub(super) fn writes(context: &Context<'_>) -> bool {
    let github = &context.rules.github;
    github.healing.held_back().is_none() && github.access != GithubAccess::None
}

fn is_held_back(context: &Context<'_>) -> bool {
    context.rules.github.healing.held_back().is_some()
}

/// Opens issues for the tests that are flaky, and shows the newest failures of those that have one.
pub(super) fn flaky(
    decision: &mut Decision,
    round: Vec<Flaky>,
    facts: &RecordFacts,
    context: &Context<'_>,
) {
    if !writes(context) {
        return;
    }
    let mut new = Vec::new();
    for one in round {
        let record = one.record;
        let known = facts.issue_of(&record.subject);
        let is_test = matches!(record.subject, Subject::Test(_));
        let is_wanted = is_test && record.standing.is_flaky();
        match known {
            Some(issue) if (one.failed || one.is_new) && (issue.is_open() || is_wanted) => {
                failed(decision, issue, record.last.at, context);
            }
            None if is_wanted => new.push(record),
            Some(_) | None => {}
        }
    }
    if facts.is_without_issues() {
        return;
    }
    let about = |record: &Kept| About {
        workflow: record.last.workflow_name.clone(),
        ..About::default()
    };
    let now = context.now;
    if new.len() < MANY {
        for record in new {
            let (subjects, about) = (vec![record.subject.clone()], about(&record));
            let repository = &record.repository;
            create(
                decision,
                Issue::new(repository, subjects, FLAKY_TEST, about, now),
                context,
            );
        }
        return;
    }
    let subjects = new.iter().map(|record| record.subject.clone()).collect();
    let first = &new[0];
    let issue = Issue::new(&first.repository, subjects, FLAKY_TEST, about(first), now);
    create(decision, issue, context);
}

/// A flaky test is healthy again, by its clean runs. An issue of several tests is closed by its timer.
pub(super) fn healthy(
    decision: &mut Decision,
    record: &Kept,
    facts: &RecordFacts,
    context: &Context<'_>,
) {
    // What is held back now is closed by its timer later.
    if is_held_back(context) {
        return;
    }
    let issue = facts.issue_of(&record.subject);
    if let Some(issue) = issue.filter(|issue| issue.is_open() && issue.subjects.len() == 1) {
        close(decision, issue, context);
    }
}

/// A playbook asks for an issue.
pub(super) fn wanted(
    decision: &mut Decision,
    wanted: &IssueWanted,
    facts: &RecordFacts,
    context: &Context<'_>,
) {
    if is_held_back(context) {
        return;
    }
    let job = &wanted.job;
    let subject = Subject::Job(Signature::known(job.signature.clone()));
    let about = About {
        workflow: wanted.workflow_name.clone(),
        job: job.name.clone(),
        class: job.class.clone(),
        evidence: job.evidence.clone(),
        url: job.url.clone(),
        number: wanted.number,
        ..About::default()
    };
    match facts.issue_of(&subject) {
        Some(issue) => failed(decision, issue, wanted.at, context),
        None if facts.is_without_issues() => {}
        None => {
            let repository = &wanted.repository;
            let label = wanted.labels.first().map_or("ci-failure", String::as_str);
            let mut issue = Issue::new(repository, vec![subject], label, about, context.now);
            issue.labels.clone_from(&wanted.labels);
            create(decision, issue, context);
        }
    }
}

/// It was quiet for long enough, or was not: then the timer is set anew.
pub(super) fn quiet(decision: &mut Decision, facts: &RecordFacts, context: &Context<'_>) {
    let Some(issue) = facts.issues.first().filter(|issue| issue.is_open()) else {
        return;
    };
    let thresholds = thresholds(context);
    if context.now < issue.quiet_since + thresholds.clean_for {
        return timer(
            decision,
            issue,
            Some(issue.quiet_since + thresholds.clean_for),
        );
    }
    if is_held_back(context) {
        return timer(decision, issue, Some(context.now + ASKED_AGAIN));
    }
    let mut left_to_people = false;
    for subject in &issue.subjects {
        let Some(known) = facts.records.get(subject) else {
            continue;
        };
        let mut record = known.clone();
        let verdicts = record.last.verdicts;
        record.standing = record.record.judge(context.now, verdicts, &thresholds);
        left_to_people |= matches!(
            record.standing,
            Standing::Flaky {
                left_to_people: true
            }
        );
        if record != *known {
            decision.change(Change::Record(Box::new(record)));
        }
    }
    if !left_to_people {
        close(decision, issue, context);
    }
}

/// A person closed or opened an issue of ours; bots, ourselves among them, are not asked.
pub(super) fn edited(
    decision: &mut Decision,
    edited: &IssueEdited,
    facts: &RecordFacts,
    context: &Context<'_>,
) {
    let Some(issue) = facts.issues.first().filter(|_| !edited.by_bot) else {
        return;
    };
    // A webhook may come late: one about an earlier moment than the last is old news.
    if edited.at.is_some() && edited.at < issue.about.edited_at {
        return;
    }
    let mut issue = issue.clone();
    issue.about.edited_at = edited.at.or(issue.about.edited_at);
    match (edited.open, issue.is_open()) {
        (false, true) => {
            issue.close(State::ClosedByPerson, context.now);
            timer(decision, &issue, None);
            for subject in &issue.subjects {
                if let Some(record) = facts.records.get(subject) {
                    let mut record = record.clone();
                    record.record.close(context.now);
                    record.standing = Standing::Healthy;
                    decision.change(Change::Record(Box::new(record)));
                }
            }
        }
        (true, false) => {
            issue.reopened(context.now);
            let due = context.now + thresholds(context).clean_for;
            timer(decision, &issue, Some(due));
        }
        (true, true) | (false, false) => {}
    }
    decision.change(Change::Issue(Box::new(issue)));
}

/// How the creation or an edit of an issue ended.
pub(super) fn ended(
    decision: &mut Decision,
    receipt: &Receipt,
    facts: &RecordFacts,
    context: &Context<'_>,
) {
    let Some(issue) = facts.issues.first() else {
        return;
    };
    let mut issue = issue.clone();
    match &receipt.end {
        End::Done(Answer::Github(github::Answer::Issue { number, url })) => {
            if issue.number == Some(*number) {
                return;
            }
            issue.number = Some(*number);
            issue.url.clone_from(url);
            if issue.state == State::Refused {
                // An operator had it tried again.
                issue.state = State::Open;
                issue.changed_at = context.now;
                let due = issue.quiet_since.max(context.now) + thresholds(context).clean_for;
                timer(decision, &issue, Some(due));
            } else if issue.state != State::Open {
                // It was closed while it was being created.
                edit(decision, &issue, None);
            }
        }
        End::Done(_) => return,
        End::Expired | End::Dropped { .. } => match (issue.number, issue.state) {
            // The next failure creates it after all, and at once when only a switch held this one back.
            (None, State::Open) => {
                let state = match is_switch(&receipt.end) {
                    true => State::Closed,
                    false => State::Refused,
                };
                issue.close(state, context.now);
                timer(decision, &issue, None);
            }
            // It is still open there.
            (Some(_), State::Closed) if is_switch(&receipt.end) => {
                issue.state = State::Open;
                issue.changed_at = context.now;
                timer(decision, &issue, Some(context.now + ASKED_AGAIN));
            }
            _ => return,
        },
        End::Refused { code } => {
            match issue.number {
                // It was deleted or moved: the next failure makes another one.
                Some(_) if issues::is_gone(code) => {
                    issue.number = None;
                    issue.close(State::ClosedByPerson, context.now);
                }
                Some(_) => return tell(decision, receipt, "an issue", &issue.repository, code),
                None => {
                    issue.close(State::Refused, context.now);
                    // The same refusal of a further issue is no news.
                    if code != issues::DISABLED && !facts.has_refused(code) {
                        tell(decision, receipt, "an issue", &issue.repository, code);
                    }
                    issue.about.refused = Some(code.clone());
                }
            }
            timer(decision, &issue, None);
        }
        End::Parked { code } | End::Uncertain { code } => {
            return tell(decision, receipt, "an issue", &issue.repository, code);
        }
    }
    decision.change(Change::Issue(Box::new(issue)));
}

fn is_switch(end: &End) -> bool {
    matches!(end, End::Dropped { why } if why.parse::<HeldBack>().is_ok())
}

pub(super) fn tell(
    decision: &mut Decision,
    receipt: &Receipt,
    what: &str,
    repository: &str,
    code: &str,
) {
    let text = Text::plain(format!("Couldn't write {what} in "))
        .bold(repository)
        .and(" (")
        .code(code)
        .and("). ");
    let text = match issues::remedy(code) {
        Some(remedy) => text.and(format!("{remedy} ")),
        None => text,
    };
    let text = text.and("After fixing that, run: ");
    let effect = receipt.effect_id;
    let message = Message::said(text.code(format!("wardroom outbox retry {effect}")));
    decision.tell(Told::EffectStuck { effect, message });
}

fn create(decision: &mut Decision, issue: Issue, context: &Context<'_>) {
    create_effect(decision, &issue);
    let due = issue.quiet_since + thresholds(context).clean_for;
    timer(decision, &issue, Some(due));
    decision.change(Change::Issue(Box::new(issue)));
}

fn failed(decision: &mut Decision, issue: &Issue, at: DateTime<Utc>, context: &Context<'_>) {
    let mut issue = issue.clone();
    let step = issue.failed(at.min(context.now), context.now);
    match step {
        Step::Nothing => {}
        Step::Create => create_effect(decision, &issue),
        Step::Edit => edit(decision, &issue, None),
        Step::EditLater => edit(decision, &issue, Some(context.now + EDIT_AFTER)),
    }
    let due = issue.quiet_since + thresholds(context).clean_for;
    timer(decision, &issue, issue.is_open().then_some(due));
    decision.change(Change::Issue(Box::new(issue)));
}

fn close(decision: &mut Decision, issue: &Issue, context: &Context<'_>) {
    let mut issue = issue.clone();
    if issue.close(State::Closed, context.now) == Step::Edit {
        edit(decision, &issue, None);
    }
    timer(decision, &issue, None);
    decision.change(Change::Issue(Box::new(issue)));
}

fn create_effect(decision: &mut Decision, issue: &Issue) {
    let effect = github::Effect::CreateIssue {
        repository: issue.repository.clone(),
        title: issues::title(issue),
        body: String::new(),
        labels: issue.labels.clone(),
    };
    decision.effect(effect, Purpose::Issue { issue: issue.id });
}

fn edit(decision: &mut Decision, issue: &Issue, not_before: Option<DateTime<Utc>>) {
    let Some(number) = issue.number else {
        return;
    };
    let effect = github::Effect::UpdateIssue {
        repository: issue.repository.clone(),
        number,
        edit: None,
    };
    let purpose = Purpose::Issue { issue: issue.id };
    decision.effect_from(effect, purpose, not_before);
}

fn timer(decision: &mut Decision, issue: &Issue, due: Option<DateTime<Utc>>) {
    decision.timer(TimerChange {
        area: "ci",
        owner: issue.id.0.to_string(),
        name: Timer::IssueQuiet.into(),
        due,
    });
}
