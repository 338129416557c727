//! What is read of a pull request's labels.

use super::*;
use serde_json::{Value, json};

fn of(body: &Value) -> PullNews {
    let event = read(body.to_string().as_bytes(), DateTime::default());
    match event {
        Some(Event::Ci(ci::Event::Pull(news))) => *news,
        other => panic!("{other:?}"),
    }
}

fn body(action: &str, labels: &Value) -> Value {
    json!({
        "action": action, "repository": {"full_name": "acme/api", "default_branch": "main"},
        "pull_request": {
            "number": 7, "labels": labels, "updated_at": "1970-01-01T00:00:00Z", "merged": false,
            "head": {"ref": "fix", "repo": {"full_name": "mona/api"}}, "base": {"ref": "main"},
        },
    })
}

#[test]
fn the_label_is_found_in_every_payload_whatever_its_case() {
    let off = json!([{"name": "bug"}, {"name": "Wardroom:OFF"}]);
    for action in ["opened", "synchronize", "labeled", "closed", "brand_new"] {
        let news = of(&body(action, &off));
        assert_eq!(
            (news.number, news.head.as_str(), news.is_off, news.merged),
            (7, "mona/api:fix", true, None),
            "{action}"
        );
        assert!(!of(&body(action, &json!([{"name": "wardroom:on"}]))).is_off);
    }
    // Odd labels, or a fork that was deleted, cost nothing else.
    for odd in [json!(null), json!({"name": 7}), json!([{"name": 7}])] {
        assert!(!of(&body("opened", &odd)).is_off, "{odd}");
    }
    let mut deleted = body("opened", &off);
    deleted["pull_request"]["head"]["repo"] = json!(null);
    assert_eq!(of(&deleted).head, "");
    assert!(of(&deleted).is_off);
}

#[test]
fn a_closed_pull_request_keeps_its_label_and_no_longer_has_its_branch() {
    let off = json!([{"name": "wardroom:off"}]);
    for (action, state, head) in [
        ("closed", "closed", ""),
        ("labeled", "closed", ""),
        ("reopened", "open", "mona/api:fix"),
    ] {
        let mut body = body(action, &off);
        body["pull_request"]["state"] = json!(state);
        let news = of(&body);
        assert_eq!((news.head.as_str(), news.is_off), (head, true), "{action}");
    }
}

#[test]
fn an_event_about_the_label_is_told_from_one_about_another() {
    for (action, label, wanted) in [
        ("labeled", "wardroom:off", true),
        ("unlabeled", "WARDROOM:off", true),
        ("unlabeled", "bug", false),
        ("opened", "wardroom:off", false),
    ] {
        let mut body = body(action, &json!([]));
        body["label"] = json!({ "name": label });
        assert_eq!(of(&body).is_about_label, wanted, "{action} {label}");
    }
}
