//! A message: parts from top to bottom, without saying how they look.

use super::super::ids::ChannelId;
use super::Text;
use serde::{Deserialize, Serialize};

/// A piece of a message, from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A headline: plain text.
    Header(String),
    /// A paragraph; line breaks are kept. Any length: the adapter splits it.
    Section(Text),
    /// Label and value, side by side. Any number: the adapter splits them.
    Fields(Vec<(String, Text)>),
    Context(Text),
    /// Text in a fixed-width block, any length.
    Preformatted(String),
    /// Buttons in a row.
    Buttons(Vec<Button>),
}

/// Something to press. Pressing twice must do no harm: the domain guards it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What it says; at most 75 characters are shown.
    pub label: String,
    /// What the click is called when it comes back.
    pub action: String,
    /// What the click carries, such as the incident's number.
    pub value: String,
    pub style: ButtonStyle,
    /// The channel that it opens; then nothing else follows from the press.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<ChannelId>,
}

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ButtonStyle {
    Plain,
    /// What most people want here.
    Primary,
    /// Ends or destroys something.
    Danger,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// One line for push notifications and screen readers; empty: the first paragraph is that line,
    /// with the people and channels that it names.
    pub summary: String,
    /// The body; empty: the summary is the body.
    pub parts: Vec<Part>,
}

/// One paragraph that is its own summary.
impl From<Text> for Message {
    fn from(text: Text) -> Self {
        Self::said(text)
    }
}

impl Message {
    /// A message of one line.
    pub fn line(summary: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            parts: Vec::new(),
        }
    }
    /// A message of one paragraph that is its own summary.
    pub fn said(text: Text) -> Self {
        Self::section("", text)
    }
    /// A message whose body begins with a paragraph.
    pub fn section(summary: impl Into<String>, text: Text) -> Self {
        Self {
            summary: summary.into(),
            parts: vec![Part::Section(text)],
        }
    }
    /// Adds a part at the end.
    pub fn with(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }
    pub fn first_paragraph(&self) -> Option<&Text> {
        self.parts.iter().find_map(|part| match part {
            Part::Section(text) => Some(text),
            Part::Header(_)
            | Part::Fields(_)
            | Part::Context(_)
            | Part::Preformatted(_)
            | Part::Buttons(_) => None,
        })
    }
    /// The summary as plain words, for those who read JSON.
    pub fn in_words(&self) -> String {
        match self.first_paragraph() {
            Some(text) if self.summary.is_empty() => text.to_plain(),
            Some(_) | None => self.summary.clone(),
        }
    }
}
