//! Check runs and suites: those of the App, and the jobs of GitHub Actions.
//!
//! An App changes only its own check runs. Annotations of a later update are added to the earlier ones.

use serde_json::{Value, json};

use super::accounts::{node_id, stamp};
use super::call::{Answer, Call, Outcome};
use super::check_changes::{create, rerequest, update};
use super::endpoint::Endpoint;
use super::hosts::HTML;
use super::jobs::Job;
use super::permissions::Needs;
use super::refusal::Refusal;
use super::repository::Repository;
use super::runs::Run;
use crate::state::Moment;

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "checks/create",
        "/repos/{owner}/{repo}/check-runs",
        Needs::CHECKS_WRITE,
        create,
    ),
    Endpoint::get(
        "checks/get",
        "/repos/{owner}/{repo}/check-runs/{check_run_id}",
        Needs::CHECKS_READ,
        one,
    ),
    Endpoint::patch(
        "checks/update",
        "/repos/{owner}/{repo}/check-runs/{check_run_id}",
        Needs::CHECKS_WRITE,
        update,
    ),
    Endpoint::post(
        "checks/rerequest-run",
        "/repos/{owner}/{repo}/check-runs/{check_run_id}/rerequest",
        Needs::CHECKS_WRITE,
        rerequest,
    ),
    Endpoint::get(
        "checks/list-annotations",
        "/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations",
        Needs::CHECKS_READ,
        annotations,
    ),
    Endpoint::get(
        "checks/list-for-ref",
        "/repos/{owner}/{repo}/commits/{ref}/check-runs",
        Needs::CHECKS_READ,
        of_commit,
    ),
    Endpoint::get(
        "checks/list-suites-for-ref",
        "/repos/{owner}/{repo}/commits/{ref}/check-suites",
        Needs::CHECKS_READ,
        suites,
    ),
    Endpoint::get(
        "checks/get-suite",
        "/repos/{owner}/{repo}/check-suites/{check_suite_id}",
        Needs::CHECKS_READ,
        suite,
    ),
    Endpoint::get(
        "checks/list-for-suite",
        "/repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs",
        Needs::CHECKS_READ,
        of_suite,
    ),
];

/// Who made a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    Actions,
    App,
}

#[derive(Clone)]
pub(crate) struct Suite {
    pub(crate) id: u64,
    pub(crate) sha: String,
    pub(crate) branch: String,
    pub(crate) maker: Maker,
    pub(crate) created_at: Moment,
}

/// A check run that was made over the API.
#[derive(Clone)]
pub(crate) struct CheckRun {
    pub(crate) id: u64,
    pub(crate) suite: u64,
    pub(crate) sha: String,
    pub(crate) maker: Maker,
    /// `name`, `status`, `conclusion`, `external_id`, `details_url`, `started_at`, `completed_at`.
    pub(crate) fields: Value,
    pub(crate) output: Value,
    pub(crate) annotations: Vec<Value>,
    /// The buttons on its page.
    pub(crate) actions: Vec<Value>,
}

pub(crate) const FIELDS: [&str; 7] = [
    "name",
    "status",
    "conclusion",
    "external_id",
    "details_url",
    "started_at",
    "completed_at",
];

/// How many annotations of a level a step may have; the rest is dropped.
const STEP_ANNOTATIONS: usize = 10;

pub(crate) fn maker_json(maker: Maker, app: &Value) -> Value {
    match maker {
        Maker::App => app.clone(),
        Maker::Actions => {
            let mut actions = app.clone();
            for (key, value) in [
                ("id", json!(15368)),
                ("client_id", json!("Iv1.05c79e9ad1f6bdfa")),
                ("slug", json!("github-actions")),
                ("name", json!("GitHub Actions")),
                ("node_id", json!(node_id("Integration", 15368))),
                ("external_url", json!(format!("{HTML}/help"))),
                ("html_url", json!(format!("{HTML}/apps/github-actions"))),
                (
                    "permissions",
                    json!({"actions": "write", "checks": "write"}),
                ),
                ("events", json!([])),
            ] {
                actions[key] = value;
            }
            actions
        }
    }
}

