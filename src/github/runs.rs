//! Runs: reading one, listing its failed jobs and its reports, and running it again.
//!
//! GitHub has no key by which a re-run is found again. Its mark is the attempt: a run that is beyond the
//! attempt of the effect, or runs, has been repeated.

use super::call_error::CallError;
use super::client::Session;
use super::fields::file_name;
use super::untrusted;
use crate::courier::Lookup;
use crate::domain::ci::{findings, fits};
use crate::domain::effect::Answer;
use crate::domain::effect::github::{self, ARTIFACTS, FailedJob, JOBS, RunSeen, StepSeen};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;

/// Entries of a page, and how many pages of a list are read.
const PAGE: &str = "100";
const PAGES: usize = 5;
/// The steps of a job that are kept.
const STEPS: usize = 100;
const COMPLETED: &str = "completed";

#[derive(Deserialize)]
struct Run {
    run_attempt: Option<i32>,
    run_number: i64,
    workflow_id: i64,
    name: Option<String>,
    path: Option<String>,
    event: Option<String>,
    head_branch: Option<String>,
    head_sha: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
    html_url: Option<String>,
    run_started_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: Option<DateTime<Utc>>,
    triggering_actor: Option<Person>,
    actor: Option<Person>,
}

#[derive(Deserialize)]
struct Person {
    login: Option<String>,
}

#[derive(Deserialize)]
struct Repository {
    default_branch: Option<String>,
}

#[derive(Deserialize)]
struct Jobs {
    total_count: u32,
    jobs: Vec<Job>,
}

#[derive(Deserialize)]
struct Job {
    id: i64,
    name: Option<String>,
    conclusion: Option<String>,
    html_url: Option<String>,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    name: Option<String>,
    conclusion: Option<String>,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Artifacts {
    total_count: u32,
    artifacts: Vec<Artifact>,
}

#[derive(Deserialize)]
struct Artifact {
    id: i64,
    name: String,
    #[serde(default)]
    expired: bool,
    created_at: Option<DateTime<Utc>>,
}

/// What is run again.
#[derive(Clone, Copy)]
pub(super) enum Again {
    All,
    FailedJobs,
}

fn answer(answer: github::Answer) -> Answer {
    Answer::Github(answer)
}

impl Session<'_> {
    pub(super) async fn read_run(&self, run: i64) -> Result<Answer, CallError> {
        let seen = self.run(run).await?;
        let repository: Repository = self.get(&[], &[]).await?;
        let name = |text: Option<String>| untrusted::name(&text.unwrap_or_default());
        let actor = seen.triggering_actor.or(seen.actor);
        let seen = RunSeen {
            attempt: seen.run_attempt.unwrap_or(1),
            number: seen.run_number,
            workflow: seen.workflow_id,
            workflow_name: name(seen.name),
            trigger: name(seen.event),
            branch: name(seen.head_branch),
            sha: name(seen.head_sha),
            status: name(seen.status),
            conclusion: seen.conclusion.as_deref().map(untrusted::name),
            actor: actor.and_then(|actor| Some(untrusted::address(&actor.login?))),
            url: untrusted::url(&seen.html_url.unwrap_or_default()),
            started_at: seen.run_started_at.unwrap_or(seen.created_at),
            updated_at: seen.updated_at.unwrap_or(seen.created_at),
            default_branch: repository.default_branch.as_deref().map(untrusted::name),
            workflow_file: seen.path.as_deref().and_then(file_name),
        };
        Ok(answer(github::Answer::Run(Box::new(seen))))
    }

    async fn run(&self, run: i64) -> Result<Run, CallError> {
        self.get(&["actions", "runs", &run.to_string()], &[]).await
    }

    /// `before` is when the next attempt began: what was made since then is not of this one.
    pub(super) async fn list_failed_jobs(
        &self,
        run: i64,
        attempt: i32,
        reports: &[String],
        before: Option<DateTime<Utc>>,
    ) -> Result<Answer, CallError> {
        let (run, attempt) = (run.to_string(), attempt.to_string());
        let path = ["actions", "runs", &run, "attempts", &attempt];
        let mut failed = Vec::new();
        let (mut seen, mut total) = (0, 0);
        let mut deploys = None;
        for page in 1..=PAGES {
            let page = page.to_string();
            let query = [("per_page", PAGE), ("page", &page)];
            let jobs: Jobs = self.get(&[&path[..], &["jobs"]].concat(), &query).await?;
            total = jobs.total_count;
            let is_last = jobs.jobs.is_empty();
            seen += jobs.jobs.len();
            let deploying = || jobs.jobs.iter().find(|job| job.deploys());
            deploys = deploys.or_else(|| deploying()?.name.as_deref().map(untrusted::name));
            failed.extend(jobs.jobs.into_iter().filter_map(failed_job));
            if is_last || seen >= total as usize {
                break;
            }
        }
        // A job that was not read may have failed.
        let unseen = (total as usize).saturating_sub(seen);
        let count = u32::try_from(failed.len() + unseen).unwrap_or(u32::MAX);
        // Jobs that were cancelled say least: they are the first to be left out.
        failed.sort_by_key(|job| job.conclusion == "cancelled");
        failed.truncate(JOBS);
        let (artifacts, more_artifacts) = match reports {
            [] => (Vec::new(), false),
            names => self.artifacts(&run, &path, names, before).await?,
        };
        Ok(answer(github::Answer::Jobs {
            jobs: failed,
            failed: count,
            total,
            deploys,
            artifacts,
            more_artifacts,
            quota_left: self.quota_left(),
        }))
    }

