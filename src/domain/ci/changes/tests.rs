//! Which change is news, and what is said of one.

use super::facts::Facts;
use super::message::{Rollback, line, title};
use super::model::{
    CodeChange, DeploymentId, DeploymentState, FailedDeployment, RollbackState, RollbackTaken, What,
};
use super::purpose::Purpose;
use super::receipts::decide_receipt;
use super::rollback::run_ended;
use crate::domain::area::Context;
use crate::domain::ci::{Change, Code, Conclusion, Decision, Line, Place, Run, Status};
use crate::domain::effect::{Answer, github};
use crate::domain::ids::{EffectId, SignalId, UserId};
use crate::domain::rules::Rules;
use crate::domain::signal::End;
use chrono::DateTime;

fn change(what: What) -> CodeChange {
    CodeChange {
        repository: "acme/api".to_owned(),
        at: DateTime::from_timestamp(1_772_355_600, 0).unwrap(),
        what,
        title: "Fix\tthe `basket` <!channel>".to_owned(),
        sha: "5779607b49aab1200488439f".to_owned(),
        url: "https://github.com/acme/api/1".to_owned(),
        actor: Some("octocat".to_owned()),
    }
}

fn deployment(status: i64, state: DeploymentState) -> CodeChange {
    change(What::Deployment {
        environment: "production".to_owned(),
        deployment: 5,
        status,
        state,
    })
}

#[test]
fn a_merge_replaces_its_push_and_a_newer_state_of_a_deployment_an_older_one() {
    let (push, merged) = (change(What::Push), change(What::Merged { number: 12 }));
    assert_eq!(push.key(), merged.key(), "they are one change");
    let (started, failed) = (
        deployment(91, DeploymentState::Started),
        deployment(92, DeploymentState::Failed),
    );
    assert_eq!(started.key(), failed.key());
    for (this, known, wanted) in [
        (&merged, &push, true),
        (&push, &merged, false),
        (&push, &push, false),
        (&merged, &merged, false),
        (&failed, &started, true),
        (&started, &failed, false),
        (&failed, &failed, false),
    ] {
        assert_eq!(this.replaces(known), wanted, "{this:?} {known:?}");
    }
}

#[test]
fn a_line_is_complete_in_itself_and_on_one_line() {
    for (change, wanted) in [
        (
            change(What::Push),
            "acme/api: 5779607 “Fix the `basket` <!channel>” pushed by octocat",
        ),
        (
            change(What::Merged { number: 12 }),
            "acme/api: #12 “Fix the `basket` <!channel>” merged by octocat (5779607)",
        ),
        (
            deployment(91, DeploymentState::Succeeded),
            "acme/api: deployment of 5779607 by octocat to production succeeded",
        ),
        (
            deployment(91, DeploymentState::Failed),
            "acme/api: deployment of 5779607 by octocat to production failed: https://github.com/acme/api/1",
        ),
    ] {
        assert_eq!(line(&change), wanted);
    }
}

#[test]
fn a_title_fits_a_declaration_whatever_the_environment_is_called() {
    let mut failed = deployment(92, DeploymentState::Failed);
    assert_eq!(title(&failed), "Deployment of api to production failed");
    if let What::Deployment { environment, .. } = &mut failed.what {
        *environment = "prod-".repeat(50);
    }
    assert_eq!(title(&failed).chars().count(), 100);
}

/// A deployment whose rollback was asked for.
fn asked() -> FailedDeployment {
    let now = DateTime::from_timestamp(1_772_355_600, 0).unwrap();
    FailedDeployment {
        id: DeploymentId(uuid::Uuid::nil()),
        service: "api".to_owned(),
        change: deployment(92, DeploymentState::Failed),
        incident: None,
        message: None,
        rollback: Some(RollbackTaken {
            by: UserId::new("U0BEA").unwrap(),
            at: now,
            workflow: "rollback.yml".to_owned(),
            reference: Some("main".to_owned()),
            run: None,
            state: RollbackState::Asked,
        }),
    }
}

/// The same after its effect ended so, and the run that it names.
fn rolled_back(end: &End, ended: Option<(Conclusion, String)>) -> FailedDeployment {
    let asked = asked();
    let now = asked.change.at;
    let purpose = Purpose::Rollback {
        deployment: asked.id,
    };
    let facts = Facts {
        deployments: vec![asked],
        ended,
        ..Facts::default()
    };
    let context = Context {
        signal: SignalId(uuid::Uuid::nil()),
        at: now,
        now,
        rules: &Rules::default(),
    };
    let mut decision = Decision::on(context.signal);
    let effect = EffectId(uuid::Uuid::nil());
    decide_receipt(&mut decision, &purpose, effect, end, &facts, &context);
    let changed = decision
        .changes
        .into_iter()
        .find_map(|change| match change {
            Change::Changes(super::change::Change::Deployment(deployment)) => Some(*deployment),
            _ => None,
        });
    changed.unwrap()
}

#[test]
fn a_rollback_that_may_run_is_not_offered_again() {
    let code = || "http_502".to_owned();
    for (end, words, is_offered) in [
        (End::Done(Answer::Nothing), "is running", false),
        (
            End::Uncertain { code: code() },
            "may have been started",
            false,
        ),
        (End::Parked { code: code() }, "may have been started", false),
        (End::Refused { code: code() }, "couldn't be started", true),
        (
            End::Dropped {
                why: "self_healing_off".to_owned(),
            },
            "self_healing_off",
            true,
        ),
    ] {
        let deployment = rolled_back(&end, None);
        let shown = super::message::deployment(&deployment, Rollback::Offered);
        let shown = format!("{shown:?}");
        assert!(shown.contains(words), "{end:?}: {shown}");
        let offered = shown.contains("Try the rollback again");
        assert_eq!(offered, is_offered, "{end:?}: {shown}");
    }
}

#[test]
fn the_run_of_a_person_is_not_taken_for_a_rollback_that_was_not_started_yet() {
    let asked = asked();
    let now = asked.change.at;
    let conclusion = Conclusion::Success;
    let run = Run {
        id: 5,
        line: Line::new(
            "acme/api".to_owned(),
            7,
            "main".to_owned(),
            "workflow_dispatch",
        ),
        workflow_name: "Rollback".to_owned(),
        place: Place {
            number: 1,
            attempt: 1,
        },
        trigger: "workflow_dispatch".to_owned(),
        sha: "5779607b49aa".to_owned(),
        code: Code::default(),
        status: Status::Completed(conclusion.clone()),
        actor: Some("octocat".to_owned()),
        url: "https://github.com/acme/api/actions/runs/5".to_owned(),
        started_at: now,
        updated_at: now,
    };
    let context = Context {
        signal: SignalId(uuid::Uuid::nil()),
        at: now,
        now,
        rules: &Rules::default(),
    };
    let facts = Facts {
        deployments: vec![asked],
        ..Facts::default()
    };
    let mut decision = Decision::on(context.signal);
    run_ended(&mut decision, &run, &conclusion, &facts, &context);
    assert!(decision.changes.is_empty(), "{:#?}", decision.changes);
    // Ours may end before its receipt comes, which names it.
    let end = End::Done(Answer::Github(github::Answer::Dispatched { run: Some(5) }));
    let deployment = rolled_back(&end, Some((conclusion, run.url.clone())));
    let taken = deployment.rollback.unwrap();
    assert_eq!(taken.state, RollbackState::Succeeded { url: run.url });
}
