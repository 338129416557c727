//! Webhooks: their order, and how they are lost, doubled and rearranged.

use crate::host::{Host, app, events};
use simulator::{AttemptPlan, Fault, FaultRule, JobPlan, Level, PullFrom, RunPlan};

fn flaky() -> RunPlan {
    RunPlan::new("CI", vec![JobPlan::failed("test", "boom")])
        .then(AttemptPlan::new(vec![JobPlan::passed("test")]))
}

#[tokio::test]
async fn the_webhooks_of_a_run_are_sent_in_order_and_once() {
    let host = Host::new().await;
    let (heard, _) = app(&host.workspace).await;
    host.github.run("acme/api", flaky());
    host.github.deliver_webhooks().await;
    let expected = [
        "workflow_run requested",
        "workflow_job queued",
        "check_run created",
        "workflow_run in_progress",
        "workflow_job in_progress",
        "workflow_job completed",
        "check_run completed",
        "workflow_run completed",
        "check_suite completed",
    ];
    assert_eq!(events(&heard), expected);
    assert!(
        host.github
            .deliveries()
            .iter()
            .all(|delivery| delivery.status == "OK")
    );
    assert_eq!(host.github.deliveries().len(), expected.len());
}

#[tokio::test]
async fn held_webhooks_are_rearranged_lost_and_sent_twice() {
    let host = Host::new().await;
    let (heard, _) = app(&host.workspace).await;
    host.github
        .behave(|behaviour| behaviour.hold_webhooks = true);
    for path in ["a", "b", "c"] {
        host.github.push("acme/api", "main", path, path, "ada");
    }
    host.get("/meta", "").await;
    assert_eq!(host.github.waiting_webhooks().len(), 3);
    assert!(heard.lock().unwrap().is_empty());
    let guids: Vec<String> = host
        .github
        .waiting_webhooks()
        .into_iter()
        .map(|(guid, _, _)| guid)
        .collect();
    host.github.rearrange_webhooks(|order| {
        order.swap(0, 2);
        order.remove(1);
    });
    host.github.deliver_webhooks().await;
    host.github.redeliver(&guids[2]).await;
    let order: Vec<String> = heard
        .lock()
        .unwrap()
        .iter()
        .map(|(_, guid, _)| guid.clone())
        .collect();
    assert_eq!(
        order,
        [guids[2].clone(), guids[0].clone(), guids[2].clone()]
    );
    host.github.push("acme/api", "main", "d", "d", "ada");
    host.github.lose_webhooks();
    host.github.deliver_webhooks().await;
    assert_eq!(heard.lock().unwrap().len(), 3);
    let last = host.github.deliveries().last().unwrap().clone();
    assert_eq!(
        (last.code, last.status.as_str()),
        (502, "failed to connect to host")
    );
}

#[tokio::test]
async fn what_the_app_refuses_is_recorded_and_not_repeated() {
    let host = Host::new().await;
    let (heard, status) = app(&host.workspace).await;
    *status.lock().unwrap() = 503;
    host.github.push("acme/api", "main", "a", "a", "ada");
    host.github.deliver_webhooks().await;
    host.github.deliver_webhooks().await;
    assert_eq!(heard.lock().unwrap().len(), 1);
    assert_eq!(
        host.github.deliveries()[0].status,
        "Invalid HTTP Response: 503"
    );
}

#[tokio::test]
async fn an_answer_that_is_lost_means_that_the_webhook_arrived() {
    let host = Host::new().await;
    let (heard, _) = app(&host.workspace).await;
    host.workspace
        .fault(FaultRule::once("github/webhooks/push", Fault::LoseAnswer));
    host.github.push("acme/api", "main", "a", "a", "ada");
    host.github.deliver_webhooks().await;
    assert_eq!(events(&heard), ["push"]);
    assert_eq!(host.github.deliveries()[0].status, "timed out");
}

