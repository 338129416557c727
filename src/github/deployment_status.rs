//! Reads a `deployment_status` webhook.
//!
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads#deployment_status>. States that are
//! neither a begin nor an end (`queued`, `waiting`, `pending`, `inactive`) are of no use.

use super::fields::{Person, Repository, login, moment, url};
use super::payload::part;
use super::untrusted;
use crate::domain::areas::Event;
use crate::domain::ci;
use crate::domain::ci::changes::{self, CodeChange, DeploymentState, What};
use chrono::{DateTime, Utc};
use serde::Deserialize;

#[derive(Deserialize)]
struct Whole {
    repository: Option<Repository>,
    deployment_status: Option<Status>,
    deployment: Option<Deployment>,
}

#[derive(Deserialize)]
struct Status {
    id: Option<i64>,
    state: Option<String>,
    environment: Option<String>,
    created_at: Option<String>,
}

#[derive(Deserialize)]
struct Deployment {
    id: Option<i64>,
    sha: Option<String>,
    environment: Option<String>,
}

/// What is only shown is read by itself: an odd field here must not cost the event.
#[derive(Deserialize)]
struct OfPerson {
    deployment: Option<Created>,
}

#[derive(Deserialize)]
struct Created {
    creator: Option<Person>,
}

#[derive(Deserialize)]
struct OfRun {
    workflow_run: Option<Page>,
}

#[derive(Deserialize)]
struct Page {
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct OfLog {
    deployment_status: Option<Log>,
}

#[derive(Deserialize)]
struct Log {
    log_url: Option<String>,
    target_url: Option<String>,
}

/// The event of a webhook's JSON; `None`: the state is of no use.
pub(super) fn read(json: &[u8], at: DateTime<Utc>) -> Option<Event> {
    let incomplete = |lacks| Event::Incomplete {
        what: "deployment_status".to_owned(),
        lacks,
    };
    let Some(whole) = part::<Whole>(json) else {
        return Some(incomplete("deployment_status"));
    };
    match seen(json, whole, at) {
        Ok(change) => Some(ci::Event::from(changes::Event::Seen(change?)).into()),
        Err(lacks) => Some(incomplete(lacks)),
    }
}

fn seen(json: &[u8], whole: Whole, at: DateTime<Utc>) -> Result<Option<CodeChange>, &'static str> {
    let repository = whole.repository.ok_or("repository")?;
    let status = whole.deployment_status.ok_or("deployment_status")?;
    let deployment = whole.deployment.ok_or("deployment")?;
    let state = match status.state.as_deref().ok_or("deployment_status.state")? {
        "in_progress" => DeploymentState::Started,
        "success" => DeploymentState::Succeeded,
        "failure" | "error" => DeploymentState::Failed,
        _ => return Ok(None),
    };
    let environment = status.environment.or(deployment.environment);
    let actor = part::<OfPerson>(json).and_then(|of| login(of.deployment?.creator));
    Ok(Some(CodeChange {
        repository: repository.name()?,
        at: moment(status.created_at.as_deref(), at),
        what: What::Deployment {
            environment: untrusted::name(&environment.ok_or("deployment.environment")?),
            deployment: deployment.id.ok_or("deployment.id")?,
            status: status.id.ok_or("deployment_status.id")?,
            state,
        },
        title: String::new(),
        sha: untrusted::name(&deployment.sha.ok_or("deployment.sha")?),
        url: page(json),
        actor,
    }))
}

/// The run that deployed, else the log that the status names.
fn page(json: &[u8]) -> String {
    let of_run = part::<OfRun>(json).and_then(|of| of.workflow_run?.html_url);
    let log = || part::<OfLog>(json).and_then(|of| of.deployment_status);
    let log = || log().and_then(|log| log.log_url.filter(|url| !url.is_empty()).or(log.target_url));
    match of_run {
        Some(run) => url(Some(run)),
        None => untrusted::foreign_url(&log().unwrap_or_default()),
    }
}
