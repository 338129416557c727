//! Which module may import which, checked for every `crate::` and `super::` path in `src/`.
//!
//! The table is that of `docs/ARCHITECTURE.md`. It applies to unit tests too.

use crate::tree::{Source, sources};
use std::collections::{BTreeMap, BTreeSet};

/// A module of the crate's root and what of ours it may name.
const MAY: &[(&str, &[&str])] = &[
    ("invisible", &[]),
    ("http_client", &["config"]),
    ("domain", &["invisible"]),
    ("redact", &[]),
    ("config", &["invisible"]),
    ("courier", &["domain"]),
    ("store", &["domain"]),
    // Labels are bounded by the domain's own kinds; everything that logs is redacted.
    ("telemetry", &["config", "domain", "http_client", "redact"]),
    (
        "slack",
        &[
            "courier",
            "config",
            "domain",
            "http_client",
            "redact",
            "telemetry",
            "invisible",
        ],
    ),
    (
        "github",
        &["courier", "config", "domain", "redact", "telemetry"],
    ),
    (
        "statuspage",
        &[
            "courier",
            "config",
            "domain",
            "http_client",
            "redact",
            "telemetry",
        ],
    ),
    ("engine", &["courier", "domain", "store", "telemetry"]),
    // Of the adapters only what reads: see `the_edge_reads_and_never_calls`.
    (
        "edge",
        &[
            "domain",
            "github",
            "slack",
            "store",
            "telemetry",
            "invisible",
        ],
    ),
    // May import every module; only `cli` and `main` import it.
    (
        "app",
        &[
            "config",
            "courier",
            "domain",
            "edge",
            "engine",
            "github",
            "http_client",
            "redact",
            "slack",
            "statuspage",
            "store",
            "telemetry",
        ],
    ),
    // Subcommands: the server itself is put together in `app`.
    (
        "cli",
        &[
            "app",
            "config",
            "domain",
            "engine",
            "http_client",
            "redact",
            "store",
            "telemetry",
        ],
    ),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// The parts of an adapter that the edge may name: pure functions that verify and address an arrival.
const EDGE_READS: [&str; 4] = ["address", "signature", "unchecked", "decode"];

/// Names that a pure module must not contain: I/O, async, time.
const IMPURE: [&str; 14] = [
    "async ",
    ".await",
    "tokio",
    "sqlx",
    "axum",
    "hyper",
    "reqwest",
    "slack_morphism",
    "tracing::",
    "std::env",
    "std::fs",
    "std::net",
    "std::thread",
    "rand::",
];

/// One mention of a module of ours: from where, and the path after `crate`.
struct Mention {
    at: String,
    path: Vec<String>,
}

/// Every path from the crate's root that a file names.
fn mentions(source: &Source) -> Vec<Mention> {
    let mut found = Vec::new();
    // Groups over several lines: the lines until the statement's end are one.
    let mut statement: Option<(usize, usize, String)> = None;
    for line in &source.lines {
        let code = line.code.trim();
        if let Some((_, _, text)) = &mut statement {
            text.push_str(code);
        } else {
            statement = Some((line.number, line.depth, code.to_owned()));
        }
        let open = statement.as_ref().is_some_and(|(_, _, text)| {
            let imports = text
                .trim_start_matches("pub ")
                .trim_start_matches("pub(crate) ")
                .trim_start_matches("pub(super) ");
            imports.starts_with("use ") && !text.ends_with(';')
        });
        if open {
            continue;
        }
        if let Some((number, depth, text)) = statement.take() {
            let mut module = source.module();
            module.extend(std::iter::repeat_n("tests", depth));
            for path in paths(&text, &module) {
                let at = format!("{}:{number}", source.path);
                found.push(Mention { at, path });
            }
        }
    }
    found
}

/// The paths that begin at the crate's root, in a line of a module.
fn paths(text: &str, module: &[&str]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut last = ' ';
    while let Some(here) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        if !word(last) && last != ':' {
            if let Some(after) = rest.strip_prefix("crate::") {
                expand(after, &[], &mut found);
            } else if let Some(mut after) = rest.strip_prefix("super::") {
                let mut climbed = 1;
                while let Some(next) = after.strip_prefix("super::") {
                    (after, climbed) = (next, climbed + 1);
                }
                let left = module.len().saturating_sub(climbed);
                let base: Vec<String> = module[..left].iter().map(ToString::to_string).collect();
                // A path that stays within a module of the root is not checked.
                if base.is_empty() {
                    expand(after, &base, &mut found);
                }
                last = ':';
                rest = after;
                continue;
            }
        }
        last = here;
        rest = &rest[here.len_utf8()..];
    }
    found
}

