//! `views.*`: modals on a trigger that lives three seconds, and the Home tab.
//!
//! A trigger is spent by a view that opened, not by one that was refused for its content.

use serde_json::{Map, Value, json};

use super::Call;
use crate::blocks;
use crate::error::{Answer, Refused, refuse};
use crate::state::{Moment, View, World};

const TRIGGER_LIVES_MILLIS: i64 = 3000;
const DEEPEST_STACK: usize = 3;

/// Whose trigger it is, if it still opens anything.
fn check_trigger(world: &World, id: &str, now: Moment) -> Result<(String, bool), Refused> {
    let Some(trigger) = world.triggers.get(id) else {
        return refuse("invalid_trigger_id");
    };
    if trigger.used {
        return refuse("exchanged_trigger_id");
    }
    if now.signed_duration_since(trigger.born).num_milliseconds() >= TRIGGER_LIVES_MILLIS {
        return refuse("expired_trigger_id");
    }
    Ok((trigger.user.clone(), trigger.from_modal))
}

fn view_argument(call: &Call<'_>, kind: &str) -> Result<Value, Refused> {
    let view = call.args.json("view", "invalid_arguments")?;
    blocks::view(&view.ok_or_else(|| Refused::missing("view"))?, kind)
}

fn trigger_argument(call: &Call<'_>) -> Result<(String, String, bool), Refused> {
    let trigger = call
        .args
        .text("trigger_id")
        .or_else(|| call.args.text("interactivity_pointer"));
    let trigger = trigger.ok_or_else(|| Refused::missing("trigger_id"))?;
    let (user, from_modal) = check_trigger(call.world, &trigger, call.now)?;
    Ok((trigger, user, from_modal))
}

fn free_external_id(call: &Call<'_>, body: &Value, except: &str) -> Result<(), Refused> {
    let Some(id) = body["external_id"].as_str().filter(|i| !i.is_empty()) else {
        return Ok(());
    };
    let open = |v: &View| {
        call.world.modals.values().flatten().any(|m| *m == v.id)
            || call.world.homes.values().any(|h| *h == v.id)
    };
    let taken = call
        .world
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
    let body = view_argument(call, "modal")?;
    free_external_id(call, &body, "")?;
    spend(call.world, &trigger);
    call.world.modals.remove(&user);
    let token = call.bot.token.clone();
    let id = stack(call.world, &user, &token, body);
    Ok(json!({"view": wire(call.world, &id)}))
}

pub(super) fn push(call: &mut Call<'_>) -> Answer {
    let (trigger, user, from_modal) = trigger_argument(call)?;
    let body = view_argument(call, "modal")?;
    let depth = call.world.modals.get(&user).map_or(0, Vec::len);
    if !from_modal || depth == 0 {
        return refuse("invalid_trigger_id");
    }
    if depth >= DEEPEST_STACK {
        return refuse("push_limit_reached");
    }
    free_external_id(call, &body, "")?;
    spend(call.world, &trigger);
    let token = call.bot.token.clone();
    let id = stack(call.world, &user, &token, body);
    Ok(json!({"view": wire(call.world, &id)}))
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
        call.world
            .modals
            .get(&v.user)
            .is_some_and(|stack| stack.contains(&v.id))
            || call.world.homes.get(&v.user) == Some(&v.id)
    };
    let mine = |v: &&View| v.token == call.bot.token;
    let found = call
        .world
        .views
        .values()
        .filter(fits)
        .filter(on_screen)
        .find(mine);
    let Some(found) = found else {
        return refuse("not_found");
    };
    let (id, hash) = (found.id.clone(), found.hash.clone());
    let kind = found.body["type"].as_str().unwrap_or("modal").to_owned();
    if call
        .args
        .text("hash")
        .is_some_and(|h| !h.is_empty() && h != hash)
    {
        return refuse("hash_conflict");
    }
    let body = view_argument(call, &kind)?;
    free_external_id(call, &body, &id)?;
    replace(call.world, &id, body);
    Ok(json!({"view": wire(call.world, &id)}))
}

pub(super) fn publish(call: &mut Call<'_>) -> Answer {
    let user = call.args.need("user_id")?;
    if !call.world.users.contains_key(&user) {
        return refuse("user_not_found");
    }
    let body = view_argument(call, "home")?;
    if let Some(id) = call.world.homes.get(&user).cloned() {
        let hash = call.world.views.get(&id).map(|v| v.hash.clone());
        if call
            .args
            .text("hash")
            .is_some_and(|h| !h.is_empty() && Some(h) != hash)
        {
            return refuse("hash_conflict");
        }
        replace(call.world, &id, body);
        return Ok(json!({"view": wire(call.world, &id)}));
    }
    let token = call.bot.token.clone();
    let id = add(call.world, &user, &token, body, None);
    call.world.homes.insert(user, id.clone());
    Ok(json!({"view": wire(call.world, &id)}))
}

fn spend(world: &mut World, trigger: &str) {
    if let Some(trigger) = world.triggers.get_mut(trigger) {
        trigger.used = true;
    }
}

fn add(world: &mut World, user: &str, token: &str, body: Value, below: Option<&str>) -> String {
    let id = world.fresh("V");
    let hash = format!("{}.h", world.fresh("h"));
    let root = below
        .and_then(|b| world.views.get(b))
        .map_or_else(|| id.clone(), |view| view.root.clone());
    let view = View {
        id: id.clone(),
        user: user.to_owned(),
        token: token.to_owned(),
        body,
        hash,
        root,
        previous: below.map(str::to_owned),
        typed: Map::new(),
    };
    world.views.insert(id.clone(), view);
    id
}

/// Puts a view on top of a person's stack.
pub(crate) fn stack(world: &mut World, user: &str, token: &str, body: Value) -> String {
    let below = world.modals.get(user).and_then(|s| s.last().cloned());
    let id = add(world, user, token, body, below.as_deref());
    world
        .modals
        .entry(user.to_owned())
        .or_default()
        .push(id.clone());
    id
}

/// A new body under the same id. What was typed stays where block and action ids stay.
pub(crate) fn replace(world: &mut World, id: &str, body: Value) {
    let hash = format!("{}.h", world.fresh("h"));
    let Some(view) = world.views.get_mut(id) else {
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
    view.typed.retain(|block, values| {
        still
            .iter()
            .any(|(b, action)| b == block && values.get(action).is_some())
    });
    view.body = body;
    view.hash = hash;
}

/// A view as the API and the payloads show it.
pub(crate) fn wire(world: &World, id: &str) -> Value {
    let Some(view) = world.views.get(id) else {
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
    let bot = world.bots.iter().find(|b| b.token == view.token);
    out["id"] = json!(view.id);
    out["team_id"] = json!(world.team_id);
    out["hash"] = json!(view.hash);
    out["root_view_id"] = json!(view.root);
    out["previous_view_id"] = json!(view.previous);
    out["app_id"] = json!(bot.map(|b| &b.app_id));
    out["app_installed_team_id"] = json!(world.team_id);
    out["bot_id"] = json!(bot.map(|b| &b.bot_id));
    out["state"] = json!({"values": view.typed});
    out
}
