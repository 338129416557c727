//! The repository's files as text, and which of their lines are tests.
//!
//! It reads lines, not syntax; this works because formatting is enforced. A file is a test when it is
//! in `tests/` or its `mod` line follows `#[cfg(test)]`, and so are the lines from an inline
//! `#[cfg(test)] mod` to the end of the file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the repository, by its path from the root.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The paths from the root of all files below a folder with this ending, sorted.
pub fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(&root().join(folder), &mut |path| {
        let name = path.strip_prefix(root()).expect("below the root");
        let name = name.to_string_lossy().replace('\\', "/");
        if name.ends_with(ending) {
            found.push(name);
        }
    });
    found.sort();
    assert!(!found.is_empty(), "no {ending} below {folder}/");
    found
}

/// Directories that are not part of the repository: builds, the private database, git.
const NOT_OURS: [&str; 6] = [
    ".git",
    "target",
    ".wardroom",
    "node_modules",
    "__pycache__",
    ".venv",
];

fn walk(folder: &Path, found: &mut dyn FnMut(&Path)) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path: PathBuf = entry.expect("an entry").path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            walk(&path, found);
        } else {
            found(&path);
        }
    }
}

/// A line of Rust.
pub struct Line {
    /// Counted from 1.
    pub number: usize,
    /// Without its comment.
    pub code: String,
    /// Whether only tests run it.
    pub test: bool,
    /// Modules inside of the file around it: 1 in an inline `mod tests`.
    pub depth: usize,
}

/// A file of Rust.
pub struct Source {
    /// From the root.
    pub path: String,
    /// Its lines.
    pub lines: Vec<Line>,
}

impl Source {
    /// The modules from the crate's root to this file: `["slack", "decode", "event"]`.
    pub fn module(&self) -> Vec<&str> {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let inside = inside.strip_suffix(".rs").unwrap_or(inside);
        inside
            .split('/')
            .filter(|part| !matches!(*part, "mod" | "lib" | "main"))
            .collect()
    }
}

/// All of `src/`.
pub fn sources() -> Vec<Source> {
    below("src")
}

/// All of `crates/`.
pub fn crates() -> Vec<Source> {
    below("crates")
}

fn below(folder: &str) -> Vec<Source> {
    let paths = files(folder, ".rs");
    let tests = test_files(&paths);
    paths
        .into_iter()
        .map(|path| {
            let test = tests.contains(&path) || path.contains("/tests/");
            let text = read(&path);
            Source {
                lines: lines(&text, test),
                path,
            }
        })
        .collect()
}

fn lines(text: &str, whole_file: bool) -> Vec<Line> {
    let mut inside = false;
    let mut before = "";
    let mut all = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let opens = line.starts_with("mod ") && line.ends_with('{');
        inside |= opens && before == "#[cfg(test)]";
        all.push(Line {
            number: index + 1,
            code: without_comment(line).to_owned(),
            test: whole_file || inside,
            depth: usize::from(inside),
        });
        before = line;
    }
    all
}

/// A comment begins with `//` at the start or after a space; the `//` of a URL does not begin one.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with("//") {
        return "";
    }
    line.find(" // ").map_or(line, |at| &line[..at])
}

/// Files whose `mod` line is behind `#[cfg(test)]`, by name or by `#[path]`.
fn test_files(paths: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in paths {
        let text = read(path);
        let (folder, stem) = path.rsplit_once('/').expect("below src/");
        let own = match stem {
            "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
            _ => format!("{folder}/{}", stem.trim_end_matches(".rs")),
        };
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for at in 0..lines.len() {
            if lines[at] != "#[cfg(test)]" {
                continue;
            }
            let next = lines.get(at + 1).copied().unwrap_or_default();
            if let Some(named) = next
                .strip_prefix("#[path = \"")
                .and_then(|rest| rest.strip_suffix("\"]"))
            {
                found.insert(join(folder, named));
            } else if let Some(name) = next
                .split("mod ")
                .nth(1)
                .and_then(|rest| rest.strip_suffix(';'))
            {
                found.insert(format!("{own}/{name}.rs"));
                found.insert(format!("{own}/{name}/mod.rs"));
            }
        }
    }
    found
}

/// A relative path from a folder, with its `..` resolved.
pub fn join(folder: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}
