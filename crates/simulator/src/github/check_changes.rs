//! Check runs that are made and changed over the API, with the sizes that GitHub allows.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::accounts::stamp;
use super::call::{Answer, Call, Outcome};
use super::checks::{CheckRun, FIELDS, Maker, Suite};
use super::hosts::HTML;
use super::refusal::{Refusal, refuse};
use crate::state::Moment;

const CONCLUSIONS: [&str; 7] = [
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "success",
    "skipped",
    "timed_out",
];
const MOST_TEXT: usize = 65_535;
const MOST_ANNOTATIONS: usize = 50;

/// Checks the sizes and values that GitHub limits.
fn validate(body: &Value) -> Result<(), Refusal> {
    let output = &body["output"];
    if output.is_object() {
        for field in ["title", "summary"] {
            if output[field].as_str().is_none_or(str::is_empty) {
                let words = format!("Invalid request.\n\n\"{field}\" wasn't supplied.");
                return Err(Refusal::unprocessable(&words));
            }
        }
        for field in ["summary", "text"] {
            if output[field]
                .as_str()
                .is_some_and(|text| text.len() > MOST_TEXT)
            {
                let words = format!("Only {MOST_TEXT} characters are allowed; {field} is too long");
                return Err(Refusal::unprocessable(&words));
            }
        }
        let many = output["annotations"].as_array().map_or(0, Vec::len);
        if many > MOST_ANNOTATIONS {
            return Err(Refusal::unprocessable(
                "Invalid request.\n\nNo more than 50 annotations are allowed in a request.",
            ));
        }
    }
    let actions = body["actions"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let long = |action: &Value| {
        [("label", 20), ("identifier", 20), ("description", 40)]
            .iter()
            .any(|(field, most)| {
                action[*field]
                    .as_str()
                    .is_none_or(|text| text.chars().count() > *most)
            })
    };
    if actions.len() > 3 || actions.iter().any(long) {
        return Err(Refusal::unprocessable(
            "Invalid request.\n\nactions are not valid",
        ));
    }
    if let Some(conclusion) = body["conclusion"]
        .as_str()
        .filter(|c| !CONCLUSIONS.contains(c))
    {
        let words = format!("Invalid request.\n\n{conclusion} is not a conclusion.");
        return Err(Refusal::unprocessable(&words));
    }
    if body["status"] == "completed" && body["conclusion"].is_null() {
        return Err(Refusal::unprocessable(
            "Invalid request.\n\n\"conclusion\" wasn't supplied.",
        ));
    }
    Ok(())
}

/// Takes over the fields of a body. A conclusion completes the check.
fn apply(check: &mut CheckRun, body: &Value, now: Moment) {
    for field in FIELDS {
        if !body[field].is_null() {
            check.fields[field] = body[field].clone();
        }
    }
    if !body["conclusion"].is_null() {
        check.fields["status"] = json!("completed");
        if check.fields["completed_at"].is_null() {
            check.fields["completed_at"] = json!(stamp(now));
        }
    }
    for field in ["title", "summary", "text"] {
        if !body["output"][field].is_null() {
            check.output[field] = body["output"][field].clone();
        }
    }
    let new = body["output"]["annotations"].as_array();
    if let Some(actions) = body["actions"].as_array() {
        check.actions.clone_from(actions);
    }
    check.annotations.extend(new.into_iter().flatten().cloned());
}

impl Call<'_> {
    /// The suite of the App for a commit; it is made with the first check.
    fn own_suite(&mut self, sha: &str) -> u64 {
        let fresh = self.fresh();
        let now = self.now;
        let repository = self.repo_mut();
        let known = repository
            .suites
            .values()
            .find(|s| s.maker == Maker::App && s.sha == sha);
        if let Some(suite) = known {
            return suite.id;
        }
        let mut heads = repository.git.refs.iter().filter(|(_, head)| *head == sha);
        let branch = heads
            .find_map(|(name, _)| name.strip_prefix("heads/"))
            .unwrap_or_default();
        let (sha, branch) = (sha.to_owned(), branch.to_owned());
        let made = Suite {
            id: fresh,
            sha,
            branch,
            maker: Maker::App,
            created_at: now,
        };
        repository.suites.insert(fresh, made);
        fresh
    }

    fn add_check(&mut self, sha: &str, maker: Maker, body: &Value) -> u64 {
        let (id, suite, now) = (self.fresh() + 4_000_000_000, self.own_suite(sha), self.now);
        let page = format!("{HTML}/apps/{}", self.state.app.slug);
        let fields = json!({"status": "queued", "external_id": "", "started_at": stamp(now),
                            "details_url": page});
        let mut check = CheckRun {
            id,
            suite,
            sha: sha.to_owned(),
            maker,
            fields,
            output: json!({}),
            annotations: Vec::new(),
            actions: Vec::new(),
        };
        apply(&mut check, body, now);
        self.repo_mut().checks.insert(id, check);
        id
    }

    /// What the 51st re-run leaves behind.
    pub(crate) fn too_many_reruns(&mut self, sha: &str) {
        let words = "This workflow run has reached the maximum of 50 re-runs.";
        let body = json!({
            "name": "Re-run limit", "status": "completed", "conclusion": "failure",
            "output": {"title": "Re-run limit reached", "summary": words, "annotations": [
                {"path": ".github", "start_line": 1, "end_line": 1, "message": words,
                 "annotation_level": "failure"}]},
        });
        self.add_check(sha, Maker::Actions, &body);
    }

    pub(crate) fn emit_check(&mut self, id: u64, action: &str) -> Value {
        let app = self.app_json();
        let shown = self.repo().own_check_json(&self.repo().checks[&id], &app);
        self.emit("check_run", Some(action), json!({"check_run": shown}));
        shown
    }
}

