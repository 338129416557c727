//! The figures of a running process, as Prometheus' own checker sees them.

use crate::harness::Deployment;
use crate::harness::command_load::channels;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "tools: needs promtool; .ci/run brings it"]
async fn promtool_finds_nothing_wrong_with_the_metrics() {
    let mut deployment = Deployment::new().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    deployment
        .env
        .insert("METRICS_PORT".to_owned(), port.to_string());
    let child = deployment.start().await;
    let fresh = scraped(&child.url).await;
    // Some of everything, so that labels have values.
    channels(&deployment, 2).await;
    let ada = deployment.slack.person("ada");
    for text in ["help", "no such verb", "list"] {
        assert!(ada.command("general", "/incident", text).await.is_ok());
    }
    deployment.settle(Duration::from_secs(30)).await;
    let used = scraped(&child.url).await;
    let second = scraped(child.metrics_url.as_ref().expect("a second listener")).await;
    for text in [&fresh, &used, &second] {
        checked(text);
    }
    let families = |text: &str| -> Vec<String> {
        let named = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        named.map(str::to_owned).collect()
    };
    assert_eq!(
        families(&fresh),
        families(&used),
        "every family is there from the first scrape"
    );
    as_documented(&used);
    child.stop().await;
    deployment.close().await;
}

/// Each family of the docs is there with exactly its labels, and no other family is.
fn as_documented(metrics: &str) {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/METRICS.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let rows = docs
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let mut documented: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (row, _) in rows {
        let (family, labels) = row.split_once('{').unwrap_or((row, ""));
        let labels = labels
            .trim_end_matches('}')
            .split(',')
            .filter(|label| !label.is_empty());
        documented.insert(family.to_owned(), labels.map(str::to_owned).collect());
    }
    assert!(documented.len() > 30, "the docs are read: {documented:?}");
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut family = "";
    for line in metrics.lines() {
        if let Some(named) = line.strip_prefix("# TYPE ") {
            family = named.split(' ').next().unwrap_or_default();
        } else if !line.starts_with('#') {
            let labels = line
                .split_once('{')
                .and_then(|(_, rest)| rest.rsplit_once('}'));
            let labels = labels.map_or("", |(labels, _)| labels);
            // No value of ours holds a quote or a comma.
            let names = labels
                .split("\",")
                .filter_map(|label| Some(label.split_once('=')?.0.to_owned()));
            let names: BTreeSet<String> = names.filter(|name| name != "le").collect();
            let before = found
                .entry(family.to_owned())
                .or_insert_with(|| names.clone());
            assert_eq!(*before, names, "{line}");
        }
    }
    // The quota has a series once GitHub has answered, and this server asks it for nothing.
    let no_series = "bot_github_api_rate_limit_remaining";
    let ours = |family: &&String| !family.starts_with("process_") && *family != no_series;
    let found_ours: Vec<_> = found.iter().filter(|(family, _)| ours(family)).collect();
    let documented_ours: Vec<_> = documented
        .iter()
        .filter(|(family, _)| ours(family))
        .collect();
    assert_eq!(found_ours, documented_ours);
    assert!(
        found.contains_key("process_resident_memory_bytes"),
        "process_*"
    );
}

async fn scraped(url: &str) -> String {
    let answer = reqwest::get(format!("{url}/metrics")).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap()
}

fn checked(metrics: &str) {
    let promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut promtool = promtool.unwrap_or_else(|error| {
        panic!("promtool is needed: {error}; .ci/run brings it (Debian's package is prometheus)")
    });
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(metrics.as_bytes())
        .unwrap();
    let output = promtool.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && words.trim().is_empty(),
        "promtool says:\n{words}"
    );
}
