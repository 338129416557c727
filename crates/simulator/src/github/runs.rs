//! Runs of workflows: what they are, and the endpoints that read them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::accounts::{Account, node_id, stamp};
use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::jobs::Job;
use super::permissions::Needs;
use super::plan::{AttemptPlan, RunPlan};
use super::refusal::{Refusal, refuse};
use super::repository::Repository;
use crate::state::Moment;

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get(
        "actions/list-workflow-runs-for-repo",
        "/repos/{owner}/{repo}/actions/runs",
        Needs::ACTIONS_READ,
        list,
    ),
    Endpoint::get(
        "actions/list-workflow-runs",
        "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
        Needs::ACTIONS_READ,
        list,
    ),
    Endpoint::get(
        "actions/get-workflow-run",
        "/repos/{owner}/{repo}/actions/runs/{run_id}",
        Needs::ACTIONS_READ,
        one,
    ),
    Endpoint::get(
        "actions/get-workflow-run-attempt",
        "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}",
        Needs::ACTIONS_READ,
        attempt,
    ),
    Endpoint::post(
        "actions/cancel-workflow-run",
        "/repos/{owner}/{repo}/actions/runs/{run_id}/cancel",
        Needs::ACTIONS_WRITE,
        cancel,
    ),
    Endpoint::post(
        "actions/force-cancel-workflow-run",
        "/repos/{owner}/{repo}/actions/runs/{run_id}/force-cancel",
        Needs::ACTIONS_WRITE,
        cancel,
    ),
];

/// The most results of a filtered list.
const MOST_FILTERED: usize = 1000;

pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) workflow: u64,
    pub(crate) number: u64,
    pub(crate) suite: u64,
    pub(crate) branch: String,
    pub(crate) sha: String,
    pub(crate) actor: Account,
    pub(crate) created_at: Moment,
    pub(crate) plan: RunPlan,
    pub(crate) attempts: Vec<Attempt>,
    /// How often a re-run was accepted.
    pub(crate) reruns: u32,
}

pub(crate) struct Attempt {
    pub(crate) number: u64,
    pub(crate) plan: AttemptPlan,
    pub(crate) jobs: Vec<Job>,
    pub(crate) status: &'static str,
    pub(crate) conclusion: Option<String>,
    pub(crate) started_at: Moment,
    pub(crate) updated_at: Moment,
    pub(crate) by: Account,
}

impl Run {
    pub(crate) fn last(&self) -> &Attempt {
        self.attempts.last().expect("a run has an attempt")
    }

    pub(crate) fn last_mut(&mut self) -> &mut Attempt {
        self.attempts.last_mut().expect("a run has an attempt")
    }

    pub(crate) fn finished(&self) -> bool {
        self.last().status == "completed"
    }
}

impl Repository {
    /// The pull requests that a run or a check names: those of this repository with this commit.
    pub(crate) fn pulls_at(&self, sha: &str) -> Vec<Value> {
        let open = self.pulls.values().filter(|pull| {
            self.issues
                .get(&pull.number)
                .is_some_and(|issue| issue.open)
                && !pull.fork
        });
        let side = |name: &str, sha: &str| {
            json!({"ref": name, "sha": sha,
                   "repo": {"id": self.id, "url": self.api(""), "name": self.name}})
        };
        let named = open.filter_map(|pull| {
            let head = self.git.resolve(&format!("heads/{}", pull.head))?;
            let base = self.git.resolve(&format!("heads/{}", pull.base))?;
            (head.sha == sha).then(|| {
                json!({"id": pull.id, "number": pull.number,
                       "url": self.api(&format!("/pulls/{}", pull.number)),
                       "head": side(&pull.head, &head.sha), "base": side(&pull.base, &base.sha)})
            })
        });
        named.collect()
    }

