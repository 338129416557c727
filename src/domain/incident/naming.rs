//! The names of incidents' channels: `inc-YYYYMMDD-<service slug>`, and `-2`, `-3`, … when taken.
//!
//! Slack takes 1 to 80 lower-case letters of any language, digits, `-` and `_`. The base is cut
//! so that every suffix fits behind it: a numbered name always begins with its base, and the store
//! finds the taken ones by that prefix. Which names are taken is a fact: nothing is kept here.

use chrono::{DateTime, Utc};

/// Slack's longest name for a channel, in characters.
pub const LONGEST: usize = 80;
/// Space for `-` and the ten digits of the largest suffix.
const LONGEST_BASE: usize = LONGEST - 11;

/// The name without a suffix of an incident that is declared now; `None`: the service's name has
/// no letter that a channel's name may have, and the incident's number takes its place.
pub fn base(declared_at: DateTime<Utc>, service: &str) -> Option<String> {
    let slug = slug(service, LONGEST_BASE - dated(declared_at).chars().count());
    (!slug.is_empty()).then(|| dated(declared_at) + &slug)
}

/// What the names that an incident's channel may not take begin with, as far as it matters here.
pub fn prefix(declared_at: DateTime<Utc>, service: &str) -> String {
    base(declared_at, service).unwrap_or_else(|| dated(declared_at))
}

/// The name without a suffix of an incident.
pub(super) fn base_of(declared_at: DateTime<Utc>, service: &str, number: i64) -> String {
    base(declared_at, service).unwrap_or_else(|| by_number(declared_at, number))
}

/// The simplest name: of the date and the number.
pub fn by_number(declared_at: DateTime<Utc>, number: i64) -> String {
    format!("{}{number}", dated(declared_at))
}

/// Whether a name is one of the simplest: nothing is left in it that Slack could refuse.
pub fn is_by_number(name: &str) -> bool {
    let rest = name.strip_prefix("inc-");
    rest.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
}

/// The name of one try: 1 has no suffix.
pub fn numbered(base: &str, try_number: i32) -> String {
    match try_number {
        ..=1 => base.to_owned(),
        further => format!("{base}-{further}"),
    }
}

/// The first try from `from` on whose name is not taken, and that name.
pub fn first_free(base: &str, from: i32, taken: &[String]) -> (i32, String) {
    let mut try_number = from.max(1);
    loop {
        let name = numbered(base, try_number);
        if !taken.contains(&name) {
            return (try_number, name);
        }
        try_number = try_number.saturating_add(1);
    }
}

/// What every further name of an incident begins with, whether numbered or the simplest: its day.
pub fn day_of(name: &str) -> &str {
    name.get(..DATED).unwrap_or(name)
}

/// Letters and digits of any language in lower case, everything else one `-`, at most `longest`
/// characters.
pub fn slug(text: &str, longest: usize) -> String {
    let mut slug = String::new();
    let mut length = 0;
    let mut gap = false;
    for letter in text.chars() {
        if !letter.is_alphanumeric() {
            gap = length > 0;
            continue;
        }
        // Lower case may be several characters (`İ`), not all of them letters.
        for lower in letter.to_lowercase().filter(|c| c.is_alphanumeric()) {
            if length + 1 + usize::from(gap) > longest {
                return slug;
            }
            if gap {
                slug.push('-');
                length += 1;
                gap = false;
            }
            slug.push(lower);
            length += 1;
        }
    }
    slug
}

/// How long [`dated`] is.
const DATED: usize = "inc-YYYYMMDD-".len();

fn dated(at: DateTime<Utc>) -> String {
    format!("inc-{}-", at.format("%Y%m%d"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn new_year() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 1, 1, 0, 30, 0).unwrap()
    }

    #[test]
    fn a_name_keeps_letters_of_any_language_and_nothing_else() {
        for (service, name) in [
            ("api", "inc-20260101-api"),
            ("Payments API", "inc-20260101-payments-api"),
            ("  --Web__Shop!!  ", "inc-20260101-web-shop"),
            ("Zahlungsübersicht", "inc-20260101-zahlungsübersicht"),
            ("決済 サービス", "inc-20260101-決済-サービス"),
            ("İstanbul", "inc-20260101-istanbul"),
        ] {
            assert_eq!(base(new_year(), service).as_deref(), Some(name));
        }
        assert_eq!(base(new_year(), "🔥🔥"), None);
    }

    #[test]
    fn no_name_is_longer_than_slack_takes_even_with_the_longest_suffix() {
        for service in ["x".repeat(300), "é-".repeat(300), "決".repeat(300)] {
            let base = base(new_year(), &service).unwrap();
            assert!(!base.ends_with('-'));
            let name = numbered(&base, i32::MAX);
            assert!(name.chars().count() <= LONGEST, "{name}");
            assert!(name.starts_with(&base));
        }
    }

    #[test]
    fn a_taken_name_gets_the_next_suffix_without_an_upper_bound() {
        let taken: Vec<String> = (1..=140).map(|n| numbered("inc-1-api", n)).collect();
        assert_eq!(
            first_free("inc-1-api", 1, &taken),
            (141, "inc-1-api-141".into())
        );
        assert_eq!(first_free("inc-1-api", 1, &[]), (1, "inc-1-api".into()));
        // A service called `api-2` may hold what would be the second try of `api`.
        let held = ["inc-1-api".into(), "inc-1-api-2".into()];
        assert_eq!(first_free("inc-1-api", 1, &held).0, 3);
    }

    #[test]
    fn every_further_name_begins_with_the_day_by_which_the_taken_ones_are_found() {
        for base in ["inc-20260101-api", "inc-20260101-api-2", "inc-20260101-7"] {
            let day = day_of(base);
            assert_eq!(day, "inc-20260101-");
            assert!(numbered(base, 17).starts_with(day));
            assert!(by_number(new_year(), 7).starts_with(day));
        }
        for (name, plainest) in [
            ("inc-20260101-7", true),
            ("inc-20260101-7-2", true),
            ("inc-20260101-api-2", false),
            ("inc-20260101-決済", false),
        ] {
            assert_eq!(is_by_number(name), plainest, "{name}");
        }
    }
}
