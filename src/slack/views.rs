//! Forms as modals, and the state of a view as a form's values.
//!
//! A block's id consists of the input's key and the form's revision. Slack keeps what a person entered as
//! long as the block's id stays the same, so a template can only change inputs under new ids. Everything
//! else that must come back (the form's name, its context, option values that are too long for Slack)
//! is in `private_metadata`. Limits: <https://docs.slack.dev/reference/views>

use super::mrkdwn::{self, plain_text};
use crate::domain::text::form::{FieldErrors, Form, Input, InputKind, Tells, Values};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Slack's limits, in UTF-16 units.
const TITLE: usize = 24;
const OPTION: usize = 75;
const LABEL: usize = 2000;
const OPTIONS_IN_A_GROUP: usize = 100;
const LONGEST_INPUT: usize = 3000;
/// A text that may be longer gets an input of several lines.
const ONE_LINE: usize = 255;

/// Sent with a modal, and returned unchanged with its submission.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PrivateMetadata {
    /// The form's name; empty when the view is not ours.
    #[serde(default)]
    pub(crate) form: String,
    #[serde(default)]
    pub(crate) revision: u32,
    #[serde(default)]
    pub(crate) context: BTreeMap<String, String>,
    /// Option values that exceed Slack's limit, by the values that are sent instead.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) long: BTreeMap<String, String>,
}

/// What a person entered in a view, with the view's metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ViewInput {
    pub(crate) private_metadata: PrivateMetadata,
    pub(crate) values: Values,
}

pub(crate) fn modal(form: &Form) -> Value {
    let mut metadata = PrivateMetadata {
        form: form.name.clone(),
        revision: form.revision,
        context: form.context.clone(),
        long: BTreeMap::new(),
    };
    let mut blocks = Vec::new();
    for input in &form.inputs {
        blocks.push(block(form, input, &mut metadata.long));
    }
    let metadata = serde_json::to_string(&metadata).expect("strings and numbers become JSON");
    json!({
        "type": "modal",
        "callback_id": mrkdwn::truncate_plain(&form.name, 255),
        "title": plain_text(&form.title, TITLE),
        "submit": plain_text(&form.submit, TITLE),
        "close": plain_text("Cancel", TITLE),
        "private_metadata": metadata,
        "blocks": blocks,
    })
}

pub(crate) fn block_id(key: &str, revision: u32) -> String {
    format!("{key}~{revision}")
}

fn key_of(block_id: &str) -> &str {
    block_id.rsplit_once('~').map_or(block_id, |(key, _)| key)
}

/// The `action_id` of a select whose selections are sent at once.
pub(crate) fn select_action_id(form: &str, key: &str) -> String {
    format!("{form}.{key}")
}

fn block(form: &Form, input: &Input, long: &mut BTreeMap<String, String>) -> Value {
    let mut action_id = input.key.clone();
    let mut dispatches = false;
    let mut element = match &input.kind {
        InputKind::Text { initial, max } => {
            let max = usize::from(*max).clamp(1, LONGEST_INPUT);
            let mut element = json!({"type": "plain_text_input", "max_length": max});
            if max > ONE_LINE {
                element["multiline"] = json!(true);
            }
            if let Some(initial) = initial.as_deref().filter(|text| !text.is_empty()) {
                element["initial_value"] = json!(mrkdwn::truncate_plain(initial, max));
            }
            element
        }
        InputKind::Select {
            options,
            initial,
            tells,
        } => {
            if *tells == Tells::AtOnce {
                dispatches = true;
                action_id = select_action_id(&form.name, &input.key);
            }
            select(options, initial.as_deref(), long)
        }
        InputKind::Person { initial } => {
            let mut element = json!({"type": "users_select"});
            if let Some(person) = initial {
                element["initial_user"] = json!(person.as_str());
            }
            element
        }
    };
    element["action_id"] = json!(mrkdwn::truncate_plain(&action_id, 255));
    let mut block = json!({
        "type": "input",
        "block_id": block_id(&input.key, form.revision),
        "label": plain_text(&input.label, LABEL),
        "optional": input.optional,
        "element": element,
    });
    if dispatches {
        block["dispatch_action"] = json!(true);
    }
    if let Some(hint) = input.hint.as_deref().filter(|hint| !hint.is_empty()) {
        block["hint"] = plain_text(hint, LABEL);
    }
    block
}

