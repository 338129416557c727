//! `wardroom demo` as a new user runs it: the real binary, with no account and no variable set.
//!
//! The story is checked by its landmarks in order; the wording of each message belongs to the
//! domain's own tests.

use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// What must be printed, in this order.
const LANDMARKS: &[&str] = &[
    "a command signed with another secret: answered 401",
    "a command without a signature: answered 401",
    "bea types in #general: /incident declare",
    "bea's screen: a form opens",
    "bea's screen: the form changes",
    "beside Title: Use 3 to 100 characters",
    "#1 Checkout returns 500s",
    "is now the commander",
    "Investigating (@ada)",
    "Update from @ada",
    "only cem sees this",
    "direct message to dov",
    "ada presses identified",
    "Resolved by @ada",
    "Timeline of #1",
    "# Postmortem: incident #1",
    "acme/api: CI failed on",
    "Going to re-run the failed jobs",
    "acme/api: CI healed on",
    "P1 #2 Deployment of api to production failed",
    "ada presses Roll back",
    "The rollback (",
    "the forged requests caused none of them",
];

pub fn demo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardroom"));
    command
        .args(["demo", "--port", "0"])
        .args(arguments)
        .env_remove("DATABASE_URL")
        .env_remove("DB_HOST")
        .kill_on_drop(true);
    command
}

#[tokio::test]
async fn the_story_is_told_from_declaration_to_postmortem() {
    let folder = std::env::temp_dir().join(format!("wardroom-demo-test-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder).unwrap();
    let mut demo = demo(&["--once"]);
    let run = demo.env("TMPDIR", &folder).stdin(Stdio::null()).output();
    let ended = tokio::time::timeout(Duration::from_secs(60), run).await;
    let output = ended.expect("the demo ends within a minute").unwrap();
    let (told, log) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(output.status.success(), "{}\n{told}\n{log}", output.status);
    assert_eq!(log, "", "nothing is worth a warning");
    // Nothing is left: the folder can be removed as an empty one.
    std::fs::remove_dir(&folder).unwrap();
    let mut rest = told.as_str();
    for landmark in LANDMARKS {
        let at = rest.find(landmark);
        let at = at.unwrap_or_else(|| panic!("`{landmark}` is not told here:\n{rest}"));
        rest = &rest[at + landmark.len()..];
    }
    assert!(!told.contains('\x1b'), "no terminal, no escape sequences");
}

#[tokio::test]
async fn a_temporary_directory_that_is_not_writable_is_refused_with_what_to_do() {
    let mut demo = demo(&["--once"]);
    let run = demo.env("TMPDIR", "/proc").stdin(Stdio::null()).output();
    let ended = tokio::time::timeout(Duration::from_secs(60), run).await;
    let output = ended.expect("the demo ends within a minute").unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.starts_with("demo: cannot write to /proc"), "{told}");
    assert!(told.contains("Set TMPDIR"), "{told}");
}
