//! How a `workflow_run` webhook is read: whole, in parts, and with what GitHub does not promise.

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
        workflow_file: Some("test.yml".to_owned()),
        run: Run {
            id: 289_782_451,
            line: Line {
                repository: "octo-org/octo-repo".to_owned(),
                workflow: 2_823_525,
                branch: "master".to_owned(),
                is_pull: false,
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
