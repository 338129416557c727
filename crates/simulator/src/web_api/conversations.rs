//! The `conversations.*` methods that change something.
//!
//! Names are unique among all channels, including archived and private ones. An invalid name is refused
//! and not corrected.

use serde_json::{Value, json};

use super::{Call, done};
use crate::error::{Answer, Refused, refuse};
use crate::names;
use crate::state::ChannelType;

const MAX_TOPIC_LENGTH: usize = 250;
const MAX_INVITED_USERS: usize = 100;

fn free_name(call: &Call<'_>) -> Result<String, Refused> {
    let name = call.args.text("name").unwrap_or_default();
    if let Some(code) = names::name_error(&name) {
        return refuse(code);
    }
    let taken = call
        .state
        .channels
        .values()
        .any(|r| !r.kind.is_direct() && r.name == name);
    if taken {
        refuse("name_taken")
    } else {
        Ok(name)
    }
}

fn shown(call: &Call<'_>, id: &str) -> Answer {
    Ok(json!({"channel": call.channel_wire(&call.state.channels[id])}))
}

pub(super) fn create(call: &mut Call<'_>) -> Answer {
    let kind = if call.args.flag("is_private") {
        ChannelType::Private
    } else {
        ChannelType::Public
    };
    call.want(match kind {
        ChannelType::Private => "groups:write",
        _ => "channels:manage",
    })?;
    let team = call.team()?;
    let name = free_name(call)?;
    let me = call.bot.user_id.clone();
    let id = call.state.add_channel(None, &name, kind, &me, call.now);
    call.state.channel_mut(&id)?.team = team;
    let event = json!({"type": "channel_created",
                       "channel": {"id": id, "name": name, "creator": me}});
    call.state.emit(None, event);
    shown(call, &id)
}

pub(super) fn rename(call: &mut Call<'_>) -> Answer {
    let channel = call.channel("channel")?;
    call.want_manage(channel, &[])?;
    let id = call.joined("channel")?;
    let name = free_name(call)?;
    let channel = call.state.channel_mut(&id)?;
    let old = std::mem::replace(&mut channel.name, name.clone());
    channel.previous_names.insert(0, old);
    let event = json!({"type": "channel_rename", "channel": {"id": id, "name": name}});
    call.state.emit(Some(&id), event);
    shown(call, &id)
}

pub(super) fn archive(call: &mut Call<'_>) -> Answer {
    let channel = call.channel("channel")?;
    call.want_manage(channel, &[])?;
    if channel.archived {
        return refuse("already_archived");
    }
    if channel.kind.is_direct() {
        return refuse("method_not_supported_for_channel_type");
    }
    if channel.general {
        return refuse("cant_archive_general");
    }
    let id = call.joined("channel")?;
    let me = call.bot.user_id.clone();
    call.state.channel_mut(&id)?.archived = true;
    call.state.emit(
        Some(&id),
        json!({"type": "channel_archive", "channel": id, "user": me}),
    );
    done()
}

pub(super) fn unarchive(call: &mut Call<'_>) -> Answer {
    let channel = call.channel("channel")?;
    call.want_manage(channel, &[])?;
    if !channel.archived {
        return refuse("not_archived");
    }
    let id = channel.id.clone();
    let me = call.bot.user_id.clone();
    let held = call.state.channel_mut(&id)?;
    held.archived = false;
    held.members.insert(me.clone());
    call.state.emit(
        Some(&id),
        json!({"type": "channel_unarchive", "channel": id, "user": me}),
    );
    done()
}

fn line(call: &Call<'_>, key: &str) -> Result<(String, String), Refused> {
    let channel = call.channel("channel")?;
    call.want_manage(channel, &["channels:write.topic", "groups:write.topic"])?;
    let id = call.joined("channel")?;
    let value = call.args.text(key).ok_or_else(|| Refused::missing(key))?;
    if value.chars().count() > MAX_TOPIC_LENGTH {
        return refuse("too_long");
    }
    Ok((id, value))
}

pub(super) fn set_topic(call: &mut Call<'_>) -> Answer {
    let (id, topic) = line(call, "topic")?;
    let channel = call.state.channel_mut(&id)?;
    let changed = channel.topic != topic;
    channel.topic.clone_from(&topic);
    if changed {
        let me = call.bot.user_id.clone();
        call.state.post_system_message(
            &id,
            &me,
            "channel_topic",
            &format!("set the topic: {topic}"),
            call.now,
        );
    }
    shown(call, &id)
}

pub(super) fn set_purpose(call: &mut Call<'_>) -> Answer {
    let (id, purpose) = line(call, "purpose")?;
    call.state.channel_mut(&id)?.purpose = purpose;
    shown(call, &id)
}

