//! What each kind of row is decoded to, and that no input causes a panic.

use super::*;
use crate::domain::ci;
use crate::domain::incident::act::{Act, AnswerTo, Request};
use crate::domain::incident::{self, Closing};
use crate::domain::rules::ServiceRules;
use crate::slack::address::{Addressed, Endpoint, Installation, address};
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
        Event::Incident(incident::Event::Asked(request)) => *request,
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
fn a_command_has_a_user_an_act_a_channel_and_a_response_url() {
    let request = asked("command", COMMAND);
    assert_eq!(request.actor.to_string(), "U1");
    assert_eq!(request.act, Act::OpenDeclareForm);
    assert_eq!(request.channel.unwrap().as_str(), "C1");
    let trigger = request.trigger.unwrap();
    assert_eq!((trigger.expires - at()).num_seconds(), 3);
    let AnswerTo::Person(to) = request.answer_to else {
        panic!("no person to answer");
    };
    assert!(to.live_url(at()).is_some());
}

#[test]
fn an_unknown_command_is_refused() {
    let body = b"command=%2Fother&text=ci&user_id=U1&channel_id=C1&trigger_id=t";
    let act = asked("command", body).act;
    assert!(matches!(act, Act::Misunderstood { .. }), "{act:?}");
}

#[test]
fn a_command_and_a_button_go_to_their_area() {
    let body = b"command=%2FWardroom&text=ci+api&user_id=U1&user_name=ada&channel_id=C1&trigger_id=t&response_url=https%3A%2F%2Fx";
    let event = decoded("command", body).unwrap().event;
    let Event::Ci(ci::Event::Asked(request)) = event else {
        panic!("{event:?}");
    };
    let repository = Some("api".to_owned());
    assert_eq!(request.act, ci::request::Act::List { repository });
    let to = &request.by.reply_to;
    assert_eq!(to.person.as_str(), "U1");
    assert_eq!(to.channel.as_ref().map(ChannelId::as_str), Some("C1"));
    assert!(to.live_url(at()).is_some());
    assert_eq!(request.by.names.values().collect::<Vec<_>>(), ["ada"]);

    // The number is the renderer's: two buttons of a message never have the same name.
    let payload = json!({"type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U1"},
        "channel": {"id": "C2"}, "response_url": "https://x",
        "actions": [{"action_id": "ci:rerun#2", "action_ts": "1", "value": "7"}]});
    let event = decoded("click", &form(&payload)).unwrap().event;
    let Event::Ci(ci::Event::Pressed(press)) = &event else {
        panic!("{event:?}");
    };
    assert_eq!((&*press.action, &*press.value), ("ci:rerun", "7"));
    assert_eq!(event.reply_to().map(|to| to.person.as_str()), Some("U1"));
}

#[test]
fn a_selection_in_the_form_has_the_values_of_all_inputs() {
    let request = asked("click", &click());
    let Act::ChooseTemplate {
        values, revision, ..
    } = request.act
    else {
        panic!("not a choice");
    };
    assert_eq!(values["title"], "Down");
    assert_eq!(revision, 4);
    assert_eq!(request.channel.unwrap().as_str(), "C9");
}

#[test]
fn a_submission_declares_and_has_the_view_and_the_channel_where_it_was_opened() {
    let request = asked("submission", &submission());
    let Act::Declare(declaration) = request.act else {
        panic!("not a declaration: {:?}", request.act);
    };
    assert_eq!(declaration.title, "Checkout & co are down");
    assert_eq!(declaration.view.unwrap().as_str(), "V1");
    assert_eq!(request.channel.unwrap().as_str(), "C9");
}

#[test]
fn a_submission_that_is_no_longer_valid_is_refused() {
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
    let Event::Incident(incident::Event::Asked(request)) = signal.event else {
        panic!("not a request");
    };
    assert!(matches!(request.act, Act::Misunderstood { .. }));
}

