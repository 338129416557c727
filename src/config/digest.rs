//! `github.digest`: when each channel gets what CI did in a week.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shapes::TimeZone;

/// When the weekly summary is posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-called" = "the digest"))]
pub struct Digest {
    /// The day of the week.
    #[serde(default)]
    pub day: Day,
    /// The full hour, 0 to 23.
    #[serde(default = "nine")]
    #[schemars(range(max = 23))]
    pub hour: u8,
    /// The time zone of the hour, such as Europe/Berlin.
    #[serde(default = "utc")]
    #[schemars(with = "TimeZone")]
    pub zone: String,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    #[default]
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

fn nine() -> u8 {
    9
}

fn utc() -> String {
    "UTC".to_owned()
}

impl Digest {
    /// The time zone; `None`: there is none of that name.
    #[must_use]
    pub fn time_zone(&self) -> Option<jiff::tz::TimeZone> {
        jiff::tz::TimeZone::get(&self.zone).ok()
    }
}
