//! Reads a `workflow_run` webhook.
//!
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run>. Texts are bounded
//! here, because they become keys of the database.

use super::payload::part;
use super::untrusted;
use crate::domain::areas::Event;
use crate::domain::ci::{self, Code, Conclusion, Line, Place, Run, Seen, Status};
use chrono::{DateTime, Utc};
use serde::Deserialize;

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
        run: Run {
            id: run.id.ok_or("workflow_run.id")?,
            line: Line {
                repository: repository
                    .full_name
                    .map(|name| untrusted::name(&name))
                    .ok_or("repository.full_name")?,
                workflow: run.workflow_id.ok_or("workflow_run.workflow_id")?,
                // A run of a tag, or of a commit that no branch has, names none.
                branch,
            },
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

/// Who started this attempt; of the first one, who started the run.
fn actor(json: &[u8]) -> Option<String> {
    let run = part::<OfPerson>(json)?.workflow_run?;
    let person = run.triggering_actor.or(run.actor)?;
    person.login.map(|login| untrusted::name(&login))
}

/// A push to the default branch is a change of its own, also when a pull request proposes that branch
/// elsewhere.
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
                "head_commit": {"tree_id": "31b122c26a97cf9af023e9ddab94a82c6e77b0ea"},
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
                code: Code {
                    change: "3484a3fb816e0859fd6e1cea078d76385ff50625".to_owned(),
                    tree: Some("31b122c26a97cf9af023e9ddab94a82c6e77b0ea".to_owned()),
                    ..Code::default()
                },
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
    fn a_change_is_a_pull_request_or_a_commit_and_a_bots_is_known_by_who_began_it() {
        let code = |edit: fn(&mut Value)| {
            let mut body = example();
            edit(&mut body["workflow_run"]);
            seen(&body).run.code
        };
        let sha = "3484a3fb816e0859fd6e1cea078d76385ff50625";
        let pulls = |run: &mut Value| run["pull_requests"] = json!([{"number": 7}, {"number": 8}]);
        // The default branch is a change of its own.
        assert_eq!((code(pulls).change.as_str(), code(pulls).pull), (sha, None));
        let of_branch = code(|run| {
            run["head_branch"] = json!("fix");
            run["pull_requests"] = json!([{"number": 7}, {"number": 8}]);
        });
        assert_eq!((of_branch.change.as_str(), of_branch.pull), ("#7", Some(7)));
        let of_fork = code(|run| {
            run["event"] = json!("pull_request");
            run["head_repository"] = json!({"full_name": "mona/octo-repo"});
        });
        assert_eq!(of_fork.change, "mona/octo-repo:master");
        for bot in [
            json!({"login": "renovate", "type": "Bot"}),
            json!({"login": "dependabot[bot]"}),
        ] {
            let mut body = example();
            body["workflow_run"]["actor"] = bot;
            assert!(seen(&body).run.code.by_bot, "repeated by a person");
        }
        assert!(!code(|_| {}).by_bot);
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
        assert_eq!(run.line.branch, "x".repeat(untrusted::NAME));
        assert_eq!(run.workflow_name, "決済");
    }
}