impl Repository {
    /// The App as bodies of checks show it; the whole is filled in where it is known.
    fn app_stub(&self) -> Value {
        json!({"id": 0, "slug": "", "node_id": "", "owner": self.owner.json(), "name": "",
               "description": null, "external_url": "", "html_url": "",
               "created_at": "2018-07-30T09:30:17Z", "updated_at": "2024-04-10T20:33:16Z",
               "permissions": {}, "events": []})
    }

    pub(crate) fn job_check_json(&self, run: &Run, job: &Job) -> Value {
        let id = job.id;
        let url = self.html(&format!("/actions/runs/{}/job/{id}", run.id));
        let fields = json!({
            "name": job.plan.name, "status": job.status, "conclusion": job.conclusion,
            "external_id": format!("{:032x}", id), "details_url": url,
            "started_at": stamp(job.started_at), "completed_at": job.completed_at.map(stamp),
        });
        let count = if job.completed_at.is_some() {
            self.job_annotations(run, job).len()
        } else {
            0
        };
        let app = maker_json(Maker::Actions, &self.app_stub());
        self.check_json(id, run.suite, &run.sha, &fields, &Value::Null, count, &app)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one body")]
    fn check_json(
        &self,
        id: u64,
        suite: u64,
        sha: &str,
        fields: &Value,
        output: &Value,
        annotations: usize,
        app: &Value,
    ) -> Value {
        let url = self.api(&format!("/check-runs/{id}"));
        let mut shown = json!({
            "id": id, "node_id": node_id("CheckRun", id), "head_sha": sha, "url": url,
            "html_url": self.html(&format!("/runs/{id}")),
            "output": {
                "title": output["title"], "summary": output["summary"], "text": output["text"],
                "annotations_count": annotations, "annotations_url": format!("{url}/annotations"),
            },
            "check_suite": self.suite_json(suite), "app": app, "pull_requests": self.pulls_at(sha),
        });
        for field in FIELDS {
            shown[field] = fields[field].clone();
        }
        shown
    }

    pub(crate) fn own_check_json(&self, check: &CheckRun, app: &Value) -> Value {
        let app = maker_json(check.maker, app);
        let count = check.annotations.len();
        self.check_json(
            check.id,
            check.suite,
            &check.sha,
            &check.fields,
            &check.output,
            count,
            &app,
        )
    }

    /// As GitHub keeps them: ten of a level and step, and one of its own for a failed step.
    fn job_annotations(&self, run: &Run, job: &Job) -> Vec<Value> {
        let mut kept: Vec<Value> = Vec::new();
        let mut add = |path: &str, line: u64, level: &str, message: &str| {
            let same = kept
                .iter()
                .filter(|old| old["annotation_level"] == level)
                .count();
            if same < STEP_ANNOTATIONS {
                kept.push(json!({
                    "path": path, "start_line": line, "end_line": line, "start_column": null,
                    "end_column": null, "annotation_level": level, "title": "", "message": message,
                    "raw_details": "", "blob_href": self.html(&format!("/blob/{}/{path}", run.sha)),
                }));
            }
        };
        for planned in &job.plan.annotations {
            add(
                &planned.path,
                planned.line,
                &planned.level,
                &planned.message,
            );
        }
        if job.conclusion.as_deref() == Some("failure") {
            add(
                ".github",
                1,
                "failure",
                "Process completed with exit code 1.",
            );
        }
        kept
    }

    pub(crate) fn suite_json(&self, id: u64) -> Value {
        let Some(suite) = self.suites.get(&id) else {
            return Value::Null;
        };
        let run = self.runs.values().find(|run| run.suite == id);
        let own = self.checks.values().filter(|check| check.suite == id);
        let count = run.map_or_else(|| own.count(), |run| run.last().jobs.len());
        let attempt = run.map(Run::last);
        let status = attempt.map_or("completed", |attempt| attempt.status);
        let conclusion = match attempt {
            Some(attempt) => json!(attempt.conclusion),
            None => json!("neutral"),
        };
        let url = self.api(&format!("/check-suites/{id}"));
        let before = self
            .git
            .commits
            .get(&suite.sha)
            .and_then(|commit| commit.parents.first());
        json!({
            "id": id, "node_id": node_id("CheckSuite", id), "head_branch": suite.branch,
            "head_sha": suite.sha, "status": status, "conclusion": conclusion, "url": url,
            "before": before, "after": suite.sha, "created_at": stamp(suite.created_at),
            "updated_at": stamp(attempt.map_or(suite.created_at, |attempt| attempt.updated_at)),
            "app": maker_json(suite.maker, &self.app_stub()),
            "head_commit": self.simple_commit(&suite.sha), "repository": self.short(),
            "latest_check_runs_count": count, "check_runs_url": format!("{url}/check-runs"),
            "pull_requests": self.pulls_at(&suite.sha), "rerequestable": true,
            "runs_rerequestable": true,
        })
    }
}

fn one(call: &mut Call<'_>) -> Outcome {
    let id = call.number("check_run_id")?;
    let repository = call.repo();
    if let Some((run, _, job)) = repository.find_job(id) {
        return Ok(Answer::ok(repository.job_check_json(run, job)));
    }
    let check = repository.checks.get(&id).ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(
        repository.own_check_json(check, &call.app_json()),
    ))
}

