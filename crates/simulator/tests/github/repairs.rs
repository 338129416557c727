//! The whole walks: a run that heals, a person who was faster, a check with a button, an installation
//! that sees less.

use crate::host::{Host, app, events};
use serde_json::json;
use simulator::{AttemptPlan, JobPlan, Level, RunPlan};

#[tokio::test]
async fn a_flaky_run_heals_by_its_failed_jobs() {
    let host = Host::new().await;
    let (heard, _) = app(&host.workspace).await;
    let first = vec![
        JobPlan::passed("lint"),
        JobPlan::failed("test", "connection reset by peer"),
    ];
    let plan = RunPlan::new("CI", first).then(AttemptPlan::new(vec![JobPlan::passed("test")]));
    let run = host.github.run("acme/api", plan);
    let token = host.token().await;
    let path = format!("/repos/acme/api/actions/runs/{run}/rerun-failed-jobs");
    assert_eq!(host.post(&path, &token, json!({})).await.status, 201);
    let refused = host.post(&path, &token, json!({})).await;
    assert_eq!(refused.message(), "This workflow is already running");
    assert_eq!(host.github.finish_runs(), 1);
    let seen = host.github.find_run(run).unwrap();
    assert_eq!(
        (seen.attempt, seen.conclusion.as_deref(), seen.reruns),
        (2, Some("success"), 1)
    );
    assert_eq!(
        (seen.ran, seen.by.as_str()),
        (vec!["test".to_owned()], "app[bot]")
    );
    host.github.deliver_webhooks().await;
    let completed = events(&heard)
        .into_iter()
        .filter(|event| event == "workflow_run completed");
    assert_eq!(completed.count(), 2);
    assert_eq!(host.github.finish_runs(), 0);
}

#[tokio::test]
async fn one_job_ends_before_its_run() {
    let host = Host::new().await;
    let (heard, _) = app(&host.workspace).await;
    let jobs = vec![JobPlan::failed("fast", ""), JobPlan::passed("slow")];
    let run = host.github.start_run("acme/api", RunPlan::new("CI", jobs));
    host.github.finish_job(run, "fast");
    host.github.deliver_webhooks().await;
    assert_eq!(host.github.find_run(run).unwrap().status, "in_progress");
    assert!(events(&heard).contains(&"workflow_job completed".to_owned()));
    assert!(!events(&heard).contains(&"workflow_run completed".to_owned()));
    host.github.finish_run(run);
    assert_eq!(
        host.github.find_run(run).unwrap().conclusion.as_deref(),
        Some("failure")
    );
}

#[tokio::test]
async fn a_person_who_runs_it_again_counts_too() {
    let host = Host::new().await;
    let run = host.github.run(
        "acme/api",
        RunPlan::new("CI", vec![JobPlan::failed("test", "")]),
    );
    host.github.rerun_by_person(run, "grace");
    let token = host.token().await;
    let path = format!("/repos/acme/api/actions/runs/{run}/rerun-failed-jobs");
    let refused = host.post(&path, &token, json!({})).await;
    assert_eq!(refused.message(), "This workflow is already running");
    host.github.finish_runs();
    let seen = host.github.find_run(run).unwrap();
    assert_eq!(
        (seen.attempt, seen.reruns, seen.by.as_str()),
        (2, 1, "grace")
    );
}

#[tokio::test]
async fn equal_files_have_equal_trees() {
    let host = Host::new().await;
    let first = host.github.push("acme/api", "a", "x", "same", "ada");
    let second = host.github.push("acme/api", "b", "x", "same", "grace");
    let token = host.token().await;
    let tree = async |sha: &str| {
        host.get(&format!("/repos/acme/api/git/commits/{sha}"), &token)
            .await
            .body["tree"]["sha"]
            .clone()
    };
    assert_ne!(first, second);
    assert_eq!(tree(&first).await, tree(&second).await);
}

#[tokio::test]
async fn a_button_of_a_check_is_pressed_by_a_person() {
    let host = Host::new().await;
    let (heard, _) = app(&host.workspace).await;
    let token = host.token().await;
    let sha = host.github.head("acme/api", "main").unwrap();
    let button =
        json!({"label": "Override", "description": "Let it pass", "identifier": "override"});
    let body = json!({"name": "gate", "head_sha": sha, "conclusion": "failure", "external_id": "g-1",
                      "actions": [button]});
    let made = host.post("/repos/acme/api/check-runs", &token, body).await;
    let check = made.body["id"].as_u64().unwrap();
    assert!(
        host.github
            .press_check("acme/api", check, "other", "ada")
            .is_err()
    );
    host.github
        .press_check("acme/api", check, "override", "ada")
        .unwrap();
    let path = format!("/repos/acme/api/check-runs/{check}/rerequest");
    host.github.act("ada", "POST", &path, json!({})).unwrap();
    host.github.deliver_webhooks().await;
    let expected = [
        "check_run completed",
        "check_run requested_action",
        "check_run rerequested",
    ];
    assert_eq!(events(&heard), expected);
    let heard = heard.lock().unwrap();
    assert_eq!(heard[1].2["requested_action"]["identifier"], "override");
    assert_eq!(heard[1].2["sender"]["login"], "ada");
    assert_eq!(
        host.github.repository("acme/api").checks[0].external_id,
        "g-1"
    );
}

#[tokio::test]
async fn an_installation_with_fewer_repositories_and_permissions_sees_less() {
    let host = Host::new().await;
    host.github.add_repository("acme/web");
    host.github.select(host.installation, &["acme/api"]);
    host.github
        .grant(host.installation, &[("actions", Level::Read)]);
    let token = host.token().await;
    assert_eq!(host.get("/repos/acme/web", &token).await.status, 404);
    assert_eq!(
        host.get("/repos/acme/api/actions/runs", &token)
            .await
            .status,
        200
    );
    let refused = host
        .post("/repos/acme/api/issues", &token, json!({"title": "x"}))
        .await;
    assert_eq!(
        (refused.status, refused.message()),
        (403, "Resource not accessible by integration")
    );
    let all = host.get("/installation/repositories", &token).await.body;
    assert_eq!(
        (&all["total_count"], &all["repository_selection"]),
        (&json!(1), &json!("selected"))
    );
}

#[tokio::test]
async fn a_deployment_that_fails_names_its_run() {
    let host = Host::new().await;
    let (heard, _) = app(&host.workspace).await;
    let plan = RunPlan::new("Deploy", vec![JobPlan::failed("deploy", "")]);
    let run = host.github.run("acme/api", plan);
    let deployment = host
        .github
        .deploy("acme/api", "production", "main", Some(run));
    host.github
        .deployment_status("acme/api", deployment, "failure");
    host.github.deliver_webhooks().await;
    let heard = heard.lock().unwrap();
    let (_, _, payload) = heard.last().unwrap();
    assert_eq!(payload["deployment_status"]["state"], "failure");
    assert_eq!(payload["deployment"]["environment"], "production");
    assert_eq!(payload["workflow_run"]["id"], run);
}
