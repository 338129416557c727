//! Loading, and locking, what a decision needs.

use super::{incidents, notices, notifications, timeline};
use crate::domain::incident::{Facts, Needs, Wanted, postmortem};
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
        incidents: incidents::lock(connection, &needs.incidents).await?,
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
        facts.next_number = Some(incidents::next_number(connection).await?);
    }
    if let Some(service) = needs.open_of.as_ref().filter(|_| not_found) {
        facts.open_of = incidents::open_of(connection, service).await?;
    }
    if let Some(view) = &needs.view {
        facts.declared_from_view = incidents::declared_from(connection, view).await?;
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
