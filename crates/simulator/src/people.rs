//! People at their keyboards: they say things, type commands, press buttons, archive rooms.
//!
//! What they do to rooms happens in the world; what Slack then tells the app goes out as signed
//! requests, and the app's HTTP answer is handed back and shown where Slack would show it.

use serde_json::{Value, json};

use super::args::Args;
use super::auth::Signing;
use super::elements::all_options;
use super::names;
use super::outgoing::Heard;
use super::response_url;
use super::state::{Message, RoomKind, Trigger, World};
use super::wire::Detail;
use super::workspace::Workspace;

/// One person of a workspace.
#[derive(Clone)]
pub struct Person {
    pub(crate) workspace: Workspace,
    pub(crate) id: String,
}

/// A fresh trigger of a person: three seconds, one use.
pub(crate) fn mint_trigger(workspace: &Workspace, user: &str, from_modal: bool) -> String {
    let now = workspace.now();
    let mut world = workspace.world();
    let id = format!("{}.{}", world.fresh("9"), now.timestamp_millis());
    let trigger = Trigger {
        user: user.to_owned(),
        born: now,
        used: false,
        from_modal,
    };
    world.triggers.insert(id.clone(), trigger);
    id
}

/// Finds an element by its action id, its label, or its value; with it the block's id.
pub(crate) fn find_element<'a>(blocks: &'a [Value], wanted: &str) -> Option<(&'a str, &'a Value)> {
    let all = blocks.iter().flat_map(|block| {
        let many = block["elements"].as_array().into_iter().flatten();
        let one = [block.get("accessory"), block.get("element")]
            .into_iter()
            .flatten();
        let id = block["block_id"].as_str().unwrap_or_default();
        many.chain(one)
            .filter(|e| e.get("action_id").is_some())
            .map(move |e| (id, e))
    });
    let all: Vec<(&str, &Value)> = all.collect();
    let by = |fits: &dyn Fn(&Value) -> bool| all.iter().find(|(_, e)| fits(e)).copied();
    by(&|e| e["action_id"] == wanted)
        .or_else(|| by(&|e| e["text"]["text"] == wanted))
        .or_else(|| by(&|e| e["value"] == wanted))
}

/// An element's entry in `actions` (and, without the ids, in `state.values`).
pub(crate) fn chosen(world: &World, element: &Value, given: &str) -> Result<Value, String> {
    let kind = element["type"].as_str().unwrap_or_default();
    let option = |given: &str| {
        let fits = |o: &&&Value| o["value"] == given || o["text"]["text"] == given;
        let options = all_options(element);
        let found = options.iter().find(fits).or_else(|| {
            let starts = |o: &&&Value| {
                o["text"]["text"]
                    .as_str()
                    .is_some_and(|t| t.starts_with(given))
            };
            options.iter().find(starts)
        });
        found
            .map(|o| (*o).clone())
            .ok_or_else(|| format!("no option `{given}` in {element}"))
    };
    let user = |given: &str| world.find_user(given).map(|u| u.id.clone());
    let room = |given: &str| world.find_room(given).map(|r| r.id.clone());
    let person = || user(given).ok_or_else(|| format!("nobody is called `{given}`"));
    let place = || room(given).ok_or_else(|| format!("no room is called `{given}`"));
    Ok(match kind {
        "button" => json!({"type": kind, "text": element["text"], "value": element["value"]}),
        "static_select" | "external_select" | "radio_buttons" | "overflow" => {
            json!({"type": kind, "selected_option": option(given)?})
        }
        "multi_static_select" | "checkboxes" => {
            let all: Result<Vec<Value>, String> = given
                .split(',')
                .filter(|g| !g.is_empty())
                .map(|g| option(g.trim()))
                .collect();
            json!({"type": kind, "selected_options": all?})
        }
        "users_select" => json!({"type": kind, "selected_user": person()?}),
        "multi_users_select" => {
            let all: Vec<String> = given.split(',').filter_map(|g| user(g.trim())).collect();
            json!({"type": kind, "selected_users": all})
        }
        "channels_select" => json!({"type": kind, "selected_channel": place()?}),
        "conversations_select" => json!({"type": kind, "selected_conversation": place()?}),
        "datepicker" => json!({"type": kind, "selected_date": given}),
        "timepicker" => json!({"type": kind, "selected_time": given}),
        "plain_text_input" | "number_input" | "email_text_input" | "url_text_input" => {
            json!({"type": kind, "value": given})
        }
        other => return Err(format!("a person cannot use `{other}` here")),
    })
}

/// One form field. A function, as the serializer must not live across an await.
pub(crate) fn encoded(key: &str, value: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair(key, value)
        .finish()
}

