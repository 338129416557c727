//! Deployments and their statuses.

use serde_json::{Value, json};

use super::accounts::{Account, node_id, stamp};
use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::permissions::Needs;
use super::refusal::Refusal;
use super::repository::Repository;
use super::state::GitHubState;
use crate::state::Moment;

const ALL: &str = "/repos/{owner}/{repo}/deployments";
const STATUSES: &str = "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses";

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("repos/list-deployments", ALL, Needs::DEPLOYMENTS_READ, list),
    Endpoint::post(
        "repos/create-deployment",
        ALL,
        Needs::DEPLOYMENTS_WRITE,
        create,
    ),
    Endpoint::get(
        "repos/get-deployment",
        "/repos/{owner}/{repo}/deployments/{deployment_id}",
        Needs::DEPLOYMENTS_READ,
        one,
    ),
    Endpoint::get(
        "repos/list-deployment-statuses",
        STATUSES,
        Needs::DEPLOYMENTS_READ,
        statuses,
    ),
    Endpoint::post(
        "repos/create-deployment-status",
        STATUSES,
        Needs::DEPLOYMENTS_WRITE,
        create_status,
    ),
];

const STATES: [&str; 7] = [
    "error",
    "failure",
    "inactive",
    "pending",
    "success",
    "queued",
    "in_progress",
];

#[derive(Clone)]
pub(crate) struct Deployment {
    pub(crate) id: u64,
    pub(crate) sha: String,
    pub(crate) reference: String,
    pub(crate) environment: String,
    pub(crate) production: bool,
    pub(crate) description: Option<String>,
    pub(crate) creator: Account,
    pub(crate) at: Moment,
    /// The run that deployed, if one did.
    pub(crate) run: Option<u64>,
    pub(crate) statuses: Vec<DeploymentStatus>,
}

#[derive(Clone)]
pub(crate) struct DeploymentStatus {
    pub(crate) id: u64,
    pub(crate) state: String,
    pub(crate) description: String,
    pub(crate) log_url: String,
    pub(crate) environment_url: String,
    pub(crate) creator: Account,
    pub(crate) at: Moment,
}

impl Repository {
    fn deployment_json(&self, deployment: &Deployment) -> Value {
        let id = deployment.id;
        let url = self.api(&format!("/deployments/{id}"));
        let last = deployment
            .statuses
            .last()
            .map_or(deployment.at, |status| status.at);
        json!({
            "id": id, "node_id": node_id("Deployment", id), "url": url, "sha": deployment.sha,
            "ref": deployment.reference, "task": "deploy", "payload": {},
            "original_environment": deployment.environment, "environment": deployment.environment,
            "description": deployment.description, "creator": deployment.creator.json(),
            "created_at": stamp(deployment.at), "updated_at": stamp(last),
            "statuses_url": format!("{url}/statuses"), "repository_url": self.api(""),
            "transient_environment": false, "production_environment": deployment.production,
            "performed_via_github_app": null,
        })
    }

    fn deployment_status_json(&self, deployment: &Deployment, status: &DeploymentStatus) -> Value {
        let url = self.api(&format!("/deployments/{}", deployment.id));
        json!({
            "id": status.id, "node_id": node_id("DeploymentStatus", status.id),
            "url": format!("{url}/statuses/{}", status.id), "state": status.state,
            "creator": status.creator.json(), "description": status.description,
            "environment": deployment.environment, "environment_url": status.environment_url,
            "target_url": status.log_url, "log_url": status.log_url, "deployment_url": url,
            "repository_url": self.api(""), "created_at": stamp(status.at),
            "updated_at": stamp(status.at), "performed_via_github_app": null,
        })
    }

    /// The run of a deployment as its events show it, and its workflow.
    fn deploying_run(&self, deployment: &Deployment) -> (Value, Value) {
        let Some(run) = deployment.run.and_then(|id| self.runs.get(&id)) else {
            return (Value::Null, Value::Null);
        };
        let workflow = self
            .workflows
            .iter()
            .find(|workflow| workflow.id == run.workflow);
        let workflow = workflow.map_or(Value::Null, |workflow| self.workflow_json(workflow));
        (self.run_json(run, run.last()), workflow)
    }
}

