//! What a call says that did not succeed, and what that means for its effect, by Slack's error codes.
//!
//! Slack answers 200 with a code, and some codes say that part of the operation may have happened: they
//! count as an error of the server, like a 503. An invalid token is not a refusal: the effects are
//! parked, where an operator sees them, and can be retried with a new token.

use crate::courier::{Lookup, Outcome};
use crate::domain::effect::Answer;
use crate::http_client::{self, Unanswered};
use serde_json::Value;
use std::time::Duration;

/// How long to wait when a rate limit comes without a `Retry-After`.
const LATER: Duration = Duration::from_secs(30);

/// What is known about a call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// Slack refused it with this code.
    #[error("{0}")]
    Api(String),
    #[error("{code}")]
    RateLimited {
        code: String,
        after: Option<Duration>,
    },
    /// It was not sent.
    #[error("{0}")]
    NotSent(&'static str),
    /// Slack answered that it failed.
    #[error("{0}")]
    ServerError(String),
    /// It was sent, and its result is unknown.
    #[error("{0}")]
    Unknown(String),
}

impl CallError {
    /// A success without the expected fields: a lookup may find the result.
    pub(crate) fn unreadable() -> Self {
        Self::Unknown("unreadable_answer".to_owned())
    }

    /// The label of a metric.
    pub(crate) fn result(&self) -> &'static str {
        match self {
            Self::Api(_) => "refused",
            Self::RateLimited { .. } => "later",
            Self::NotSent(_) => "failed",
            Self::ServerError(_) | Self::Unknown(_) => "uncertain",
        }
    }

    /// What it means for its effect. A rate limit pauses the scopes `pauses`.
    pub(crate) fn outcome(self, pauses: Vec<String>) -> Outcome {
        match self {
            Self::RateLimited { code, after } => Outcome::Later {
                after: after.unwrap_or(LATER),
                pauses,
                code,
            },
            Self::NotSent(code) => Outcome::Failed {
                code: code.to_owned(),
            },
            Self::ServerError(code) => Outcome::ServerError { code },
            Self::Unknown(code) => Outcome::Uncertain { code },
            Self::Api(code) => match code.as_str() {
                "already_archived" | "already_in_channel" | "already_pinned"
                | "already_reacted" => Outcome::Done(Answer::Nothing),
                "internal_error"
                | "fatal_error"
                | "service_unavailable"
                | "request_timeout"
                | "team_added_to_org"
                | "external_channel_migrating" => Outcome::ServerError { code },
                "invalid_auth"
                | "not_authed"
                | "account_inactive"
                | "token_revoked"
                | "token_expired"
                | "org_login_required"
                | "ekm_access_denied"
                | "enterprise_is_restricted"
                | "team_access_not_granted"
                | "access_denied"
                | "not_allowed_token_type"
                | "http_401"
                | "http_403"
                | "http_407" => Outcome::Unauthorized { code },
                _ => Outcome::Refused { code },
            },
        }
    }

    /// The same for a call that only prepares, and has no visible result.
    pub(crate) fn outcome_of_preparation(self, pauses: Vec<String>) -> Outcome {
        match self.outcome(pauses) {
            Outcome::Uncertain { code } | Outcome::ServerError { code } => Outcome::Failed { code },
            known => known,
        }
    }

    /// The same after a part of the effect is done: only a lookup tells which part.
    pub(crate) fn outcome_after_part(self, pauses: Vec<String>) -> Outcome {
        match self.outcome(pauses) {
            Outcome::Later {
                after,
                pauses,
                code,
            } => Outcome::Partly {
                after,
                pauses,
                code,
                looked_to: None,
            },
            Outcome::Failed { code } | Outcome::Unauthorized { code } => {
                Outcome::Uncertain { code }
            }
            known => known,
        }
    }

    /// What it means for a lookup.
    pub(crate) fn lookup(self, pauses: Vec<String>) -> Lookup {
        let code = self.to_string();
        match self.outcome(pauses) {
            Outcome::Done(_) => Lookup::Absent,
            Outcome::Refused { code } => Lookup::Unreadable { code },
            Outcome::Later { after, pauses, .. } | Outcome::Partly { after, pauses, .. } => {
                Lookup::Failed {
                    code,
                    after: Some(after),
                    pauses,
                }
            }
            Outcome::Failed { .. }
            | Outcome::Unauthorized { .. }
            | Outcome::ServerError { .. }
            | Outcome::Uncertain { .. }
            | Outcome::Elsewhere { .. } => Lookup::Failed {
                code,
                after: None,
                pauses: Vec::new(),
            },
        }
    }
}

impl From<Unanswered> for CallError {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::NeverSent(code) => Self::NotSent(code),
            Unanswered::Lost(code) => Self::Unknown(code.to_owned()),
            Unanswered::Unsendable => Self::Api("bad_address".to_owned()),
        }
    }
}

/// Reads an answer: JSON, or at a URL that Slack gave us a word such as `ok`.
pub(crate) fn read(answer: &http_client::Answer) -> Result<Value, CallError> {
    match answer.status.as_u16() {
        429 => Err(CallError::RateLimited {
            code: "ratelimited".to_owned(),
            after: answer.retry_after(),
        }),
        status => said(status, &answer.body),
    }
}

