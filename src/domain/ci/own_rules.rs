//! Reads `.github/wardroom.yml` of a repository: a few keys, which can only narrow the team's rules.
//!
//! Its text is untrusted. What cannot be read counts as absent, and the message says so.

use crate::domain::healing::{HeldBack, OwnRules};
use chrono::{DateTime, Duration, Utc};
use saphyr_parser::{Event, Parser};

/// Where it is.
pub const PATH: &str = ".github/wardroom.yml";
/// A larger file is not read.
const BYTES: usize = 16 * 1024;
const ITEMS: usize = 100;

/// The file as it was read last.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnFile {
    /// Without a file, nothing is narrowed.
    pub rules: Result<OwnRules, Problem>,
    pub read_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// What is wrong with its content, which is ignored.
    Wrong(String),
    /// It was never read, because GitHub gave this error: nothing is known of it.
    Unread(String),
}

/// So long, the file is not read again.
const FRESH: Duration = Duration::minutes(10);

impl OwnFile {
    /// Of its text; empty: there is no file.
    pub fn read(text: &str, read_at: DateTime<Utc>) -> Self {
        let rules = read(text).map_err(Problem::Wrong);
        Self { rules, read_at }
    }

    /// GitHub gave this error instead.
    pub fn unread(code: String, read_at: DateTime<Utc>) -> Self {
        let rules = Err(Problem::Unread(code));
        Self { rules, read_at }
    }

    /// What is wrong with its content.
    pub fn wrong(&self) -> Option<&str> {
        match &self.rules {
            Err(Problem::Wrong(wrong)) => Some(wrong),
            Err(Problem::Unread(_)) | Ok(_) => None,
        }
    }

    /// When it is read again.
    pub fn stale_at(&self) -> DateTime<Utc> {
        self.read_at + FRESH
    }
}

pub(super) fn is_fresh(own: Option<&OwnFile>, now: DateTime<Utc>) -> bool {
    own.is_some_and(|own| own.stale_at() >= now)
}

/// Why nothing is written to a repository that has this file; `None`: it was never asked for.
pub fn held_back(own: Option<&OwnFile>) -> Option<HeldBack> {
    match own.map(|own| &own.rules) {
        None | Some(Err(Problem::Unread(_))) => Some(HeldBack::OwnFileUnread),
        Some(Err(Problem::Wrong(_))) => None,
        Some(Ok(rules)) if rules.off => Some(HeldBack::RepositoryOff),
        Some(Ok(rules)) => rules.dry_run.then_some(HeldBack::RepositoryDryRun),
    }
}

/// The rules, or what is wrong.
pub fn read(text: &str) -> Result<OwnRules, String> {
    if text.len() > BYTES {
        return Err(format!("it is larger than {BYTES} bytes"));
    }
    let mut rules = OwnRules::default();
    for (key, values) in entries(text)? {
        let one = || match &values[..] {
            [value] => Ok(value.as_str()),
            _ => Err(format!("`{key}` needs one value")),
        };
        match key.as_str() {
            "wardroom" => rules.off = !flag(one()?)?,
            "dry_run" => rules.dry_run = flag(one()?)?,
            "max_reruns_per_run" => {
                let most = one()?.parse();
                let most = most.map_err(|_| format!("`{key}` needs a whole number"))?;
                rules.max_reruns_per_run = Some(most);
            }
            "disable" => rules.disabled = values,
            _ => return Err("it has an unknown key".to_owned()),
        }
    }
    Ok(rules)
}

fn flag(word: &str) -> Result<bool, String> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" => Ok(true),
        "false" | "off" | "no" => Ok(false),
        _ => Err("a value is neither on nor off".to_owned()),
    }
}

/// The keys of a flat map, each with its value or with those of its list.
fn entries(text: &str) -> Result<Vec<(String, Vec<String>)>, String> {
    let wrong = || "it is no map of single values and lists".to_owned();
    let mut entries: Vec<(String, Vec<String>)> = Vec::new();
    let (mut in_map, mut in_list, mut wants_value) = (false, false, false);
    for event in Parser::new_from_str(text) {
        let (event, _place) = event.map_err(|_| "it is no YAML".to_owned())?;
        match event {
            Event::MappingStart(..) if !in_map => in_map = true,
            Event::SequenceStart(..) if wants_value => (in_list, wants_value) = (true, false),
            Event::SequenceEnd => in_list = false,
            Event::Scalar(value, ..) if in_map => {
                let value = value.into_owned();
                match entries.last_mut() {
                    Some((_, values)) if in_list || wants_value => {
                        if values.len() >= ITEMS {
                            return Err(wrong());
                        }
                        values.push(value);
                        wants_value = false;
                    }
                    Some(_) | None => {
                        if entries.iter().any(|(key, _)| *key == value) {
                            return Err("it has a key twice".to_owned());
                        }
                        entries.push((value, Vec::new()));
                        wants_value = true;
                    }
                }
            }
            Event::MappingStart(..) | Event::SequenceStart(..) | Event::Alias(_) => {
                return Err(wrong());
            }
            // An empty file is an empty scalar.
            Event::Scalar(value, ..) if !value.is_empty() => return Err(wrong()),
            _ => {}
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_narrows_or_is_refused_as_a_whole() {
        let nothing = OwnRules::default;
        for (text, wanted) in [
            ("", Some(nothing())),
            ("# nothing\n", Some(nothing())),
            (
                "wardroom: off\n",
                Some(OwnRules {
                    off: true,
                    ..nothing()
                }),
            ),
            ("wardroom: 'on'\n", Some(nothing())),
            (
                "dry_run: true\nmax_reruns_per_run: 1\ndisable: [cache, flaky-test]\n",
                Some(OwnRules {
                    dry_run: true,
                    max_reruns_per_run: Some(1),
                    disabled: vec!["cache".to_owned(), "flaky-test".to_owned()],
                    ..nothing()
                }),
            ),
            (
                "disable: cache\n",
                Some(OwnRules {
                    disabled: vec!["cache".to_owned()],
                    ..nothing()
                }),
            ),
            ("wardroom: maybe\n", None),
            ("wardroom: off\nwardroom: on\n", None),
            ("max_reruns_per_run: -1\n", None),
            ("max_reruns_per_run: [1]\nx: 1", None),
            ("budgets: {repository: 99}\n", None),
            ("enabled: true\n", None),
            ("- off\n", None),
            ("off\n", None),
            ("wardroom: [", None),
            ("a: &a [1]\nb: *a\n", None),
        ] {
            assert_eq!(read(text).ok(), wanted, "{text:?}");
        }
        assert!(read(&"#".repeat(BYTES + 1)).is_err());
    }
}
