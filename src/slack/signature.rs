//! Slack's v0 signature: an HMAC over the timestamp and the raw body.
//!
//! Pure: the caller passes the time, and a header that occurs twice as [`Header::Repeated`]. Every secret
//! is tried, without an early return, so that the time taken does not tell which one matched. A body is
//! not parsed before its signature is verified.
//! <https://docs.slack.dev/authentication/verifying-requests-from-slack>

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// How far Slack's clock and ours may be apart, in seconds, either way (Slack's advice).
pub const TOLERANCE_SECONDS: i64 = 300;

/// How often a header occurs in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header<'a> {
    Missing,
    Once(&'a [u8]),
    /// More than once, so that its value is ambiguous.
    Repeated,
}

/// The secrets that are valid now.
#[derive(Clone, Default)]
pub struct Secrets {
    pub current: String,
    /// During a rotation: the secret before the current one.
    pub previous: Option<String>,
}

/// Which secret a request was signed with; a label of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedWith {
    Current,
    /// The rotation is not finished.
    Previous,
}

impl SignedWith {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Previous => "previous",
        }
    }
}

/// Why a signature is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("a signature header is missing")]
    Missing,
    /// A header is repeated, or has another format.
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
    timestamp: Header<'a>,
    signature: Header<'_>,
    now: DateTime<Utc>,
) -> Result<(&'a [u8], [u8; 32]), SignatureError> {
    let timestamp = once(timestamp)?;
    let signature = once(signature)?;
    let sent_at = seconds(timestamp).ok_or(SignatureError::Malformed)?;
    let given = digest(signature).ok_or(SignatureError::Malformed)?;
    if (now.timestamp().saturating_sub(sent_at)).saturating_abs() > TOLERANCE_SECONDS {
        return Err(SignatureError::Expired);
    }
    Ok((timestamp, given))
}

/// Checks `X-Slack-Request-Timestamp` and `X-Slack-Signature` against the raw body.
pub fn verify(
    secrets: &Secrets,
    timestamp: Header<'_>,
    signature: Header<'_>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<SignedWith, SignatureError> {
    let (timestamp, given) = check_headers(timestamp, signature, now)?;
    let by_current = matches(&secrets.current, timestamp, body, &given);
    let by_previous = match &secrets.previous {
        Some(secret) => matches(secret, timestamp, body, &given),
        None => Choice::from(0),
    };
    // 0: neither, 1: the previous one, 2: the current one.
    let mut which = u8::conditional_select(&0, &1, by_previous);
    which.conditional_assign(&2, by_current);
    match which {
        2 => Ok(SignedWith::Current),
        1 => Ok(SignedWith::Previous),
        _ => Err(SignatureError::Mismatch),
    }
}

/// Signs a body as Slack does, for tests.
pub fn sign(secret: &str, timestamp: i64, body: &[u8]) -> String {
    let mac = mac(secret, timestamp.to_string().as_bytes(), body);
    format!("v0={}", hex::encode(mac))
}

fn once(header: Header<'_>) -> Result<&[u8], SignatureError> {
    match header {
        Header::Missing => Err(SignatureError::Missing),
        Header::Repeated => Err(SignatureError::Malformed),
        Header::Once(value) => Ok(value),
    }
}

/// Digits only: the header's text is signed, so a number has one spelling.
fn seconds(timestamp: &[u8]) -> Option<i64> {
    let plain = (1..=12).contains(&timestamp.len()) && timestamp.iter().all(u8::is_ascii_digit);
    plain.then(|| std::str::from_utf8(timestamp).ok()?.parse().ok())?
}

fn digest(signature: &[u8]) -> Option<[u8; 32]> {
    let digits = signature.strip_prefix(b"v0=")?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(bytes)
}

/// An empty secret never matches: every sender knows it.
fn matches(secret: &str, timestamp: &[u8], body: &[u8], given: &[u8; 32]) -> Choice {
    let equal = mac(secret, timestamp, body).ct_eq(given);
    equal & Choice::from(u8::from(!secret.is_empty()))
}

