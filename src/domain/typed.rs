//! What was typed, word by word, with the rest kept exactly as it was typed.
//!
//! Words end at white space of any script and at the provider's marks for people and rooms; invisible
//! characters are no part of a word.
//! Nothing is judged here but shapes: a number, a severity, a service that the rules know.

use super::act::IncidentRef;
use super::ids::{ChannelId, UserId};
use super::incident::{Severity, declare_form};
use super::rules::Rules;
use super::text::{Piece, Typed};
use crate::invisible;
use std::collections::VecDeque;

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// Characters without white space.
    Plain(String),
    /// A person.
    Person(UserId),
    /// A room.
    Room(ChannelId),
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
            mark @ (Word::Person(_) | Word::Room(_)) => mark,
        })
    }

    /// Takes the next word as it was typed, but for its ends.
    fn next_as_typed(&mut self) -> Option<Word> {
        self.join_links();
        let word = match self.pieces.pop_front()? {
            Piece::Link(url, _) => Word::Plain(url),
            Piece::Person(id, _) => Word::Person(id),
            Piece::Room(id, _) => Word::Room(id),
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
    /// is text again, together with what stands around it.
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
            Word::Person(_) | Word::Room(_) => None,
        }
    }

    /// Takes the next word if `read` makes something of it.
    fn take<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let mut ahead = self.clone();
        let found = read(&ahead.plain_word()?)?;
        *self = ahead;
        Some(found)
    }

    /// Takes `#7`.
    pub(crate) fn number(&mut self) -> Option<IncidentRef> {
        self.take(|word| {
            let digits = word.strip_prefix('#')?;
            let only_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            // A number beyond all numbers names no incident, and is answered so.
            only_digits.then(|| IncidentRef::Number(digits.parse().unwrap_or(i64::MAX)))
        })
    }

    /// Takes `#7` or the mention of a room.
    pub(crate) fn target(&mut self) -> Option<IncidentRef> {
        if let Some(Piece::Room(id, _)) = self.pieces.front() {
            let target = IncidentRef::Channel(id.clone());
            self.next();
            return Some(target);
        }
        self.number()
    }

    /// Takes `P1`.
    pub(crate) fn severity(&mut self) -> Option<Severity> {
        self.take(|word| Severity::parse(word.trim_end_matches([',', ':'])))
    }

    /// Takes a service's name, the longest that fits; without any services, one word.
    pub(crate) fn service(&mut self, rules: &Rules) -> Option<String> {
        if rules.services.is_empty() {
            let mut ahead = self.clone();
            let Word::Plain(name) = ahead.next_as_typed()? else {
                return None;
            };
            *self = ahead;
            return declare_form::check_service(&name, rules).ok();
        }
        let mut best: Option<(usize, &str)> = None;
        for service in &rules.services {
            let count = service.name.split_whitespace().count();
            let longer = best.is_none_or(|(most, _)| count > most);
            if count > 0 && longer && self.begins_with(&service.name) {
                best = Some((count, &service.name));
            }
        }
        let (count, name) = best?;
        for _ in 0..count {
            self.next();
        }
        Some(name.to_owned())
    }

    fn begins_with(&self, name: &str) -> bool {
        let mut ahead = self.clone();
        name.split_whitespace().all(|wanted| {
            let word = ahead.plain_word();
            let wanted = invisible::without(wanted).to_lowercase();
            word.is_some_and(|word| word.to_lowercase() == wanted)
        })
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
