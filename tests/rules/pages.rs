//! CI runs the README's two commands, links have a target, and no file contains paths of one machine.
//!
//! All pages of the repository are checked.

use crate::tree::{files, join, read, root};

/// The fenced `sh` blocks of a page.
fn shell_blocks(page: &str) -> Vec<&str> {
    page.split("```sh\n")
        .skip(1)
        .map(|rest| rest.split("\n```").next().unwrap_or_default())
        .collect()
}

#[test]
fn the_readme_begins_with_the_two_commands() {
    let page = read("README.md");
    let blocks = shell_blocks(&page);
    assert_eq!(
        blocks.first(),
        Some(&"scripts/demo"),
        "the first block is one command: the demo"
    );
    let last = blocks.get(1).and_then(|block| block.lines().last());
    let test = last.expect("a second block");
    assert!(
        root().join(test).is_file(),
        "{test} is a script of the repository"
    );
    let run = read(".ci/run");
    assert!(
        run.lines().any(|line| line == test),
        ".ci/run calls `{test}` without arguments"
    );
}

/// A heading's anchor, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for path in files("", ".md") {
        let text = read(&path);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (target, place) = link.split_once('#').unwrap_or((link, ""));
            let file = if target.is_empty() {
                path.clone()
            } else {
                join(folder, target)
            };
            if !root().join(&file).exists() {
                broken.push(format!("{path}: {link}: no such file"));
            } else if !place.is_empty() && file.ends_with(".md") {
                let found = read(&file)
                    .lines()
                    .any(|line| line.starts_with('#') && anchor(line) == place);
                if !found {
                    broken.push(format!("{path}: {link}: no such heading"));
                }
            }
        }
    }
    assert!(
        broken.is_empty(),
        "links into nothing:\n{}",
        broken.join("\n")
    );
}

#[test]
fn nothing_names_the_place_where_it_was_made() {
    // In parts, so that this file does not match.
    let names = [
        concat!("/wo", "rk/"),
        concat!("registry.npm", "js.org"),
        concat!("pypi", ".org"),
        concat!("static.crates", ".io"),
        concat!("index.crates", ".io"),
        concat!("proxy.golang", ".org"),
        concat!("art", "ifactory"),
    ];
    let mut broken = Vec::new();
    for path in files("", "") {
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else {
            continue;
        };
        for (index, line) in text.lines().enumerate() {
            for name in names {
                let found = line.match_indices(name).any(|(at, _)| {
                    !name.starts_with('/')
                        || !line[..at].ends_with(|c: char| {
                            c.is_alphanumeric() || matches!(c, '.' | '}' | '-' | '_' | '~')
                        })
                });
                if found {
                    broken.push(format!("{path}:{}: {name}", index + 1));
                }
            }
        }
    }
    assert!(
        broken.is_empty(),
        "names of one machine, or hosts that a client's configuration chooses:\n{}",
        broken.join("\n")
    );
}
