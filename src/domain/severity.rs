//! How severe something is: an incident, and what leads to one.

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

    /// The emoji by which it is recognised, and what it means.
    pub fn meaning(self) -> (&'static str, &'static str) {
        match self {
            Self::P1 => ("🔴", "critical, most users affected"),
            Self::P2 => ("🟠", "major, many affected"),
            Self::P3 => ("🟡", "minor, some affected"),
            Self::P4 => ("⚪", "low, few affected"),
        }
    }

    /// `P1 (worst) to P4`.
    pub fn worst_to_least() -> String {
        let (worst, least) = (Self::ALL[0], Self::ALL[Self::COUNT - 1]);
        format!("{worst} (worst) to {least}")
    }
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
