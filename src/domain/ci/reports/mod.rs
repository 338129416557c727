//! Test reports: what the tests of a job did, from the JUnit XML that nearly every runner writes.
//!
//! A report comes from a job that anyone who may open a pull request can change, so it is untrusted:
//! [`read`] bounds its size, depth and entries, resolves no entities of its own, and refuses what it does
//! not understand. Its texts are bounded; what shows them must still escape them.

mod identity;
mod junit;
#[cfg(test)]
mod tests;

pub use identity::{Aliases, Resolved, TestId};
pub use junit::{BadReport, Limits, read};

pub use crate::domain::healing::MassFailure;

/// How a test ended in one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Failed,
    /// It failed and then passed within the same job.
    Flaky,
    Skipped,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    pub id: TestId,
    pub outcome: Outcome,
    /// How often it ran: more than once when the runner retries.
    pub attempts: u32,
    /// The first failure's message, or the beginning of its text.
    pub message: Option<String>,
}

/// The tests of one file, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub tests: Vec<Test>,
    /// Tests that passed and are not listed.
    pub passed: u32,
}

/// What the reports of one round say together. A round is one attempt of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Passed,
    /// No test failed in the end; some failed first.
    Flaky,
    Failures,
    /// So many failures are a regression and never a flake.
    ManyFailures,
    /// Nearly all tests failed: an outage, a broken set-up, or a regression of everything.
    NearlyAll,
}

impl Shape {
    /// `NearlyAll` above 80 % of the tests that ran (Trunk leaves such uploads out), `ManyFailures` from 20 on
    /// (Gradle's limit for retries). It takes all reports of a round together, because several tools write a
    /// file for each class.
    pub fn of<'a>(reports: impl IntoIterator<Item = &'a Report>, limits: &MassFailure) -> Self {
        let (mut ran, mut failed, mut flaky) = (0u64, 0u64, 0u64);
        for report in reports {
            ran += u64::from(report.passed);
            for test in &report.tests {
                match test.outcome {
                    Outcome::Skipped => continue,
                    Outcome::Failed => failed += 1,
                    Outcome::Flaky => flaky += 1,
                    Outcome::Passed => {}
                }
                ran += 1;
            }
        }
        if failed * 100 > ran * u64::from(limits.percent) {
            Self::NearlyAll
        } else if failed >= u64::from(limits.failures) {
            Self::ManyFailures
        } else if failed > 0 {
            Self::Failures
        } else if flaky > 0 {
            Self::Flaky
        } else {
            Self::Passed
        }
    }

    /// The same of numbers of tests; a limit of failures holds for those that failed in the end.
    pub fn of_counts(ran: u64, failed: u64, flaky: u64, limits: &MassFailure) -> Self {
        if failed * 100 > ran * u64::from(limits.percent) {
            Self::NearlyAll
        } else if failed >= u64::from(limits.failures) {
            Self::ManyFailures
        } else if failed > 0 {
            Self::Failures
        } else if flaky > 0 {
            Self::Flaky
        } else {
            Self::Passed
        }
    }

    /// Whether single tests of the round say anything about themselves.
    pub fn is_mass_failure(self) -> bool {
        matches!(self, Self::ManyFailures | Self::NearlyAll)
    }
}
