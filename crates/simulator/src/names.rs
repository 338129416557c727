//! Slack's rules for channel names, and the escaping of what people type.
//!
//! An invalid name is refused and not corrected.

use super::state::WorkspaceState;

pub(crate) const MAX_NAME_LENGTH: usize = 80;

/// Slack's error code for an invalid name.
pub(crate) fn name_error(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("invalid_name_required");
    }
    if name.chars().count() > MAX_NAME_LENGTH {
        return Some("invalid_name_maxlength");
    }
    if name.chars().all(|c| matches!(c, '-' | '_')) {
        return Some("invalid_name_punctuation");
    }
    if name
        .chars()
        .any(|c| !(c.is_alphanumeric() || matches!(c, '-' | '_')) || c.is_uppercase())
    {
        return Some("invalid_name_specials");
    }
    None
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A command's text with `should_escape`: names become ids, links are enclosed in angle brackets.
pub(crate) fn escaped_with_ids(state: &WorkspaceState, text: &str) -> String {
    let mut out = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let space = &word[bare.len()..];
        let known = if bare.starts_with('@') {
            state
                .find_user(bare)
                .map(|u| format!("<@{}|{}>", u.id, u.name))
        } else if bare.starts_with('#') {
            state
                .find_channel(bare)
                .map(|r| format!("<#{}|{}>", r.id, r.name))
        } else if bare.starts_with("http://") || bare.starts_with("https://") {
            Some(format!("<{}>", escaped(bare)))
        } else {
            None
        };
        out.push_str(&known.unwrap_or_else(|| escaped(bare)));
        out.push_str(space);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::ChannelType;
    use chrono::DateTime;

    #[test]
    fn names_follow_slacks_rules() {
        let long = "x".repeat(81);
        let cases = [
            ("inc-20260102-api", None),
            ("störung-結算", None),
            ("", Some("invalid_name_required")),
            (long.as_str(), Some("invalid_name_maxlength")),
            ("-_-", Some("invalid_name_punctuation")),
            ("Inc", Some("invalid_name_specials")),
            ("a b", Some("invalid_name_specials")),
            ("a.b", Some("invalid_name_specials")),
        ];
        for (name, expected) in cases {
            assert_eq!(name_error(name), expected, "{name}");
        }
    }

    #[test]
    fn a_commands_text_carries_ids_and_no_bare_brackets() {
        let mut state = WorkspaceState::new("T1", "acme", 0);
        let ada = state.add_user(None, "ada", false);
        let channel =
            state.add_channel(None, "ops", ChannelType::Public, &ada, DateTime::UNIX_EPOCH);
        let cases = [
            ("a < b & c", "a &lt; b &amp; c".to_owned()),
            ("assign @ada now", format!("assign <@{ada}|ada> now")),
            ("see #ops", format!("see <#{channel}|ops>")),
            ("@unknown #none", "@unknown #none".to_owned()),
            (
                "https://a.example/?x=1&y=2",
                "<https://a.example/?x=1&amp;y=2>".to_owned(),
            ),
        ];
        for (typed, sent) in cases {
            assert_eq!(escaped_with_ids(&state, typed), sent);
        }
    }
}
