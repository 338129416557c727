//! What a person does with the app: commands, buttons, menus.
//!
//! Each action is sent to the app as a signed request. The app's response is returned, and is shown
//! where Slack would show it.

use serde_json::{Value, json};

use super::app_client::AppResponse;
use super::args::Args;
use super::auth::Signing;
use super::elements::all_options;
use super::names;
use super::response_url;
use super::state::{ChannelType, Message, Trigger, WorkspaceState};
use super::wire::Detail;
use super::workspace::Workspace;

#[derive(Clone)]
pub struct Person {
    pub(crate) workspace: Workspace,
    pub(crate) id: String,
}

/// Creates a trigger, which is valid for three seconds and one use.
pub(crate) fn create_trigger(workspace: &Workspace, user: &str, from_modal: bool) -> String {
    let now = workspace.now();
    let mut state = workspace.state();
    let id = format!("{}.{}", state.fresh("9"), now.timestamp_millis());
    let trigger = Trigger {
        user: user.to_owned(),
        created_at: now,
        used: false,
        from_modal,
    };
    state.triggers.insert(id.clone(), trigger);
    id
}

/// Finds an element by its action id, label or value, and the id of its block.
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
pub(crate) fn chosen(
    state: &WorkspaceState,
    element: &Value,
    given: &str,
) -> Result<Value, String> {
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
    let user = |given: &str| state.find_user(given).map(|u| u.id.clone());
    let channel = |given: &str| state.find_channel(given).map(|r| r.id.clone());
    let person = || user(given).ok_or_else(|| format!("no user is called `{given}`"));
    let place = || channel(given).ok_or_else(|| format!("no channel is called `{given}`"));
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

/// A form field. The serializer is not `Send`, so it is not kept across an await.
pub(crate) fn encoded(key: &str, value: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair(key, value)
        .finish()
}

impl Person {
    pub(crate) fn new(workspace: Workspace, id: String) -> Self {
        Self { workspace, id }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    fn find(&self, channel: &str) -> Result<String, String> {
        let state = self.workspace.state();
        let found = state.find_channel(channel);
        let visible = found
            .filter(|r| r.kind == ChannelType::Public || r.members.contains(&self.id))
            .filter(|r| state.is_accessible(r, &self.id));
        visible
            .map(|r| r.id.clone())
            .ok_or_else(|| format!("{} sees no channel `{channel}`", self.id))
    }

    /// The fields that all payloads have.
    pub(crate) fn payload(&self, kind: &str, trigger: &str) -> Value {
        let app_id = self.workspace.app().app_id.clone();
        let state = self.workspace.state();
        let name = state
            .users
            .get(&self.id)
            .map(|u| u.name.clone())
            .unwrap_or_default();
        let mut payload = state.interaction_envelope(kind, &self.id);
        payload["type"] = json!(kind);
        payload["api_app_id"] = json!(app_id);
        payload["token"] = json!("");
        payload["user"]["id"] = json!(self.id);
        payload["user"]["username"] = json!(name);
        payload["user"]["name"] = json!(name);
        payload["trigger_id"] = json!(trigger);
        payload
    }

    /// Sends an interaction, and returns the response.
    pub(crate) async fn interact(&self, payload: &Value) -> AppResponse {
        let path = self.workspace.app().interactions_path.clone();
        self.send_form(&path, encoded("payload", &payload.to_string()))
            .await
    }

    async fn send_form(&self, path: &str, body: String) -> AppResponse {
        let kind = "application/x-www-form-urlencoded".to_owned();
        let headers = vec![("content-type".to_owned(), kind)];
        self.workspace
            .send_as_slack(path, headers, body.into_bytes(), Signing::Good)
            .await
    }

    /// The form of a slash command, which is not sent yet: `(path, body, channel id)`.
    pub fn command_form(
        &self,
        channel: &str,
        command: &str,
        text: &str,
    ) -> Result<(String, String, String), String> {
        let channel = self.find(channel)?;
        let trigger = create_trigger(&self.workspace, &self.id, false);
        let (path, app_id) = {
            let app = self.workspace.app();
            (app.commands_path.clone(), app.app_id.clone())
        };
        let (base, now) = (self.workspace.base_url(), self.workspace.now());
        let mut state = self.workspace.state();
        let url = response_url::create(&mut state, &base, &channel, &self.id, None, now);
        let shown = match state.channels[&channel].kind {
            ChannelType::Public => state.channels[&channel].name.clone(),
            ChannelType::Private => "privategroup".to_owned(),
            ChannelType::Im | ChannelType::Mpim => "directmessage".to_owned(),
        };
        let name = state
            .users
            .get(&self.id)
            .map(|u| u.name.clone())
            .unwrap_or_default();
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (key, value) in state.command_fields(&self.id, &channel) {
            form.append_pair(key, &value);
        }
        form.append_pair("token", "")
            .append_pair("team_domain", &state.team_name)
            .append_pair("channel_id", &channel)
            .append_pair("channel_name", &shown)
            .append_pair("user_id", &self.id)
            .append_pair("user_name", &name)
            .append_pair("command", command)
            .append_pair("text", &names::escaped_with_ids(&state, text))
            .append_pair("api_app_id", &app_id)
            .append_pair("response_url", &url)
            .append_pair("trigger_id", &trigger);
        Ok((path, form.finish(), channel))
    }

    /// Types a slash command. A response with a body is shown in the channel.
    pub async fn command(&self, channel: &str, command: &str, text: &str) -> AppResponse {
        let (path, body, channel) = match self.command_form(channel, command, text) {
            Ok(form) => form,
            Err(why) => return AppResponse::failed(&why),
        };
        let response = self.send_form(&path, body).await;
        self.show_answer(&channel, command, &response);
        response
    }

    fn show_answer(&self, channel: &str, command: &str, response: &AppResponse) {
        let now = self.workspace.now();
        let max_block_text = self.workspace.max_block_text();
        let mut state = self.workspace.state();
        if response.is_ok() {
            if response.body.trim().is_empty() {
                return;
            }
            let args = match serde_json::from_str::<Value>(&response.body) {
                Ok(Value::Object(map)) => Args(map),
                _ => {
                    let mut args = Args::default();
                    args.0.insert("text".to_owned(), json!(response.body));
                    args
                }
            };
            let _ = response_url::show(
                &mut state,
                &args,
                channel,
                &self.id,
                None,
                max_block_text,
                now,
            );
        } else {
            let timeout = response.error.as_deref() == Some("timeout");
            let code = if timeout {
                "operation_timeout"
            } else {
                "http_service_error"
            };
            let message = Message {
                user: "USLACKBOT".to_owned(),
                text: format!("{command} failed with the error \"{code}\""),
                subtype: Some("slackbot_response".to_owned()),
                ephemeral_to: Some(self.id.clone()),
                ..Message::default()
            };
            state.post(channel, message, now);
        }
        drop(state);
        self.workspace.changed();
    }

    /// Presses a button of a message. It is found by action id, label or value.
    pub async fn press(
        &self,
        channel: &str,
        ts: &str,
        element: &str,
    ) -> Result<AppResponse, String> {
        self.choose(channel, ts, element, "").await
    }

    pub async fn choose(
        &self,
        channel: &str,
        ts: &str,
        element: &str,
        given: &str,
    ) -> Result<AppResponse, String> {
        let payload = self.click_payload(channel, ts, element, given)?;
        Ok(self.interact(&payload).await)
    }

    /// The payload of a click, which is not sent yet.
    pub fn click_payload(
        &self,
        channel: &str,
        ts: &str,
        element: &str,
        given: &str,
    ) -> Result<Value, String> {
        let channel = self.find(channel)?;
        let trigger = create_trigger(&self.workspace, &self.id, false);
        let mut payload = self.payload("block_actions", &trigger);
        let (base, now) = (self.workspace.base_url(), self.workspace.now());
        let mut state = self.workspace.state();
        let mine = |m: &&Message| {
            m.ts == ts && m.ephemeral_to.as_ref().is_none_or(|only| *only == self.id)
        };
        let message = state.channels[&channel].messages.iter().find(mine).cloned();
        let message = message.ok_or_else(|| format!("no message {ts} in {channel}"))?;
        let (block, found) = find_element(&message.blocks, element)
            .ok_or_else(|| format!("no `{element}` on: {}", json!(message.blocks)))?;
        let mut action = chosen(&state, found, given)?;
        action["action_id"] = found["action_id"].clone();
        action["block_id"] = json!(block);
        action["action_ts"] = json!(state.next_ts(now));
        let url = response_url::create(
            &mut state,
            &base,
            &channel,
            &self.id,
            Some(ts.to_owned()),
            now,
        );
        payload["container"] = json!({"type": "message", "message_ts": ts, "channel_id": channel,
            "is_ephemeral": message.ephemeral_to.is_some()});
        if let Some(thread) = &message.thread_ts {
            payload["container"]["thread_ts"] = json!(thread);
        }
        payload["channel"] = json!({"id": channel, "name": state.channels[&channel].name});
        payload["message"] = state.wire(&message, &channel, Detail::Plain);
        payload["state"] = json!({"values": {}});
        payload["response_url"] = json!(url);
        payload["actions"] = json!([action]);
        Ok(payload)
    }

    /// Sends a payload. The same one twice is a double click.
    pub async fn send_payload(&self, payload: &Value) -> AppResponse {
        self.interact(payload).await
    }
}
