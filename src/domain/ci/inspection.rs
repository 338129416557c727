//! What is read of an attempt that failed, until all of it is in.
//!
//! A read that ended without an answer counts as read, so that an inspection always comes to its end.

use super::super::effect::github::{self, FailedJob, TestReports};
use super::super::text::Text;
use super::refusals::in_words;
use super::reports::{Aliases, TestId};
use super::{FailureId, Run};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InspectionId(pub Uuid);

impl InspectionId {
    const NAMESPACE: Uuid = Uuid::from_u128(0x6f5d_0d6e_6c1b_4a53_9a0a_27c1_0f1a_d001);

    /// The inspection of an attempt: there is one.
    pub fn of(repository: &str, run: i64, attempt: i32) -> Self {
        let name = format!("{repository}/{run}/{attempt}");
        Self(Uuid::new_v5(&Self::NAMESPACE, name.as_bytes()))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    pub id: InspectionId,
    /// The run at the end of this attempt.
    pub run: Run,
    pub on_default_branch: bool,
    /// What is told of it; `None`: no channel is told.
    pub failure: Option<FailureId>,
    /// The reads whose answer is awaited.
    pub pending: BTreeSet<Read>,
    /// `None` until the failed jobs are listed.
    pub jobs: Option<Vec<FailedJob>>,
    /// Failed jobs that were not listed, because there are too many.
    #[serde(default)]
    pub unlisted: u32,
    /// The name of a job of the attempt that deploys.
    #[serde(default)]
    pub deploys: Option<String>,
    /// What was left of GitHub's quota when the jobs were listed.
    #[serde(default)]
    pub quota_left: Option<u32>,
    /// By the job's id; a log that could not be read is not here.
    pub logs: BTreeMap<i64, Log>,
    pub reports: Vec<TestReports>,
    /// There may be test reports that could not be read, so failed tests that are not known.
    #[serde(default)]
    pub lacks_reports: bool,
    /// The answers of GitHub for which a read was given up.
    #[serde(default)]
    pub unread: BTreeSet<String>,
    pub begun_at: DateTime<Utc>,
    /// What is not in by then counts as read.
    pub deadline: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// Something that is read of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    Jobs,
    Log(i64),
    Reports(i64),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    pub annotations: Vec<String>,
    pub tail: String,
    /// `tail` is all of it.
    #[serde(default)]
    pub is_whole: bool,
}

/// After so long, the message says that GitHub does not answer.
pub(super) const PATIENCE: Duration = Duration::minutes(10);

impl Inspection {
    /// It waits for the failed jobs.
    pub fn begun(
        run: &Run,
        on_default_branch: bool,
        failure: Option<FailureId>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id: InspectionId::of(&run.line.repository, run.id, run.place.attempt),
            run: run.clone(),
            on_default_branch,
            failure,
            pending: [Read::Jobs].into(),
            jobs: None,
            unlisted: 0,
            deploys: None,
            quota_left: None,
            logs: BTreeMap::new(),
            reports: Vec::new(),
            lacks_reports: false,
            unread: BTreeSet::new(),
            begun_at: now,
            deadline: now + PATIENCE,
            ended_at: None,
        }
    }

    /// What reads this; `reports` are the names of artifacts that hold test reports.
    pub fn effect(&self, read: Read, reports: &[String]) -> github::Effect {
        let repository = self.run.line.repository.clone();
        let (run, attempt) = (self.run.id, self.run.place.attempt);
        match read {
            Read::Jobs => github::Effect::ListFailedJobs {
                repository,
                run,
                attempt,
                reports: reports.to_vec(),
            },
            Read::Log(job) => github::Effect::ReadJobLog {
                repository,
                run,
                attempt,
                job,
            },
            Read::Reports(artifact) => github::Effect::ReadTestReports {
                repository,
                run,
                artifact,
                recorded: Vec::new(),
            },
        }
    }

    /// Takes in what was read, and gives what is read next: the logs of the jobs, and the reports.
    pub fn takes(&mut self, read: Read, answer: &github::Answer) -> Vec<Read> {
        self.pending.remove(&read);
        match (read, answer) {
            (
                Read::Jobs,
                github::Answer::Jobs {
                    jobs,
                    failed,
                    deploys,
                    artifacts,
                    more_artifacts,
                    quota_left,
                    ..
                },
            ) => {
                self.quota_left = *quota_left;
                self.deploys.clone_from(deploys);
                self.lacks_reports |= more_artifacts;
                let listed = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
                self.unlisted = failed.saturating_sub(listed);
                self.jobs = Some(jobs.clone());
                let logs = jobs.iter().map(|job| Read::Log(job.id));
                let reports = artifacts.iter().map(|artifact| Read::Reports(*artifact));
                let next: Vec<Read> = logs.chain(reports).collect();
                self.pending.extend(&next);
                return next;
            }
            (
                Read::Log(job),
                github::Answer::JobLog {
                    annotations,
                    tail,
                    unread,
                    is_whole,
                },
            ) => {
                self.unread.extend(unread.clone());
                let log = Log {
                    annotations: annotations.clone(),
                    tail: tail.clone(),
                    is_whole: *is_whole,
                };
                self.logs.insert(job, log);
            }
            (Read::Reports(_), github::Answer::TestReports(reports)) => {
                self.lacks_reports |= !reports.unreadable.is_empty();
                self.reports.push(reports.as_ref().clone());
            }
            _ => {
                self.unread.insert("another answer".to_owned());
            }
        }
        Vec::new()
    }

    /// The tests of the report that was read last go by the names that their records are kept under.
    pub fn resolves(&mut self, aliases: &Aliases) {
        let Some(report) = self.reports.last_mut() else {
            return;
        };
        let resolved = |id: &str| aliases.resolve(&TestId::from_text(id));
        for test in &mut report.tests {
            let known = resolved(&test.id);
            let Some(new) = known.renamed_to else {
                continue;
            };
            test.id = known.id.to_string();
            let message = test.message.take().unwrap_or_default();
            test.message = Some(format!("Its name is now {new}.\n{message}"));
        }
        let passed = report.passed.iter();
        report.passed = passed.map(|id| resolved(id).id.to_string()).collect();
    }

    /// What was to be read cannot be: it counts as empty.
    pub fn lacks(&mut self, read: Read, code: &str) {
        self.pending.remove(&read);
        self.unread.insert(code.to_owned());
        self.lacks_reports |= matches!(read, Read::Reports(_));
    }

    /// What people are told when not all of it could be read.
    pub(super) fn unread_line(&self) -> Option<Text> {
        let reasons: Vec<String> = self.unread.iter().map(|code| in_words(code)).collect();
        let text = "Not everything could be read from GitHub: ";
        (!reasons.is_empty()).then(|| Text::plain(format!("{text}{}.", reasons.join("; "))))
    }
}
