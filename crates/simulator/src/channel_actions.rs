//! What a person does in Slack without the app: post, join, leave, invite, archive, rename.
//!
//! The app receives the events to which it subscribed. Rate limits do not apply to people.

use serde_json::json;

use super::names;
use super::person::Person;
use super::state::{Channel, Message, WorkspaceState};

impl Person {
    /// Changes a channel, by id or name.
    fn change<T>(
        &self,
        channel: &str,
        change: impl FnOnce(&mut WorkspaceState, &str) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut state = self.workspace.state();
        let id = state.find_channel(channel).map(|r| r.id.clone());
        let result = match id {
            Some(id) => change(&mut state, &id),
            None => Err(format!("no channel `{channel}`")),
        };
        drop(state);
        self.workspace.changed();
        result
    }

    /// Posts a message, and returns its `ts`.
    pub fn say(&self, channel: &str, text: &str) -> Result<String, String> {
        self.say_in(channel, None, text)
    }

    pub fn say_in(
        &self,
        channel: &str,
        thread: Option<&str>,
        text: &str,
    ) -> Result<String, String> {
        let now = self.workspace.now();
        self.change(channel, |state, id| {
            let held = &state.channels[id];
            if held.archived || !held.members.contains(&self.id) {
                return Err(format!("{} cannot speak in `{channel}`", self.id));
            }
            let text = names::escaped_with_ids(state, text);
            let message = Message {
                user: self.id.clone(),
                text,
                thread_ts: thread.map(str::to_owned),
                ..Message::default()
            };
            Ok(state.post(id, message, now))
        })
    }

    /// Creates a public channel, and returns its id.
    pub fn create_channel(&self, name: &str) -> Result<String, String> {
        if let Some(code) = names::name_error(name) {
            return Err(code.to_owned());
        }
        let now = self.workspace.now();
        let mut state = self.workspace.state();
        if state.find_channel(name).is_some() {
            return Err("name_taken".to_owned());
        }
        let id = state.add_channel(None, name, super::state::ChannelType::Public, &self.id, now);
        drop(state);
        self.workspace.changed();
        Ok(id)
    }

    pub fn join(&self, channel: &str) -> Result<(), String> {
        let now = self.workspace.now();
        self.change(channel, |state, id| admit(state, id, &self.id, now))
    }

    /// Adds a user or a bot.
    pub fn invite(&self, channel: &str, other: &str) -> Result<(), String> {
        let now = self.workspace.now();
        self.change(channel, |state, id| {
            let other = state.find_user(other).map(|u| u.id.clone());
            let other = other.ok_or_else(|| "no user has that name".to_owned())?;
            admit(state, id, &other, now)
        })
    }

    pub fn leave(&self, channel: &str) -> Result<(), String> {
        let me = self.id.clone();
        self.kick(channel, &me)
    }

    /// Removes a user or a bot.
    pub fn kick(&self, channel: &str, other: &str) -> Result<(), String> {
        self.change(channel, |state, id| {
            let other = state
                .find_user(other)
                .map_or_else(|| other.to_owned(), |u| u.id.clone());
            let event = json!({"type": "member_left_channel", "user": other, "channel": id,
                               "channel_type": "C", "team": state.team_id});
            state.emit(Some(id), event);
            if let Some(channel) = state.channels.get_mut(id) {
                channel.members.remove(&other);
            }
            Ok(())
        })
    }

    pub fn archive(&self, channel: &str) -> Result<(), String> {
        self.set(channel, "channel_archive", |channel| {
            channel.archived = true
        })
    }

    pub fn unarchive(&self, channel: &str) -> Result<(), String> {
        self.set(channel, "channel_unarchive", |channel| {
            channel.archived = false
        })
    }

    fn set(
        &self,
        channel: &str,
        kind: &str,
        change: impl FnOnce(&mut Channel),
    ) -> Result<(), String> {
        self.change(channel, |state, id| {
            if let Some(channel) = state.channels.get_mut(id) {
                change(channel);
            }
            state.emit(
                Some(id),
                json!({"type": kind, "channel": id, "user": self.id}),
            );
            Ok(())
        })
    }

    pub fn rename(&self, channel: &str, name: &str) -> Result<(), String> {
        self.change(channel, |state, id| {
            if let Some(channel) = state.channels.get_mut(id) {
                let old = std::mem::replace(&mut channel.name, name.to_owned());
                channel.previous_names.insert(0, old);
            }
            let event = json!({"type": "channel_rename", "channel": {"id": id, "name": name}});
            state.emit(Some(id), event);
            Ok(())
        })
    }

    /// Deletes any message, as an admin may.
    pub fn delete_message(&self, channel: &str, ts: &str) -> Result<(), String> {
        self.change(channel, |state, id| {
            if let Some(channel) = state.channels.get_mut(id) {
                channel.messages.retain(|m| m.ts != ts);
                channel.pins.retain(|p| p.ts != ts);
            }
            let event = json!({"type": "message", "subtype": "message_deleted", "channel": id,
                               "hidden": true, "deleted_ts": ts});
            state.emit(Some(id), event);
            Ok(())
        })
    }
}

fn admit(
    state: &mut WorkspaceState,
    id: &str,
    user: &str,
    now: super::state::Moment,
) -> Result<(), String> {
    if !state.is_accessible(&state.channels[id], user) {
        return Err(format!("{id} is not shared with the workspace of {user}"));
    }
    let new = state
        .channels
        .get_mut(id)
        .is_some_and(|r| r.members.insert(user.to_owned()));
    if !new {
        return Ok(());
    }
    state.post_system_message(
        id,
        user,
        "channel_join",
        &format!("<@{user}> has joined the channel"),
        now,
    );
    let event = json!({"type": "member_joined_channel", "user": user, "channel": id,
                       "channel_type": "C", "team": state.team_id});
    state.emit(Some(id), event);
    Ok(())
}
