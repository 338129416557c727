//! What `/wardroom ci` is about: which repositories, and what is known of them.

use super::record::{Kept, Subject, Thresholds};
use super::watched;
use super::{Failure, Ignored, JobFinding};
use crate::domain::rules::Rules;
use crate::domain::text::nearest::{slips, three};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// So many failures are listed.
pub const FAILURES: i64 = 10;
/// So many tests are listed.
pub const TESTS: usize = 5;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// A repository as it was typed; `None`: all.
    pub typed: Option<String>,
    /// The watched ones, as the configuration names them.
    patterns: Vec<String>,
    /// Those that it names in full.
    named: Vec<String>,
    flaky: Thresholds,
}

/// Which repositories are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Chosen {
    /// All that are watched and known.
    #[default]
    All,
    One(String),
    /// Several have this name.
    Several(Vec<String>),
    Unknown {
        /// Those that were probably meant.
        near: Vec<String>,
    },
}

/// What is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Listing {
    pub chosen: Chosen,
    /// How many repositories are watched and known.
    pub known: usize,
    /// The newest first, each with what was found of its last run.
    pub failures: Vec<(Failure, Vec<JobFinding>)>,
    /// Those that hit the most pull requests first.
    pub flakiest: Vec<FlakyTest>,
    pub ignored: Vec<Ignored>,
}

/// A test that is flaky, by the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlakyTest {
    pub repository: String,
    /// GitHub's text.
    pub name: String,
    /// How many pull requests it failed in.
    pub pulls: usize,
    /// "failed in 3 of 200 changes, last on 4 March"
    pub history: String,
}

impl Wanted {
    pub(super) fn of(typed: Option<&str>, rules: &Rules) -> Self {
        let github = &rules.github;
        let listed = github.services.iter().map(|(repository, _)| repository);
        let named = github.repositories.iter().chain(listed);
        let named = named.filter(|name| !name.contains('*'));
        Self {
            typed: typed.map(str::to_owned),
            patterns: github.repositories.clone(),
            named: named.cloned().collect(),
            flaky: github.healing.flaky.clone(),
        }
    }

    /// Those that hit the most pull requests, of flaky subjects on record.
    pub fn flakiest(&self, records: &[Kept], now: DateTime<Utc>) -> Vec<FlakyTest> {
        let tests = records.iter().filter_map(|kept| {
            let Subject::Test(name) = &kept.subject else {
                return None;
            };
            let pulls: BTreeSet<i64> = kept.pulls(|_| true).collect();
            Some(FlakyTest {
                repository: kept.repository.clone(),
                name: name.to_string(),
                pulls: pulls.len(),
                history: kept.words(now, &self.flaky).unwrap_or_default(),
            })
        });
        let mut tests: Vec<FlakyTest> = tests.collect();
        tests.sort_by(|a, b| b.pulls.cmp(&a.pulls).then_with(|| a.name.cmp(&b.name)));
        tests.truncate(TESTS);
        tests
    }

    /// Those that are watched and known; `seen` are those that had a run.
    pub fn known(&self, seen: Vec<String>) -> Vec<String> {
        let is_watched = |name: &String| {
            let mut patterns = self.patterns.iter();
            self.patterns.is_empty() || patterns.any(|pattern| watched::fits(pattern, name))
        };
        let mut known = seen;
        for name in &self.named {
            if !known.iter().any(|one| one.eq_ignore_ascii_case(name)) {
                known.push(name.clone());
            }
        }
        known.retain(is_watched);
        known.sort_unstable();
        known
    }

    /// Which of the known ones are meant: by the full name, or by the name without the owner.
    pub fn choose(&self, known: &[String]) -> Chosen {
        let Some(typed) = &self.typed else {
            return Chosen::All;
        };
        let typed = typed.trim_matches(['<', '>', ',']).to_lowercase();
        let typed = typed.trim_start_matches("https://github.com/");
        let short = |name: &str| name.rsplit('/').next().unwrap_or_default().to_lowercase();
        if let Some(full) = known.iter().find(|name| name.to_lowercase() == typed) {
            return Chosen::One(full.clone());
        }
        let mut named = known.iter().filter(|name| short(name) == typed);
        match (named.next(), named.next()) {
            (Some(only), None) => return Chosen::One(only.clone()),
            (Some(_), Some(_)) => {
                let several = known.iter().filter(|name| short(name) == typed);
                return Chosen::Several(several.cloned().collect());
            }
            (None, _) => {}
        }
        let near = known.iter().filter_map(|name| {
            let (full, short) = (name.to_lowercase(), short(name));
            let near = [slips(typed, &full), slips(typed, &short)];
            let near = near.into_iter().flatten().min();
            let holds = (typed.len() >= 3 && short.contains(typed)).then_some(typed.len());
            Some((near.or(holds)?, name.clone()))
        });
        let near = three(near.collect());
        Chosen::Unknown { near }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_found_by_its_name_with_or_without_the_owner() {
        let wanted = |typed: &str| Wanted {
            typed: Some(typed.to_owned()),
            patterns: vec!["acme/*".to_owned(), "other/web".to_owned()],
            named: vec!["acme/Quiet".to_owned()],
            flaky: Thresholds::default(),
        };
        let seen = [
            "acme/api",
            "acme/web",
            "other/web",
            "other/api",
            "acme/payments",
        ];
        let known = wanted("").known(seen.map(str::to_owned).to_vec());
        let all = [
            "acme/Quiet",
            "acme/api",
            "acme/payments",
            "acme/web",
            "other/web",
        ];
        assert_eq!(known, all, "other/api is not watched");
        let one = |name: &str| Chosen::One(name.to_owned());
        let near = |names: &[&str]| Chosen::Unknown {
            near: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        for (typed, chosen) in [
            ("acme/api", one("acme/api")),
            ("ACME/API", one("acme/api")),
            ("api", one("acme/api")),
            ("quiet", one("acme/Quiet")),
            ("https://github.com/acme/api", one("acme/api")),
            (
                "web",
                Chosen::Several(vec!["acme/web".to_owned(), "other/web".to_owned()]),
            ),
            ("paymnets", near(&["acme/payments"])),
            ("pay", near(&["acme/payments"])),
            ("acme/apu", near(&["acme/api"])),
            ("zzz", near(&[])),
        ] {
            assert_eq!(wanted(typed).choose(&known), chosen, "{typed}");
        }
    }
}