fn select(
    options: &[(String, String)],
    initial: Option<&str>,
    long: &mut BTreeMap<String, String>,
) -> Value {
    let mut shown: Vec<Value> = Vec::with_capacity(options.len());
    let mut chosen = None;
    for (value, label) in options {
        let sent = if mrkdwn::width(value) <= OPTION && !value.is_empty() {
            value.clone()
        } else {
            let stand_in = format!("~{}", long.len());
            long.insert(stand_in.clone(), value.clone());
            stand_in
        };
        let label = if label.is_empty() { value } else { label };
        let option = json!({"text": plain_text(label, OPTION), "value": sent});
        if initial == Some(value.as_str()) {
            chosen = Some(option.clone());
        }
        shown.push(option);
    }
    let mut element = json!({"type": "static_select"});
    if shown.len() <= OPTIONS_IN_A_GROUP {
        element["options"] = json!(shown);
    } else {
        let groups: Vec<Value> = shown
            .chunks(OPTIONS_IN_A_GROUP)
            .take(OPTIONS_IN_A_GROUP)
            .map(|group| json!({"label": group_label(group), "options": group}))
            .collect();
        element["option_groups"] = json!(groups);
    }
    if let Some(chosen) = chosen {
        element["initial_option"] = chosen;
    }
    element
}

fn group_label(group: &[Value]) -> Value {
    let name = |option: Option<&Value>| {
        let text = option.and_then(|option| option["text"]["text"].as_str());
        mrkdwn::truncate_plain(text.unwrap_or_default(), 35)
    };
    let label = format!("{} – {}", name(group.first()), name(group.last()));
    plain_text(&label, OPTION)
}

/// Reads the `state` of a view. Empty inputs are absent from the values.
pub(crate) fn input(metadata: &str, state: &Value) -> ViewInput {
    let private_metadata: PrivateMetadata = serde_json::from_str(metadata).unwrap_or_default();
    let mut values = Values::new();
    for (block_id, actions) in state["values"].as_object().into_iter().flatten() {
        let Some(entry) = actions
            .as_object()
            .and_then(|entries| entries.values().next())
        else {
            continue;
        };
        let typed = entry["value"].as_str().map(super::typed::unescape);
        let option = entry["selected_option"]["value"].as_str();
        let option = option.map(|value| match private_metadata.long.get(value) {
            Some(long) => long.clone(),
            None => value.to_owned(),
        });
        let user = entry["selected_user"].as_str().map(str::to_owned);
        let value = typed.or(option).or(user);
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            values.insert(key_of(block_id).to_owned(), value);
        }
    }
    ViewInput {
        private_metadata,
        values,
    }
}

fn block_ids(state: &Value) -> impl Iterator<Item = &String> {
    let blocks = state["values"].as_object();
    blocks.into_iter().flat_map(serde_json::Map::keys)
}

/// The key of the first input of a view, whether it has a value or not.
pub(crate) fn first_key(state: &Value) -> Option<&str> {
    block_ids(state).next().map(|block_id| key_of(block_id))
}

/// The response that keeps a modal open and shows the errors below its inputs.
pub(crate) fn errors_answer(input: &ViewInput, state: &Value, errors: &FieldErrors) -> Value {
    let revision = input.private_metadata.revision;
    let mut by_block = BTreeMap::new();
    for (key, words) in errors {
        // Slack ignores the whole response when one of the blocks is not an input of this view.
        let in_view = block_ids(state).find(|block_id| key_of(block_id) == key);
        let block_id = in_view.cloned().unwrap_or_else(|| block_id(key, revision));
        by_block.insert(block_id, mrkdwn::truncate_plain(words, LABEL));
    }
    json!({"response_action": "errors", "errors": by_block})
}

#[cfg(test)]
#[path = "views_tests.rs"]
mod tests;
