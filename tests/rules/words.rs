//! Texts name people and roles by what they are: the commander, the caller, the operator, another
//! process. `WRITTEN` lists the files and folders that keep to this.

use crate::tree::{files, read};

const WRITTEN: &[&str] = &[
    ".env.example",
    "CONTRIBUTING.md",
    "README.md",
    "docs/API.md",
    "docs/ARCHITECTURE.md",
    "docs/CLI.md",
    "docs/CONFIGURATION.md",
    "docs/METRICS.md",
    "docs/OPERATIONS.md",
    "docs/SECURITY.md",
    "docs/adr/",
    "docs/runbooks/",
    "src/cli/",
];

const VAGUE: &[&str] = &["anybody", "nobody", "somebody", "whoever"];

#[test]
fn people_are_named_by_their_role() {
    let mut found = Vec::new();
    for path in files("", "") {
        if !WRITTEN.iter().any(|written| path.starts_with(written)) {
            continue;
        }
        for (number, line) in (1..).zip(read(&path).lines()) {
            let line = line.to_lowercase();
            let mut words = line.split(|c: char| !c.is_alphabetic());
            if words.any(|word| VAGUE.contains(&word)) {
                found.push(format!("{path}:{number}: {line}"));
            }
        }
    }
    assert!(found.is_empty(), "{VAGUE:?} in:\n{}", found.join("\n"));
}

#[test]
fn what_is_said_in_slack_names_people_by_their_role() {
    let mut found = Vec::new();
    for path in files("src/domain/", ".rs")
        .into_iter()
        .chain(files("src/slack/", ".rs"))
    {
        if path.contains("tests") {
            continue;
        }
        for (number, line) in (1..).zip(read(&path).lines()) {
            let code = line.split("//").next().unwrap_or_default();
            let literals = code.split('"').skip(1).step_by(2);
            let text = literals.collect::<Vec<_>>().join(" ").to_lowercase();
            let mut words = text.split(|c: char| !c.is_alphabetic());
            if words.any(|word| VAGUE.contains(&word) || word == "everybody") {
                found.push(format!("{path}:{number}: {line}"));
            }
        }
    }
    assert!(found.is_empty(), "vague words in:\n{}", found.join("\n"));
}
