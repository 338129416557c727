//! The buttons of a failure's message: what a press means, and back.

use super::super::text::{Button, ButtonStyle};
use super::request::Pressed;
use super::{FailureId, RepairId, Repaired};
use uuid::Uuid;

/// What a press asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// Re-run the failed jobs of the failure's last run.
    Rerun(FailureId),
    /// Take no notice of the signatures of the failure's last run for a day.
    Ignore(FailureId),
    StopIgnoring(FailureId),
    OpenIncident(FailureId),
    /// Approve the step of a repair that waits for it.
    Approve(Uuid),
}

const RERUN: &str = "ci:rerun";
const IGNORE: &str = "ci:ignore";
const STOP_IGNORING: &str = "ci:stop_ignoring";
const INCIDENT: &str = "ci:incident";
const APPROVE: &str = "ci:approve";

impl Press {
    /// The press of a button of ours; `None`: it is another's.
    pub fn decode(action: &str, value: &str) -> Option<Self> {
        let id = || Uuid::parse_str(value).ok();
        let failure = || id().map(FailureId);
        match action {
            RERUN => failure().map(Self::Rerun),
            IGNORE => failure().map(Self::Ignore),
            STOP_IGNORING => failure().map(Self::StopIgnoring),
            INCIDENT => failure().map(Self::OpenIncident),
            APPROVE => id().map(Self::Approve),
            _ => None,
        }
    }

    /// The attempt whose repair a press is about.
    pub(super) fn repaired(pressed: &Pressed) -> Option<Repaired> {
        match Self::decode(&pressed.action, &pressed.value)? {
            Self::Approve(id) => Some(Repaired::By(RepairId(id))),
            Self::Rerun(failure) => Some(Repaired::LastOf(failure)),
            Self::Ignore(_) | Self::StopIgnoring(_) | Self::OpenIncident(_) => None,
        }
    }

    /// The names of all presses in the metrics.
    pub const NAMES: [&str; 7] = [
        "ci_rerun",
        "ci_ignore",
        "ci_stop_ignoring",
        "ci_incident",
        "ci_approve",
        Self::ROLLBACK,
        Self::UNKNOWN,
    ];
    /// The button of a failed deployment.
    pub(super) const ROLLBACK: &str = "ci_rollback";
    pub(super) const UNKNOWN: &str = "ci_unknown";

    pub(super) fn name(self) -> &'static str {
        let [rerun, ignore, stop_ignoring, incident, approve, ..] = Self::NAMES;
        match self {
            Self::Rerun(_) => rerun,
            Self::Ignore(_) => ignore,
            Self::StopIgnoring(_) => stop_ignoring,
            Self::OpenIncident(_) => incident,
            Self::Approve(_) => approve,
        }
    }

    /// The failure under whose message the button is. That of a repair is known by its attempt.
    pub(super) fn failure(self) -> Option<FailureId> {
        match self {
            Self::Ignore(id) | Self::StopIgnoring(id) | Self::OpenIncident(id) => Some(id),
            Self::Rerun(_) | Self::Approve(_) => None,
        }
    }

    pub fn button(self) -> Button {
        let (action, label, style, id) = match self {
            Self::Rerun(FailureId(id)) => (RERUN, "Re-run", ButtonStyle::Plain, id),
            Self::Ignore(FailureId(id)) => (IGNORE, "Ignore for a day", ButtonStyle::Plain, id),
            Self::StopIgnoring(FailureId(id)) => {
                (STOP_IGNORING, "Stop ignoring", ButtonStyle::Plain, id)
            }
            Self::OpenIncident(FailureId(id)) => {
                (INCIDENT, "Open incident", ButtonStyle::Danger, id)
            }
            Self::Approve(id) => (APPROVE, "Approve", ButtonStyle::Primary, id),
        };
        Button {
            label: label.to_owned(),
            action: action.to_owned(),
            value: id.to_string(),
            style,
            opens: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_button_comes_back_as_the_press_that_it_means() {
        let id = Uuid::from_u128(7);
        let failure = FailureId(id);
        for press in [
            Press::Rerun(failure),
            Press::Ignore(failure),
            Press::StopIgnoring(failure),
            Press::OpenIncident(failure),
            Press::Approve(id),
        ] {
            let button = press.button();
            assert_eq!(Press::decode(&button.action, &button.value), Some(press));
        }
        for (action, value) in [("ci:rerun", "7"), ("resolved", "7"), ("ci:melt", "")] {
            assert_eq!(Press::decode(action, value), None, "{action} {value}");
        }
    }
}
