//! The timeline: append-only, and the database sees to it.

use super::incidents::{word, word_of};
use crate::domain::ids::{Actor, BadId, IncidentId, SignalId};
use crate::domain::incident::{TimelineEntry, TimelineKind};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::ring::lists::Page;
use crate::store::session::Session;

fn actor(text: String) -> Result<Actor, StoreError> {
    Actor::try_from(text).map_err(|BadId| StoreError::Unreadable("an actor".to_owned()))
}

/// A line of the timeline; a signal that is decided again adds nothing.
pub(super) async fn add_line(
    connection: &mut Session,
    signal: SignalId,
    ordinal: i32,
    entry: &TimelineEntry,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into incident_timeline (incident, at, kind, text, by, signal, ordinal)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (signal, ordinal) do nothing",
        entry.incident.0,
        entry.at,
        word_of(&entry.kind),
        entry.text,
        entry.by.to_string(),
        signal.0,
        ordinal,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// An incident's timeline, oldest first, without lines that were superseded.
pub(super) async fn timeline(
    connection: &mut Session,
    incident: IncidentId,
) -> Result<Vec<TimelineEntry>, StoreError> {
    let rows = sqlx::query!(
        "select at, kind, text, by from incident_timeline t
          where incident = $1
            and not exists (select from incident_timeline later where later.supersedes = t.id
                             offset 0)
          order by at, id",
        incident.0,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(TimelineEntry {
                incident,
                at: row.at,
                kind: word::<TimelineKind>("kind", &row.kind)?,
                text: row.text,
                by: actor(row.by)?,
            })
        })
        .collect()
}

impl Store {
    /// An incident's timeline, oldest first.
    pub async fn timeline(&self, incident: IncidentId) -> Result<Vec<TimelineEntry>, StoreError> {
        let mut session = self.single().await?;
        timeline(&mut session, incident).await
    }

    /// A page of it, oldest first, from behind the line whose id is `after`.
    pub async fn timeline_page(
        &self,
        incident: IncidentId,
        limit: i64,
        after: Option<i64>,
    ) -> Result<Page<TimelineEntry>, StoreError> {
        let limit = limit.clamp(1, 200);
        // By time and not by id: a line may be written down after a later one.
        let rows = sqlx::query!(
            "select id, at, kind, text, by from incident_timeline t
              where incident = $1
                and ($2::bigint is null
                     or (at, id) > (select c.at, c.id from incident_timeline c
                                     where c.id = $2 and c.incident = $1))
                and not exists (select from incident_timeline later where later.supersedes = t.id
                             offset 0)
              order by at, id
              limit $3",
            incident.0,
            after,
            limit + 1,
        )
        .fetch_all(&mut self.single().await?)
        .await?;
        let lines = rows
            .into_iter()
            .map(|row| {
                let entry = TimelineEntry {
                    incident,
                    at: row.at,
                    kind: word::<TimelineKind>("kind", &row.kind)?,
                    text: row.text,
                    by: actor(row.by)?,
                };
                Ok((row.id, entry))
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        let page = Page::cut(lines, limit, |(id, _)| id.to_string());
        Ok(Page {
            next_cursor: page.next_cursor,
            items: page.items.into_iter().map(|(_, entry)| entry).collect(),
        })
    }
}
