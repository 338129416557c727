//! People before a modal: they fill it in, press in it, submit it, close it.
//!
//! Slack's own client refuses an empty required field before the app hears of it; so do these
//! people. A submission refused with field errors leaves the modal open, hash and all.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::blocks;
use super::elements::all_options;
use super::names;
use super::outgoing::Heard;
use super::people::{Person, chosen, find_element, mint_trigger};
use super::state::World;
use super::web_api::{replace_view, stack_view, view_wire};

/// What became of a submission on the person's screen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Submitted {
    /// The modal closed.
    Closed,
    /// All modals closed.
    Cleared,
    /// It stays open with these errors, by block id.
    Errors(Map<String, Value>),
    /// It shows something else now.
    Updated,
    /// Another one lies on top.
    Pushed,
    /// Slack shows that something went wrong; why.
    Trouble(String),
}

impl Person {
    /// The modal on top of the person's screen, as the API shows views.
    pub fn modal(&self) -> Option<Value> {
        let world = self.workspace.world();
        let id = world.modals.get(&self.id)?.last()?;
        Some(view_wire(&world, id))
    }

    fn top(&self) -> Result<String, String> {
        let world = self.workspace.world();
        let top = world.modals.get(&self.id).and_then(|s| s.last().cloned());
        top.ok_or_else(|| format!("{} has no modal open", self.id))
    }

    /// Types into the open modal without submitting. A field is found by label, block id or
    /// action id; the value is text, an option's text or value, a handle, or a list with commas.
    ///
    /// # Errors
    /// When there is no modal, no such field, or no such option.
    pub fn fill_in(&self, fields: &[(&str, &str)]) -> Result<(), String> {
        let id = self.top()?;
        let escape = self.workspace.app().escape_modal_text;
        let mut world = self.workspace.world();
        let blocks = blocks_of(&world, &id);
        for (field, given) in fields {
            let found = blocks.iter().find(|b| {
                b["label"]["text"] == *field
                    || b["block_id"] == *field
                    || b["element"]["action_id"] == *field
            });
            let block = found.ok_or_else(|| format!("no field `{field}` in {}", json!(blocks)))?;
            let element = &block["element"];
            let mut value = chosen(&world, element, given)?;
            if let Some(text) = value["value"].as_str() {
                check_length(element, text)?;
                if escape {
                    value["value"] = json!(names::escaped(text));
                }
            }
            note(
                &mut world,
                &id,
                &block["block_id"],
                &element["action_id"],
                value,
            );
        }
        drop(world);
        self.workspace.changed();
        Ok(())
    }

    /// Fills in and submits the open modal.
    ///
    /// # Errors
    /// When Slack's own client would not let the person submit.
    pub async fn submit(&self, fields: &[(&str, &str)]) -> Result<(Heard, Submitted), String> {
        let payload = self.submission(fields)?;
        let heard = self.interact(&payload).await;
        let id = payload["view"]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let outcome = self.take_answer(&id, &heard);
        self.workspace.changed();
        Ok((heard, outcome))
    }

    /// The payload of a submission, not yet sent (to send it twice, or late).
    ///
    /// # Errors
    /// When Slack's own client would not let the person submit.
    pub fn submission(&self, fields: &[(&str, &str)]) -> Result<Value, String> {
        self.fill_in(fields)?;
        let id = self.top()?;
        {
            let mut world = self.workspace.world();
            for block in blocks_of(&world, &id) {
                if block["type"] == "input" {
                    settle(&mut world, &id, &block)?;
                }
            }
        }
        let trigger = mint_trigger(&self.workspace, &self.id, true);
        let mut payload = self.payload("view_submission", &trigger);
        payload["view"] = view_wire(&self.workspace.world(), &id);
        payload["response_urls"] = json!([]);
        Ok(payload)
    }

    /// Presses a button or chooses in a menu of the open modal.
    ///
    /// # Errors
    /// When there is no modal, no such element, or no such option.
    pub async fn act_in_modal(&self, element: &str, given: &str) -> Result<Heard, String> {
        let id = self.top()?;
        let trigger = mint_trigger(&self.workspace, &self.id, true);
        let mut payload = self.payload("block_actions", &trigger);
        let now = self.workspace.now();
        {
            let mut world = self.workspace.world();
            let blocks = blocks_of(&world, &id);
            let labelled = blocks.iter().find(|b| b["label"]["text"] == element);
            let (block, found) = labelled
                .map(|b| (b["block_id"].as_str().unwrap_or_default(), &b["element"]))
                .or_else(|| find_element(&blocks, element))
                .ok_or_else(|| format!("no `{element}` in {}", json!(blocks)))?;
            let mut action = chosen(&world, found, given)?;
            if found["type"] != "button" {
                note(
                    &mut world,
                    &id,
                    &json!(block),
                    &found["action_id"],
                    action.clone(),
                );
            }
            action["action_id"] = found["action_id"].clone();
            action["block_id"] = json!(block);
            action["action_ts"] = json!(world.next_ts(now));
            payload["container"] = json!({"type": "view", "view_id": id});
            payload["view"] = view_wire(&world, &id);
            payload["state"] = payload["view"]["state"].clone();
            payload["actions"] = json!([action]);
        }
        Ok(self.interact(&payload).await)
    }

