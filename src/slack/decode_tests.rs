//! What decoding promises, and that no bytes whatever can shake it.

use super::*;
use crate::domain::act::{Act, AnswerTo, Request};
use crate::domain::rules::ServiceRules;
use crate::domain::signal::Closing;
use crate::slack::address::{Address, Ourselves, Route, address};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn decoded(kind: &str, body: &[u8]) -> Result<Signal, Undecodable> {
    let id = SignalId(uuid::Uuid::nil());
    decode(kind, body, Membership::Ours, id, at(), &rules())
}

fn rules() -> Rules {
    let api = ServiceRules {
        name: "api".into(),
        owners: vec![],
        statuspage_component: None,
        channels: vec![],
    };
    Rules {
        services: vec![api],
        ..Rules::default()
    }
}

fn asked(kind: &str, body: &[u8]) -> Request {
    match decoded(kind, body).unwrap().event {
        Event::Asked(request) => *request,
        other => panic!("not a request: {other:?}"),
    }
}

const COMMAND: &[u8] = b"command=%2Fincident&text=declare&user_id=U1&channel_id=C1&team_id=T1&response_url=https%3A%2F%2Fhooks.slack.com%2Fx&trigger_id=1.2.x";

fn click() -> Vec<u8> {
    let payload = json!({"type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U1"},
        "trigger_id": "t", "view": {"id": "V1", "hash": "h",
            "private_metadata": "{\"form\":\"declare\",\"revision\":4,\"context\":{\"room\":\"C9\"}}",
            "state": {"values": {"title~4": {"title": {"value": "Down"}}}}},
        "actions": [{"type": "static_select", "action_id": "declare.template", "action_ts": "1.5",
            "selected_option": {"value": "x"}}]});
    form(&payload)
}

fn submission() -> Vec<u8> {
    let payload = json!({"type": "view_submission", "team": {"id": "T1"}, "user": {"id": "U1"},
        "view": {"id": "V1", "hash": "h", "callback_id": "declare",
            "private_metadata": "{\"form\":\"declare\",\"revision\":4,\"context\":{\"room\":\"C9\"}}",
            "state": {"values": {"title~4": {"title": {"value": "Checkout &amp; co are down"}},
                "severity~4": {"severity": {"selected_option": {"value": "P1"}}},
                "service~4": {"service": {"selected_option": {"value": "api"}}}}}}});
    form(&payload)
}

