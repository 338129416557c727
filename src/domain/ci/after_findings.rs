//! What is done about an attempt once it is known why it failed.

use super::super::area::Context;
use super::super::text::Text;
use super::findings::Rerun;
use super::{Decision, Facts, Inspection, JobFinding, Progress, Stage};

/// All that is known of an attempt. It is the newest of its run.
pub(super) struct Found<'a> {
    pub inspection: &'a Inspection,
    /// One for each failed job that is listed, or one for the attempt.
    pub findings: &'a [JobFinding],
}

/// Decides it, and returns what the message says of it. The stage becomes that of the findings.
pub(super) fn after_findings(
    _decision: &mut Decision,
    found: &Found<'_>,
    _facts: &Facts,
    _context: &Context<'_>,
) -> Progress {
    let mut findings = found.findings.iter();
    let why = match findings.any(|one| one.finding.rerun == Rerun::No) {
        true => "it would most likely fail again.",
        false => "repairs are off.",
    };
    Progress {
        place: found.inspection.run.place,
        stage: Some(Stage::Told),
        lines: vec![Text::plain(format!("No re-run: {why}"))],
        approval: None,
    }
}
