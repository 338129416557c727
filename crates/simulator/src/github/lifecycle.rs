//! What happens to a run: it starts, its jobs run and end, it is cancelled, it is run again.
//!
//! Each step sends the webhooks that GitHub sends. The time of a step is an argument.

use axum::http::StatusCode;
use chrono::TimeDelta;

use super::accounts::Account;
use super::artifacts::Artifact;
use super::checks::{Maker, Suite};
use super::jobs::Job;
use super::plan::{AttemptPlan, JobPlan, RunPlan};
use super::refusal::{Refusal, refuse};
use super::runs::{Attempt, Run};
use super::state::GitHubState;
use crate::state::Moment;

/// What a re-run runs again.
#[derive(Clone, Copy)]
pub(crate) enum Again {
    All,
    Failed,
    Job(u64),
}

fn plan_of(plan: &RunPlan, number: usize) -> AttemptPlan {
    let found = plan
        .attempts
        .get(number - 1)
        .or_else(|| plan.attempts.last());
    found.cloned().unwrap_or_default()
}

fn conclusion(attempt: &Attempt) -> String {
    if let Some(given) = &attempt.plan.conclusion {
        return given.clone();
    }
    let has = |wanted: &str| {
        attempt
            .jobs
            .iter()
            .any(|job| job.conclusion.as_deref() == Some(wanted))
    };
    let first = ["failure", "timed_out", "cancelled"]
        .into_iter()
        .find(|wanted| has(wanted));
    first
        .map_or("success", |found| {
            if found == "timed_out" {
                "failure"
            } else {
                found
            }
        })
        .to_owned()
}

impl GitHubState {
    fn queued_job(&mut self, plan: &JobPlan, attempt: u64, now: Moment) -> Job {
        Job {
            id: self.fresh() + 1_000_000_000,
            attempt,
            plan: plan.clone(),
            status: "queued",
            conclusion: None,
            created_at: now,
            started_at: now,
            completed_at: None,
        }
    }

    fn jobs(&mut self, plans: &[JobPlan], attempt: u64, now: Moment) -> Vec<Job> {
        plans
            .iter()
            .map(|plan| self.queued_job(plan, attempt, now))
            .collect()
    }

    /// Starts a run. It is queued until `begin_run`.
    pub(crate) fn start_run(
        &mut self,
        repository: u64,
        plan: RunPlan,
        now: Moment,
    ) -> Result<u64, Refusal> {
        let workflow = self.workflow_named(repository, &plan.workflow, now)?;
        let (id, suite) = (self.fresh() + 2_000_000_000, self.fresh());
        let first = plan_of(&plan, 1);
        let now = now - TimeDelta::days(plan.days_old);
        let jobs = self.jobs(&first.jobs, 1, now);
        let owner = self.repository_mut(repository)?.owner.login.clone();
        let actor = self.account(plan.actor.as_ref().unwrap_or(&owner));
        let repo = self.repository_mut(repository)?;
        let branch = plan
            .branch
            .clone()
            .unwrap_or_else(|| repo.default_branch.clone());
        let wanted = plan
            .sha
            .clone()
            .unwrap_or_else(|| format!("heads/{branch}"));
        let sha = repo.git.resolve(&wanted).map(|commit| commit.sha.clone());
        let Some(sha) = sha else {
            return Err(Refusal::unprocessable(&format!(
                "No ref found for: {wanted}"
            )));
        };
        let number = repo
            .runs
            .values()
            .filter(|run| run.workflow == workflow)
            .count() as u64
            + 1;
        let attempt = Attempt {
            number: 1,
            plan: first,
            jobs,
            status: "queued",
            conclusion: None,
            started_at: now,
            updated_at: now,
            by: actor.clone(),
        };
        let maker = Maker::Actions;
        let made = Suite {
            id: suite,
            sha: sha.clone(),
            branch: branch.clone(),
            maker,
            created_at: now,
        };
        repo.suites.insert(suite, made);
        let run = Run {
            id,
            workflow,
            number,
            suite,
            branch,
            sha,
            actor,
            created_at: now,
            plan,
            attempts: vec![attempt],
            reruns: 0,
        };
        repo.runs.insert(id, run);
        self.emit_run(repository, id, "requested", now);
        self.emit_jobs(repository, id, "queued", |_| true, now);
        Ok(id)
    }

    fn last_attempt(&mut self, repository: u64, run: u64) -> Option<&mut Attempt> {
        let run = self.repositories.get_mut(&repository)?.runs.get_mut(&run)?;
        Some(run.last_mut())
    }

    /// The jobs of the last attempt begin.
    pub(crate) fn begin_run(&mut self, repository: u64, run: u64, now: Moment) {
        let Some(attempt) = self.last_attempt(repository, run) else {
            return;
        };
        if attempt.status != "queued" {
            return;
        }
        attempt.status = "in_progress";
        attempt.updated_at = now;
        let mut begun = Vec::new();
        for job in attempt.jobs.iter_mut().filter(|job| job.status == "queued") {
            job.status = "in_progress";
            job.started_at = now;
            begun.push(job.id);
        }
        self.emit_run(repository, run, "in_progress", now);
        self.emit_jobs(
            repository,
            run,
            "in_progress",
            |job| begun.contains(&job.id),
            now,
        );
    }

