//! Docs and code contain the same variables, routes, metrics, verbs and commands.
//!
//! The names are read from tables: the first cell of a row contains the name in backticks. All other
//! text is not checked.

use crate::tree::read;
use std::collections::{BTreeMap, BTreeSet};

type Names = BTreeSet<String>;

/// Fails with the names that only one side has.
fn same(code: &Names, docs: &Names, what: &str) {
    let missing: Vec<_> = code.difference(docs).collect();
    let invented: Vec<_> = docs.difference(code).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "{what}: in the code and not in the docs: {missing:?}; in the docs and not in the code: {invented:?}"
    );
}

/// The cells of a table row; `None` for any other line.
fn cells(line: &str) -> Option<Vec<String>> {
    let inside = line
        .trim()
        .strip_prefix('|')?
        .strip_suffix('|')?
        .replace("\\|", "\u{1}");
    let cells = inside
        .split('|')
        .map(|cell| cell.trim().replace('\u{1}', "|"));
    Some(cells.collect())
}

/// The parts in backticks.
fn ticked(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// The parts in backticks in the first cells of a page's tables, with their rows.
fn first_cells(page: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let rows = page.lines().filter_map(cells);
    rows.map(|row| (ticked(&row[0]), row))
        .filter(|(names, _)| !names.is_empty())
        .collect()
}

/// A page from a heading to the next one of its level.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let from = page
        .find(heading)
        .unwrap_or_else(|| panic!("no heading `{heading}`"));
    let level = heading.chars().take_while(|c| *c == '#').count();
    let rest = &page[from + heading.len()..];
    let next = format!("\n{} ", "#".repeat(level));
    &rest[..rest.find(&next).unwrap_or(rest.len())]
}

#[test]
fn every_variable_is_in_the_docs_and_in_the_example_and_nothing_else_is() {
    let mut code = Names::new();
    let mut with_aliases = Names::new();
    for variable in wardroom::config::VARIABLES {
        code.insert(variable.name.to_owned());
        with_aliases.insert(variable.name.to_owned());
        with_aliases.extend(variable.aliases.iter().map(ToString::to_string));
    }
    let page = read("docs/CONFIGURATION.md");
    let rows = first_cells(section(&page, "## Variables"));
    let docs = rows.iter().flat_map(|(names, _)| names.clone()).collect();
    same(&with_aliases, &docs, "docs/CONFIGURATION.md");
    let example = read(".env.example");
    let set = example.lines().filter(|line| !line.starts_with('#'));
    let example = set
        .filter_map(|line| Some(line.split_once('=')?.0.to_owned()))
        .collect();
    same(&code, &example, ".env.example");
    for variable in wardroom::config::VARIABLES {
        let (_, row) = rows
            .iter()
            .find(|(names, _)| names.iter().any(|name| name == variable.name))
            .expect("just seen");
        for alias in variable.aliases {
            assert!(
                row[0].contains(alias),
                "{alias} is another name of {}: one row",
                variable.name
            );
        }
        assert_eq!(
            row[1].trim_matches('`'),
            variable.default,
            "{}'s default in the docs",
            variable.name
        );
        assert_eq!(
            row[2].contains("No effect yet"),
            variable.no_effect_yet,
            "whether {} has an effect",
            variable.name
        );
        assert_eq!(
            row[2].contains("secret"),
            variable.secret,
            "whether {} is a secret",
            variable.name
        );
    }
}

