//! Moments that an incident waits for.

use super::append::{Arrival, append_all};
use super::session::Session;
use super::{Store, StoreError};
use crate::domain::ids::IncidentId;
use crate::domain::signal::{Timer, TimerDue};
use chrono::{DateTime, Utc};

/// Sets a timer; one that is there already gets a new hour and a new generation.
pub(super) async fn set(
    connection: &mut Session,
    incident: IncidentId,
    timer: Timer,
    due: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into timers (incident, name, due) values ($1, $2, $3)
         on conflict (incident, name) do update
            set due = excluded.due, generation = timers.generation + 1, pending = true",
        incident.0,
        timer.as_str(),
        due,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Cancels a timer; its signal, if it is on its way, does nothing.
pub(super) async fn cancel(
    connection: &mut Session,
    incident: IncidentId,
    timer: Timer,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update timers set pending = false, generation = generation + 1
          where incident = $1 and name = $2",
        incident.0,
        timer.as_str(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A timer's generation, as it stands.
pub(super) async fn generation(
    connection: &mut Session,
    incident: IncidentId,
    timer: Timer,
) -> Result<Option<i32>, StoreError> {
    Ok(sqlx::query_scalar!(
        "select generation from timers where incident = $1 and name = $2",
        incident.0,
        timer.as_str(),
    )
    .fetch_optional(connection)
    .await?)
}

impl Store {
    /// Turns timers that are due into signals; returns how many. Replicas share the work: a row
    /// that another one has locked is left to it, and the key makes a second signal a duplicate.
    pub async fn fire_timers(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let mut transaction = self.begin().await?;
        // By place: one that was set anew meanwhile is another place's, and the next tick's.
        let rows = sqlx::query!(
            "update timers set pending = false
              where ctid = any(array(
                    select ctid from timers
                     where pending and due <= $1 and name = any($2)
                     order by due limit 100 for update skip locked))
             returning incident, name, generation",
            now,
            // What a newer version has set is left to it.
            &Timer::ALL.map(|timer| timer.as_str().to_owned()),
        )
        .fetch_all(&mut transaction)
        .await?;
        let arrivals: Vec<Arrival> = rows
            .into_iter()
            .filter_map(|row| {
                let incident = IncidentId(row.incident);
                let timer = Timer::parse(&row.name)?;
                let due = TimerDue {
                    incident,
                    timer,
                    generation: row.generation,
                };
                let body = serde_json::to_vec(&due).ok()?;
                Some(Arrival {
                    source: "timer",
                    kind: timer.as_str().to_owned(),
                    dedup_key: format!("{incident}/{}@{}", timer.as_str(), row.generation),
                    subject: format!("incident:{incident}"),
                    headers: serde_json::json!({}),
                    body: self.sealed(body).into(),
                    traceparent: None,
                    at: now,
                })
            })
            .collect();
        let fired = arrivals.len();
        if fired > 0 {
            let all: Vec<&Arrival> = arrivals.iter().collect();
            append_all(&mut transaction, &all, self.seal.is_some()).await?;
        }
        transaction.end().await?;
        Ok(fired)
    }
}
