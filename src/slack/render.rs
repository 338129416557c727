//! A message as Slack's blocks, within Slack's limits.
//!
//! Nothing is ever left out for being long: sections are split, and what is more than one message
//! holds becomes several [`Page`]s. Every page has a `text`, because notifications and screen
//! readers show nothing else. Limits: <https://docs.slack.dev/reference/block-kit/blocks>

use super::mrkdwn::{self, SECTION};
use crate::domain::text::{Button, ButtonStyle, Message, Part, Text};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Slack refuses a message with more than 50 blocks; one is left for the mark of a late message.
const BLOCKS: usize = 49;
/// Slack refuses a message whose blocks hold more, at some 13,000 characters (not documented).
const PAGE: usize = 11_000;
/// The longest `text` that is shown whole everywhere.
const TEXT: usize = 4000;
const HEADER: usize = 150;
const FIELD: usize = 2000;
const FIELDS: usize = 10;
const BUTTONS: usize = 25;
const BUTTON_LABEL: usize = 75;
const BUTTON_VALUE: usize = 2000;
const ACTION: usize = 255;

/// What one call can say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    /// For notifications and screen readers; never empty.
    pub(crate) text: String,
    /// The body; empty: the text is the body.
    pub(crate) blocks: Vec<Value>,
}

impl Page {
    /// Says when the message was meant. Marked when it is sent and not before it is split: what is
    /// looked for later must have the same pages.
    pub(crate) fn delayed(mut self, from: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let same_day = from.date_naive() == now.date_naive();
        let format = if same_day { "%H:%M" } else { "%Y-%m-%d %H:%M" };
        let mark = format!("(delayed: from {} UTC)", from.format(format));
        self.text = format!("{mark} {}", self.text);
        if !self.blocks.is_empty() {
            let element = json!({"type": "plain_text", "text": mark});
            let block = json!({"type": "context", "elements": [element]});
            self.blocks.insert(0, block);
        }
        self
    }
}

/// A message in as many pages as it needs; mostly one. `site`: see [`super::client::Access::site`].
pub(crate) fn pages(message: &Message, site: &'static str) -> Vec<Page> {
    let mut sheets: Vec<Vec<Value>> = Vec::new();
    let mut sheet = Vec::new();
    let mut used = 0;
    for (block, weight) in blocks(message, site) {
        if sheet.len() == BLOCKS || (used + weight > PAGE && !sheet.is_empty()) {
            sheets.push(std::mem::take(&mut sheet));
            used = 0;
        }
        used += weight;
        sheet.push(block);
    }
    if !sheet.is_empty() || sheets.is_empty() {
        sheets.push(sheet);
    }
    let of = sheets.len();
    let numbered = sheets.into_iter().zip(1..);
    numbered
        .map(|(blocks, at)| Page {
            text: match (of, at) {
                (1, _) => summary(message, TEXT),
                (_, 1) => format!("{} (1/{of})", summary(message, TEXT - 20)),
                // What went before is not said again.
                _ => format!("{} ({at}/{of})", first_words(&blocks).unwrap_or("…")),
            },
            blocks,
        })
        .collect()
}

/// What the first block with words says; a section's limit is below a text's.
fn first_words(blocks: &[Value]) -> Option<&str> {
    let texts = blocks.iter().filter_map(|block| {
        let text = block.pointer("/text/text");
        text.or_else(|| block.pointer("/elements/0/text"))?.as_str()
    });
    texts.into_iter().find(|text| !text.trim().is_empty())
}