pub(crate) fn create(call: &mut Call<'_>) -> Outcome {
    if !call.via_app() {
        return refuse(
            StatusCode::FORBIDDEN,
            "You must authenticate via a GitHub App.",
        );
    }
    for field in ["name", "head_sha"] {
        if call.text(field).is_none_or(str::is_empty) {
            let words = format!("Invalid request.\n\n\"{field}\" wasn't supplied.");
            return Err(Refusal::unprocessable(&words));
        }
    }
    validate(&call.body)?;
    let sha = call.text("head_sha").unwrap_or_default().to_owned();
    if !call.repo().git.commits.contains_key(&sha) {
        return Err(Refusal::unprocessable(&format!(
            "No commit found for SHA: {sha}"
        )));
    }
    let body = call.body.clone();
    let id = call.add_check(&sha, Maker::App, &body);
    let done = body["conclusion"].is_string();
    let shown = call.emit_check(id, if done { "completed" } else { "created" });
    Ok(Answer::created(shown))
}

pub(crate) fn update(call: &mut Call<'_>) -> Outcome {
    let id = call.number("check_run_id")?;
    validate(&call.body)?;
    let theirs = call.repo().find_job(id).is_some();
    let own = call.repo().checks.get(&id).map(|check| check.maker);
    if theirs || own == Some(Maker::Actions) || (own.is_some() && !call.via_app()) {
        let words = "Invalid app_id `15368` - check run can only be modified by the GitHub App that \
            created it.";
        return refuse(StatusCode::FORBIDDEN, words);
    }
    let (body, now) = (call.body.clone(), call.now);
    let check = call
        .repo_mut()
        .checks
        .get_mut(&id)
        .ok_or_else(Refusal::not_found)?;
    apply(check, &body, now);
    let done = body["conclusion"].is_string();
    let shown = if done {
        call.emit_check(id, "completed")
    } else {
        let app = call.app_json();
        call.repo().own_check_json(&call.repo().checks[&id], &app)
    };
    Ok(Answer::ok(shown))
}

/// Asks the App to run its check again: 201, and an event for the App.
pub(crate) fn rerequest(call: &mut Call<'_>) -> Outcome {
    let id = call.number("check_run_id")?;
    if !call.repo().checks.contains_key(&id) {
        return Err(Refusal::not_found());
    }
    call.emit_check(id, "rerequested");
    Ok(Answer::created(json!({})))
}
