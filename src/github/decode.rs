//! Makes a signal of a webhook's row.
//!
//! Tolerant: a field that is missing, of another type, or new is no error, because GitHub adds to
//! its payloads without notice and a refused delivery does not come back.

use super::events;
use super::payload::payload;
use crate::domain::areas::{Event, Signal};
use crate::domain::ids::SignalId;
use chrono::{DateTime, Utc};
use serde::de::IgnoredAny;

/// Makes a signal of a row's kind, the content type in its headers, and its body.
pub fn decode(
    kind: &str,
    content_type: &str,
    body: &[u8],
    id: SignalId,
    at: DateTime<Utc>,
) -> Result<Signal, String> {
    let json = payload(content_type, body).map_err(|error| error.to_string())?;
    serde_json::from_slice::<IgnoredAny>(&json)
        .map_err(|error| format!("the body is not JSON: {error}"))?;
    let event = events::read(kind, &json, at).unwrap_or_else(|| Event::Unused {
        what: kind.to_owned(),
    });
    Ok(Signal { id, at, event })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Signal, String> {
        let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let id = SignalId(uuid::Uuid::nil());
        decode("push", "application/json", body.as_bytes(), id, at)
    }

    /// What is stored is decoded, whichever field is missing or odd: no signal is retried for it.
    #[test]
    fn an_incomplete_webhook_of_any_kind_is_decoded() {
        use crate::github::address::{Addressed, address};
        use serde_json::json;
        let whole = json!({"action": "completed", "ref": "refs/heads/main", "sha": "abc",
            "repository": {"full_name": "a/b", "id": 1}, "installation": {"id": 7},
            "workflow_run": {"id": 5, "run_attempt": 1, "head_sha": "abc"},
            "workflow_job": {"run_id": 5, "id": 6}, "check_run": {"head_sha": "abc"},
            "check_suite": {"head_sha": "abc"}, "pull_request": {"number": 3, "id": 9},
            "issue": {"number": 4}, "comment": {"id": 8}, "deployment": {"id": 2},
            "deployment_status": {"state": "success"}, "sender": {"login": "ada"}});
        let fields: Vec<String> = whole.as_object().unwrap().keys().cloned().collect();
        let mut variants = vec![whole.clone(), json!({})];
        for field in &fields {
            for other in [
                json!(null),
                json!(7),
                json!("x"),
                json!([]),
                json!({}),
                json!({"id": "x"}),
            ] {
                let mut variant = whole.clone();
                variant[field] = other;
                variants.push(variant);
            }
            let mut variant = whole.clone();
            variant.as_object_mut().unwrap().remove(field);
            variants.push(variant);
        }
        let (id, at) = (SignalId(uuid::Uuid::nil()), DateTime::default());
        for kind in events::kinds() {
            for variant in &variants {
                let body = variant.to_string().into_bytes();
                let kept = address(&kind, "application/json", &body).unwrap();
                assert!(!matches!(kept, Addressed::Ping), "{kind}");
                let read = decode(&kind, "application/json", &body, id, at);
                assert!(read.is_ok(), "{kind}: {read:?} of {variant}");
            }
        }
    }

    #[test]
    fn unknown_actions_and_odd_fields_are_no_error() {
        for body in [
            "{}",
            r#"{"action":"brand_new"}"#,
            r#"{"action":7,"repository":[]}"#,
            r#"{"repository":{"full_name":"a/b","new":{}}}"#,
            "[]",
            r#"{"action":"a","x":1e999,"y":"\ud800","repository":{"full_name":"a/b","z":1e999}}"#,
        ] {
            assert!(read(body).is_ok(), "{body}");
        }
        let deep = format!(
            r#"{{"action":"a","x":{}{}}}"#,
            "[".repeat(500),
            "]".repeat(500)
        );
        assert!(read(&deep).is_ok());
        assert!(read("nonsense").is_err());
    }
}
