//! What a kept body means: from its kind and bytes to a [`Signal`].
//!
//! Pure and total over bytes, so that a mended decoder and a replay repair a mistake. A body that
//! cannot be read is an error for the engine to park and show, never a signal that looks harmless.

mod command;
mod event;
mod interaction;

use crate::domain::act::Membership;
use crate::domain::ids::SignalId;
use crate::domain::rules::Rules;
use crate::domain::signal::{Event, Signal};
use chrono::{DateTime, Utc};

/// A body that means nothing that we know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read this {kind}: {reason}")]
pub struct Undecodable {
    /// Its kind.
    pub kind: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// An arrival, as the inbox kept it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) membership: Membership,
    pub(crate) at: DateTime<Utc>,
    pub(crate) rules: &'a Rules,
}

/// Decodes a row of the inbox that came from Slack; whose workspace its person is of was seen when it
/// was addressed.
pub fn decode(
    kind: &str,
    body: &[u8],
    membership: Membership,
    id: SignalId,
    received_at: DateTime<Utc>,
    rules: &Rules,
) -> Result<Signal, Undecodable> {
    let arrival = Arrival {
        body,
        membership,
        at: received_at,
        rules,
    };
    let event = match kind {
        "command" => command::decode(arrival),
        "click" => interaction::click(arrival),
        "submission" => interaction::submission(arrival),
        "app_rate_limited" => Ok(unused(kind)),
        _ if kind.starts_with("event:") => event::decode(arrival),
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
#[path = "../half_tests.rs"]
mod half_tests;
#[cfg(test)]
#[path = "../decode_tests.rs"]
mod tests;
