//! Re-runs: all jobs, the failed ones, or one. GitHub answers 201 before anything has run.
//!
//! Refused with 403 while a run is in progress, a month after it was created, and after 50 re-runs; the
//! 51st also leaves a failed check suite with an annotation.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::json;

use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::lifecycle::Again;
use super::permissions::Needs;
use super::refusal::{Refusal, refuse};

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "actions/re-run-workflow",
        "/repos/{owner}/{repo}/actions/runs/{run_id}/rerun",
        Needs::ACTIONS_WRITE,
        all,
    ),
    Endpoint::post(
        "actions/re-run-workflow-failed-jobs",
        "/repos/{owner}/{repo}/actions/runs/{run_id}/rerun-failed-jobs",
        Needs::ACTIONS_WRITE,
        failed,
    ),
    Endpoint::post(
        "actions/re-run-job-for-workflow-run",
        "/repos/{owner}/{repo}/actions/jobs/{job_id}/rerun",
        Needs::ACTIONS_WRITE,
        job,
    ),
];

const MOST: u32 = 50;
const DAYS: i64 = 30;

fn all(call: &mut Call<'_>) -> Outcome {
    let id = call.run_id()?;
    run_again(call, id, Again::All)
}

fn failed(call: &mut Call<'_>) -> Outcome {
    let id = call.run_id()?;
    run_again(call, id, Again::Failed)
}

fn job(call: &mut Call<'_>) -> Outcome {
    let id = call.number("job_id")?;
    let (run, attempt, _) = call.repo().find_job(id).ok_or_else(Refusal::not_found)?;
    if !run.finished() {
        let words = "The workflow run containing this job is already running";
        return refuse(StatusCode::FORBIDDEN, words);
    }
    if attempt.number != run.last().number {
        return refuse(
            StatusCode::FORBIDDEN,
            "Only jobs from the current attempt can be re-run",
        );
    }
    let run = run.id;
    run_again(call, run, Again::Job(id))
}

fn run_again(call: &mut Call<'_>, id: u64, again: Again) -> Outcome {
    let run = &call.repo().runs[&id];
    let no = |message: &str| refuse(StatusCode::FORBIDDEN, message);
    if !run.finished() {
        return no("This workflow is already running");
    }
    if call.now - run.created_at > TimeDelta::days(DAYS) {
        return no("Unable to retry this workflow run because it was created over a month ago");
    }
    let last = run.last();
    let startup = last.conclusion.as_deref() == Some("startup_failure");
    let workflow = call
        .repo()
        .workflows
        .iter()
        .find(|workflow| workflow.id == run.workflow);
    if startup || workflow.is_none_or(|workflow| workflow.state != "active") {
        return no("This workflow run cannot be retried");
    }
    if run.reruns >= MOST {
        let sha = run.sha.clone();
        call.too_many_reruns(&sha);
        return no("This workflow run has reached the maximum of 50 re-runs");
    }
    let (by, repository, now) = (call.actor(), call.repository, call.now);
    call.state.run_again(repository, id, again, &by, now)?;
    Ok(Answer::created(json!({})))
}