fn annotations(call: &mut Call<'_>) -> Outcome {
    let id = call.number("check_run_id")?;
    let repository = call.repo();
    if let Some((run, _, job)) = repository.find_job(id) {
        return Ok(Answer::list(repository.job_annotations(run, job)));
    }
    let check = repository.checks.get(&id).ok_or_else(Refusal::not_found)?;
    let shown = check.annotations.iter().map(|annotation| {
        let mut whole = json!({
            "start_column": null, "end_column": null, "title": null, "raw_details": null,
            "blob_href": repository.html(&format!("/blob/{}", check.sha)),
        });
        if let (Some(whole), Some(given)) = (whole.as_object_mut(), annotation.as_object()) {
            whole.extend(given.clone());
        }
        whole
    });
    Ok(Answer::list(shown.collect()))
}

/// All checks that fit: of each run the jobs of its last attempt, then those made over the API.
fn listed(call: &Call<'_>, fits: impl Fn(&str, u64) -> bool) -> Vec<Value> {
    let repository = call.repo();
    let app = call.app_json();
    let jobs = repository
        .runs
        .values()
        .filter(|run| fits(&run.sha, run.suite));
    let jobs = jobs.flat_map(|run| {
        run.last()
            .jobs
            .iter()
            .map(move |job| repository.job_check_json(run, job))
    });
    let own = repository
        .checks
        .values()
        .rev()
        .filter(|check| fits(&check.sha, check.suite));
    let all = jobs.chain(own.map(|check| repository.own_check_json(check, &app)));
    let wanted = |name: &str, value: &Value| call.query(name).is_none_or(|w| *value == w);
    let id = |value: &Value| {
        call.query("app_id")
            .is_none_or(|w| value.as_u64() == w.parse().ok())
    };
    let kept = all.filter(|check| {
        wanted("check_name", &check["name"])
            && wanted("status", &check["status"])
            && id(&check["app"]["id"])
    });
    kept.collect()
}

fn sha_of(call: &Call<'_>) -> Result<String, Refusal> {
    let name = call.part("ref");
    let found = call
        .repo()
        .git
        .resolve(name)
        .map(|commit| commit.sha.clone());
    found.ok_or_else(|| Refusal::unprocessable(&format!("No commit found for SHA: {name}")))
}

fn of_commit(call: &mut Call<'_>) -> Outcome {
    let sha = sha_of(call)?;
    Ok(Answer::counted(
        "check_runs",
        listed(call, |of, _| of == sha),
    ))
}

fn suites(call: &mut Call<'_>) -> Outcome {
    let sha = sha_of(call)?;
    let all = call.repo().suites.values().filter(|suite| suite.sha == sha);
    let shown = all.map(|suite| call.repo().suite_json(suite.id));
    Ok(Answer::counted("check_suites", shown.collect()))
}

fn suite(call: &mut Call<'_>) -> Outcome {
    let id = call.number("check_suite_id")?;
    match call.repo().suite_json(id) {
        Value::Null => Err(Refusal::not_found()),
        shown => Ok(Answer::ok(shown)),
    }
}

fn of_suite(call: &mut Call<'_>) -> Outcome {
    let id = call.number("check_suite_id")?;
    Ok(Answer::counted(
        "check_runs",
        listed(call, |_, suite| suite == id),
    ))
}
