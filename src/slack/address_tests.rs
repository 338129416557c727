//! Which requests are stored, under which keys and subjects, and which are answered at once.

use super::*;
use crate::slack::views;
use serde_json::json;

fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
        .into_bytes()
}

fn at(endpoint: Endpoint, body: &[u8]) -> Addressed {
    let installation = Installation {
        team: Team::Known("T1".into()),
        bot_user: Some("UBOT".into()),
        bot: Some("BBOT".into()),
        ..Installation::default()
    };
    address(endpoint, body, &Rules::default(), &installation)
}

fn stored(kind: &str, dedup_key: &str, subject: &str) -> Addressed {
    Addressed::Stored(InboxRow {
        kind: kind.into(),
        dedup_key: dedup_key.into(),
        subject: subject.into(),
        membership: Membership::Ours,
    })
}

const COMMAND: [(&str, &str); 5] = [
    ("command", "/incident"),
    ("user_id", "U1"),
    ("channel_id", "C1"),
    ("team_id", "T1"),
    ("trigger_id", "1.2.x"),
];

fn with(field: &str, value: &str) -> Vec<u8> {
    let mut fields = COMMAND.to_vec();
    fields.retain(|(name, _)| *name != field);
    fields.push((field, value));
    form(&fields)
}

fn interaction(payload: &Value) -> Addressed {
    at(
        Endpoint::Interactions,
        &form(&[("payload", &payload.to_string())]),
    )
}

fn event(envelope: &Value) -> Addressed {
    at(Endpoint::Events, envelope.to_string().as_bytes())
}

fn callback(event: Value) -> Value {
    json!({"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": "Ev1",
        "event": event})
}

fn click() -> Value {
    json!({"type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U1"},
        "channel": {"id": "C1"}, "trigger_id": "t",
        "actions": [{"type": "button", "action_id": "a", "value": "7", "action_ts": "1.5"}]})
}

fn submission(title: &str) -> Value {
    let metadata = json!({"form": "declare", "revision": 2, "context": {(crate::domain::incident::forms::CHANNEL): "C1"}});
    let entry = |key: &str, value: &str| {
        let entry = json!({"type": "plain_text_input", "value": value});
        (views::block_id(key, 2), json!({ key: entry }))
    };
    let values: serde_json::Map<String, Value> = [entry("title", title)].into_iter().collect();
    json!({"type": "view_submission", "team": {"id": "T1"}, "user": {"id": "U1"},
        "view": {"id": "V1", "hash": "h1", "callback_id": "declare",
            "private_metadata": metadata.to_string(), "state": {"values": values}}})
}

#[test]
fn the_key_of_a_command_is_its_trigger_id_and_its_subject_is_the_channel() {
    let body = form(&COMMAND);
    let expected = stored("command", "command:1.2.x", "slack:C1");
    assert_eq!(at(Endpoint::Commands, &body), expected);
}

#[test]
fn malformed_requests_are_unreadable() {
    let long = "x".repeat(300);
    for body in [
        with("user_id", ""),
        with("user_id", "U 1"),
        with("user_id", &long),
        with("channel_id", ""),
        with("trigger_id", ""),
        with("command", ""),
        b"\xff\xfe%zz".to_vec(),
        vec![],
    ] {
        let addressed = at(Endpoint::Commands, &body);
        assert!(
            matches!(addressed, Addressed::Unreadable { .. }),
            "{addressed:?}"
        );
    }
    for body in [
        &b""[..],
        b"{",
        b"[]",
        b"null",
        b"{}",
        b"\xff",
        b"{\"type\":7}",
    ] {
        let addressed = at(Endpoint::Events, body);
        assert!(
            matches!(addressed, Addressed::Unreadable { .. }),
            "{addressed:?}"
        );
        let addressed = at(Endpoint::Interactions, body);
        assert!(
            matches!(addressed, Addressed::Unreadable { .. }),
            "{addressed:?}"
        );
    }
}

#[test]
fn a_key_is_short_and_printable_whatever_slack_sends() {
    for trigger in ["x".repeat(5000), "a b\nc".into(), "é\u{202e}".into()] {
        let Addressed::Stored(row) = at(Endpoint::Commands, &with("trigger_id", &trigger)) else {
            panic!("not stored");
        };
        assert_eq!(row.dedup_key.len(), 64);
    }
}

#[test]
fn a_request_for_another_installation_is_not_stored() {
    let of_t2 = Addressed::OtherInstallation {
        team: Some("T2".into()),
    };
    assert_eq!(at(Endpoint::Commands, &with("team_id", "T2")), of_t2);
    let mut other = click();
    other["team"]["id"] = json!("T2");
    assert_eq!(interaction(&other), of_t2);
    let mut other = callback(json!({"type": "channel_archive", "channel": "C1"}));
    other["team_id"] = json!("T2");
    assert_eq!(event(&other), of_t2);
}

