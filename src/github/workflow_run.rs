//! Reads a `workflow_run` webhook.
//!
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run>. Texts are bounded
//! here, because they become keys of the database.

use super::decode::part;
use crate::domain::areas::Event;
use crate::domain::ci::{self, Conclusion, Line, Place, Run, Seen, Status};
use chrono::{DateTime, Utc};
use serde::Deserialize;

/// The longest text that is kept, in characters; Git allows a branch 255 bytes.
const LONGEST: usize = 255;
const LONGEST_URL: usize = 1000;

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

fn seen(json: &[u8], whole: Whole, action: &str, at: DateTime<Utc>) -> Result<Seen, &'static str> {
    let repository = whole.repository.ok_or("repository")?;
    let run = whole.workflow_run.ok_or("workflow_run")?;
    let status = status(action, run.status.as_deref(), run.conclusion.as_deref())?;
    let (started, updated) = (run.run_started_at.or(run.created_at), run.updated_at);
    let moment = |text: Option<String>| text.and_then(|text| text.parse().ok()).unwrap_or(at);
    let text = |text: Option<String>| bounded(text.unwrap_or_default(), LONGEST);
    Ok(Seen {
        default_branch: repository.default_branch.map(|name| bounded(name, LONGEST)),
        run: Run {
            id: run.id.ok_or("workflow_run.id")?,
            line: Line {
                repository: repository
                    .full_name
                    .map(|name| bounded(name, LONGEST))
                    .ok_or("repository.full_name")?,
                workflow: run.workflow_id.ok_or("workflow_run.workflow_id")?,
                // A run of a tag, or of a commit that no branch has, names none.
                branch: text(run.head_branch),
            },
            workflow_name: workflow_name(json, run.name),
            place: Place {
                number: run.run_number.ok_or("workflow_run.run_number")?,
                attempt: run.run_attempt.unwrap_or(1),
            },
            trigger: text(run.event),
            sha: text(run.head_sha),
            status,
            actor: actor(json),
            url: bounded(run.html_url.unwrap_or_default(), LONGEST_URL),
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
        Some(word) if ended => Ok(Status::Completed(Conclusion::of(&bounded(
            word.to_owned(),
            LONGEST,
        )))),
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
    let named = names.map(|name| bounded(name, LONGEST));
    let mut named = named.filter(|name| !name.trim().is_empty());
    named.next().unwrap_or_else(|| "a workflow".to_owned())
}

/// Who started this attempt; of the first one, who started the run.
fn actor(json: &[u8]) -> Option<String> {
    let run = part::<OfPerson>(json)?.workflow_run?;
    let person = run.triggering_actor.or(run.actor)?;
    person.login.map(|login| bounded(login, LONGEST))
}

/// At most so many characters, and none that PostgreSQL cannot store.
fn bounded(text: String, longest: usize) -> String {
    let chars = text.chars().filter(|char| *char != '\0');
    chars.take(longest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// What is read of GitHub's own example (`@octokit/webhooks-examples`, workflow_run), in its shape.
    fn example() -> Value {
        json!({
            "action": "completed",
            "workflow_run": {
                "id": 289782451, "name": "", "node_id": "MDExOldvcmtmbG93UnVuMjg5NzgyNDUx",
                "head_branch": "master", "head_sha": "3484a3fb816e0859fd6e1cea078d76385ff50625",
                "path": ".github/workflows/test.yml", "display_title": "ci(action): update actions/setup-node",
                "run_number": 163, "event": "push", "status": "completed", "conclusion": "failure",
                "workflow_id": 2823525, "pull_requests": [],
                "html_url": "https://github.com/octo-org/octo-repo/actions/runs/289782451",
                "created_at": "2020-10-05T16:33:24Z", "updated_at": "2020-10-05T16:33:49Z",
                "actor": {"login": "Codertocat", "id": 21031067}, "run_attempt": 2,
                "run_started_at": "2020-10-05T16:33:40Z", "triggering_actor": {"login": "octocat"}
            },
            "workflow": {"id": 2823525, "name": "test", "path": ".github/workflows/test.yml"},
            "repository": {"full_name": "octo-org/octo-repo", "default_branch": "master"},
            "sender": {"login": "Codertocat"}
        })
    }

    fn of(body: &Value) -> Option<Event> {
        let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        read(body.to_string().as_bytes(), at)
    }

    fn seen(body: &Value) -> Seen {
        match of(body) {
            Some(Event::Ci(ci::Event::Run(seen))) => *seen,
            other => panic!("a run: {other:?}"),
        }
    }

    #[test]
    fn every_field_of_an_example_of_github_is_read() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let wanted = Seen {
            default_branch: Some("master".to_owned()),
            run: Run {
                id: 289_782_451,
                line: Line {
                    repository: "octo-org/octo-repo".to_owned(),
                    workflow: 2_823_525,
                    branch: "master".to_owned(),
                },
                workflow_name: "test".to_owned(),
                place: Place {
                    number: 163,
                    attempt: 2,
                },
                trigger: "push".to_owned(),
                sha: "3484a3fb816e0859fd6e1cea078d76385ff50625".to_owned(),
                status: Status::Completed(Conclusion::Failure),
                actor: Some("octocat".to_owned()),
                url: "https://github.com/octo-org/octo-repo/actions/runs/289782451".to_owned(),
                started_at: at("2020-10-05T16:33:40Z"),
                updated_at: at("2020-10-05T16:33:49Z"),
            },
        };
        assert_eq!(seen(&example()), wanted);
    }

    #[test]
    fn the_action_says_how_a_run_stands_and_an_unknown_conclusion_is_kept() {
        for (action, status, conclusion, wanted) in [
            ("requested", "queued", Value::Null, Ok(Status::Queued)),
            ("requested", "waiting", Value::Null, Ok(Status::Queued)),
            (
                "requested",
                "in_progress",
                Value::Null,
                Ok(Status::InProgress),
            ),
            (
                "in_progress",
                "in_progress",
                Value::Null,
                Ok(Status::InProgress),
            ),
            (
                "requested",
                "completed",
                json!("action_required"),
                Ok(Status::Completed(Conclusion::ActionRequired)),
            ),
            (
                "completed",
                "completed",
                json!("melted"),
                Ok(Status::Completed(Conclusion::Other("melted".to_owned()))),
            ),
            // As in GitHub's own example of a run that was started manually.
            (
                "completed",
                "queued",
                Value::Null,
                Err("workflow_run.conclusion"),
            ),
        ] {
            let mut body = example();
            body["action"] = json!(action);
            body["workflow_run"]["status"] = json!(status);
            body["workflow_run"]["conclusion"] = conclusion;
            let read = match of(&body) {
                Some(Event::Ci(ci::Event::Run(seen))) => Ok(seen.run.status),
                Some(Event::Incomplete { lacks, .. }) => Err(lacks),
                other => panic!("{other:?}"),
            };
            assert_eq!(read, wanted, "{action} {status}");
        }
    }

    #[test]
    fn what_is_missing_is_named_and_what_is_only_shown_is_not_needed() {
        for (field, lacks) in [
            ("id", "workflow_run.id"),
            ("workflow_id", "workflow_run.workflow_id"),
            ("run_number", "workflow_run.run_number"),
            ("conclusion", "workflow_run.conclusion"),
        ] {
            let mut body = example();
            body["workflow_run"].as_object_mut().unwrap().remove(field);
            let read = of(&body);
            assert!(
                matches!(&read, Some(Event::Incomplete { lacks: named, .. }) if *named == lacks),
                "{read:?}"
            );
        }
        let mut body = example();
        for field in ["name", "head_branch", "actor", "html_url", "run_started_at"] {
            body["workflow_run"].as_object_mut().unwrap().remove(field);
        }
        body["workflow_run"]["triggering_actor"] = json!(7);
        body["workflow"] = json!([]);
        let run = seen(&body).run;
        assert_eq!(run.workflow_name, "a workflow");
        assert_eq!((run.actor, run.line.branch.as_str()), (None, ""));
        assert!(of(&json!({"action": "brand_new"})).is_none());
    }

    #[test]
    fn texts_are_bounded_and_hold_nothing_that_the_database_refuses() {
        let mut body = example();
        body["workflow_run"]["head_branch"] = json!("x\0".repeat(4000));
        body["workflow_run"]["name"] = json!("決済\0");
        let run = seen(&body).run;
        assert_eq!(run.line.branch, "x".repeat(LONGEST));
        assert_eq!(run.workflow_name, "決済");
    }
}
