//! A person in Slack who asks for something by a command, a button or a form: the same for every area.

use super::decision::Named;
use super::ids::{Membership, TeamId, UserId};
use super::rules::{Outsiders, Rules};
use super::text::{ReplyTo, Text, Trigger};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requester {
    pub membership: Membership,
    /// The workspace in which it was asked, by the installation's own name.
    pub team: Option<TeamId>,
    /// The handle that opens a modal, while it lives.
    pub trigger: Option<Trigger>,
    /// The person, the channel in which they asked, and how to answer them.
    pub reply_to: ReplyTo,
    /// What the people in the request are called, as far as the provider says so.
    pub names: BTreeMap<UserId, String>,
}

impl Requester {
    pub fn person(&self) -> &UserId {
        &self.reply_to.person
    }
}

/// The names of a request, in the order of their ids, so that two signals never wait for each other.
pub fn named(
    names: &BTreeMap<UserId, String>,
    at: DateTime<Utc>,
) -> impl Iterator<Item = Named> + '_ {
    names.iter().map(move |(person, name)| Named {
        person: person.clone(),
        name: name.clone(),
        at,
    })
}

/// Why a partner's person, in a channel that two workspaces share, may not ask for anything; `None`:
/// they may. All or nothing: a list shows all that is known, so reading is no lesser act.
pub fn outsider_refused(membership: Membership, rules: &Rules) -> Option<Text> {
    if membership == Membership::Ours || rules.outsiders == Outsiders::Allow {
        return None;
    }
    Some(Text::plain(
        "Wardroom takes requests only from members of its own workspace. Nothing was changed. Ask \
         one of its members to do it for you.",
    ))
}
