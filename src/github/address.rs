//! The address of a webhook's row: whether it is stored, and its subject.
//!
//! Reads only the few fields that order arrivals; the decoder reads the rest. An event that is not used gets
//! no row and is only counted.

use super::events;
use super::payload::{Unreadable, payload};
use serde::Deserialize;

/// What to do with a webhook whose signature is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressed {
    /// GitHub checks the URL.
    Ping,
    /// This event is not used.
    Ignored,
    /// Stored as this kind.
    Stored {
        kind: &'static str,
        /// What orders it among others: a run, a pull request, else the repository.
        subject: String,
    },
}

#[derive(Deserialize)]
struct Parts {
    action: Option<String>,
    repository: Option<Part>,
    workflow_run: Option<Part>,
    check_run: Option<Part>,
    pull_request: Option<Part>,
    issue: Option<Part>,
    deployment: Option<Part>,
}

/// The fields that are read of any part.
#[derive(Deserialize)]
struct Part {
    id: Option<u64>,
    number: Option<u64>,
    head_sha: Option<String>,
    full_name: Option<String>,
}

/// Reads the address. `event` is `X-GitHub-Event`, which is not empty.
pub fn address(event: &str, content_type: &str, body: &[u8]) -> Result<Addressed, Unreadable> {
    let json = payload(content_type, body)?;
    // The whole must be JSON and an object, also of kinds that are ignored: a 400 tells the sender.
    let parts = match serde_json::from_slice::<Parts>(&json) {
        Ok(parts) => Some(parts),
        Err(_) => {
            let value: serde_json::Value =
                serde_json::from_slice(&json).map_err(|_| Unreadable("the body is not JSON"))?;
            if !value.is_object() {
                return Err(Unreadable("the body is not a JSON object"));
            }
            None
        }
    };
    if event == "ping" {
        return Ok(Addressed::Ping);
    }
    let action = parts.as_ref().and_then(|parts| parts.action.as_deref());
    let Some(kind) = events::stored(event, action) else {
        return Ok(Addressed::Ignored);
    };
    let subject = parts.map_or_else(|| "github".to_owned(), |parts| subject(&parts));
    Ok(Addressed::Stored { kind, subject })
}

fn subject(parts: &Parts) -> String {
    let id = |part: &Option<Part>| part.as_ref()?.id;
    let repository = parts.repository.as_ref();
    let Some(repository) = repository.and_then(|part| part.full_name.as_deref()) else {
        return "github".to_owned();
    };
    let run = id(&parts.workflow_run);
    let pull = parts.pull_request.as_ref().or(parts.issue.as_ref());
    let pull = pull.and_then(|part| part.number);
    let check = parts.check_run.as_ref();
    let sha = check.and_then(|part| part.head_sha.as_deref());
    let deployment = id(&parts.deployment);
    let part = match (run, pull, sha, deployment) {
        (Some(run), ..) => format!(":run:{run}"),
        (_, Some(number), ..) => format!("#{number}"),
        (_, _, Some(sha), _) => format!(":sha:{sha}"),
        (.., Some(id)) => format!(":deployment:{id}"),
        _ => String::new(),
    };
    let subject = format!("github:{repository}{part}");
    // PostgreSQL's text has no zero bytes, and a key from outside needs a limit.
    let subject = subject.chars().take(200);
    subject
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_ordered_by_what_it_is_about() {
        for (event, body, subject) in [
            (
                "workflow_run",
                r#"{"repository":{"full_name":"a/b"},"workflow_run":{"id":7}}"#,
                "github:a/b:run:7",
            ),
            (
                "pull_request",
                r#"{"repository":{"full_name":"a/b"},"pull_request":{"id":1,"number":9}}"#,
                "github:a/b#9",
            ),
            (
                "deployment_status",
                r#"{"repository":{"full_name":"a/b"},"deployment":{"id":4}}"#,
                "github:a/b:deployment:4",
            ),
            (
                "push",
                r#"{"repository":{"full_name":"a/b"}}"#,
                "github:a/b",
            ),
            ("push", r#"{"repository":"odd"}"#, "github"),
        ] {
            let kind = events::stored(event, None).unwrap();
            let expected = Addressed::Stored {
                kind,
                subject: subject.into(),
            };
            let found = address(event, "application/json", body.as_bytes());
            assert_eq!(found, Ok(expected), "{event}");
        }
    }

    #[test]
    fn a_form_is_read_like_json() {
        let body = b"payload=%7B%22repository%22%3A%7B%22full_name%22%3A%22a%2Fb%22%7D%7D";
        let found = address(
            "push",
            "application/x-www-form-urlencoded; charset=utf-8",
            body,
        );
        let expected = Addressed::Stored {
            kind: "push",
            subject: "github:a/b".into(),
        };
        assert_eq!(found, Ok(expected));
    }

    #[test]
    fn an_unused_event_is_ignored_and_a_body_that_is_not_json_is_refused() {
        let json = "application/json";
        for event in ["star", "workflow_job", "check_suite", "status"] {
            assert_eq!(address(event, json, b"{}"), Ok(Addressed::Ignored));
        }
        assert_eq!(address("ping", json, b"{}"), Ok(Addressed::Ping));
        for bad in ["", "[", "[]", "1", "\u{fffd}"] {
            assert!(address("push", json, bad.as_bytes()).is_err(), "{bad}");
            assert!(address("star", json, bad.as_bytes()).is_err(), "{bad}");
        }
        let form = "application/x-www-form-urlencoded";
        assert!(address("push", form, b"other=1").is_err());
    }
}
