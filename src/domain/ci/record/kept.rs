//! A record as it is kept for a repository.

use super::{History, Record, Standing, Subject, Thresholds};
use crate::domain::ci::findings::Signature;
use crate::domain::ci::reports::TestId;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// A record that is not observed is kept so long after its newest failure.
const UNSEEN: Duration = Duration::days(104);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// `owner/name`.
    pub repository: String,
    pub subject: Subject,
    pub record: Record,
    /// As it was judged last.
    pub standing: Standing,
    pub last: LastFailure,
    /// When it was observed last.
    pub seen_at: DateTime<Utc>,
}

/// The newest failure that was observed. Texts are GitHub's, without secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LastFailure {
    /// The workflow whose runs are its verdicts.
    pub workflow: i64,
    pub workflow_name: String,
    /// Of a job: its name, and the step that failed.
    pub job: String,
    /// Of a job: the word of its class.
    pub class: String,
    pub evidence: String,
    pub number: i64,
    pub url: String,
    pub at: DateTime<Utc>,
    /// How many changes ran within the window when it was judged last.
    pub verdicts: u32,
}

/// The word of a standing in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum Word {
    Healthy,
    Flaky,
    LeftToPeople,
    Broken,
}

impl Standing {
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => Word::Healthy,
            Self::Flaky {
                left_to_people: false,
            } => Word::Flaky,
            Self::Flaky {
                left_to_people: true,
            } => Word::LeftToPeople,
            Self::Broken => Word::Broken,
        }
        .into()
    }

    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word.parse().ok()? {
            Word::Healthy => Self::Healthy,
            Word::Flaky => Self::Flaky {
                left_to_people: false,
            },
            Word::LeftToPeople => Self::Flaky {
                left_to_people: true,
            },
            Word::Broken => Self::Broken,
        })
    }
}

impl Subject {
    /// The key in the database.
    pub fn key(&self) -> String {
        match self {
            Self::Test(id) => format!("test:{id}"),
            Self::Job(signature) => format!("job:{signature}"),
        }
    }

    pub fn of_key(key: &str) -> Option<Self> {
        match key.split_once(':')? {
            ("test", id) => Some(Self::Test(TestId::from_text(id))),
            ("job", signature) => Some(Self::Job(Signature::known(signature.to_owned()))),
            _ => None,
        }
    }
}

impl Kept {
    /// Nothing is known yet.
    pub fn new(repository: &str, subject: Subject, now: DateTime<Utc>) -> Self {
        Self {
            repository: repository.to_owned(),
            subject,
            record: Record::default(),
            standing: Standing::Healthy,
            last: LastFailure::default(),
            seen_at: now,
        }
    }

    /// Judges it; `changes` are the first times of the changes that ran, in order.
    pub fn judge(
        &mut self,
        now: DateTime<Utc>,
        changes: &[DateTime<Utc>],
        thresholds: &Thresholds,
    ) {
        let from = self.record.counts_from(now, thresholds);
        let verdicts = changes.len() - changes.partition_point(|at| *at <= from);
        let verdicts = u32::try_from(verdicts).unwrap_or(u32::MAX);
        self.last.verdicts = verdicts;
        self.standing = self.record.judge(now, verdicts, thresholds);
    }

    pub fn history(&self, now: DateTime<Utc>, thresholds: &Thresholds) -> History {
        self.record.history(now, self.last.verdicts, thresholds)
    }

    /// Until when its row is kept; `None`: it is like that of a test that never failed.
    pub fn keep_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let last = self.record.marks.iter().map(|mark| mark.at).max();
        let last = last.max(self.record.healthy_since).unwrap_or(now);
        self.record.is_open(now).then_some(last + UNSEEN)
    }

    /// What a message says of it; `None`: it failed for the first time. It holds no text of GitHub's.
    pub fn words(&self, now: DateTime<Utc>, thresholds: &Thresholds) -> Option<String> {
        let history = self.history(now, thresholds);
        if history.failed + history.flaky < 2 {
            return None;
        }
        let mut words = history.words();
        match self.standing {
            Standing::Healthy => {}
            Standing::Flaky { .. } => words.push_str(" · known to be flaky"),
            Standing::Broken => words.push_str(" · fails again and again on the default branch"),
        }
        Some(words)
    }

    /// The numbers of the pull requests that it failed in at such times.
    pub fn pulls(&self, is_wanted: impl Fn(DateTime<Utc>) -> bool) -> impl Iterator<Item = i64> {
        let marks = self.record.marks.iter();
        let marks = marks.filter(move |mark| is_wanted(mark.at));
        marks.filter_map(|mark| mark.change.strip_prefix('#')?.parse().ok())
    }
}

impl History {
    /// "failed in 3 of 200 changes, last on 4 March"; it holds no text of GitHub's.
    pub fn words(&self) -> String {
        let changes = self.failed + self.flaky;
        let noun = if self.verdicts == 1 {
            "change"
        } else {
            "changes"
        };
        let mut words = format!("failed in {changes} of {} {noun}", self.verdicts);
        if let Some(last) = self.last {
            words.push_str(&format!(", last on {}", last.format("%-d %B")));
        }
        words
    }
}
