//! A person rolls a failed deployment back: once, by the configured workflow.
//!
//! The commander of the incident may, an admin, and an owner of the service.

use super::deployments;
use super::facts::Facts;
use super::message;
use super::model::{FailedDeployment, FollowedIncident, RollbackState, RollbackTaken};
use super::purpose::Purpose;
use crate::domain::area::Context;
use crate::domain::ci::{Conclusion, Decision, Run};
use crate::domain::decision::{AuditEntry, AuditOutcome};
use crate::domain::effect::github;
use crate::domain::ids::{Actor, UserId};
use crate::domain::rules::{GithubAccess, Rules};
use crate::domain::text::{Message, Text};
use crate::domain::told::{Note, Told};
use chrono::{DateTime, Duration, Utc};
use serde_json::json;

/// Hosts' clocks may differ by so much.
const DRIFT: Duration = Duration::minutes(1);

/// A "no" for a person, with what to do next: a word for the audit, and what they are told.
pub type Refused = (&'static str, Text);

/// A person pressed the button.
pub fn pressed(
    decision: &mut Decision,
    person: &UserId,
    facts: &Facts,
    context: &Context<'_>,
) -> Result<Message, Refused> {
    let Some(deployment) = facts.deployment() else {
        let text = Text::plain("This deployment isn't known any more. Nothing was started.");
        return Err(("unknown", text));
    };
    let incident = deployment.incident.and_then(|id| facts.incident(id));
    permitted(deployment, incident, person, context)?;
    let Some(rollback) = &context.rules.github.deployments.rollback else {
        let text = Text::plain("No rollback workflow is configured any more (")
            .code("github.rollback")
            .and("). Nothing was started.");
        return Err(("not_configured", text));
    };
    if context.rules.github.access == GithubAccess::None {
        let text = "Nothing was started: there are no credentials for GitHub.";
        return Err(("no_credentials", Text::plain(text)));
    }
    let repository = &deployment.change.repository;
    if let Some(why) = context.rules.github.healing.held_back() {
        let text = Text::plain(format!("Nothing was started: {}. ", why.sentence()));
        let text = text.code(&rollback.workflow).and(" would have run in ");
        let text = text.bold(message::name(&deployment.change)).and(".");
        return Err(("switched_off", text));
    }
    let effect = github::Effect::DispatchWorkflow {
        repository: repository.clone(),
        workflow: rollback.workflow.clone(),
        reference: rollback.reference.clone(),
        inputs: rollback.inputs.clone(),
    };
    let purpose = Purpose::Rollback {
        deployment: deployment.id,
    };
    decision.effect(effect, purpose);
    decision.audit(AuditEntry {
        incident: deployment.incident,
        at: context.at,
        action: "ci.rollback".to_owned(),
        by: Actor::Person(person.clone()),
        outcome: AuditOutcome::Done,
        details: json!({
            "repository": repository, "sha": deployment.change.sha, "workflow": rollback.workflow,
        }),
    });
    let by = Actor::Person(person.clone());
    note(decision, deployment, context.at, by, "rollback started");
    let text = Text::plain("Starting ")
        .code(&rollback.workflow)
        .and(" in ");
    let text = text.bold(message::name(&deployment.change)).and(".");
    let deployment = FailedDeployment {
        rollback: Some(RollbackTaken {
            by: person.clone(),
            at: context.at,
            workflow: rollback.workflow.clone(),
            reference: Some(github::name_of_reference(&rollback.reference).to_owned()),
            run: None,
            state: RollbackState::Asked,
        }),
        ..deployment.clone()
    };
    deployments::save(decision, deployment);
    Ok(Message::said(text))
}

/// Whether the person may, and it was not done yet; else why not.
fn permitted(
    deployment: &FailedDeployment,
    incident: Option<&FollowedIncident>,
    person: &UserId,
    context: &Context<'_>,
) -> Result<(), Refused> {
    let responsible = incident.and_then(|incident| incident.state.responsible.as_ref());
    if !may(context.rules, deployment, responsible, person) {
        let text =
            Text::plain("You can't roll this deployment back: only the incident's commander");
        let text = match responsible {
            Some(person) => text.and(" (").person(person).and(")"),
            None => text,
        };
        let text = text.and(", an owner of the service or an admin can. Ask one of them.");
        return Err(("not_permitted", text));
    }
    match &deployment.rollback {
        None => Ok(()),
        Some(RollbackTaken {
            state: RollbackState::Refused { .. },
            ..
        }) => Ok(()),
        Some(
            taken @ RollbackTaken {
                state: RollbackState::Unknown { .. },
                ..
            },
        ) => {
            let text = Text::plain("Nothing was started: the rollback that ").person(&taken.by);
            let text = text.and(" asked for ").time(taken.at);
            let text = text.and(" may be running. Check the runs of ");
            let text = text.code(&taken.workflow).and(" on GitHub.");
            Err(("unknown_state", text))
        }
        Some(taken) => {
            let text = Text::plain("Nothing was started: ").person(&taken.by);
            let text = text.and(" started the rollback ").time(taken.at).and(".");
            Err(("done_already", text))
        }
    }
}

fn may(
    rules: &Rules,
    deployment: &FailedDeployment,
    responsible: Option<&UserId>,
    person: &UserId,
) -> bool {
    let service = rules.service(&deployment.service);
    let is_owner = service.is_some_and(|service| service.owners.contains(person));
    responsible == Some(person) || is_owner || rules.admins.contains(person)
}

fn note(
    decision: &mut Decision,
    deployment: &FailedDeployment,
    at: DateTime<Utc>,
    by: Actor,
    what: &str,
) {
    if let Some(incident) = deployment.incident {
        let text = message::about_rollback(&deployment.change, what);
        let notes = vec![Note { at, by, text }];
        decision.tell(Told::Notes { incident, notes });
    }
}

/// GitHub has started the workflow, or refused to; `ended` when the run that it names has ended already.
pub(super) fn answered(
    decision: &mut Decision,
    deployment: &FailedDeployment,
    state: RollbackState,
    run: Option<i64>,
    ended: Option<&(Conclusion, String)>,
    at: DateTime<Utc>,
) {
    let Some(taken) = &deployment.rollback else {
        return;
    };
    // An operator may have had it tried again.
    if !matches!(
        taken.state,
        RollbackState::Asked | RollbackState::Unknown { .. }
    ) {
        return;
    }
    let what = match &state {
        RollbackState::Refused { code } => format!("rollback could not be started ({code})"),
        RollbackState::Unknown { code } => format!("rollback may have been started ({code})"),
        RollbackState::Asked
        | RollbackState::Started
        | RollbackState::Succeeded { .. }
        | RollbackState::Failed { .. } => String::new(),
    };
    let (what, state) = match ended {
        Some((conclusion, url)) => {
            let (what, state) = how_ended(conclusion, url.clone());
            (what.to_owned(), state)
        }
        None => (what, state),
    };
    if !what.is_empty() {
        note(decision, deployment, at, Actor::Wardroom, &what);
    }
    let taken = RollbackTaken {
        run,
        ..taken.clone()
    };
    save(decision, deployment, &taken, state);
}

/// A run of the workflow ended. Once it was asked for, and while GitHub has not named ours, it is the first on
/// the same reference that began afterwards.
pub fn run_ended(
    decision: &mut Decision,
    run: &Run,
    conclusion: &Conclusion,
    facts: &Facts,
    context: &Context<'_>,
) {
    let Some(deployment) = facts.deployment() else {
        return;
    };
    let Some(taken) = &deployment.rollback else {
        return;
    };
    let is_ours = match (taken.run, &taken.reference) {
        (Some(ours), _) => ours == run.id,
        (None, reference) => {
            let may_run = matches!(
                taken.state,
                RollbackState::Started | RollbackState::Unknown { .. }
            );
            let mut reference = reference.iter();
            may_run
                && run.started_at >= taken.at - DRIFT
                && reference.all(|name| *name == run.line.branch)
        }
    };
    if !is_ours {
        return;
    }
    let (what, state) = how_ended(conclusion, run.url.clone());
    note(decision, deployment, context.at, Actor::Wardroom, what);
    save(decision, deployment, taken, state);
}

fn how_ended(conclusion: &Conclusion, url: String) -> (&'static str, RollbackState) {
    match conclusion {
        Conclusion::Success => ("rollback succeeded", RollbackState::Succeeded { url }),
        _ => ("rollback failed", RollbackState::Failed { url }),
    }
}

fn save(
    decision: &mut Decision,
    deployment: &FailedDeployment,
    taken: &RollbackTaken,
    state: RollbackState,
) {
    let rollback = Some(RollbackTaken {
        state,
        ..taken.clone()
    });
    let deployment = FailedDeployment {
        rollback,
        ..deployment.clone()
    };
    deployments::save(decision, deployment);
}