impl Person {
    pub(crate) fn new(workspace: Workspace, id: String) -> Self {
        Self { workspace, id }
    }

    /// The person's user id.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn find(&self, room: &str) -> Result<String, String> {
        let world = self.workspace.world();
        let found = world.find_room(room);
        let visible = found
            .filter(|r| r.kind == RoomKind::Public || r.members.contains(&self.id))
            .filter(|r| world.lets_in(r, &self.id));
        visible
            .map(|r| r.id.clone())
            .ok_or_else(|| format!("{} sees no room `{room}`", self.id))
    }

    /// What every payload from this person has in common.
    pub(crate) fn payload(&self, kind: &str, trigger: &str) -> Value {
        let app_id = self.workspace.app().app_id.clone();
        let world = self.workspace.world();
        let name = world
            .users
            .get(&self.id)
            .map(|u| u.name.clone())
            .unwrap_or_default();
        let mut payload = world.whose_interaction(kind, &self.id);
        payload["type"] = json!(kind);
        payload["api_app_id"] = json!(app_id);
        payload["token"] = json!("");
        payload["user"]["id"] = json!(self.id);
        payload["user"]["username"] = json!(name);
        payload["user"]["name"] = json!(name);
        payload["trigger_id"] = json!(trigger);
        payload
    }

    /// Sends an interaction and hands back what the app answered.
    pub(crate) async fn interact(&self, payload: &Value) -> Heard {
        let path = self.workspace.app().interactions_path.clone();
        self.send_form(&path, encoded("payload", &payload.to_string()))
            .await
    }

    async fn send_form(&self, path: &str, body: String) -> Heard {
        let kind = "application/x-www-form-urlencoded".to_owned();
        let headers = vec![("content-type".to_owned(), kind)];
        self.workspace
            .send_as_slack(path, headers, body.into_bytes(), Signing::Good)
            .await
    }

    /// The signed form of a slash command, not yet sent: `(path, body, room id)`.
    ///
    /// # Errors
    /// When the person does not see the room.
    pub fn command_form(
        &self,
        room: &str,
        command: &str,
        text: &str,
    ) -> Result<(String, String, String), String> {
        let room = self.find(room)?;
        let trigger = mint_trigger(&self.workspace, &self.id, false);
        let (path, app_id) = {
            let app = self.workspace.app();
            (app.commands_path.clone(), app.app_id.clone())
        };
        let (base, now) = (self.workspace.base_url(), self.workspace.now());
        let mut world = self.workspace.world();
        let url = response_url::mint(&mut world, &base, &room, &self.id, None, now);
        let shown = match world.rooms[&room].kind {
            RoomKind::Public => world.rooms[&room].name.clone(),
            RoomKind::Private => "privategroup".to_owned(),
            RoomKind::Im | RoomKind::Mpim => "directmessage".to_owned(),
        };
        let name = world
            .users
            .get(&self.id)
            .map(|u| u.name.clone())
            .unwrap_or_default();
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (key, value) in world.command_fields(&self.id, &room) {
            form.append_pair(key, &value);
        }
        form.append_pair("token", "")
            .append_pair("team_domain", &world.team_name)
            .append_pair("channel_id", &room)
            .append_pair("channel_name", &shown)
            .append_pair("user_id", &self.id)
            .append_pair("user_name", &name)
            .append_pair("command", command)
            .append_pair("text", &names::escaped_with_ids(&world, text))
            .append_pair("api_app_id", &app_id)
            .append_pair("response_url", &url)
            .append_pair("trigger_id", &trigger);
        Ok((path, form.finish(), room))
    }

    /// Types a slash command; what the app answers at once is shown in the room.
    pub async fn command(&self, room: &str, command: &str, text: &str) -> Heard {
        let (path, body, room) = match self.command_form(room, command, text) {
            Ok(form) => form,
            Err(why) => return Heard::nothing(&why),
        };
        let heard = self.send_form(&path, body).await;
        self.show_answer(&room, command, &heard);
        heard
    }

    fn show_answer(&self, room: &str, command: &str, heard: &Heard) {
        let now = self.workspace.now();
        let largest = self.workspace.largest_blocks();
        let mut world = self.workspace.world();
        if heard.is_ok() {
            if heard.body.trim().is_empty() {
                return;
            }
            let args = match serde_json::from_str::<Value>(&heard.body) {
                Ok(Value::Object(map)) => Args(map),
                _ => {
                    let mut args = Args::default();
                    args.0.insert("text".to_owned(), json!(heard.body));
                    args
                }
            };
            let _ = response_url::show(&mut world, &args, room, &self.id, None, largest, now);
        } else {
            let timeout = heard.trouble.as_deref() == Some("timeout");
            let code = if timeout {
                "operation_timeout"
            } else {
                "http_service_error"
            };
            let message = Message {
                user: "USLACKBOT".to_owned(),
                text: format!("{command} failed with the error \"{code}\""),
                subtype: Some("slackbot_response".to_owned()),
                only_for: Some(self.id.clone()),
                ..Message::default()
            };
            world.post(room, message, now);
        }
        drop(world);
        self.workspace.changed();
    }

    /// Presses a button of a message, found by action id, label or value.
    ///
    /// # Errors
    /// When the person does not see such a button.
    pub async fn press(&self, room: &str, ts: &str, element: &str) -> Result<Heard, String> {
        self.choose(room, ts, element, "").await
    }

    /// Chooses in a menu of a message.
    ///
    /// # Errors
    /// When the person does not see such a menu or option.
    pub async fn choose(
        &self,
        room: &str,
        ts: &str,
        element: &str,
        given: &str,
    ) -> Result<Heard, String> {
        let payload = self.click_payload(room, ts, element, given)?;
        Ok(self.interact(&payload).await)
    }

    /// The payload of a click on a message, not yet sent (to send it twice, or late).
    ///
    /// # Errors
    /// When the person does not see such an element.
    pub fn click_payload(
        &self,
        room: &str,
        ts: &str,
        element: &str,
        given: &str,
    ) -> Result<Value, String> {
        let room = self.find(room)?;
        let trigger = mint_trigger(&self.workspace, &self.id, false);
        let mut payload = self.payload("block_actions", &trigger);
        let (base, now) = (self.workspace.base_url(), self.workspace.now());
        let mut world = self.workspace.world();
        let mine =
            |m: &&Message| m.ts == ts && m.only_for.as_ref().is_none_or(|only| *only == self.id);
        let message = world.rooms[&room].messages.iter().find(mine).cloned();
        let message = message.ok_or_else(|| format!("no message {ts} in {room}"))?;
        let (block, found) = find_element(&message.blocks, element)
            .ok_or_else(|| format!("no `{element}` on: {}", json!(message.blocks)))?;
        let mut action = chosen(&world, found, given)?;
        action["action_id"] = found["action_id"].clone();
        action["block_id"] = json!(block);
        action["action_ts"] = json!(world.next_ts(now));
        let url = response_url::mint(&mut world, &base, &room, &self.id, Some(ts.to_owned()), now);
        payload["container"] = json!({"type": "message", "message_ts": ts, "channel_id": room,
            "is_ephemeral": message.only_for.is_some()});
        if let Some(thread) = &message.thread_ts {
            payload["container"]["thread_ts"] = json!(thread);
        }
        payload["channel"] = json!({"id": room, "name": world.rooms[&room].name});
        payload["message"] = world.wire(&message, &room, Detail::Plain);
        payload["state"] = json!({"values": {}});
        payload["response_url"] = json!(url);
        payload["actions"] = json!([action]);
        Ok(payload)
    }

    /// Sends a payload made before; the same one twice is a double click.
    pub async fn send_payload(&self, payload: &Value) -> Heard {
        self.interact(payload).await
    }

    /// Uses a global shortcut.
    pub async fn shortcut(&self, callback_id: &str) -> Heard {
        let trigger = mint_trigger(&self.workspace, &self.id, false);
        let mut payload = self.payload("shortcut", &trigger);
        payload["callback_id"] = json!(callback_id);
        let now = self.workspace.now();
        payload["action_ts"] = json!(self.workspace.world().next_ts(now));
        self.interact(&payload).await
    }

    /// Uses a shortcut on a message.
    ///
    /// # Errors
    /// When the person does not see the message.
    pub async fn message_shortcut(
        &self,
        room: &str,
        ts: &str,
        callback_id: &str,
    ) -> Result<Heard, String> {
        let room = self.find(room)?;
        let trigger = mint_trigger(&self.workspace, &self.id, false);
        let mut payload = self.payload("message_action", &trigger);
        let (base, now) = (self.workspace.base_url(), self.workspace.now());
        {
            let mut world = self.workspace.world();
            let message = world.rooms[&room]
                .messages
                .iter()
                .find(|m| m.ts == ts)
                .cloned();
            let message = message.ok_or_else(|| format!("no message {ts} in {room}"))?;
            let source = Some(ts.to_owned());
            let url = response_url::mint(&mut world, &base, &room, &self.id, source, now);
            payload["callback_id"] = json!(callback_id);
            payload["channel"] = json!({"id": room, "name": world.rooms[&room].name});
            payload["message"] = world.wire(&message, &room, Detail::Plain);
            payload["message_ts"] = json!(ts);
            payload["response_url"] = json!(url);
            payload["action_ts"] = json!(world.next_ts(now));
        }
        Ok(self.interact(&payload).await)
    }
}
