//! Files are short and begin with a description; only listed files read the clock or sleep.

use crate::tree::{crates, files, read, sources};

/// Where the host's clock may be read, and why.
const CLOCKS: &[(&str, &str)] = &[
    ("src/engine/clock.rs", "it is the clock"),
    (
        "src/app/logging.rs",
        "the hour of a log line, which nothing decides on",
    ),
];

/// Functions that read the time.
const NOW: [&str; 4] = ["Utc::now", "Local::now", "SystemTime::now", "Uuid::new_v1"];

const LINES: usize = 400;

fn none(broken: &[String], what: &str) {
    assert!(broken.is_empty(), "{what}:\n{}", broken.join("\n"));
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    let mut broken = Vec::new();
    for path in ["src", "crates", "tests"]
        .iter()
        .flat_map(|folder| files(folder, ""))
    {
        if path.starts_with("tests/data/") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(crate::tree::root().join(&path)) else {
            continue;
        };
        let lines = text.lines().count();
        if lines > LINES {
            broken.push(format!("{path}: {lines} lines"));
        }
    }
    none(&broken, "files of more than 400 lines");
}

#[test]
fn every_file_says_what_it_is_for() {
    let mut broken = Vec::new();
    for path in ["src", "crates", "tests"]
        .iter()
        .flat_map(|folder| files(folder, ".rs"))
    {
        let text = read(&path);
        let first = text.lines().next().unwrap_or_default();
        if first
            .strip_prefix("//! ")
            .is_none_or(|words| words.trim().len() < 5)
        {
            broken.push(path);
        }
    }
    none(&broken, "files that do not begin with `//!`");
}

#[test]
fn nothing_is_left_over() {
    let mut broken = Vec::new();
    for source in sources().into_iter().chain(crates()) {
        for line in &source.lines {
            // Written in two parts, so that this file does not match.
            for left in [
                concat!("to", "do!("),
                concat!("unimpl", "emented!("),
                concat!("db", "g!("),
            ] {
                if line.code.contains(left) {
                    broken.push(format!("{}:{}: {left}", source.path, line.number));
                }
            }
            if !line.test && line.code.contains(".unwrap()") {
                broken.push(format!(
                    "{}:{}: unwrap outside of tests",
                    source.path, line.number
                ));
            }
            if line.code.contains("#[allow(") || line.code.contains("#![allow(") {
                broken.push(format!(
                    "{}:{}: `expect` with a reason, not `allow`",
                    source.path, line.number
                ));
            }
        }
    }
    none(&broken, "leftovers");
}

#[test]
fn no_log_line_shows_a_value_as_the_debugger_does() {
    let mut broken = Vec::new();
    for source in sources().into_iter().chain(crates()) {
        let mut in_macro = false;
        for line in source.lines.iter().filter(|line| !line.test) {
            let begins = ["tracing::error!", "tracing::warn!", "tracing::info!"];
            let begins = begins.iter().chain(&["tracing::debug!", "_span!("]);
            in_macro |= begins.copied().any(|begin| line.code.contains(begin));
            // A field `name = ?value` or `?value`, and `{value:?}` in the words.
            let debug = ["= ?", "(?", ", ?", ":?}"];
            let alone = line.code.trim_start().starts_with('?');
            if in_macro && (alone || debug.iter().any(|sign| line.code.contains(sign))) {
                broken.push(format!("{}:{}", source.path, line.number));
            }
            in_macro &= !line.code.trim_end().ends_with([';', '}']);
        }
    }
    none(&broken, "log lines with a debug form");
}

#[test]
fn the_time_is_asked_for_in_one_place() {
    let mut broken = Vec::new();
    for source in sources().into_iter().chain(crates()) {
        if CLOCKS.iter().any(|(path, _why)| *path == source.path) {
            continue;
        }
        for line in source.lines.iter().filter(|line| !line.test) {
            if NOW.iter().any(|now| line.code.contains(now)) {
                broken.push(format!(
                    "{}:{}: {}",
                    source.path,
                    line.number,
                    line.code.trim()
                ));
            }
        }
    }
    none(
        &broken,
        "the host's clock is read outside of engine/clock.rs and the rims that are listed",
    );
    for (path, why) in CLOCKS {
        let used = NOW.iter().any(|now| read(path).contains(now));
        assert!(used, "{path} is listed ({why}) and reads no clock");
    }
}

#[test]
fn sql_is_given_the_time_and_asks_for_none() {
    let mut broken = Vec::new();
    for path in files("src/store", ".rs") {
        for (index, line) in read(&path).lines().enumerate() {
            let asks = |word: &str| {
                line.match_indices(word).any(|(at, _)| {
                    !line[..at].ends_with(|c: char| {
                        c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '$')
                    })
                })
            };
            if !line.trim_start().starts_with("//") && (asks("now()") || asks("current_timestamp"))
            {
                broken.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    none(
        &broken,
        "SQL that asks for the time: leases use clock_timestamp(), everything else a bind",
    );
}

#[test]
fn sql_names_the_columns_that_it_reads() {
    // When a newer version adds a column, PostgreSQL refuses statements with a star that an older version,
    // which still runs, has prepared. A star over rows of a subquery is allowed.
    const TABLES: [&str; 4] = ["inbox", "outbox", "incidents", "incident_timeline"];
    let mut broken = Vec::new();
    for path in files("src/store", ".rs") {
        for (index, line) in read(&path).lines().enumerate() {
            let starred = TABLES
                .iter()
                .any(|table| line.contains(&format!("* from {table}")));
            if starred {
                broken.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    none(&broken, "a star instead of the columns' names");
}

#[test]
fn no_test_sleeps() {
    let nap = concat!("sle", "ep(");
    let mut broken = Vec::new();
    let crates = files("crates", ".rs").into_iter();
    let crates = crates.filter(|path| path.contains("/tests/"));
    for path in files("tests", ".rs").into_iter().chain(crates) {
        // Tests with real processes need real time; this is the only file that sleeps.
        if path == "tests/processes/harness/moment.rs" {
            continue;
        }
        for (index, line) in read(&path).lines().enumerate() {
            if line.contains(nap) && !line.trim_start().starts_with("//") {
                broken.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    none(
        &broken,
        "tests that sleep instead of waiting for a condition",
    );
}
