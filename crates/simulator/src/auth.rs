//! The tokens of calls, and the signatures of requests to the app.
//!
//! It implements Slack's v0 signature and GitHub's header, and the invalid signatures that the app must
//! refuse.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::error::Refused;
use super::state::{Bot, WorkspaceState};

/// How a request to the app is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signing {
    /// Valid.
    #[default]
    Good,
    /// With another secret.
    WrongSecret,
    /// Valid ten minutes ago.
    Stale,
    /// Without signature headers.
    Missing,
}

pub(crate) fn bot_of(state: &WorkspaceState, token: Option<&str>) -> Result<Bot, Refused> {
    let Some(token) = token.filter(|t| !t.is_empty()) else {
        return Err(Refused::new("not_authed"));
    };
    let found = state.bots.iter().find(|b| b.token == token);
    match found {
        None => Err(Refused::new("invalid_auth")),
        Some(bot) => match &bot.revoked {
            Some(code) => Err(Refused::new(code)),
            None => Ok(bot.clone()),
        },
    }
}

pub(crate) fn hmac_hex(secret: &str, parts: &[&[u8]]) -> String {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes())
        .expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    hex::encode(mac.finalize().into_bytes())
}

pub(crate) fn slack_headers(
    secret: &str,
    now: i64,
    body: &[u8],
    signing: Signing,
) -> Vec<(String, String)> {
    let at = if signing == Signing::Stale {
        now - 600
    } else {
        now
    };
    let secret = if signing == Signing::WrongSecret {
        "another secret"
    } else {
        secret
    };
    if signing == Signing::Missing {
        return Vec::new();
    }
    let stamp = at.to_string();
    let signature = hmac_hex(secret, &[b"v0:", stamp.as_bytes(), b":", body]);
    vec![
        ("x-slack-request-timestamp".to_owned(), stamp),
        ("x-slack-signature".to_owned(), format!("v0={signature}")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vector_is_signed_as_slack_signs_it() {
        let body = "token=&team_id=T0001&command=%2Fincident&text=new+db+down&user_id=U0001\
            &channel_id=C0001&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT0001%2F1%2Fx\
            &trigger_id=1.2.x";
        let headers = slack_headers(
            "test-signing-secret",
            1_700_000_000,
            body.as_bytes(),
            Signing::Good,
        );
        let expected = "v0=475f846753da0b620244853ea123bac521f4bbf980f2c59aad65d773e7171d9d";
        assert_eq!(headers[1].1, expected);
    }
}
