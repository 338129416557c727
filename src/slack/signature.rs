//! Slack's v0 signature: an HMAC over the timestamp and the raw body.
//!
//! Pure: the caller passes the time, and no value for a header that occurs twice. Every secret is tried,
//! without an early return, so that the time taken does not tell which one matched. A body is not parsed
//! before its signature is verified.
//! <https://docs.slack.dev/authentication/verifying-requests-from-slack>

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How far Slack's clock and ours may be apart, in seconds, either way (Slack's advice).
pub const TOLERANCE_SECONDS: i64 = 300;

/// Why a signature is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("a signature header is missing or repeated")]
    Missing,
    #[error("a signature header is malformed")]
    Malformed,
    /// Too old, or from the future: it may be a replay.
    #[error("the timestamp is too far from our clock")]
    Expired,
    /// It was not made with one of the secrets.
    #[error("the signature is wrong")]
    Mismatch,
}

/// Checks what can be checked before the body is read. Returns the timestamp and the signature.
pub fn check_headers<'a>(
    timestamp: Option<&'a str>,
    signature: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(&'a str, [u8; 32]), SignatureError> {
    let (Some(timestamp), Some(signature)) = (timestamp, signature) else {
        return Err(SignatureError::Missing);
    };
    let sent_at = seconds(timestamp).ok_or(SignatureError::Malformed)?;
    let given = digest(signature).ok_or(SignatureError::Malformed)?;
    if (now.timestamp().saturating_sub(sent_at)).saturating_abs() > TOLERANCE_SECONDS {
        return Err(SignatureError::Expired);
    }
    Ok((timestamp, given))
}

/// Checks `X-Slack-Request-Timestamp` and `X-Slack-Signature` against the raw body. Returns the index of
/// the secret that matched; an empty secret never matches, because every sender knows it.
pub fn verify(
    secrets: &[String],
    timestamp: Option<&str>,
    signature: Option<&str>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<usize, SignatureError> {
    let (timestamp, given) = check_headers(timestamp, signature, now)?;
    let mut matched = None;
    for (index, secret) in secrets.iter().enumerate() {
        let holds = mac(secret, timestamp, body).verify_slice(&given).is_ok();
        if holds && !secret.is_empty() && matched.is_none() {
            matched = Some(index);
        }
    }
    matched.ok_or(SignatureError::Mismatch)
}

/// Signs a body as Slack does, for tests.
pub fn sign(secret: &str, timestamp: i64, body: &[u8]) -> String {
    let mac = mac(secret, &timestamp.to_string(), body);
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

/// Digits only: the header's text is signed, so a number has one spelling.
fn seconds(timestamp: &str) -> Option<i64> {
    let plain = timestamp.bytes().all(|byte| byte.is_ascii_digit());
    timestamp.parse().ok().filter(|_| plain)
}

fn digest(signature: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(signature.strip_prefix("v0=")?, &mut bytes).ok()?;
    Some(bytes)
}

fn mac(secret: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    for part in [b"v0:", timestamp.as_bytes(), b":", body] {
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "test-signing-secret";
    const AT: i64 = 1_700_000_000;
    const BODY: &[u8] = b"token=&team_id=T0001&command=%2Fincident&text=new+db+down&user_id=U0001&channel_id=C0001&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT0001%2F1%2Fx&trigger_id=1.2.x";
    const SIGNATURE: &str = "v0=475f846753da0b620244853ea123bac521f4bbf980f2c59aad65d773e7171d9d";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn check(secrets: &[&str], body: &[u8], now: i64) -> Result<usize, SignatureError> {
        let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).into()).collect();
        let timestamp = Some("1700000000");
        verify(&secrets, timestamp, Some(SIGNATURE), body, at(now))
    }

    #[test]
    fn slacks_own_signature_holds_for_five_minutes_either_way() {
        for (skew, held) in [
            (0, Ok(0)),
            (300, Ok(0)),
            (-300, Ok(0)),
            (301, Err(SignatureError::Expired)),
            (-301, Err(SignatureError::Expired)),
        ] {
            assert_eq!(check(&[SECRET], BODY, AT + skew), held, "skew {skew}");
        }
        assert_eq!(sign(SECRET, AT, BODY), SIGNATURE);
    }

    #[test]
    fn either_secret_is_taken_while_a_rotation_lasts_and_no_other() {
        let mismatch = Err(SignatureError::Mismatch);
        for (secrets, held) in [
            (&[SECRET, "old"][..], Ok(0)),
            (&["new", SECRET], Ok(1)),
            (&[SECRET, SECRET], Ok(0)),
            (&["new"], mismatch),
            (&[""], mismatch),
            (&[], mismatch),
        ] {
            assert_eq!(check(secrets, BODY, AT), held, "{secrets:?}");
        }
        assert_eq!(check(&[SECRET], b"other", AT), mismatch);
    }

    #[test]
    fn an_empty_secret_signs_nothing() {
        let signature = sign("", AT, BODY);
        let timestamp = Some("1700000000");
        let said = verify(&[String::new()], timestamp, Some(&signature), BODY, at(AT));
        assert_eq!(said, Err(SignatureError::Mismatch));
    }

    #[test]
    fn headers_that_are_missing_or_malformed_are_told_apart() {
        let good = Some("1700000000");
        let sig = Some(SIGNATURE);
        for (timestamp, signature, why) in [
            (None, sig, SignatureError::Missing),
            (good, None, SignatureError::Missing),
            (Some(""), sig, SignatureError::Malformed),
            (Some("+1700000000"), sig, SignatureError::Malformed),
            (Some("-1700000000"), sig, SignatureError::Malformed),
            (Some("9999999999999999999"), sig, SignatureError::Malformed),
            (good, Some("v1=00"), SignatureError::Malformed),
            (good, Some("v0=zz"), SignatureError::Malformed),
            (good, Some("v0=00"), SignatureError::Malformed),
        ] {
            let said = verify(&[SECRET.into()], timestamp, signature, BODY, at(AT));
            assert_eq!(said, Err(why), "{timestamp:?} {signature:?}");
        }
    }
}
