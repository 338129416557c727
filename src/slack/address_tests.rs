//! What addressing promises, as tables.

use super::*;
use crate::slack::views;
use serde_json::json;

fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
        .into_bytes()
}

fn at(route: Route, body: &[u8]) -> Address {
    let ours = Ourselves {
        team: Team::Known("T1".into()),
        user: Some("UBOT".into()),
        bot: Some("BBOT".into()),
        ..Ourselves::default()
    };
    address(route, body, &Rules::default(), &ours)
}

fn kept(kind: &str, dedup_key: &str, subject: &str) -> Address {
    Address::Keep(Addressed {
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

fn interaction(payload: &Value) -> Address {
    at(
        Route::Interactions,
        &form(&[("payload", &payload.to_string())]),
    )
}

fn event(envelope: &Value) -> Address {
    at(Route::Events, envelope.to_string().as_bytes())
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
    let metadata = json!({"form": "declare", "revision": 2, "context": {"room": "C1"}});
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
fn a_command_is_known_by_its_trigger_and_stays_in_order_with_its_room() {
    let body = form(&COMMAND);
    let expected = kept("command", "command:1.2.x", "slack:C1");
    assert_eq!(at(Route::Commands, &body), expected);
}

#[test]
fn what_slack_never_sends_is_unreadable() {
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
        let said = at(Route::Commands, &body);
        assert!(matches!(said, Address::Unreadable { .. }), "{said:?}");
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
        let said = at(Route::Events, body);
        assert!(matches!(said, Address::Unreadable { .. }), "{said:?}");
        let said = at(Route::Interactions, body);
        assert!(matches!(said, Address::Unreadable { .. }), "{said:?}");
    }
}

#[test]
fn a_key_is_short_and_printable_whatever_slack_sends() {
    for trigger in ["x".repeat(5000), "a b\nc".into(), "é\u{202e}".into()] {
        let Address::Keep(addressed) = at(Route::Commands, &with("trigger_id", &trigger)) else {
            panic!("not kept");
        };
        assert_eq!(addressed.dedup_key.len(), 64);
    }
}

#[test]
fn another_workspace_is_none_of_ours() {
    let of_t2 = Address::Foreign {
        team: Some("T2".into()),
    };
    assert_eq!(at(Route::Commands, &with("team_id", "T2")), of_t2);
    let mut foreign = click();
    foreign["team"]["id"] = json!("T2");
    assert_eq!(interaction(&foreign), of_t2);
    let mut foreign = callback(json!({"type": "channel_archive", "channel": "C1"}));
    foreign["team_id"] = json!("T2");
    assert_eq!(event(&foreign), of_t2);
}

#[test]
fn some_questions_are_answered_at_once_and_never_kept() {
    let ssl = form(&[("ssl_check", "1"), ("token", "x")]);
    let empty = Address::AnswerNow(AnswerNow::Empty);
    assert_eq!(at(Route::Commands, &ssl), empty);
    assert_eq!(at(Route::Interactions, &ssl), empty);
    let challenge = event(&json!({"type": "url_verification", "challenge": "abc"}));
    assert_eq!(challenge, Address::AnswerNow(AnswerNow::Text("abc".into())));
    let options = interaction(&json!({"type": "block_suggestion", "team": {"id": "T1"}}));
    let none = AnswerNow::Json(json!({"options": []}));
    assert_eq!(options, Address::AnswerNow(none));
}

#[test]
fn only_the_bare_check_of_a_certificate_is_one() {
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
    let expected = kept("command", "command:1.2.x", "slack:C1");
    assert_eq!(at(Route::Commands, &form(&smuggled)), expected);
}

#[test]
fn a_click_is_known_by_who_when_and_what() {
    assert_eq!(
        interaction(&click()),
        kept("click", "click:U1:1.5:a", "slack:C1")
    );
    let mut empty = click();
    empty["actions"] = json!([]);
    assert!(matches!(interaction(&empty), Address::Unreadable { .. }));
}

#[test]
fn a_submission_with_field_errors_is_answered_beside_the_fields() {
    let Address::AnswerNow(AnswerNow::Json(answer)) = interaction(&submission("x")) else {
        panic!("it was kept");
    };
    assert_eq!(answer["response_action"], "errors");
    assert!(answer["errors"]["title~2"].is_string(), "{answer}");
}

#[test]
fn events_are_known_by_their_id_and_those_that_nobody_uses_leave_no_row() {
    let archive = callback(json!({"type": "channel_archive", "channel": "C1", "user": "U1"}));
    let expected = kept("event:channel_archive", "event:Ev1", "slack:C1");
    assert_eq!(event(&archive), expected);
    let rename = callback(json!({"type": "channel_rename", "channel": {"id": "C1", "name": "n"}}));
    let expected = kept("event:channel_rename", "event:Ev1", "slack:C1");
    assert_eq!(event(&rename), expected);
    let moved = |to: &str| {
        callback(
            json!({"type": "channel_id_changed", "old_channel_id": "G1", "new_channel_id": to}),
        )
    };
    let expected = kept("event:channel_id_changed", "event:Ev1", "slack:G1");
    assert_eq!(event(&moved("C1")), expected);
    assert_eq!(
        event(&moved("")),
        expected,
        "its decoder says what it lacks"
    );
    for other in [
        json!({"type": "message", "user": {"id": 7}, "channel": ["odd"]}),
        json!({"type": "user_change", "user": {"id": "U1"}}),
        json!({"type": "tomorrows_event"}),
    ] {
        let unused = Address::Unused { what: "event" };
        assert_eq!(event(&callback(other)), unused);
    }
    let limited = json!({"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1});
    assert!(matches!(event(&limited), Address::Keep(kept) if kept.kind == "app_rate_limited"));
}

#[test]
fn what_we_did_ourselves_does_not_move_us() {
    for ours in [
        json!({"type": "channel_archive", "channel": "C1", "user": "UBOT"}),
        json!({"type": "message", "channel": "C1", "bot_id": "BBOT"}),
        json!({"type": "message", "channel": "C1", "app_id": "A1"}),
        json!({"type": "message", "channel": "C1", "bot_profile": {"app_id": "A1"}}),
    ] {
        let own = Address::Unused { what: "own_event" };
        assert_eq!(event(&callback(ours)), own);
    }
}
