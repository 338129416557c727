//! What the metrics count of decisions. The telemetry has a family for each.

use super::healing::Class;
use super::severity::Severity;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// A person's command was decided.
    Command {
        command: &'static str,
        result: &'static str,
    },
    IncidentDeclared {
        severity: Severity,
    },
    /// So long after its declaration.
    IncidentAcknowledged {
        after: Duration,
    },
    IncidentResolved {
        severity: Severity,
        after: Duration,
    },
    /// Why a job of a run failed is known.
    IssueDetected {
        class: Class,
    },
    /// A step of a repair ended. `playbook`: one that is built in, or `custom`.
    RepairEnded {
        playbook: &'static str,
        status: &'static str,
    },
    /// A notification of a `channel` or by direct message (`dm`) ended.
    Notification {
        channel: &'static str,
        status: &'static str,
    },
}
