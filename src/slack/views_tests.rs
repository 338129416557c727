//! Modals within Slack's limits, and what is read from their state.

use super::*;
use crate::domain::ids::UserId;
use crate::domain::incident::forms::CHANNEL;

fn form(inputs: Vec<Input>) -> Form {
    Form {
        name: "declare".into(),
        title: "Declare an incident right here and now".into(),
        submit: "Declare".into(),
        inputs,
        context: BTreeMap::from([(CHANNEL.into(), "C1".into())]),
        revision: 3,
    }
}

fn input(key: &str, kind: InputKind) -> Input {
    Input {
        key: key.into(),
        label: "Label".into(),
        hint: None,
        optional: false,
        kind,
    }
}

fn options(count: usize, width: usize) -> InputKind {
    let option = |at: usize| (format!("{at:0width$}"), format!("Option {at}"));
    InputKind::Select {
        options: (0..count).map(option).collect(),
        initial: Some(format!("{:0width$}", 1)),
        tells: Tells::AtOnce,
    }
}

fn submitted(view: &Value, entries: Value) -> ViewInput {
    let state = json!({ "values": entries });
    super::input(view["private_metadata"].as_str().unwrap(), &state)
}

#[test]
fn a_title_is_cut_to_slacks_limit_and_the_block_ids_contain_the_revision() {
    let view = modal(&form(vec![input("severity", options(4, 2))]));
    assert_eq!(view["title"]["text"].as_str().unwrap().chars().count(), 24);
    assert_eq!(view["blocks"][0]["block_id"], "severity~3");
    assert_eq!(view["blocks"][0]["dispatch_action"], true);
    let element = &view["blocks"][0]["element"];
    assert_eq!(element["action_id"], "declare.severity");
    assert_eq!(element["initial_option"]["value"], "01");
}

#[test]
fn more_than_a_hundred_options_come_in_groups() {
    let view = modal(&form(vec![input("service", options(250, 3))]));
    let groups = view["blocks"][0]["element"]["option_groups"].as_array();
    let sizes: Vec<usize> = groups
        .unwrap()
        .iter()
        .map(|group| group["options"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [100, 100, 50]);
}

#[test]
fn an_option_value_that_is_too_long_is_read_back_unchanged() {
    let view = modal(&form(vec![input("service", options(2, 90))]));
    let sent = &view["blocks"][0]["element"]["options"][1]["value"];
    assert!(sent.as_str().unwrap().len() <= 75);
    let entry = json!({"type": "static_select", "selected_option": {"value": sent}});
    let submitted = submitted(&view, json!({"service~3": {"declare.service": entry}}));
    assert_eq!(submitted.values["service"], format!("{:090}", 1));
}

#[test]
fn values_are_read_by_their_keys_and_empty_inputs_are_absent() {
    let person = InputKind::Person {
        initial: Some(UserId::new("U1").unwrap()),
    };
    let view = modal(&form(vec![input("commander", person)]));
    let submitted = submitted(
        &view,
        json!({
            "title~3": {"title": {"type": "plain_text_input", "value": "a &lt; b"}},
            "severity~3": {"declare.severity": {"selected_option": {"value": "P1"}}},
            "service~3": {"service": {"selected_option": null}},
            "commander~3": {"commander": {"selected_user": "U2"}},
            "odd~3": {"odd": 7},
            "empty~3": {},
        }),
    );
    let values: Vec<_> = submitted.values.iter().map(|(k, v)| (&**k, &**v)).collect();
    let expected = [("commander", "U2"), ("severity", "P1"), ("title", "a < b")];
    assert_eq!(values, expected);
    assert_eq!(submitted.private_metadata.form, "declare");
    assert_eq!(submitted.private_metadata.context[CHANNEL], "C1");
}

#[test]
fn an_error_is_shown_at_the_input_of_the_view_that_was_submitted() {
    let state = json!({"values": {"title~7": {}}});
    let errors = FieldErrors::from([("title".into(), "Say more".into())]);
    let answer = errors_answer(&ViewInput::default(), &state, &errors);
    assert_eq!(answer["errors"]["title~7"], "Say more");
}
