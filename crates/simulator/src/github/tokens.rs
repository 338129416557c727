//! Authentication: the App's JSON web token, installation tokens, personal tokens.
//!
//! The rules for the web token are GitHub's: RS256, `exp` at most ten minutes ahead, `iat` not in the
//! future. GitHub's clock may differ from the App's by a few seconds, so 30 s are tolerated.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{self, KeyPair as _, RsaKeyPair, UnparsedPublicKey};
use serde_json::Value;

use super::accounts::Holder;
use super::permissions::Caller;
use super::refusal::{Refusal, refuse};
use super::state::GitHubState;
use crate::state::Moment;

/// The private key of the simulated App. It protects nothing.
pub const APP_KEY: &str = include_str!("app_key.pem");

const DRIFT_SECONDS: i64 = 30;
const LONGEST_SECONDS: i64 = 600;

/// The App's public key, as DER.
fn public_key() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| {
        let lines = APP_KEY.lines().filter(|line| !line.starts_with('-'));
        let der = STANDARD.decode(lines.collect::<String>());
        let der = der.expect("the key in this directory is PEM");
        let pair = RsaKeyPair::from_der(&der).expect("the key in this directory is RSA");
        pair.public_key().as_ref().to_vec()
    })
}

/// The credentials of a header: `Bearer`, `token`, or Basic with the token as the password.
fn credentials(header: &str) -> Option<String> {
    let (scheme, rest) = header.split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" | "token" => Some(rest.trim().to_owned()),
        "basic" => {
            let decoded = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
            Some(decoded.split_once(':')?.1.to_owned())
        }
        _ => None,
    }
}

impl GitHubState {
    /// Who calls, from the `Authorization` header; the time of the App's clock is for its web token.
    pub(crate) fn identify(
        &self,
        header: &str,
        now: Moment,
        app_now: Moment,
    ) -> Result<Caller, Refusal> {
        if header.is_empty() {
            return Ok(Caller::Anonymous);
        }
        let token = credentials(header).ok_or_else(Refusal::bad_credentials)?;
        if token.starts_with("eyJ") {
            self.check_web_token(&token, app_now)?;
            return Ok(Caller::App);
        }
        let found = self
            .tokens
            .get(&token)
            .ok_or_else(Refusal::bad_credentials)?;
        if found.expires_at.is_some_and(|end| end <= now) {
            return Err(Refusal::bad_credentials());
        }
        let repositories: BTreeSet<u64> = match &found.holder {
            Holder::Installation(id) => {
                let installation = self.installations.get(id);
                let installation = installation.ok_or_else(Refusal::bad_credentials)?;
                if installation.suspended_at.is_some() {
                    return Err(Refusal::forbidden("This installation has been suspended"));
                }
                let all = self.installed(installation);
                match &found.repositories {
                    Some(narrowed) => all.intersection(narrowed).copied().collect(),
                    None => all,
                }
            }
            Holder::Person(login) => {
                let own = self.repositories.values().filter(|repository| {
                    repository.owner.login == *login || repository.collaborators.contains_key(login)
                });
                own.map(|repository| repository.id).collect()
            }
        };
        Ok(Caller::Token {
            holder: found.holder.clone(),
            permissions: found.permissions.clone(),
            repositories,
        })
    }

    fn check_web_token(&self, token: &str, now: Moment) -> Result<(), Refusal> {
        let unreadable = || {
            refuse(
                StatusCode::UNAUTHORIZED,
                "A JSON web token could not be decoded",
            )
        };
        let parts: Vec<&str> = token.split('.').collect();
        let [head, claims, sign] = parts[..] else {
            return unreadable();
        };
        let json = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
            serde_json::from_slice::<Value>(&bytes).ok()
        };
        let (Some(header), Some(body)) = (json(head), json(claims)) else {
            return unreadable();
        };
        let Ok(sign) = URL_SAFE_NO_PAD.decode(sign) else {
            return unreadable();
        };
        let key = UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, public_key());
        let signed = format!("{head}.{claims}");
        if header["alg"] != "RS256" || key.verify(signed.as_bytes(), &sign).is_err() {
            return unreadable();
        }
        let issuer = match &body["iss"] {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return refuse(StatusCode::UNAUTHORIZED, "Missing 'issuer' claim ('iss')"),
        };
        if issuer != self.app.app_id.to_string() && issuer != self.app.client_id {
            return refuse(StatusCode::NOT_FOUND, "Integration not found");
        }
        let now = now.timestamp();
        let Some(expires) = body["exp"].as_i64().filter(|at| *at > now - DRIFT_SECONDS) else {
            return refuse(
                StatusCode::UNAUTHORIZED,
                "'Expiration time' claim ('exp') must be a numeric value representing the future \
                 time at which the assertion expires",
            );
        };
        if body["iat"]
            .as_i64()
            .is_none_or(|at| at > now + DRIFT_SECONDS)
        {
            return refuse(
                StatusCode::UNAUTHORIZED,
                "'Issued at' claim ('iat') must be an Integer representing the time that the \
                 assertion was issued",
            );
        }
        if expires > now + LONGEST_SECONDS + DRIFT_SECONDS {
            return refuse(
                StatusCode::UNAUTHORIZED,
                "'Expiration time' claim ('exp') is too far in the future",
            );
        }
        Ok(())
    }
}
