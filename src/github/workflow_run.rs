//! Reads a `workflow_run` webhook.
//!
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run>. Texts are bounded
//! here, because they become keys of the database.

use super::fields::file_name;
use super::payload::part;
use super::untrusted;
use crate::domain::areas::Event;
use crate::domain::ci::{self, Code, Conclusion, Line, Place, Run, Seen, Status};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Whole {
    action: Option<String>,
    repository: Option<Repository>,
    workflow_run: Option<WorkflowRun>,
}

#[derive(Deserialize)]
struct Repository {
    full_name: Option<String>,
    default_branch: Option<String>,
}

#[derive(Deserialize)]
struct WorkflowRun {
    id: Option<i64>,
    run_attempt: Option<i32>,
    run_number: Option<i64>,
    workflow_id: Option<i64>,
    name: Option<String>,
    event: Option<String>,
    head_branch: Option<String>,
    head_sha: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
    html_url: Option<String>,
    run_started_at: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
}

/// What is only shown is read by itself: an odd field here must not cost the run.
#[derive(Deserialize)]
struct OfPerson {
    workflow_run: Option<ByPerson>,
}

#[derive(Deserialize)]
struct ByPerson {
    triggering_actor: Option<Person>,
    actor: Option<Person>,
}

#[derive(Deserialize)]
struct Person {
    login: Option<String>,
    r#type: Option<String>,
}

/// What the record of tests needs to know; read by itself too.
#[derive(Deserialize)]
struct OfCode {
    workflow_run: Option<RunCode>,
}

#[derive(Deserialize)]
struct RunCode {
    pull_requests: Option<Vec<Pull>>,
    head_repository: Option<Repository>,
    head_commit: Option<Commit>,
}

#[derive(Deserialize)]
struct Pull {
    number: Option<i64>,
}

#[derive(Deserialize)]
struct Commit {
    tree_id: Option<String>,
}

#[derive(Deserialize)]
struct OfWorkflow {
    workflow: Option<Workflow>,
}

#[derive(Deserialize)]
struct Workflow {
    name: Option<String>,
    path: Option<String>,
}

/// The event of a webhook's JSON; `None`: it is not one of the three actions.
pub(super) fn read(json: &[u8], at: DateTime<Utc>) -> Option<Event> {
    let incomplete = |lacks| Event::Incomplete {
        what: "workflow_run".to_owned(),
        lacks,
    };
    let Some(whole) = part::<Whole>(json) else {
        return Some(incomplete("workflow_run"));
    };
    let action = whole.action.clone().unwrap_or_default();
    if !matches!(action.as_str(), "requested" | "in_progress" | "completed") {
        return None;
    }
    let seen = seen(json, whole, &action, at);
    Some(seen.map_or_else(incomplete, |seen| Event::Ci(ci::Event::Run(Box::new(seen)))))
}

/// A run as the API gives it. `None`: it lacks what a run must have.
pub(super) fn of_api(
    repository: &str,
    default_branch: Option<&str>,
    run: &Value,
    at: DateTime<Utc>,
) -> Option<Seen> {
    let action = match run["status"].as_str() {
        Some("completed") => "completed",
        _ => "in_progress",
    };
    let webhook = json!({
        "action": action, "workflow_run": run,
        "repository": {"full_name": repository, "default_branch": default_branch},
        "workflow": {"name": run["name"], "path": run["path"]},
    });
    match read(webhook.to_string().as_bytes(), at)? {
        Event::Ci(ci::Event::Run(seen)) => Some(*seen),
        _ => None,
    }
}

