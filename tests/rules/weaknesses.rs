//! The table of weaknesses in `tests/stories/weaknesses.rs` is whole, and points at what exists.
//!
//! It also checks the two weaknesses that only the repository's files show: an image that relies on
//! missing files, and queries that are not checked at compile time.

use crate::tree::{files, read};
use std::collections::BTreeSet;

const TABLE: &str = "tests/stories/weaknesses.rs";

/// Every `fn` of the repository's Rust files.
fn functions() -> BTreeSet<String> {
    let all = ["src", "crates", "tests"];
    let all = all.iter().flat_map(|folder| files(folder, ".rs"));
    let mut names = BTreeSet::new();
    for path in all {
        for line in read(&path).lines() {
            let Some((_, rest)) = line.split_once("fn ") else {
                continue;
            };
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            names.insert(rest[..end.unwrap_or(rest.len())].to_owned());
        }
    }
    names
}

#[test]
fn each_weakness_of_the_table_is_answered_by_a_test_or_a_file_that_exists() {
    let functions = functions();
    let mut numbers = Vec::new();
    for line in read(TABLE).lines() {
        let cells: Vec<&str> = line
            .trim_start_matches("//! ")
            .split('|')
            .map(str::trim)
            .collect();
        let [_, number, _weakness, shown, _] = cells[..] else {
            continue;
        };
        let Ok(number) = number.parse::<u32>() else {
            continue;
        };
        numbers.push(number);
        let names: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{TABLE}: nothing is named for {number}");
        for name in names {
            let exists = match name.contains('/') {
                true => !read(name).is_empty(),
                false => functions.contains(name),
            };
            assert!(exists, "{TABLE}: {name} of {number} does not exist");
        }
    }
    assert_eq!(numbers, (1..=34).collect::<Vec<u32>>());
}

// 32
#[test]
fn the_image_needs_nothing_that_it_does_not_have() {
    let image = read("Dockerfile");
    let check = image.lines().find(|line| line.starts_with("HEALTHCHECK"));
    let check = check.expect("the image checks itself");
    assert!(check.contains(r#"["wardroom", "healthcheck"]"#), "{check}");
    assert!(!image.contains("curl"), "the image has no curl");
    assert!(
        !read(".gitignore").contains("Cargo.lock"),
        "a fresh clone could not build"
    );
    let cargo = read("Cargo.toml");
    let version = cargo
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "));
    let version = version.expect("rust-version is set").trim_matches('"');
    assert!(
        image.contains(&format!("FROM rust:{version}-")),
        "built with another Rust than {version}"
    );
}

/// Queries that are no macros, and why.
const UNCHECKED: [(&str, &str); 3] = [
    (
        "src/store/fit.rs",
        "asks a server what it is, before it is used",
    ),
    ("src/store/migrate.rs", "runs before there is a schema"),
    ("src/store/session.rs", "begins and ends transactions"),
];

// 33
#[test]
fn queries_are_checked_when_they_are_compiled() {
    let mut checked = 0;
    for path in files("src", ".rs") {
        let text = read(&path);
        checked += text.matches("sqlx::query!(").count();
        let excused = UNCHECKED.iter().any(|(file, _)| path.starts_with(file));
        for form in [
            "sqlx::query(",
            "sqlx::query_as(",
            "sqlx::query_scalar(",
            "sqlx::raw_sql(",
        ] {
            assert!(
                excused || !text.contains(form),
                "{path}: {form} is not checked at compile time"
            );
        }
    }
    assert!(
        checked > 20,
        "the macros are spelt otherwise now: {checked}"
    );
}
