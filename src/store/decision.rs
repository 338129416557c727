//! Saving a decision: all of it, in the signal's transaction.

use super::session::Session;
use super::{Seal, StoreError, enqueue, history, incidents, notifications, people, timers};
use crate::domain::decision::{Change, Decision};
use chrono::{DateTime, Utc};

pub(super) async fn save(
    connection: &mut Session,
    decision: &Decision,
    seal: Option<&Seal>,
    traceparent: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for (ordinal, change) in (0_i32..).zip(&decision.changes) {
        match change {
            Change::Declare(incident) => incidents::insert(connection, incident).await?,
            Change::Save(incident) => incidents::update(connection, incident).await?,
            Change::Timeline(entry) => {
                history::add_line(connection, decision.signal(), ordinal, entry).await?;
            }
            Change::Audit(entry) => {
                history::add_audit(connection, decision.signal(), ordinal, entry).await?;
            }
            Change::Named { person, name, at } => {
                people::call(connection, person, name, *at).await?;
            }
            Change::Notify(notification) => notifications::add(connection, notification).await?,
            Change::Notified {
                effect,
                status,
                error,
            } => {
                notifications::ended(connection, *effect, *status, error.as_deref()).await?;
            }
            Change::SetTimer {
                incident,
                timer,
                due,
            } => {
                timers::set(connection, *incident, *timer, *due).await?;
            }
            Change::CancelTimer { incident, timer } => {
                timers::cancel(connection, *incident, *timer).await?;
            }
            // With the lanes' locks, below.
            Change::PostAgain { .. } => {}
        }
    }
    enqueue::enqueue(connection, decision, seal, traceparent, now).await
}
