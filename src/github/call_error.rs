//! What a failed call to GitHub means: for an effect, for a step before it, and for a lookup.
//!
//! GitHub answers 403 for three reasons: a limit, a missing permission, and a run that cannot be repeated.
//! <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>

use crate::courier::{Lookup, Outcome};
use crate::http_client::{Answer, Unanswered};
use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use serde::Deserialize;
use std::time::Duration;

/// A secondary limit that names no time: GitHub asks for a minute at least.
const AFTER_SECONDARY: Duration = Duration::from_secs(60);
const WHEN_BUSY: Duration = Duration::from_secs(2);
/// So long after the end of an hour of quota, because of different clocks.
const AFTER_RESET: i64 = 1;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CallError {
    /// Surely not done, because nothing was sent.
    NeverSent(String),
    /// Perhaps done.
    Lost(String),
    /// Perhaps done, and nothing is in progress any more.
    Server(u16),
    Limited {
        after: Duration,
        code: &'static str,
    },
    /// Too much of this kind is in progress here.
    Busy,
    Unauthorized(&'static str),
    Refused(Refusal),
    /// Not by GitHub: here, or by the storage. `answered`: GitHub had answered before.
    Elsewhere {
        error: Box<Self>,
        answered: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// 0: it was refused here.
    pub(super) status: u16,
    pub(super) code: String,
    /// GitHub's words: to compare, never to show.
    pub(super) message: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    message: String,
    errors: serde_json::Value,
}

impl CallError {
    pub(super) fn refused(code: impl Into<String>) -> Self {
        Self::Refused(Refusal {
            status: 0,
            code: code.into(),
            message: String::new(),
        })
    }

    /// The error of a call that was not made.
    pub(super) fn here(self) -> Self {
        self.elsewhere(false)
    }

    /// The error of a storage, to which GitHub redirected.
    pub(super) fn of_storage(self) -> Self {
        self.elsewhere(true)
    }

    fn elsewhere(self, answered: bool) -> Self {
        let error = Box::new(self);
        Self::Elsewhere { error, answered }
    }

    /// An answer that has not the form that is documented.
    pub(super) fn unreadable() -> Self {
        Self::Lost("unreadable".to_owned())
    }

    pub(super) fn is(&self, status: u16) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == status)
    }

    /// Whether the request was refused as invalid, in a sentence with this word.
    pub(super) fn says(&self, word: &str) -> bool {
        matches!(self, Self::Refused(Refusal { status: 400 | 422, message, .. }) if message.contains(word))
    }

    /// The error of a call that only read: nothing is done by it.
    pub(super) fn unsent(self) -> Self {
        match self {
            Self::Lost(code) => Self::NeverSent(code),
            Self::Server(status) => Self::NeverSent(format!("http_{status}")),
            error => error,
        }
    }

    /// What follows for the effect whose call this was; `scope` is what a limit is for.
    pub(super) fn outcome(self, scope: String) -> Outcome {
        match self {
            Self::NeverSent(code) => Outcome::Failed { code },
            Self::Lost(code) => Outcome::Uncertain { code },
            Self::Server(status) => Outcome::ServerError {
                code: format!("http_{status}"),
            },
            Self::Limited { after, code } => Outcome::Later {
                after,
                pauses: vec![scope],
                code: code.into(),
            },
            Self::Busy => Outcome::Later {
                after: WHEN_BUSY,
                pauses: Vec::new(),
                code: "busy".to_owned(),
            },
            Self::Unauthorized(code) => Outcome::Unauthorized { code: code.into() },
            Self::Refused(refusal) => Outcome::Refused { code: refusal.code },
            Self::Elsewhere { error, answered } => Outcome::Elsewhere {
                outcome: Box::new(error.outcome(scope)),
                answered,
            },
        }
    }

    /// What follows for a lookup, which only reads.
    pub(super) fn lookup(self, scope: String) -> Lookup {
        if let Self::Elsewhere { error, .. } = self {
            return error.lookup(scope);
        }
        match self.unsent().outcome(scope) {
            Outcome::Refused { code } => Lookup::Unreadable { code },
            Outcome::Later {
                after,
                pauses,
                code,
            } => Lookup::Failed {
                code,
                after: Some(after),
                pauses,
            },
            outcome => Lookup::Failed {
                code: outcome.code().unwrap_or_default().to_owned(),
                after: None,
                pauses: Vec::new(),
            },
        }
    }
}