fn said(status: u16, body: &[u8]) -> Result<Value, CallError> {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = match body.trim_ascii() {
        b"expired_url" => Some("expired_url"),
        b"used_url" => Some("used_url"),
        // A gateway's error has no `ok`, and its code is not Slack's.
        _ if (200..=299).contains(&status) || said["ok"] == false => said["error"].as_str(),
        _ => None,
    };
    match (status, code) {
        (200..=299, None) if said["ok"] != false => Ok(said),
        (500 | 502 | 503, _) => Err(CallError::ServerError(format!("http_{status}"))),
        // A proxy may answer so while Slack is still working.
        (408 | 500.., _) => Err(CallError::Unknown(format!("http_{status}"))),
        (200..=499, Some(code)) => Err(api(code)),
        (200..=299, None) => Err(api("no_error_code")),
        _ => Err(CallError::Api(format!("http_{status}"))),
    }
}

/// Slack's codes are short words; anything else stays out of rows and logs.
fn api(code: &str) -> CallError {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match code {
        "ratelimited" | "rate_limited" | "too_many_requests" => CallError::RateLimited {
            code: code.to_owned(),
            after: None,
        },
        _ if (1..=60).contains(&code.len()) && code.bytes().all(word) => {
            CallError::Api(code.to_owned())
        }
        _ => CallError::Api("odd_error_code".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_of_codes_means_one_thing() {
        let done = Outcome::Done(Answer::Nothing);
        type Meaning = fn(String) -> Outcome;
        let table: &[(&[&str], Meaning)] = &[
            (
                &[
                    "internal_error",
                    "fatal_error",
                    "service_unavailable",
                    "request_timeout",
                ],
                |code| Outcome::ServerError { code },
            ),
            (
                &[
                    "invalid_auth",
                    "token_revoked",
                    "account_inactive",
                    "token_expired",
                    "http_401",
                ],
                |code| Outcome::Unauthorized { code },
            ),
            (
                &[
                    "is_archived",
                    "channel_not_found",
                    "not_in_channel",
                    "name_taken",
                    "invalid_blocks",
                    "msg_too_long",
                    "missing_scope",
                    "restricted_action",
                    "expired_trigger_id",
                    "expired_url",
                    "used_url",
                    "user_not_found",
                    "cant_invite",
                    "cant_invite_self",
                    "no_permission",
                    "hash_conflict",
                    "http_404",
                ],
                |code| Outcome::Refused { code },
            ),
        ];
        for (codes, meaning) in table {
            for code in *codes {
                assert_eq!(api(code).outcome(vec![]), meaning((*code).into()), "{code}");
            }
        }
        for code in ["already_in_channel", "already_pinned"] {
            assert_eq!(api(code).outcome(vec![]), done, "{code}");
        }
    }

    #[test]
    fn a_rate_limit_says_how_long_and_what_waits() {
        let rated = |after| CallError::RateLimited {
            code: "ratelimited".into(),
            after,
        };
        let seconds = Duration::from_secs;
        for (said, waits) in [(Some(seconds(7)), seconds(7)), (None, seconds(30))] {
            let pauses = vec!["slack:pins.add".to_owned()];
            let expected = Outcome::Later {
                after: waits,
                pauses: pauses.clone(),
                code: "ratelimited".into(),
            };
            assert_eq!(rated(said).outcome(pauses), expected);
        }
    }

    #[test]
    fn a_timeout_is_uncertain_and_a_failed_connect_is_not() {
        let timeout = CallError::Unknown("timeout".into());
        let uncertain = Outcome::Uncertain {
            code: "timeout".into(),
        };
        assert_eq!(timeout.clone().outcome(vec![]), uncertain);
        let failed = Outcome::Failed {
            code: "timeout".into(),
        };
        assert_eq!(timeout.outcome_of_preparation(vec![]), failed);
        let connect = Outcome::Failed {
            code: "connect".into(),
        };
        assert_eq!(CallError::NotSent("connect").outcome(vec![]), connect);
    }

    #[test]
    fn an_incomplete_message_is_never_reported_as_not_sent() {
        let error = CallError::NotSent("connect");
        let uncertain = Outcome::Uncertain {
            code: "connect".into(),
        };
        assert_eq!(error.outcome_after_part(vec![]), uncertain);
    }

    #[test]
    fn an_answer_is_a_success_only_when_it_does_not_say_otherwise() {
        let refused = |code: &str| Err(CallError::Api(code.into()));
        let server = |code: &str| Err(CallError::ServerError(code.into()));
        let unknown = |code: &str| Err(CallError::Unknown(code.into()));
        let table: [(u16, &[u8], Result<(), CallError>); 18] = [
            (200, b"ok", Ok(())),
            (200, b"", Ok(())),
            (200, br#"{"ok":true}"#, Ok(())),
            (200, br#"{"ok":false}"#, refused("no_error_code")),
            (
                200,
                br#"{"ok":false,"error":"<b>"}"#,
                refused("odd_error_code"),
            ),
            (
                200,
                br#"{"ok":false,"error":"used_url"}"#,
                refused("used_url"),
            ),
            (404, b"expired_url", refused("expired_url")),
            (
                404,
                br#"{"ok":false,"error":"used_url"}"#,
                refused("used_url"),
            ),
            (404, b"<html>", refused("http_404")),
            (200, br#"{"error":"some_code"}"#, refused("some_code")),
            (302, b"", refused("http_302")),
            (404, br#"{"error":"not_found"}"#, refused("http_404")),
            (400, br#"{"error":"rate_limited"}"#, refused("http_400")),
            (403, br#"{"error":"forbidden"}"#, refused("http_403")),
            (408, br#"{"error":"timeout"}"#, unknown("http_408")),
            (502, br#"{"error":"upstream"}"#, server("http_502")),
            (503, b"", server("http_503")),
            (504, b"", unknown("http_504")),
        ];
        for (status, body, expected) in table {
            assert_eq!(
                said(status, body).map(|_| ()),
                expected,
                "{status} {body:?}"
            );
        }
    }
}
