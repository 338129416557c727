//! What stands in the rooms, and what a story has heard of it: whatever it did not expect fails it.

use super::World;
use simulator::{ChannelView, MessageView};

/// A message that a story expected.
#[derive(Debug, Clone)]
pub struct HeardMessage {
    /// The room's id.
    pub room: String,
    /// Its stamp.
    pub ts: String,
    /// All words that a person reads in it.
    pub words: String,
    /// The top-level text.
    pub text: String,
}

impl World {
    /// Expects exactly one message in a room (by id, name, or `@name` for a direct message) that
    /// was not heard before and holds these words; with it, it is heard.
    #[track_caller]
    pub fn hears(&mut self, room: &str, words: &str) -> HeardMessage {
        self.hears_one(room, words, |message| message.ephemeral_to.is_none())
    }

    /// The same for a message that only this person sees, wherever it is.
    #[track_caller]
    pub fn whispers(&mut self, person: &str, words: &str) -> HeardMessage {
        let id = self.person_id(person);
        let found: Vec<(ChannelView, MessageView)> = self
            .unheard()
            .into_iter()
            .filter(|(_, message)| {
                message.ephemeral_to.as_deref() == Some(&id) && has(message, words)
            })
            .collect();
        self.only_one(found, &format!("for {person} alone"), words)
    }

    #[track_caller]
    fn hears_one(
        &mut self,
        room: &str,
        words: &str,
        fits: impl Fn(&MessageView) -> bool,
    ) -> HeardMessage {
        let id = self.room_id(room);
        let found: Vec<(ChannelView, MessageView)> = self
            .unheard()
            .into_iter()
            .filter(|(at, message)| at.id == id && fits(message) && has(message, words))
            .collect();
        self.only_one(found, &format!("in {room}"), words)
    }

    #[track_caller]
    fn only_one(
        &mut self,
        found: Vec<(ChannelView, MessageView)>,
        place: &str,
        words: &str,
    ) -> HeardMessage {
        let [(room, message)] = found.as_slice() else {
            panic!(
                "expected one message {place} with {words:?}, found {}; unheard are:\n{}",
                found.len(),
                self.unheard_lines()
            );
        };
        self.heard.insert((room.id.clone(), message.ts.clone()));
        HeardMessage {
            room: room.id.clone(),
            ts: message.ts.clone(),
            words: message.words.clone(),
            text: message.text.clone(),
        }
    }

    /// Hears everything that was said so far, whatever it is: for stories about something else.
    pub fn hears_all(&mut self) {
        for (room, message) in self.unheard() {
            self.heard.insert((room.id, message.ts));
        }
    }

    /// The same for one room, or for all that one person alone sees.
    pub fn hears_all_in(&mut self, place: &str) {
        let person = self.person_id(place);
        let snapshot = self.slack.snapshot();
        let room = snapshot.channel(place).map(|room| room.id.clone());
        for (at, message) in self.unheard() {
            let public = message.ephemeral_to.is_none() && Some(&at.id) == room.as_ref();
            if public || message.ephemeral_to.as_ref() == Some(&person) {
                self.heard.insert((at.id, message.ts));
            }
        }
    }

    /// The words of what this person alone was told (by their id) and has not heard, in order.
    pub fn unheard_by(&self, person: &str) -> Vec<String> {
        let unheard = self.unheard().into_iter();
        let alone = unheard.filter(|(_, message)| message.ephemeral_to.as_deref() == Some(person));
        alone.map(|(_, message)| message.words).collect()
    }

    /// How many messages of the bot hold these words, in all rooms, heard or not.
    pub fn count(&self, words: &str) -> usize {
        let bot = self.slack.bot_user();
        let snapshot = self.slack.snapshot();
        snapshot
            .all_posts()
            .filter(|(_, message)| message.user == bot && has(message, words))
            .count()
    }

    /// How many messages that were not heard yet stand in a room, for everybody, with these words.
    pub fn unheard_in(&self, room: &str, words: &str) -> usize {
        let id = self.room_id(room);
        let all = self.unheard();
        let fits = |(at, message): &&(ChannelView, MessageView)| {
            at.id == id && message.ephemeral_to.is_none() && has(message, words)
        };
        all.iter().filter(fits).count()
    }

    /// Fails when the bot has said anything that no story expected.
    #[track_caller]
    pub fn silence(&self) {
        assert!(
            self.unheard().is_empty(),
            "nobody expected this:\n{}",
            self.unheard_lines()
        );
    }

    pub(super) fn unheard(&self) -> Vec<(ChannelView, MessageView)> {
        let bot = self.slack.bot_user();
        self.slack
            .snapshot()
            .all_posts()
            .filter(|(room, message)| {
                message.user == bot && !self.heard.contains(&(room.id.clone(), message.ts.clone()))
            })
            .map(|(room, message)| (room.clone(), message.clone()))
            .collect()
    }

    pub(super) fn unheard_lines(&self) -> String {
        let lines: Vec<String> = self
            .unheard()
            .iter()
            .map(|(room, message)| {
                let only = message.ephemeral_to.as_deref().unwrap_or("all");
                let words = message.words.replace('\n', " / ");
                format!("  [{} {}] to {only}: {words}", room.id, room.name)
            })
            .collect();
        if lines.is_empty() {
            "  (nothing)".to_owned()
        } else {
            lines.join("\n")
        }
    }

    /// A room's id by its id, its name, or `@name` for the bot's direct messages with a person.
    #[track_caller]
    pub fn room_id(&self, room: &str) -> String {
        let snapshot = self.slack.snapshot();
        if let Some(name) = room.strip_prefix('@') {
            let person = self.person_id(name);
            return snapshot
                .direct_message(&self.slack.bot_user(), &person)
                .map_or_else(
                    || format!("no direct message with {name}"),
                    |room| room.id.clone(),
                );
        }
        snapshot.channel(room).map_or_else(
            || {
                panic!(
                    "there is no room {room}; unheard are:\n{}",
                    self.unheard_lines()
                )
            },
            |room| room.id.clone(),
        )
    }

    /// A room as it stands.
    #[track_caller]
    pub fn room(&self, room: &str) -> ChannelView {
        let id = self.room_id(room);
        self.slack
            .snapshot()
            .channel(&id)
            .cloned()
            .expect("it was there a moment ago")
    }
}

fn has(message: &MessageView, words: &str) -> bool {
    message.words.contains(words) || message.text.contains(words)
}
