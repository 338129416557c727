//! What is done about an attempt once it is known why it failed.

use super::super::area::Context;
use super::{Decision, Inspection, Progress, Stage, repair_plan};

/// What the message of the newest attempt says until it is decided: that is a signal of its own, because it locks more, and must
/// see the findings of other runs.
pub(super) fn after_findings(
    decision: &mut Decision,
    inspection: &Inspection,
    context: &Context<'_>,
) -> Progress {
    decision.timer(repair_plan::at(inspection.id, context.now));
    Progress {
        place: inspection.run.place,
        stage: Some(Stage::Detected),
        lines: Vec::new(),
        approval: None,
    }
}