#[tokio::test]
async fn only_events_that_the_app_subscribed_to_are_sent_and_only_where_it_is_installed() {
    let host = Host::new().await;
    let (heard, _) = app(&host.workspace).await;
    host.github.configure_app(|registration| {
        registration.events.retain(|event| event == "workflow_run");
    });
    host.github.add_repository("other/api");
    host.github.run("other/api", flaky());
    host.github.run("acme/api", flaky());
    host.github.deliver_webhooks().await;
    let expected = [
        "workflow_run requested",
        "workflow_run in_progress",
        "workflow_run completed",
    ];
    assert_eq!(events(&heard), expected);
}

#[tokio::test]
async fn a_suspended_installation_hears_of_it_and_of_nothing_else() {
    let host = Host::new().await;
    let (heard, _) = app(&host.workspace).await;
    host.github.suspend(host.installation, true);
    host.github.push("acme/api", "main", "a", "a", "ada");
    host.github.suspend(host.installation, false);
    host.github
        .grant(host.installation, &[("actions", Level::Read)]);
    host.github.select(host.installation, &["acme/api"]);
    host.github.uninstall(host.installation);
    host.github.push("acme/api", "main", "b", "b", "ada");
    host.github.deliver_webhooks().await;
    let expected = [
        "installation suspend",
        "installation unsuspend",
        "installation new_permissions_accepted",
        "installation_repositories added",
        "installation deleted",
    ];
    assert_eq!(events(&heard), expected);
}

#[tokio::test]
async fn a_run_names_its_pull_request_and_not_one_from_a_fork() {
    let host = Host::new().await;
    let (heard, _) = app(&host.workspace).await;
    for (branch, from) in [("own", PullFrom::Repository), ("theirs", PullFrom::Fork)] {
        host.github.push("acme/api", branch, branch, "x", "ada");
        host.github
            .open_pull("acme/api", branch, branch, "ada", from);
        host.github.run(
            "acme/api",
            flaky().on_branch(branch).for_event("pull_request"),
        );
    }
    host.github.deliver_webhooks().await;
    let heard = heard.lock().unwrap();
    let runs = heard.iter().filter(|(event, _, _)| event == "workflow_run");
    let named: Vec<(String, usize)> = runs
        .filter(|(_, _, payload)| payload["action"] == "completed")
        .map(|(_, _, payload)| {
            let run = &payload["workflow_run"];
            let branch = run["head_branch"].as_str().unwrap().to_owned();
            (branch, run["pull_requests"].as_array().unwrap().len())
        })
        .collect();
    assert_eq!(named, [("own".to_owned(), 1), ("theirs".to_owned(), 0)]);
}

#[tokio::test]
async fn an_app_without_a_url_has_no_webhooks() {
    let host = Host::new().await;
    host.github.push("acme/api", "main", "a", "a", "ada");
    let (heard, _) = app(&host.workspace).await;
    host.github.deliver_webhooks().await;
    assert!(heard.lock().unwrap().is_empty());
    assert!(host.github.deliveries().is_empty());
}

#[tokio::test]
async fn an_enterprise_server_says_that_it_is_one() {
    let host = Host::new().await;
    let (heard, _) = app(&host.workspace).await;
    host.github.behave(|behaviour| {
        behaviour.enterprise = Some("3.17.1".to_owned());
    });
    host.github.push("acme/api", "main", "a", "a", "ada");
    host.github.deliver_webhooks().await;
    assert_eq!(events(&heard), ["push"]);
    let web = host.web_token();
    let list = host.get("/api/v3/app/hook/deliveries", &web).await;
    assert_eq!(list.header("x-github-enterprise-version"), "3.17.1");
    let path = format!("/api/v3/app/hook/deliveries/{}", list.body[0]["id"]);
    let one = host.get(&path, &web).await;
    let sent = &one.body["request"]["headers"];
    assert_eq!(sent["x-github-enterprise-version"], "3.17.1");
}
