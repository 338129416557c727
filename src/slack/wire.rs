//! Reading what Slack sends, tolerantly.
//!
//! Only the fields that we read are named, each may be absent, and one whose type is not what we
//! know counts as absent: Slack adds and changes fields without asking. What must be there is
//! said by the reader, in words.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// A field that counts as absent when it is not what we know.
pub(crate) fn lenient<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let value = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(value).ok())
}

/// A field that counts as empty when it is not what we know.
pub(crate) fn lenient_or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    Ok(lenient(from)?.unwrap_or_default())
}

/// The value of a form's field; the first one counts, an empty one is absent.
pub(crate) fn field<'a>(body: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(body)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
        .filter(|value| !value.is_empty())
}

/// Several fields in one pass over the body.
pub(crate) fn fields<'a, const N: usize>(
    body: &'a [u8],
    names: [&str; N],
) -> [Option<Cow<'a, str>>; N] {
    let mut found = [const { None }; N];
    for (key, value) in form_urlencoded::parse(body) {
        let at = names.iter().position(|name| *name == key);
        if let Some(at) = at
            && found[at].is_none()
        {
            found[at] = Some(value);
        }
    }
    found.map(|value| value.filter(|value| !value.is_empty()))
}

/// The JSON document of a request: the body of an event, the form's `payload` of an interaction.
pub(crate) fn payload(body: &[u8]) -> Option<Cow<'_, str>> {
    field(body, "payload")
}

/// A digest that is fit for a key.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A key of a row: short and printable, whatever it was made of.
pub(crate) fn key(parts: &[&str]) -> String {
    let joined = parts.join(":");
    if joined.len() <= 200 && joined.bytes().all(|byte| byte.is_ascii_graphic()) {
        return joined;
    }
    digest(joined.as_bytes())
}