fn mac(secret: &str, timestamp: &[u8], body: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(b"v0:");
    mac.update(timestamp);
    mac.update(b":");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "test-signing-secret";
    const AT: i64 = 1_700_000_000;
    const BODY: &[u8] = b"token=&team_id=T0001&command=%2Fincident&text=new+db+down&user_id=U0001&channel_id=C0001&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT0001%2F1%2Fx&trigger_id=1.2.x";
    const SIGNATURE: &[u8] = b"v0=475f846753da0b620244853ea123bac521f4bbf980f2c59aad65d773e7171d9d";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn secrets(current: &str, previous: Option<&str>) -> Secrets {
        Secrets {
            current: current.into(),
            previous: previous.map(Into::into),
        }
    }

    fn check(secrets: &Secrets, body: &[u8], now: i64) -> Result<SignedWith, SignatureError> {
        let timestamp = Header::Once(b"1700000000");
        verify(secrets, timestamp, Header::Once(SIGNATURE), body, at(now))
    }

    #[test]
    fn slacks_own_signature_holds_for_five_minutes_either_way() {
        let known = secrets(SECRET, None);
        for (skew, held) in [
            (0, Ok(SignedWith::Current)),
            (300, Ok(SignedWith::Current)),
            (-300, Ok(SignedWith::Current)),
            (301, Err(SignatureError::Expired)),
            (-301, Err(SignatureError::Expired)),
        ] {
            assert_eq!(check(&known, BODY, AT + skew), held, "skew {skew}");
        }
        assert_eq!(sign(SECRET, AT, BODY).as_bytes(), SIGNATURE);
    }

    #[test]
    fn either_secret_is_taken_while_a_rotation_lasts_and_no_other() {
        for (current, previous, held) in [
            (SECRET, Some("old"), Ok(SignedWith::Current)),
            ("new", Some(SECRET), Ok(SignedWith::Previous)),
            (SECRET, Some(SECRET), Ok(SignedWith::Current)),
            ("new", None, Err(SignatureError::Mismatch)),
            ("", None, Err(SignatureError::Mismatch)),
        ] {
            let known = secrets(current, previous);
            assert_eq!(check(&known, BODY, AT), held, "{current} {previous:?}");
        }
        assert_eq!(
            check(&secrets(SECRET, None), b"other", AT),
            Err(SignatureError::Mismatch)
        );
    }

    #[test]
    fn an_empty_secret_signs_nothing() {
        let signature = sign("", AT, BODY);
        let said = verify(
            &secrets("", None),
            Header::Once(b"1700000000"),
            Header::Once(signature.as_bytes()),
            BODY,
            at(AT),
        );
        assert_eq!(said, Err(SignatureError::Mismatch));
    }

    #[test]
    fn headers_that_are_missing_doubled_or_odd_are_told_apart() {
        let good = Header::Once(b"1700000000");
        let sig = Header::Once(SIGNATURE);
        for (timestamp, signature, why) in [
            (Header::Missing, sig, SignatureError::Missing),
            (good, Header::Missing, SignatureError::Missing),
            (Header::Repeated, sig, SignatureError::Malformed),
            (good, Header::Repeated, SignatureError::Malformed),
            (Header::Once(b""), sig, SignatureError::Malformed),
            (Header::Once(b"+1700000000"), sig, SignatureError::Malformed),
            (
                Header::Once(b"9999999999999999999"),
                sig,
                SignatureError::Malformed,
            ),
            (Header::Once(b"\xff"), sig, SignatureError::Malformed),
            (good, Header::Once(b"v1=00"), SignatureError::Malformed),
            (good, Header::Once(b"v0=zz"), SignatureError::Malformed),
            (good, Header::Once(b"v0=00"), SignatureError::Malformed),
            (good, Header::Once(b"\xff\xfe"), SignatureError::Malformed),
        ] {
            let said = verify(&secrets(SECRET, None), timestamp, signature, BODY, at(AT));
            assert_eq!(said, Err(why), "{timestamp:?} {signature:?}");
        }
    }
}
