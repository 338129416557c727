//! What an attempt says of each test and job.

use super::super::effect::github::TestReports;
use super::super::observation::{JobFailed, Observation, Ran, TestFailed};
use super::findings::{Class, Signature};
use super::record::{Ended, Kept, LastFailure, Subject, Thresholds};
use super::reports::{Shape, TestId};
use super::{Conclusion, Inspection, JobFinding, Run, Seen, Status};
use std::collections::BTreeMap;

/// So much of a test's message is kept.
const MESSAGE_BYTES: usize = 500;

/// Whether a run's end may be a pass for subjects on record.
pub(super) fn may_be_green(seen: &Seen) -> bool {
    let run = &seen.run;
    run.status == Status::Completed(Conclusion::Success) && !run.code.by_bot
}

/// A green run: every subject of its workflow passed.
pub(super) fn green(seen: &Seen) -> Observation {
    of_attempt(&seen.run, seen.is_on_default_branch(), Ran::Green)
}

/// An attempt that failed, and what was found of it.
pub(super) fn inspected(inspection: &Inspection, findings: &[JobFinding]) -> Observation {
    let reports = &inspection.reports;
    let sum = |count: fn(&TestReports) -> u32| {
        let counts = reports.iter().map(count);
        counts.fold(0, u32::saturating_add)
    };
    let failed = findings
        .iter()
        .filter(|one| one.finding.class != Class::Cancelled);
    let jobs = failed.map(|one| {
        let job = one.job.as_ref();
        let name = job.map(|job| job.name.as_str()).unwrap_or_default();
        let step = one.finding.step.as_deref().unwrap_or_default();
        let parts = [name, step].into_iter().filter(|part| !part.is_empty());
        JobFailed {
            signature: one.finding.signature.as_str().to_owned(),
            name: parts.collect::<Vec<_>>().join(" / "),
            class: one.finding.class.as_str().to_owned(),
            evidence: one.finding.evidence.clone(),
            url: job.map(|job| job.url.clone()).unwrap_or_default(),
        }
    });
    let tests = reports.iter().flat_map(|report| &report.tests);
    let result = Ran::Failed {
        jobs: jobs.collect(),
        tests: tests
            .map(|test| TestFailed {
                id: test.id.clone(),
                flaky: test.flaky,
                message: test.message.clone(),
            })
            .collect(),
        passed: reports
            .iter()
            .flat_map(|report| report.passed.clone())
            .collect(),
        ran: sum(|report| report.ran),
        failed: sum(|report| report.failed),
    };
    of_attempt(&inspection.run, inspection.on_default_branch, result)
}

/// An attempt that ended.
fn of_attempt(run: &Run, on_default_branch: bool, result: Ran) -> Observation {
    let code = &run.code;
    Observation {
        repository: run.line.repository.clone(),
        workflow: run.line.workflow,
        workflow_name: run.workflow_name.clone(),
        run: run.id,
        number: run.place.number,
        attempt: run.place.attempt,
        url: run.url.clone(),
        at: run.updated_at,
        trigger: run.trigger.clone(),
        on_default_branch,
        change: code.change.clone(),
        by_bot: code.by_bot,
        tree: code.tree.clone().unwrap_or_else(|| run.sha.clone()),
        sha: run.sha.clone(),
        pull: code.pull,
        result,
    }
}

/// The subjects of an attempt whose record is asked for: those that are named.
pub(super) fn subjects(seen: &Observation) -> Vec<Subject> {
    ends(seen, &BTreeMap::new()).into_keys().collect()
}

/// The tree as a record compares it: workflows leave out jobs by trigger.
pub(super) fn tree(seen: &Observation) -> String {
    format!("{}/{}", seen.trigger, seen.tree)
}

/// How a subject ended, and what is kept of its failure.
pub(super) struct HowEnded {
    pub ended: Ended,
    pub last: Option<LastFailure>,
}

/// How each subject ended. A test that failed in one leg of a matrix and passed in another failed.
pub(super) fn ends(
    seen: &Observation,
    known: &BTreeMap<Subject, Kept>,
) -> BTreeMap<Subject, HowEnded> {
    let passed = |subject| {
        let ended = Ended::Passed;
        (subject, HowEnded { ended, last: None })
    };
    let Ran::Failed {
        jobs,
        tests,
        passed: passed_tests,
        ..
    } = &seen.result
    else {
        return known.keys().cloned().map(passed).collect();
    };
    let mut ends: BTreeMap<Subject, HowEnded> = BTreeMap::new();
    let ids = passed_tests.iter().map(|id| TestId::from_text(id));
    ends.extend(ids.map(Subject::Test).map(passed));
    let (flaky, failed): (Vec<&TestFailed>, Vec<&TestFailed>) =
        tests.iter().partition(|test| test.flaky);
    for test in flaky.into_iter().chain(failed) {
        let ended = match test.flaky {
            true => Ended::Flaky,
            false => Ended::Failed,
        };
        let last = Some(of_test(seen, test));
        ends.insert(
            Subject::Test(TestId::from_text(&test.id)),
            HowEnded { ended, last },
        );
    }
    for job in jobs {
        let end = HowEnded {
            ended: Ended::Failed,
            last: Some(of_job(seen, job)),
        };
        ends.insert(Subject::Job(Signature::known(job.signature.clone())), end);
    }
    ends
}

fn of_test(seen: &Observation, test: &TestFailed) -> LastFailure {
    let message = test.message.as_deref().unwrap_or_default();
    let message = &message[..message.floor_char_boundary(MESSAGE_BYTES)];
    LastFailure {
        evidence: message.to_owned(),
        ..of_run(seen)
    }
}

fn of_job(seen: &Observation, job: &JobFailed) -> LastFailure {
    LastFailure {
        job: job.name.clone(),
        class: job.class.clone(),
        evidence: job.evidence.clone(),
        ..of_run(seen)
    }
}

fn of_run(seen: &Observation) -> LastFailure {
    LastFailure {
        workflow: seen.workflow,
        workflow_name: seen.workflow_name.clone(),
        number: seen.number,
        url: seen.url.clone(),
        at: seen.at,
        ..LastFailure::default()
    }
}

pub(super) fn shape(seen: &Observation, thresholds: &Thresholds) -> Shape {
    match &seen.result {
        Ran::Green => Shape::Passed,
        // Without a report, a job is one failure.
        Ran::Failed { ran: 0, .. } => Shape::Failures,
        Ran::Failed {
            tests, ran, failed, ..
        } => {
            let flaky = tests.iter().filter(|test| test.flaky).count() as u64;
            let limits = &thresholds.mass_failure;
            Shape::of_counts(u64::from(*ran), u64::from(*failed), flaky, limits)
        }
    }
}
