//! The `incidents` table.

use crate::domain::ids::{Actor, BadId, ChannelId, IncidentId, MessageTs, UserId, ViewId};
use crate::domain::incident::act::IncidentRef;
use crate::domain::incident::{Incident, Kind, Severity, Source, Status};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::ring::lists::Page;
use crate::store::session::Session;
use chrono::{DateTime, Utc};
use std::collections::HashSet;
use uuid::Uuid;

/// A row, as it is kept.
pub(super) struct IncidentRow {
    pub id: Uuid,
    pub number: i64,
    pub title: String,
    pub severity: String,
    pub status: String,
    pub service: String,
    pub commander: Option<String>,
    pub comms: Option<String>,
    pub scribe: Option<String>,
    pub channel_id: Option<String>,
    pub channel_name: String,
    pub channel_try: i32,
    pub room_closed_at: Option<DateTime<Utc>>,
    pub card_ts: Option<String>,
    pub declared_by: String,
    pub declared_at: DateTime<Utc>,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub resolved_at: Option<DateTime<Utc>>,
    pub resolved_by: Option<String>,
    pub last_update: Option<String>,
    pub last_update_at: Option<DateTime<Utc>>,
    pub kind: String,
    pub private: bool,
    pub source: String,
    pub origin_room: Option<String>,
    pub origin_view: Option<String>,
}

/// Reads incidents, every column by its name: the day on which a newer version adds one, PostgreSQL
/// would refuse a `*` that the older version, still running beside it, had prepared.
macro_rules! select_incidents {
    ($rest:literal $(, $bind:expr)* $(,)?) => {
        sqlx::query_as!(
            crate::store::incident::incidents::IncidentRow,
            "select id, number, title, severity, status, service, commander, comms, scribe,
                    channel_id, channel_name, channel_try, room_closed_at, card_ts, declared_by,
                    declared_at, acknowledged_at, resolved_at, resolved_by, last_update,
                    last_update_at, kind, private, source, origin_room, origin_view
               from incidents " + $rest
            $(, $bind)*
        )
    };
}
pub(super) use select_incidents;

/// Which incidents are asked for.
#[derive(Debug, Clone, Default)]
pub struct IncidentFilter {
    /// In this state only.
    pub status: Option<Status>,
    /// This bad only.
    pub severity: Option<Severity>,
    /// Of this service only.
    pub service: Option<String>,
    /// At most this many; 1 to 200.
    pub limit: i64,
    /// Below this number: the last one of the page before.
    pub below: Option<i64>,
}

fn unreadable(column: &str, value: &str) -> StoreError {
    StoreError::Unreadable(format!("incidents.{column} is {value:?}"))
}

fn text_id<T: TryFrom<String, Error = BadId>>(
    column: &str,
    value: Option<String>,
) -> Result<Option<T>, StoreError> {
    value
        .map(|text| T::try_from(text.clone()).map_err(|BadId| unreadable(column, &text)))
        .transpose()
}

pub(super) fn word<T: serde::de::DeserializeOwned>(
    column: &str,
    value: &str,
) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::from(value))
        .map_err(|_not_one| unreadable(column, value))
}

pub(super) fn word_of(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

impl TryFrom<IncidentRow> for Incident {
    type Error = StoreError;

    fn try_from(row: IncidentRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: IncidentId(row.id),
            number: row.number,
            title: row.title,
            severity: Severity::parse(&row.severity)
                .ok_or_else(|| unreadable("severity", &row.severity))?,
            status: Status::parse(&row.status).ok_or_else(|| unreadable("status", &row.status))?,
            service: row.service,
            commander: text_id::<UserId>("commander", row.commander)?,
            comms: text_id::<UserId>("comms", row.comms)?,
            scribe: text_id::<UserId>("scribe", row.scribe)?,
            channel_id: text_id::<ChannelId>("channel_id", row.channel_id)?,
            channel_name: row.channel_name,
            channel_try: row.channel_try,
            channel_closed_at: row.room_closed_at,
            card_ts: text_id::<MessageTs>("card_ts", row.card_ts)?,
            declared_by: Actor::try_from(row.declared_by.clone())
                .map_err(|BadId| unreadable("declared_by", &row.declared_by))?,
            declared_at: row.declared_at,
            acknowledged_at: row.acknowledged_at,
            resolved_at: row.resolved_at,
            resolved_by: text_id::<Actor>("resolved_by", row.resolved_by)?,
            last_update: row.last_update,
            last_update_at: row.last_update_at,
            kind: word::<Kind>("kind", &row.kind)?,
            private: row.private,
            source: word::<Source>("source", &row.source)?,
            origin_channel: text_id::<ChannelId>("origin_room", row.origin_room)?,
            origin_view: text_id::<ViewId>("origin_view", row.origin_view)?,
        })
    }
}

