//! What a person does in a modal: fill in fields, press buttons, submit, close.
//!
//! As in Slack's client, an empty required field is refused before the app receives anything. A
//! submission that is answered with field errors leaves the modal open, with the same hash.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::app_client::AppResponse;
use super::blocks;
use super::elements::all_options;
use super::names;
use super::person::{Person, chosen, create_trigger, find_element};
use super::state::WorkspaceState;
use super::web_api::{replace_view, stack_view, view_wire};

/// The result of a submission.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Submitted {
    Closed,
    Cleared,
    /// The modal stays open. The errors are by block id.
    Errors(Map<String, Value>),
    Updated,
    Pushed,
    /// Slack reports a problem; the reason.
    Failed(String),
}

impl Person {
    /// The top modal, as the API shows it.
    pub fn modal(&self) -> Option<Value> {
        let state = self.workspace.state();
        let id = state.modals.get(&self.id)?.last()?;
        Some(view_wire(&state, id))
    }

    fn top(&self) -> Result<String, String> {
        let state = self.workspace.state();
        let top = state.modals.get(&self.id).and_then(|s| s.last().cloned());
        top.ok_or_else(|| format!("{} has no modal open", self.id))
    }

    /// Fills in fields without submitting. A field is found by label, block id or
    /// action id; the value is text, an option's text or value, a user name, or a list with commas.
    pub fn fill_in(&self, fields: &[(&str, &str)]) -> Result<(), String> {
        let id = self.top()?;
        let escape = self.workspace.app().escape_modal_text;
        let mut state = self.workspace.state();
        let blocks = blocks_of(&state, &id);
        for (field, given) in fields {
            let found = blocks.iter().find(|b| {
                b["label"]["text"] == *field
                    || b["block_id"] == *field
                    || b["element"]["action_id"] == *field
            });
            let block = found.ok_or_else(|| format!("no field `{field}` in {}", json!(blocks)))?;
            let element = &block["element"];
            let mut value = chosen(&state, element, given)?;
            if let Some(text) = value["value"].as_str() {
                check_length(element, text)?;
                if escape {
                    value["value"] = json!(names::escaped(text));
                }
            }
            note(
                &mut state,
                &id,
                &block["block_id"],
                &element["action_id"],
                value,
            );
        }
        drop(state);
        self.workspace.changed();
        Ok(())
    }

    pub async fn submit(
        &self,
        fields: &[(&str, &str)],
    ) -> Result<(AppResponse, Submitted), String> {
        let payload = self.submission(fields)?;
        let response = self.interact(&payload).await;
        let id = payload["view"]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let outcome = self.take_answer(&id, &response);
        self.workspace.changed();
        Ok((response, outcome))
    }

    /// The payload of a submission, which is not sent yet.
    pub fn submission(&self, fields: &[(&str, &str)]) -> Result<Value, String> {
        self.fill_in(fields)?;
        let id = self.top()?;
        {
            let mut state = self.workspace.state();
            for block in blocks_of(&state, &id) {
                if block["type"] == "input" {
                    settle(&mut state, &id, &block)?;
                }
            }
        }
        let trigger = create_trigger(&self.workspace, &self.id, true);
        let mut payload = self.payload("view_submission", &trigger);
        payload["view"] = view_wire(&self.workspace.state(), &id);
        payload["response_urls"] = json!([]);
        Ok(payload)
    }

    /// Presses a button or chooses in a menu of the open modal.
    pub async fn act_in_modal(&self, element: &str, given: &str) -> Result<AppResponse, String> {
        let id = self.top()?;
        let trigger = create_trigger(&self.workspace, &self.id, true);
        let mut payload = self.payload("block_actions", &trigger);
        let now = self.workspace.now();
        {
            let mut state = self.workspace.state();
            let blocks = blocks_of(&state, &id);
            let labelled = blocks.iter().find(|b| b["label"]["text"] == element);
            let (block, found) = labelled
                .map(|b| (b["block_id"].as_str().unwrap_or_default(), &b["element"]))
                .or_else(|| find_element(&blocks, element))
                .ok_or_else(|| format!("no `{element}` in {}", json!(blocks)))?;
            let mut action = chosen(&state, found, given)?;
            if found["type"] != "button" {
                note(
                    &mut state,
                    &id,
                    &json!(block),
                    &found["action_id"],
                    action.clone(),
                );
            }
            action["action_id"] = found["action_id"].clone();
            action["block_id"] = json!(block);
            action["action_ts"] = json!(state.next_ts(now));
            payload["container"] = json!({"type": "view", "view_id": id});
            payload["view"] = view_wire(&state, &id);
            payload["state"] = payload["view"]["state"].clone();
            payload["actions"] = json!([action]);
        }
        Ok(self.interact(&payload).await)
    }

    /// Closes the top modal, and notifies the app if it requested that.
    pub async fn close_modal(&self) -> Result<Option<AppResponse>, String> {
        let id = self.top()?;
        let view = view_wire(&self.workspace.state(), &id);
        pop(&mut self.workspace.state(), &self.id, &id);
        self.workspace.changed();
        if view["notify_on_close"] != true {
            return Ok(None);
        }
        let mut payload = self.payload("view_closed", "");
        payload["view"] = view;
        payload["is_cleared"] = json!(false);
        Ok(Some(self.interact(&payload).await))
    }

