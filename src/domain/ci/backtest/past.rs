//! What earlier decisions left, as `store/ci/circumstances.rs` counts it in the database.

use super::super::findings::Signature;
use super::super::repair::{RepairState, RepairStep};
use super::super::{Circumstances, Inspection, JobFinding};
use chrono::{DateTime, Duration, Utc};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Budgets are of an hour.
const BUDGET: Duration = Duration::hours(1);
/// Failures within a day are the same trouble.
const DAY: Duration = Duration::hours(24);
/// Failures of the infrastructure within this are one outage.
const OUTAGE: Duration = Duration::minutes(10);

/// Of the last day.
#[derive(Default)]
pub(super) struct Past {
    /// The oldest first.
    steps: VecDeque<RepairStep>,
    findings: VecDeque<Seen>,
}

struct Seen {
    at: DateTime<Utc>,
    repository: String,
    run: i64,
    signature: Signature,
    is_infrastructure: bool,
    on_default_branch: bool,
}

impl Past {
    pub(super) fn found(&mut self, findings: &[JobFinding], now: DateTime<Utc>) {
        while self.findings.front().is_some_and(|one| one.at <= now - DAY) {
            self.findings.pop_front();
        }
        while let Some(step) = self.steps.front()
            && step.decided_at <= now - DAY
        {
            self.steps.pop_front();
        }
        self.findings.extend(findings.iter().map(|one| Seen {
            at: now,
            repository: one.line.repository.clone(),
            run: one.run,
            signature: one.finding.signature.clone(),
            is_infrastructure: one.finding.class.is_infrastructure(),
            on_default_branch: one.on_default_branch,
        }));
    }

    pub(super) fn decided(&mut self, steps: &[RepairStep]) {
        let counts =
            |step: &&RepairStep| !matches!(step.state, RepairState::Refused | RepairState::Skipped);
        self.steps.extend(steps.iter().filter(counts).cloned());
    }

    /// All but the newer run of the line.
    pub(super) fn circumstances(
        &self,
        inspection: &Inspection,
        findings: Vec<JobFinding>,
        now: DateTime<Utc>,
    ) -> Circumstances {
        let repository = inspection.run.line.repository.as_str();
        let owner = owner(repository);
        let reruns = || self.steps.iter().filter(|step| step.is_rerun());
        let recent = || reruns().filter(|step| step.decided_at > now - BUDGET);
        let of_owner = recent().filter(|step| owner == self::owner(&step.repository));
        let of_repository = recent().filter(|step| step.repository == repository);
        let mut repeated: BTreeMap<Signature, DateTime<Utc>> = BTreeMap::new();
        let other =
            |step: &&RepairStep| step.repository == repository && step.run != inspection.run.id;
        for step in reruns().filter(other) {
            for signature in &step.signatures {
                let at = repeated.entry(signature.clone()).or_insert(step.decided_at);
                *at = step.decided_at.max(*at);
            }
        }
        let handled = self.steps.iter().filter(|step| {
            let is_other = step.inspection != inspection.id;
            step.repository == repository && is_other && !step.is_rerun()
        });
        let handled = handled.flat_map(|step| {
            let signatures = step.signatures.iter();
            signatures.map(|signature| (step.playbook.clone(), signature.clone()))
        });
        let mut recurrences: BTreeMap<Signature, BTreeSet<i64>> = BTreeMap::new();
        let here = self.findings.iter();
        let here = here.filter(|one| one.repository == repository && one.on_default_branch);
        for one in here {
            let runs = recurrences.entry(one.signature.clone()).or_default();
            runs.insert(one.run);
        }
        let hit = self.findings.iter();
        let hit = hit.filter(|one| one.is_infrastructure && one.at > now - OUTAGE);
        let hit: BTreeSet<&str> = hit.map(|one| one.repository.as_str()).collect();
        Circumstances {
            findings,
            superseded_by: None,
            repository_reruns: small(of_repository.count()),
            installation_reruns: small(of_owner.count()),
            repeated,
            handled: handled.collect(),
            recurrences: recurrences
                .into_iter()
                .map(|(signature, runs)| (signature, small(runs.len())))
                .collect(),
            hit_repositories: small(hit.len()),
            // Deployments are not read: a run that deploys is known by its jobs.
            deployed: None,
            // What was labelled then is not known.
            is_labelled_off: false,
        }
    }
}

fn owner(repository: &str) -> &str {
    repository.split('/').next().unwrap_or_default()
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
