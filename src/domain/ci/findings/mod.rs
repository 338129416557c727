//! Why a job failed: its class, how sure that is, the evidence, a signature, and whether a re-run may help.
//!
//! [`find`] looks at what is hardest to forge first: the job's conclusion and what the runner says, then
//! test reports, then the log. In the log the table of `rules` decides by its order, and a failed test
//! takes precedence over an outage, because tests print whatever they like: a wrong "re-run" hides a
//! failure, a wrong "do not" costs a click. See docs/ci.md.

mod evidence;
mod job;
mod log;
mod rules;
mod signature;
#[cfg(test)]
mod tests;

pub use evidence::EVIDENCE_BYTES;
pub use job::{Job, Step};
pub use signature::Signature;

pub use crate::domain::healing::{Class, Confidence, Rerun};

use super::Conclusion;
use super::reports::{MassFailure, Outcome, Shape, Test, TestId};
pub use rules::deploys;
use rules::{Commands, Hit};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub class: Class,
    pub confidence: Confidence,
    /// At most [`EVIDENCE_BYTES`], without secrets, control characters and invisible ones. It may contain
    /// any markup.
    pub evidence: String,
    pub step: Option<String>,
    pub signature: Signature,
    pub rerun: Rerun,
    /// The failed tests that a report names.
    pub failed_tests: Vec<TestId>,
}

/// Why a job failed. `is_known_flaky` and `is_flaky_job` answer from the record; the second is asked when no report names
/// the tests, the log names each, and no other cause can be hidden.
pub fn find(
    job: &Job<'_>,
    limits: &MassFailure,
    is_known_flaky: impl Fn(&TestId) -> bool,
    is_flaky_job: impl Fn(&Signature) -> bool,
) -> Finding {
    let failed = job.steps.iter().find(|step| is_failed(step));
    let lines = log::lines(job.log, failed);
    let commands = Commands::of(failed, &lines);
    let from_reports = || of_reports(job, limits, &is_known_flaky);
    let of_runner = of_conclusion(job).or_else(|| rules::of_runner(job.annotations, &lines));
    let failed_steps = job.steps.iter().filter(|step| is_failed(step)).count();
    // Only one of the steps is judged, so another may have failed because of the code, unless the machine ended both.
    let of_machine = |hit: &Hit| matches!(hit.class, Class::RunnerLost | Class::OutOfDisk);
    let may_hide = failed_steps > 1 && !of_runner.as_ref().is_some_and(of_machine);
    let found = of_runner
        .or_else(|| of_steps(job))
        .or_else(from_reports)
        .or_else(|| rules::of_log(job.annotations, &lines))
        .or_else(|| cancelled(job))
        .unwrap_or_else(|| commands.guess(&lines));
    let Hit {
        class,
        confidence,
        evidence,
        key,
        failed_tests,
    } = found;
    let step = failed.map(|step| log::clean(&step.name));
    let deploys = commands.deploys() || job.steps.iter().any(has_deployed);
    let signature = Signature::of(class, job.name, step.as_deref(), &key);
    let names_each = class == Class::TestFailure
        && failed_tests.is_empty()
        && failed_steps == 1
        && job.is_whole
        && rules::has_one_error(job.log)
        && rules::names_each(job.annotations, &lines, &key);
    let class = match names_each && is_flaky_job(&signature) {
        true => Class::FlakyTest,
        false => class,
    };
    let is_excusable = class.rerun(Confidence::High, false) != Rerun::No;
    let confidence = match may_hide && is_excusable {
        true => Confidence::Low,
        false => confidence,
    };
    Finding {
        class,
        confidence,
        evidence: evidence::excerpt(&evidence),
        signature,
        rerun: class.rerun(confidence, deploys),
        step,
        failed_tests,
    }
}

/// A step that deploys and has begun: its job would deploy again.
fn has_deployed(step: &Step) -> bool {
    let is_skipped = step.conclusion == Some(Conclusion::Skipped);
    !is_skipped && step.started_at.is_some() && deploys(&step.name)
}

fn is_failed(step: &Step) -> bool {
    step.conclusion.as_ref().is_some_and(Conclusion::is_failure)
}

fn of_conclusion(job: &Job<'_>) -> Option<Hit> {
    let class = match job.conclusion {
        Conclusion::StartupFailure => Class::WorkflowFile,
        Conclusion::TimedOut => Class::Timeout,
        Conclusion::Success
        | Conclusion::Failure
        | Conclusion::Cancelled
        | Conclusion::Skipped
        | Conclusion::Neutral
        | Conclusion::ActionRequired
        | Conclusion::Stale
        | Conclusion::Other(_) => return None,
    };
    Some(Hit::from_facts(class, Confidence::High, job.annotations))
}

/// A failed job in which no step failed and one never ended: its runner went away without a word.
fn of_steps(job: &Job<'_>) -> Option<Hit> {
    let none_failed = !job.steps.iter().any(is_failed);
    let endless = job.steps.iter().any(|step| step.conclusion.is_none());
    let lost = *job.conclusion == Conclusion::Failure && none_failed && endless;
    lost.then(|| Hit::from_facts(Class::RunnerLost, Confidence::Medium, job.annotations))
}

fn cancelled(job: &Job<'_>) -> Option<Hit> {
    let is_cancelled = *job.conclusion == Conclusion::Cancelled;
    is_cancelled.then(|| Hit::from_facts(Class::Cancelled, Confidence::High, &[]))
}

fn of_reports(
    job: &Job<'_>,
    limits: &MassFailure,
    is_known_flaky: &impl Fn(&TestId) -> bool,
) -> Option<Hit> {
    let shape = Shape::of(job.reports, limits);
    let tests = job.reports.iter().flat_map(|report| &report.tests);
    let failed: Vec<&Test> = tests
        .filter(|test| test.outcome == Outcome::Failed)
        .collect();
    let class = match shape {
        Shape::Passed | Shape::Flaky => return None,
        Shape::Failures if failed.iter().all(|test| is_known_flaky(&test.id)) => Class::FlakyTest,
        Shape::Failures | Shape::ManyFailures | Shape::NearlyAll => Class::TestFailure,
    };
    let mut names: Vec<TestId> = failed.iter().map(|test| test.id.clone()).collect();
    names.sort();
    names.dedup();
    let lines = failed.iter().map(|test| {
        let message = test.message.as_deref().unwrap_or_default();
        format!("{}: {message}", test.id)
    });
    Some(Hit {
        class,
        confidence: Confidence::High,
        evidence: lines.take(20).collect(),
        key: names.iter().take(20).map(ToString::to_string).collect(),
        failed_tests: names,
    })
}