/// The incident whose room this is, locked.
pub(super) async fn incident_in_room(
    connection: &mut Session,
    room: &ChannelId,
) -> Result<Option<IncidentRow>, StoreError> {
    Ok(
        select_incidents!("where channel_id = $1 for update", room.as_str())
            .fetch_optional(connection)
            .await?,
    )
}

/// Those of these incidents that exist.
pub(super) async fn known(
    connection: &mut Session,
    wanted: &[&IncidentRef],
) -> Result<HashSet<IncidentRef>, StoreError> {
    let (mut ids, mut numbers, mut rooms) = (Vec::new(), Vec::new(), Vec::new());
    for reference in wanted {
        match reference {
            IncidentRef::Id(id) => ids.push(id.0),
            IncidentRef::Number(number) => numbers.push(*number),
            IncidentRef::Channel(room) => rooms.push(room.to_string()),
        }
    }
    let rows = sqlx::query!(
        "select id, number, channel_id from incidents
          where id = any($1) or number = any($2) or channel_id = any($3)",
        &ids,
        &numbers,
        &rooms,
    )
    .fetch_all(connection)
    .await?;
    let mut known = HashSet::new();
    for row in rows {
        known.insert(IncidentRef::Id(IncidentId(row.id)));
        known.insert(IncidentRef::Number(row.number));
        let room = text_id::<ChannelId>("channel_id", row.channel_id)?;
        known.extend(room.map(IncidentRef::Channel));
    }
    Ok(known)
}

/// Open incidents, then those that ended after `since`; of each kind at most `limit`, so that neither
/// hides the other.
pub(super) async fn listed(
    connection: &mut Session,
    since: Option<DateTime<Utc>>,
    limit: i64,
) -> Result<Vec<Incident>, StoreError> {
    let mut rows = select_incidents!(
        "where status in ('declared', 'investigating', 'identified', 'monitoring')
          order by severity, number desc limit $1",
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    let over = select_incidents!(
        "where resolved_at > $1 order by resolved_at desc, number desc limit $2",
        since,
        limit,
    );
    rows.extend(over.fetch_all(connection).await?);
    rows.into_iter().map(Incident::try_from).collect()
}

/// How many incidents are open, and how many ended after `since`.
pub(super) async fn how_many(
    connection: &mut Session,
    since: Option<DateTime<Utc>>,
) -> Result<(usize, usize), StoreError> {
    let counted = sqlx::query!(
        r#"select (select count(*) from incidents
                    where status in ('declared', 'investigating', 'identified', 'monitoring')) as "open!",
                  (select count(*) from incidents where resolved_at > $1) as "over!""#,
        since,
    )
    .fetch_one(connection)
    .await?;
    let count = |number: i64| usize::try_from(number).unwrap_or(0);
    Ok((count(counted.open), count(counted.over)))
}

