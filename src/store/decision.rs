//! Saving decisions: all of each, in their signals' transaction.

use super::session::Session;
use super::{Decided, Seal, StoreError, enqueue, history, people, timers};
use crate::domain::decision::Named;
use chrono::{DateTime, Utc};

pub(super) async fn save(
    connection: &mut Session,
    decided: &[Decided<'_>],
    seal: Option<&Seal>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // Sorted, because the decisions of two transactions may name the same people.
    let names = decided.iter().flat_map(|one| &one.ready.decision.names);
    let mut names: Vec<&Named> = names.collect();
    names.sort_unstable();
    for Named { person, at, name } in names {
        people::call(connection, person, name, *at).await?;
    }
    for one in decided {
        one.ready.save_changes(connection).await?;
        let decision = &one.ready.decision;
        for (ordinal, entry) in (0_i32..).zip(&decision.audit) {
            history::add_audit(connection, decision.signal(), ordinal, entry).await?;
        }
        for timer in &decision.timers {
            timers::change(connection, timer).await?;
        }
    }
    enqueue::enqueue(connection, decided, seal, now).await
}
