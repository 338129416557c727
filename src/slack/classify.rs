//! What a failed call means for the effect: one table, by Slack's codes.
//!
//! Slack answers 200 with a code, and some codes say that part of the operation may have happened:
//! these count as an error of the server, like a 503. A dead token is no refusal: the effect is
//! kept, and parks where a person sees it, instead of being lost one by one.

use super::client::Trouble;
use crate::courier::{Look, Outcome};
use crate::domain::effect::Answer;
use std::time::Duration;

/// When Slack says later without saying when.
const LATER: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    AlreadyDone,
    Transient,
    DeadToken,
    No,
}

fn class(code: &str) -> Class {
    match code {
        "already_archived" | "already_in_channel" | "already_pinned" | "already_reacted" => {
            Class::AlreadyDone
        }
        "internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "request_timeout"
        | "team_added_to_org"
        | "external_channel_migrating" => Class::Transient,
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
        | "http_407" => Class::DeadToken,
        _ => Class::No,
    }
}

/// What an effect's failed call means; `pauses` is what must wait when Slack says later.
pub(crate) fn outcome(trouble: Trouble, pauses: Vec<String>) -> Outcome {
    match trouble {
        Trouble::Rated { code, after } => Outcome::Later {
            after: after.unwrap_or(LATER),
            pauses,
            code,
        },
        Trouble::NeverSent(code) => Outcome::Failed {
            code: code.to_owned(),
        },
        Trouble::Server(code) => Outcome::ServerError { code },
        Trouble::Unknown(code) => Outcome::Uncertain { code },
        Trouble::Api(code) => match class(&code) {
            Class::AlreadyDone => Outcome::Done(Answer::Nothing),
            Class::Transient => Outcome::ServerError { code },
            Class::DeadToken => Outcome::Unauthorized { code },
            Class::No => Outcome::Refused { code },
        },
    }
}

/// The same for a call that only prepares: whatever became of it, nothing can be seen of it.
pub(crate) fn before_anything(trouble: Trouble, pauses: Vec<String>) -> Outcome {
    match outcome(trouble, pauses) {
        Outcome::Uncertain { code } | Outcome::ServerError { code } => Outcome::Failed { code },
        known => known,
    }
}

/// The same once part of an effect stands: only a look can tell what is still to be done.
pub(crate) fn halfway(trouble: Trouble, pauses: Vec<String>) -> Outcome {
    match outcome(trouble, pauses) {
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

/// What a failed call means for a look; `pauses` is what must wait when Slack says later.
pub(crate) fn look(trouble: Trouble, pauses: Vec<String>) -> Look {
    match outcome(trouble, pauses) {
        Outcome::Done(_) => Look::Absent,
        Outcome::Refused { code } => Look::Unreadable { code },
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
        } => Look::Failed {
            code,
            after: Some(after),
            pauses,
        },
        Outcome::Failed { code }
        | Outcome::Unauthorized { code }
        | Outcome::ServerError { code }
        | Outcome::Uncertain { code } => Look::Failed {
            code,
            after: None,
            pauses: Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(code: &str) -> Trouble {
        Trouble::Api(code.into())
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
    fn later_says_when_and_what_waits() {
        let rated = |after| Trouble::Rated {
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
    fn a_timeout_is_uncertain_and_what_never_left_is_not() {
        let timeout = Trouble::Unknown("timeout".into());
        let uncertain = Outcome::Uncertain {
            code: "timeout".into(),
        };
        assert_eq!(outcome(timeout.clone(), vec![]), uncertain);
        let failed = Outcome::Failed {
            code: "timeout".into(),
        };
        assert_eq!(before_anything(timeout, vec![]), failed);
        let connect = Outcome::Failed {
            code: "connect".into(),
        };
        assert_eq!(outcome(Trouble::NeverSent("connect"), vec![]), connect);
    }

    #[test]
    fn half_a_message_is_never_called_not_done() {
        let trouble = Trouble::NeverSent("connect");
        let uncertain = Outcome::Uncertain {
            code: "connect".into(),
        };
        assert_eq!(halfway(trouble, vec![]), uncertain);
    }
}
