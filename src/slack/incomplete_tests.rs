//! Payloads in which a field is missing or is of another type: each is refused at the edge, or it is
//! stored and can be decoded.

use super::*;
use crate::domain::incident::forms;
use crate::slack::address::{Addressed, Endpoint, Installation, USED_EVENTS, address};
use serde_json::{Value, json};

/// An event as Slack sends it, with the fields that any kind of event has.
fn event(kind: &str) -> Value {
    let channel = match kind.ends_with("_rename") {
        true => json!({"id": "C1", "name": "new-name", "created": 1_700_000_000}),
        false => json!("C1"),
    };
    json!({"type": "event_callback", "token": "x", "team_id": "T1", "enterprise_id": "E1",
        "context_team_id": "T1", "context_enterprise_id": "E1", "api_app_id": "A1",
        "event_id": "Ev1", "event_time": 1_700_000_000, "event_context": "c",
        "is_ext_shared_channel": false,
        "authorizations": [{"enterprise_id": "E1", "team_id": "T1", "user_id": "UBOT",
            "is_bot": true, "is_enterprise_install": false}],
        "event": {"type": kind, "channel": channel, "user": "U1", "is_moved": 0,
            "old_channel_id": "G1", "new_channel_id": "C2", "event_ts": "1.5",
            "bot_profile": {"app_id": "A2"}, "bot_id": "B2", "app_id": "A2"}})
}

fn click() -> Value {
    json!({"type": "block_actions", "team": {"id": "T1", "domain": "acme"},
        "enterprise": {"id": "E1"}, "is_enterprise_install": false,
        "user": {"id": "U1", "username": "bea", "name": "bea", "team_id": "T1"},
        "api_app_id": "A1", "trigger_id": "1.2.x", "response_url": "https://hooks.slack.com/x",
        "container": {"type": "message", "message_ts": "1.1", "channel_id": "C1"},
        "channel": {"id": "C1", "name": "general"},
        "view": {"id": "V1", "hash": "h", "private_metadata": "{}", "state": {"values": {}}},
        "actions": [{"type": "button", "action_id": "resolve", "block_id": "b", "value": "7",
            "action_ts": "1.5"}]})
}

fn submission() -> Value {
    let metadata = json!({"form": "declare", "revision": 4, "context": {(forms::CHANNEL): "C9"}});
    json!({"type": "view_submission", "team": {"id": "T1"}, "user": {"id": "U1", "name": "bea"},
        "api_app_id": "A1", "trigger_id": "1.2.x", "enterprise": {"id": "E1"},
        "view": {"id": "V1", "team_id": "T1", "app_installed_team_id": "T1", "hash": "h",
            "callback_id": "declare", "private_metadata": metadata.to_string(),
            "state": {"values": {
                "title~4": {"title": {"type": "plain_text_input", "value": "Checkout is down"}},
                "severity~4": {"severity": {"selected_option": {"value": "P1"}}},
                "service~4": {"service": {"value": "api"}},
                "commander~4": {"commander": {"selected_user": "U2"}}}}}})
}

/// The document with each of its values in turn removed, or replaced by another one.
fn variants(whole: &Value) -> Vec<(String, Value)> {
    let mut paths = vec![String::new()];
    let mut at = 0;
    while let Some(path) = paths.get(at).cloned() {
        at += 1;
        match whole.pointer(&path) {
            Some(Value::Object(fields)) => {
                paths.extend(fields.keys().map(|key| format!("{path}/{key}")));
            }
            Some(Value::Array(items)) => {
                paths.extend((0..items.len()).map(|index| format!("{path}/{index}")));
            }
            _ => {}
        }
    }
    let mut variants = Vec::new();
    for path in paths.into_iter().skip(1) {
        let (parent, name) = path.rsplit_once('/').expect("a path begins with a slash");
        let mut without = whole.clone();
        match without.pointer_mut(parent) {
            Some(Value::Object(fields)) => drop(fields.remove(name)),
            Some(Value::Array(items)) => items.clear(),
            _ => unreachable!("{path} is in it"),
        }
        variants.push((format!("without {path}"), without));
        for other in [
            json!(null),
            json!(7),
            json!(""),
            json!("a b"),
            json!([]),
            json!({}),
        ] {
            let mut odd = whole.clone();
            *odd.pointer_mut(&path).expect("it is there") = other.clone();
            variants.push((format!("{other} for {path}"), odd));
        }
    }
    variants
}

