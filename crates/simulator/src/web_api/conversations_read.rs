//! `conversations.info`, `list`, `members` and `users.conversations`.
//!
//! A private channel is not visible to a bot that is not a member: neither by id nor in a list.

use serde_json::{Value, json};

use super::Call;
use crate::error::{Answer, Refused, refuse};
use crate::state::{Channel, ChannelType};

pub(super) fn info(call: &mut Call<'_>) -> Answer {
    let channel = call.channel("channel")?;
    call.want(&channel.kind.scope("read"))?;
    let mut wire = call.channel_wire(channel);
    if !call.args.flag("include_num_members") {
        wire.as_object_mut()
            .expect("a channel is an object")
            .remove("num_members");
    }
    Ok(json!({"channel": wire}))
}

fn kinds(call: &Call<'_>) -> Result<Vec<ChannelType>, Refused> {
    let list = call.args.text("types").filter(|t| !t.is_empty());
    let list = list.unwrap_or_else(|| "public_channel".to_owned());
    list.split(',')
        .map(|word| match word.trim() {
            "public_channel" => Ok(ChannelType::Public),
            "private_channel" => Ok(ChannelType::Private),
            "im" => Ok(ChannelType::Im),
            "mpim" => Ok(ChannelType::Mpim),
            _ => refuse("invalid_types"),
        })
        .collect()
}

/// The max_block_text page of a list.
const MAX_LIMIT: usize = 999;

/// The channels of the wanted kinds, a page of them; only the page is written out.
fn listed(call: &Call<'_>, fits: impl Fn(&Channel) -> bool) -> Answer {
    let kinds = kinds(call)?;
    for kind in &kinds {
        call.want(&kind.scope("read"))?;
    }
    let team = call.team()?;
    let without_archived = call.args.flag("exclude_archived");
    let channels = call.state.channels.values();
    let fitting: Vec<&Channel> = channels
        .filter(|r| kinds.contains(&r.kind) && r.team == team)
        .filter(|r| !(without_archived && r.archived))
        .filter(|r| fits(r))
        .collect();
    let (page, next) = call.args.page(&fitting, 100, MAX_LIMIT)?;
    let page: Vec<Value> = page.into_iter().map(|r| call.channel_wire(r)).collect();
    Ok(json!({"channels": page, "response_metadata": {"next_cursor": next}}))
}

pub(super) fn list(call: &mut Call<'_>) -> Answer {
    listed(call, |r| r.kind == ChannelType::Public || call.inside(r))
}

/// The channels of the caller, or those of a person as far as the caller sees them.
pub(super) fn of_user(call: &mut Call<'_>) -> Answer {
    let user = call.args.text("user").filter(|user| !user.is_empty());
    let user = user.unwrap_or_else(|| call.bot.user_id.clone());
    if !call.state.users.contains_key(&user) {
        return refuse("user_not_found");
    }
    listed(call, |r| {
        r.members.contains(&user) && (r.kind == ChannelType::Public || call.inside(r))
    })
}

pub(super) fn members(call: &mut Call<'_>) -> Answer {
    let channel = call.channel("channel")?;
    call.want(&channel.kind.scope("read"))?;
    let members: Vec<String> = channel.members.iter().cloned().collect();
    let (page, next) = call.args.page(&members, 100, 1000)?;
    Ok(json!({"members": page, "response_metadata": {"next_cursor": next}}))
}
