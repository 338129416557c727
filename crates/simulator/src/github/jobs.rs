//! Jobs of an attempt. A job is also a check run of GitHub Actions, with the same id.

use serde_json::{Value, json};

use super::accounts::{node_id, stamp};
use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::logs;
use super::permissions::Needs;
use super::plan::JobPlan;
use super::refusal::Refusal;
use super::repository::Repository;
use super::runs::{Attempt, Run};
use crate::state::Moment;

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get(
        "actions/list-jobs-for-workflow-run",
        "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs",
        Needs::ACTIONS_READ,
        list,
    ),
    Endpoint::get(
        "actions/list-jobs-for-workflow-run-attempt",
        "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs",
        Needs::ACTIONS_READ,
        of_attempt,
    ),
    Endpoint::get(
        "actions/get-job-for-workflow-run",
        "/repos/{owner}/{repo}/actions/jobs/{job_id}",
        Needs::ACTIONS_READ,
        one,
    ),
    Endpoint::get(
        "actions/download-job-logs-for-workflow-run",
        "/repos/{owner}/{repo}/actions/jobs/{job_id}/logs",
        Needs::ACTIONS_READ,
        logs::of_job,
    ),
    Endpoint::get(
        "actions/download-workflow-run-logs",
        "/repos/{owner}/{repo}/actions/runs/{run_id}/logs",
        Needs::ACTIONS_READ,
        logs::of_run,
    ),
    Endpoint::get(
        "actions/download-workflow-run-attempt-logs",
        "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/logs",
        Needs::ACTIONS_READ,
        logs::of_run,
    ),
];

#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) id: u64,
    /// The attempt that ran it; a later one shows it again.
    pub(crate) attempt: u64,
    pub(crate) plan: JobPlan,
    pub(crate) status: &'static str,
    pub(crate) conclusion: Option<String>,
    pub(crate) created_at: Moment,
    pub(crate) started_at: Moment,
    pub(crate) completed_at: Option<Moment>,
}

impl Job {
    /// The steps: GitHub's own first and last, and those of the plan between them.
    fn steps(&self) -> Vec<Value> {
        if self.status == "queued" {
            return Vec::new();
        }
        let planned = self
            .plan
            .steps
            .iter()
            .map(|s| (s.name.as_str(), s.conclusion.as_str()));
        let mut steps = vec![("Set up job", "success")];
        steps.extend(planned);
        if self.plan.steps.is_empty() {
            steps.push((&self.plan.name, &self.plan.conclusion));
        }
        steps.push(("Complete job", "success"));
        let (started, ended) = (stamp(self.started_at), self.completed_at.map(stamp));
        let shown = steps.into_iter().zip(1..).map(|((name, conclusion), number)| {
            let conclusion = ended.as_ref().map(|_| conclusion);
            json!({"name": name, "status": self.status, "conclusion": conclusion, "number": number,
                   "started_at": started, "completed_at": ended})
        });
        shown.collect()
    }
}

impl Repository {
    pub(crate) fn job_json(&self, run: &Run, attempt: &Attempt, job: &Job) -> Value {
        let workflow = self
            .workflows
            .iter()
            .find(|workflow| workflow.id == run.workflow);
        let runs = job.status != "queued";
        json!({
            "id": job.id, "run_id": run.id, "workflow_name": workflow.map(|w| &w.name),
            "head_branch": run.branch, "run_url": self.api(&format!("/actions/runs/{}", run.id)),
            "run_attempt": attempt.number, "node_id": node_id("CheckRun", job.id),
            "head_sha": run.sha, "url": self.api(&format!("/actions/jobs/{}", job.id)),
            "html_url": self.html(&format!("/actions/runs/{}/job/{}", run.id, job.id)),
            "status": job.status, "conclusion": job.conclusion, "name": job.plan.name,
            "created_at": stamp(job.created_at), "started_at": stamp(job.started_at),
            "completed_at": job.completed_at.map(stamp), "steps": job.steps(),
            "check_run_url": self.api(&format!("/check-runs/{}", job.id)),
            "labels": job.plan.labels, "runner_id": runs.then_some(1),
            "runner_name": runs.then_some("GitHub Actions 1"),
            "runner_group_id": runs.then_some(2), "runner_group_name": runs.then_some("GitHub Actions"),
        })
    }

    pub(crate) fn find_job(&self, id: u64) -> Option<(&Run, &Attempt, &Job)> {
        self.runs.values().find_map(|run| {
            run.attempts.iter().find_map(|attempt| {
                let job = attempt.jobs.iter().find(|job| job.id == id)?;
                Some((run, attempt, job))
            })
        })
    }
}

fn list(call: &mut Call<'_>) -> Outcome {
    let repository = call.repo();
    let run = &repository.runs[&call.run_id()?];
    let all = call.query("filter") == Some("all");
    let attempts = run
        .attempts
        .iter()
        .rev()
        .take(if all { usize::MAX } else { 1 });
    let shown = attempts.flat_map(|attempt| {
        attempt
            .jobs
            .iter()
            .map(|job| repository.job_json(run, attempt, job))
    });
    Ok(Answer::counted("jobs", shown.collect()))
}

fn of_attempt(call: &mut Call<'_>) -> Outcome {
    let repository = call.repo();
    let run = &repository.runs[&call.run_id()?];
    let number = call.number("attempt_number")?;
    let attempt = run.attempts.iter().find(|attempt| attempt.number == number);
    let attempt = attempt.ok_or_else(Refusal::not_found)?;
    let shown = attempt
        .jobs
        .iter()
        .map(|job| repository.job_json(run, attempt, job));
    Ok(Answer::counted("jobs", shown.collect()))
}

fn one(call: &mut Call<'_>) -> Outcome {
    let id = call.number("job_id")?;
    let (run, attempt, job) = call.repo().find_job(id).ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(call.repo().job_json(run, attempt, job)))
}
