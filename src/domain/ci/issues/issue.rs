//! An issue, and how it is opened and closed.

use crate::domain::ci::record::Subject;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use uuid::Uuid;

/// A repository that refused an issue is asked again after so long.
const REFUSED_FOR: Duration = Duration::days(7);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IssueId(pub Uuid);

impl IssueId {
    const NAMESPACE: Uuid = Uuid::from_u128(0x1d5c_8a53_0f7e_4b1e_9c54_7fd2_6a3b_0029);

    /// The issue of a subject in a repository: there is one.
    pub fn of(repository: &str, subject: &str) -> Self {
        let name = format!("{repository}/{subject}");
        Self(Uuid::new_v5(&Self::NAMESPACE, name.as_bytes()))
    }

    pub fn of_text(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum State {
    Open,
    Closed,
    ClosedByPerson,
    /// GitHub refused to create it: the repository has no issues, or the App may not write them.
    Refused,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    pub id: IssueId,
    pub repository: String,
    /// One, or several that became flaky at once.
    pub subjects: Vec<Subject>,
    pub labels: Vec<String>,
    /// `None` until GitHub has created it.
    pub number: Option<i64>,
    pub url: String,
    pub state: State,
    pub about: About,
    pub opened_at: DateTime<Utc>,
    /// Its last failure, or when a person opened it again.
    pub quiet_since: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

/// What it says of a job when there is no record (any more). Texts are GitHub's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    pub workflow: String,
    pub job: String,
    pub class: String,
    pub evidence: String,
    pub url: String,
    pub number: i64,
    pub reopened: u32,
    /// The code with which GitHub refused to create it.
    pub refused: Option<String>,
    /// When a person closed or opened it last, by GitHub's clock.
    pub edited_at: Option<DateTime<Utc>>,
}

/// What has to be done on GitHub so that it shows an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Nothing,
    Create,
    /// At once: it was opened or closed.
    Edit,
    /// It is still open: the newest failure can wait for more of them.
    EditLater,
}

impl Issue {
    pub fn new(
        repository: &str,
        subjects: Vec<Subject>,
        label: &str,
        about: About,
        now: DateTime<Utc>,
    ) -> Self {
        let keys: Vec<String> = subjects.iter().map(Subject::key).collect();
        Self {
            id: IssueId::of(repository, &keys.join("\n")),
            repository: repository.to_owned(),
            subjects,
            labels: vec![label.to_owned()],
            number: None,
            url: String::new(),
            state: State::Open,
            about,
            opened_at: now,
            quiet_since: now,
            changed_at: now,
        }
    }

    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// The failure recurred.
    pub fn failed(&mut self, at: DateTime<Utc>, now: DateTime<Utc>) -> Step {
        self.quiet_since = self.quiet_since.max(at);
        match self.state {
            State::Open if self.number.is_some() => Step::EditLater,
            // It is being created, and shows the newest failure then.
            State::Open => Step::Nothing,
            State::Refused if now - self.changed_at < REFUSED_FOR => Step::Nothing,
            State::Closed | State::ClosedByPerson | State::Refused => {
                self.state = State::Open;
                self.changed_at = now;
                self.about.reopened += 1;
                match self.number {
                    Some(_) => Step::Edit,
                    None => Step::Create,
                }
            }
        }
    }

    pub fn close(&mut self, by: State, now: DateTime<Utc>) -> Step {
        self.state = by;
        self.changed_at = now;
        match (by, self.number) {
            (State::Closed, Some(_)) => Step::Edit,
            // Until it is created, nothing can be closed: the receipt does it.
            (State::Closed | State::ClosedByPerson | State::Refused | State::Open, _) => {
                Step::Nothing
            }
        }
    }

    /// A person opened it again: it is closed when it was quiet from now on.
    pub fn reopened(&mut self, now: DateTime<Utc>) {
        self.state = State::Open;
        self.changed_at = now;
        self.quiet_since = now;
    }
}
