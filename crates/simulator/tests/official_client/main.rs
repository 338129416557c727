//! Slack's own Python client against the simulator: served and refused as Slack would.
//!
//! The client is `slack-sdk` in a folder beside the build, made when it is not there.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use simulator::{Limits, Options, Workspace};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

const CLIENT: &str = "slack-sdk==3.47.0";

/// A Python that has the client.
fn python() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("slack-sdk-3.47.0");
    let python = folder.join("bin/python");
    if folder.join("whole").is_file() {
        return python;
    }
    let run = |program: &Path, args: &[&str]| {
        let ran = Command::new(program).args(args).output();
        let ran = ran.unwrap_or_else(|error| panic!("{} is needed: {error}", program.display()));
        let words = String::from_utf8_lossy(&ran.stderr);
        assert!(
            ran.status.success(),
            "{CLIENT} could not be installed: {} says\n{words}",
            program.display()
        );
    };
    run(
        Path::new("python3"),
        &["-m", "venv", "--clear", &folder.to_string_lossy()],
    );
    run(
        &python,
        &[
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            CLIENT,
        ],
    );
    std::fs::write(folder.join("whole"), "").unwrap();
    python
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "tools: needs Python and its package index; .ci/run brings it"]
async fn slacks_own_client_is_served_and_refused_as_slack_would() {
    let python = tokio::task::spawn_blocking(python).await.unwrap();
    let mut options = Options::new(Arc::new(chrono::Utc::now));
    options.limits = Limits::Slack;
    let (tell, told) = tokio::sync::oneshot::channel();
    let alone = tokio::spawn(simulator::serve_standalone(
        options,
        |workspace: &Workspace| {
            tell.send(workspace.base_url()).unwrap();
        },
    ));
    let url = told.await.unwrap();
    let rules = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/official_client/slack_sdk_rules.py"
    );
    let ran = tokio::process::Command::new(python)
        .args([rules, &url])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    alone.abort();
    let words =
        String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{words}");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    let last = said.lines().last().unwrap_or_default();
    let (passed, rest) = last.split_once(" passed, ").unwrap_or_default();
    eprintln!("{last}");
    assert!(
        passed.parse::<u32>().is_ok_and(|passed| passed > 40) && rest == "0 failed",
        "{words}"
    );
}