    /// Applies the app's response to a submission.
    fn take_answer(&self, id: &str, response: &AppResponse) -> Submitted {
        let mut state = self.workspace.state();
        let error = |why: &str| Submitted::Failed(why.to_owned());
        if !response.is_ok() {
            return error(response.error.as_deref().unwrap_or("http status"));
        }
        if response.body.trim().is_empty() {
            pop(&mut state, &self.id, id);
            return Submitted::Closed;
        }
        let Ok(answer) = serde_json::from_str::<Value>(&response.body) else {
            return error("the answer is neither empty nor JSON");
        };
        match answer["response_action"].as_str() {
            None => {
                pop(&mut state, &self.id, id);
                Submitted::Closed
            }
            Some("clear") => {
                state.modals.remove(&self.id);
                Submitted::Cleared
            }
            Some("errors") => {
                let Some(errors) = answer["errors"].as_object().filter(|e| !e.is_empty()) else {
                    return error("no errors in `errors`");
                };
                let blocks = blocks_of(&state, id);
                let input = |key: &String| {
                    blocks
                        .iter()
                        .any(|b| b["type"] == "input" && b["block_id"] == *key.as_str())
                };
                match errors.keys().find(|k| !input(k)) {
                    Some(key) => error(&format!("`{key}` is no input block of this view")),
                    None => Submitted::Errors(errors.clone()),
                }
            }
            Some(action @ ("update" | "push")) => match blocks::view(&answer["view"]) {
                Err(refused) => error(&refused.messages.join("; ")),
                Ok(view) if action == "update" => {
                    replace_view(&mut state, id, view);
                    Submitted::Updated
                }
                Ok(_) if state.modals.get(&self.id).map_or(0, Vec::len) >= 3 => {
                    error("push_limit_reached")
                }
                Ok(view) => {
                    let token = self.workspace.app().token.clone();
                    stack_view(&mut state, &self.id, &token, view);
                    Submitted::Pushed
                }
            },
            Some(other) => error(&format!("unknown response_action `{other}`")),
        }
    }
}

fn blocks_of(state: &WorkspaceState, id: &str) -> Vec<Value> {
    let view = state.views.get(id);
    view.and_then(|v| v.body["blocks"].as_array().cloned())
        .unwrap_or_default()
}

fn pop(state: &mut WorkspaceState, user: &str, id: &str) {
    if let Some(stack) = state.modals.get_mut(user) {
        stack.retain(|v| v != id);
    }
}

fn note(state: &mut WorkspaceState, view: &str, block: &Value, action: &Value, value: Value) {
    let (Some(block), Some(action)) = (block.as_str(), action.as_str()) else {
        return;
    };
    if let Some(view) = state.views.get_mut(view) {
        let entry = view
            .values
            .entry(block.to_owned())
            .or_insert_with(|| json!({}));
        entry[action] = value;
    }
}

fn check_length(element: &Value, text: &str) -> Result<(), String> {
    let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    let most = element["max_length"].as_u64().unwrap_or(3000);
    let least = element["min_length"].as_u64().unwrap_or(0);
    if length > most || (length < least && length > 0) {
        return Err(format!(
            "Slack takes {least} to {most} characters here, not {length}"
        ));
    }
    Ok(())
}

/// Sets initial values where nothing was entered. Refuses an empty required field.
fn settle(state: &mut WorkspaceState, view: &str, block: &Value) -> Result<(), String> {
    let element = &block["element"];
    let (Some(id), Some(action)) = (block["block_id"].as_str(), element["action_id"].as_str())
    else {
        return Ok(());
    };
    let typed = state
        .views
        .get(view)
        .and_then(|v| v.values.get(id)?.get(action).cloned());
    let value = typed.unwrap_or_else(|| initial(element));
    let empty = |v: &Value| match v {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    };
    let filled = value
        .as_object()
        .is_some_and(|map| map.iter().any(|(k, v)| k != "type" && !empty(v)));
    if !filled && block["optional"] != true {
        return Err(format!(
            "Slack wants `{}` filled in",
            block["label"]["text"]
        ));
    }
    note(state, view, &json!(id), &json!(action), value);
    Ok(())
}

fn initial(element: &Value) -> Value {
    let kind = element["type"].as_str().unwrap_or_default();
    let given = |key: &str| element.get(key).cloned().unwrap_or(Value::Null);
    let (key, value) = match kind {
        "static_select" | "external_select" | "radio_buttons" => {
            let initial = given("initial_option");
            let known = all_options(element)
                .into_iter()
                .find(|o| o["value"] == initial["value"]);
            ("selected_option", known.cloned().unwrap_or(Value::Null))
        }
        "users_select" => ("selected_user", given("initial_user")),
        "channels_select" => ("selected_channel", given("initial_channel")),
        "conversations_select" => ("selected_conversation", given("initial_conversation")),
        "datepicker" => ("selected_date", given("initial_date")),
        "timepicker" => ("selected_time", given("initial_time")),
        "checkboxes" | "multi_static_select" => {
            let list = element.get("initial_options").cloned();
            ("selected_options", list.unwrap_or_else(|| json!([])))
        }
        "multi_users_select" => (
            "selected_users",
            element
                .get("initial_users")
                .cloned()
                .unwrap_or_else(|| json!([])),
        ),
        _ => ("value", given("initial_value")),
    };
    json!({"type": kind, key: value})
}
