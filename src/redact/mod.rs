//! Removes secrets from text that is logged or shown.
//!
//! Errors of libraries quote URLs and answers, which contain tokens, response URLs and mail addresses. No
//! code logs a secret on purpose: this is the last protection, not the first. It works word by word, and
//! hides too much rather than too little.

mod private_keys;

use std::borrow::Cow;

pub const REDACTED: &str = "[redacted]";

const TOKEN_PREFIXES: [&str; 16] = [
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxr-",
    "xoxs-",
    "xoxc-",
    "xoxd-",
    "xoxe-",
    "xoxe.",
    "xapp-",
    "ghs_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghr_",
    "github_pat_",
];

/// Keys of other services, which logs and reports of CI contain: how they begin, at a word's start only,
/// and how many letters and digits follow at least.
const KEYS: [(&str, usize); 10] = [
    ("glpat-", 16),
    ("npm_", 30),
    ("pypi-", 50),
    ("hf_", 30),
    ("dckr_pat_", 20),
    ("sk_live_", 16),
    ("sk-", 20),
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
];

/// What a name ends with whose value is a secret, in `name=value`.
const SECRET_NAMES: [&str; 8] = [
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "access_key",
    "private_key",
];

/// The schemes before a key in an `Authorization` header; Statuspage's is `OAuth`.
const SCHEMES: [&str; 3] = ["bearer", "basic", "oauth"];

/// Paths whose remainder is a secret: Slack's response URLs and incoming webhooks.
const SECRET_PATHS: [&str; 5] = [
    "/commands/",
    "/actions/",
    "/services/",
    "/workflows/",
    "/app/",
];

/// The text without tokens, secret URLs, trigger ids and mail addresses.
pub fn scrub(text: &str) -> Cow<'_, str> {
    match private_keys::without(text) {
        Some(text) => Cow::Owned(scrub_words(&text).into_owned()),
        None => scrub_words(text),
    }
}

fn scrub_words(text: &str) -> Cow<'_, str> {
    let mut clean = String::new();
    let mut kept_to = 0;
    let mut after_scheme = false;
    for (start, word) in words(text) {
        let replaced = if after_scheme {
            Some(REDACTED.to_owned())
        } else {
            scrub_word(word)
        };
        after_scheme = SCHEMES
            .iter()
            .any(|scheme| word.eq_ignore_ascii_case(scheme));
        if let Some(replaced) = replaced {
            clean.push_str(&text[kept_to..start]);
            clean.push_str(&replaced);
            kept_to = start + word.len();
        }
    }
    if kept_to == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[kept_to..]);
    Cow::Owned(clean)
}

fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|c: char| c.is_whitespace() || "\"'`<>,;()[]{}|\\".contains(c))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

/// The replacement of a word; `None`: the word itself.
fn scrub_word(word: &str) -> Option<String> {
    if word.len() < 5 {
        return None;
    }
    if let Some((scheme, rest)) = word.split_once("://") {
        return scrub_url(scheme, rest);
    }
    if let Some(at) = token_start(word) {
        return Some(format!("{}{REDACTED}", &word[..at]));
    }
    if let Some((name, value)) = word.split_once('=') {
        let name = name.to_ascii_lowercase();
        let is_secret = SECRET_NAMES.iter().any(|end| name.ends_with(end));
        if is_secret && !value.is_empty() {
            let kept = word.len() - value.len();
            return Some(format!("{}{REDACTED}", &word[..kept]));
        }
    }
    let value = word.rsplit(['=', ':']).next().unwrap_or(word);
    if is_mail(value) || is_trigger(value) || is_key(value) {
        let kept = word.len() - value.len();
        return Some(format!("{}{REDACTED}", &word[..kept]));
    }
    None
}

fn scrub_url(scheme: &str, rest: &str) -> Option<String> {
    let (before_query, query) = match rest.find(['?', '#']) {
        Some(at) => (&rest[..at], true),
        None => (rest, false),
    };
    let (authority, path) = match before_query.find('/') {
        Some(at) => before_query.split_at(at),
        None => (before_query, ""),
    };
    let (user, host) = match authority.rsplit_once('@') {
        Some((_, host)) => (true, host),
        None => (false, authority),
    };
    let secret_path = SECRET_PATHS.iter().find_map(|marker| {
        let at = path.find(marker)?;
        Some(at + marker.len())
    });
    let token_path = token_start(path);
    if !user && !query && secret_path.is_none() && token_path.is_none() {
        return None;
    }
    let mut shown = format!("{scheme}://");
    if user {
        shown.push_str(REDACTED);
        shown.push('@');
    }
    shown.push_str(host);
    match secret_path.or(token_path) {
        Some(end) => {
            shown.push_str(&path[..end]);
            shown.push_str(REDACTED);
        }
        None => shown.push_str(path),
    }
    if query {
        shown.push('?');
        shown.push_str(REDACTED);
    }
    Some(shown)
}