fn archive() -> Vec<u8> {
    let event = json!({"type": "channel_archive", "channel": "C1"});
    json!({"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event})
        .to_string()
        .into_bytes()
}

fn form(payload: &Value) -> Vec<u8> {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &payload.to_string())
        .finish()
        .into_bytes()
}

#[test]
fn a_command_says_who_asks_what_where_and_how_to_answer() {
    let request = asked("command", COMMAND);
    assert_eq!(request.actor.to_string(), "U1");
    assert_eq!(request.act, Act::OpenDeclareForm);
    assert_eq!(request.room.unwrap().as_str(), "C1");
    let trigger = request.trigger.unwrap();
    assert_eq!((trigger.expires - at()).num_seconds(), 3);
    let AnswerTo::Person(to) = request.answer_to else {
        panic!("no person to answer");
    };
    assert!(to.live_url(at()).is_some());
}

#[test]
fn a_command_that_is_not_built_yet_says_so() {
    for command in ["%2Fwardroom", "%2Fother"] {
        let body = format!("command={command}&text=ci&user_id=U1&channel_id=C1&trigger_id=t");
        let act = asked("command", body.as_bytes()).act;
        assert!(matches!(act, Act::Misunderstood { .. }), "{act:?}");
    }
}

#[test]
fn a_choice_in_the_form_brings_what_was_filled_in() {
    let request = asked("click", &click());
    let Act::ChooseTemplate {
        values, revision, ..
    } = request.act
    else {
        panic!("not a choice");
    };
    assert_eq!(values["title"], "Down");
    assert_eq!(revision, 4);
    assert_eq!(request.room.unwrap().as_str(), "C9");
}

#[test]
fn a_submission_declares_and_names_the_view_and_the_room_that_it_came_from() {
    let request = asked("submission", &submission());
    let Act::Declare(declaration) = request.act else {
        panic!("not a declaration: {:?}", request.act);
    };
    assert_eq!(declaration.title, "Checkout & co are down");
    assert_eq!(declaration.view.unwrap().as_str(), "V1");
    assert_eq!(request.room.unwrap().as_str(), "C9");
}

#[test]
fn a_submission_that_the_rules_no_longer_take_is_answered_in_words() {
    let id = SignalId(uuid::Uuid::nil());
    let mut others = rules();
    others.services[0].name = "web".into();
    let signal = decode(
        "submission",
        &submission(),
        Membership::Ours,
        id,
        at(),
        &others,
    )
    .unwrap();
    let Event::Asked(request) = signal.event else {
        panic!("not a request");
    };
    assert!(matches!(request.act, Act::Misunderstood { .. }));
}

#[test]
fn a_press_on_a_button_or_a_form_that_nobody_knows_is_answered_with_what_to_type() {
    let press = |action: &str| {
        json!({"type": "block_actions", "user": {"id": "U1", "username": "bea"},
               "channel": {"id": "C1"},
               "actions": [{"action_id": action, "action_ts": "1", "value": "7"}]})
    };
    let old_form = json!({"type": "view_submission", "user": {"id": "U1", "name": "bea"},
        "view": {"id": "V1", "callback_id": "x", "private_metadata": "{\"form\":\"old\"}"}});
    for (kind, payload) in [
        ("click", press("from.last.year")),
        ("click", press("pick:7")),
        ("submission", old_form),
    ] {
        let body = form(&payload);
        let kept = address(Route::Interactions, &body, &rules(), &Ourselves::default());
        assert!(matches!(kept, Address::Keep(_)), "{kept:?}");
        let request = asked(kind, &body);
        let Act::Misunderstood { refusal } = request.act else {
            panic!("{:?}", request.act);
        };
        assert!(refusal.in_words().contains("`/incident`"), "{refusal:?}");
        assert_eq!(request.names.into_values().collect::<Vec<_>>(), ["bea"]);
    }
}

#[test]
fn the_names_that_slack_says_come_along() {
    let text = "assign+%3C%40U2%7Cbea%3E";
    let body = format!(
        "command=%2Fincident&text={text}&user_id=U1&user_name=ada&channel_id=C1&trigger_id=t"
    );
    let names = asked("command", body.as_bytes()).names;
    let names: Vec<_> = names
        .iter()
        .map(|(id, name)| (id.as_str(), &**name))
        .collect();
    assert_eq!(names, [("U1", "ada"), ("U2", "bea")]);
}

#[test]
fn a_room_that_closes_opens_or_changes_its_name_is_told() {
    let event = |event: Value| {
        let body = json!({ "event": event }).to_string();
        decoded("event:x", body.as_bytes()).unwrap().event
    };
    let closed = event(json!({"type": "channel_archive", "channel": "C1"}));
    assert!(matches!(closed, Event::RoomClosed { room, .. } if room.as_str() == "C1"));
    let gone = event(json!({"type": "channel_deleted", "channel": "C1"}));
    let how = Closing::Gone;
    assert!(matches!(gone, Event::RoomClosed { how: said, .. } if said == how));
    let moved = event(
        json!({"type": "channel_id_changed", "old_channel_id": "G1", "new_channel_id": "C1"}),
    );
    assert!(
        matches!(moved, Event::RoomMoved { from, to } if from.as_str() == "G1" && to.as_str() == "C1")
    );
    let back = event(json!({"type": "group_unarchive", "channel": "C1"}));
    assert!(matches!(back, Event::RoomReopened { .. }));
    let renamed = json!({"type": "channel_rename", "channel": {"id": "C1", "name": "a&amp;b"}});
    assert!(matches!(event(renamed), Event::RoomRenamed { name, .. } if name == "a&b"));
}

#[test]
fn what_is_kept_is_read_even_when_it_says_a_thing_twice() {
    let body = br#"{"type":"event_callback","event_id":"Ev1","team_id":"T1","x":1e999,
        "event":{"type":"c2","type":"channel_archive","channel":"C1"}}"#;
    let kept = address(Route::Events, body, &rules(), &Ourselves::default());
    let Address::Keep(kept) = kept else {
        panic!("{kept:?}")
    };
    let read = decoded(&kept.kind, body).unwrap().event;
    assert!(matches!(read, Event::RoomClosed { .. }), "{read:?}");
}

#[test]
fn no_bytes_whatever_make_the_decoders_panic() {
    let mut dice = StdRng::seed_from_u64(2024);
    let seeds = [
        ("command", Route::Commands, COMMAND.to_vec()),
        ("click", Route::Interactions, click()),
        ("submission", Route::Interactions, submission()),
        ("event:channel_archive", Route::Events, archive()),
    ];
    let rules = rules();
    let ours = Ourselves::default();
    for round in 0..8_000 {
        let (kind, route, body) = &seeds[round % seeds.len()];
        let body = mutated(body, &mut dice);
        let addressed = address(*route, &body, &rules, &ours);
        let signal = decoded(kind, &body);
        if let Address::Keep(kept) = addressed {
            assert!((1..=255).contains(&kept.dedup_key.len()));
            assert!((1..=255).contains(&kept.subject.len()));
            assert!(signal.is_ok(), "kept and then unreadable: {signal:?}");
        }
    }
}

fn mutated(body: &[u8], dice: &mut StdRng) -> Vec<u8> {
    let mut body = body.to_vec();
    for _ in 0..dice.random_range(1..12) {
        let here = dice.random_range(0..=body.len());
        match dice.random_range(0..5) {
            0 => body.truncate(here),
            1 => body.insert(here, dice.random()),
            2 if here < body.len() => body[here] = dice.random(),
            3 if here < body.len() => drop(body.remove(here)),
            _ => {
                let piece: &[&[u8]] = &[b"%3C", b"%00", b"%22", b"\xf0\x9f", b"&", b"=", b"%7B"];
                let piece = piece[dice.random_range(0..piece.len())];
                body.splice(here..here, piece.iter().copied());
            }
        }
        if body.is_empty() {
            break;
        }
    }
    body
}
