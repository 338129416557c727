//! The two example files at the root are read by people before anything else is: they are complete
//! and they work as they stand. `BLESS=1 cargo test config::examples` writes `.env.example` anew.

use std::path::Path;

use super::{Config, VARIABLES, report, sections};

const YAML: &str = include_str!("../../wardroom.example.yaml");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_example_file_starts_as_it_is() {
    let loaded = Config::load(Some(&root().join("wardroom.example.yaml")), &|_| None);
    assert!(loaded.is_ok(), "{}", report(&loaded));
}

#[test]
fn the_example_file_shows_every_key() {
    let written = |line: &str| line.trim_start_matches([' ', '-']).to_owned();
    let lines: Vec<String> = YAML.lines().map(written).collect();
    for (place, keys) in sections::KEYS {
        for key in *keys {
            let shown = |line: &String| {
                line.starts_with(&format!("{key}:")) || line.contains(&format!(" {key}: "))
            };
            assert!(lines.iter().any(shown), "`{key}` of {place} is not shown");
        }
    }
}

/// What `.env.example` must be.
fn env_example() -> String {
    let mut text = "\
# Every variable that Wardroom reads. Empty is the same as unset, so this file works as it is:
#   cp .env.example .env
# A secret may also be given as a file: NAME_FILE=/path/to/it, with NAME left empty.
"
    .to_owned();
    for variable in VARIABLES {
        text.push_str(&format!("\n# {}", variable.doc));
        if !variable.default.is_empty() {
            text.push_str(&format!(" Default: {}.", variable.default));
        }
        if variable.secret {
            text.push_str(" (secret)");
        }
        if variable.no_effect_yet {
            text.push_str(" No effect yet.");
        }
        if !variable.aliases.is_empty() {
            text.push_str(&format!(" Also taken as {}.", variable.aliases.join(", ")));
        }
        text.push_str(&format!("\n{}=\n", variable.name));
    }
    text
}

#[test]
fn the_example_environment_is_every_variable_and_nothing_else() {
    let path = root().join(".env.example");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, env_example()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), env_example());
}

#[test]
fn the_example_environment_works_as_it_is() {
    let text = env_example();
    let lookup = |name: &str| {
        let pair = |line: &str| {
            line.split_once('=')
                .map(|(n, v)| (n.to_owned(), v.to_owned()))
        };
        text.lines()
            .filter_map(pair)
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    };
    let loaded = Config::load(None, &lookup);
    assert!(loaded.is_ok(), "{}", report(&loaded));
}

#[test]
fn every_variable_is_documented_once() {
    let mut names: Vec<&str> = VARIABLES
        .iter()
        .flat_map(|variable| std::iter::once(variable.name).chain(variable.aliases.iter().copied()))
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(
        VARIABLES
            .iter()
            .all(|variable| variable.doc.ends_with(['.', '…']))
    );
}
