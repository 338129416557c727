//! Loading, and locking, what a decision needs.

use super::incidents::{incident_in_room, select_incidents};
use super::session::Session;
use super::{StoreError, history, incidents, notices, notifications, people};
use crate::domain::act::IncidentRef;
use crate::domain::facts::{Facts, Needs, Wanted};
use crate::domain::incident::{Incident, postmortem};
use chrono::{DateTime, Utc};

/// A list for a person has at most this many of a kind.
const LISTED: i64 = 50;

pub(super) async fn load(
    connection: &mut Session,
    needs: &Needs,
    now: DateTime<Utc>,
) -> Result<Facts, StoreError> {
    let mut facts = Facts::default();
    for reference in [&needs.incident, &needs.or_else].into_iter().flatten() {
        if facts.incident.is_none() {
            facts.incident = lock_incident(connection, reference).await?;
        }
    }
    if let Some(incident) = &facts.incident {
        facts.notifications = notifications::of(connection, incident.id).await?;
        if needs.timeline || (needs.missed && incident.room_closed_at.is_some()) {
            facts.timeline = history::timeline(connection, incident.id).await?;
        }
        if needs.names {
            let people = postmortem::people(incident, &facts.timeline);
            facts.names = people::names(connection, &people).await?;
        }
        if let Some(timer) = needs.timer {
            facts.timer_generation =
                super::timers::generation(connection, incident.id, timer).await?;
        }
    }
    let not_found = facts.incident.is_none();
    if needs.open == Wanted::Yes || (needs.open == Wanted::IfNotFound && not_found) {
        let since = needs.resolved_within.map(|within| now - within);
        facts.listed = incidents::listed(connection, since, LISTED).await?;
        (facts.open, facts.over) = incidents::how_many(connection, since).await?;
    }
    if needs.number && not_found {
        // The row's lock makes declarations take turns, so that what is read below stays true. The
        // number is taken when the decision declares: a refusal leaves no hole.
        let last =
            sqlx::query_scalar!("select value from counters where name = 'incident' for update")
                .fetch_one(&mut *connection)
                .await?;
        facts.next_number = Some(last + 1);
    }
    if let Some(view) = &needs.view {
        let row = select_incidents!("where origin_view = $1", view.as_str())
            .fetch_optional(&mut *connection)
            .await?;
        facts.declared_from_view = row.map(Incident::try_from).transpose()?;
    }
    if let Some(beginning) = &needs.room_names {
        facts.taken_names = incidents::names_like(connection, beginning).await?;
    }
    if let Some(row) = needs.stuck {
        facts.stuck = notices::stuck(connection, row, now).await?;
    }
    if let Some(effect) = needs.notice {
        facts.notice = notices::of_message(connection, effect).await?;
    }
    Ok(facts)
}

async fn lock_incident(
    connection: &mut Session,
    reference: &IncidentRef,
) -> Result<Option<Incident>, StoreError> {
    let row = match reference {
        IncidentRef::Id(id) => {
            select_incidents!("where id = $1 for update", id.0)
                .fetch_optional(connection)
                .await?
        }
        IncidentRef::Number(number) => {
            select_incidents!("where number = $1 for update", number)
                .fetch_optional(connection)
                .await?
        }
        IncidentRef::Room(room) => incident_in_room(connection, room).await?,
    };
    row.map(Incident::try_from).transpose()
}
