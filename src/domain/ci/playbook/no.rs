//! Why a run is not repeated.

use crate::domain::healing::{Class, HeldBack};
use chrono::{DateTime, Utc};
use strum::IntoStaticStr;

/// Instead of a job's name: what is known is about the whole run.
pub const THE_RUN: &str = "the run";

/// A reason, for people and for the log. Names of jobs come from GitHub: a sentence may only be shown as
/// plain text.
#[derive(Debug, Clone, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum No {
    /// Of the jobs that failed, nothing is known.
    NothingFound,
    /// Not all failed jobs were examined.
    NotAllExamined {
        examined: usize,
        failed: usize,
    },
    /// The same code would fail again.
    NotExcused {
        job: String,
        class: Class,
    },
    Unsure {
        job: String,
        class: Class,
    },
    Deploys {
        job: String,
    },
    /// All jobs would be repeated, and one of them deploys.
    DeploysAgain {
        what: String,
    },
    NoPlaybook {
        job: String,
        class: Class,
    },
    PlaybookOff {
        job: String,
        playbook: String,
    },
    Ignored {
        job: String,
        until: DateTime<Utc>,
    },
    Cancelled,
    TooOld {
        hours: i64,
    },
    Superseded {
        by: i64,
    },
    /// GitHub repeats a run 50 times.
    GithubLimit,
    /// The configuration allows no re-runs.
    RerunsOff,
    /// The run was repeated as often as it may be.
    RunBudget {
        reruns: u32,
        most: u32,
    },
    RepositoryBudget {
        most: u32,
    },
    InstallationBudget {
        most: u32,
    },
    Cooldown {
        until: DateTime<Utc>,
    },
    Outage {
        repositories: u32,
    },
    QuotaLow {
        left: u32,
    },
    /// `SELF_HEALING_ENABLED=false`.
    SwitchedOff,
    /// `wardroom: off` in the repository's file.
    RepositoryOff,
    /// The repository's own file could not be read, and never was.
    OwnFileUnread {
        code: String,
    },
    /// The label `wardroom:off`.
    LabelledOff,
}

impl No {
    pub fn word(&self) -> &'static str {
        self.into()
    }

    /// One sentence, without the period.
    pub fn sentence(&self) -> String {
        match self {
            Self::NothingFound => "the cause couldn't be determined".to_owned(),
            Self::NotAllExamined { examined, failed } => {
                format!("{failed} jobs failed and only {examined} were examined")
            }
            Self::NotExcused {
                job,
                class: Class::Cancelled,
            } => format!("{} was cancelled", named(job)),
            Self::NotExcused {
                job,
                class: Class::Unknown,
            } => match job == THE_RUN {
                true => "the cause of the failure is unknown".to_owned(),
                false => format!("the cause of the failure of “{job}” is unknown"),
            },
            Self::NotExcused { job, class } => {
                let what = class.in_words();
                let job = named(job);
                format!("{job} failed because of {what}, and a re-run wouldn't change that")
            }
            Self::Unsure { job, class } => {
                let what = class.in_words();
                format!("“{job}” may have failed because of {what}, but that isn't certain")
            }
            Self::Deploys { job } => {
                format!("“{job}” deploys, and a deployment is only repeated by a person")
            }
            Self::DeploysAgain { what } => format!(
                "a re-run of all jobs would deploy again (“{what}”), and a deployment is only repeated by a person"
            ),
            Self::NoPlaybook { job, class } => {
                let what = class.in_words();
                format!("no playbook repeats “{job}” after {what}")
            }
            Self::PlaybookOff { job, playbook } => {
                format!("the playbook “{playbook}” for “{job}” is turned off")
            }
            Self::Ignored { job, until } => {
                format!("the failure of “{job}” is ignored until {}", at(*until))
            }
            Self::Cancelled => "a person or a newer run cancelled it".to_owned(),
            Self::TooOld { hours } => format!("it failed {hours} hours ago"),
            Self::Superseded { by } => format!("run #{by} is newer"),
            Self::GithubLimit => "GitHub allows no more re-runs of this run".to_owned(),
            Self::RerunsOff => "re-runs are turned off".to_owned(),
            Self::RunBudget { reruns: 1, .. } => "it was already re-run once".to_owned(),
            Self::RunBudget { reruns, .. } => format!("it was already re-run {reruns} times"),
            Self::RepositoryBudget { most } => {
                format!("this repository's limit of {most} re-runs an hour is reached")
            }
            Self::InstallationBudget { most } => {
                format!("the limit of {most} re-runs an hour for all repositories is reached")
            }
            Self::Cooldown { until } => {
                format!(
                    "another run was repeated for the same failure; the next re-run is possible at {}",
                    at(*until)
                )
            }
            Self::Outage { repositories } => format!(
                "an outage seems to affect {repositories} repositories, and re-runs would add to it"
            ),
            Self::QuotaLow { left } => {
                format!("GitHub allows only {left} more requests for now")
            }
            Self::SwitchedOff => HeldBack::SelfHealingOff.sentence().to_owned(),
            Self::RepositoryOff => HeldBack::RepositoryOff.sentence().to_owned(),
            Self::OwnFileUnread { code } => {
                format!("{} ({code})", HeldBack::OwnFileUnread.sentence())
            }
            Self::LabelledOff => HeldBack::LabelledOff.sentence().to_owned(),
        }
    }
}

fn named(job: &str) -> String {
    match job == THE_RUN {
        true => THE_RUN.to_owned(),
        false => format!("“{job}”"),
    }
}

fn at(time: DateTime<Utc>) -> String {
    time.format("%H:%M UTC").to_string()
}
