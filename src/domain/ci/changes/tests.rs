//! Which change is news, and what is said of one.

use super::facts::Facts;
use super::message::{Rollback, line, title};
use super::model::{
    CodeChange, DeploymentId, DeploymentState, FailedDeployment, RollbackState, RollbackTaken, What,
};
use super::purpose::Purpose;
use super::receipts::decide_receipt;
use crate::domain::area::Context;
use crate::domain::ci::{Change, Decision};
use crate::domain::effect::Answer;
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

/// A deployment whose rollback was asked for, after its effect ended so.
fn rolled_back(end: &End) -> FailedDeployment {
    let now = DateTime::from_timestamp(1_772_355_600, 0).unwrap();
    let asked = FailedDeployment {
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
    };
    let purpose = Purpose::Rollback {
        deployment: asked.id,
    };
    let facts = Facts {
        deployments: vec![asked],
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
        let deployment = rolled_back(&end);
        let shown = super::message::deployment(&deployment, Rollback::Offered);
        let shown = format!("{shown:?}");
        assert!(shown.contains(words), "{end:?}: {shown}");
        let offered = shown.contains("Try the rollback again");
        assert_eq!(offered, is_offered, "{end:?}: {shown}");
    }
}
