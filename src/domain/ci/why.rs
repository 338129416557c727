//! Why each job of an attempt failed, by what was read of it.

use super::super::effect::github;
use super::findings::{self, Class, Finding, Rerun, Signature, Step};
use super::record::Subject;
use super::reports::{self, MassFailure, Outcome, Report, TestId};
use super::{Conclusion, FailedJob, FindingId, Inspection, JobFinding, Log, Stage, Status};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// Why each job failed; where none is known, why the run did.
pub(super) fn found(
    inspection: &Inspection,
    known_flaky: &BTreeSet<Subject>,
    now: DateTime<Utc>,
) -> Vec<JobFinding> {
    let jobs = inspection.jobs.as_deref().unwrap_or_default();
    let reports: Vec<Report> = inspection.reports.iter().map(report).collect();
    // Beside known flaky tests, one may have failed that no report names.
    let flaky = |test: &TestId| {
        !inspection.lacks_reports && known_flaky.contains(&Subject::Test(test.clone()))
    };
    let has_reports = inspection.lacks_reports || !reports.is_empty();
    let flaky_job = |signature: &Signature| {
        !has_reports && known_flaky.contains(&Subject::Job(signature.clone()))
    };
    let find = |job: &github::FailedJob, reports: &[Report]| {
        let empty = Log {
            annotations: Vec::new(),
            tail: String::new(),
            is_whole: false,
        };
        let log = inspection.logs.get(&job.id).unwrap_or(&empty);
        let steps: Vec<Step> = job.steps.iter().map(step).collect();
        let job = findings::Job {
            name: &job.name,
            conclusion: &Conclusion::of(&job.conclusion),
            steps: &steps,
            annotations: &log.annotations,
            log: &log.tail,
            is_whole: log.is_whole,
            reports,
        };
        findings::find(&job, &MassFailure::default(), flaky, flaky_job)
    };
    let kept = |job: Option<FailedJob>, finding: Finding| {
        let run = &inspection.run;
        JobFinding {
            id: FindingId::of(inspection.id, job.as_ref().map(|job| job.id)),
            failure: inspection.failure,
            line: run.line.clone(),
            workflow_name: run.workflow_name.clone(),
            on_default_branch: inspection.on_default_branch,
            run: run.id,
            place: run.place,
            sha: run.sha.clone(),
            job,
            finding,
            state: Stage::Detected,
            at: now,
        }
    };
    if jobs.is_empty() {
        let Status::Completed(conclusion) = &inspection.run.status else {
            return Vec::new();
        };
        let none = github::FailedJob {
            id: 0,
            name: String::new(),
            conclusion: conclusion.as_str().to_owned(),
            url: String::new(),
            steps: Vec::new(),
        };
        // Which jobs failed is not known, so none of them may be repeated.
        let finding = Finding {
            rerun: Rerun::No,
            ..find(&none, &[])
        };
        return vec![kept(None, finding)];
    }
    let alone: Vec<Finding> = jobs.iter().map(|job| find(job, &[])).collect();
    let tested = alone.iter().any(|one| one.class == Class::TestFailure);
    let all = jobs.iter().zip(alone).map(|(job, alone)| {
        let finding = match is_reported(&alone, tested) {
            true => find(job, &reports),
            false => alone,
        };
        let job = FailedJob {
            id: job.id,
            name: job.name.clone(),
            url: job.url.clone(),
        };
        kept(Some(job), finding)
    });
    all.collect()
}

/// Whether the reports may be about a job, by what is found without them. GitHub keeps artifacts for a run
/// and not for a job: those of a failed test must not excuse a linter, nor name the job beside it whose
/// runner was lost.
fn is_reported(alone: &Finding, tested: bool) -> bool {
    match alone.class {
        Class::TestFailure => true,
        Class::Unknown => !tested,
        _ => !tested && alone.rerun != Rerun::No,
    }
}

fn step(step: &github::StepSeen) -> Step {
    Step {
        name: step.name.clone(),
        conclusion: step.conclusion.as_deref().map(Conclusion::of),
        started_at: step.started_at,
        completed_at: step.completed_at,
    }
}

fn report(seen: &github::TestReports) -> Report {
    let tests = seen.tests.iter().map(|test| reports::Test {
        id: TestId::from_text(&test.id),
        outcome: match test.flaky {
            true => Outcome::Flaky,
            false => Outcome::Failed,
        },
        attempts: 1,
        message: test.message.clone(),
    });
    Report {
        tests: tests.collect(),
        passed: seen
            .ran
            .saturating_sub(seen.failed)
            .saturating_sub(seen.flaky),
    }
}
