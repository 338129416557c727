//! What becomes of an issue that was not written, and of webhooks about one that come late.

use super::super::issues::{About, FLAKY_TEST, Issue, State};
use super::super::record::Subject;
use super::*;
use crate::domain::effect::github;
use crate::domain::healing::HeldBack;

fn issue() -> Issue {
    let subject = Subject::Job(findings::Signature::known("timeout".to_owned()));
    Issue::new(
        "acme/api",
        vec![subject],
        FLAKY_TEST,
        About::default(),
        dawn(),
    )
}

fn rules(held_back: Option<HeldBack>) -> Rules {
    let mut rules = Rules::default();
    rules.github.healing.enabled = held_back != Some(HeldBack::SelfHealingOff);
    rules.github.healing.dry_run = held_back == Some(HeldBack::DryRun);
    rules
}

/// The issue after a decision, what is to be written, and what operators were told.
fn after(
    before: &Issue,
    rules: &Rules,
    decide: impl FnOnce(&mut Decision, &RecordFacts, &Context<'_>),
) -> (Issue, usize, usize) {
    let facts = RecordFacts {
        issues: vec![before.clone()],
        ..RecordFacts::default()
    };
    let context = Context {
        signal: SignalId(Uuid::nil()),
        at: dawn(),
        now: dawn() + Duration::days(60),
        rules,
    };
    let mut decision = Decision::on(context.signal);
    decide(&mut decision, &facts, &context);
    let changed = decision
        .changes
        .into_iter()
        .find_map(|change| match change {
            Change::Issue(issue) => Some(*issue),
            _ => None,
        });
    let changed = changed.unwrap_or_else(|| before.clone());
    (changed, decision.effects.len(), decision.signals.len())
}

fn ended(before: &Issue, end: End) -> (Issue, usize, usize) {
    let receipt = Receipt {
        effect_id: EffectId(Uuid::nil()),
        generation: 0,
        effect: github::Effect::CreateIssue {
            repository: before.repository.clone(),
            title: String::new(),
            body: String::new(),
            labels: Vec::new(),
        }
        .into(),
        origin: Purpose::Issue { issue: before.id },
        end,
    };
    after(before, &rules(None), |decision, facts, context| {
        issue_events::ended(decision, &receipt, facts, context);
    })
}

fn dropped(why: &str) -> End {
    End::Dropped {
        why: why.to_owned(),
    }
}

#[test]
fn a_refused_issue_that_an_operator_has_tried_again_stays_open() {
    let mut refused = issue();
    refused.state = State::Refused;
    let created = End::Done(Answer::Github(github::Answer::Issue {
        number: 7,
        url: String::new(),
    }));
    let (issue, writes, _) = ended(&refused, created);
    assert_eq!(
        (issue.state, issue.number, writes),
        (State::Open, Some(7), 0)
    );
}

#[test]
fn an_issue_that_was_not_created_does_not_silence_its_subject() {
    for (end, wanted) in [
        (End::Expired, State::Refused),
        (dropped("by an operator"), State::Refused),
        (dropped("self_healing_off"), State::Closed),
        (dropped("dry_run"), State::Closed),
        (dropped("repository_off"), State::Closed),
        (dropped("own_file_unread"), State::Closed),
    ] {
        let (mut issue, writes, told) = ended(&issue(), end.clone());
        assert_eq!((issue.state, writes, told), (wanted, 0, 0), "{end:?}");
        let later = dawn() + Duration::days(70);
        assert_eq!(
            issue.failed(later, later),
            super::super::issues::Step::Create
        );
    }
}

#[test]
fn an_issue_that_could_not_be_closed_while_writing_was_off_is_closed_later() {
    let mut closed = issue();
    closed.number = Some(7);
    closed.state = State::Closed;
    let (issue, _, told) = ended(&closed, dropped("self_healing_off"));
    assert_eq!((issue.state, told), (State::Open, 0));
    for (held_back, state, writes) in [
        (Some(HeldBack::SelfHealingOff), State::Open, 0),
        (Some(HeldBack::DryRun), State::Open, 0),
        (None, State::Closed, 1),
    ] {
        let quiet = after(&issue, &rules(held_back), |decision, facts, context| {
            issue_events::quiet(decision, facts, context);
        });
        assert_eq!((quiet.0.state, quiet.1), (state, writes), "{held_back:?}");
    }
}

#[test]
fn a_webhook_about_an_issue_that_comes_late_does_not_overrule_a_newer_one() {
    let edited = |before: &Issue, open, minutes| {
        let edited = IssueEdited {
            repository: "acme/api".to_owned(),
            number: 7,
            open,
            by_bot: false,
            at: Some(dawn() + Duration::minutes(minutes)),
        };
        after(before, &rules(None), |decision, facts, context| {
            issue_events::edited(decision, &edited, facts, context);
        })
        .0
    };
    let reopened = edited(&issue(), true, 2);
    let late = edited(&reopened, false, 1);
    assert_eq!(late.state, State::Open);
    assert_eq!(edited(&late, false, 3).state, State::ClosedByPerson);
}

/// The issue after GitHub refused to create it, and what operators were told.
fn refused_after(code: &str, before: &[&str]) -> (Issue, Vec<String>) {
    let issue = issue();
    let receipt = Receipt {
        effect_id: EffectId(Uuid::nil()),
        generation: 0,
        effect: github::Effect::CreateIssue {
            repository: issue.repository.clone(),
            title: String::new(),
            body: String::new(),
            labels: Vec::new(),
        }
        .into(),
        origin: Purpose::Issue { issue: issue.id },
        end: refused(code),
    };
    let facts = RecordFacts {
        issues: vec![issue.clone()],
        refusals: before.iter().map(|code| (*code).to_owned()).collect(),
        ..RecordFacts::default()
    };
    let rules = rules(None);
    let context = Context {
        signal: SignalId(Uuid::nil()),
        at: dawn(),
        now: dawn(),
        rules: &rules,
    };
    let mut decision = Decision::on(context.signal);
    issue_events::ended(&mut decision, &receipt, &facts, &context);
    let told = decision.signals.iter().map(|told| format!("{told:?}"));
    let told = told.collect();
    let mut changes = decision.changes.into_iter();
    let changed = changes.find_map(|change| match change {
        Change::Issue(issue) => Some(*issue),
        _ => None,
    });
    (changed.expect("it is kept"), told)
}

#[test]
fn operators_hear_once_that_a_repository_refuses_issues_and_what_to_do() {
    for (code, told, has_remedy) in [
        ("forbidden:issues=write", 1, true),
        ("missing_permission:issues", 1, true),
        ("not_found", 1, true),
        ("invalid:missing_field", 1, false),
        ("issues_disabled", 0, false),
    ] {
        let (issue, first) = refused_after(code, &[]);
        assert_eq!(issue.about.refused.as_deref(), Some(code));
        assert_eq!((issue.state, first.len()), (State::Refused, told), "{code}");
        let remedy = first
            .iter()
            .any(|said| said.contains("The App needs access"));
        assert_eq!(remedy, has_remedy, "{code}");
        let (_, again) = refused_after(code, &["other", code]);
        assert!(again.is_empty(), "{code}: {again:?}");
    }
}

#[test]
fn only_a_repository_without_issues_is_not_asked_again() {
    for (code, wanted) in [
        ("issues_disabled", true),
        ("invalid", false),
        ("not_found", false),
    ] {
        let facts = RecordFacts {
            refusals: vec![code.to_owned()],
            ..RecordFacts::default()
        };
        assert_eq!(facts.is_without_issues(), wanted, "{code}");
    }
}
