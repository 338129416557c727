//! Reads an `issues` webhook: an issue was closed or opened again.
//!
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues>

use super::payload::part;
use crate::domain::areas::Event;
use crate::domain::ci::{self, IssueEdited, OfRecord};
use chrono::{DateTime, Utc};
use serde::Deserialize;

#[derive(Deserialize)]
struct Whole {
    action: Option<String>,
    repository: Option<Repository>,
    issue: Option<Issue>,
    sender: Option<Sender>,
}

#[derive(Deserialize)]
struct Repository {
    full_name: Option<String>,
}

#[derive(Deserialize)]
struct Issue {
    number: Option<i64>,
    updated_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Sender {
    r#type: Option<String>,
}

/// `None`: nothing follows from it.
pub(super) fn read(json: &[u8], _at: DateTime<Utc>) -> Option<Event> {
    let whole = part::<Whole>(json)?;
    let open = match whole.action.as_deref()? {
        "closed" => false,
        "reopened" => true,
        _ => return None,
    };
    let sender = whole.sender.and_then(|sender| sender.r#type);
    let issue = whole.issue?;
    let edited = IssueEdited {
        repository: whole.repository?.full_name?,
        number: issue.number?,
        at: issue.updated_at,
        open,
        by_bot: sender.as_deref() == Some("Bot"),
    };
    let event = OfRecord::IssueEdited(edited);
    Some(Event::Ci(ci::Event::Record(event)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn of(body: &Value) -> Option<Event> {
        read(body.to_string().as_bytes(), DateTime::default())
    }

    #[test]
    fn who_closes_or_opens_an_issue_is_read_and_all_else_is_not() {
        let mut body = json!({
            "action": "closed", "repository": {"full_name": "acme/api"},
            "issue": {"number": 7, "updated_at": "1970-01-01T00:00:00Z"},
            "sender": {"login": "ada", "type": "User"},
        });
        let mut wanted = IssueEdited {
            repository: "acme/api".to_owned(),
            number: 7,
            open: false,
            by_bot: false,
            at: Some(DateTime::default()),
        };
        let event = |edited: &IssueEdited| {
            let event = OfRecord::IssueEdited(edited.clone());
            Some(Event::Ci(ci::Event::Record(event)))
        };
        assert_eq!(of(&body), event(&wanted));
        body["action"] = json!("reopened");
        body["sender"]["type"] = json!("Bot");
        (wanted.open, wanted.by_bot) = (true, true);
        assert_eq!(of(&body), event(&wanted));
        for action in ["opened", "labeled", "brand_new"] {
            body["action"] = json!(action);
            assert_eq!(of(&body), None, "{action}");
        }
    }
}
