//! What people do to rooms without asking the app: speak, come, go, archive, rename, react.
//!
//! The app learns of it by events, as far as it subscribed. People are not held to rate limits.

use serde_json::json;

use super::names;
use super::people::Person;
use super::state::{Message, Room, World};

impl Person {
    /// Runs a change on a room, by id or name, and tells those who wait.
    fn change<T>(
        &self,
        room: &str,
        change: impl FnOnce(&mut World, &str) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut world = self.workspace.world();
        let id = world.find_room(room).map(|r| r.id.clone());
        let result = match id {
            Some(id) => change(&mut world, &id),
            None => Err(format!("no room `{room}`")),
        };
        drop(world);
        self.workspace.changed();
        result
    }

    /// Says something; answers its `ts`.
    ///
    /// # Errors
    /// When the person is not in the room, or it is archived.
    pub fn say(&self, room: &str, text: &str) -> Result<String, String> {
        self.say_in(room, None, text)
    }

    /// Says something in a thread.
    ///
    /// # Errors
    /// When the person is not in the room, or it is archived.
    pub fn say_in(&self, room: &str, thread: Option<&str>, text: &str) -> Result<String, String> {
        let now = self.workspace.now();
        self.change(room, |world, id| {
            let held = &world.rooms[id];
            if held.archived || !held.members.contains(&self.id) {
                return Err(format!("{} cannot speak in `{room}`", self.id));
            }
            let text = names::escaped_with_ids(world, text);
            let message = Message {
                user: self.id.clone(),
                text,
                thread_ts: thread.map(str::to_owned),
                ..Message::default()
            };
            Ok(world.post(id, message, now))
        })
    }

    /// Makes a public room and is its first member; answers its id.
    ///
    /// # Errors
    /// When the name breaks Slack's rules or is taken.
    pub fn create_channel(&self, name: &str) -> Result<String, String> {
        if let Some(code) = names::complaint_about(name) {
            return Err(code.to_owned());
        }
        let now = self.workspace.now();
        let mut world = self.workspace.world();
        if world.find_room(name).is_some() {
            return Err("name_taken".to_owned());
        }
        let id = world.add_room(None, name, super::state::RoomKind::Public, &self.id, now);
        drop(world);
        self.workspace.changed();
        Ok(id)
    }

    /// Joins a room.
    ///
    /// # Errors
    /// When there is no such room.
    pub fn join(&self, room: &str) -> Result<(), String> {
        let now = self.workspace.now();
        self.change(room, |world, id| admit(world, id, &self.id, now))
    }

    /// Brings somebody in, a bot too.
    ///
    /// # Errors
    /// When the room or the other is unknown.
    pub fn invite(&self, room: &str, other: &str) -> Result<(), String> {
        let now = self.workspace.now();
        self.change(room, |world, id| {
            let other = world.find_user(other).map(|u| u.id.clone());
            let other = other.ok_or_else(|| "nobody of that name".to_owned())?;
            admit(world, id, &other, now)
        })
    }

    /// Leaves a room.
    ///
    /// # Errors
    /// When there is no such room.
    pub fn leave(&self, room: &str) -> Result<(), String> {
        let me = self.id.clone();
        self.take_out(room, &me)
    }

    /// Puts somebody out of a room, a bot too.
    ///
    /// # Errors
    /// When there is no such room.
    pub fn take_out(&self, room: &str, other: &str) -> Result<(), String> {
        self.change(room, |world, id| {
            let other = world
                .find_user(other)
                .map_or_else(|| other.to_owned(), |u| u.id.clone());
            let event = json!({"type": "member_left_channel", "user": other, "channel": id,
                               "channel_type": "C", "team": world.team_id});
            world.tell(Some(id), event);
            if let Some(room) = world.rooms.get_mut(id) {
                room.members.remove(&other);
            }
            Ok(())
        })
    }

