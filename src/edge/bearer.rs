//! Bearer tokens.
//!
//! Compared as digests, in constant time: neither the token nor its length shows in the time taken.

use http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Whether the request carries this token.
pub(super) fn matches(headers: &HeaderMap, token: &str) -> bool {
    let given = only(headers, header::AUTHORIZATION.as_str());
    let Some((scheme, given)) = given.and_then(|text| text.split_once(' ')) else {
        return false;
    };
    let same = Sha256::digest(given.trim()).ct_eq(&Sha256::digest(token));
    scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && bool::from(same)
}

/// The text of a header that occurs exactly once.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none());
    value?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn only_the_token_itself_is_taken() {
        for (given, token, taken) in [
            ("Bearer secret", "secret", true),
            ("bearer secret", "secret", true),
            ("Bearer secre", "secret", false),
            ("Bearer secret2", "secret", false),
            ("Basic secret", "secret", false),
            ("secret", "secret", false),
            ("Bearer ", "", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(given));
            assert_eq!(matches(&headers, token), taken, "{given}");
        }
        assert!(!matches(&HeaderMap::new(), "secret"));
    }
}