    /// The jobs of the last attempt end that have this name, or all.
    pub(crate) fn finish_jobs(
        &mut self,
        repository: u64,
        run: u64,
        name: Option<&str>,
        now: Moment,
    ) {
        self.begin_run(repository, run, now);
        let Some(attempt) = self.last_attempt(repository, run) else {
            return;
        };
        let mut ended = Vec::new();
        let fits = |job: &Job| name.is_none_or(|name| job.plan.name == name);
        for job in attempt
            .jobs
            .iter_mut()
            .filter(|job| job.completed_at.is_none() && fits(job))
        {
            job.status = "completed";
            job.conclusion = Some(job.plan.conclusion.clone());
            job.completed_at = Some(now);
            let earliest = now - TimeDelta::seconds(i64::from(job.plan.seconds));
            job.started_at = job.created_at.max(earliest);
            ended.push(job.id);
        }
        self.emit_jobs(
            repository,
            run,
            "completed",
            |job| ended.contains(&job.id),
            now,
        );
    }

    /// All jobs end, and so does the attempt.
    pub(crate) fn finish_run(&mut self, repository: u64, run: u64, now: Moment) {
        self.finish_jobs(repository, run, None, now);
        let Some(attempt) = self.last_attempt(repository, run) else {
            return;
        };
        if attempt.status == "completed" {
            return;
        }
        attempt.status = "completed";
        attempt.conclusion = Some(conclusion(attempt));
        attempt.updated_at = now;
        let uploaded = attempt.plan.artifacts.clone();
        for artifact in uploaded {
            let id = self.fresh();
            if let Some(repo) = self.repositories.get_mut(&repository) {
                repo.upload(Artifact::new(id, run, &artifact, now), artifact.overwrite);
            }
        }
        self.emit_run(repository, run, "completed", now);
        self.emit_suite(repository, run, now);
    }

    /// The jobs that have not ended are cancelled.
    pub(crate) fn cancel_run(&mut self, repository: u64, run: u64, now: Moment) {
        let Some(attempt) = self.last_attempt(repository, run) else {
            return;
        };
        attempt.plan.conclusion = Some("cancelled".to_owned());
        attempt.plan.artifacts.clear();
        for job in attempt
            .jobs
            .iter_mut()
            .filter(|job| job.completed_at.is_none())
        {
            "cancelled".clone_into(&mut job.plan.conclusion);
        }
        self.finish_run(repository, run, now);
    }

    /// The next attempt of a run. The caller has checked that it may be run again.
    pub(crate) fn run_again(
        &mut self,
        repository: u64,
        run: u64,
        again: Again,
        by: &Account,
        now: Moment,
    ) -> Result<(), Refusal> {
        let found = self.repository_mut(repository)?.runs.get(&run);
        let found = found.ok_or_else(Refusal::not_found)?;
        let number = found.attempts.len() + 1;
        let next = plan_of(&found.plan, number);
        let before = found.last().jobs.clone();
        let chosen = chosen(&before, again);
        if chosen.is_empty() && !matches!(again, Again::All) {
            return refuse(StatusCode::FORBIDDEN, "This workflow run cannot be retried");
        }
        let planned = |job: &Job| {
            let new = next.jobs.iter().find(|plan| plan.name == job.plan.name);
            new.unwrap_or(&job.plan).clone()
        };
        let mut jobs = Vec::new();
        for job in &before {
            if chosen.contains(&job.plan.name) {
                jobs.push(self.queued_job(&planned(job), number as u64, now));
            } else {
                // It is shown again, with its old result and times.
                jobs.push(Job {
                    id: self.fresh() + 1_000_000_000,
                    ..job.clone()
                });
            }
        }
        if matches!(again, Again::All) {
            let plans = if next.jobs.is_empty() && next.conclusion.is_none() {
                before.iter().map(|job| job.plan.clone()).collect()
            } else {
                next.jobs.clone()
            };
            jobs = self.jobs(&plans, number as u64, now);
        }
        let attempt = Attempt {
            number: number as u64,
            plan: next,
            jobs,
            status: "queued",
            conclusion: None,
            started_at: now,
            updated_at: now,
            by: by.clone(),
        };
        let found = self.repository_mut(repository)?.runs.get_mut(&run);
        let found = found.ok_or_else(Refusal::not_found)?;
        found.attempts.push(attempt);
        found.reruns += 1;
        if self.behaviour.rerun_requested {
            self.emit_run(repository, run, "requested", now);
        }
        self.emit_jobs(repository, run, "queued", |job| job.status == "queued", now);
        Ok(())
    }
}

/// The names of the jobs that a re-run runs: the chosen ones, and all that need one of them.
fn chosen(before: &[Job], again: Again) -> Vec<String> {
    let fits = |job: &&Job| match again {
        Again::All => true,
        // Cancelled jobs, and those that ran out of time, are left out.
        Again::Failed => job.conclusion.as_deref() == Some("failure"),
        Again::Job(id) => job.id == id,
    };
    let mut names: Vec<String> = before
        .iter()
        .filter(fits)
        .map(|job| job.plan.name.clone())
        .collect();
    loop {
        let needing = before.iter().find(|job| {
            !names.contains(&job.plan.name)
                && job.plan.needs.iter().any(|need| names.contains(need))
        });
        let Some(job) = needing else { return names };
        names.push(job.plan.name.clone());
    }
}
