//! Names, addresses and times of GitHub as a message shows them.
//!
//! Names of workflows, branches, jobs and people come from GitHub: they only ever go into plain spans, on
//! one line and shortened.

use crate::domain::text::{Span, Text};
use crate::invisible;

/// A name has at most so many characters.
const LONGEST: usize = 100;

pub(super) fn run(number: i64) -> String {
    format!("Run #{number}")
}

pub(in crate::domain::ci) fn linked(label: String, url: &str) -> Text {
    if url.starts_with("https://") || url.starts_with("http://") {
        let url = url.to_owned();
        Text(vec![Span::Link { url, label }])
    } else {
        Text::plain(label)
    }
}

pub(in crate::domain::ci) fn joined(mut text: Text, more: Text) -> Text {
    text.0.extend(more.0);
    text
}

/// The first seven characters of a commit's id, as GitHub shows it.
pub(in crate::domain::ci) fn short(sha: &str) -> String {
    let plain = sha.chars().filter(char::is_ascii_alphanumeric);
    plain.take(7).collect()
}

pub(in crate::domain::ci) fn one_line(name: &str) -> String {
    let name = name.replace(char::is_control, " ");
    let seen = invisible::without(&name);
    let words: Vec<&str> = seen.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    let mut short: String = line.chars().take(LONGEST - 1).collect();
    short.push('…');
    short
}

/// `2 d 3 h`, `1 h 5 min`, `4 min`; never empty.
pub(super) fn duration(minutes: i64) -> String {
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours, minutes) {
        (..=0, ..=0, ..=0) => "less than a minute".to_owned(),
        (0, 0, m) => format!("{m} min"),
        (0, h, m) => format!("{h} h {m} min"),
        (d, h, _) => format!("{d} d {h} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_and_no_longer_than_a_message_bears() {
        assert_eq!(one_line("  CI\n<!channel>\t決済 "), "CI <!channel> 決済");
        assert_eq!(one_line(&"x".repeat(500)).chars().count(), LONGEST);
        assert_eq!(short("5779607b49aab1200488439f"), "5779607");
    }

    #[test]
    fn only_an_address_becomes_a_link() {
        let linked_to = |url: &str| matches!(linked("x".to_owned(), url).0[0], Span::Link { .. });
        assert!(linked_to("https://github.com/acme/api/actions/runs/7"));
        assert!(!linked_to("") && !linked_to("javascript:alert(1)"));
    }

    #[test]
    fn a_duration_reads_like_one() {
        for (minutes, words) in [
            (-3, "less than a minute"),
            (0, "less than a minute"),
            (12, "12 min"),
            (65, "1 h 5 min"),
            (1500, "1 d 1 h"),
        ] {
            assert_eq!(duration(minutes), words);
        }
    }
}
