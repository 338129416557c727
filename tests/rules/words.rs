//! Docs, comments and printed lines use the terms of Slack, PostgreSQL and Rust, and name people and
//! roles by what they are: the commander, the caller, the operator, another process.
//!
//! `INSTEAD` says which words are not used and what to write instead. It applies to the prose of all
//! files that `is_covered` names: not to identifiers, quoted code and data.

use crate::tree::{files, read};

/// A word or phrase in lower case, what to write instead, and the reason where it is not obvious.
const INSTEAD: &[(&str, &str, &str)] = &[
    ("anybody", "the role: the caller, the operator, …", ""),
    ("everybody", "the role, or all people who …", ""),
    ("nobody", "the role: no person, no process, …", ""),
    ("somebody", "the role: the commander, the operator, …", ""),
    (
        "whoever",
        "the role: the caller that …, the process that …",
        "",
    ),
    ("a look", "a lookup, a query", ""),
    ("afresh", "again", ""),
    ("be had", "is not available, could not be installed", ""),
    ("befell", "happened to", ""),
    ("by hand", "manually, or an operator …", "say who acts"),
    (
        "elsewhere",
        "outside an incident channel, on another host, …",
        "say where",
    ),
    ("for ever", "forever, without a limit", ""),
    (
        "forgotten",
        "deleted, unset",
        "say what happened to the data",
    ),
    ("house", "Wardroom", ""),
    ("lone", "single", ""),
    ("luggage", "private metadata", "Slack's term"),
    ("mend", "fix, repair", ""),
    ("mended", "fixed, repaired", ""),
    ("mends", "fixes, repairs", ""),
    ("newcomer", "new user, new connection", ""),
    ("room", "channel", "Slack's term; for space: memory, time"),
    ("rooms", "channels", "Slack's term"),
    ("sealed", "encrypted", ""),
    ("stands", "is, exists", ""),
    ("storm", "burst, load", ""),
    ("storms", "bursts, load", ""),
    ("under way", "in progress", ""),
    ("whisper", "ephemeral message", "Slack's term"),
    ("whispers", "ephemeral messages", "Slack's term"),
    ("wins", "overrides, takes precedence", ""),
];

/// What stays: the file, the word, and why.
const KEPT: &[(&str, &str, &str)] = &[
    (
        "crates/private-postgres/src/account.rs",
        "nobody",
        "a Unix user",
    ),
    ("src/domain/text/reply.rs", "room", "a field of stored rows"),
    ("src/domain/text/span.rs", "room", "a field of stored rows"),
    ("src/domain/text/typed.rs", "room", "a field of stored rows"),
    (
        "tests/stories/faults/every_effect.rs",
        "room",
        "a field of stored rows",
    ),
    (
        "tests/stories/ring/lanes.rs",
        "room",
        "a field of stored rows",
    ),
    ("k8s/21-secret.yaml", "sealed", "a product's name"),
    ("scripts/lib/throwaway.sh", "nobody", "a Unix user"),
    (
        "src/domain/incident/forms.rs",
        "room",
        "a key in open forms",
    ),
    (
        "src/store/incident/notifications.rs",
        "room",
        "a word in stored rows",
    ),
    ("src/store/ring/intake.rs", "sealed", "a column"),
];

/// Whether `INSTEAD` applies to a file. Parts of `src/` are not covered yet.
fn is_covered(path: &str) -> bool {
    const CODE: [&str; 3] = ["src/", "crates/", "tests/"];
    const COVERED_CODE: [&str; 24] = [
        "crates/",
        "src/app/",
        "src/cli/",
        "src/courier.rs",
        "src/domain/",
        "src/edge/",
        "src/engine/",
        "src/github/",
        "src/http_client.rs",
        "src/invisible.rs",
        "src/redact/mod.rs",
        "src/slack/",
        "src/statuspage.rs",
        "src/store/",
        "src/telemetry/",
        "tests/data/migrations/",
        "tests/demo/",
        "tests/manifests/",
        "tests/migrations/",
        "tests/processes/",
        "tests/rules/",
        "tests/slack_courier/",
        "tests/stories/",
        "tests/support/",
    ];
    const NO_PROSE: [&str; 6] = [
        ".sqlx/",
        "Cargo.lock",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "fuzz/Cargo.lock",
        "tests/rules/words.rs",
    ];
    let starts = |list: &[&str]| list.iter().any(|start| path.starts_with(start));
    (!starts(&CODE) || starts(&COVERED_CODE)) && !starts(&NO_PROSE)
}

