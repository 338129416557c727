//! `views.*`: modals, which are opened with a trigger that is valid for three seconds.
//!
//! A trigger is used up by a view that opened, not by one that was refused.

use serde_json::{Map, Value, json};

use super::Call;
use crate::blocks;
use crate::error::{Answer, Refused, refuse};
use crate::state::{Moment, View, WorkspaceState};

const TRIGGER_VALID_MILLIS: i64 = 3000;
const MAX_STACKED_VIEWS: usize = 3;

/// Whose trigger it is, if it still opens anything.
fn check_trigger(state: &WorkspaceState, id: &str, now: Moment) -> Result<(String, bool), Refused> {
    let Some(trigger) = state.triggers.get(id) else {
        return refuse("invalid_trigger_id");
    };
    if trigger.used {
        return refuse("exchanged_trigger_id");
    }
    if now
        .signed_duration_since(trigger.created_at)
        .num_milliseconds()
        >= TRIGGER_VALID_MILLIS
    {
        return refuse("expired_trigger_id");
    }
    Ok((trigger.user.clone(), trigger.from_modal))
}

fn view_argument(call: &Call<'_>) -> Result<Value, Refused> {
    let view = call.args.json("view", "invalid_arguments")?;
    blocks::view(&view.ok_or_else(|| Refused::missing("view"))?)
}

fn trigger_argument(call: &Call<'_>) -> Result<(String, String, bool), Refused> {
    let trigger = call
        .args
        .text("trigger_id")
        .or_else(|| call.args.text("interactivity_pointer"));
    let trigger = trigger.ok_or_else(|| Refused::missing("trigger_id"))?;
    let (user, from_modal) = check_trigger(call.state, &trigger, call.now)?;
    Ok((trigger, user, from_modal))
}

fn free_external_id(call: &Call<'_>, body: &Value, except: &str) -> Result<(), Refused> {
    let Some(id) = body["external_id"].as_str().filter(|i| !i.is_empty()) else {
        return Ok(());
    };
    let open = |v: &View| call.state.modals.values().flatten().any(|m| *m == v.id);
    let taken = call
        .state
        .views
        .values()
        .any(|v| v.id != except && v.body["external_id"] == id && open(v));
    if taken {
        refuse("duplicate_external_id")
    } else {
        Ok(())
    }
}

pub(super) fn open(call: &mut Call<'_>) -> Answer {
    let (trigger, user, _) = trigger_argument(call)?;
    let body = view_argument(call)?;
    free_external_id(call, &body, "")?;
    spend(call.state, &trigger);
    call.state.modals.remove(&user);
    let token = call.bot.token.clone();
    let id = stack(call.state, &user, &token, body);
    Ok(json!({"view": wire(call.state, &id)}))
}

pub(super) fn push(call: &mut Call<'_>) -> Answer {
    let (trigger, user, from_modal) = trigger_argument(call)?;
    let body = view_argument(call)?;
    let depth = call.state.modals.get(&user).map_or(0, Vec::len);
    if !from_modal || depth == 0 {
        return refuse("invalid_trigger_id");
    }
    if depth >= MAX_STACKED_VIEWS {
        return refuse("push_limit_reached");
    }
    free_external_id(call, &body, "")?;
    spend(call.state, &trigger);
    let token = call.bot.token.clone();
    let id = stack(call.state, &user, &token, body);
    Ok(json!({"view": wire(call.state, &id)}))
}

pub(super) fn update(call: &mut Call<'_>) -> Answer {
    let view_id = call.args.text("view_id").filter(|v| !v.is_empty());
    let external = call.args.text("external_id").filter(|v| !v.is_empty());
    if view_id.is_none() && external.is_none() {
        return Err(Refused::missing("view_id"));
    }
    let fits = |v: &&View| match (&view_id, &external) {
        (Some(id), _) => v.id == *id,
        (None, Some(external)) => v.body["external_id"] == **external,
        (None, None) => false,
    };
    let on_screen = |v: &&View| {
        call.state
            .modals
            .get(&v.user)
            .is_some_and(|stack| stack.contains(&v.id))
    };
    let mine = |v: &&View| v.token == call.bot.token;
    let found = call
        .state
        .views
        .values()
        .filter(fits)
        .filter(on_screen)
        .find(mine);
    let Some(found) = found else {
        return refuse("not_found");
    };
    let (id, hash) = (found.id.clone(), found.hash.clone());
    if call
        .args
        .text("hash")
        .is_some_and(|h| !h.is_empty() && h != hash)
    {
        return refuse("hash_conflict");
    }
    let body = view_argument(call)?;
    free_external_id(call, &body, &id)?;
    replace(call.state, &id, body);
    Ok(json!({"view": wire(call.state, &id)}))
}

fn spend(state: &mut WorkspaceState, trigger: &str) {
    if let Some(trigger) = state.triggers.get_mut(trigger) {
        trigger.used = true;
    }
}

fn add(
    state: &mut WorkspaceState,
    user: &str,
    token: &str,
    body: Value,
    below: Option<&str>,
) -> String {
    let id = state.fresh("V");
    let hash = format!("{}.h", state.fresh("h"));
    let root = below
        .and_then(|b| state.views.get(b))
        .map_or_else(|| id.clone(), |view| view.root.clone());
    let view = View {
        id: id.clone(),
        user: user.to_owned(),
        token: token.to_owned(),
        body,
        hash,
        root,
        previous: below.map(str::to_owned),
        values: Map::new(),
    };
    state.views.insert(id.clone(), view);
    id
}

/// Puts a view on top of a person's stack.
pub(crate) fn stack(state: &mut WorkspaceState, user: &str, token: &str, body: Value) -> String {
    let below = state.modals.get(user).and_then(|s| s.last().cloned());
    let id = add(state, user, token, body, below.as_deref());
    state
        .modals
        .entry(user.to_owned())
        .or_default()
        .push(id.clone());
    id
}

/// A new body under the same id. What was typed stays where block and action ids stay.
pub(crate) fn replace(state: &mut WorkspaceState, id: &str, body: Value) {
    let hash = format!("{}.h", state.fresh("h"));
    let Some(view) = state.views.get_mut(id) else {
        return;
    };
    let still: Vec<(String, String)> = body["blocks"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|b| {
            let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            (text(&b["block_id"]), text(&b["element"]["action_id"]))
        })
        .collect();
    view.values.retain(|block, values| {
        still
            .iter()
            .any(|(b, action)| b == block && values.get(action).is_some())
    });
    view.body = body;
    view.hash = hash;
}

/// A view as the API and the payloads show it.
pub(crate) fn wire(state: &WorkspaceState, id: &str) -> Value {
    let Some(view) = state.views.get(id) else {
        return Value::Null;
    };
    let mut out = view.body.clone();
    for key in ["private_metadata", "callback_id", "external_id"] {
        if out.get(key).is_none_or(Value::is_null) {
            out[key] = json!("");
        }
    }
    for key in ["clear_on_close", "notify_on_close"] {
        if out.get(key).is_none_or(Value::is_null) {
            out[key] = json!(false);
        }
    }
    let bot = state.bots.iter().find(|b| b.token == view.token);
    out["id"] = json!(view.id);
    out["team_id"] = json!(state.team_id);
    out["hash"] = json!(view.hash);
    out["root_view_id"] = json!(view.root);
    out["previous_view_id"] = json!(view.previous);
    out["app_id"] = json!(bot.map(|b| &b.app_id));
    out["app_installed_team_id"] = json!(state.team_id);
    out["bot_id"] = json!(bot.map(|b| &b.bot_id));
    out["state"] = json!({"values": view.values});
    out
}
