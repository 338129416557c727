//! What makes two failures the same one: class, job, step, and what the failing lines say without the
//! parts that differ from run to run.

use super::Class;
use crate::redact::REDACTED;
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::LazyLock;

/// Stable over runs, attempts, machines and legs of a matrix. It is kept per repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signature(String);

/// So many lines take part.
pub(super) const LINES: usize = 5;

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

/// Of a path, the last part stays.
static FOLDERS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:[A-Za-z]:)?(?:[\\/][0-9A-Za-z_.@+~-]+)+[\\/]"));

/// Ids, addresses and digests; a word of the letters `a` to `f` alone is a word.
static HEXADECIMAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?-u:\b)(?:0x[0-9a-fA-F]+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-f]{7,})(?-u:\b)",
    )
});

/// Numbers, versions, times and sizes.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?-u:\b)[0-9]+(?:[.,:T-][0-9]+)*(?:ms|s|m|h|[kMG]i?B|B|Z)?(?-u:\b)")
});

impl Signature {
    pub(super) fn of(class: Class, job: &str, step: Option<&str>, key: &[String]) -> Self {
        let mut lines: Vec<String> = key.iter().map(|line| normalized(line)).collect();
        lines.sort();
        lines.dedup();
        lines.truncate(LINES);
        let mut digest = Sha256::new();
        let parts = [class.as_str().to_owned(), normalized(job)].into_iter();
        let step = step.map(normalized).unwrap_or_default();
        for part in parts.chain([step]).chain(lines) {
            digest.update(part.as_bytes());
            digest.update([0]);
        }
        Self(hex::encode(&digest.finalize()[..16]))
    }

    /// One that was kept.
    pub fn known(text: String) -> Self {
        Self(text)
    }

    /// 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a signature keeps the text as it is, so that no other text has the same one.
pub(super) fn is_exact(text: &str) -> bool {
    !text.contains('#') && !text.contains(REDACTED) && normalized(text) == text
}

/// A line without numbers, digests, addresses, times and folders.
pub(super) fn normalized(line: &str) -> String {
    let line = FOLDERS.replace_all(line, "");
    let line = HEXADECIMAL.replace_all(&line, |found: &Captures<'_>| {
        let has_digit = found[0].contains(|c: char| c.is_ascii_digit());
        if has_digit { "#" } else { &found[0] }.to_owned()
    });
    let line = NUMBER.replace_all(&line, "#");
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
