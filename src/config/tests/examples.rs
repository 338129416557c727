//! What is made from the sections and the variables: the example environment, the schema, and the tables
//! of `docs/CONFIGURATION.md`. `BLESS=1 cargo test config::tests::examples` writes them anew.
//!
//! The example file is written by hand and shows every key. Both examples work as they are.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::schema::{FILE, LATER, OR_ONE, resolved, words};
use super::{Config, VARIABLES, Variable, report, schema};

const YAML: &str = include_str!("../../../wardroom.example.yaml");

fn root(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

/// The file is what it is made to be; `BLESS=1` makes it so.
fn is(file: &str, wanted: &str) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(root(file), wanted).unwrap();
    }
    let actual = fs::read_to_string(root(file)).unwrap();
    assert!(
        actual == wanted,
        "{file} is out of date: BLESS=1 cargo test config::tests::examples"
    );
}

/// A key of the file: its path, its schema, and what its type says.
struct Key {
    path: String,
    schema: &'static Value,
    of_type: &'static Value,
}

/// Every key, in the order of the types.
fn keys(schema: &'static Value, path: &str) -> Vec<Key> {
    let mut keys = Vec::new();
    let of_type = resolved(&FILE, schema);
    for (name, schema) in of_type["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}{name}");
        let of_type = resolved(&FILE, schema);
        keys.push(Key {
            path: path.clone(),
            schema,
            of_type,
        });
        keys.extend(self::keys(schema, &format!("{path}.")));
        keys.extend(self::keys(&of_type["items"], &format!("{path}[].")));
        keys.extend(self::keys(
            &of_type["additionalProperties"],
            &format!("{path}.<name>."),
        ));
    }
    keys
}

#[test]
fn the_example_file_starts_as_it_is_and_points_editors_at_the_schema() {
    let loaded = Config::load(Some(&root("wardroom.example.yaml")), &|_| None);
    assert!(loaded.is_ok(), "{}", report(&loaded));
    let first = YAML.lines().next();
    assert_eq!(
        first,
        Some("# yaml-language-server: $schema=wardroom.schema.json")
    );
}

#[test]
fn the_example_file_shows_every_key() {
    let written = |line: &str| line.trim_start_matches([' ', '-']).to_owned();
    let lines: Vec<String> = YAML.lines().map(written).collect();
    for Key { path, .. } in keys(&FILE, "") {
        let key = path.rsplit('.').next().unwrap_or_default();
        let shown = |line: &String| {
            line.starts_with(&format!("{key}:")) || line.contains(&format!(" {key}: "))
        };
        assert!(lines.iter().any(shown), "`{path}` is not shown");
    }
}

#[test]
fn the_committed_schema_is_the_one_that_is_printed() {
    is("wardroom.schema.json", &schema());
}

#[test]
fn every_key_is_documented() {
    for Key {
        path,
        schema,
        of_type,
    } in keys(&FILE, "")
    {
        let doc = schema["description"]
            .as_str()
            .or(of_type["description"].as_str());
        assert!(doc.is_some(), "the field of `{path}` has no documentation");
    }
}

/// The docs between `<!-- NAME -->` and `<!-- end -->`.
fn between(page: &str, name: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->\n"), "<!-- end -->");
    let (before, rest) = page
        .split_once(&begin)
        .unwrap_or_else(|| panic!("no {begin}"));
    let (_, after) = rest
        .split_once(end)
        .expect("a table ends with <!-- end -->");
    format!("{before}{begin}\n{table}\n{end}{after}")
}

fn table_of_keys() -> String {
    let mut table = "| Key | Value | |\n|---|---|---|\n".to_owned();
    for Key {
        path,
        schema,
        of_type,
    } in keys(&FILE, "")
    {
        let doc = schema["description"]
            .as_str()
            .or(of_type["description"].as_str());
        let default = match &schema["default"] {
            Value::Null => String::new(),
            Value::String(word) => format!(" Default: `{word}`."),
            other => format!(" Default: `{other}`."),
        };
        let later = if schema[LATER] == true {
            " **No effect yet.**"
        } else {
            ""
        };
        let doc = doc.unwrap_or_default();
        writeln!(
            table,
            "| `{path}` | {} | {doc}{default}{later} |",
            value(of_type)
        )
        .unwrap();
    }
    table
}

/// What a value is, in a few words.
fn value(schema: &'static Value) -> String {
    let words = words(schema);
    if !words.is_empty() {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        return words.join(", ");
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("array"), _) if schema[OR_ONE] == true => "text, or a list of texts".to_owned(),
        (Some("array"), _) => format!("list: {}", value(resolved(&FILE, &schema["items"]))),
        (Some("object"), _) => "map".to_owned(),
        (Some("integer"), _) => {
            let bounds = [&schema["minimum"], &schema["maximum"]];
            let [Some(least), Some(most)] = bounds.map(Value::as_u64) else {
                return "whole number".to_owned();
            };
            format!("whole number, {least} to {most}")
        }
        (Some("boolean"), _) => "`true`, `false`".to_owned(),
        (Some(_), Some(format)) => format.replace('-', " ").replace("slack", "Slack"),
        (Some(_), None) => "text".to_owned(),
        (None, _) => "any".to_owned(),
    }
}

fn table_of_variables(section: &str) -> String {
    let mut table = "| Variable | Default | |\n|---|---|---|\n".to_owned();
    for variable in VARIABLES
        .iter()
        .filter(|variable| variable.section == section)
    {
        let names: Vec<String> = variable.names().map(|name| format!("`{name}`")).collect();
        let default = match variable.default {
            "" => String::new(),
            default => format!("`{default}`"),
        };
        let secret = if variable.secret { " (secret)" } else { "" };
        let later = if variable.no_effect_yet {
            " **No effect yet.**"
        } else {
            ""
        };
        let (names, doc) = (names.join(" "), variable.doc);
        writeln!(table, "| {names} | {default} | {doc}{secret}{later} |").unwrap();
    }
    table
}

#[test]
fn the_tables_of_the_docs_are_those_of_the_code() {
    const PAGE: &str = "docs/CONFIGURATION.md";
    let page = fs::read_to_string(root(PAGE)).unwrap();
    let mut wanted = between(&page, "keys", &table_of_keys());
    let sections: BTreeSet<&str> = VARIABLES.iter().map(|variable| variable.section).collect();
    for section in sections {
        let marker = format!("variables: {section}");
        wanted = between(&wanted, &marker, &table_of_variables(section));
    }
    is(PAGE, &wanted);
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
    is(".env.example", &env_example());
}

#[test]
fn the_example_environment_works_as_it_is() {
    let text = env_example();
    let lookup = |name: &str| {
        let mut pairs = text.lines().filter_map(|line| line.split_once('='));
        let (_, value) = pairs.find(|(known, _)| *known == name)?;
        Some(value.to_owned())
    };
    let loaded = Config::load(None, &lookup);
    assert!(loaded.is_ok(), "{}", report(&loaded));
}

#[test]
fn every_variable_is_documented_once() {
    let mut all: Vec<&str> = VARIABLES.iter().flat_map(Variable::names).collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
    assert!(
        VARIABLES
            .iter()
            .all(|variable| variable.doc.ends_with(['.', '…']))
    );
}
