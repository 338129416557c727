//! From when on a test is flaky, broken or healthy again.

use chrono::Duration;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thresholds {
    pub window: Duration,
    /// So many changes with a flaky verdict within the window …
    pub flaky_changes: u32,
    /// … and this share of its verdicts.
    pub flaky_percent: u32,
    /// Changes in a row that failed on the default branch.
    pub broken_changes: u32,
    /// A flaky test is healthy again after so long without a failure …
    pub clean_for: Duration,
    /// … or after so many runs.
    pub clean_runs: u32,
    /// A test that became healthy so often and is flaky again is left to people.
    pub cycles: u32,
    pub mass_failure: MassFailure,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            window: Duration::days(14),
            flaky_changes: 2,
            flaky_percent: 1,
            broken_changes: 3,
            clean_for: Duration::days(14),
            clean_runs: 100,
            cycles: 2,
            mass_failure: MassFailure::default(),
        }
    }
}

/// From when on failures are not judged test by test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MassFailure {
    /// More than this share of the tests that ran.
    pub percent: u8,
    /// As many tests or more.
    pub failures: u32,
}

impl Default for MassFailure {
    fn default() -> Self {
        Self {
            percent: 80,
            failures: 20,
        }
    }
}
