//! Saving decisions: all of each, in their signals' transaction.

use super::session::Session;
use super::{
    Decided, Seal, StoreError, enqueue, history, incidents, notices, notifications, people, timers,
};
use crate::domain::decision::{Change, Decision};
use chrono::{DateTime, Utc};

pub(super) async fn save(
    connection: &mut Session,
    decided: &[Decided<'_>],
    seal: Option<&Seal>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // Sorted, because the decisions of two transactions may name the same people.
    let changes = decided.iter().flat_map(|one| &one.decision.changes);
    let mut names: Vec<_> = changes
        .filter_map(|change| match change {
            Change::Named { person, name, at } => Some((person, *at, name)),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    for (person, at, name) in names {
        people::call(connection, person, name, at).await?;
    }
    for one in decided {
        save_changes(connection, one.decision).await?;
    }
    enqueue::enqueue(connection, decided, seal, now).await
}

async fn save_changes(connection: &mut Session, decision: &Decision) -> Result<(), StoreError> {
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
            Change::Notify(notification) => notifications::add(connection, notification).await?,
            Change::Notified {
                effect,
                status,
                error,
            } => {
                notifications::ended(connection, *effect, *status, error.as_deref()).await?;
            }
            Change::Notice(notice) => notices::save(connection, notice).await?,
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
            // Before the others; with the lanes' locks.
            Change::Named { .. } | Change::PostAgain { .. } => {}
        }
    }
    Ok(())
}