/// Inserts a new incident.
pub(super) async fn insert(
    connection: &mut Session,
    incident: &Incident,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into incidents (id, number, title, severity, status, service, commander, comms,
                                scribe, channel_name, channel_try, declared_by, declared_at, kind,
                                private, source, origin_room, origin_view, last_update)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        incident.id.0,
        incident.number,
        incident.title,
        incident.severity.as_str(),
        incident.status.as_str(),
        incident.service,
        incident.commander.as_ref().map(UserId::as_str),
        incident.comms.as_ref().map(UserId::as_str),
        incident.scribe.as_ref().map(UserId::as_str),
        incident.channel_name,
        incident.channel_try,
        incident.declared_by.to_string(),
        incident.declared_at,
        word_of(&incident.kind),
        incident.private,
        word_of(&incident.source),
        incident.origin_channel.as_ref().map(ChannelId::as_str),
        incident.origin_view.as_ref().map(ViewId::as_str),
        incident.last_update,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "update counters set value = $1 where name = 'incident' and value < $1",
        incident.number,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Saves an incident that this transaction has locked.
pub(super) async fn update(
    connection: &mut Session,
    incident: &Incident,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update incidents
            set title = $2, severity = $3, status = $4, commander = $5, comms = $6, scribe = $7,
                channel_id = $8, channel_name = $9, channel_try = $10, card_ts = $11,
                acknowledged_at = $12, resolved_at = $13, last_update = $14,
                room_closed_at = $15, resolved_by = $16, last_update_at = $17
          where id = $1",
        incident.id.0,
        incident.title,
        incident.severity.as_str(),
        incident.status.as_str(),
        incident.commander.as_ref().map(UserId::as_str),
        incident.comms.as_ref().map(UserId::as_str),
        incident.scribe.as_ref().map(UserId::as_str),
        incident.channel_id.as_ref().map(ChannelId::as_str),
        incident.channel_name,
        incident.channel_try,
        incident.card_ts.as_ref().map(MessageTs::as_str),
        incident.acknowledged_at,
        incident.resolved_at,
        incident.last_update,
        incident.channel_closed_at,
        incident.resolved_by.as_ref().map(Actor::to_string),
        incident.last_update_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The room names that begin so, reserved or in use.
pub(super) async fn names_like(
    connection: &mut Session,
    beginning: &str,
) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select channel_name from incidents
            where channel_name collate "C" >= $1 and channel_name collate "C" < $2"#,
        beginning,
        // The last character of all.
        format!("{beginning}\u{10ffff}"),
    )
    .fetch_all(connection)
    .await?)
}

impl Store {
    /// One incident.
    pub async fn incident(&self, reference: &IncidentRef) -> Result<Option<Incident>, StoreError> {
        let (id, number, room) = match reference {
            IncidentRef::Id(id) => (Some(id.0), None, None),
            IncidentRef::Number(number) => (None, Some(*number), None),
            IncidentRef::Channel(room) => (None, None, Some(room.as_str())),
        };
        let row = select_incidents!(
            "where id = $1 or number = $2 or channel_id = $3",
            id,
            number,
            room,
        )
        .fetch_optional(&mut self.single().await?)
        .await?;
        row.map(Incident::try_from).transpose()
    }

    /// Incidents, newest first.
    pub async fn incidents(&self, filter: &IncidentFilter) -> Result<Page<Incident>, StoreError> {
        let limit = filter.limit.clamp(1, 200);
        let rows = select_incidents!(
            "where ($1::text is null or status = $1) and ($2::text is null or severity = $2)
                and ($3::text is null or service = $3) and number < $4
              order by number desc limit $5",
            filter.status.map(Status::as_str),
            filter.severity.map(Severity::as_str),
            filter.service.as_deref(),
            filter.below.unwrap_or(i64::MAX),
            limit + 1,
        )
        .fetch_all(&mut self.single().await?)
        .await?;
        let items: Vec<Incident> = rows
            .into_iter()
            .map(Incident::try_from)
            .collect::<Result<_, _>>()?;
        Ok(Page::cut(items, limit, |incident| {
            incident.number.to_string()
        }))
    }

    /// The open incidents of these services, for what the status page shows.
    pub async fn open_of_services(
        &self,
        services: &[String],
    ) -> Result<Vec<(Severity, Status)>, StoreError> {
        let rows = sqlx::query!(
            "select severity, status from incidents
              where service = any($1) and kind = 'real'
                and status in ('declared', 'investigating', 'identified', 'monitoring')",
            services,
        )
        .fetch_all(&mut self.single().await?)
        .await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| Some((Severity::parse(&row.severity)?, Status::parse(&row.status)?)))
            .collect())
    }

    /// The rooms that belong to incidents: nobody adopts one of these.
    pub async fn incident_rooms(&self) -> Result<Vec<ChannelId>, StoreError> {
        let rooms = sqlx::query_scalar!(
            r#"select channel_id as "room!" from incidents where channel_id is not null"#
        )
        .fetch_all(&mut self.single().await?)
        .await?;
        Ok(rooms
            .into_iter()
            .filter_map(|room| ChannelId::new(room).ok())
            .collect())
    }
}
