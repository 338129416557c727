//! How far a lookup has read what a provider lists: text of the courier's, kept between two lookups.
//!
//! It holds the provider's cursor, so its length is bounded and it is never shown.

use std::fmt;

/// Where the next lookup of an effect goes on.
#[derive(Clone, PartialEq, Eq)]
pub struct LookedTo(String);

impl LookedTo {
    /// The longest, in bytes. Slack's cursors have some dozens.
    pub const LONGEST: usize = 1_024;

    /// `None` for a text that is longer than [`Self::LONGEST`].
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (text.len() <= Self::LONGEST).then_some(Self(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LookedTo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LookedTo(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_never_shown() {
        assert_eq!(LookedTo::new("x".repeat(LookedTo::LONGEST + 1)), None);
        let kept = LookedTo::new("list:1:a-cursor").unwrap();
        assert_eq!(kept.as_str(), "list:1:a-cursor");
        assert!(!format!("{kept:?}").contains("cursor"));
    }
}
