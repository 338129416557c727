//! What we say, without saying how it looks: a small document model.
//!
//! The domain composes a [`Message`] from parts; an adapter renders it within its provider's
//! limits and escapes every [`Span::Text`] in one place, so that no decision can ever inject a
//! mention or a link. What a person typed comes in as [`Typed`]: the provider's own marks for
//! people and rooms are told apart from text that only looks like them.

use super::ids::{ChannelId, UserId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A run of text of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// Plain text, shown as it is: never interpreted.
    Text(String),
    /// Plain text, set bold.
    Bold(String),
    /// Plain text, set as code: something to type or to copy.
    Code(String),
    /// A person, named and linked (and, in a message, notified).
    Person(UserId),
    /// A room, named and linked.
    Room(ChannelId),
    /// A moment, shown in the reader's own time zone where the provider can.
    Time(DateTime<Utc>),
    /// A link of ours; never one that somebody typed.
    Link {
        /// Where it leads.
        url: String,
        /// What is shown.
        label: String,
    },
}

/// A line or a paragraph of spans.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(pub Vec<Span>);

impl Text {
    /// Plain text, to be continued.
    pub fn plain(text: impl Into<String>) -> Self {
        Self(vec![Span::Text(text.into())])
    }
    /// Continues with plain text.
    pub fn and(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Text(text.into()));
        self
    }
    /// Continues in bold.
    pub fn bold(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Bold(text.into()));
        self
    }
    /// Continues with something to type.
    pub fn code(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Code(text.into()));
        self
    }
    /// Continues with a person.
    pub fn person(mut self, person: &UserId) -> Self {
        self.0.push(Span::Person(person.clone()));
        self
    }
    /// Continues with a room.
    pub fn room(mut self, room: &ChannelId) -> Self {
        self.0.push(Span::Room(room.clone()));
        self
    }
    /// Continues with a moment.
    pub fn time(mut self, at: DateTime<Utc>) -> Self {
        self.0.push(Span::Time(at));
        self
    }
}

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
    /// Small print.
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
    /// How it looks.
    pub style: ButtonStyle,
}

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ButtonStyle {
    /// One among others.
    Plain,
    /// What most people want here.
    Primary,
    /// Ends or destroys something.
    Danger,
}

/// A whole message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// One line for push notifications and screen readers; never empty.
    pub summary: String,
    /// The body; empty: the summary is the body.
    pub parts: Vec<Part>,
}

impl Message {
    /// A message of one line.
    pub fn line(summary: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            parts: Vec::new(),
        }
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
}

/// A piece of what somebody typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Characters, already unescaped: exactly what was typed.
    Plain(String),
    /// A person, marked as one by the provider; the label is what was shown for them.
    Person(UserId, String),
    /// A room, likewise.
    Room(ChannelId, String),
}

/// What somebody typed, with the provider's marks for people and rooms told apart from text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Typed(pub Vec<Piece>);

impl Typed {
    /// Text without any marks.
    pub fn plain(text: impl Into<String>) -> Self {
        Self(vec![Piece::Plain(text.into())])
    }

    /// What was typed as the person saw it: `@bea`, `#ops`, everything else as it is.
    pub fn to_plain(&self) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Person(id, label) => mention(&mut text, '@', id.as_str(), label),
                Piece::Room(id, label) => mention(&mut text, '#', id.as_str(), label),
            }
        }
        text
    }
}

fn mention(text: &mut String, mark: char, id: &str, label: &str) {
    text.push(mark);
    text.push_str(if label.is_empty() { id } else { label });
}
