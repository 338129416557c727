//! What a component of the status page shows: the worst of all open incidents that hit it.
//!
//! Taken over every open incident of the services that share it, so that resolving one never
//! shows green while another burns.

use super::{Severity, Status};

/// The states, from the best to the worst.
const STATES: [&str; 4] = [
    "operational",
    "degraded_performance",
    "partial_outage",
    "major_outage",
];

/// The word for a component's state.
pub fn component_status(incidents: &[(Severity, Status)]) -> &'static str {
    let worst = incidents
        .iter()
        .map(|(severity, status)| weight(*severity, *status));
    STATES[worst.max().unwrap_or(0)]
}

fn weight(severity: Severity, status: Status) -> usize {
    let mended = match status {
        Status::Declared | Status::Investigating => 0,
        Status::Identified | Status::Monitoring => 1,
        Status::Resolved | Status::Cancelled | Status::Merged => return 0,
    };
    match severity {
        Severity::P1 => 3 - mended,
        Severity::P2 => 2 - mended,
        Severity::P3 | Severity::P4 => 1,
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
            assert_eq!(component_status(&[(severity, status)]), word);
        }
    }

    #[test]
    fn resolving_one_of_two_incidents_does_not_show_a_service_as_operational() {
        let both = [
            (Severity::P1, Status::Resolved),
            (Severity::P2, Status::Declared),
        ];
        assert_eq!(component_status(&both), "partial_outage");
        assert_eq!(component_status(&[]), "operational");
    }
}