#[test]
fn checks_and_challenges_are_answered_at_once_and_not_stored() {
    let ssl = form(&[("ssl_check", "1"), ("token", "x")]);
    let empty = Addressed::Answered(ResponseBody::Text(String::new()));
    assert_eq!(at(Endpoint::Commands, &ssl), empty);
    assert_eq!(at(Endpoint::Interactions, &ssl), empty);
    let challenge = event(&json!({"type": "url_verification", "challenge": "abc"}));
    assert_eq!(
        challenge,
        Addressed::Answered(ResponseBody::Text("abc".into()))
    );
    let options = interaction(&json!({"type": "block_suggestion", "team": {"id": "T1"}}));
    let none = ResponseBody::Json(json!({"options": []}));
    assert_eq!(options, Addressed::Answered(none));
}

#[test]
fn a_certificate_check_has_no_other_fields() {
    for (body, is_one) in [
        ("ssl_check=1", true),
        ("ssl_check=1&token=x", true),
        ("token=x&ssl_check=1", true),
        ("ssl%5Fcheck=%31", true),
        ("ssl_check=0", false),
        ("ssl_check=1&ssl_check=1", false),
        ("ssl_check=1&command=%2Fincident", false),
        ("ssl_check=1&payload=%7B%7D", false),
        ("ssl_check=1&%63ommand=x", false),
        ("token=x", false),
        ("", false),
    ] {
        assert_eq!(is_certificate_check(body.as_bytes()), is_one, "{body}");
    }
    let smuggled = [&COMMAND[..], &[("ssl_check", "1")]].concat();
    let expected = stored("command", "command:1.2.x", "slack:C1");
    assert_eq!(at(Endpoint::Commands, &form(&smuggled)), expected);
}

#[test]
fn the_key_of_a_click_is_its_user_action_and_time() {
    assert_eq!(
        interaction(&click()),
        stored("click", "click:U1:1.5:a", "slack:C1")
    );
    let mut empty = click();
    empty["actions"] = json!([]);
    assert!(matches!(interaction(&empty), Addressed::Unreadable { .. }));
}

#[test]
fn a_submission_with_errors_is_answered_with_errors_of_its_fields() {
    let Addressed::Answered(ResponseBody::Json(answer)) = interaction(&submission("x")) else {
        panic!("it was stored");
    };
    assert_eq!(answer["response_action"], "errors");
    assert!(answer["errors"]["title~2"].is_string(), "{answer}");
}

#[test]
fn the_key_of_an_event_is_its_id_and_unused_events_are_not_stored() {
    let archive = callback(json!({"type": "channel_archive", "channel": "C1", "user": "U1"}));
    let expected = stored("event:channel_archive", "event:Ev1", "slack:C1");
    assert_eq!(event(&archive), expected);
    let rename = callback(json!({"type": "channel_rename", "channel": {"id": "C1", "name": "n"}}));
    let expected = stored("event:channel_rename", "event:Ev1", "slack:C1");
    assert_eq!(event(&rename), expected);
    let moved = |to: &str| {
        callback(
            json!({"type": "channel_id_changed", "old_channel_id": "G1", "new_channel_id": to}),
        )
    };
    let expected = stored("event:channel_id_changed", "event:Ev1", "slack:G1");
    assert_eq!(event(&moved("C1")), expected);
    assert_eq!(
        event(&moved("")),
        expected,
        "the decoder says which field is missing"
    );
    for other in [
        json!({"type": "message", "user": {"id": 7}, "channel": ["odd"]}),
        json!({"type": "user_change", "user": {"id": "U1"}}),
        json!({"type": "tomorrows_event"}),
    ] {
        let ignored = Addressed::Ignored { what: "event" };
        assert_eq!(event(&callback(other)), ignored);
    }
    let limited = json!({"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1});
    assert!(matches!(event(&limited), Addressed::Stored(row) if row.kind == "app_rate_limited"));
}

#[test]
fn events_that_the_bot_caused_are_ignored() {
    for ours in [
        json!({"type": "channel_archive", "channel": "C1", "user": "UBOT"}),
        json!({"type": "message", "channel": "C1", "bot_id": "BBOT"}),
        json!({"type": "message", "channel": "C1", "app_id": "A1"}),
        json!({"type": "message", "channel": "C1", "bot_profile": {"app_id": "A1"}}),
    ] {
        let own = Addressed::Ignored { what: "own_event" };
        assert_eq!(event(&callback(ours)), own);
    }
}
