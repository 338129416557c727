//! Block Kit as Slack checks it: messages and views, block by block.
//!
//! Returns the blocks as Slack would store them (missing ids filled in) or every complaint at once,
//! each with the JSON pointer Slack gives. Lengths are counted in Unicode scalars of what was sent,
//! that is, after the app's escaping.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::elements::{Place, check_element};
use super::error::Refused;

pub(crate) const MOST_IN_MESSAGE: usize = 50;
const MOST_IN_VIEW: usize = 100;
const LONGEST_ID: usize = 255;
const LARGEST_VIEW: usize = 250_000;

/// Complaints gathered while walking; `at` is the pointer of what is being looked at.
#[derive(Default)]
pub(crate) struct Complaints(pub(crate) Vec<String>);

impl Complaints {
    pub(crate) fn add(&mut self, at: &str, what: &str) {
        self.0.push(format!("[ERROR] {what} [json-pointer:{at}]"));
    }

    /// Text of a length; says whether it was there at all.
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

    /// An optional plain string field.
    pub(crate) fn string(&mut self, at: &str, object: &Value, key: &str, most: usize) {
        match object.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => self.length(&format!("{at}/{key}"), text, 0, most),
            Some(_) => self.add(&format!("{at}/{key}"), "must be a string"),
        }
    }

    /// A text object: its type, its length.
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

/// Which text objects a place takes.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    PlainOnly,
    Any,
}

/// Blocks of a message, checked and completed.
pub(crate) fn message_blocks(blocks: &Value, largest: usize) -> Result<Vec<Value>, Refused> {
    let Some(list) = blocks.as_array() else {
        return Err(Refused::new("invalid_blocks_format"));
    };
    let mut complaints = Complaints::default();
    if list.len() > MOST_IN_MESSAGE {
        complaints.add(
            "/blocks",
            &format!("no more than {MOST_IN_MESSAGE} items allowed"),
        );
        return Err(Refused::because("invalid_blocks", complaints.0));
    }
    let checked = walk(list, "/blocks", &mut complaints);
    if !complaints.0.is_empty() {
        return Err(Refused::because("invalid_blocks", complaints.0));
    }
    if words_in(blocks) > largest {
        return Err(Refused::new("msg_blocks_too_long"));
    }
    Ok(checked)
}

/// A modal's or a Home tab's view, checked and completed.
pub(crate) fn view(view: &Value, expected: &str) -> Result<Value, Refused> {
    let invalid = |complaints: Complaints| Refused::because("invalid_arguments", complaints.0);
    let mut complaints = Complaints::default();
    if !view.is_object() {
        complaints.add("/view", "must be an object");
        return Err(invalid(complaints));
    }
    if view.to_string().len() > LARGEST_VIEW {
        return Err(Refused::new("view_too_large"));
    }
    if view["type"] != expected {
        complaints.add("/view/type", &format!("must be {expected}"));
    }
    let empty = Vec::new();
    let list = view["blocks"].as_array().unwrap_or_else(|| {
        complaints.add("/view", "missing required field: blocks");
        &empty
    });
    if list.len() > MOST_IN_VIEW {
        complaints.add(
            "/view/blocks",
            &format!("no more than {MOST_IN_VIEW} items allowed"),
        );
    }
    if expected == "modal" {
        complaints.text("/view/title", view.get("title"), Kind::PlainOnly, 24);
        for key in ["submit", "close"] {
            if view.get(key).is_some_and(|v| !v.is_null()) {
                complaints.text(&format!("/view/{key}"), view.get(key), Kind::PlainOnly, 24);
            }
        }
        let asks = list.iter().any(|b| b["type"] == "input");
        if asks && view.get("submit").is_none_or(Value::is_null) {
            complaints.add("/view", "missing required field: submit");
        }
    }
    complaints.string("/view", view, "private_metadata", 3000);
    complaints.string("/view", view, "callback_id", LONGEST_ID);
    complaints.string("/view", view, "external_id", LONGEST_ID);
    let checked = walk(list, "/view/blocks", &mut complaints);
    if !complaints.0.is_empty() {
        return Err(invalid(complaints));
    }
    let mut out = view.clone();
    out["blocks"] = Value::Array(checked);
    Ok(out)
}

fn walk(list: &[Value], at: &str, complaints: &mut Complaints) -> Vec<Value> {
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for (index, block) in list.iter().enumerate() {
        let at = format!("{at}/{index}");
        let mut block = block.clone();
        if !block.is_object() {
            complaints.add(&at, "must be an object");
            continue;
        }
        complaints.string(&at, &block, "block_id", LONGEST_ID);
        match block["block_id"].as_str().map(str::to_owned) {
            Some(id) if id.is_empty() => complaints.add(&at, "block_id must not be empty"),
            Some(id) => {
                if !seen.insert(id) {
                    complaints.add(&at, "block_id already exists");
                }
            }
            None => block["block_id"] = json!(format!("auto{index}")),
        }
        check_block(&mut block, &at, complaints);
        out.push(block);
    }
    out
}