fn token_start(word: &str) -> Option<usize> {
    TOKEN_PREFIXES
        .iter()
        .filter_map(|prefix| word.find(prefix))
        .min()
}

/// A key of another service, or a JSON web token.
fn is_key(word: &str) -> bool {
    let letters = |text: &str| {
        let is_part = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        text.chars().take_while(is_part).count()
    };
    let mut keys = KEYS.iter();
    keys.any(|(begin, least)| {
        word.strip_prefix(begin)
            .is_some_and(|rest| letters(rest) >= *least)
    }) || word.starts_with("eyJ") && word.matches('.').count() == 2 && letters(word) > 40
}

fn is_mail(word: &str) -> bool {
    let Some((local, domain)) = word.split_once('@') else {
        return false;
    };
    // A path, such as that of a package in a branch's name, is no address.
    let local = local.rsplit('/').next().unwrap_or(local);
    let domain = domain.split('/').next().unwrap_or(domain);
    !local.is_empty()
        && domain
            .split_once('.')
            .is_some_and(|(name, top)| !name.is_empty() && top.len() >= 2)
}

/// Slack's `trigger_id`: two numbers and 32 hex digits.
fn is_trigger(word: &str) -> bool {
    let mut parts = word.split('.');
    let number = |part: Option<&str>| {
        part.is_some_and(|p| p.len() >= 6 && p.bytes().all(|b| b.is_ascii_digit()))
    };
    number(parts.next())
        && number(parts.next())
        && parts
            .next()
            .is_some_and(|p| p.len() == 32 && p.bytes().all(|b| b.is_ascii_hexdigit()))
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_survives() {
        for (text, expected) in [
            ("token xoxb-12-34-abc refused", "token [redacted] refused"),
            (
                "Authorization: OAuth 89a229ce-1a8d end",
                "Authorization: OAuth [redacted] end",
            ),
            ("d=xoxd-abc and xoxc-1-2", "d=[redacted] and [redacted]"),
            ("token=xoxe.xoxp-1-abc", "token=[redacted]"),
            ("\"ghs_16C7e42F292c6912E7\"", "\"[redacted]\""),
            (
                "Authorization: Bearer abc.def.ghi end",
                "Authorization: Bearer [redacted] end",
            ),
            (
                "POST https://hooks.slack.com/commands/T1/2/xyz: 404",
                "POST https://hooks.slack.com/commands/[redacted] 404",
            ),
            (
                "wss://wss-primary.slack.com/link/?ticket=abc&app_id=1",
                "wss://wss-primary.slack.com/link/?[redacted]",
            ),
            (
                "cannot reach postgres://bob:pw@db:5432/wardroom",
                "cannot reach postgres://[redacted]@db:5432/wardroom",
            ),
            ("mail=bea@example.com", "mail=[redacted]"),
            ("fix/bea@example.com/login", "[redacted]"),
            (
                "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCY DB_PASSWORD=hunter22",
                "AWS_SECRET_ACCESS_KEY=[redacted] DB_PASSWORD=[redacted]",
            ),
            (
                "key AKIAIOSFODNN7EXAMPLE, npm_0123456789abcdefghijABCDEFGHIJ456789",
                "key [redacted], [redacted]",
            ),
            (
                "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
                "jwt [redacted]",
            ),
            (
                "trigger 1234567.7654321.0123456789abcdef0123456789abcdef",
                "trigger [redacted]",
            ),
        ] {
            assert_eq!(scrub(text), expected, "{text}");
        }
    }

    #[test]
    fn plain_words_stay_and_cost_nothing() {
        for text in [
            "",
            "the channel is archived: is_archived",
            "GET http://127.0.0.1:8080/api/v1/incidents/7: 404",
            "npm_config_cache at EURASIA, sk-1, eyJ, token= and npm_lifecycle_event",
            "dependabot/npm_and_yarn/@types/node-22.10.1",
            "1.2.3 at 10:00, thanks @bea; Ünïcode → fine",
        ] {
            assert!(
                matches!(scrub(text), Cow::Borrowed(same) if same == text),
                "{text}"
            );
        }
    }
}
