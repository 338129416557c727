//! The timeline: append-only, and the database sees to it.

use crate::domain::ids::{Actor, IncidentId, SignalId};
use crate::domain::incident::{TimelineEntry, TimelineKind};
use crate::store::columns::word_of;
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::ring::lists::Page;
use crate::store::session::Session;

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

/// An incident's lines with their ids, oldest first, without those that were superseded: at most `limit`,
/// after the line whose id is `after`. By time and not by id: a line may be written after a later one.
async fn lines(
    connection: &mut Session,
    incident: IncidentId,
    after: Option<i64>,
    limit: Option<i64>,
) -> Result<Vec<(i64, TimelineEntry)>, StoreError> {
    let rows = sqlx::query!(
        r#"select id, at, kind as "kind: TimelineKind", text, by as "by: Actor" from incident_timeline t
            where incident = $1
              and ($2::bigint is null
                   or (at, id) > (select c.at, c.id from incident_timeline c
                                   where c.id = $2 and c.incident = $1))
              and not exists (select from incident_timeline later where later.supersedes = t.id
                               offset 0)
            order by at, id
            limit $3"#,
        incident.0,
        after,
        limit,
    )
    .fetch_all(connection)
    .await?;
    let entries = rows.into_iter().map(|row| {
        let entry = TimelineEntry {
            incident,
            at: row.at,
            kind: row.kind,
            text: row.text,
            by: row.by,
        };
        (row.id, entry)
    });
    Ok(entries.collect())
}

pub(super) async fn timeline(
    connection: &mut Session,
    incident: IncidentId,
) -> Result<Vec<TimelineEntry>, StoreError> {
    let lines = lines(connection, incident, None, None).await?;
    Ok(lines.into_iter().map(|(_, entry)| entry).collect())
}

impl Database {
    /// An incident's timeline, oldest first.
    pub async fn timeline(&self, incident: IncidentId) -> Result<Vec<TimelineEntry>, StoreError> {
        timeline(&mut self.single().await?, incident).await
    }

    /// A page of it, oldest first, from behind the line whose id is `after`.
    pub async fn timeline_page(
        &self,
        incident: IncidentId,
        limit: i64,
        after: Option<i64>,
    ) -> Result<Page<TimelineEntry>, StoreError> {
        let limit = limit.clamp(1, 200);
        let mut session = self.single().await?;
        let lines = lines(&mut session, incident, after, Some(limit + 1)).await?;
        let page = Page::cut(lines, limit, |(id, _)| id.to_string());
        Ok(Page {
            next_cursor: page.next_cursor,
            items: page.items.into_iter().map(|(_, entry)| entry).collect(),
        })
    }
}
