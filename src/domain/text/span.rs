//! Text without its look: runs of plain text, of emphasis, and of what the provider links.

use super::super::ids::{ChannelId, UserId};
use super::{Piece, Typed};
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
    /// A channel, named and linked. The stored name is older.
    #[serde(rename = "room")]
    Channel(ChannelId),
    /// A moment, shown in the reader's own time zone where the provider can.
    Time(DateTime<Utc>),
    /// A link: ours, or one that the provider itself marked in what a person typed.
    Link { url: String, label: String },
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
    /// Continues with a channel.
    pub fn channel(mut self, channel: &ChannelId) -> Self {
        self.0.push(Span::Channel(channel.clone()));
        self
    }
    /// Continues with what a person typed: the people, channels and links that the provider marked
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
    /// The spans as one plain line, for those who read JSON.
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
                Span::Channel(channel) => mention(&mut line, '#', channel.as_str(), ""),
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

/// `@bea` or `#ops`: the label, or the id where there is none.
pub(super) fn mention(text: &mut String, mark: char, id: &str, label: &str) {
    text.push(mark);
    text.push_str(if label.is_empty() { id } else { label });
}
