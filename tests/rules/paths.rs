//! The paths to modules of ours that a file names: in `use` lines and in the code.

use crate::tree::Source;

/// One mention of a module of ours.
pub struct Mention {
    /// File and line.
    pub at: String,
    /// From the crate's root: `["store", "ring", "lists", "Page"]`.
    pub path: Vec<String>,
    pub test: bool,
    /// Whether it only gives the name on: `pub use`.
    pub reexport: bool,
}

/// Every path to an item of the crate that a file names.
pub fn mentions(source: &Source) -> Vec<Mention> {
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
        let (is_use, is_public) = statement
            .as_ref()
            .map_or((false, false), |(_, _, text)| imports(text));
        if is_use && !code.ends_with(';') {
            continue;
        }
        if let Some((number, depth, text)) = statement.take() {
            let mut module = source.module();
            module.extend(std::iter::repeat_n("tests", depth));
            for path in paths(&text, &module)
                .into_iter()
                .filter(|path| !path.is_empty())
            {
                found.push(Mention {
                    at: format!("{}:{number}", source.path),
                    path,
                    test: line.test,
                    reexport: is_use && is_public,
                });
            }
        }
    }
    found
}

/// Whether a line begins a `use`, and whether that gives the names on.
fn imports(text: &str) -> (bool, bool) {
    let public = ["pub ", "pub(crate) ", "pub(super) "];
    let rest = public.iter().find_map(|word| text.strip_prefix(word));
    (rest.unwrap_or(text).starts_with("use "), rest.is_some())
}

/// The paths in a line of a module, from the crate's root. `use name::…` is a module beside or below.
pub fn paths(text: &str, module: &[&str]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let base = |climbed: usize| -> Vec<String> {
        let left = module.len().saturating_sub(climbed);
        module[..left].iter().map(ToString::to_string).collect()
    };
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (mut rest, mut last) = (text, ' ');
    while let Some(here) = rest.chars().next() {
        if !is_word(last) && last != ':' {
            if let Some(after) = rest.strip_prefix("crate::") {
                expand(after, &[], &mut found);
            } else if rest.starts_with("super::") {
                let (mut after, mut climbed) = (rest, 0);
                while let Some(next) = after.strip_prefix("super::") {
                    (after, climbed) = (next, climbed + 1);
                }
                expand(after, &base(climbed), &mut found);
                (rest, last) = (after, ':');
                continue;
            } else if let Some(after) = rest.strip_prefix("use ")
                && after.starts_with(is_word)
                && !after.starts_with("crate::")
                && !after.starts_with("super::")
            {
                let after = after.strip_prefix("self::").unwrap_or(after);
                expand(after, &base(0), &mut found);
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
    if !matches!(&text[..end], "" | "self") {
        path.push(text[..end].to_owned());
    }
    match text[end..].strip_prefix("::") {
        Some(rest) if rest.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '{') => {
            expand(rest, &path, found);
        }
        _ => found.push(path),
    }
}

#[test]
fn a_path_is_read_however_it_is_written() {
    let module = ["slack", "courier"];
    for (line, expected) in [
        ("use crate::store::Store;", vec!["store::Store"]),
        (
            "use crate::{domain::ids::{self, UserId}, store};",
            vec!["domain::ids", "domain::ids::UserId", "store"],
        ),
        (
            "let x = crate::engine::plan::ATTEMPTS;",
            vec!["engine::plan::ATTEMPTS"],
        ),
        (
            "use super::super::github::{address, signature};",
            vec!["github::address", "github::signature"],
        ),
        ("use super::client::Client;", vec!["slack::client::Client"]),
        ("pub use pages::Page;", vec!["slack::courier::pages::Page"]),
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