fn seen(json: &[u8], whole: Whole, action: &str, at: DateTime<Utc>) -> Result<Seen, &'static str> {
    let repository = whole.repository.ok_or("repository")?;
    let run = whole.workflow_run.ok_or("workflow_run")?;
    let status = status(action, run.status.as_deref(), run.conclusion.as_deref())?;
    let (started, updated) = (run.run_started_at.or(run.created_at), run.updated_at);
    let moment = |text: Option<String>| text.and_then(|text| text.parse().ok()).unwrap_or(at);
    let text = |text: Option<String>| untrusted::name(&text.unwrap_or_default());
    let sha = text(run.head_sha);
    let branch = text(run.head_branch);
    let trigger = text(run.event);
    let is_default = repository.default_branch.as_deref() == Some(branch.as_str());
    let code = code(json, &trigger, &branch, &sha, is_default);
    Ok(Seen {
        default_branch: repository.default_branch.map(|name| untrusted::name(&name)),
        workflow_file: workflow_file(json),
        run: Run {
            id: run.id.ok_or("workflow_run.id")?,
            line: Line::new(
                repository
                    .full_name
                    .map(|name| untrusted::address(&name))
                    .ok_or("repository.full_name")?,
                run.workflow_id.ok_or("workflow_run.workflow_id")?,
                // A run of a tag, or of a commit that no branch has, names none.
                branch,
                &trigger,
            ),
            workflow_name: workflow_name(json, run.name),
            place: Place {
                number: run.run_number.ok_or("workflow_run.run_number")?,
                attempt: run.run_attempt.unwrap_or(1),
            },
            trigger,
            sha,
            code,
            status,
            actor: actor(json),
            url: untrusted::url(&run.html_url.unwrap_or_default()),
            started_at: moment(started),
            updated_at: moment(updated),
        },
    })
}

/// The action says what happened; `status` may be that of an older or a newer moment, and only adds to it.
fn status(
    action: &str,
    status: Option<&str>,
    conclusion: Option<&str>,
) -> Result<Status, &'static str> {
    let ended = action == "completed" || status == Some("completed");
    match conclusion {
        Some(word) if ended => Ok(Status::Completed(Conclusion::of(&untrusted::name(word)))),
        None if ended => Err("workflow_run.conclusion"),
        _ if action == "in_progress" || status == Some("in_progress") => Ok(Status::InProgress),
        _ => Ok(Status::Queued),
    }
}

/// The workflow's own name: a run's is empty where the workflow file cannot be read.
fn workflow_name(json: &[u8], of_run: Option<String>) -> String {
    let workflow = part::<OfWorkflow>(json).and_then(|of| of.workflow);
    let (name, path) = workflow.map_or((None, None), |workflow| (workflow.name, workflow.path));
    let names = [of_run, name, path].into_iter().flatten();
    let named = names.map(|name| untrusted::name(&name));
    let mut named = named.filter(|name| !name.trim().is_empty());
    named.next().unwrap_or_else(|| "a workflow".to_owned())
}

fn workflow_file(json: &[u8]) -> Option<String> {
    file_name(&part::<OfWorkflow>(json)?.workflow?.path?)
}

/// Who started this attempt; of the first one, who started the run.
fn actor(json: &[u8]) -> Option<String> {
    let run = part::<OfPerson>(json)?.workflow_run?;
    let person = run.triggering_actor.or(run.actor)?;
    person.login.map(|login| untrusted::address(&login))
}

/// A push to the default branch is a change of its own, also when a pull request proposes that branch
/// for another one.
fn code(json: &[u8], trigger: &str, branch: &str, sha: &str, is_default: bool) -> Code {
    let author = part::<OfPerson>(json).and_then(|of| of.workflow_run?.actor);
    let by_bot = author.is_some_and(|author| {
        let login = author.login.unwrap_or_default();
        author.r#type.as_deref() == Some("Bot") || login.ends_with("[bot]")
    });
    let of = part::<OfCode>(json).and_then(|of| of.workflow_run);
    let (pulls, head, commit) = of.map_or((None, None, None), |of| {
        (of.pull_requests, of.head_repository, of.head_commit)
    });
    let is_proposal = trigger.starts_with("pull_request");
    let pulls = pulls.filter(|_| is_proposal || !is_default);
    let pull = pulls.and_then(|pulls| pulls.first()?.number);
    let fork = head.and_then(|head| head.full_name);
    let change = match (pull, fork) {
        (Some(number), _) => format!("#{number}"),
        (None, Some(fork)) if is_proposal => untrusted::name(&format!("{fork}:{branch}")),
        (None, _) => sha.to_owned(),
    };
    Code {
        change,
        pull,
        by_bot,
        tree: commit
            .and_then(|commit| commit.tree_id)
            .map(|id| untrusted::name(&id)),
    }
}

#[cfg(test)]
#[path = "workflow_run_tests.rs"]
mod tests;
