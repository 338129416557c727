//! The validation of interactive elements: buttons, menus, inputs, and their options.
//!
//! Where Slack's documentation contradicts itself (an option's value: 75 or 150 characters), the
//! smaller limit applies. Missing action ids are generated, as in Slack.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::blocks::{BlockErrors, Kind, image};

/// The block that contains an element.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Accessory,
    Actions,
    Input,
}

pub(crate) fn check_element(
    element: &mut Value,
    at: &str,
    place: Place,
    index: usize,
    errors: &mut BlockErrors,
) {
    let Some(kind) = element["type"].as_str().map(str::to_owned) else {
        errors.add(at, "missing required field: type");
        return;
    };
    if !allowed(&kind, place) {
        errors.add(at, &format!("unsupported type: {kind}"));
        return;
    }
    if kind == "image" {
        image(element, at, errors);
        return;
    }
    match element["action_id"].as_str() {
        Some(id) => errors.length(&format!("{at}/action_id"), id, 1, 255),
        None => element["action_id"] = json!(format!("auto{index}")),
    }
    if element.get("placeholder").is_some_and(|v| !v.is_null()) {
        let here = format!("{at}/placeholder");
        errors.text(&here, element.get("placeholder"), Kind::PlainOnly, 150);
    }
    if let Some(confirm) = element.get("confirm").filter(|v| !v.is_null()) {
        check_confirm(confirm, &format!("{at}/confirm"), errors);
    }
    match kind.as_str() {
        "button" => button(element, at, errors),
        "static_select" | "multi_static_select" => menu(element, at, errors),
        "overflow" => options(element.get("options"), &format!("{at}/options"), 5, errors),
        "radio_buttons" | "checkboxes" => {
            options(element.get("options"), &format!("{at}/options"), 10, errors);
        }
        "plain_text_input" => text_input(element, at, errors),
        _ => {}
    }
}

fn allowed(kind: &str, place: Place) -> bool {
    match kind {
        "button" | "workflow_button" | "overflow" => place != Place::Input,
        "image" => place == Place::Accessory,
        "static_select"
        | "external_select"
        | "users_select"
        | "conversations_select"
        | "channels_select"
        | "datepicker"
        | "timepicker"
        | "checkboxes"
        | "radio_buttons" => true,
        "multi_static_select"
        | "multi_external_select"
        | "multi_users_select"
        | "multi_conversations_select"
        | "multi_channels_select" => true,
        "datetimepicker" => place != Place::Accessory,
        "plain_text_input" | "number_input" | "email_text_input" | "url_text_input"
        | "file_input" | "rich_text_input" => place == Place::Input,
        _ => false,
    }
}

fn button(element: &Value, at: &str, errors: &mut BlockErrors) {
    errors.text(
        &format!("{at}/text"),
        element.get("text"),
        Kind::PlainOnly,
        75,
    );
    errors.string(at, element, "value", 2000);
    errors.string(at, element, "url", 3000);
    errors.string(at, element, "accessibility_label", 75);
    if let Some(style) = element.get("style").filter(|v| !v.is_null())
        && style != "primary"
        && style != "danger"
    {
        errors.add(&format!("{at}/style"), "must be a valid enum value");
    }
}

fn menu(element: &Value, at: &str, errors: &mut BlockErrors) {
    let groups = element.get("option_groups").filter(|v| !v.is_null());
    if let Some(groups) = groups {
        let here = format!("{at}/option_groups");
        let empty = Vec::new();
        let list = groups.as_array().unwrap_or(&empty);
        if list.is_empty() || list.len() > 100 {
            errors.add(&here, "must have between 1 and 100 items");
        }
        for (index, group) in list.iter().enumerate() {
            let here = format!("{here}/{index}");
            errors.text(
                &format!("{here}/label"),
                group.get("label"),
                Kind::PlainOnly,
                75,
            );
            options(
                group.get("options"),
                &format!("{here}/options"),
                100,
                errors,
            );
        }
    } else {
        options(
            element.get("options"),
            &format!("{at}/options"),
            100,
            errors,
        );
    }
    if let Some(initial) = element.get("initial_option").filter(|v| !v.is_null()) {
        let known = all_options(element)
            .into_iter()
            .any(|o| o["value"] == initial["value"]);
        if !known {
            errors.add(
                &format!("{at}/initial_option"),
                "must match one of the options",
            );
        }
    }
}

/// All options, including those in groups.
pub(crate) fn all_options(element: &Value) -> Vec<&Value> {
    let direct = element["options"].as_array().into_iter().flatten();
    let groups = element["option_groups"].as_array().into_iter().flatten();
    direct
        .chain(groups.flat_map(|g| g["options"].as_array().into_iter().flatten()))
        .collect()
}

fn options(list: Option<&Value>, at: &str, most: usize, errors: &mut BlockErrors) {
    let Some(list) = list.and_then(Value::as_array) else {
        errors.add(at, "missing required field: options");
        return;
    };
    if list.is_empty() {
        errors.add(at, "must have at least 1 item");
    }
    if list.len() > most {
        errors.add(at, &format!("no more than {most} items allowed"));
    }
    let mut seen = HashSet::new();
    for (index, option) in list.iter().enumerate() {
        let at = format!("{at}/{index}");
        errors.text(&format!("{at}/text"), option.get("text"), Kind::Any, 75);
        match option["value"].as_str() {
            Some(value) => {
                errors.length(&format!("{at}/value"), value, 1, 75);
                if !seen.insert(value) {
                    errors.add(&format!("{at}/value"), "must be unique");
                }
            }
            None => errors.add(&at, "missing required field: value"),
        }
        if option.get("description").is_some_and(|v| !v.is_null()) {
            let here = format!("{at}/description");
            errors.text(&here, option.get("description"), Kind::Any, 75);
        }
    }
}

fn text_input(element: &Value, at: &str, errors: &mut BlockErrors) {
    for (key, most) in [("min_length", 3000), ("max_length", 3000)] {
        if let Some(value) = element.get(key).filter(|v| !v.is_null())
            && value.as_u64().is_none_or(|n| n > most)
        {
            errors.add(&format!("{at}/{key}"), &format!("must be at most {most}"));
        }
    }
    errors.string(at, element, "initial_value", 3000);
}

fn check_confirm(confirm: &Value, at: &str, errors: &mut BlockErrors) {
    errors.text(
        &format!("{at}/title"),
        confirm.get("title"),
        Kind::PlainOnly,
        100,
    );
    errors.text(&format!("{at}/text"), confirm.get("text"), Kind::Any, 300);
    for key in ["confirm", "deny"] {
        if confirm.get(key).is_some_and(|v| !v.is_null()) {
            errors.text(
                &format!("{at}/{key}"),
                confirm.get(key),
                Kind::PlainOnly,
                30,
            );
        }
    }
}
