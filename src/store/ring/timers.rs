//! Moments that an area waits for. A timer belongs to an area and to one of its things.

use super::append::{Arrival, append_all};
use crate::domain::decision::TimerChange;
use crate::domain::signal::TimerDue;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};

/// Sets a timer, or cancels it. Either raises its generation, so that an earlier signal does nothing.
pub(super) async fn change(
    connection: &mut Session,
    timer: &TimerChange,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into area_timers (area, owner, name, due, pending)
         select $1, $2, $3, coalesce($4::timestamptz, 'epoch'), $4::timestamptz is not null
         on conflict (area, owner, name) do update
            set due = coalesce($4::timestamptz, area_timers.due), generation = area_timers.generation + 1,
                pending = $4::timestamptz is not null",
        timer.area,
        timer.owner,
        timer.name,
        timer.due,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A timer's generation, as it stands.
pub(in crate::store) async fn generation(
    connection: &mut Session,
    area: &str,
    owner: &str,
    name: &str,
) -> Result<Option<i32>, StoreError> {
    Ok(sqlx::query_scalar!(
        "select generation from area_timers where area = $1 and owner = $2 and name = $3",
        area,
        owner,
        name,
    )
    .fetch_optional(connection)
    .await?)
}

impl Store {
    /// Turns timers that are due into signals; returns how many. `kinds` are those that this process
    /// reads: the others are left to a newer version. Replicas share the work: a row that another one has
    /// locked is left to it, and the key makes a second signal a duplicate.
    pub async fn fire_timers(
        &self,
        kinds: &[String],
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let mut transaction = self.begin().await?;
        // By place: one that was set anew meanwhile is another place's, and the next tick's.
        let rows = sqlx::query!(
            "update area_timers set pending = false
              where ctid = any(array(
                    select ctid from area_timers
                     where pending and due <= $1 and area || '_' || name = any($2)
                     order by due limit 100 for update skip locked))
             returning area, owner, name, generation",
            now,
            kinds,
        )
        .fetch_all(&mut transaction)
        .await?;
        let mut arrivals = Vec::with_capacity(rows.len());
        for row in rows {
            let due = TimerDue {
                area: row.area,
                owner: row.owner,
                name: row.name,
                generation: row.generation,
            };
            let body = serde_json::to_vec(&due)
                .map_err(|error| StoreError::Unreadable(error.to_string()))?;
            let TimerDue {
                area,
                owner,
                name,
                generation,
            } = due;
            arrivals.push(Arrival {
                source: "timer",
                kind: format!("{area}_{name}"),
                dedup_key: format!("{area}/{owner}/{name}@{generation}"),
                subject: format!("{area}:{owner}"),
                headers: serde_json::json!({}),
                body: self.sealed(body).into(),
                traceparent: None,
                at: now,
            });
        }
        let fired = arrivals.len();
        if fired > 0 {
            let all: Vec<&Arrival> = arrivals.iter().collect();
            append_all(&mut transaction, &all, self.seal.is_some()).await?;
        }
        transaction.end().await?;
        Ok(fired)
    }
}