    pub(crate) fn run_json(&self, run: &Run, attempt: &Attempt) -> Value {
        let (id, number) = (run.id, attempt.number);
        let workflow = self
            .workflows
            .iter()
            .find(|workflow| workflow.id == run.workflow);
        let (name, path) = workflow.map_or(("", ""), |w| (w.name.as_str(), w.path.as_str()));
        let url = self.api(&format!("/actions/runs/{id}"));
        let previous = (number > 1).then(|| format!("{url}/attempts/{}", number - 1));
        let message = self
            .git
            .commits
            .get(&run.sha)
            .map_or("", |commit| commit.message.as_str());
        let pulls = if run.plan.fork {
            Vec::new()
        } else {
            self.pulls_at(&run.sha)
        };
        json!({
            "id": id, "name": name, "node_id": node_id("WorkflowRun", id), "path": path,
            "display_title": message.lines().next().unwrap_or_default(),
            "head_branch": run.branch, "head_sha": run.sha, "run_number": run.number,
            "event": run.plan.event, "status": attempt.status, "conclusion": attempt.conclusion,
            "workflow_id": run.workflow, "check_suite_id": run.suite,
            "check_suite_node_id": node_id("CheckSuite", run.suite), "url": url,
            "html_url": self.html(&format!("/actions/runs/{id}")), "pull_requests": pulls,
            "created_at": stamp(run.created_at), "updated_at": stamp(attempt.updated_at),
            "run_started_at": stamp(attempt.started_at), "run_attempt": number,
            "actor": run.actor.json(), "triggering_actor": attempt.by.json(),
            "referenced_workflows": [], "previous_attempt_url": previous,
            "jobs_url": format!("{url}/jobs"), "logs_url": format!("{url}/logs"),
            "check_suite_url": self.api(&format!("/check-suites/{}", run.suite)),
            "artifacts_url": format!("{url}/artifacts"), "cancel_url": format!("{url}/cancel"),
            "rerun_url": format!("{url}/rerun"),
            "workflow_url": self.api(&format!("/actions/workflows/{}", run.workflow)),
            "head_commit": self.simple_commit(&run.sha), "repository": self.short(),
            "head_repository": self.short(),
        })
    }
}

impl Call<'_> {
    pub(crate) fn run_id(&self) -> Result<u64, Refusal> {
        let id = self.number("run_id")?;
        self.repo()
            .runs
            .contains_key(&id)
            .then_some(id)
            .ok_or_else(Refusal::not_found)
    }
}

/// `created`: `2026-01-01`, `>=2026-01-01`, `>…`, `<…`, `<=…`, or `from..to`.
fn created_fits(filter: &str, at: Moment) -> bool {
    let at = stamp(at);
    let day = |text: &str| {
        text.trim_end_matches("+00:00")
            .trim_end_matches('Z')
            .to_owned()
    };
    if let Some((from, to)) = filter.split_once("..") {
        let after = from == "*" || at >= day(from);
        return after && (to == "*" || at <= format!("{}~", day(to)));
    }
    if let Some(from) = filter.strip_prefix(">=") {
        return at >= day(from);
    }
    if let Some(to) = filter.strip_prefix("<=") {
        return at <= format!("{}~", day(to));
    }
    if let Some(from) = filter.strip_prefix('>') {
        return at > format!("{}~", day(from));
    }
    if let Some(to) = filter.strip_prefix('<') {
        return at < day(to);
    }
    at.starts_with(&day(filter))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let workflow = match call.part("workflow_id") {
        "" => None,
        _ => Some(call.workflow()?.id),
    };
    let repository = call.repo();
    let same = |name: &str, value: &str| call.query(name).is_none_or(|wanted| wanted == value);
    let mut found: Vec<&super::runs::Run> = repository.runs.values().collect();
    found.retain(|run| {
        let attempt = run.last();
        let conclusion = attempt.conclusion.as_deref().unwrap_or_default();
        let state = call
            .query("status")
            .is_none_or(|s| s == attempt.status || s == conclusion);
        workflow.is_none_or(|id| run.workflow == id)
            && state
            && same("branch", &run.branch)
            && same("event", &run.plan.event)
            && same("actor", &run.actor.login)
            && same("head_sha", &run.sha)
            && same("check_suite_id", &run.suite.to_string())
            && call
                .query("created")
                .is_none_or(|filter| created_fits(filter, run.created_at))
    });
    found.sort_by_key(|run| std::cmp::Reverse((run.created_at, run.id)));
    let filters = [
        "branch",
        "event",
        "actor",
        "head_sha",
        "check_suite_id",
        "created",
        "status",
    ];
    if filters.iter().any(|name| call.query(name).is_some()) {
        found.truncate(MOST_FILTERED);
    }
    let shown = found
        .into_iter()
        .map(|run| repository.run_json(run, run.last()));
    Ok(Answer::counted("workflow_runs", shown.collect()))
}

fn one(call: &mut Call<'_>) -> Outcome {
    let run = &call.repo().runs[&call.run_id()?];
    Ok(Answer::ok(call.repo().run_json(run, run.last())))
}

fn attempt(call: &mut Call<'_>) -> Outcome {
    let run = &call.repo().runs[&call.run_id()?];
    let number = call.number("attempt_number")?;
    let found = run.attempts.iter().find(|attempt| attempt.number == number);
    let attempt = found.ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(call.repo().run_json(run, attempt)))
}

fn cancel(call: &mut Call<'_>) -> Outcome {
    let id = call.run_id()?;
    if call.repo().runs[&id].finished() {
        return refuse(
            StatusCode::CONFLICT,
            "Cannot cancel a workflow run that is completed.",
        );
    }
    let (repository, now) = (call.repository, call.now);
    call.state.cancel_run(repository, id, now);
    Ok(Answer::Json(StatusCode::ACCEPTED, json!({})))
}