impl GitHubState {
    pub(crate) fn add_deployment(&mut self, repository: u64, deployment: Deployment, now: Moment) {
        let Some(repo) = self.repositories.get_mut(&repository) else {
            return;
        };
        let (run, workflow) = repo.deploying_run(&deployment);
        let by = deployment.creator.clone();
        let shown = repo.deployment_json(&deployment);
        repo.deployments.insert(deployment.id, deployment);
        let fields = json!({"deployment": shown, "workflow_run": run, "workflow": workflow});
        self.emit(
            "deployment",
            Some("created"),
            Some(repository),
            fields,
            &by,
            now,
        );
    }

    pub(crate) fn add_deployment_status(
        &mut self,
        repository: u64,
        deployment: u64,
        status: DeploymentStatus,
        now: Moment,
    ) {
        let Some(repo) = self.repositories.get_mut(&repository) else {
            return;
        };
        let Some(found) = repo.deployments.get_mut(&deployment) else {
            return;
        };
        let by = status.creator.clone();
        found.statuses.push(status.clone());
        let found = &repo.deployments[&deployment];
        let (run, workflow) = repo.deploying_run(found);
        let fields = json!({
            "deployment_status": repo.deployment_status_json(found, &status),
            "deployment": repo.deployment_json(found), "check_run": null, "workflow_run": run,
            "workflow": workflow,
        });
        self.emit(
            "deployment_status",
            Some("created"),
            Some(repository),
            fields,
            &by,
            now,
        );
    }
}

fn list(call: &mut Call<'_>) -> Outcome {
    let repository = call.repo();
    let same = |name: &str, value: &str| call.query(name).is_none_or(|wanted| wanted == value);
    let found = repository.deployments.values().rev().filter(|deployment| {
        same("sha", &deployment.sha)
            && same("ref", &deployment.reference)
            && same("environment", &deployment.environment)
    });
    Ok(Answer::list(
        found
            .map(|deployment| repository.deployment_json(deployment))
            .collect(),
    ))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let reference = call.required("Deployment", "ref")?;
    let sha = call
        .repo()
        .git
        .resolve(&reference)
        .map(|commit| commit.sha.clone());
    let sha =
        sha.ok_or_else(|| Refusal::unprocessable(&format!("No ref found for: {reference}")))?;
    let environment = call.text("environment").unwrap_or("production").to_owned();
    let given = call.body["production_environment"].as_bool();
    let deployment = Deployment {
        id: call.fresh(),
        sha,
        reference,
        production: given.unwrap_or(environment == "production"),
        environment,
        description: call.text("description").map(str::to_owned),
        creator: call.actor(),
        at: call.now,
        run: None,
        statuses: Vec::new(),
    };
    let shown = call.repo().deployment_json(&deployment);
    let (repository, now) = (call.repository, call.now);
    call.state.add_deployment(repository, deployment, now);
    Ok(Answer::created(shown))
}

fn find(call: &Call<'_>) -> Result<Deployment, Refusal> {
    let id = call.number("deployment_id")?;
    call.repo()
        .deployments
        .get(&id)
        .cloned()
        .ok_or_else(Refusal::not_found)
}

fn one(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(call.repo().deployment_json(&find(call)?)))
}

fn statuses(call: &mut Call<'_>) -> Outcome {
    let deployment = find(call)?;
    let all = deployment.statuses.iter().rev();
    let shown = all.map(|status| call.repo().deployment_status_json(&deployment, status));
    Ok(Answer::list(shown.collect()))
}

fn create_status(call: &mut Call<'_>) -> Outcome {
    let deployment = find(call)?;
    let state = call.required("DeploymentStatus", "state")?;
    if !STATES.contains(&state.as_str()) {
        return Err(Refusal::invalid("DeploymentStatus", "state", "inclusion"));
    }
    let text = |name: &str| call.text(name).unwrap_or_default().to_owned();
    let status = DeploymentStatus {
        state,
        description: text("description"),
        log_url: text("log_url"),
        environment_url: text("environment_url"),
        creator: call.actor(),
        at: call.now,
        id: call.fresh(),
    };
    let shown = call.repo().deployment_status_json(&deployment, &status);
    let (repository, now) = (call.repository, call.now);
    call.state
        .add_deployment_status(repository, deployment.id, status, now);
    Ok(Answer::created(shown))
}
