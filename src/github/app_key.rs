//! The App's private key, and the web tokens that it signs.
//!
//! <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;

/// GitHub's clock may be behind ours: a token from the future is refused.
const ISSUED_BEFORE: i64 = 60;
/// GitHub accepts at most ten minutes.
const VALID_FOR: i64 = 540;

pub struct AppKey(KeyPair);

impl AppKey {
    /// Reads PEM with PKCS #1, as GitHub gives it, or PKCS #8. No error contains a part of the key.
    pub fn from_pem(pem: &str) -> anyhow::Result<Self> {
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes());
        let pair = match der.ok().context("it is not a private key in PEM")? {
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            _ => bail!("it is not an RSA key"),
        };
        let pair = pair
            .ok()
            .context("it is not an RSA key of 2048 to 4096 bits")?;
        Ok(Self(pair))
    }

    /// A web token with which the App `app` authenticates itself at this time; `None`: it could not be signed.
    pub(super) fn web_token(&self, app: u64, now: DateTime<Utc>) -> Option<String> {
        let now = now.timestamp();
        let header = json!({"alg": "RS256", "typ": "JWT"});
        let claims = json!({
            "iat": now - ISSUED_BEFORE, "exp": now + VALID_FOR, "iss": app.to_string(),
        });
        let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; self.0.public().modulus_len()];
        let random = SystemRandom::new();
        let signing = self.0.sign(
            &RSA_PKCS1_SHA256,
            &random,
            signed.as_bytes(),
            &mut signature,
        );
        signing.ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_cannot_be_used_is_refused_without_being_quoted() {
        let pem = "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n";
        for text in ["", "hello", pem] {
            let refused = AppKey::from_pem(text).err().unwrap();
            let said = format!("{refused:#}");
            assert!(said.starts_with("it is not "), "{said}");
            assert!(!said.contains("c2Vj"), "{said}");
        }
    }
}