/// The prose of a file, by line: Markdown without code, comments of code, other files as they are.
fn prose(path: &str, text: &str) -> Vec<String> {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    let mut fenced = false;
    let in_line = |line: &str| match ending {
        "md" => {
            fenced ^= line.trim_start().starts_with("```");
            if fenced {
                return String::new();
            }
            outside(line, '`')
        }
        "rs" => comment(line, "//") + " " + &inside(line, '"'),
        "sql" => comment(line, "--"),
        "py" if line.contains("\"\"\"") => line.to_owned(),
        "py" => comment(line, "# "),
        _ => outside(line, '`'),
    };
    text.lines().map(in_line).collect()
}

fn comment(line: &str, begin: &str) -> String {
    let after = line.split_once(begin).map_or("", |(_, after)| after);
    outside(after, '`')
}

fn outside(line: &str, mark: char) -> String {
    line.split(mark).step_by(2).collect::<Vec<_>>().join(" ")
}

fn inside(line: &str, mark: char) -> String {
    let texts = line.split(mark).skip(1).step_by(2);
    texts.collect::<Vec<_>>().join(" ")
}

/// The words of a text in lower case, with a space around each. An identifier is one word.
fn words(text: &str) -> String {
    let text = text.to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    let words = words.filter(|word| !word.is_empty());
    words.fold(" ".to_owned(), |all, word| all + word + " ")
}

#[test]
fn docs_and_comments_use_plain_words() {
    let mut found = Vec::new();
    for path in files("", "") {
        if !is_covered(&path) {
            continue;
        }
        let lines = prose(&path, &read(&path));
        for (number, line) in (1..).zip(lines) {
            let words = words(&line);
            for (word, instead, reason) in INSTEAD {
                let kept = KEPT
                    .iter()
                    .any(|(file, kept, _)| *file == path && kept == word);
                if words.contains(&format!(" {word} ")) && !kept {
                    found.push(format!(
                        "{path}:{number}: `{word}`: write {instead}{}",
                        if reason.is_empty() {
                            String::new()
                        } else {
                            format!(" ({reason})")
                        }
                    ));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn code_is_not_prose() {
    let page = "A `room` in code.\n```\nroom\n```\nA room, a room_name.";
    let found: Vec<_> = prose("docs/x.md", page)
        .iter()
        .map(|l| words(l).contains(" room "))
        .collect();
    assert_eq!(found, [false, false, false, false, true]);
    assert_eq!(prose("x.sql", "select room -- a room"), [" a room"]);
    assert_eq!(words(&prose("x.rs", "room(\"b\") // c")[0]), " c b ");
}

const VAGUE: &[&str] = &["anybody", "everybody", "nobody", "somebody", "whoever"];

#[test]
fn the_command_line_names_people_by_their_role() {
    let found = vague("src/cli/", |line| line.to_owned());
    assert!(found.is_empty(), "vague words in:\n{}", found.join("\n"));
}

#[test]
fn what_is_said_in_slack_names_people_by_their_role() {
    let literals = |line: &str| inside(line.split("//").next().unwrap_or_default(), '"');
    let mut found = vague("src/domain/", literals);
    found.extend(vague("src/slack/", literals));
    assert!(found.is_empty(), "vague words in:\n{}", found.join("\n"));
}

fn vague(folder: &str, part: impl Fn(&str) -> String) -> Vec<String> {
    let mut found = Vec::new();
    for path in files(folder, ".rs") {
        if path.contains("tests") {
            continue;
        }
        for (number, line) in (1..).zip(read(&path).lines()) {
            let words = words(&part(line));
            let is_vague = |word: &&str| words.contains(&format!(" {word} "));
            if VAGUE.iter().any(is_vague) {
                found.push(format!("{path}:{number}: {line}"));
            }
        }
    }
    found
}
