//! Texts that anyone who may push can choose: bounded and without secrets.

use crate::redact::scrub;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use url::Url;

/// The longest name that is kept, in characters; Git allows a branch 255 bytes.
pub(super) const NAME: usize = 255;
pub(super) const URL: usize = 1000;

/// A text of any length, at most so many bytes of its beginning.
pub(super) fn text(text: &str, bytes: usize) -> String {
    // A secret may lie across the cut, so more is read than is kept.
    let read = &text[..text.floor_char_boundary(bytes.saturating_mul(2))];
    let clean = clean(read);
    clean[..clean.floor_char_boundary(bytes)].to_owned()
}

/// At most so many bytes of its end.
pub(super) fn end(text: &str, bytes: usize) -> String {
    let clean = clean(text);
    let from = clean.len().saturating_sub(bytes);
    clean[clean.ceil_char_boundary(from)..].to_owned()
}

/// A name that is a key of the database. One that contained a secret ends in its digest, so that two of
/// them stay different.
pub(super) fn name(text: &str) -> String {
    let text = without_nul(text);
    let clean = scrub(&text);
    let mut name: String = clean.chars().take(NAME).collect();
    if clean != text {
        let digest = hex::encode(&Sha256::digest(text.as_bytes())[..4]);
        name = name.chars().take(NAME - 9).collect();
        name = format!("{name}~{digest}");
    }
    name
}

/// The login of an account, or `owner/name` of a repository. It is an address, so nothing of it is removed
/// when it has only the characters that GitHub allows.
pub(super) fn address(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    // An App's login ends so.
    let login = text.strip_suffix("[bot]").unwrap_or(text);
    let (owner, rest) = login.split_once('/').unwrap_or((login, ""));
    let is_address = owner.chars().chain(rest.chars()).all(allowed) && text.len() <= NAME;
    match is_address {
        true => text.to_owned(),
        false => name(text),
    }
}

/// An address that GitHub made: it contains ids, and no text of a person.
pub(super) fn url(text: &str) -> String {
    without_nul(text).chars().take(URL).collect()
}

/// An address that another tool made, which may carry credentials: an HTTPS one without its user, query
/// and fragment; else empty.
pub(super) fn foreign_url(text: &str) -> String {
    let Ok(mut url) = Url::parse(&without_nul(text)) else {
        return String::new();
    };
    if url.scheme() != "https" || !url.username().is_empty() || url.password().is_some() {
        return String::new();
    }
    url.set_query(None);
    url.set_fragment(None);
    match scrub(url.as_str()) {
        Cow::Borrowed(clean) if clean.len() <= URL => clean.to_owned(),
        _ => String::new(),
    }
}

/// Without secrets, and without NUL, which the database does not take.
fn clean(text: &str) -> String {
    scrub(&without_nul(text)).into_owned()
}

fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_secrets_stay_different_without_them() {
        let one = name("fix/ghp_0123456789abcdef");
        let two = name("fix/ghp_fedcba9876543210");
        assert_ne!(one, two);
        assert!(one.starts_with("fix/[redacted]~"), "{one}");
        assert_eq!(name("fix/login"), "fix/login");
        assert_eq!(name(&"x".repeat(300)).len(), NAME);
    }

    #[test]
    fn an_address_is_kept_as_it_is_and_a_secret_beside_it_is_not() {
        for kept in ["acme/hugho_site", "ghp_0123456789abcdef", "renovate[bot]"] {
            assert_eq!(address(kept), kept);
        }
        for odd in ["acme/a b ghp_0123456789abcdef", "a/b/ghp_0123456789abcdef"] {
            assert!(!address(odd).contains("ghp_"));
        }
    }

    #[test]
    fn an_address_of_another_tool_is_kept_without_credentials() {
        for (text, wanted) in [
            (
                "https://ci.example.com/job/7?token=hunter2#step",
                "https://ci.example.com/job/7",
            ),
            ("https://user:pass@ci.example.com/job/7", ""),
            ("https://user@ci.example.com/job/7", ""),
            ("http://ci.example.com/job/7", ""),
            ("javascript:alert(1)", ""),
            ("https://ci.example.com/ghp_0123456789abcdef", ""),
            ("job 7", ""),
        ] {
            assert_eq!(foreign_url(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_secret_across_the_cut_is_removed() {
        let long = format!("{} ghp_0123456789abcdef", "x".repeat(90));
        assert!(!text(&long, 100).contains("ghp_"));
        assert_eq!(end("ab\0cdé", 3), "dé");
    }
}
