//! What is in the channels, and which of it a story expects: any other message fails it.

use super::World;
use simulator::{ChannelView, MessageView};

/// A message that a story expected.
#[derive(Debug, Clone)]
pub struct SeenMessage {
    /// The channel's id.
    pub channel: String,
    /// Its stamp.
    pub ts: String,
    /// All words that a person reads in it.
    pub words: String,
    /// The top-level text.
    pub text: String,
}

impl World {
    /// Expects exactly one message in a channel (by id, name, or `@name` for a direct message) that
    /// was not heard before and holds these words; with it, it is heard.
    #[track_caller]
    pub fn expect_message(&mut self, channel: &str, words: &str) -> SeenMessage {
        self.expect_one(channel, words, |message| message.ephemeral_to.is_none())
    }

    /// The same for a message that only this person sees, wherever it is.
    #[track_caller]
    pub fn expect_ephemeral(&mut self, person: &str, words: &str) -> SeenMessage {
        let id = self.person_id(person);
        let found: Vec<(ChannelView, MessageView)> = self
            .new_messages()
            .into_iter()
            .filter(|(_, message)| {
                message.ephemeral_to.as_deref() == Some(&id) && has(message, words)
            })
            .collect();
        self.only_one(found, &format!("for {person} alone"), words)
    }

    #[track_caller]
    fn expect_one(
        &mut self,
        channel: &str,
        words: &str,
        fits: impl Fn(&MessageView) -> bool,
    ) -> SeenMessage {
        let id = self.channel_id(channel);
        let found: Vec<(ChannelView, MessageView)> = self
            .new_messages()
            .into_iter()
            .filter(|(at, message)| at.id == id && fits(message) && has(message, words))
            .collect();
        self.only_one(found, &format!("in {channel}"), words)
    }

    #[track_caller]
    fn only_one(
        &mut self,
        found: Vec<(ChannelView, MessageView)>,
        place: &str,
        words: &str,
    ) -> SeenMessage {
        let [(channel, message)] = found.as_slice() else {
            panic!(
                "expected one message {place} with {words:?}, found {}; new ones are:\n{}",
                found.len(),
                self.new_message_lines()
            );
        };
        self.seen.insert((channel.id.clone(), message.ts.clone()));
        SeenMessage {
            channel: channel.id.clone(),
            ts: message.ts.clone(),
            words: message.words.clone(),
            text: message.text.clone(),
        }
    }

    /// Hears everything that was said so far, whatever it is: for stories about something else.
    pub fn skip_messages(&mut self) {
        for (channel, message) in self.new_messages() {
            self.seen.insert((channel.id, message.ts));
        }
    }

    /// The same for one channel, or for all that one person alone sees.
    pub fn skip_messages_in(&mut self, place: &str) {
        let person = self.person_id(place);
        let snapshot = self.slack.snapshot();
        let channel = snapshot.channel(place).map(|channel| channel.id.clone());
        for (at, message) in self.new_messages() {
            let public = message.ephemeral_to.is_none() && Some(&at.id) == channel.as_ref();
            if public || message.ephemeral_to.as_ref() == Some(&person) {
                self.seen.insert((at.id, message.ts));
            }
        }
    }

    /// The words of what this person alone was told (by their id) and has not heard, in order.
    pub fn new_ephemeral_texts(&self, person: &str) -> Vec<String> {
        let new_messages = self.new_messages().into_iter();
        let alone =
            new_messages.filter(|(_, message)| message.ephemeral_to.as_deref() == Some(person));
        alone.map(|(_, message)| message.words).collect()
    }

    /// How many messages of the bot hold these words, in all channels, heard or not.
    pub fn count(&self, words: &str) -> usize {
        let bot = self.slack.bot_user();
        let snapshot = self.slack.snapshot();
        snapshot
            .all_posts()
            .filter(|(_, message)| message.user == bot && has(message, words))
            .count()
    }

    /// How many messages that are new in a channel, for all members, hold these words.
    pub fn new_messages_in(&self, channel: &str, words: &str) -> usize {
        let id = self.channel_id(channel);
        let all = self.new_messages();
        let fits = |(at, message): &&(ChannelView, MessageView)| {
            at.id == id && message.ephemeral_to.is_none() && has(message, words)
        };
        all.iter().filter(fits).count()
    }

    /// Fails when the bot has said anything that no story expected.
    #[track_caller]
    pub fn expect_no_message(&self) {
        assert!(
            self.new_messages().is_empty(),
            "not expected:\n{}",
            self.new_message_lines()
        );
    }

    pub(super) fn new_messages(&self) -> Vec<(ChannelView, MessageView)> {
        let bot = self.slack.bot_user();
        self.slack
            .snapshot()
            .all_posts()
            .filter(|(channel, message)| {
                message.user == bot
                    && !self
                        .seen
                        .contains(&(channel.id.clone(), message.ts.clone()))
            })
            .map(|(channel, message)| (channel.clone(), message.clone()))
            .collect()
    }

    pub(super) fn new_message_lines(&self) -> String {
        let lines: Vec<String> = self
            .new_messages()
            .iter()
            .map(|(channel, message)| {
                let only = message.ephemeral_to.as_deref().unwrap_or("all");
                let words = message.words.replace('\n', " / ");
                format!("  [{} {}] to {only}: {words}", channel.id, channel.name)
            })
            .collect();
        if lines.is_empty() {
            "  (nothing)".to_owned()
        } else {
            lines.join("\n")
        }
    }

    /// A channel's id by its id, its name, or `@name` for the bot's direct messages with a person.
    #[track_caller]
    pub fn channel_id(&self, channel: &str) -> String {
        let snapshot = self.slack.snapshot();
        if let Some(name) = channel.strip_prefix('@') {
            let person = self.person_id(name);
            return snapshot
                .direct_message(&self.slack.bot_user(), &person)
                .map_or_else(
                    || format!("no direct message with {name}"),
                    |channel| channel.id.clone(),
                );
        }
        snapshot.channel(channel).map_or_else(
            || {
                panic!(
                    "there is no channel {channel}; new ones are:\n{}",
                    self.new_message_lines()
                )
            },
            |channel| channel.id.clone(),
        )
    }

    /// A channel as it is.
    #[track_caller]
    pub fn channel(&self, channel: &str) -> ChannelView {
        let id = self.channel_id(channel);
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