impl From<Unanswered> for CallError {
    fn from(error: Unanswered) -> Self {
        match error {
            Unanswered::NeverSent(code) => Self::NeverSent(code.to_owned()),
            Unanswered::Lost(code) => Self::Lost(code.to_owned()),
            Unanswered::Unsendable => Self::refused("bad_request"),
        }
    }
}

/// The answer, if it is a success.
pub(super) fn check(answer: Answer, now: DateTime<Utc>) -> Result<Answer, CallError> {
    let status = answer.status;
    if status.is_success() {
        return Ok(answer);
    }
    let body: Body = serde_json::from_slice(&answer.body).unwrap_or_default();
    if matches!(status.as_u16(), 403 | 429)
        && let Some((after, code)) = limit(&answer, &body.message, now)
    {
        return Err(CallError::Limited { after, code });
    }
    Err(match status.as_u16() {
        401 => CallError::Unauthorized("bad_credentials"),
        500 | 502 | 503 => CallError::Server(status.as_u16()),
        408 | 500.. => CallError::Lost(format!("http_{}", status.as_u16())),
        _ => CallError::Refused(Refusal {
            status: status.as_u16(),
            code: code(status, &answer, &body),
            message: body.message,
        }),
    })
}

/// How long a limit lasts, and which it is; `None`: it is no limit.
fn limit(answer: &Answer, message: &str, now: DateTime<Utc>) -> Option<(Duration, &'static str)> {
    let number = |name: &str| -> Option<i64> { header(answer, name)?.trim().parse().ok() };
    let message = message.to_ascii_lowercase();
    let secondary = message.contains("secondary rate limit") || message.contains("abuse detection");
    let code = if secondary {
        "secondary_limit"
    } else {
        "rate_limited"
    };
    if let Some(after) = answer.retry_after() {
        return Some((after, code));
    }
    if number("x-ratelimit-remaining") == Some(0) && !secondary {
        let reset = number("x-ratelimit-reset").unwrap_or_default();
        let seconds = (reset - now.timestamp()).max(0) + AFTER_RESET;
        return Some((Duration::from_secs(seconds.unsigned_abs()), "quota_spent"));
    }
    let limited = secondary || answer.status == StatusCode::TOO_MANY_REQUESTS;
    limited.then_some((AFTER_SECONDARY, code))
}

/// A word for people, such as `forbidden:actions=write`. GitHub's own words are not in it.
fn code(status: StatusCode, answer: &Answer, body: &Body) -> String {
    match status.as_u16() {
        403 if body.message.contains("suspended") => "installation_suspended".to_owned(),
        403 => {
            let needed = header(answer, "x-accepted-github-permissions").map(word);
            match needed.filter(|needed| !needed.is_empty()) {
                Some(needed) => format!("forbidden:{needed}"),
                None => "forbidden".to_owned(),
            }
        }
        404 => "not_found".to_owned(),
        409 => "conflict".to_owned(),
        410 => "gone".to_owned(),
        422 => {
            let first = body.errors.get(0);
            let code = first.and_then(|error| error.get("code")?.as_str());
            code.map_or_else(
                || "invalid".to_owned(),
                |code| format!("invalid:{}", word(code)),
            )
        }
        status => format!("http_{status}"),
    }
}

/// The letters of a word of GitHub's, so that nothing else gets into a code.
fn word(text: &str) -> String {
    let kept = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '=' | ';');
    text.chars().filter(kept).take(80).collect()
}

pub(super) fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name)?.to_str().ok()
}