/// The line for notifications, within `most` units: the summary, else the first paragraph with its
/// people and channels, which Slack names here as it does in the body.
fn summary(message: &Message, most: usize) -> String {
    let said = message.summary.trim();
    if !said.is_empty() {
        return mrkdwn::truncate(&Text::plain(said), most);
    }
    let paragraph = message.first_paragraph();
    let paragraph = paragraph.map(|text| mrkdwn::truncate(text, most));
    if let Some(paragraph) = paragraph.filter(|text| !text.trim().is_empty()) {
        return paragraph;
    }
    let header = message.parts.iter().find_map(|part| match part {
        Part::Header(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        _ => None,
    });
    let header = header.unwrap_or_else(|| "A message from Wardroom".to_owned());
    mrkdwn::truncate(&Text::plain(header), most)
}

/// Every block with how much of a page it takes.
fn blocks(message: &Message, site: &'static str) -> Vec<(Value, usize)> {
    let mut blocks = Vec::new();
    let mut actions = Actions {
        times: HashMap::new(),
        site,
    };
    if message.parts.is_empty() && mrkdwn::width(&mrkdwn::escape(&message.summary)) > SECTION {
        section(&mut blocks, &Text::plain(&message.summary));
    }
    for part in &message.parts {
        match part {
            Part::Header(text) => header(&mut blocks, text),
            Part::Section(text) => section(&mut blocks, text),
            Part::Fields(fields) => field_rows(&mut blocks, fields),
            Part::Context(text) => context(&mut blocks, text),
            Part::Preformatted(text) => preformatted(&mut blocks, text),
            Part::Buttons(buttons) => button_rows(&mut blocks, buttons, &mut actions),
        }
    }
    blocks
}

fn header(blocks: &mut Vec<(Value, usize)>, text: &str) {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !line.is_empty() {
        let text = mrkdwn::plain_text(&mrkdwn::plain(&line), HEADER);
        blocks.push((json!({"type": "header", "text": text}), HEADER));
    }
}

/// Texts of at most [`SECTION`] units, each in a block of its own.
fn texts(blocks: &mut Vec<(Value, usize)>, texts: Vec<String>, block: fn(Value) -> Value) {
    blocks.extend(texts.into_iter().map(|text| {
        let weight = mrkdwn::width(&text);
        (block(mrkdwn::object(&text)), weight)
    }));
}

fn section_block(text: Value) -> Value {
    json!({"type": "section", "text": text})
}

fn section(blocks: &mut Vec<(Value, usize)>, text: &Text) {
    texts(blocks, mrkdwn::split(text, SECTION), section_block);
}

fn context(blocks: &mut Vec<(Value, usize)>, text: &Text) {
    texts(
        blocks,
        mrkdwn::split(text, SECTION),
        |text| json!({"type": "context", "elements": [text]}),
    );
}

fn preformatted(blocks: &mut Vec<(Value, usize)>, text: &str) {
    texts(
        blocks,
        mrkdwn::split_preformatted(text, SECTION),
        section_block,
    );
}

/// Fields side by side; a value that no field can hold becomes paragraphs of its own.
fn field_rows(blocks: &mut Vec<(Value, usize)>, fields: &[(String, Text)]) {
    let mut row: Vec<Value> = Vec::new();
    let mut used = 0;
    let flush = |blocks: &mut Vec<(Value, usize)>, row: &mut Vec<Value>, used: &mut usize| {
        if !row.is_empty() {
            let block = json!({"type": "section", "fields": std::mem::take(row)});
            blocks.push((block, std::mem::take(used)));
        }
    };
    for (label, value) in fields {
        let bold = Text::default().bold(mrkdwn::truncate_plain(label, 200));
        let label = mrkdwn::truncate(&bold, FIELD);
        let mut values = mrkdwn::split(value, FIELD - mrkdwn::width(&label) - 1);
        if values.len() > 1 {
            flush(blocks, &mut row, &mut used);
            section(blocks, &bold);
            section(blocks, value);
            continue;
        }
        let value = values.pop().unwrap_or_else(|| "–".to_owned());
        let words = format!("{label}\n{value}");
        if row.len() == FIELDS {
            flush(blocks, &mut row, &mut used);
        }
        used += mrkdwn::width(&words);
        row.push(mrkdwn::object(&words));
    }
    flush(blocks, &mut row, &mut used);
}

/// What the buttons of a message share.
struct Actions {
    /// How often an action's name came already: Slack wants each one once.
    times: HashMap<String, usize>,
    /// Where a button leads that opens a channel.
    site: &'static str,
}

impl Actions {
    /// The name itself, then `name#2`, `name#3`; [`action_name`] takes the number off again.
    fn id(&mut self, action: &str) -> String {
        let times = self.times.entry(action.to_owned()).or_default();
        *times += 1;
        match times {
            1 => mrkdwn::truncate_plain(action, ACTION),
            _ => format!("{}#{times}", mrkdwn::truncate_plain(action, ACTION - 10)),
        }
    }
}

/// The action's name without the number that made it unlike others.
pub(crate) fn action_name(action_id: &str) -> &str {
    match action_id.rsplit_once('#') {
        Some((name, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => action_id,
    }
}

fn button_rows(blocks: &mut Vec<(Value, usize)>, buttons: &[Button], actions: &mut Actions) {
    for row in buttons.chunks(BUTTONS) {
        let elements: Vec<Value> = row.iter().map(|button| press(button, actions)).collect();
        let block = json!({"type": "actions", "elements": elements});
        blocks.push((block, row.len() * BUTTON_LABEL));
    }
}

fn press(button: &Button, actions: &mut Actions) -> Value {
    let mut element = json!({
        "type": "button",
        "text": mrkdwn::plain_text(&mrkdwn::plain(&button.label), BUTTON_LABEL),
        "action_id": actions.id(&button.action),
    });
    if !button.value.is_empty() {
        // A value is read back: cut in the middle it would mean something else, or nothing.
        let mut units = 0;
        let fits = |char: &char| {
            units += char.len_utf16();
            units <= BUTTON_VALUE
        };
        let value: String = button.value.chars().take_while(fits).collect();
        element["value"] = json!(value);
    }
    if let Some(channel) = &button.opens {
        // Leads to the channel in the reader's own client, whichever workspace it is in.
        element["url"] = json!(format!("{}/app_redirect?channel={channel}", actions.site));
    }
    match button.style {
        ButtonStyle::Plain => {}
        ButtonStyle::Primary => element["style"] = json!("primary"),
        ButtonStyle::Danger => element["style"] = json!("danger"),
    }
    element
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
