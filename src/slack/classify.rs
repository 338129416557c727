//! What a failed call means for the effect, by Slack's error codes.
//!
//! Slack answers 200 with a code, and some codes say that part of the operation may have happened: they
//! count as an error of the server, like a 503. An invalid token is not a refusal: the effects are
//! parked, where an operator sees them, and can be retried with a new token.

use super::client::CallError;
use crate::courier::{Lookup, Outcome};
use crate::domain::effect::Answer;
use std::time::Duration;

/// How long to wait when a rate limit comes without a `Retry-After`.
const LATER: Duration = Duration::from_secs(30);

/// What a failed call means for its effect. A rate limit pauses the scopes `pauses`.
pub(crate) fn outcome(error: CallError, pauses: Vec<String>) -> Outcome {
    match error {
        CallError::RateLimited { code, after } => Outcome::Later {
            after: after.unwrap_or(LATER),
            pauses,
            code,
        },
        CallError::NotSent(code) => Outcome::Failed {
            code: code.to_owned(),
        },
        CallError::ServerError(code) => Outcome::ServerError { code },
        CallError::Unknown(code) => Outcome::Uncertain { code },
        CallError::Api(code) => match code.as_str() {
            "already_archived" | "already_in_channel" | "already_pinned" | "already_reacted" => {
                Outcome::Done(Answer::Nothing)
            }
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
pub(crate) fn outcome_of_preparation(error: CallError, pauses: Vec<String>) -> Outcome {
    match outcome(error, pauses) {
        Outcome::Uncertain { code } | Outcome::ServerError { code } => Outcome::Failed { code },
        known => known,
    }
}

/// The same after a part of the effect is done: only a lookup tells which part.
pub(crate) fn outcome_after_part(error: CallError, pauses: Vec<String>) -> Outcome {
    match outcome(error, pauses) {
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
        Outcome::Failed { code } | Outcome::Unauthorized { code } => Outcome::Uncertain { code },
        known => known,
    }
}

/// What a failed call means for a lookup. A rate limit pauses the scopes `pauses`.
pub(crate) fn lookup(error: CallError, pauses: Vec<String>) -> Lookup {
    match outcome(error, pauses) {
        Outcome::Done(_) => Lookup::Absent,
        Outcome::Refused { code } => Lookup::Unreadable { code },
        Outcome::Later {
            after,
            code,
            pauses,
        }
        | Outcome::Partly {
            after,
            code,
            pauses,
            ..
        } => Lookup::Failed {
            code,
            after: Some(after),
            pauses,
        },
        Outcome::Failed { code }
        | Outcome::Unauthorized { code }
        | Outcome::ServerError { code }
        | Outcome::Uncertain { code } => Lookup::Failed {
            code,
            after: None,
            pauses: Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(code: &str) -> CallError {
        CallError::Api(code.into())
    }

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
                assert_eq!(
                    outcome(api(code), vec![]),
                    meaning((*code).into()),
                    "{code}"
                );
            }
        }
        for code in ["already_in_channel", "already_pinned"] {
            assert_eq!(outcome(api(code), vec![]), done, "{code}");
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
            assert_eq!(outcome(rated(said), pauses), expected);
        }
    }

    #[test]
    fn a_timeout_is_uncertain_and_a_failed_connect_is_not() {
        let timeout = CallError::Unknown("timeout".into());
        let uncertain = Outcome::Uncertain {
            code: "timeout".into(),
        };
        assert_eq!(outcome(timeout.clone(), vec![]), uncertain);
        let failed = Outcome::Failed {
            code: "timeout".into(),
        };
        assert_eq!(outcome_of_preparation(timeout, vec![]), failed);
        let connect = Outcome::Failed {
            code: "connect".into(),
        };
        assert_eq!(outcome(CallError::NotSent("connect"), vec![]), connect);
    }

    #[test]
    fn an_incomplete_message_is_never_reported_as_not_sent() {
        let error = CallError::NotSent("connect");
        let uncertain = Outcome::Uncertain {
            code: "connect".into(),
        };
        assert_eq!(outcome_after_part(error, vec![]), uncertain);
    }
}
