//! The JSON of a webhook's body, and its parts.

use serde::Deserialize;
use std::borrow::Cow;

/// Neither JSON nor a form with JSON in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub &'static str);

/// The JSON in a body: itself, or the form's field `payload`.
pub(super) fn payload<'a>(content_type: &str, body: &'a [u8]) -> Result<Cow<'a, [u8]>, Unreadable> {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(Cow::Borrowed(body));
    }
    form_urlencoded::parse(body)
        .find(|(name, _)| name == "payload")
        .map(|(_, value)| Cow::Owned(value.into_owned().into_bytes()))
        .ok_or(Unreadable("the form has no payload"))
}

/// One part of a body, read by itself: an odd field in another part must not affect it. Other parts are
/// only skipped, as when the body was addressed; reading all of it would refuse a stored body (a number
/// that is too large, half a surrogate, brackets 200 deep).
pub(super) fn part<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    serde_json::from_slice(json).ok()
}
