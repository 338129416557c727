//! What a component of the status page shows: the worst of all open incidents that hit it.
//!
//! Taken over every open incident of the services that share it, so that resolving one never
//! shows green while another burns.

use super::super::effect::statuspage::ComponentStatus;
use super::super::severity::Severity;
use super::model::Status;

/// The status of a component that these incidents affect.
pub fn component_status(incidents: &[(Severity, Status)]) -> ComponentStatus {
    let each = incidents
        .iter()
        .map(|(severity, status)| status_of(*severity, *status));
    each.max().unwrap_or(ComponentStatus::Operational)
}

fn status_of(severity: Severity, status: Status) -> ComponentStatus {
    match status {
        Status::Declared | Status::Investigating => severity.profile().cause_unknown,
        Status::Identified | Status::Monitoring => severity.profile().cause_known,
        Status::Resolved | Status::Cancelled | Status::Merged => ComponentStatus::Operational,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_severity_and_state_shows_what_the_table_says() {
        use Severity::{P1, P2, P3, P4};
        use Status::{Declared, Identified, Investigating, Monitoring, Resolved};
        for (severity, status, word) in [
            (P1, Declared, "major_outage"),
            (P1, Investigating, "major_outage"),
            (P1, Identified, "partial_outage"),
            (P1, Monitoring, "partial_outage"),
            (P2, Declared, "partial_outage"),
            (P2, Monitoring, "degraded_performance"),
            (P3, Declared, "degraded_performance"),
            (P3, Monitoring, "degraded_performance"),
            (P4, Declared, "degraded_performance"),
            (P1, Resolved, "operational"),
        ] {
            assert_eq!(component_status(&[(severity, status)]).as_str(), word);
        }
    }

    #[test]
    fn resolving_one_of_two_incidents_does_not_show_a_service_as_operational() {
        let both = [
            (Severity::P1, Status::Resolved),
            (Severity::P2, Status::Declared),
        ];
        assert_eq!(component_status(&both), ComponentStatus::PartialOutage);
        assert_eq!(component_status(&[]), ComponentStatus::Operational);
    }
}