#[test]
fn every_secret_that_has_an_effect_is_in_the_secret_of_the_cluster() {
    let page = read("docs/CONFIGURATION.md");
    let rows = first_cells(section(&page, "## Variables"));
    let secret = read("k8s/21-secret.yaml");
    let missing: Vec<_> = rows
        .iter()
        .filter(|(_, row)| row[2].contains("(secret)") && !row[2].contains("No effect yet"))
        .map(|(names, _)| &names[0])
        .filter(|name| {
            !secret.contains(&format!("  {name}:")) && !secret.contains(&format!("# {name}:"))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// `METHOD /path` of every `.route("…", …)` and `.signed_route("…", …)` below `src/edge`.
fn routes() -> Names {
    let mut found = Names::new();
    for source in crate::tree::sources() {
        if !source.path.starts_with("src/edge/") {
            continue;
        }
        let text: String = source
            .lines
            .iter()
            .filter(|line| !line.test)
            .map(|line| line.code.as_str())
            .collect();
        let prefix = if source.path.starts_with("src/edge/api/") {
            "/api/v1"
        } else {
            ""
        };
        for route in text.split("route(\"").skip(1) {
            let (path, handlers) = route.split_once('"').expect("a closed text");
            let handlers = &handlers[..handlers.find("route(").unwrap_or(handlers.len())];
            let mut methods = 0;
            for method in ["get", "post", "put", "patch", "delete", "any"] {
                let begins = [format!(", {method}("), format!(".{method}(")];
                if begins.iter().any(|begin| handlers.contains(begin.as_str())) {
                    found.insert(format!("{} {prefix}{path}", method.to_uppercase()));
                    methods += 1;
                }
            }
            assert!(
                methods > 0,
                "{}: the methods of {path} are not read",
                source.path
            );
        }
    }
    assert!(found.len() > 20, "{found:?}");
    found
}

#[test]
fn every_route_is_in_the_docs_and_nothing_else_is() {
    let page = read("docs/API.md");
    let docs = first_cells(&page)
        .into_iter()
        .flat_map(|(names, _)| names)
        .filter(|name| name.contains(" /"))
        .collect();
    same(&routes(), &docs, "docs/API.md");
}

/// Labels and type of each family, from a first scrape.
fn families() -> BTreeMap<String, (Names, String)> {
    let text = wardroom::telemetry::metrics::Metrics::new("0", "0").render();
    let mut found = BTreeMap::new();
    let mut types: BTreeMap<&str, &str> = BTreeMap::new();
    for line in text.lines() {
        if let Some(line) = line.strip_prefix("# TYPE ") {
            let (name, kind) = line.split_once(' ').expect("a name and a type");
            types.insert(name, kind);
            continue;
        }
        if line.starts_with('#') {
            continue;
        }
        let series = line.split(' ').next().unwrap_or_default();
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let ends = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end));
        let family = ends
            .filter(|name| types.get(name) == Some(&"histogram"))
            .unwrap_or(name);
        let labels = labels
            .trim_end_matches('}')
            .split("\",")
            .filter_map(|label| Some(label.split_once('=')?.0));
        let labels: Names = labels
            .filter(|label| *label != "le")
            .map(str::to_owned)
            .collect();
        found.insert(family.to_owned(), (labels, types[family].to_owned()));
    }
    found
}

#[test]
fn every_metric_is_in_the_docs_with_its_labels_and_nothing_else_is() {
    let page = read("docs/METRICS.md");
    let mut docs = BTreeMap::new();
    let mut absent_at_first = Names::new();
    for (names, row) in first_cells(section(&page, "## Families")) {
        let (name, labels) = names[0].split_once('{').unwrap_or((&names[0], ""));
        let labels = labels
            .trim_end_matches('}')
            .split(',')
            .filter(|label| !label.is_empty());
        if row[2].contains("No series before") {
            absent_at_first.insert(name.to_owned());
        }
        docs.insert(
            name.to_owned(),
            (labels.map(str::to_owned).collect::<Names>(), row[1].clone()),
        );
    }
    let listed: Names = wardroom::telemetry::metrics::FAMILIES
        .iter()
        .map(ToString::to_string)
        .collect();
    same(&listed, &docs.keys().cloned().collect(), "docs/METRICS.md");
    let rendered = families();
    let at_first = docs
        .iter()
        .filter(|(name, _)| !absent_at_first.contains(*name));
    for (name, says) in at_first {
        assert_eq!(
            says, &rendered[name],
            "{name}: labels and type in docs/METRICS.md and in a scrape"
        );
    }
    let unlisted: Vec<_> = rendered
        .keys()
        .filter(|name| !listed.contains(*name) && !name.starts_with("process_"))
        .collect();
    assert!(
        unlisted.is_empty(),
        "in a scrape and not in FAMILIES: {unlisted:?}"
    );
}

#[test]
fn every_verb_is_in_the_docs_as_it_is_and_nothing_else_is() {
    let page = read("docs/USAGE.md");
    let rows = first_cells(section(&page, "## Verbs"));
    let mut code = Names::new();
    for verb in wardroom::domain::incident::verbs::VERBS {
        code.extend(verb.names.iter().map(ToString::to_string));
        let row = rows
            .iter()
            .find(|(names, _)| names.first().map(String::as_str) == Some(verb.names[0]));
        let (names, row) = row.unwrap_or_else(|| panic!("no row for `{}`", verb.names[0]));
        assert_eq!(names, verb.names, "the names of `{}`", verb.names[0]);
        assert_eq!(
            row[1].trim_matches('`'),
            verb.arguments(),
            "what follows `{}`",
            verb.names[0]
        );
        assert_eq!(row[2], verb.who.to_string(), "who may `{}`", verb.names[0]);
        assert!(
            page.contains(verb.example),
            "no example of `{}`: {}",
            verb.names[0],
            verb.example
        );
    }
    let docs = rows.into_iter().flat_map(|(names, _)| names).collect();
    same(&code, &docs, "docs/USAGE.md");
}

#[test]
fn every_verb_of_wardroom_is_in_the_docs_as_it_is_and_nothing_else_is() {
    use wardroom::domain::ci::verbs::{LATER, VERBS};
    let page = read("docs/USAGE.md");
    let section = section(&page, "## /wardroom");
    let rows = first_cells(section);
    for verb in VERBS {
        let row = rows.iter().find(|(names, _)| names[0] == verb.name);
        let (_, row) = row.unwrap_or_else(|| panic!("no row for `{}`", verb.name));
        assert_eq!(row[1].trim_matches('`'), verb.arguments, "{}", verb.name);
        assert_eq!(row[2].trim_matches('`'), verb.example, "{}", verb.name);
    }
    let code = VERBS.iter().map(|verb| verb.name.to_owned()).collect();
    let docs = rows.into_iter().flat_map(|(names, _)| names).collect();
    same(&code, &docs, "docs/USAGE.md");
    for later in LATER {
        assert!(section.contains(&format!("`{later}`")), "{later}");
    }
}

/// The subcommands and flags in the `--help` of a command.
fn help(command: &[String]) -> (Vec<String>, Names) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_wardroom"))
        .args(command)
        .arg("--help")
        .output();
    let output = output.expect("the binary starts");
    assert!(output.status.success(), "{command:?} --help: {output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    let mut commands = Vec::new();
    let mut flags = Names::new();
    let mut part = "";
    for line in text.lines() {
        if !line.starts_with(' ') {
            part = line;
        } else if part == "Commands:" {
            commands.extend(line.split_whitespace().next().map(str::to_owned));
        } else if part == "Options:" && line.trim_start().starts_with('-') {
            let names = line
                .split_whitespace()
                .filter(|word| word.starts_with("--"));
            flags.extend(names.map(|name| name.trim_end_matches(',').to_owned()));
        }
    }
    commands.retain(|name| name != "help");
    flags.retain(|name| name != "--help" && name != "--version");
    (commands, flags)
}

#[test]
fn every_command_and_flag_is_in_the_docs_and_nothing_else_is() {
    let page = read("docs/CLI.md");
    let mut code = BTreeMap::new();
    let mut open = vec![Vec::new()];
    while let Some(command) = open.pop() {
        let (commands, flags) = help(&command);
        for name in commands {
            open.push([command.clone(), vec![name]].concat());
        }
        if !command.is_empty() {
            code.insert(command.join(" "), flags);
        }
    }
    let headings = page
        .lines()
        .filter_map(|line| line.strip_prefix("### `wardroom ")?.strip_suffix('`'));
    let command = |heading: &str| -> String {
        let words = heading
            .split(' ')
            .take_while(|word| word.chars().all(|c| c.is_ascii_lowercase()));
        words.collect::<Vec<_>>().join(" ")
    };
    let documented: BTreeMap<String, &str> = headings
        .map(|heading| (command(heading), heading))
        .collect();
    same(
        &code.keys().cloned().collect(),
        &documented.keys().cloned().collect(),
        "docs/CLI.md",
    );
    for (command, flags) in code {
        let text = section(&page, &format!("### `wardroom {}`", documented[&command]));
        let names = first_cells(text).into_iter().flat_map(|(names, _)| names);
        let docs = names.flat_map(|name| name.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let docs = docs.filter(|word| word.starts_with("--")).collect();
        same(
            &flags,
            &docs,
            &format!("docs/CLI.md on `wardroom {command}`"),
        );
    }
}
