//! The validation of Block Kit: messages and views.
//!
//! It returns the blocks as Slack stores them, with generated ids, or all errors with their JSON
//! pointers. Lengths are counted in Unicode scalar values of the text that was sent, after escaping.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::elements::{Place, check_element};
use super::error::Refused;

pub(crate) const MAX_BLOCKS_IN_MESSAGE: usize = 50;
const MAX_BLOCKS_IN_VIEW: usize = 100;
const MAX_ID_LENGTH: usize = 255;
const MAX_VIEW_BYTES: usize = 250_000;

/// The errors so far; `at` is a JSON pointer.
#[derive(Default)]
pub(crate) struct BlockErrors(pub(crate) Vec<String>);

impl BlockErrors {
    pub(crate) fn add(&mut self, at: &str, what: &str) {
        self.0.push(format!("[ERROR] {what} [json-pointer:{at}]"));
    }

    pub(crate) fn length(&mut self, at: &str, text: &str, least: usize, most: usize) {
        let length = text.chars().count();
        if length < least {
            self.add(
                at,
                &format!("must be more than {} characters", least.saturating_sub(1)),
            );
        } else if length > most {
            self.add(at, &format!("must be less than {} characters", most + 1));
        }
    }

    pub(crate) fn string(&mut self, at: &str, object: &Value, key: &str, most: usize) {
        match object.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => self.length(&format!("{at}/{key}"), text, 0, most),
            Some(_) => self.add(&format!("{at}/{key}"), "must be a string"),
        }
    }

    pub(crate) fn text(&mut self, at: &str, value: Option<&Value>, kind: Kind, most: usize) {
        let Some(object) = value.and_then(Value::as_object) else {
            self.add(at, "missing required field: text");
            return;
        };
        let fine = match (object.get("type").and_then(Value::as_str), kind) {
            (Some("plain_text"), _) | (Some("mrkdwn"), Kind::Any) => true,
            (Some(_), _) => {
                self.add(&format!("{at}/type"), "must be a valid enum value");
                false
            }
            (None, _) => {
                self.add(at, "missing required field: type");
                false
            }
        };
        match object.get("text").and_then(Value::as_str) {
            Some(text) if fine => self.length(&format!("{at}/text"), text, 1, most),
            Some(_) => {}
            None => self.add(at, "missing required field: text"),
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    PlainOnly,
    Any,
}

/// Validates the blocks of a message, and generates missing ids.
pub(crate) fn message_blocks(blocks: &Value, max_block_text: usize) -> Result<Vec<Value>, Refused> {
    let Some(list) = blocks.as_array() else {
        return Err(Refused::new("invalid_blocks_format"));
    };
    let mut errors = BlockErrors::default();
    if list.len() > MAX_BLOCKS_IN_MESSAGE {
        errors.add(
            "/blocks",
            &format!("no more than {MAX_BLOCKS_IN_MESSAGE} items allowed"),
        );
        return Err(Refused::because("invalid_blocks", errors.0));
    }
    let checked = walk(list, "/blocks", &mut errors);
    if !errors.0.is_empty() {
        return Err(Refused::because("invalid_blocks", errors.0));
    }
    if text_length(blocks) > max_block_text {
        return Err(Refused::new("msg_blocks_too_long"));
    }
    Ok(checked)
}

/// Validates a modal, and generates missing ids.
pub(crate) fn view(view: &Value) -> Result<Value, Refused> {
    let invalid = |errors: BlockErrors| Refused::because("invalid_arguments", errors.0);
    let mut errors = BlockErrors::default();
    if !view.is_object() {
        errors.add("/view", "must be an object");
        return Err(invalid(errors));
    }
    if view.to_string().len() > MAX_VIEW_BYTES {
        return Err(Refused::new("view_too_large"));
    }
    if view["type"] != "modal" {
        errors.add("/view/type", "must be modal");
    }
    let empty = Vec::new();
    let list = view["blocks"].as_array().unwrap_or_else(|| {
        errors.add("/view", "missing required field: blocks");
        &empty
    });
    if list.len() > MAX_BLOCKS_IN_VIEW {
        errors.add(
            "/view/blocks",
            &format!("no more than {MAX_BLOCKS_IN_VIEW} items allowed"),
        );
    }
    errors.text("/view/title", view.get("title"), Kind::PlainOnly, 24);
    for key in ["submit", "close"] {
        if view.get(key).is_some_and(|v| !v.is_null()) {
            errors.text(&format!("/view/{key}"), view.get(key), Kind::PlainOnly, 24);
        }
    }
    let asks = list.iter().any(|b| b["type"] == "input");
    if asks && view.get("submit").is_none_or(Value::is_null) {
        errors.add("/view", "missing required field: submit");
    }
    errors.string("/view", view, "private_metadata", 3000);
    errors.string("/view", view, "callback_id", MAX_ID_LENGTH);
    errors.string("/view", view, "external_id", MAX_ID_LENGTH);
    let checked = walk(list, "/view/blocks", &mut errors);
    if !errors.0.is_empty() {
        return Err(invalid(errors));
    }
    let mut out = view.clone();
    out["blocks"] = Value::Array(checked);
    Ok(out)
}

fn walk(list: &[Value], at: &str, errors: &mut BlockErrors) -> Vec<Value> {
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for (index, block) in list.iter().enumerate() {
        let at = format!("{at}/{index}");
        let mut block = block.clone();
        if !block.is_object() {
            errors.add(&at, "must be an object");
            continue;
        }
        errors.string(&at, &block, "block_id", MAX_ID_LENGTH);
        match block["block_id"].as_str().map(str::to_owned) {
            Some(id) if id.is_empty() => errors.add(&at, "block_id must not be empty"),
            Some(id) => {
                if !seen.insert(id) {
                    errors.add(&at, "block_id already exists");
                }
            }
            None => block["block_id"] = json!(format!("auto{index}")),
        }
        check_block(&mut block, &at, errors);
        out.push(block);
    }
    out
}

fn check_block(block: &mut Value, at: &str, errors: &mut BlockErrors) {
    let kind = block["type"].as_str().unwrap_or_default().to_owned();
    match kind.as_str() {
        "section" => section(block, at, errors),
        "header" => {
            errors.text(
                &format!("{at}/text"),
                block.get("text"),
                Kind::PlainOnly,
                150,
            );
        }
        "divider" | "rich_text" | "video" | "file" | "table" => {}
        "markdown" => match block["text"].as_str() {
            Some(text) => errors.length(&format!("{at}/text"), text, 1, 12_000),
            None => errors.add(at, "missing required field: text"),
        },
        "image" => image(block, at, errors),
        "context" => context(block, at, errors),
        "actions" => actions(block, at, errors),
        "input" => input(block, at, errors),
        "" => errors.add(at, "missing required field: type"),
        other => errors.add(at, &format!("unsupported type: {other}")),
    }
}

fn section(block: &mut Value, at: &str, errors: &mut BlockErrors) {
    let text = block.get("text").filter(|v| !v.is_null());
    let fields = block.get("fields").filter(|v| !v.is_null());
    if text.is_none() && fields.is_none() {
        errors.add(at, "missing required field: text or fields");
    }
    if text.is_some() {
        errors.text(&format!("{at}/text"), text, Kind::Any, 3000);
    }
    if let Some(fields) = fields {
        let at = format!("{at}/fields");
        match fields.as_array() {
            Some(list) if list.is_empty() => errors.add(&at, "must have at least 1 item"),
            Some(list) => {
                if list.len() > 10 {
                    errors.add(&at, "no more than 10 items allowed");
                }
                for (index, field) in list.iter().enumerate() {
                    errors.text(&format!("{at}/{index}"), Some(field), Kind::Any, 2000);
                }
            }
            None => errors.add(&at, "must be an array"),
        }
    }
    if let Some(element) = block.get_mut("accessory").filter(|v| !v.is_null()) {
        check_element(
            element,
            &format!("{at}/accessory"),
            Place::Accessory,
            0,
            errors,
        );
    }
}

pub(crate) fn image(block: &Value, at: &str, errors: &mut BlockErrors) {
    if block.get("image_url").is_none() && block.get("slack_file").is_none() {
        errors.add(at, "missing required field: image_url");
    }
    match block["alt_text"].as_str() {
        Some(text) => errors.length(&format!("{at}/alt_text"), text, 1, 2000),
        None => errors.add(at, "missing required field: alt_text"),
    }
    errors.string(at, block, "image_url", 3000);
}

fn elements<'a>(
    block: &'a mut Value,
    at: &str,
    most: usize,
    errors: &mut BlockErrors,
) -> Option<&'a mut Vec<Value>> {
    let Some(list) = block.get_mut("elements").and_then(Value::as_array_mut) else {
        errors.add(at, "missing required field: elements");
        return None;
    };
    if list.is_empty() {
        errors.add(&format!("{at}/elements"), "must have at least 1 item");
    }
    if list.len() > most {
        errors.add(
            &format!("{at}/elements"),
            &format!("no more than {most} items allowed"),
        );
    }
    Some(list)
}

