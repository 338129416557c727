//! Standard output that ends, and standard error that nothing reads.

use crate::harness::wardroom::{Env, command, run};
use crate::harness::{Deployment, status, until};
use std::fs::OpenOptions;
use std::process::{Output, Stdio};
use std::time::Duration;

/// Runs a command whose standard output is this.
async fn run_into(env: &Env, args: &[&str], out: Stdio) -> Output {
    let mut command = command(env, args, &std::env::temp_dir());
    let child = command.stdout(out).stderr(Stdio::piped()).spawn().unwrap();
    child.wait_with_output().await.unwrap()
}

/// The writing end of a pipe whose reader is gone.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn full() -> Stdio {
    OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap()
        .into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_pipe_is_a_quiet_end_and_a_full_disk_is_1_with_a_message() {
    let deployment = Deployment::new().await;
    assert_eq!(run(&deployment.env, &["migrate"]).await.code, Some(0));
    for args in [
        &["inbox", "list"][..],
        &["outbox", "list"],
        &["migrate"],
        &["validate"],
        &["completions", "bash"],
        &["--help"],
        &["inbox", "--help"],
        &["--version"],
    ] {
        let ended = run_into(&deployment.env, args, closed()).await;
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!((ended.status.code(), &*said), (Some(0), ""), "{args:?}");
        let ended = run_into(&deployment.env, args, full()).await;
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{args:?}: {said}");
        let told = said.contains("cannot write to standard output: No space left on device");
        assert!(told && said.lines().count() == 1, "{args:?}: {said}");
    }
    let demo = run_into(&Env::new(), &["demo", "--once", "--port", "0"], full()).await;
    assert_eq!(demo.status.code(), Some(1), "{demo:?}");
    // Neither output can be written: still no panic.
    let mut refused = command(
        &deployment.env,
        &["inbox", "list", "--state", "no-such"],
        &std::env::temp_dir(),
    );
    let refused = refused
        .stdout(full())
        .stderr(full())
        .status()
        .await
        .unwrap();
    assert_eq!(refused.code(), Some(2));
    let mut wrong = command(
        &Env::new(),
        &["validate", "--config", "/no/such"],
        &std::env::temp_dir(),
    );
    let wrong = wrong.stdout(full()).stderr(full()).status().await.unwrap();
    assert_eq!(wrong.code(), Some(2));
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_not_read_stops_nothing_and_says_what_was_dropped() {
    let mut deployment = Deployment::new().await;
    deployment
        .env
        .insert("LOG_LEVEL".to_owned(), "debug".to_owned());
    let child = deployment.start().await;
    child.is_read(false);
    let live = format!("{}/health/live", child.url);
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10));
    let client = client.build().unwrap();
    // Far more lines than the pipe and the queue hold.
    for _ in 0..125 {
        let asked = (0..64).map(|_| client.get(&live).send());
        for answer in futures_util::future::join_all(asked).await {
            assert_eq!(answer.expect("it answers").status(), 200);
        }
    }
    let ada = deployment.slack.person("ada");
    let response = ada
        .command("builds", "/incident", "declare P3 api unread")
        .await;
    assert!(response.is_ok(), "{response:?}");
    deployment.settle(Duration::from_secs(30)).await;
    assert_eq!(status(&live).await, Some(200));

    let metrics = reqwest::get(format!("{}/metrics", child.url))
        .await
        .unwrap();
    let metrics = metrics.text().await.unwrap();
    let dropped = metrics
        .lines()
        .find_map(|line| line.strip_prefix("wardroom_log_lines_dropped_total "))
        .and_then(|count| count.parse::<u64>().ok());
    let dropped = dropped.expect("it is counted");
    assert!(dropped > 1000, "{dropped}");

    child.is_read(true);
    // In one report, or in several when the process is written to while it catches up.
    let told = || -> u64 {
        let reports = child.lines();
        let reports = reports.iter().filter_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            let message = line["message"].as_str()?;
            let reports = message.starts_with("log lines were dropped");
            reports.then(|| line["lines"].as_u64())?
        });
        reports.sum()
    };
    until(
        Duration::from_secs(20),
        "every dropped line is reported",
        || async { told() >= dropped },
    )
    .await;
    until(
        Duration::from_secs(20),
        "new lines are written again",
        || async {
            let before = child.lines().len();
            status(&live).await;
            child.lines().len() > before
        },
    )
    .await;
    child.stop().await;

    // Nor does it keep the process from ending.
    let mut child = deployment.start().await;
    child.is_read(false);
    for _ in 0..60 {
        let asked = (0..64).map(|_| client.get(format!("{}/health/live", child.url)).send());
        futures_util::future::join_all(asked).await;
    }
    child.signal(rustix::process::Signal::TERM);
    let ended = child.ended(Duration::from_secs(30)).await;
    assert_eq!(ended.code(), Some(0));
    deployment.close().await;
}
