//! Form fields, and keys of rows.

use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// The value of a form's field: the first one, if it is not empty.
pub(crate) fn field<'a>(body: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    let [value] = fields(body, [name]);
    value
}

/// PostgreSQL's text cannot contain a NUL, and Slack has no reason to send one: it becomes U+FFFD.
fn without_zero(value: Cow<'_, str>) -> Cow<'_, str> {
    if value.contains('\0') {
        return Cow::Owned(value.replace('\0', "\u{fffd}"));
    }
    value
}

/// The same for JSON, in which a NUL can only be an escape.
pub(crate) fn without_escaped_zero(json: &str) -> Cow<'_, str> {
    const ZERO: &str = "\\u0000";
    if !json.contains(ZERO) {
        return Cow::Borrowed(json);
    }
    let mut clean = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        clean.push_str(before);
        if let Some(after) = escape.strip_prefix(ZERO) {
            clean.push('\u{fffd}');
            rest = after;
        } else {
            // The backslash and what it escapes, which may be a backslash.
            let length = escape.chars().take(2).map(char::len_utf8).sum();
            clean.push_str(&escape[..length]);
            rest = &escape[length..];
        }
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

/// Several fields in one pass over the body.
pub(crate) fn fields<'a, const N: usize>(
    body: &'a [u8],
    names: [&str; N],
) -> [Option<Cow<'a, str>>; N] {
    let mut found = [const { None }; N];
    for (name, value) in form_urlencoded::parse(body) {
        if let Some(at) = names.iter().position(|wanted| *wanted == name) {
            found[at].get_or_insert(value);
        }
    }
    found.map(|value| value.map(without_zero).filter(|value| !value.is_empty()))
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A key of a row. It is short and printable; other parts are replaced by their digest.
pub(crate) fn key(parts: &[&str]) -> String {
    let joined = parts.join(":");
    if joined.len() <= 200 && joined.bytes().all(|byte| byte.is_ascii_graphic()) {
        return joined;
    }
    digest(joined.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_is_replaced_however_it_is_encoded() {
        assert_eq!(field(b"a=x%00y&b=\0", "a").as_deref(), Some("x\u{fffd}y"));
        assert_eq!(fields(b"a=x%00y", ["a"])[0].as_deref(), Some("x\u{fffd}y"));
        let [a, b, c, d] = fields(b"&x=1&%61=2&a=3&b=&c=%26+%3D=&=d&d", ["a", "b", "c", "d"]);
        assert_eq!((a.as_deref(), b), (Some("2"), None), "the first one counts");
        assert_eq!((c.as_deref(), d), (Some("& =="), None));
        for (json, read) in [
            (r#""plain""#, "plain"),
            (r#""a\u0000b\u0000""#, "a\u{fffd}b\u{fffd}"),
            (r#""a\\u0000""#, r"a\u0000"),
            (r#""a\\\u0000é\n""#, "a\\\u{fffd}é\n"),
        ] {
            let value: String = serde_json::from_str(&without_escaped_zero(json)).unwrap();
            assert_eq!(value, read, "{json}");
        }
        assert_eq!(without_escaped_zero("\\u0000\\"), "\u{fffd}\\");
    }
}