    /// Archives a room by hand.
    ///
    /// # Errors
    /// When there is no such room.
    pub fn archive(&self, room: &str) -> Result<(), String> {
        self.set(room, "channel_archive", |room| room.archived = true)
    }

    /// Brings an archived room back.
    ///
    /// # Errors
    /// When there is no such room.
    pub fn unarchive(&self, room: &str) -> Result<(), String> {
        self.set(room, "channel_unarchive", |room| room.archived = false)
    }

    fn set(&self, room: &str, kind: &str, change: impl FnOnce(&mut Room)) -> Result<(), String> {
        self.change(room, |world, id| {
            if let Some(room) = world.rooms.get_mut(id) {
                change(room);
            }
            world.tell(
                Some(id),
                json!({"type": kind, "channel": id, "user": self.id}),
            );
            Ok(())
        })
    }

    /// Renames a room; its id stays.
    ///
    /// # Errors
    /// When there is no such room.
    pub fn rename(&self, room: &str, name: &str) -> Result<(), String> {
        self.change(room, |world, id| {
            if let Some(room) = world.rooms.get_mut(id) {
                let old = std::mem::replace(&mut room.name, name.to_owned());
                room.previous_names.insert(0, old);
            }
            let event = json!({"type": "channel_rename", "channel": {"id": id, "name": name}});
            world.tell(Some(id), event);
            Ok(())
        })
    }

    /// Deletes a message, whoever wrote it: an admin's right.
    ///
    /// # Errors
    /// When there is no such room.
    pub fn delete_message(&self, room: &str, ts: &str) -> Result<(), String> {
        self.change(room, |world, id| {
            if let Some(room) = world.rooms.get_mut(id) {
                room.messages.retain(|m| m.ts != ts);
                room.pins.retain(|p| p.ts != ts);
            }
            let event = json!({"type": "message", "subtype": "message_deleted", "channel": id,
                               "hidden": true, "deleted_ts": ts});
            world.tell(Some(id), event);
            Ok(())
        })
    }

    /// Reacts to a message.
    ///
    /// # Errors
    /// When there is no such message.
    pub fn react(&self, room: &str, ts: &str, name: &str) -> Result<(), String> {
        self.change(room, |world, id| {
            let room = world.rooms.get_mut(id).ok_or("no such room")?;
            let found = room.messages.iter_mut().find(|m| m.ts == ts);
            let message = found.ok_or("no such message")?;
            let author = message.user.clone();
            match message.reactions.iter_mut().find(|(n, _)| n == name) {
                Some((_, users)) if users.contains(&self.id) => {}
                Some((_, users)) => users.push(self.id.clone()),
                None => message
                    .reactions
                    .push((name.to_owned(), vec![self.id.clone()])),
            }
            let event = json!({"type": "reaction_added", "user": self.id, "reaction": name,
                "item_user": author, "item": {"type": "message", "channel": id, "ts": ts}});
            world.tell(Some(id), event);
            Ok(())
        })
    }

    /// Looks at the app's Home tab.
    pub fn open_home(&self) {
        let mut world = self.workspace.world();
        let event = json!({"type": "app_home_opened", "user": self.id, "channel": "",
                           "tab": "home"});
        world.tell(None, event);
        drop(world);
        self.workspace.changed();
    }
}

fn admit(world: &mut World, id: &str, user: &str, now: super::state::Moment) -> Result<(), String> {
    if !world.lets_in(&world.rooms[id], user) {
        return Err(format!("{id} is not shared with the workspace of {user}"));
    }
    let new = world
        .rooms
        .get_mut(id)
        .is_some_and(|r| r.members.insert(user.to_owned()));
    if !new {
        return Ok(());
    }
    world.note(
        id,
        user,
        "channel_join",
        &format!("<@{user}> has joined the channel"),
        now,
    );
    let event = json!({"type": "member_joined_channel", "user": user, "channel": id,
                       "channel_type": "C", "team": world.team_id});
    world.tell(Some(id), event);
    Ok(())
}
