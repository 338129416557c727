//! What we say, without saying how it looks: a small document model.
//!
//! The domain composes a [`Message`] from parts; an adapter renders it within its provider's
//! limits and escapes every [`Span::Text`] in one place, so that no decision can ever inject a
//! mention or a link. What a person typed comes in as [`Typed`]: the provider's own marks for
//! people and rooms are told apart from text that only looks like them.

use super::ids::{ChannelId, UserId};
use crate::invisible;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// A link: ours, or one that the provider itself marked in what somebody typed.
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
    /// Continues with what somebody typed: the people, rooms and links that the provider marked
    /// become ours; everything else stays text.
    pub fn typed(mut self, typed: &Typed) -> Self {
        self.0.extend(typed.0.iter().map(Piece::shown));
        self
    }
    /// Continues with a moment.
    pub fn time(mut self, at: DateTime<Utc>) -> Self {
        self.0.push(Span::Time(at));
        self
    }
}

impl Text {
    /// The spans as one plain line, for those who read JSON and not a room.
    pub fn to_plain(&self) -> String {
        let mut line = String::new();
        for span in &self.0 {
            match span {
                Span::Text(text) | Span::Bold(text) => line.push_str(text),
                Span::Code(code) => {
                    line.push('`');
                    line.push_str(code);
                    line.push('`');
                }
                Span::Person(person) => mention(&mut line, '@', person.as_str(), ""),
                Span::Room(room) => mention(&mut line, '#', room.as_str(), ""),
                Span::Time(at) => line.push_str(&at.format("%Y-%m-%d %H:%M:%S UTC").to_string()),
                Span::Link { url, label } => {
                    line.push_str(label);
                    line.push_str(" (");
                    line.push_str(url);
                    line.push(')');
                }
            }
        }
        line
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
    /// The channel that it opens; then nothing else follows from the press.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<ChannelId>,
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
    /// One line for push notifications and screen readers; empty: the first paragraph is that line,
    /// with the people and rooms that it names.
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
    /// The first paragraph.
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
    /// The summary as plain words, for those who read JSON and not a room.
    pub fn in_words(&self) -> String {
        match self.first_paragraph() {
            Some(text) if self.summary.is_empty() => text.to_plain(),
            Some(_) | None => self.summary.clone(),
        }
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
    /// A link to a page that the provider marked as one: its address, and what was shown for it.
    Link(String, String),
}

impl Piece {
    /// What was typed, as the person saw it.
    fn plain(&self, text: &mut String) {
        match self {
            Self::Plain(plain) => text.push_str(plain),
            Self::Person(id, label) => mention(text, '@', id.as_str(), label),
            Self::Room(id, label) => mention(text, '#', id.as_str(), label),
            Self::Link(url, label) if label.is_empty() || url.ends_with(label.as_str()) => {
                text.push_str(url);
            }
            Self::Link(url, label) => {
                text.push_str(label);
                text.push_str(" (");
                text.push_str(url);
                text.push(')');
            }
        }
    }

    fn shown(&self) -> Span {
        match self {
            Self::Plain(plain) => Span::Text(plain.clone()),
            Self::Person(id, _) => Span::Person(id.clone()),
            Self::Room(id, _) => Span::Room(id.clone()),
            Self::Link(url, label) => Span::Link {
                url: url.clone(),
                label: if label.is_empty() { url } else { label }.clone(),
            },
        }
    }
}

/// What somebody typed, with the provider's marks for people, rooms and links told apart from text.
/// What is kept of it (in the record, in a button) are the words alone: marks are for the moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
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
            piece.plain(&mut text);
        }
        text
    }

    /// Without white space and invisible characters at its ends.
    pub fn trimmed(mut self) -> Self {
        if let Some(Piece::Plain(first)) = self.0.first_mut() {
            *first = invisible::trim_start(first).to_owned();
        }
        if let Some(Piece::Plain(last)) = self.0.last_mut() {
            *last = invisible::trim_end(last).to_owned();
        }
        self.0
            .retain(|piece| !matches!(piece, Piece::Plain(text) if text.is_empty()));
        self
    }

    /// What the people in it are called, where the provider says so.
    pub fn names(&self) -> BTreeMap<UserId, String> {
        let named = self.0.iter().filter_map(|piece| match piece {
            Piece::Person(id, label) if !label.is_empty() => Some((id.clone(), label.clone())),
            Piece::Person(..) | Piece::Plain(_) | Piece::Room(..) | Piece::Link(..) => None,
        });
        named.collect()
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Typed {
    fn from(text: String) -> Self {
        Self::plain(text)
    }
}

impl From<&str> for Typed {
    fn from(text: &str) -> Self {
        Self::plain(text)
    }
}

impl From<Typed> for String {
    fn from(typed: Typed) -> Self {
        typed.to_plain()
    }
}

fn mention(text: &mut String, mark: char, id: &str, label: &str) {
    text.push(mark);
    text.push_str(if label.is_empty() { id } else { label });
}