    /// Closes the modal on top; the app hears of it if it asked to.
    ///
    /// # Errors
    /// When there is no modal.
    pub async fn close_modal(&self) -> Result<Option<Heard>, String> {
        let id = self.top()?;
        let view = view_wire(&self.workspace.world(), &id);
        pop(&mut self.workspace.world(), &self.id, &id);
        self.workspace.changed();
        if view["notify_on_close"] != true {
            return Ok(None);
        }
        let mut payload = self.payload("view_closed", "");
        payload["view"] = view;
        payload["is_cleared"] = json!(false);
        Ok(Some(self.interact(&payload).await))
    }

    /// What Slack does with the app's answer to a submission.
    fn take_answer(&self, id: &str, heard: &Heard) -> Submitted {
        let mut world = self.workspace.world();
        let trouble = |why: &str| Submitted::Trouble(why.to_owned());
        if !heard.is_ok() {
            return trouble(heard.trouble.as_deref().unwrap_or("http status"));
        }
        if heard.body.trim().is_empty() {
            pop(&mut world, &self.id, id);
            return Submitted::Closed;
        }
        let Ok(answer) = serde_json::from_str::<Value>(&heard.body) else {
            return trouble("the answer is neither empty nor JSON");
        };
        match answer["response_action"].as_str() {
            None => {
                pop(&mut world, &self.id, id);
                Submitted::Closed
            }
            Some("clear") => {
                world.modals.remove(&self.id);
                Submitted::Cleared
            }
            Some("errors") => {
                let Some(errors) = answer["errors"].as_object().filter(|e| !e.is_empty()) else {
                    return trouble("no errors in `errors`");
                };
                let blocks = blocks_of(&world, id);
                let input = |key: &String| {
                    blocks
                        .iter()
                        .any(|b| b["type"] == "input" && b["block_id"] == *key.as_str())
                };
                match errors.keys().find(|k| !input(k)) {
                    Some(key) => trouble(&format!("`{key}` is no input block of this view")),
                    None => Submitted::Errors(errors.clone()),
                }
            }
            Some(action @ ("update" | "push")) => match blocks::view(&answer["view"], "modal") {
                Err(refused) => trouble(&refused.messages.join("; ")),
                Ok(view) if action == "update" => {
                    replace_view(&mut world, id, view);
                    Submitted::Updated
                }
                Ok(_) if world.modals.get(&self.id).map_or(0, Vec::len) >= 3 => {
                    trouble("push_limit_reached")
                }
                Ok(view) => {
                    let token = self.workspace.app().token.clone();
                    stack_view(&mut world, &self.id, &token, view);
                    Submitted::Pushed
                }
            },
            Some(other) => trouble(&format!("unknown response_action `{other}`")),
        }
    }
}

fn blocks_of(world: &World, id: &str) -> Vec<Value> {
    let view = world.views.get(id);
    view.and_then(|v| v.body["blocks"].as_array().cloned())
        .unwrap_or_default()
}

fn pop(world: &mut World, user: &str, id: &str) {
    if let Some(stack) = world.modals.get_mut(user) {
        stack.retain(|v| v != id);
    }
}

fn note(world: &mut World, view: &str, block: &Value, action: &Value, value: Value) {
    let (Some(block), Some(action)) = (block.as_str(), action.as_str()) else {
        return;
    };
    if let Some(view) = world.views.get_mut(view) {
        let entry = view
            .typed
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

/// Fills what was not touched: initial values, or nothing; refuses an empty required field.
fn settle(world: &mut World, view: &str, block: &Value) -> Result<(), String> {
    let element = &block["element"];
    let (Some(id), Some(action)) = (block["block_id"].as_str(), element["action_id"].as_str())
    else {
        return Ok(());
    };
    let typed = world
        .views
        .get(view)
        .and_then(|v| v.typed.get(id)?.get(action).cloned());
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
    note(world, view, &json!(id), &json!(action), value);
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
