//! The shapes of single values: durations, ids, names. Pure text to value, used by the file and by
//! the environment alike.
//!
//! Slack ids are checked by shape only (whether the channel exists is `doctor`'s question): the
//! usual mistake is a name in the place of an id, and that is told before anything starts.

use std::time::Duration;

/// The longest service name: Slack shows no more of an option.
pub(crate) const MAX_SERVICE_NAME: usize = 75;
const MAX_SECONDS: u64 = 10 * 366 * 24 * 3600;

/// A duration as written, and whether its unit was missing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub duration: Duration,
    pub unit: Unit,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) enum Unit {
    Written,
    Assumed,
}

/// Reads `250ms`, `60s`, `5m`, `24h`, `7d`, or a bare number of seconds.
pub(crate) fn duration(text: &str) -> Option<Span> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number: u64 = text[..digits].parse().ok()?;
    let (millis, unit) = match &text[digits..] {
        "" => (1_000, Unit::Assumed),
        "ms" => (1, Unit::Written),
        "s" => (1_000, Unit::Written),
        "m" => (60_000, Unit::Written),
        "h" => (3_600_000, Unit::Written),
        "d" => (86_400_000, Unit::Written),
        _ => return None,
    };
    let millis = number
        .checked_mul(millis)
        .filter(|millis| millis / 1000 <= MAX_SECONDS)?;
    Some(Span {
        duration: Duration::from_millis(millis),
        unit,
    })
}

/// `true`, `yes`, `on`, `1` and their opposites, in any case.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// What an id of Slack's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlackId {
    User,
    Channel,
    Workspace,
}

impl SlackId {
    /// Whether the text has the shape of such an id.
    pub(crate) fn matches(self, text: &str) -> bool {
        let letters: &[char] = match self {
            Self::User => &['U', 'W'],
            Self::Channel => &['C', 'G'],
            Self::Workspace => &['T'],
        };
        let mut chars = text.chars();
        chars.next().is_some_and(|first| letters.contains(&first))
            && text.len() > 1
            && text.len() <= 40
            && chars.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    }

    /// What is wrong with a text that does not have the shape.
    pub(crate) fn complaint(self, shown: &str) -> String {
        match self {
            Self::User => format!("`{shown}` is not the id of a Slack user"),
            Self::Channel => format!("`{shown}` is not the id of a Slack channel"),
            Self::Workspace => format!("`{shown}` is not the id of a Slack workspace"),
        }
    }

    /// Where a person finds the id.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            Self::User => {
                "ids look like U024BE7LH: open the person's profile in Slack, the three dots, \
                 Copy member ID"
            }
            Self::Channel => {
                "ids look like C024BE91L: open the channel's details in Slack, the id is at the \
                 bottom"
            }
            Self::Workspace => {
                "ids look like T024BE7LD: open Slack in a browser, it is the part behind /client/ \
                 that begins with T"
            }
        }
    }
}

/// The severities, worst first.
pub(crate) const SEVERITIES: [&str; 4] = ["P1", "P2", "P3", "P4"];

/// `owner/name`; `*` is allowed where a pattern is.
pub(crate) fn repository(text: &str, pattern: Pattern) -> bool {
    let star = |c: char| pattern == Pattern::Allowed && c == '*';
    let Some((owner, name)) = text.split_once('/') else {
        return false;
    };
    let fine_owner = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || star(c);
    let fine_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') || star(c);
    (1..=39).contains(&owner.len())
        && (1..=100).contains(&name.len())
        && owner.chars().all(fine_owner)
        && name.chars().all(fine_name)
}

/// Whether `*` may stand in a repository's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pattern {
    Allowed,
    Literal,
}

/// Why a text cannot name a service.
pub(crate) fn service_name_fault(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("a service needs a name")
    } else if name.chars().count() > MAX_SERVICE_NAME {
        Some("a service's name has at most 75 characters")
    } else if name.chars().any(char::is_control) {
        Some("a service's name has no line breaks or control characters")
    } else if name.trim() != name {
        Some("a service's name neither begins nor ends with a space")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_carry_their_unit() {
        for (text, millis, unit) in [
            ("60s", 60_000, Unit::Written),
            ("5m", 300_000, Unit::Written),
            ("24h", 86_400_000, Unit::Written),
            ("7d", 604_800_000, Unit::Written),
            ("250ms", 250, Unit::Written),
            ("60", 60_000, Unit::Assumed),
            ("0", 0, Unit::Assumed),
        ] {
            let expected = Some(Span {
                duration: Duration::from_millis(millis),
                unit,
            });
            assert_eq!(duration(text), expected, "{text}");
        }
        for text in [
            "",
            "s",
            "-5s",
            "1.5h",
            "5 m",
            "5min",
            "99999999999999999999",
            "9999999999h",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn slack_ids_are_told_from_names() {
        for (id, text, fine) in [
            (SlackId::User, "U1", true),
            (SlackId::User, "W024BE7LH", true),
            (SlackId::User, "U", false),
            (SlackId::User, "C1", false),
            (SlackId::User, "@ada", false),
            (SlackId::User, "u024be7lh", false),
            (SlackId::Channel, "C1", true),
            (SlackId::Channel, "G024BE91L", true),
            (SlackId::Channel, "D024BE91L", false),
            (SlackId::Channel, "#general", false),
            (SlackId::Channel, "Cé", false),
        ] {
            assert_eq!(id.matches(text), fine, "{text}");
        }
    }

    #[test]
    fn repositories_are_owner_slash_name() {
        for (text, pattern, fine) in [
            ("acme/api", Pattern::Literal, true),
            ("acme/api.js", Pattern::Literal, true),
            ("acme/*", Pattern::Allowed, true),
            ("acme/*", Pattern::Literal, false),
            ("acme", Pattern::Literal, false),
            ("a/b/c", Pattern::Literal, false),
            ("/b", Pattern::Literal, false),
            ("https://github.com/a/b", Pattern::Literal, false),
        ] {
            assert_eq!(repository(text, pattern), fine, "{text}");
        }
    }
}