fn check_block(block: &mut Value, at: &str, complaints: &mut Complaints) {
    let kind = block["type"].as_str().unwrap_or_default().to_owned();
    match kind.as_str() {
        "section" => section(block, at, complaints),
        "header" => {
            complaints.text(
                &format!("{at}/text"),
                block.get("text"),
                Kind::PlainOnly,
                150,
            );
        }
        "divider" | "rich_text" | "video" | "file" | "table" => {}
        "markdown" => match block["text"].as_str() {
            Some(text) => complaints.length(&format!("{at}/text"), text, 1, 12_000),
            None => complaints.add(at, "missing required field: text"),
        },
        "image" => image(block, at, complaints),
        "context" => context(block, at, complaints),
        "actions" => actions(block, at, complaints),
        "input" => input(block, at, complaints),
        "" => complaints.add(at, "missing required field: type"),
        other => complaints.add(at, &format!("unsupported type: {other}")),
    }
}

fn section(block: &mut Value, at: &str, complaints: &mut Complaints) {
    let text = block.get("text").filter(|v| !v.is_null());
    let fields = block.get("fields").filter(|v| !v.is_null());
    if text.is_none() && fields.is_none() {
        complaints.add(at, "missing required field: text or fields");
    }
    if text.is_some() {
        complaints.text(&format!("{at}/text"), text, Kind::Any, 3000);
    }
    if let Some(fields) = fields {
        let at = format!("{at}/fields");
        match fields.as_array() {
            Some(list) if list.is_empty() => complaints.add(&at, "must have at least 1 item"),
            Some(list) => {
                if list.len() > 10 {
                    complaints.add(&at, "no more than 10 items allowed");
                }
                for (index, field) in list.iter().enumerate() {
                    complaints.text(&format!("{at}/{index}"), Some(field), Kind::Any, 2000);
                }
            }
            None => complaints.add(&at, "must be an array"),
        }
    }
    if let Some(element) = block.get_mut("accessory").filter(|v| !v.is_null()) {
        check_element(
            element,
            &format!("{at}/accessory"),
            Place::Accessory,
            0,
            complaints,
        );
    }
}

pub(crate) fn image(block: &Value, at: &str, complaints: &mut Complaints) {
    if block.get("image_url").is_none() && block.get("slack_file").is_none() {
        complaints.add(at, "missing required field: image_url");
    }
    match block["alt_text"].as_str() {
        Some(text) => complaints.length(&format!("{at}/alt_text"), text, 1, 2000),
        None => complaints.add(at, "missing required field: alt_text"),
    }
    complaints.string(at, block, "image_url", 3000);
}

fn elements<'a>(
    block: &'a mut Value,
    at: &str,
    most: usize,
    complaints: &mut Complaints,
) -> Option<&'a mut Vec<Value>> {
    let Some(list) = block.get_mut("elements").and_then(Value::as_array_mut) else {
        complaints.add(at, "missing required field: elements");
        return None;
    };
    if list.is_empty() {
        complaints.add(&format!("{at}/elements"), "must have at least 1 item");
    }
    if list.len() > most {
        complaints.add(
            &format!("{at}/elements"),
            &format!("no more than {most} items allowed"),
        );
    }
    Some(list)
}

fn context(block: &mut Value, at: &str, complaints: &mut Complaints) {
    let Some(list) = elements(block, at, 10, complaints) else {
        return;
    };
    for (index, element) in list.iter().enumerate() {
        let at = format!("{at}/elements/{index}");
        if element["type"] == "image" {
            image(element, &at, complaints);
        } else {
            complaints.text(&at, Some(element), Kind::Any, 3000);
        }
    }
}

fn actions(block: &mut Value, at: &str, complaints: &mut Complaints) {
    let Some(list) = elements(block, at, 25, complaints) else {
        return;
    };
    let mut seen = HashSet::new();
    for (index, element) in list.iter_mut().enumerate() {
        let here = format!("{at}/elements/{index}");
        check_element(element, &here, Place::Actions, index, complaints);
        if let Some(id) = element["action_id"].as_str()
            && !seen.insert(id.to_owned())
        {
            complaints.add(&here, &format!("action_id `{id}` already exists"));
        }
    }
}

fn input(block: &mut Value, at: &str, complaints: &mut Complaints) {
    complaints.text(
        &format!("{at}/label"),
        block.get("label"),
        Kind::PlainOnly,
        2000,
    );
    if block.get("hint").is_some_and(|v| !v.is_null()) {
        complaints.text(
            &format!("{at}/hint"),
            block.get("hint"),
            Kind::PlainOnly,
            2000,
        );
    }
    match block.get_mut("element") {
        Some(element) => {
            check_element(
                element,
                &format!("{at}/element"),
                Place::Input,
                0,
                complaints,
            );
        }
        None => complaints.add(at, "missing required field: element"),
    }
}

/// Characters of text in a tree of blocks: what Slack's undocumented total seems to count.
fn words_in(value: &Value) -> usize {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, v)| match v {
                Value::String(text) if key != "type" => text.chars().count(),
                Value::String(_) => 0,
                other => words_in(other),
            })
            .sum(),
        Value::Array(list) => list.iter().map(words_in).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}
