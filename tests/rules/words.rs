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