pub(super) fn join(call: &mut Call<'_>) -> Answer {
    let channel = call.channel("channel")?;
    if channel.kind != ChannelType::Public {
        return refuse("method_not_supported_for_channel_type");
    }
    if channel.archived {
        return refuse("is_archived");
    }
    let (id, already) = (channel.id.clone(), call.inside(channel));
    if !already {
        let me = call.bot.user_id.clone();
        enter(call, &id, &me, None)?;
    }
    let mut out = shown(call, &id)?;
    if already {
        out["warning"] = json!("already_in_channel");
        out["response_metadata"] = json!({"warnings": ["already_in_channel"]});
    }
    Ok(out)
}

fn enter(call: &mut Call<'_>, id: &str, user: &str, inviter: Option<&str>) -> Result<(), Refused> {
    call.state.channel_mut(id)?.members.insert(user.to_owned());
    let text = format!("<@{user}> has joined the channel");
    call.state
        .post_system_message(id, user, "channel_join", &text, call.now);
    let mut event = json!({"type": "member_joined_channel", "user": user, "channel": id,
                           "channel_type": "C", "team": call.state.team_id});
    if let Some(inviter) = inviter {
        event["inviter"] = json!(inviter);
    }
    call.state.emit(Some(id), event);
    Ok(())
}

/// Without `force` one bad id spoils the whole invitation; with it the good ones come in.
pub(super) fn invite(call: &mut Call<'_>) -> Answer {
    let channel = call.channel("channel")?;
    call.want_manage(channel, &["channels:write.invites", "groups:write.invites"])?;
    if channel.kind.is_direct() {
        return refuse("method_not_supported_for_channel_type");
    }
    let id = call.joined("channel")?;
    let list = call.args.text("users").unwrap_or_default();
    let users: Vec<String> = list
        .split(',')
        .map(|u| u.trim().to_owned())
        .filter(|u| !u.is_empty())
        .collect();
    if users.is_empty() {
        return refuse("no_user");
    }
    if users.len() > MAX_INVITED_USERS {
        return refuse("too_many_users");
    }
    let mut good = Vec::new();
    let mut errors: Vec<(String, &str)> = Vec::new();
    for user in users {
        match invite_error(call, &id, &user) {
            None => good.push(user),
            Some(code) => errors.push((user, code)),
        }
    }
    let listed: Vec<Value> = errors
        .iter()
        .map(|(user, code)| json!({"user": user, "ok": false, "error": code}))
        .collect();
    if let Some((_, code)) = errors.first()
        && (good.is_empty() || !call.args.flag("force"))
    {
        return Err(Refused::new(code).with("errors", json!(listed)));
    }
    let me = call.bot.user_id.clone();
    for user in good {
        enter(call, &id, &user, Some(&me))?;
    }
    let mut out = shown(call, &id)?;
    if !listed.is_empty() {
        out["errors"] = json!(listed);
    }
    Ok(out)
}

fn invite_error(call: &Call<'_>, channel: &str, user: &str) -> Option<&'static str> {
    if user == call.bot.user_id {
        return Some("cant_invite_self");
    }
    match call.state.users.get(user) {
        None => Some("user_not_found"),
        Some(found) if found.deleted => Some("cant_invite"),
        Some(_)
            if !call
                .state
                .is_accessible(&call.state.channels[channel], user) =>
        {
            Some("cant_invite")
        }
        Some(_) if call.state.channels[channel].members.contains(user) => {
            Some("already_in_channel")
        }
        Some(_) => None,
    }
}

pub(super) fn open(call: &mut Call<'_>) -> Answer {
    if call.args.has("channel") {
        let channel = call.channel("channel")?;
        if !channel.kind.is_direct() {
            return refuse("method_not_supported_for_channel_type");
        }
        let id = channel.id.clone();
        return Ok(json!({"channel": {"id": id}, "already_open": true, "no_op": true}));
    }
    let list = call.args.text("users").filter(|u| !u.is_empty());
    let Some(list) = list else {
        return refuse("users_list_not_supplied");
    };
    let mut people = call.me();
    for user in list.split(',').map(str::trim).filter(|u| !u.is_empty()) {
        let Some(found) = call.state.users.get(user) else {
            return refuse("user_not_found");
        };
        if found.deleted {
            return refuse("user_disabled");
        }
        if found.is_bot {
            return refuse("cannot_dm_bot");
        }
        people.insert(user.to_owned());
    }
    if people.len() < 2 {
        return refuse("not_enough_users");
    }
    if people.len() > 9 {
        return refuse("too_many_users");
    }
    call.want(if people.len() == 2 {
        "im:write"
    } else {
        "mpim:write"
    })?;
    let (id, already) = call.state.direct(&people, call.now);
    let channel = if call.args.flag("return_im") {
        call.channel_wire(&call.state.channels[&id])
    } else {
        json!({"id": id})
    };
    let mut out = json!({"channel": channel});
    if already {
        out["already_open"] = json!(true);
        out["no_op"] = json!(true);
    }
    Ok(out)
}
