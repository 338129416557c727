//! The limits of Block Kit: a value at the limit is accepted, and one above it is not.

use serde_json::{Value, json};

use super::blocks::{message_blocks, view};

fn section(length: usize) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": "x".repeat(length)}})
}

fn header(kind: &str, length: usize) -> Value {
    json!({"type": "header", "text": {"type": kind, "text": "x".repeat(length)}})
}

fn button(text: usize, value: usize) -> Value {
    json!({"type": "button", "action_id": "a", "value": "v".repeat(value),
           "text": {"type": "plain_text", "text": "x".repeat(text)}})
}

fn actions(elements: Vec<Value>) -> Value {
    json!({"type": "actions", "elements": elements})
}

fn menu(count: usize, text: usize) -> Value {
    let options: Vec<Value> = (0..count)
        .map(|n| {
            json!({"text": {"type": "plain_text", "text": "x".repeat(text)},
                        "value": format!("{n}")})
        })
        .collect();
    json!({"type": "static_select", "action_id": "m", "options": options})
}

fn numbered(count: usize) -> Vec<Value> {
    (0..count)
        .map(|n| {
            let mut one = button(1, 1);
            one["action_id"] = json!(format!("a{n}"));
            one
        })
        .collect()
}

#[test]
fn each_limit_of_a_message_holds_at_its_edge() {
    let twin = json!({"type": "divider", "block_id": "same"});
    let fields = |n: usize, length: usize| {
        let field = json!({"type": "mrkdwn", "text": "x".repeat(length)});
        json!([{"type": "section", "fields": vec![field; n]}])
    };
    let cases = [
        (
            "50 blocks",
            json!(vec![json!({"type": "divider"}); 50]),
            None,
        ),
        (
            "51 blocks",
            json!(vec![json!({"type": "divider"}); 51]),
            Some("invalid_blocks"),
        ),
        ("not a list", json!({}), Some("invalid_blocks_format")),
        ("section 3000", json!([section(3000)]), None),
        (
            "section 3001",
            json!([section(3001)]),
            Some("invalid_blocks"),
        ),
        (
            "section empty text",
            json!([section(0)]),
            Some("invalid_blocks"),
        ),
        (
            "section without text",
            json!([{"type": "section"}]),
            Some("invalid_blocks"),
        ),
        ("fields 10 x 1000", fields(10, 1000), None),
        ("fields 11", fields(11, 1), Some("invalid_blocks")),
        ("field 2001", fields(1, 2001), Some("invalid_blocks")),
        ("header 150", json!([header("plain_text", 150)]), None),
        (
            "header 151",
            json!([header("plain_text", 151)]),
            Some("invalid_blocks"),
        ),
        (
            "header mrkdwn",
            json!([header("mrkdwn", 5)]),
            Some("invalid_blocks"),
        ),
        ("button 75", json!([actions(vec![button(75, 2000)])]), None),
        (
            "button 76",
            json!([actions(vec![button(76, 1)])]),
            Some("invalid_blocks"),
        ),
        (
            "button value 2001",
            json!([actions(vec![button(5, 2001)])]),
            Some("invalid_blocks"),
        ),
        ("25 elements", json!([actions(numbered(25))]), None),
        (
            "26 elements",
            json!([actions(numbered(26))]),
            Some("invalid_blocks"),
        ),
        (
            "no elements",
            json!([actions(vec![])]),
            Some("invalid_blocks"),
        ),
        (
            "two of one action id",
            json!([actions(vec![button(1, 1); 2])]),
            Some("invalid_blocks"),
        ),
        (
            "two of one block id",
            json!([twin, twin]),
            Some("invalid_blocks"),
        ),
        ("100 options", json!([actions(vec![menu(100, 75)])]), None),
        (
            "101 options",
            json!([actions(vec![menu(101, 5)])]),
            Some("invalid_blocks"),
        ),
        (
            "option 76",
            json!([actions(vec![menu(1, 76)])]),
            Some("invalid_blocks"),
        ),
        (
            "no options",
            json!([actions(vec![menu(0, 1)])]),
            Some("invalid_blocks"),
        ),
        (
            "unknown block",
            json!([{"type": "sparkle"}]),
            Some("invalid_blocks"),
        ),
        ("13k in all", json!(vec![section(2600); 5]), None),
        (
            "over 13k in all",
            json!(vec![section(2700); 5]),
            Some("msg_blocks_too_long"),
        ),
    ];
    for (name, blocks, expected) in cases {
        let found = message_blocks(&blocks, 13_200).err().map(|r| r.code);
        assert_eq!(found.as_deref(), expected, "{name}");
    }
}

fn modal(title: usize, extra: Value) -> Value {
    let mut out = json!({"type": "modal", "blocks": [],
        "title": {"type": "plain_text", "text": "t".repeat(title)}});
    for (key, value) in extra.as_object().into_iter().flatten() {
        out[key] = value.clone();
    }
    out
}

#[test]
fn each_limit_of_a_modal_holds_at_its_edge() {
    let plain = |n: usize| json!({"type": "plain_text", "text": "x".repeat(n)});
    let input = |most: u64| {
        json!([{"type": "input", "label": plain(5),
                "element": {"type": "plain_text_input", "max_length": most}}])
    };
    let invalid = Some("invalid_arguments");
    let cases = [
        ("title 24", modal(24, json!({})), None),
        ("title 25", modal(25, json!({})), invalid),
        ("submit 25", modal(5, json!({"submit": plain(25)})), invalid),
        ("close 24", modal(5, json!({"close": plain(24)})), None),
        (
            "metadata 3000",
            modal(5, json!({"private_metadata": "m".repeat(3000)})),
            None,
        ),
        (
            "metadata 3001",
            modal(5, json!({"private_metadata": "m".repeat(3001)})),
            invalid,
        ),
        (
            "callback 256",
            modal(5, json!({"callback_id": "c".repeat(256)})),
            invalid,
        ),
        (
            "input, submit",
            modal(5, json!({"submit": plain(2), "blocks": input(3000)})),
            None,
        ),
        (
            "input, no submit",
            modal(5, json!({"blocks": input(3000)})),
            invalid,
        ),
        (
            "input 3001",
            modal(5, json!({"submit": plain(2), "blocks": input(3001)})),
            invalid,
        ),
        (
            "home as modal",
            json!({"type": "home", "blocks": []}),
            invalid,
        ),
        (
            "too large",
            modal(5, json!({"x": "x".repeat(250_001)})),
            Some("view_too_large"),
        ),
    ];
    for (name, body, expected) in cases {
        let found = view(&body).err().map(|r| r.code);
        assert_eq!(found.as_deref(), expected, "{name}");
    }
}

#[test]
fn a_complaint_names_the_place_and_missing_ids_are_filled_in() {
    let refused = message_blocks(&json!([header("plain_text", 151)]), 13_200).unwrap_err();
    let expected = "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]";
    assert_eq!(refused.messages, [expected]);
    let kept = message_blocks(&json!([section(1)]), 13_200).unwrap();
    assert!(kept[0]["block_id"].is_string());
}
