//! What a person typed: as the provider marked it, and word by word.
//!
//! The provider's own marks for people, channels and links are told apart from text that only looks
//! like them. Words end at white space of any script and at marks; invisible characters are no part of a
//! word. What is not read yet is kept exactly as it was typed.

use super::super::ids::{ChannelId, UserId};
use super::Span;
use super::span::mention;
use crate::invisible;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// A piece of what a person typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Characters, already unescaped: exactly what was typed.
    Plain(String),
    /// A person, marked as one by the provider; the label is what was shown for them.
    Person(UserId, String),
    /// A channel, likewise. The stored name is older.
    #[serde(rename = "room")]
    Channel(ChannelId, String),
    /// A link to a page that the provider marked as one: its address, and what was shown for it.
    Link(String, String),
}

impl Piece {
    /// What was typed, as the person saw it.
    fn plain(&self, text: &mut String) {
        match self {
            Self::Plain(plain) => text.push_str(plain),
            Self::Person(id, label) => mention(text, '@', id.as_str(), label),
            Self::Channel(id, label) => mention(text, '#', id.as_str(), label),
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

    pub(super) fn shown(&self) -> Span {
        match self {
            Self::Plain(plain) => Span::Text(plain.clone()),
            Self::Person(id, _) => Span::Person(id.clone()),
            Self::Channel(id, _) => Span::Channel(id.clone()),
            Self::Link(url, label) => Span::Link {
                url: url.clone(),
                label: if label.is_empty() { url } else { label }.clone(),
            },
        }
    }
}

/// What a person typed, with the provider's marks for people, channels and links told apart from text.
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
            Piece::Person(..) | Piece::Plain(_) | Piece::Channel(..) | Piece::Link(..) => None,
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// Characters without white space.
    Plain(String),
    Person(UserId),
    Channel(ChannelId),
}

/// What is left to read.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    pieces: VecDeque<Piece>,
}

impl Words {
    pub(crate) fn of(typed: &Typed) -> Self {
        let mut words = Self {
            pieces: typed.0.iter().cloned().collect(),
        };
        words.skip_space();
        words
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Takes the next word, to be compared with ours: without invisible characters.
    pub(crate) fn next(&mut self) -> Option<Word> {
        Some(match self.next_as_typed()? {
            Word::Plain(word) => Word::Plain(invisible::without(&word).into_owned()),
            mark @ (Word::Person(_) | Word::Channel(_)) => mark,
        })
    }

    /// Takes the next word as it was typed, but for its ends.
    pub(crate) fn next_as_typed(&mut self) -> Option<Word> {
        self.join_links();
        let word = match self.pieces.pop_front()? {
            Piece::Link(url, _) => Word::Plain(url),
            Piece::Person(id, _) => Word::Person(id),
            Piece::Channel(id, _) => Word::Channel(id),
            Piece::Plain(text) => match text.split_once(char::is_whitespace) {
                Some((word, rest)) => {
                    self.pieces.push_front(Piece::Plain(rest.to_owned()));
                    Word::Plain(invisible::trim(word).to_owned())
                }
                None => Word::Plain(invisible::trim(&text).to_owned()),
            },
        };
        self.skip_space();
        Some(word)
    }

    /// Slack makes links of words such as `shop.example.com`: where a word is wanted, what was shown
    /// is text again, together with the text around it.
    fn join_links(&mut self) {
        let mut text = String::new();
        while let Some(Piece::Plain(_) | Piece::Link(..)) = self.pieces.front() {
            if text.contains(char::is_whitespace) {
                break;
            }
            match self.pieces.pop_front() {
                Some(Piece::Link(url, label)) if label.is_empty() => text.push_str(&url),
                Some(Piece::Link(_, label)) => text.push_str(&label),
                Some(next) => text.push_str(&Typed(vec![next]).to_plain()),
                None => {}
            }
        }
        if !text.is_empty() {
            self.pieces.push_front(Piece::Plain(text));
        }
    }

    /// Takes the next word if it is plain.
    pub(crate) fn plain_word(&mut self) -> Option<String> {
        let mut ahead = self.clone();
        match ahead.next()? {
            Word::Plain(word) => {
                *self = ahead;
                Some(word)
            }
            Word::Person(_) | Word::Channel(_) => None,
        }
    }

    /// Takes the next word if `read` makes something of it.
    pub(crate) fn take<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let mut ahead = self.clone();
        let found = read(&ahead.plain_word()?)?;
        *self = ahead;
        Some(found)
    }

    /// Takes the mention of a channel.
    pub(crate) fn channel(&mut self) -> Option<ChannelId> {
        let Some(Piece::Channel(id, _)) = self.pieces.front() else {
            return None;
        };
        let id = id.clone();
        self.next();
        Some(id)
    }

    /// Takes a name of one or several words, in any case.
    pub(crate) fn name(&mut self, name: &str) -> bool {
        let mut ahead = self.clone();
        let fits = name.split_whitespace().all(|wanted| {
            let word = ahead.plain_word();
            let wanted = invisible::without(wanted).to_lowercase();
            word.is_some_and(|word| word.to_lowercase() == wanted)
        });
        if fits {
            *self = ahead;
        }
        fits
    }

    /// Takes all that is left.
    pub(crate) fn rest(&mut self) -> Typed {
        Typed(self.pieces.drain(..).collect()).trimmed()
    }

    fn skip_space(&mut self) {
        while let Some(Piece::Plain(text)) = self.pieces.front_mut() {
            let trimmed = invisible::trim_start(text);
            if trimmed.is_empty() {
                self.pieces.pop_front();
                continue;
            }
            if trimmed.len() < text.len() {
                *text = trimmed.to_owned();
            }
            return;
        }
    }
}
