//! No circle of imports: none that a folder is in, and none of more than three files.
//!
//! In each folder the files and folders in it are a graph: one points to another when a line that is
//! no test names an item of it. A `pub use` in a `mod.rs` is a table of contents: the line that names the
//! item there uses the file that has it.
//!
//! Counted are `use` lines and paths that begin with `crate` or `super`. A `mod.rs` that calls what is
//! below it by its bare name, as a router does with its handlers, is not taken for a use.

use crate::paths::{Mention, mentions};
use crate::tree::{Source, sources};
use std::collections::{BTreeMap, BTreeSet};

type Path = Vec<String>;
/// Who names whom, with one place that does.
type Graph = BTreeMap<String, BTreeMap<String, String>>;

/// Files that may name each other in a circle.
const FILES: usize = 3;

struct Files {
    modules: BTreeSet<Path>,
    /// An item's path in a table of contents, and where it is.
    listed: BTreeMap<Path, Path>,
}

impl Files {
    fn of(sources: &[Source]) -> Self {
        let own = |source: &Source| source.module().iter().map(ToString::to_string).collect();
        let modules = sources.iter().map(own).collect();
        let mut listed = BTreeMap::new();
        for source in sources.iter().filter(|source| is_contents(source)) {
            for Mention { path, reexport, .. } in mentions(source) {
                if reexport && let Some(name) = path.last() {
                    let mut here: Path = own(source);
                    here.push(name.clone());
                    listed.insert(here, path);
                }
            }
        }
        Self { modules, listed }
    }

    /// The file that has an item.
    fn file(&self, path: &[String]) -> Option<Path> {
        let mut path = path.to_vec();
        for _ in 0..8 {
            let whole = |length: &usize| self.modules.contains(&path[..*length]);
            let length = (1..=path.len()).rev().find(whole)?;
            let item = path.get(..=length);
            let Some(there) = item.and_then(|item| self.listed.get(item)) else {
                return Some(path[..length].to_vec());
            };
            path = [there.as_slice(), &path[length + 1..]].concat();
        }
        None
    }

    fn is_folder(&self, path: &[String]) -> bool {
        let below = |one: &Path| one.len() > path.len() && one.starts_with(path);
        self.modules.iter().any(below)
    }
}

fn is_contents(source: &Source) -> bool {
    source.path.ends_with("/mod.rs")
}

/// For each folder, who in it names whom.
fn graphs(sources: &[Source], files: &Files) -> BTreeMap<Path, Graph> {
    let mut graphs: BTreeMap<Path, Graph> = BTreeMap::new();
    for source in sources {
        let from: Path = source.module().iter().map(ToString::to_string).collect();
        for mention in mentions(source) {
            if mention.test || mention.reexport && is_contents(source) {
                continue;
            }
            let Some(to) = files.file(&mention.path) else {
                continue;
            };
            let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
            let member = |path: &Path| path.get(common).map_or("mod", String::as_str).to_owned();
            let (one, other) = (member(&from), member(&to));
            if one != other {
                let graph = graphs.entry(from[..common].to_vec()).or_default();
                let others = graph.entry(one).or_default();
                others.entry(other).or_insert(mention.at);
            }
        }
    }
    graphs
}

/// Those that reach each other.
fn circles(graph: &Graph) -> BTreeSet<BTreeSet<&str>> {
    let reached = |from: &str| -> BTreeSet<&str> {
        let (mut seen, mut left) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(one) = left.pop() {
            for other in graph.get(&one).into_iter().flat_map(BTreeMap::keys) {
                if seen.insert(other.as_str()) {
                    left.push(other.clone());
                }
            }
        }
        seen
    };
    let reach: BTreeMap<&str, _> = graph
        .keys()
        .map(|one| (one.as_str(), reached(one)))
        .collect();
    let back = |one: &str, other: &str| reach.get(other).is_some_and(|from| from.contains(one));
    let round = reach.iter().map(|(one, others)| {
        let back = others.iter().filter(|other| back(one, other));
        back.copied().collect::<BTreeSet<&str>>()
    });
    round.filter(|circle| circle.len() > 1).collect()
}

/// Circles against the rule, by folder: who names whom in them.
fn broken(sources: &[Source]) -> BTreeMap<String, String> {
    let files = Files::of(sources);
    let mut broken = BTreeMap::new();
    for (folder, graph) in graphs(sources, &files) {
        for circle in circles(&graph) {
            let is_folder =
                |name: &&str| files.is_folder(&[&folder[..], &[(*name).to_owned()]].concat());
            if circle.len() <= FILES && !circle.iter().any(is_folder) {
                continue;
            }
            let mut lines = String::new();
            for one in &circle {
                for (other, at) in graph.get(*one).into_iter().flatten() {
                    if circle.contains(other.as_str()) {
                        lines.push_str(&format!("\n  {one} -> {other} ({at})"));
                    }
                }
            }
            let words: &mut String = broken.entry(folder.join("/")).or_default();
            words.push_str(&lines);
        }
    }
    broken
}

#[test]
fn no_folder_and_no_four_files_import_each_other_in_a_circle() {
    let broken = broken(&sources()).into_iter();
    let told = broken.map(|(folder, lines)| format!("\na circle in src/{folder}:{lines}"));
    let wrong: String = told.collect();
    assert!(wrong.is_empty(), "{wrong}");
}
