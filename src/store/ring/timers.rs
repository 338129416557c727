//! Moments that an area waits for. A timer belongs to an area and to one of its things.

use super::append::{Arrival, append_own};
use crate::domain::areas::StandingTimer;
use crate::domain::decision::TimerChange;
use crate::domain::signal::TimerDue;
use crate::store::database::Database;
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

/// A timer's generation, as it is.
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

impl Database {
    /// Sets those of these timers that are not there, or that will not be set again by themselves, because
    /// their signal ended without its decision: it was parked, or another version or configuration decided
    /// it. `start`: those that are set are due now.
    pub async fn keep_timers(
        &self,
        timers: &[StandingTimer],
        start: bool,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if timers.is_empty() {
            return Ok(());
        }
        let areas: Vec<&str> = timers.iter().map(|timer| timer.area).collect();
        let names: Vec<&str> = timers.iter().map(|timer| timer.name).collect();
        let mut session = self.single().await?;
        sqlx::query!(
            "insert into area_timers as t (area, owner, name, due)
             select area, $3, name, $4 from unnest($1::text[], $2::text[]) as row(area, name)
              order by area, name
             on conflict (area, owner, name) do update
                set due = $4, pending = true,
                    generation = case when t.pending then t.generation else t.generation + 1 end
              where case when t.pending then $5 and t.due > $4
                         else not exists (
                              select from (select i.state from inbox i
                                            where i.source = 'timer'
                                              and i.dedup_key = t.area || '/' || t.owner || '/' || t.name || '@'
                                                                || t.generation
                                           offset 0) as signal
                               where signal.state = 'open')
                    end",
            &areas as &[&str],
            &names as &[&str],
            TimerChange::ALWAYS,
            now,
            start,
        )
        .execute(&mut session)
        .await?;
        session.end().await
    }

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
        let rows = sqlx::query_as!(
            TimerDue,
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
        for due in rows {
            let kind = format!("{}_{}", due.area, due.name);
            let subject = format!("{}:{}", due.area, due.owner);
            let key = format!("{}/{}/{}@{}", due.area, due.owner, due.name, due.generation);
            arrivals.push(Arrival::own("timer", kind, key, subject, &due, now)?);
        }
        let fired = arrivals.len();
        append_own(&mut transaction, arrivals, self.seal.as_deref()).await?;
        transaction.end().await?;
        Ok(fired)
    }
}