/// `{a, b::c}` after a prefix is two paths.
fn expand(text: &str, prefix: &[String], found: &mut Vec<Vec<String>>) {
    if let Some(group) = text.strip_prefix('{') {
        let mut depth = 0;
        let mut start = 0;
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                ',' | '}' if depth == 0 => {
                    let part = group[start..at].trim();
                    if !part.is_empty() {
                        expand(part, prefix, found);
                    }
                    start = at + 1;
                    if c == '}' {
                        return;
                    }
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
        return;
    }
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(text.len());
    let mut path = prefix.to_vec();
    path.push(text[..end].to_owned());
    match text[end..].strip_prefix("::") {
        Some(rest)
            if rest.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '{')
                && path.len() < 3 =>
        {
            expand(rest, &path, found);
        }
        _ => found.push(path),
    }
}

fn module_of(source: &Source) -> String {
    match source.path.as_str() {
        "src/main.rs" => "main".to_owned(),
        "src/lib.rs" => "lib".to_owned(),
        _ => source.module()[0].to_owned(),
    }
}

/// What is broken, one line each.
fn broken(sources: &[Source]) -> Vec<String> {
    let may: BTreeMap<&str, BTreeSet<&str>> = MAY
        .iter()
        .map(|(module, others)| (*module, others.iter().copied().collect()))
        .collect();
    let mut broken = Vec::new();
    for source in sources {
        let module = module_of(source);
        let Some(allowed) = may.get(module.as_str()) else {
            broken.push(format!(
                "{}: `{module}` has no line in the table",
                source.path
            ));
            continue;
        };
        for Mention { at, path } in mentions(source) {
            let other = path[0].as_str();
            // The root's own items (macros, `main`) belong to no module.
            if other == module || !may.contains_key(other) || allowed.contains(other) {
                continue;
            }
            broken.push(format!(
                "{at}: {module} names {other} ({})",
                path.join("::")
            ));
        }
    }
    broken
}

#[test]
fn everybody_imports_only_whom_they_may() {
    let broken = broken(&sources());
    assert!(
        broken.is_empty(),
        "imports against the table of tests/rules/imports.rs:\n{}",
        broken.join("\n")
    );
}

#[test]
fn every_line_of_the_table_is_a_module() {
    let sources = sources();
    let modules: BTreeSet<String> = sources.iter().map(module_of).collect();
    for (module, _) in MAY {
        assert!(
            modules.contains(*module),
            "`{module}` is in the table and not in src/"
        );
    }
}

#[test]
fn the_edge_reads_and_never_calls() {
    let mut broken = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| module_of(source) == "edge")
    {
        for Mention { at, path } in mentions(source) {
            let adapter = matches!(path[0].as_str(), "slack" | "github");
            let reads = path
                .get(1)
                .is_some_and(|part| EDGE_READS.contains(&part.as_str()));
            if adapter && !reads {
                broken.push(format!("{at}: {}", path.join("::")));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "the edge names more of an adapter than what reads:\n{}",
        broken.join("\n")
    );
}

#[test]
fn the_domain_is_pure() {
    let mut broken = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| module_of(source) == "domain")
    {
        for line in &source.lines {
            for word in IMPURE {
                if line.code.contains(word) {
                    broken.push(format!("{}:{}: {word}", source.path, line.number));
                }
            }
        }
    }
    assert!(
        broken.is_empty(),
        "what acts, waits or asks, in the domain:\n{}",
        broken.join("\n")
    );
}

#[test]
fn only_the_store_speaks_sql() {
    // `app` reads the database's address and what kind of error a start met, and asks nothing.
    const MAY_NAME: [&str; 2] = ["store", "app"];
    let mut broken = Vec::new();
    for source in &sources() {
        let module = module_of(source);
        for line in source.lines.iter().filter(|line| !line.test) {
            if line.code.contains("sqlx::query") && module != "store"
                || line.code.contains("sqlx::") && !MAY_NAME.contains(&module.as_str())
            {
                broken.push(format!(
                    "{}:{}: {}",
                    source.path,
                    line.number,
                    line.code.trim()
                ));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "SQL outside of store/:\n{}",
        broken.join("\n")
    );
}

#[test]
fn a_path_is_read_however_it_is_written() {
    let module = ["slack", "courier"];
    for (line, expected) in [
        ("use crate::store::Store;", vec!["store::Store"]),
        (
            "use crate::{domain::ids::UserId, store};",
            vec!["domain::ids::UserId", "store"],
        ),
        (
            "let x = crate::engine::plan::ATTEMPTS;",
            vec!["engine::plan::ATTEMPTS"],
        ),
        (
            "use super::super::github::{address, signature};",
            vec!["github::address", "github::signature"],
        ),
        ("use super::client::Client;", vec![]),
        (
            "pub(crate) fn f(x: &crate::github::Y) {}",
            vec!["github::Y"],
        ),
        ("let macrocrate = 1;", vec![]),
    ] {
        let found: Vec<String> = paths(line, &module)
            .iter()
            .map(|path| path.join("::"))
            .collect();
        assert_eq!(found, expected, "{line}");
    }
}
