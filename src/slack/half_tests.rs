//! Half of an arrival: whatever is missing in it or is not what we know, it is refused at the edge,
//! or it is kept and ends in one step. Nothing is kept that can never be decoded.

use super::*;
use crate::slack::address::{Address, Ourselves, Route, USED_EVENTS, address};
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
    let metadata = json!({"form": "declare", "revision": 4, "context": {"room": "C9"}});
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

/// The document with each of its values in turn taken away, or something else in its place.
fn halves(whole: &Value) -> Vec<(String, Value)> {
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
    let mut halves = Vec::new();
    for path in paths.into_iter().skip(1) {
        let (parent, name) = path.rsplit_once('/').expect("a path begins with a slash");
        let mut without = whole.clone();
        match without.pointer_mut(parent) {
            Some(Value::Object(fields)) => drop(fields.remove(name)),
            Some(Value::Array(items)) => items.clear(),
            _ => unreachable!("{path} is in it"),
        }
        halves.push((format!("without {path}"), without));
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
            halves.push((format!("{other} for {path}"), odd));
        }
    }
    halves
}

fn form(payload: &Value) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("payload", &payload.to_string());
    form.finish().into_bytes()
}

/// What becomes of a body: `refused`, `kept`, or `incomplete`; a panic when it was kept and cannot
/// be read, or leaves something undone that nobody hears of.
fn becomes(what: &str, route: Route, body: &[u8]) -> &'static str {
    match address(route, body, &Rules::default(), &Ourselves::default()) {
        Address::Keep(kept) => {
            let id = SignalId(uuid::Uuid::nil());
            let at = DateTime::from_timestamp(1_700_000_000, 0).expect("a moment");
            let signal = decode(&kept.kind, body, kept.membership, id, at, &Rules::default());
            let signal = signal.unwrap_or_else(|error| panic!("{what}: kept, and then {error}"));
            match signal.event {
                Event::Incomplete { .. } => "incomplete",
                _ => "kept",
            }
        }
        Address::AnswerNow(_)
        | Address::Unused { .. }
        | Address::Foreign { .. }
        | Address::Unreadable { .. } => "refused",
    }
}

#[test]
fn half_an_event_is_kept_and_says_what_it_lacks_or_is_refused() {
    for kind in USED_EVENTS {
        let whole = event(kind);
        let said = becomes(kind, Route::Events, whole.to_string().as_bytes());
        assert_eq!(said, "kept", "{kind}");
        for (half, body) in halves(&whole) {
            becomes(
                &format!("{kind} {half}"),
                Route::Events,
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
        let mut half = event(kind);
        half["event"]
            .as_object_mut()
            .expect("an object")
            .remove(lost);
        let said = becomes(kind, Route::Events, half.to_string().as_bytes());
        assert_eq!(said, "incomplete", "{kind} without {lost}");
    }
}

#[test]
fn half_a_press_or_a_form_is_decoded_or_refused_at_once() {
    for (kind, whole) in [("click", click()), ("submission", submission())] {
        assert_eq!(becomes(kind, Route::Interactions, &form(&whole)), "kept");
        for (half, payload) in halves(&whole) {
            becomes(
                &format!("{kind} {half}"),
                Route::Interactions,
                &form(&payload),
            );
        }
    }
}

#[test]
fn half_a_command_is_decoded_or_refused_at_once() {
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
    assert_eq!(becomes("command", Route::Commands, &form(&whole)), "kept");
    for at in 0..whole.len() {
        let name = whole[at].0;
        let mut without = whole.to_vec();
        without.remove(at);
        becomes(&format!("without {name}"), Route::Commands, &form(&without));
        for other in ["", " ", "\0", "a b", "\u{feff}"] {
            let mut odd = whole.to_vec();
            odd[at].1 = other;
            becomes(
                &format!("{other:?} for {name}"),
                Route::Commands,
                &form(&odd),
            );
        }
    }
}
