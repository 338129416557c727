//! The one door into the domain: a signal and what is known make a decision.
//!
//! It only says which room answers for what; every rule is in the room's own file. Pure: it can
//! be called again with the same arguments, and is, whenever a transaction has to be repeated.

use super::areas::Origin;
use super::decision::{Decision, Outcome};
use super::facts::Facts;
use super::incident::ask::{self, Scene};
use super::incident::{answer, by_hand, receipts, room};
use super::rules::Rules;
use super::signal::{Event, Signal, Timer};
use chrono::{DateTime, Utc};

/// Decides what follows from a signal. Pure: the same arguments give the same decision.
pub fn decide(signal: &Signal, facts: &Facts, rules: &Rules, now: DateTime<Utc>) -> Decision {
    let mut decision = Decision::on(signal.id);
    let scene = Scene {
        at: signal.at,
        now,
        facts,
        rules,
    };
    match &signal.event {
        Event::Asked(request) => ask::decide_request(&mut decision, request, &scene),
        Event::RoomClosed { room, how } => {
            let _known = by_hand::closed(&mut decision, &scene, room, *how, None);
        }
        Event::RoomMoved { from, to } => by_hand::moved(&mut decision, &scene, from, to),
        Event::RoomReopened { room } => by_hand::reopened(&mut decision, &scene, room),
        Event::RoomRenamed { room, name } => by_hand::renamed(&mut decision, &scene, room, name),
        Event::Receipt(receipt) => match &receipt.origin {
            Origin::Incident(purpose) => {
                receipts::decide_receipt(&mut decision, receipt, purpose, &scene);
            }
        },
        Event::TimerDue(due) => match due.timer {
            Timer::RoomOverdue => room::overdue(&mut decision, &scene, due),
        },
        Event::Parked(row) => answer::parked(&mut decision, &scene, row),
        Event::Incomplete { .. } => decision.outcome = Outcome::Incomplete,
        // Nothing is decided on these yet; the inbox keeps them.
        Event::Webhook(_) | Event::Unused { .. } => {}
    }
    decision
}
