//! Loading, and locking, what a decision needs.

use super::incidents::{incident_in_room, select_incidents};
use super::{incidents, notices, notifications, timeline};
use crate::domain::incident::act::IncidentRef;
use crate::domain::incident::{Facts, Incident, Needs, Wanted, postmortem};
use crate::store::error::StoreError;
use crate::store::people;
use crate::store::ring::timers;
use crate::store::session::Session;
use chrono::{DateTime, Utc};

/// A list for a person has at most this many of a kind.
const LISTED: i64 = 50;

pub(super) async fn load(
    connection: &mut Session,
    needs: &Needs,
    now: DateTime<Utc>,
) -> Result<Facts, StoreError> {
    let mut facts = Facts {
        incidents: lock_incidents(connection, &needs.incidents).await?,
        ..Facts::default()
    };
    if let Some(incident) = facts.incidents.first() {
        facts.notifications = notifications::of(connection, incident.id).await?;
        if needs.timeline || (needs.missed && incident.channel_closed_at.is_some()) {
            facts.timeline = timeline::timeline(connection, incident.id).await?;
        }
        if needs.names {
            let people = postmortem::people(incident, &facts.timeline);
            facts.names = people::names(connection, &people).await?;
        }
        if let Some(timer) = needs.timer {
            facts.timer_generation = timers::generation(
                connection,
                "incident",
                &incident.id.to_string(),
                timer.as_str(),
            )
            .await?;
        }
    }
    let not_found = facts.incidents.is_empty();
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
    if let Some(beginning) = &needs.channel_names {
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

/// Those of these incidents that exist, in this order, locked in the order of their ids.
async fn lock_incidents(
    connection: &mut Session,
    wanted: &[IncidentRef],
) -> Result<Vec<Incident>, StoreError> {
    let several = match wanted {
        [] => return Ok(Vec::new()),
        [one] => {
            let incident = lock_incident(connection, one).await?;
            return Ok(incident.into_iter().collect());
        }
        several => several,
    };
    let references: Vec<&IncidentRef> = several.iter().collect();
    let known = incidents::known(&mut *connection, &references).await?;
    let ids: Vec<_> = known
        .iter()
        .filter_map(|reference| match reference {
            IncidentRef::Id(id) => Some(id.0),
            IncidentRef::Number(_) | IncidentRef::Channel(_) => None,
        })
        .collect();
    let rows = select_incidents!("where id = any($1) order by id for update", &ids)
        .fetch_all(connection)
        .await?;
    let locked: Vec<Incident> = rows
        .into_iter()
        .map(Incident::try_from)
        .collect::<Result<_, _>>()?;
    let mut found: Vec<Incident> = Vec::new();
    for reference in several {
        // Under the lock: a channel may have another incident by now.
        let one = locked.iter().find(|incident| match reference {
            IncidentRef::Id(id) => incident.id == *id,
            IncidentRef::Number(number) => incident.number == *number,
            IncidentRef::Channel(channel) => incident.channel_id.as_ref() == Some(channel),
        });
        if let Some(one) = one.filter(|one| !found.iter().any(|known| known.id == one.id)) {
            found.push(one.clone());
        }
    }
    Ok(found)
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
        IncidentRef::Channel(room) => incident_in_room(connection, room).await?,
    };
    row.map(Incident::try_from).transpose()
}