fn form(payload: &Value) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("payload", &payload.to_string());
    form.finish().into_bytes()
}

/// What happens with a body: `refused`, `decoded`, or `incomplete`; panics when it is stored and cannot
/// be decoded.
fn result(what: &str, endpoint: Endpoint, body: &[u8]) -> &'static str {
    match address(endpoint, body, &Rules::default(), &Installation::default()) {
        Addressed::Stored(row) => {
            let id = SignalId(uuid::Uuid::nil());
            let at = DateTime::from_timestamp(1_700_000_000, 0).expect("a moment");
            let signal = decode(&row.kind, body, row.membership, id, at, &Rules::default());
            let signal = signal.unwrap_or_else(|error| panic!("{what}: stored, and then {error}"));
            match signal.event {
                Event::Incomplete { .. } => "incomplete",
                _ => "decoded",
            }
        }
        Addressed::Answered(_)
        | Addressed::Ignored { .. }
        | Addressed::OtherInstallation { .. }
        | Addressed::Unreadable { .. } => "refused",
    }
}

#[test]
fn an_incomplete_event_says_what_is_missing_or_is_refused() {
    for kind in USED_EVENTS {
        let whole = event(kind);
        let outcome = result(kind, Endpoint::Events, whole.to_string().as_bytes());
        assert_eq!(outcome, "decoded", "{kind}");
        for (variant, body) in variants(&whole) {
            result(
                &format!("{kind} {variant}"),
                Endpoint::Events,
                body.to_string().as_bytes(),
            );
        }
    }
    for (kind, lost) in [
        ("channel_id_changed", "old_channel_id"),
        ("channel_id_changed", "new_channel_id"),
        ("channel_rename", "channel"),
        ("group_archive", "channel"),
    ] {
        let mut event = event(kind);
        event["event"]
            .as_object_mut()
            .expect("an object")
            .remove(lost);
        let outcome = result(kind, Endpoint::Events, event.to_string().as_bytes());
        assert_eq!(outcome, "incomplete", "{kind} without {lost}");
    }
}

#[test]
fn an_incomplete_interaction_is_decoded_or_refused_at_the_edge() {
    for (kind, whole) in [("click", click()), ("submission", submission())] {
        assert_eq!(
            result(kind, Endpoint::Interactions, &form(&whole)),
            "decoded"
        );
        for (variant, payload) in variants(&whole) {
            result(
                &format!("{kind} {variant}"),
                Endpoint::Interactions,
                &form(&payload),
            );
        }
    }
}

#[test]
fn an_incomplete_command_is_decoded_or_refused_at_the_edge() {
    let whole = [
        ("token", "x"),
        ("team_id", "T1"),
        ("team_domain", "acme"),
        ("enterprise_id", "E1"),
        ("channel_id", "C1"),
        ("channel_name", "general"),
        ("user_id", "U1"),
        ("user_name", "bea"),
        ("command", "/incident"),
        ("text", "declare P1 api It burns"),
        ("api_app_id", "A1"),
        ("is_enterprise_install", "false"),
        ("response_url", "https://hooks.slack.com/x"),
        ("trigger_id", "1.2.x"),
    ];
    let form = |fields: &[(&str, &str)]| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        form.finish().into_bytes()
    };
    assert_eq!(
        result("command", Endpoint::Commands, &form(&whole)),
        "decoded"
    );
    for at in 0..whole.len() {
        let name = whole[at].0;
        let mut without = whole.to_vec();
        without.remove(at);
        result(
            &format!("without {name}"),
            Endpoint::Commands,
            &form(&without),
        );
        for other in ["", " ", "\0", "a b", "\u{feff}"] {
            let mut odd = whole.to_vec();
            odd[at].1 = other;
            result(
                &format!("{other:?} for {name}"),
                Endpoint::Commands,
                &form(&odd),
            );
        }
    }
}
