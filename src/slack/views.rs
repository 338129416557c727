//! A form as a modal, and what was filled in back as values.
//!
//! A block's id is the input's key and the form's revision: Slack keeps what a person entered as
//! long as the id stays, so a template can only take hold under new ids. Everything else that must
//! come back (which form, its context, option values that are too long for Slack) travels in
//! `private_metadata`. Limits: <https://docs.slack.dev/reference/views>

use super::mrkdwn;
use super::wire::lenient_or_default;
use crate::domain::form::{FieldErrors, Form, Input, InputKind, Tells, Values};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Slack's limits, in UTF-16 units.
const TITLE: usize = 24;
const OPTION: usize = 75;
const LABEL: usize = 2000;
const OPTIONS_IN_A_GROUP: usize = 100;
const LONGEST_INPUT: usize = 3000;
/// A text that may be longer is typed in a box of several lines.
const ONE_LINE: usize = 255;

/// What travels with a modal and comes back as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Luggage {
    /// Which form it is.
    #[serde(default)]
    pub(crate) form: String,
    /// Its revision.
    #[serde(default)]
    pub(crate) revision: u32,
    /// Its context.
    #[serde(default)]
    pub(crate) context: BTreeMap<String, String>,
    /// Option values that are longer than Slack's limit, by their stand-ins.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) long: BTreeMap<String, String>,
}

/// What was filled in, with what travelled along.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filled {
    pub(crate) luggage: Luggage,
    pub(crate) values: Values,
}

/// The `state` of a view, as Slack sends it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct State {
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, Value>>,
}

impl State {
    /// The key of an input of the view, whether it is filled in or not.
    pub(crate) fn first_key(&self) -> Option<&str> {
        self.values.keys().next().map(|block| key_of(block))
    }
}

#[derive(Debug, Default, Deserialize)]
struct Entry {
    #[serde(default, deserialize_with = "lenient_or_default")]
    value: Option<String>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    selected_option: Option<Chosen>,
    #[serde(default, deserialize_with = "lenient_or_default")]
    selected_user: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Chosen {
    value: String,
}

/// The modal that asks what a form asks.
pub(crate) fn modal(form: &Form) -> Value {
    let mut luggage = Luggage {
        form: form.name.clone(),
        revision: form.revision,
        context: form.context.clone(),
        long: BTreeMap::new(),
    };
    let mut blocks = Vec::new();
    for input in &form.inputs {
        blocks.push(block(form, input, &mut luggage.long));
    }
    let metadata = serde_json::to_string(&luggage).expect("strings and numbers become JSON");
    json!({
        "type": "modal",
        "callback_id": mrkdwn::cut(&form.name, 255),
        "title": plain(&form.title, TITLE),
        "submit": plain(&form.submit, TITLE),
        "close": plain("Cancel", TITLE),
        "private_metadata": metadata,
        "blocks": blocks,
    })
}

/// The id of an input's block.
pub(crate) fn block_id(key: &str, revision: u32) -> String {
    format!("{key}~{revision}")
}

fn key_of(block_id: &str) -> &str {
    block_id.rsplit_once('~').map_or(block_id, |(key, _)| key)
}

/// The click that a choice in a form is told with.
pub(crate) fn choice_action(form: &str, key: &str) -> String {
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
                element["initial_value"] = json!(mrkdwn::cut(initial, max));
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
                action_id = choice_action(&form.name, &input.key);
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
    element["action_id"] = json!(mrkdwn::cut(&action_id, 255));
    let mut block = json!({
        "type": "input",
        "block_id": block_id(&input.key, form.revision),
        "label": plain(&input.label, LABEL),
        "optional": input.optional,
        "element": element,
    });
    if dispatches {
        block["dispatch_action"] = json!(true);
    }
    if let Some(hint) = input.hint.as_deref().filter(|hint| !hint.is_empty()) {
        block["hint"] = plain(hint, LABEL);
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
        let option = json!({"text": plain(label, OPTION), "value": sent});
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
        mrkdwn::cut(text.unwrap_or_default(), 35)
    };
    let label = format!("{} – {}", name(group.first()), name(group.last()));
    plain(&label, OPTION)
}

fn plain(text: &str, most: usize) -> Value {
    let text = mrkdwn::cut(text, most);
    let text = if text.trim().is_empty() { "–" } else { &text };
    json!({"type": "plain_text", "text": text, "emoji": true})
}

/// Reads what was filled in; a view that is not ours has an empty form name.
pub(crate) fn filled(metadata: &str, state: &State) -> Filled {
    let luggage: Luggage = serde_json::from_str(metadata).unwrap_or_default();
    let mut values = Values::new();
    for (block_id, entries) in &state.values {
        let Some(entry) = entries.values().next() else {
            continue;
        };
        let Ok(entry) = serde_json::from_value::<Entry>(entry.clone()) else {
            continue;
        };
        let option = entry.selected_option.map(|chosen| {
            let full = luggage.long.get(&chosen.value);
            full.cloned().unwrap_or(chosen.value)
        });
        let typed = entry.value.map(|text| super::typed::unescape(&text));
        let value = typed.or(option).or(entry.selected_user);
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            values.insert(key_of(block_id).to_owned(), value);
        }
    }
    Filled { luggage, values }
}

/// The answer that keeps a modal open and shows what is wrong beside its inputs.
pub(crate) fn errors_answer(filled: &Filled, state: &State, errors: &FieldErrors) -> Value {
    let revision = filled.luggage.revision;
    let mut by_block = BTreeMap::new();
    for (key, words) in errors {
        // Slack ignores the whole answer when a block is not an input of this very view.
        let in_view = state.values.keys().find(|block| key_of(block) == key);
        let block = in_view.cloned().unwrap_or_else(|| block_id(key, revision));
        by_block.insert(block, mrkdwn::cut(words, LABEL));
    }
    json!({"response_action": "errors", "errors": by_block})
}

#[cfg(test)]
#[path = "views_tests.rs"]
mod tests;
