//! `auth.test`, `team.info`, `users.*`, `usergroups.list`.

use serde_json::{Value, json};

use super::Call;
use crate::error::{Answer, refuse};
use crate::state::User;

/// With an organisation's token the team is the organisation itself.
pub(super) fn auth_test(call: &mut Call<'_>) -> Answer {
    let org = call.state.org.as_ref().map(|org| &org.id);
    Ok(json!({
        "url": format!("{}/", call.base), "team": call.state.team_name,
        "user": call.bot.name, "team_id": org.unwrap_or(&call.state.team_id),
        "user_id": call.bot.user_id, "bot_id": call.bot.bot_id, "app_id": call.bot.app_id,
        "enterprise_id": org, "is_enterprise_install": org.is_some(),
    }))
}

pub(super) fn team_info(call: &mut Call<'_>) -> Answer {
    Ok(json!({"team": {
        "id": call.state.team_id, "name": call.state.team_name, "domain": call.state.team_name,
        "email_domain": "", "icon": {"image_default": true},
    }}))
}

fn wire(user: &User) -> Value {
    json!({
        "id": user.id, "team_id": user.team, "name": user.name, "deleted": user.deleted,
        "real_name": user.real_name, "tz": "Etc/UTC", "tz_label": "UTC", "tz_offset": 0,
        "is_bot": user.is_bot, "is_admin": false, "is_owner": false, "is_app_user": false,
        "is_restricted": false, "is_ultra_restricted": false,
        "profile": {"real_name": user.real_name, "display_name": user.name,
                    "team": user.team},
    })
}

pub(super) fn users_info(call: &mut Call<'_>) -> Answer {
    let id = call.args.need("user")?;
    match call.state.users.get(&id) {
        Some(user) => Ok(json!({"user": wire(user)})),
        None => refuse("user_not_found"),
    }
}

pub(super) fn users_list(call: &mut Call<'_>) -> Answer {
    call.team()?;
    let all: Vec<Value> = call.state.users.values().map(wire).collect();
    let (page, next) = call.args.page(&all, 200, 1000)?;
    let cache = call.now.timestamp();
    Ok(json!({"members": page, "cache_ts": cache, "response_metadata": {"next_cursor": next}}))
}

pub(super) fn usergroups_list(call: &mut Call<'_>) -> Answer {
    call.team()?;
    Ok(json!({"usergroups": []}))
}
