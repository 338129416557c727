//! `X-Hub-Signature-256`: an HMAC over the raw body, whatever its content type.
//!
//! Every secret is tried, so that the time taken says nothing about which one matched. The scheme has no
//! timestamp: a replay is a duplicate by its delivery id.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The signature is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not hold")]
pub struct InvalidSignature;

/// Whether a header's value has the form of a signature, which can be checked before the body is read.
pub fn is_well_formed(header: &str) -> bool {
    let digits = header.strip_prefix("sha256=");
    digits.is_some_and(|digits| {
        digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// Checks the header's value over the raw body. Returns the index of the secret that matched; empty
/// secrets never match.
pub fn verify(secrets: &[&[u8]], header: &str, body: &[u8]) -> Result<usize, InvalidSignature> {
    let hex_digits = header.strip_prefix("sha256=").ok_or(InvalidSignature)?;
    let claimed = hex::decode(hex_digits).map_err(|_| InvalidSignature)?;
    let mut matched = None;
    for (index, secret) in secrets.iter().enumerate() {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| InvalidSignature)?;
        mac.update(body);
        let holds = mac.verify_slice(&claimed).is_ok() && !secret.is_empty();
        if holds && matched.is_none() {
            matched = Some(index);
        }
    }
    matched.ok_or(InvalidSignature)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"zen":"keep it simple"}"#;
    const GOOD: &str = "sha256=5224e7ccd9b3c18a3da984f31f61b8ac2c109d1a427b05cd14c20a072bb037d2";

    #[test]
    fn only_a_valid_signature_is_accepted_with_its_secret() {
        let now: &[u8] = b"test-webhook-secret";
        for (secrets, header, body, expected) in [
            (vec![now], GOOD, BODY, Ok(0)),
            (vec![b"newer".as_slice(), now], GOOD, BODY, Ok(1)),
            (vec![b"other".as_slice()], GOOD, BODY, Err(InvalidSignature)),
            (vec![], GOOD, BODY, Err(InvalidSignature)),
            (vec![now], GOOD, b"{}".as_slice(), Err(InvalidSignature)),
            (vec![now], &GOOD[7..], BODY, Err(InvalidSignature)),
            (vec![now], "sha256=", BODY, Err(InvalidSignature)),
            (vec![now], "sha256=zz", BODY, Err(InvalidSignature)),
            (
                vec![now],
                &GOOD[..GOOD.len() - 2],
                BODY,
                Err(InvalidSignature),
            ),
            (vec![now], "sha1=5224e7cc", BODY, Err(InvalidSignature)),
        ] {
            assert_eq!(verify(&secrets, header, body), expected, "{header}");
            assert!(is_well_formed(header) || expected.is_err(), "{header}");
        }
    }

    #[test]
    fn a_malformed_signature_is_refused_without_the_body() {
        assert!(is_well_formed(GOOD));
        for header in [
            "",
            "sha256=",
            &GOOD[7..],
            &GOOD[..70],
            &GOOD.replace('5', "z"),
        ] {
            assert!(!is_well_formed(header), "{header}");
        }
    }

    #[test]
    fn an_empty_secret_matches_nothing() {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"").unwrap();
        mac.update(BODY);
        let forged = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        assert_eq!(verify(&[b""], &forged, BODY), Err(InvalidSignature));
    }
}
