//! Which module may import which, checked for every `crate::` and `super::` path in `src/`.
//!
//! The table is that of `docs/ARCHITECTURE.md`. It applies to unit tests too.

use crate::paths::{Mention, mentions};
use crate::tree::{Source, sources};
use std::collections::{BTreeMap, BTreeSet};

/// A module of the crate's root and what of ours it may name.
const MAY: &[(&str, &[&str])] = &[
    ("invisible", &[]),
    ("http_client", &["config"]),
    ("domain", &["invisible", "redact"]),
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
        &[
            "courier",
            "config",
            "domain",
            "http_client",
            "redact",
            "telemetry",
        ],
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
            "courier",
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
        for Mention { at, path, .. } in mentions(source) {
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
        for Mention { at, path, .. } in mentions(source) {
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
