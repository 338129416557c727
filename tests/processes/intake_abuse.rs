//! Rubbish at the door that is signed: never a 5xx, never a panic, a clear 4xx for what is unreadable.
//!
//! Thousands of bodies are mutations of real ones with a signature that holds, seeded, so that a
//! failure names what was sent.

use crate::harness::mutate::Mutator;
use crate::harness::signed::{self, Client};
use crate::harness::wardroom::errors;
use crate::harness::{ADMIN_TOKEN, Deployment, ready};
use ::simulator::Workspace;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// A body as a provider sends it, and where.
#[derive(Clone)]
enum Real {
    Form { path: &'static str, body: String },
    Payload { path: &'static str, json: Value },
    Json { path: &'static str, json: Value },
    Github { event: &'static str, json: Value },
    Api { path: &'static str, json: Value },
}

/// What is sent: path, headers, body.
type Sent = (&'static str, Vec<(&'static str, String)>, Vec<u8>);

fn encoded(name: &str, value: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair(name, value)
        .finish()
}

/// Commands, a click, a submission, events and webhooks, as the simulator makes them.
async fn real_bodies(deployment: &Deployment) -> Vec<Real> {
    let ada = deployment.slack.person("ada");
    let mut all = Vec::new();
    for text in [
        "declare P2 api Checkout returns 500s",
        "status rolling back",
        "severity P1 it is worse",
        "assign comms @bea",
        "resolved done",
        "#1 merge #2",
        "help declare",
        "timeline",
        "",
    ] {
        let (_, body, _) = ada.command_form("general", "/incident", text).unwrap();
        all.push(Real::Form {
            path: "/slack/commands",
            body,
        });
    }
    let response = ada
        .command("general", "/incident", "declare P3 api the first")
        .await;
    assert!(response.is_ok(), "{response:?}");
    let limit = Duration::from_secs(20);
    let card = |slack: &Workspace| {
        let snapshot = slack.snapshot();
        let channel = snapshot
            .channels
            .iter()
            .find(|channel| !channel.pins.is_empty())?;
        Some((channel.id.clone(), channel.pins[0].clone()))
    };
    let (channel, ts) = deployment
        .slack
        .wait_until(limit, card)
        .await
        .expect("a card is pinned");
    let click = ada
        .click_payload(&channel, &ts, "Investigating", "")
        .unwrap();
    all.push(Real::Payload {
        path: "/slack/interactions",
        json: click,
    });
    let response = ada.command("general", "/incident", "declare").await;
    assert!(response.is_ok(), "{response:?}");
    let opened = |slack: &Workspace| slack.person("ada").modal().map(drop);
    deployment
        .slack
        .wait_until(limit, opened)
        .await
        .expect("a form is open");
    let filled = [
        ("Title", "From the form"),
        ("Severity", "P3"),
        ("Service", "api"),
    ];
    let submission = ada.submission(&filled).unwrap();
    all.push(Real::Payload {
        path: "/slack/interactions",
        json: submission,
    });
    for event in [
        json!({"type": "channel_archive", "channel": channel, "user": "U0ADA"}),
        json!({"type": "channel_rename", "channel": {"id": channel, "name": "new-name", "created": 1}}),
        json!({"type": "message", "channel": channel, "user": "U0ADA", "text": "hello", "ts": "1.2"}),
    ] {
        let id = deployment.slack.register_event(event);
        let sent = deployment.slack.events_sent();
        let (_, envelope) = sent.into_iter().find(|(known, _)| *known == id).unwrap();
        all.push(Real::Json {
            path: "/slack/events",
            json: envelope,
        });
    }
    for (path, json) in [
        (
            "/api/v1/incidents",
            json!({"severity": "P3", "service": "api", "title": "by the API", "actor": "ci"}),
        ),
        (
            "/api/v1/incidents/1/status",
            json!({"text": "by the API", "actor": "ci"}),
        ),
        (
            "/api/v1/incidents/1/severity",
            json!({"severity": "P2", "reason": "worse"}),
        ),
        (
            "/api/v1/incidents/1/assign",
            json!({"role": "scribe", "user": "U0BEA"}),
        ),
    ] {
        all.push(Real::Api { path, json });
    }
    let repository = json!({"id": 1, "full_name": "acme/api", "owner": {"login": "acme"}, "default_branch": "main"});
    let run = json!({"id": 7, "run_attempt": 1, "status": "completed", "conclusion": "failure", "head_sha": "a1b2",
        "head_branch": "main", "name": "ci", "workflow_id": 3, "html_url": "https://github.com/acme/api/actions/runs/7"});
    for (event, json) in [
        (
            "workflow_run",
            json!({"action": "completed", "workflow_run": run, "repository": repository}),
        ),
        (
            "issues",
            json!({"action": "opened", "issue": {"number": 3, "title": "t"}, "repository": repository}),
        ),
        (
            "push",
            json!({"ref": "refs/heads/main", "after": "a1b2", "repository": repository, "commits": []}),
        ),
        (
            "check_run",
            json!({"action": "completed", "check_run": {"id": 9, "name": "x"}, "repository": repository}),
        ),
        (
            "ping",
            json!({"zen": "Keep it logically awesome.", "hook_id": 1}),
        ),
    ] {
        all.push(Real::Github { event, json });
    }
    all
}

/// One mutated request, signed as it should be.
fn mutated(real: &Real, how: &mut Mutator) -> Sent {
    let structural = *how.one_of(&[true, false]);
    let fresh = uuid::Uuid::new_v4().to_string();
    let text = |json: &Value, how: &mut Mutator| {
        if structural {
            how.json(json).to_string().into_bytes()
        } else {
            how.bytes(json.to_string().as_bytes())
        }
    };
    match real {
        Real::Form { path, body } => {
            // A trigger of its own, or most would be duplicates.
            let body = form_urlencoded::parse(body.as_bytes()).map(|(name, value)| match &*name {
                "trigger_id" => encoded(&name, &fresh),
                _ => encoded(&name, &value),
            });
            let body = body.collect::<Vec<_>>().join("&");
            let body = how.bytes(body.as_bytes());
            let mut headers = vec![("content-type", FORM.to_owned())];
            headers.extend(signed::slack(&body, 0));
            (path, headers, body)
        }
        Real::Payload { path, json } => {
            let mut json = json.clone();
            if let Some(ts) = json.pointer_mut("/actions/0/action_ts") {
                *ts = fresh.into();
            }
            let inner = text(&json, how);
            let mut body = encoded("payload", &String::from_utf8_lossy(&inner)).into_bytes();
            if !structural {
                body = how.bytes(&body);
            }
            let mut headers = vec![("content-type", FORM.to_owned())];
            headers.extend(signed::slack(&body, 0));
            (path, headers, body)
        }
        Real::Json { path, json } => {
            let mut json = json.clone();
            json["event_id"] = fresh.into();
            let body = text(&json, how);
            let mut headers = vec![("content-type", JSON.to_owned())];
            headers.extend(signed::slack(&body, 0));
            (path, headers, body)
        }
        Real::Api { path, json } => {
            let body = text(json, how);
            let headers = vec![
                ("content-type", JSON.to_owned()),
                ("authorization", format!("Bearer {ADMIN_TOKEN}")),
                ("idempotency-key", fresh),
            ];
            (path, headers, body)
        }
        Real::Github { event, json } => {
            let mut body = text(json, how);
            let mut kind = JSON;
            if *how.one_of(&[true, false, false]) {
                kind = FORM;
                body = encoded("payload", &String::from_utf8_lossy(&body)).into_bytes();
            }
            let odd = *how.one_of(&[*event, *event, *event, "brand_new", "work flow", "\u{7f}"]);
            let event = if odd
                .bytes()
                .all(|byte| byte.is_ascii_graphic() || byte == b' ')
            {
                odd
            } else {
                event
            };
            let headers = vec![
                ("content-type", kind.to_owned()),
                ("x-github-event", event.to_owned()),
                ("x-github-delivery", fresh),
                signed::github(&body),
            ];
            ("/github/webhooks", headers, body)
        }
    }
}

async fn abused(many: usize, seed: u64) {
    let deployment = Deployment::new().await;
    let child = deployment.start().await;
    let bodies = real_bodies(&deployment).await;
    let client = Client::new();
    let mut how = Mutator::new(seed);
    let mut statuses: BTreeMap<(&str, u16), usize> = BTreeMap::new();
    let mut sent = 0;
    while sent < many {
        let batch: Vec<Sent> = (0..32)
            .map(|_| {
                let real = how.one_of(&bodies).clone();
                mutated(&real, &mut how)
            })
            .collect();
        sent += batch.len();
        let answers = batch.into_iter().map(|(path, headers, body)| {
            let (client, url) = (client.clone(), format!("{}{path}", child.url));
            async move {
                let answer = client.post(&url, &headers, body.clone()).await;
                (path, headers, body, answer)
            }
        });
        for (path, headers, body, answer) in futures_util::future::join_all(answers).await {
            let shown = || {
                format!(
                    "seed {seed}, {path} {headers:?}\n{}",
                    String::from_utf8_lossy(&body)
                )
            };
            let answer = answer.unwrap_or_else(|why| panic!("no answer: {why}\n{}", shown()));
            let fine = if path.starts_with("/api/") {
                matches!(answer.status, 200 | 201 | 202 | 400 | 409 | 422)
            } else {
                matches!(answer.status, 200 | 202 | 400)
            };
            assert!(fine, "{} {}\n{}", answer.status, answer.body, shown());
            *statuses.entry((path, answer.status)).or_default() += 1;
        }
    }
    eprintln!("{sent} bodies: {statuses:?}");
    for path in [
        "/slack/commands",
        "/slack/interactions",
        "/slack/events",
        "/github/webhooks",
    ] {
        let refused = statuses.get(&(path, 400)).copied().unwrap_or(0);
        let taken = sent_to(&statuses, path) - refused;
        assert!(
            refused > 0 && taken > 0,
            "{path} takes or refuses everything: {statuses:?}"
        );
    }
    // What was taken can be decided: nothing of it waits for a reader that does not exist.
    let failed = deployment.list("select format('%s %s: %s: %s', source, kind, error, encode(body, 'escape')) from inbox where error is not null").await;
    assert!(
        failed.is_empty(),
        "taken, and not to be read:\n{}",
        failed.join("\n")
    );
    let ada = deployment.slack.person("ada");
    let response = ada
        .command("general", "/incident", "declare P4 db after all that")
        .await;
    assert!(response.is_ok(), "{response:?}");
    let declared = deployment.slack.wait_until(Duration::from_secs(60), |_| {
        (deployment.count_public_messages("after all that") > 0).then_some(())
    });
    declared.await.expect("it works as before");
    ready(&child.url).await;
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    let failed = deployment
        .list("select format('%s %s: %s', source, kind, error) from inbox where error is not null")
        .await;
    assert!(failed.is_empty(), "{failed:#?}");
    deployment.close().await;
}

fn sent_to(statuses: &BTreeMap<(&str, u16), usize>, path: &str) -> usize {
    let all = statuses.iter().filter(|((at, _), _)| *at == path);
    all.map(|(_, count)| count).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_mutated_but_signed_bodies_do_no_harm() {
    abused(2_000, 20_260_301).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: ten thousand mutated bodies, other ones at each run"]
async fn ten_thousand_mutated_but_signed_bodies_do_no_harm() {
    let seed = u64::try_from(chrono::Utc::now().timestamp()).unwrap();
    abused(10_000, seed).await;
}