#[test]
fn an_unknown_button_or_form_is_answered_with_a_command() {
    let click_on = |action: &str| {
        json!({"type": "block_actions", "user": {"id": "U1", "username": "bea"},
               "channel": {"id": "C1"},
               "actions": [{"action_id": action, "action_ts": "1", "value": "7"}]})
    };
    let old_form = json!({"type": "view_submission", "user": {"id": "U1", "name": "bea"},
        "view": {"id": "V1", "callback_id": "x", "private_metadata": "{\"form\":\"old\"}"}});
    for (kind, payload) in [
        ("click", click_on("from.last.year")),
        ("click", click_on("pick:7")),
        ("submission", old_form),
    ] {
        let body = form(&payload);
        let addressed = address(
            Endpoint::Interactions,
            &body,
            &rules(),
            &Installation::default(),
        );
        assert!(matches!(addressed, Addressed::Stored(_)), "{addressed:?}");
        let request = asked(kind, &body);
        let Act::Misunderstood { refusal } = request.act else {
            panic!("{:?}", request.act);
        };
        assert!(refusal.in_words().contains("`/incident`"), "{refusal:?}");
        assert_eq!(request.names.into_values().collect::<Vec<_>>(), ["bea"]);
    }
}

#[test]
fn the_names_of_users_are_decoded() {
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
fn channel_events_are_decoded() {
    let event = |event: Value| {
        let body = json!({ "event": event }).to_string();
        decoded("event:x", body.as_bytes()).unwrap().event
    };
    let closed = event(json!({"type": "channel_archive", "channel": "C1"}));
    assert!(
        matches!(closed, Event::Incident(incident::Event::ChannelClosed { channel, .. }) if channel.as_str() == "C1")
    );
    let gone = event(json!({"type": "channel_deleted", "channel": "C1"}));
    let how = Closing::Gone;
    assert!(
        matches!(gone, Event::Incident(incident::Event::ChannelClosed { how: said, .. }) if said == how)
    );
    let moved = event(
        json!({"type": "channel_id_changed", "old_channel_id": "G1", "new_channel_id": "C1"}),
    );
    assert!(
        matches!(moved, Event::Incident(incident::Event::ChannelMoved { from, to }) if from.as_str() == "G1" && to.as_str() == "C1")
    );
    let back = event(json!({"type": "group_unarchive", "channel": "C1"}));
    assert!(matches!(
        back,
        Event::Incident(incident::Event::ChannelReopened { .. })
    ));
    let renamed = json!({"type": "channel_rename", "channel": {"id": "C1", "name": "a&amp;b"}});
    assert!(
        matches!(event(renamed), Event::Incident(incident::Event::ChannelRenamed { name, .. }) if name == "a&b")
    );
}

#[test]
fn a_stored_body_with_a_duplicate_field_is_decoded() {
    let body = br#"{"type":"event_callback","event_id":"Ev1","team_id":"T1","x":1e999,
        "event":{"type":"c2","type":"channel_archive","channel":"C1"}}"#;
    let addressed = address(Endpoint::Events, body, &rules(), &Installation::default());
    let Addressed::Stored(row) = addressed else {
        panic!("{addressed:?}")
    };
    let read = decoded(&row.kind, body).unwrap().event;
    assert!(
        matches!(read, Event::Incident(incident::Event::ChannelClosed { .. })),
        "{read:?}"
    );
}

#[test]
fn random_changes_of_a_body_never_cause_a_panic() {
    let mut random = StdRng::seed_from_u64(2024);
    let seeds = [
        ("command", Endpoint::Commands, COMMAND.to_vec()),
        ("click", Endpoint::Interactions, click()),
        ("submission", Endpoint::Interactions, submission()),
        ("event:channel_archive", Endpoint::Events, archive()),
    ];
    let rules = rules();
    let ours = Installation::default();
    for round in 0..8_000 {
        let (kind, endpoint, body) = &seeds[round % seeds.len()];
        let body = mutated(body, &mut random);
        let addressed = address(*endpoint, &body, &rules, &ours);
        let signal = decoded(kind, &body);
        if let Addressed::Stored(row) = addressed {
            assert!((1..=255).contains(&row.dedup_key.len()));
            assert!((1..=255).contains(&row.subject.len()));
            assert!(signal.is_ok(), "stored but not decodable: {signal:?}");
        }
    }
}

fn mutated(body: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut body = body.to_vec();
    for _ in 0..random.random_range(1..12) {
        let here = random.random_range(0..=body.len());
        match random.random_range(0..5) {
            0 => body.truncate(here),
            1 => body.insert(here, random.random()),
            2 if here < body.len() => body[here] = random.random(),
            3 if here < body.len() => drop(body.remove(here)),
            _ => {
                let piece: &[&[u8]] = &[b"%3C", b"%00", b"%22", b"\xf0\x9f", b"&", b"=", b"%7B"];
                let piece = piece[random.random_range(0..piece.len())];
                body.splice(here..here, piece.iter().copied());
            }
        }
        if body.is_empty() {
            break;
        }
    }
    body
}
