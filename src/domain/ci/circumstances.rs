//! What else counts when a repair is decided: what happened in other runs, and the repository's own rules.

use super::findings::Signature;
use super::own_rules::{OwnFile, Problem};
use super::playbook::{Failing, Situation, THE_RUN};
use super::{Conclusion, Ignored, Inspection, JobFinding, Status};
use crate::domain::healing::OwnRules;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Counted under the lock of the repository's owner.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Circumstances {
    /// Of the attempt.
    pub findings: Vec<JobFinding>,
    pub superseded_by: Option<i64>,
    pub repository_reruns: u32,
    pub installation_reruns: u32,
    pub repeated: BTreeMap<Signature, DateTime<Utc>>,
    pub handled: BTreeSet<(String, Signature)>,
    pub recurrences: BTreeMap<Signature, u32>,
    pub hit_repositories: u32,
    /// An environment to which the run deployed.
    pub deployed: Option<String>,
    /// The pull request has the label `wardroom:off`.
    pub is_labelled_off: bool,
}

impl Circumstances {
    pub(super) fn situation(
        &self,
        inspection: &Inspection,
        own: Option<&OwnFile>,
        ignored: &[Ignored],
        now: DateTime<Utc>,
    ) -> Situation {
        let run = &inspection.run;
        let unlisted = usize::try_from(inspection.unlisted).unwrap_or(usize::MAX);
        // A finding without a job is about the attempt: which jobs failed is not known.
        let failures = self.findings.iter().map(failing);
        let own = own.map(|own| &own.rules);
        let own_unread = match own {
            Some(Err(Problem::Unread(code))) => Some(code.clone()),
            Some(Ok(_) | Err(Problem::Wrong(_))) | None => None,
        };
        let own = own.and_then(|rules| rules.as_ref().ok());
        Situation {
            now,
            attempt: run.place.attempt,
            workflow: run.workflow_name.clone(),
            branch: run.line.branch.clone(),
            is_default_branch: inspection.on_default_branch,
            conclusion: match &run.status {
                Status::Completed(conclusion) => conclusion.clone(),
                Status::Queued | Status::InProgress => Conclusion::Failure,
            },
            failed_at: run.updated_at,
            failed_jobs: self.findings.len().saturating_add(unlisted),
            failures: failures.collect(),
            superseded_by: self.superseded_by,
            repository_reruns: self.repository_reruns,
            installation_reruns: self.installation_reruns,
            repeated: self.repeated.clone(),
            handled: self.handled.clone(),
            recurrences: self.recurrences.clone(),
            hit_repositories: self.hit_repositories,
            deploys: inspection
                .deploys
                .as_ref()
                .or(self.deployed.as_ref())
                .cloned(),
            quota_left: inspection.quota_left,
            ignored: ignored
                .iter()
                .map(|one| (one.signature.clone(), one.until))
                .collect(),
            own: own.cloned().unwrap_or_else(OwnRules::default),
            own_unread,
            is_labelled_off: self.is_labelled_off,
        }
    }
}

fn failing(found: &JobFinding) -> Failing {
    let finding = &found.finding;
    let job = found.job.as_ref().map_or(THE_RUN, |job| job.name.as_str());
    Failing {
        job: job.to_owned(),
        class: finding.class,
        confidence: finding.confidence,
        rerun: finding.rerun,
        signature: finding.signature.clone(),
    }
}
