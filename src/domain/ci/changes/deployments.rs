//! A deployment to production that fails opens an incident, or joins the one that is open.
//!
//! Once for each deployment: a second status, a duplicate, or a late one after a newer deployment has
//! succeeded changes nothing.

use super::change::Change;
use super::facts::Facts;
use super::message;
use super::model::{
    CodeChange, DeploymentId, DeploymentState, FailedDeployment, FollowedIncident, Posting, What,
};
use super::purpose::Purpose;
use crate::domain::area::Context;
use crate::domain::ci::Decision;
use crate::domain::ci::watched;
use crate::domain::declaration::{Declaration, Kind, Source};
use crate::domain::effect::slack;
use crate::domain::ids::ChannelId;
use crate::domain::rules::Rules;
use crate::domain::told::{Reported, Told};
use chrono::Duration;

/// An older failure opens no incident: GitHub may deliver it again days later.
const RECENT: Duration = Duration::hours(24);

/// Whether an environment counts as production.
fn is_production(rules: &Rules, environment: &str) -> bool {
    let patterns = rules.github.deployments.production.iter();
    patterns
        .into_iter()
        .any(|pattern| watched::fits(pattern, environment))
}

pub(super) fn seen(
    decision: &mut Decision,
    change: &CodeChange,
    service: &str,
    facts: &Facts,
    context: &Context<'_>,
) {
    let What::Deployment {
        environment,
        state: DeploymentState::Failed,
        ..
    } = &change.what
    else {
        return;
    };
    let is_known = facts.deployment().is_some();
    let is_old = facts.superseded || change.at < context.now - RECENT;
    if is_known || is_old || !is_production(context.rules, environment) {
        return;
    }
    let deployment = FailedDeployment {
        id: DeploymentId::reported_by(context.signal),
        service: service.to_owned(),
        change: change.clone(),
        incident: None,
        message: None,
        rollback: None,
    };
    let named = context.rules.service(service);
    let named = named.map(|service| service.name.clone());
    // The change itself is on the timeline like any other.
    decision.tell(Told::ReportTrouble {
        reference: deployment.id.0,
        declaration: Declaration {
            title: message::title(change),
            severity: context.rules.github.deployments.severity,
            service: named.unwrap_or_else(|| service.to_owned()),
            commander: None,
            kind: Kind::Real,
            view: None,
            template: None,
        },
        source: Source::Github,
        notes: Vec::new(),
    });
    decision.change(Change::Deployment(Box::new(deployment)).into());
}

/// What became of the report: the incident's channel is told; without an incident, the channels of CI.
pub(super) fn reported(
    decision: &mut Decision,
    result: &Reported,
    facts: &Facts,
    context: &Context<'_>,
) {
    let Some(deployment) = facts.deployment() else {
        return;
    };
    match result {
        Reported::Incident(state) => {
            let deployment = FailedDeployment {
                incident: Some(state.id),
                ..deployment.clone()
            };
            let channel = facts
                .incident(state.id)
                .and_then(|one| one.state.channel.as_ref());
            match channel.or(state.channel.as_ref()) {
                Some(channel) => post(decision, &deployment, channel),
                None => decision.change(Change::Deployment(Box::new(deployment)).into()),
            }
        }
        Reported::Refused(why) => {
            for channel in watched::channels(context.rules, &deployment.change.repository) {
                let effect = slack::Effect::PostMessage {
                    channel: channel.clone(),
                    message: message::not_declared(&deployment.change, why),
                };
                let purpose = Purpose::Deployment {
                    deployment: deployment.id,
                    channel,
                };
                decision.effect(effect, purpose);
            }
        }
    }
}

/// Posts a deployment's message in its incident's channel, if it is not there yet.
pub(super) fn show_in(
    decision: &mut Decision,
    deployment: &FailedDeployment,
    incident: &FollowedIncident,
) {
    let is_of_it = deployment.incident == Some(incident.state.id);
    if let Some(channel) = &incident.state.channel
        && is_of_it
        && incident.state.is_open
        && deployment.message.is_none()
    {
        post(decision, deployment, channel);
    }
}

fn post(decision: &mut Decision, deployment: &FailedDeployment, channel: &ChannelId) {
    // Written as it is delivered.
    let effect = slack::Effect::PostMessage {
        channel: channel.clone(),
        message: message::deployment(deployment, message::Rollback::NotOffered),
    };
    let purpose = Purpose::Deployment {
        deployment: deployment.id,
        channel: channel.clone(),
    };
    decision.effect(effect, purpose);
    let deployment = FailedDeployment {
        message: Some(Posting {
            channel: channel.clone(),
            ts: None,
        }),
        ..deployment.clone()
    };
    decision.change(Change::Deployment(Box::new(deployment)).into());
}

/// Keeps a deployment that changed, and edits its message.
pub(super) fn save(decision: &mut Decision, deployment: FailedDeployment) {
    if let Some(Posting { ts: Some(_), .. }) = &deployment.message {
        edit(decision, &deployment);
    }
    decision.change(Change::Deployment(Box::new(deployment)).into());
}

fn edit(decision: &mut Decision, deployment: &FailedDeployment) {
    let effect = slack::Effect::UpdateMessage {
        shows: format!("ci:deployment:{}", deployment.id.0),
        edit: None,
    };
    let purpose = Purpose::DeploymentUpdate {
        deployment: deployment.id,
    };
    decision.effect(effect, purpose);
}

/// Its message is posted. What happened in the meantime is shown by an edit.
pub(super) fn posted(decision: &mut Decision, deployment: &FailedDeployment, posting: &Posting) {
    let awaited = Posting {
        ts: None,
        ..posting.clone()
    };
    if deployment.message.as_ref() != Some(&awaited) {
        return;
    }
    let deployment = FailedDeployment {
        message: Some(posting.clone()),
        ..deployment.clone()
    };
    if deployment.rollback.is_some() {
        edit(decision, &deployment);
    }
    decision.change(Change::Deployment(Box::new(deployment)).into());
}