fn context(block: &mut Value, at: &str, errors: &mut BlockErrors) {
    let Some(list) = elements(block, at, 10, errors) else {
        return;
    };
    for (index, element) in list.iter().enumerate() {
        let at = format!("{at}/elements/{index}");
        if element["type"] == "image" {
            image(element, &at, errors);
        } else {
            errors.text(&at, Some(element), Kind::Any, 3000);
        }
    }
}

fn actions(block: &mut Value, at: &str, errors: &mut BlockErrors) {
    let Some(list) = elements(block, at, 25, errors) else {
        return;
    };
    let mut seen = HashSet::new();
    for (index, element) in list.iter_mut().enumerate() {
        let here = format!("{at}/elements/{index}");
        check_element(element, &here, Place::Actions, index, errors);
        if let Some(id) = element["action_id"].as_str()
            && !seen.insert(id.to_owned())
        {
            errors.add(&here, &format!("action_id `{id}` already exists"));
        }
    }
}

fn input(block: &mut Value, at: &str, errors: &mut BlockErrors) {
    errors.text(
        &format!("{at}/label"),
        block.get("label"),
        Kind::PlainOnly,
        2000,
    );
    if block.get("hint").is_some_and(|v| !v.is_null()) {
        errors.text(
            &format!("{at}/hint"),
            block.get("hint"),
            Kind::PlainOnly,
            2000,
        );
    }
    match block.get_mut("element") {
        Some(element) => {
            check_element(element, &format!("{at}/element"), Place::Input, 0, errors);
        }
        None => errors.add(at, "missing required field: element"),
    }
}

/// The characters of text in blocks, which Slack's undocumented limit seems to count.
fn text_length(value: &Value) -> usize {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, v)| match v {
                Value::String(text) if key != "type" => text.chars().count(),
                Value::String(_) => 0,
                other => text_length(other),
            })
            .sum(),
        Value::Array(list) => list.iter().map(text_length).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}
