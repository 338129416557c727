//! GitHub's own example payloads: all of them are taken, and all of them are read.
//!
//! They are npm's package `@octokit/webhooks-examples`, fetched when they are not here yet and kept
//! beside the build; they are not ours to commit. Without the registry this fails and says so: a
//! test that skips itself proves nothing.

use crate::harness::signed::{self, Client};
use crate::harness::wardroom::errors;
use crate::harness::{Deployment, built_beside};
use ::wardroom::domain::ids::SignalId;
use ::wardroom::github::decode::decode;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PACKAGE: &str = "@octokit/webhooks-examples@7.6.1";

/// The examples by their event's name.
fn examples() -> Vec<(String, Vec<Value>)> {
    let folder = built_beside("octokit-examples-7.6.1");
    let file = folder.join("package/api.github.com/index.json");
    if !file.is_file() {
        fetch(&folder);
    }
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; remove the folder and run again",
            file.display()
        )
    });
    let all: Vec<Value> = serde_json::from_str(&text).unwrap();
    let named = all.into_iter().map(|entry| {
        let name = entry["name"].as_str().unwrap().to_owned();
        (name, entry["examples"].as_array().unwrap().clone())
    });
    named.collect()
}

fn fetch(folder: &Path) {
    let part = folder.with_extension(uuid::Uuid::new_v4().simple().to_string());
    std::fs::create_dir_all(&part).unwrap();
    let run = |program: &str, args: &[&str]| {
        let ran = Command::new(program).args(args).current_dir(&part).output();
        let ran =
            ran.unwrap_or_else(|error| panic!("{program} is needed to fetch {PACKAGE}: {error}"));
        let words = String::from_utf8_lossy(&ran.stderr);
        assert!(
            ran.status.success(),
            "{PACKAGE} cannot be fetched: {program} says\n{words}"
        );
        String::from_utf8_lossy(&ran.stdout).trim().to_owned()
    };
    let archive = run("npm", &["pack", "--silent", PACKAGE]);
    run("tar", &["-xzf", archive.lines().last().unwrap_or_default()]);
    // The first one is kept; the other copy is the same.
    if std::fs::rename(&part, folder).is_err() {
        let _as_good = std::fs::remove_dir_all(&part);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "tools: needs npm; .ci/run brings it"]
async fn every_example_of_github_is_taken_and_read() {
    let examples = examples();
    let deployment = Deployment::new().await;
    let child = deployment.start().await;
    let client = Client::new();
    let url = format!("{}/github/webhooks", child.url);
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    let mut accepted = 0;
    for (number, (event, payloads)) in examples.iter().enumerate() {
        for (turn, payload) in payloads.iter().enumerate() {
            let json = payload.to_string();
            // Every other one as a form: GitHub lets people choose.
            let (kind, body) = if (number + turn).is_multiple_of(2) {
                ("application/json", json.into_bytes())
            } else {
                let mut form = form_urlencoded::Serializer::new(String::new());
                form.append_pair("payload", &json);
                (
                    "application/x-www-form-urlencoded",
                    form.finish().into_bytes(),
                )
            };
            let (id, at) = (SignalId(uuid::Uuid::nil()), chrono::Utc::now());
            if let Err(why) = decode(event, kind, &body, id, at) {
                panic!("{event} {turn} is not read: {why}");
            }
            let headers = [
                ("content-type", kind.to_owned()),
                ("x-github-event", event.clone()),
                ("x-github-delivery", uuid::Uuid::new_v4().to_string()),
                signed::github(&body),
            ];
            let answer = client.post(&url, &headers, body).await.unwrap();
            let wanted = if event == "ping" { 200 } else { 202 };
            assert_eq!(answer.status, wanted, "{event} {turn}: {}", answer.body);
            accepted += i64::from(answer.body.contains("accepted"));
            *answers.entry(answer.body).or_default() += 1;
        }
    }
    eprintln!("{} events: {answers:?}", examples.len());
    // Only what an area reads is stored, a few kinds and actions.
    assert!(examples.len() > 40 && accepted > 10, "{answers:?}");
    deployment.settle(Duration::from_secs(60)).await;
    let done = "select count(*) from inbox where source = 'github' and state = 'done' and attempts = 0 and error is null";
    assert_eq!(
        deployment.count(done).await,
        accepted,
        "all that was accepted is read at the first try"
    );
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    deployment.close().await;
}