    /// The artifacts with these names that were made since the attempt began, the newest of each name, and
    /// whether there are more.
    async fn artifacts(
        &self,
        run: &str,
        attempt: &[&str],
        names: &[String],
        before: Option<DateTime<Utc>>,
    ) -> Result<(Vec<i64>, bool), CallError> {
        let attempt: Run = self.get(attempt, &[]).await?;
        let began = attempt.run_started_at.unwrap_or(attempt.created_at);
        let mut found: Vec<Artifact> = Vec::new();
        let mut seen = 0;
        let mut more = true;
        for page in 1..=PAGES {
            let page = page.to_string();
            let query = [("per_page", PAGE), ("page", &page)];
            let path = ["actions", "runs", run, "artifacts"];
            let artifacts: Artifacts = self.get(&path, &query).await?;
            let (total, read) = (artifacts.total_count, artifacts.artifacts.len());
            seen += read;
            found.extend(artifacts.artifacts.into_iter().filter(|artifact| {
                let is_own = artifact
                    .created_at
                    .is_some_and(|at| at >= began && before.is_none_or(|before| at < before));
                let mut names = names.iter();
                is_own && !artifact.expired && names.any(|name| fits(name, &artifact.name))
            }));
            if read == 0 || seen >= total as usize {
                more = false;
                break;
            }
        }
        found.sort_by_key(|artifact| std::cmp::Reverse((artifact.created_at, artifact.id)));
        let mut kept: Vec<&Artifact> = Vec::new();
        for artifact in &found {
            if kept.iter().all(|other| other.name != artifact.name) {
                kept.push(artifact);
            }
        }
        more |= kept.len() > ARTIFACTS;
        let ids = kept.into_iter().map(|artifact| artifact.id);
        Ok((ids.take(ARTIFACTS).collect(), more))
    }

    /// Runs it again, unless that has been done already. `after_uncertain`: perhaps by this effect.
    pub(super) async fn rerun(
        &self,
        run: i64,
        attempt: i32,
        again: Again,
        after_uncertain: bool,
    ) -> Result<Answer, CallError> {
        if self.run(run).await?.is_repeated(attempt) {
            let already = !after_uncertain;
            return Ok(answer(github::Answer::Rerun { already }));
        }
        let verb = match again {
            Again::All => "rerun",
            Again::FailedJobs => "rerun-failed-jobs",
        };
        let path = ["actions", "runs", &run.to_string(), verb];
        self.post(&path, &json!({})).await.map_err(not_again)?;
        Ok(answer(github::Answer::Rerun { already: false }))
    }

    pub(super) async fn find_rerun(&self, run: i64, attempt: i32) -> Result<Lookup, CallError> {
        Ok(match self.run(run).await?.is_repeated(attempt) {
            true => Lookup::Found(answer(github::Answer::Rerun { already: false })),
            false => Lookup::Absent,
        })
    }
}

impl Run {
    fn is_repeated(&self, attempt: i32) -> bool {
        let is_running = self
            .status
            .as_deref()
            .is_some_and(|status| status != COMPLETED);
        self.run_attempt.unwrap_or(1) > attempt || is_running
    }
}

impl Job {
    /// By its name, or by that of a step that was not left out.
    fn deploys(&self) -> bool {
        let ran = |conclusion: &Option<String>| conclusion.as_deref() != Some("skipped");
        let steps = self.steps.iter().filter(|step| ran(&step.conclusion));
        let names = steps.map(|step| &step.name).chain([&self.name]);
        ran(&self.conclusion) && names.flatten().any(|name| findings::deploys(name))
    }
}

fn failed_job(job: Job) -> Option<FailedJob> {
    let conclusion = job.conclusion?;
    if matches!(conclusion.as_str(), "success" | "skipped" | "neutral") {
        return None;
    }
    let name = |text: Option<String>| untrusted::name(&text.unwrap_or_default());
    let steps = job.steps.into_iter().take(STEPS).map(|step| StepSeen {
        name: name(step.name),
        conclusion: step.conclusion.as_deref().map(untrusted::name),
        started_at: step.started_at,
        completed_at: step.completed_at,
    });
    Some(FailedJob {
        id: job.id,
        name: name(job.name),
        conclusion: untrusted::name(&conclusion),
        url: untrusted::url(&job.html_url.unwrap_or_default()),
        steps: steps.collect(),
    })
}

/// A 403 that is no missing permission: GitHub does not run it again. It has no codes for that, only words.
fn not_again(error: CallError) -> CallError {
    let CallError::Refused(mut refusal) = error else {
        return error;
    };
    let said = refusal.message.to_ascii_lowercase();
    let code = match refusal.status {
        403 if said.contains("already running") => "rerun_already_running",
        403 if said.contains("maximum") => "rerun_limit_reached",
        403 if said.contains("retr") || said.contains("re-run") => "rerun_not_possible",
        _ => return CallError::Refused(refusal),
    };
    code.clone_into(&mut refusal.code);
    CallError::Refused(refusal)
}
