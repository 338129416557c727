//! Which test it is, over all runs.
//!
//! Its class and name; with the file, or else the suite, where a report has no class. Suites are left out
//! otherwise, because several tools put a path or a browser's version there. A test that is renamed is
//! another test: its history continues only where the configuration lists the old name as an alias, and
//! [`Resolved`] then says so.

use crate::invisible;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// The longest identity, in bytes. A longer one is cut, and ends in its digest.
const LONGEST: usize = 500;
/// So many bytes of a report's text are read: a suite's name of megabytes would be read for each test.
const READ: usize = 2000;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TestId(String);

impl TestId {
    pub(super) fn new<'a>(suite: &'a str, class: &'a str, file: &'a str, name: &'a str) -> Self {
        let read = |text: &'a str| &text[..text.floor_char_boundary(READ)];
        let mut places = [class, file, suite].into_iter().map(read);
        let place = places.find(|text| !text.is_empty());
        let name = read(name);
        match place {
            // jest-junit repeats the name as the class.
            Some(place) if place != name => Self::from_text(&format!("{place}::{name}")),
            _ => Self::from_text(name),
        }
    }

    /// The identity that a person wrote, in an alias.
    pub fn from_text(text: &str) -> Self {
        let text = text.replace(char::is_control, " ");
        let seen = invisible::without(&text);
        let words: Vec<&str> = seen.split_whitespace().collect();
        let mut line = words.join(" ");
        if line.len() > LONGEST {
            let digest = hex::encode(&Sha256::digest(line.as_bytes())[..8]);
            line.truncate(line.floor_char_boundary(LONGEST - digest.len() - 1));
            line = format!("{line}~{digest}");
        }
        Self(line)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// New names, each with the old one that its history is kept under.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aliases(BTreeMap<TestId, TestId>);

/// A test with the identity that its record is kept under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    pub id: TestId,
    /// What the report calls it, when an alias gives it the history of another name.
    pub renamed_to: Option<TestId>,
}

impl Aliases {
    /// Aliases of aliases are followed so far, so that a circle ends.
    const MOST_RENAMES: usize = 8;

    /// Of old names, each with the new one.
    pub fn new<'a>(renamed: impl IntoIterator<Item = (&'a String, &'a String)>) -> Self {
        let id = |name: &String| TestId::from_text(name);
        let pairs = renamed.into_iter().map(|(old, new)| (id(new), id(old)));
        Self(pairs.collect())
    }

    /// The new names of tests that are on record under these.
    pub fn new_names(&self, recorded: &[String]) -> Vec<String> {
        let new = self.0.keys();
        let new = new.filter(|new| {
            let old = self.resolve(new).id;
            recorded.iter().any(|name| *name == old.as_str())
        });
        new.map(ToString::to_string).collect()
    }

    pub fn resolve(&self, id: &TestId) -> Resolved {
        let mut oldest = id;
        for _ in 0..Self::MOST_RENAMES {
            match self.0.get(oldest) {
                Some(older) if older != id => oldest = older,
                Some(_) | None => break,
            }
        }
        Resolved {
            id: oldest.clone(),
            renamed_to: (oldest != id).then(|| id.clone()),
        }
    }
}
