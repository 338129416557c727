//! Workflows, and starting one by `workflow_dispatch`.

use serde_json::{Value, json};

use super::accounts::{node_id, stamp};
use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::permissions::Needs;
use super::plan::{AttemptPlan, JobPlan, RunPlan};
use super::refusal::Refusal;
use super::repository::Repository;
use super::state::GitHubState;
use crate::state::Moment;

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get(
        "actions/list-repo-workflows",
        "/repos/{owner}/{repo}/actions/workflows",
        Needs::ACTIONS_READ,
        list,
    ),
    Endpoint::get(
        "actions/get-workflow",
        "/repos/{owner}/{repo}/actions/workflows/{workflow_id}",
        Needs::ACTIONS_READ,
        one,
    ),
    Endpoint::post(
        "actions/create-workflow-dispatch",
        "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
        Needs::ACTIONS_WRITE,
        dispatch,
    ),
    Endpoint::put(
        "actions/enable-workflow",
        "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/enable",
        Needs::ACTIONS_WRITE,
        enable,
    ),
    Endpoint::put(
        "actions/disable-workflow",
        "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/disable",
        Needs::ACTIONS_WRITE,
        disable,
    ),
];

#[derive(Clone)]
pub(crate) struct Workflow {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) state: &'static str,
    /// The inputs of `workflow_dispatch`; `None` without that trigger.
    pub(crate) inputs: Option<Vec<String>>,
    /// What a dispatched run does.
    pub(crate) dispatched: AttemptPlan,
    pub(crate) created_at: Moment,
}

/// The most inputs that a dispatch may have.
const MOST_INPUTS: usize = 25;

impl Repository {
    pub(crate) fn workflow_json(&self, workflow: &Workflow) -> Value {
        let (id, path) = (workflow.id, &workflow.path);
        let file = path.rsplit('/').next().unwrap_or_default();
        json!({
            "id": id, "node_id": node_id("Workflow", id), "name": workflow.name, "path": path,
            "state": workflow.state, "created_at": stamp(workflow.created_at),
            "updated_at": stamp(workflow.created_at),
            "url": self.api(&format!("/actions/workflows/{id}")),
            "html_url": self.html(&format!("/blob/{}/{path}", self.default_branch)),
            "badge_url": self.html(&format!("/actions/workflows/{file}/badge.svg")),
        })
    }
}

impl GitHubState {
    /// The id of a workflow by name; it is added if it is missing.
    pub(crate) fn workflow_named(
        &mut self,
        repository: u64,
        name: &str,
        now: Moment,
    ) -> Result<u64, Refusal> {
        let fresh = self.fresh();
        let repo = self.repository_mut(repository)?;
        if let Some(found) = repo.workflows.iter().find(|workflow| workflow.name == name) {
            return Ok(found.id);
        }
        let file: String = name
            .to_lowercase()
            .replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        repo.workflows.push(Workflow {
            id: fresh,
            name: name.to_owned(),
            path: format!(".github/workflows/{file}.yml"),
            state: "active",
            inputs: None,
            dispatched: AttemptPlan::new(vec![JobPlan::passed("run")]),
            created_at: now,
        });
        Ok(fresh)
    }
}

impl Call<'_> {
    /// The workflow of the path: by id, or by the name of its file.
    pub(crate) fn workflow(&self) -> Result<&Workflow, Refusal> {
        let wanted = self.part("workflow_id");
        let mut all = self.repo().workflows.iter();
        let found = all.find(|workflow| {
            let file = workflow.path.rsplit('/').next().unwrap_or_default();
            workflow.id.to_string() == wanted || file == wanted
        });
        found.ok_or_else(Refusal::not_found)
    }

    fn set_state(&mut self, state: &'static str) -> Outcome {
        let id = self.workflow()?.id;
        let mut all = self.repo_mut().workflows.iter_mut();
        if let Some(found) = all.find(|workflow| workflow.id == id) {
            found.state = state;
        }
        Ok(Answer::none())
    }
}

fn list(call: &mut Call<'_>) -> Outcome {
    let repository = call.repo();
    let shown = repository
        .workflows
        .iter()
        .map(|workflow| repository.workflow_json(workflow));
    Ok(Answer::counted("workflows", shown.collect()))
}

fn one(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(call.repo().workflow_json(call.workflow()?)))
}

fn enable(call: &mut Call<'_>) -> Outcome {
    call.set_state("active")
}

fn disable(call: &mut Call<'_>) -> Outcome {
    call.set_state("disabled_manually")
}

fn dispatch(call: &mut Call<'_>) -> Outcome {
    let workflow = call.workflow()?.clone();
    let reference = call.required("WorkflowDispatch", "ref")?;
    let details = &call.body["return_run_details"];
    if call.state.behaviour.enterprise.is_some() && !details.is_null() {
        let words = "Invalid request.\n\n\"return_run_details\" is not a permitted key.";
        return Err(Refusal::unprocessable(words));
    }
    let with_details = details == true;
    let Some(known) = &workflow.inputs else {
        return Err(Refusal::unprocessable(
            "Workflow does not have 'workflow_dispatch' trigger",
        ));
    };
    if workflow.state != "active" {
        let words = "Cannot trigger a 'workflow_dispatch' on a disabled workflow";
        return Err(Refusal::unprocessable(words));
    }
    let given = call.body["inputs"].as_object();
    let given: Vec<&String> = given
        .map(|inputs| inputs.keys().collect())
        .unwrap_or_default();
    if given.len() > MOST_INPUTS {
        return Err(Refusal::unprocessable(
            "you may only define up to 25 `inputs` for a \
            `workflow_dispatch` event",
        ));
    }
    let unknown: Vec<&&String> = given.iter().filter(|name| !known.contains(name)).collect();
    if !unknown.is_empty() {
        return Err(Refusal::unprocessable(&format!(
            "Unexpected inputs provided: {unknown:?}"
        )));
    }
    let name = reference.strip_prefix("refs/").unwrap_or(&reference);
    let name = name.strip_prefix("heads/").unwrap_or(name).to_owned();
    let refs = &call.repo().git.refs;
    let tag = refs.contains_key(&format!("tags/{name}"));
    if !tag && !refs.contains_key(&format!("heads/{name}")) {
        return Err(Refusal::unprocessable(&format!(
            "No ref found for: {reference}"
        )));
    }
    let plan = RunPlan {
        workflow: workflow.name,
        branch: Some(name.clone()),
        sha: tag.then(|| format!("tags/{name}")),
        event: "workflow_dispatch".to_owned(),
        actor: Some(call.actor().login),
        attempts: vec![workflow.dispatched],
        ..RunPlan::default()
    };
    let (repository, now) = (call.repository, call.now);
    let run = call.state.start_run(repository, plan, now)?;
    if !with_details {
        return Ok(Answer::none());
    }
    let path = format!("/actions/runs/{run}");
    let (api, html) = (call.repo().api(&path), call.repo().html(&path));
    Ok(Answer::ok(json!({
        "workflow_run_id": run, "run_url": api, "html_url": html,
    })))
}
