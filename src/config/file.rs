//! Reads `wardroom.yaml` and what it extends into one tree.
//!
//! Local files only, relative to the file that names them; later ones win, maps are merged key by
//! key and lists are replaced whole (a merged list could not be shortened again). It knows one key,
//! `extends`; what the others mean is for `sections`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::expand::{Lookup, expand};
use super::problem::{Findings, Place, short};
use super::yaml::{self, Kind, MAX_BYTES, Node};

/// How many files one configuration may be made of.
const MAX_FILES: usize = 32;

/// Reads a file with everything that it extends. `None` when a part could not be read or parsed.
pub(crate) fn load(path: &Path, lookup: &Lookup<'_>, found: &Findings) -> Option<Node> {
    let mut reading = Reading {
        lookup,
        found,
        within: Vec::new(),
        files: 0,
    };
    reading.file(path, &Place::top(path.display().to_string()))
}

struct Reading<'r> {
    lookup: &'r Lookup<'r>,
    found: &'r Findings,
    /// The files that are being read, outermost first.
    within: Vec<PathBuf>,
    files: usize,
}

impl Reading<'_> {
    fn file(&mut self, path: &Path, named_at: &Place) -> Option<Node> {
        self.files += 1;
        let shown = path.display().to_string();
        let identity = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let (message, hint) = if self.files > MAX_FILES {
            let message = format!("more than {MAX_FILES} files are extended");
            (message, "put some of them together")
        } else if self.within.contains(&identity) {
            let hint = "take one of the files out of the circle";
            (format!("{shown} extends itself"), hint)
        } else {
            match bytes(path) {
                Ok(bytes) => {
                    let mut tree = yaml::parse(&shown, &bytes, self.found)?;
                    expand(&mut tree, self.lookup, self.found);
                    self.within.push(identity);
                    let whole = self.extended(path, tree);
                    self.within.pop();
                    return whole;
                }
                Err(error) => {
                    let hint = "paths are relative to the file that names them";
                    (format!("cannot read {shown}: {error}"), hint)
                }
            }
        };
        self.found.error(named_at, message, hint);
        None
    }

    /// What the file extends, from left to right, with the file itself on top.
    fn extended(&mut self, path: &Path, mut tree: Node) -> Option<Node> {
        let names = self.names(&mut tree);
        let mut whole = Node::empty_map(tree.place.clone());
        for (name, place) in names {
            let next = path.parent().unwrap_or(Path::new("")).join(&name);
            merge(&mut whole, self.file(&next, &place)?);
        }
        merge(&mut whole, tree);
        Some(whole)
    }

    /// Takes the names in `extends` out of the tree.
    fn names(&self, tree: &mut Node) -> Vec<(String, Place)> {
        let Kind::Map(entries) = &mut tree.kind else {
            return Vec::new();
        };
        let at = entries.iter().position(|(key, _)| key.name == "extends");
        let Some((_, node)) = at.map(|at| entries.remove(at)) else {
            return Vec::new();
        };
        let items = match node.kind {
            Kind::List(items) => items,
            Kind::Null => Vec::new(),
            Kind::Scalar(_) | Kind::Map(_) => vec![node],
        };
        let mut names = Vec::new();
        for Node { place, kind } in items {
            let (message, hint) = match kind {
                // The path is shown in messages, and what a variable holds must not be.
                Kind::Scalar(name) if name.written.contains("${") => (
                    "a file is extended by its name alone".to_owned(),
                    "write the path without variables",
                ),
                Kind::Scalar(name) if name.text.contains("://") => (
                    format!("`{}` is not a local file", short(&name.text)),
                    "a configuration is made of local files only: download it first",
                ),
                Kind::Scalar(name) => {
                    names.push((name.text, place));
                    continue;
                }
                Kind::Null | Kind::List(_) | Kind::Map(_) => (
                    "`extends` must be a file's name, or a list of names".to_owned(),
                    "write extends: [a.yaml, b.yaml]",
                ),
            };
            self.found.error(&place, message, hint);
        }
        names
    }
}

/// At most one byte more than what is allowed, so that an endless file ends.
fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Maps are merged key by key, everything else is replaced. Not deeper than the parser lets trees be.
fn merge(base: &mut Node, over: Node) {
    match (&mut base.kind, over.kind) {
        (Kind::Map(entries), Kind::Map(added)) => {
            base.place = over.place;
            for (key, value) in added {
                match entries.iter_mut().find(|(known, _)| known.name == key.name) {
                    Some((known, old)) => {
                        *known = key;
                        merge(old, value);
                    }
                    None => entries.push((key, value)),
                }
            }
        }
        (_, Kind::Null) => {}
        (_, kind) => {
            let place = over.place;
            *base = Node { place, kind };
        }
    }
}
