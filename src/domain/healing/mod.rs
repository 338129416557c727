//! What the team says about the healing of CI: the classes of failures, the playbooks, and their limits.
//!
//! It is a part of the rules, so it names nothing of the area that uses it.

mod built_in;
mod class;
mod own;
mod playbook;
mod thresholds;

pub use built_in::{NAMES as BUILT_IN_PLAYBOOKS, built_in, label};
pub use class::{Class, Confidence, Rerun};
pub use own::OwnRules;
pub use playbook::{Action, Branches, Playbook, Step, Trigger, Whom};
pub use thresholds::{MassFailure, Thresholds};

use chrono::Duration;
use std::collections::BTreeMap;
use strum::{EnumString, IntoStaticStr};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Healing {
    /// `SELF_HEALING_ENABLED`: `false`: nothing is written to GitHub.
    pub enabled: bool,
    /// Each step only says what would have been done.
    pub dry_run: bool,
    /// The most re-runs of one run, by people and tools alike.
    pub max_reruns_per_run: u32,
    /// The pause before the first re-run of a run, the second and so on; the last one is for all that
    /// follow.
    pub rerun_delays: Vec<Duration>,
    /// Another run with a failure that was repaired so recently is not run again.
    pub cooldown: Duration,
    /// The most re-runs within an hour in one repository …
    pub reruns_per_repository: u32,
    /// … and in all repositories of one owner.
    pub reruns_per_installation: u32,
    /// The first that fits a failure handles it.
    pub playbooks: Vec<Playbook>,
    /// From when on a test is flaky.
    pub flaky: Thresholds,
    /// Tests that were renamed: each old name with the new one.
    pub aliases: BTreeMap<String, String>,
    /// Names of artifacts that hold test reports; `*` matches any characters.
    pub reports: Vec<String>,
    /// A run that has not ended, and of which nothing was heard for so long, is read.
    pub overdue_after: Duration,
}

/// Why nothing is written to GitHub. Its word is the code of an effect that was not sent for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum HeldBack {
    SelfHealingOff,
    DryRun,
    /// `wardroom: off` in the repository's own file.
    RepositoryOff,
    RepositoryDryRun,
    /// Whether the repository's own file allows it is not known.
    OwnFileUnread,
    /// The pull request has the label [`LABEL_OFF`].
    LabelledOff,
}

/// A pull request with this label is not repaired or commented.
pub const LABEL_OFF: &str = "wardroom:off";

impl HeldBack {
    /// For people.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::SelfHealingOff => "self-healing is turned off (SELF_HEALING_ENABLED)",
            Self::DryRun => "this is a dry run (github.dry_run)",
            Self::RepositoryOff => "it is turned off for this repository (.github/wardroom.yml)",
            Self::RepositoryDryRun => "this is a dry run (.github/wardroom.yml)",
            Self::OwnFileUnread => "the repository's .github/wardroom.yml couldn't be read",
            Self::LabelledOff => "the pull request has the label wardroom:off",
        }
    }

    /// Whether it is said what would have been done.
    pub fn is_dry_run(self) -> bool {
        match self {
            Self::DryRun | Self::RepositoryDryRun => true,
            Self::SelfHealingOff
            | Self::RepositoryOff
            | Self::OwnFileUnread
            | Self::LabelledOff => false,
        }
    }
}

impl Default for Healing {
    fn default() -> Self {
        Self {
            enabled: true,
            dry_run: false,
            max_reruns_per_run: 2,
            rerun_delays: vec![Duration::seconds(60), Duration::seconds(300)],
            cooldown: Duration::hours(1),
            reruns_per_repository: 10,
            reruns_per_installation: 30,
            playbooks: built_in(),
            flaky: Thresholds::default(),
            aliases: BTreeMap::new(),
            reports: ["*report*", "*junit*", "*test-results*"]
                .map(str::to_owned)
                .to_vec(),
            overdue_after: Duration::hours(6),
        }
    }
}

impl Healing {
    /// Why nothing is written to GitHub; `None`: it is.
    pub fn held_back(&self) -> Option<HeldBack> {
        match (self.enabled, self.dry_run) {
            (false, _) => Some(HeldBack::SelfHealingOff),
            (true, true) => Some(HeldBack::DryRun),
            (true, false) => None,
        }
    }

    /// The pause before a re-run of a run that is at this attempt.
    pub fn delay(&self, attempt: i32) -> Duration {
        let at = usize::try_from(attempt - 1).unwrap_or_default();
        let delay = self
            .rerun_delays
            .get(at)
            .or_else(|| self.rerun_delays.last());
        delay.copied().unwrap_or_default()
    }
}
