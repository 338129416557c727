//! How severe something is: an incident, and what leads to one.

use super::effect::statuspage::ComponentStatus;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumCount, EnumString, IntoStaticStr};

/// P1 is the most severe.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    EnumCount,
)]
#[strum(ascii_case_insensitive)]
pub enum Severity {
    P1,
    P2,
    P3,
    P4,
}

impl Severity {
    /// The most severe first.
    pub const ALL: [Self; Self::COUNT] = [Self::P1, Self::P2, Self::P3, Self::P4];
    /// As the usage of a command has it; a test compares it with the variants.
    pub const RANGE: &str = "P1..P4";

    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// In any case: `P1`, `p1`.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    pub fn worse_than(self, other: Self) -> bool {
        self < other
    }

    /// What is said and shown of it.
    pub fn profile(self) -> Profile {
        match self {
            Self::P1 => Profile {
                emoji: "🔴",
                meaning: "critical, most users affected",
                cause_unknown: ComponentStatus::MajorOutage,
                cause_known: ComponentStatus::PartialOutage,
            },
            Self::P2 => Profile {
                emoji: "🟠",
                meaning: "major, many affected",
                cause_unknown: ComponentStatus::PartialOutage,
                cause_known: ComponentStatus::DegradedPerformance,
            },
            Self::P3 => Profile {
                emoji: "🟡",
                meaning: "minor, some affected",
                cause_unknown: ComponentStatus::DegradedPerformance,
                cause_known: ComponentStatus::DegradedPerformance,
            },
            Self::P4 => Profile {
                emoji: "⚪",
                meaning: "low, few affected",
                cause_unknown: ComponentStatus::DegradedPerformance,
                cause_known: ComponentStatus::DegradedPerformance,
            },
        }
    }

    /// `P1, P2, P3, P4`.
    pub fn listed() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }

    /// `P1 (worst) to P4`.
    pub fn worst_to_least() -> String {
        let (worst, least) = (Self::ALL[0], Self::ALL[Self::COUNT - 1]);
        format!("{worst} (worst) to {least}")
    }
}

/// What is said and shown of a severity, wherever it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    pub emoji: &'static str,
    pub meaning: &'static str,
    /// A component of the status page while the cause of its incident is unknown.
    pub cause_unknown: ComponentStatus,
    pub cause_known: ComponentStatus,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_in_usages_names_the_first_and_the_last_severity() {
        let (first, last) = (Severity::ALL[0], Severity::ALL[Severity::COUNT - 1]);
        assert_eq!(Severity::RANGE, format!("{first}..{last}"));
    }
}
