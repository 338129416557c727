//! Decodes a stored row: from its kind and body to a [`Signal`].
//!
//! Pure and total over bytes, so that a fixed decoder and a replay repair a mistake. A body that
//! cannot be read is an error, and the engine parks its row; it never becomes a harmless signal.

mod command;
mod event;
mod interaction;

use crate::domain::areas::{Event, Signal};
use crate::domain::ids::{Membership, SignalId};
use crate::domain::rules::Rules;
use chrono::{DateTime, Utc};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read this {kind}: {reason}")]
pub struct Undecodable {
    pub kind: String,
    pub reason: &'static str,
}

/// What is stored in a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Payload<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) membership: Membership,
    pub(crate) at: DateTime<Utc>,
    pub(crate) rules: &'a Rules,
}

/// Decodes a row of the inbox. The membership of its user was found when the row was addressed.
pub fn decode(
    kind: &str,
    body: &[u8],
    membership: Membership,
    id: SignalId,
    received_at: DateTime<Utc>,
    rules: &Rules,
) -> Result<Signal, Undecodable> {
    let payload = Payload {
        body,
        membership,
        at: received_at,
        rules,
    };
    let event = match kind {
        "command" => command::decode(payload),
        "click" => interaction::click(payload),
        "submission" => interaction::submission(payload),
        "app_rate_limited" => Ok(unused(kind)),
        _ if kind.starts_with("event:") => event::decode(payload),
        _ => Err("unknown kind"),
    };
    let event = event.map_err(|reason| Undecodable {
        kind: kind.to_owned(),
        reason,
    })?;
    Ok(Signal {
        id,
        at: received_at,
        event,
    })
}

fn unused(what: &str) -> Event {
    Event::Unused {
        what: what.to_owned(),
    }
}

#[cfg(test)]
#[path = "../incomplete_tests.rs"]
mod incomplete_tests;
#[cfg(test)]
#[path = "../decode_tests.rs"]
mod tests;
