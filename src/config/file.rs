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
use super::read;
use super::schema::{self, OneOrMore};
use super::yaml::{self, Kind, MAX_BYTES, Node};

/// How many files one configuration may be made of.
const MAX_FILES: usize = 32;

/// Reads a file with everything that it extends. `None` when a part could not be read or parsed.
pub(crate) fn load(path: &Path, lookup: &Lookup<'_>, found: &mut Findings) -> Option<Node> {
    let place = Place::top(path.display().to_string());
    let mut reading = Reading {
        lookup,
        found,
        within: Vec::new(),
        files: 0,
    };
    reading.file(path, &place)
}

struct Reading<'r> {
    lookup: &'r Lookup<'r>,
    found: &'r mut Findings,
    /// The files that are being read, outermost first.
    within: Vec<PathBuf>,
    files: usize,
}

impl Reading<'_> {
    fn file(&mut self, path: &Path, named_at: &Place) -> Option<Node> {
        self.files += 1;
        let shown = path.display().to_string();
        let identity = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let (message, hint) = match bytes(path) {
            _ if self.files > MAX_FILES => {
                let message = format!("more than {MAX_FILES} files are extended");
                (message, "put some of them together")
            }
            Err(error) => {
                let hint = "paths are relative to the file that names them";
                (format!("cannot read {shown}: {error}"), hint)
            }
            Ok(_) if self.within.contains(&identity) => {
                let hint = "take one of the files out of the circle";
                (format!("{shown} extends itself"), hint)
            }
            Ok(bytes) => return self.whole(path, identity, &bytes),
        };
        self.found.error(named_at, message, hint);
        None
    }

    fn whole(&mut self, path: &Path, identity: PathBuf, bytes: &[u8]) -> Option<Node> {
        let mut tree = yaml::parse(&path.display().to_string(), bytes, self.found)?;
        expand(&mut tree, self.lookup, self.found);
        self.within.push(identity);
        let whole = self.extended(path, tree);
        self.within.pop();
        whole
    }

    /// What the file extends, from left to right, with the file itself on top.
    fn extended(&mut self, path: &Path, mut tree: Node) -> Option<Node> {
        let mut base: Option<Node> = None;
        for (name, place) in self.names(&mut tree) {
            if name.contains("://") {
                let message = format!("`{}` is not a local file", short(&name));
                let hint = "a configuration is made of local files only: download it first";
                self.found.error(&place, message, hint);
                return None;
            }
            let next = path.parent().unwrap_or(Path::new("")).join(&name);
            let node = self.file(&next, &place)?;
            base = Some(over(base, node));
        }
        Some(over(base, tree))
    }

    /// Takes `extends` out of the tree.
    fn names(&mut self, tree: &mut Node) -> Vec<(String, Place)> {
        let Kind::Map(entries) = &mut tree.kind else {
            return Vec::new();
        };
        let Some(at) = entries.iter().position(|(key, _)| key.name == "extends") else {
            return Vec::new();
        };
        let (_, node) = entries.remove(at);
        let schema = schema::of::<OneOrMore>();
        let read = read::read(&node, &schema, "`extends`", self.found);
        let names = read
            .value
            .iter()
            .flat_map(|value| value.as_array())
            .flatten();
        let mut found = Vec::new();
        for (index, name) in names.enumerate() {
            let node = read.spots[&format!("/{index}")].node;
            // The path turns up in messages, and what a variable holds must not.
            if matches!(&node.kind, Kind::Scalar(scalar) if scalar.written.contains("${")) {
                let message = "a file is extended by its name alone";
                let hint = "write the path without variables";
                self.found.error(&node.place, message, hint);
            } else {
                found.push((
                    name.as_str().unwrap_or_default().to_owned(),
                    node.place.clone(),
                ));
            }
        }
        found
    }
}

/// At most one byte more than what is allowed, so that an endless file ends.
fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn over(base: Option<Node>, node: Node) -> Node {
    match base {
        Some(base) => merge(base, node),
        None => node,
    }
}

/// Maps key by key, everything else replaced. Not deeper than the parser lets trees be.
fn merge(base: Node, over: Node) -> Node {
    match (base.kind, over.kind) {
        (Kind::Map(mut entries), Kind::Map(added)) => {
            for (key, value) in added {
                match entries.iter().position(|(known, _)| known.name == key.name) {
                    Some(at) => {
                        let (_, old) = entries.remove(at);
                        entries.insert(at, (key, merge(old, value)));
                    }
                    None => entries.push((key, value)),
                }
            }
            Node {
                place: over.place,
                kind: Kind::Map(entries),
            }
        }
        (kind, Kind::Null) => Node {
            place: base.place,
            kind,
        },
        (_, kind) => Node {
            place: over.place,
            kind,
        },
    }
}
