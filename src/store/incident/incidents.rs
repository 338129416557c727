//! The `incidents` table.

use crate::domain::ids::{Actor, ChannelId, IncidentId, MessageTs, UserId, ViewId};
use crate::domain::incident::act::IncidentRef;
use crate::domain::incident::{Incident, Kind, Severity, Source, Status};
use crate::store::columns::word_of;
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::ring::lists::Page;
use crate::store::session::Session;
use chrono::{DateTime, Utc};
use std::collections::HashSet;
use uuid::Uuid;

/// Reads incidents, every column by its name: the day on which a newer version adds one, PostgreSQL
/// would refuse a `*` that the older version, still running beside it, had prepared.
macro_rules! select_incidents {
    ($rest:literal $(, $bind:expr)* $(,)?) => {
        sqlx::query_as!(
            Incident,
            r#"select id as "id: IncidentId", number, title, severity as "severity: Severity",
                      status as "status: Status", service, commander as "commander: UserId",
                      comms as "comms: UserId", scribe as "scribe: UserId",
                      channel_id as "channel_id: ChannelId", channel_name, channel_try,
                      room_closed_at as channel_closed_at, card_ts as "card_ts: MessageTs",
                      declared_by as "declared_by: Actor", declared_at, acknowledged_at, resolved_at,
                      resolved_by as "resolved_by: Actor", last_update, last_update_at,
                      kind as "kind: Kind", private, source as "source: Source",
                      origin_room as "origin_channel: ChannelId", origin_view as "origin_view: ViewId"
                 from incidents "# + $rest
            $(, $bind)*
        )
    };
}

/// Which incidents are asked for.
#[derive(Debug, Clone, Default)]
pub struct IncidentFilter {
    pub status: Option<Status>,
    pub severity: Option<Severity>,
    pub service: Option<String>,
    /// At most this many; 1 to 200.
    pub limit: i64,
    /// Below this number: the last one of the page before.
    pub below: Option<i64>,
}

/// References by kind, as values of a statement.
#[derive(Default)]
struct References {
    ids: Vec<Uuid>,
    numbers: Vec<i64>,
    channels: Vec<String>,
}

impl References {
    fn of<'a>(references: impl IntoIterator<Item = &'a IncidentRef>) -> Self {
        let mut by_kind = Self::default();
        for reference in references {
            match reference {
                IncidentRef::Id(id) => by_kind.ids.push(id.0),
                IncidentRef::Number(number) => by_kind.numbers.push(*number),
                IncidentRef::Channel(channel) => by_kind.channels.push(channel.to_string()),
            }
        }
        by_kind
    }
}

/// Those of these incidents that exist, in this order, locked in the order of their ids.
pub(super) async fn lock(
    connection: &mut Session,
    wanted: &[IncidentRef],
) -> Result<Vec<Incident>, StoreError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let References {
        ids,
        numbers,
        channels,
    } = References::of(wanted);
    let locked = select_incidents!(
        "where id = any(array(select id from incidents
                               where id = any($1) or number = any($2) or channel_id = any($3)))
          order by id for update",
        &ids,
        &numbers,
        &channels,
    )
    .fetch_all(connection)
    .await?;
    let mut found: Vec<Incident> = Vec::new();
    for reference in wanted {
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

/// Those of these incidents that exist.
pub(super) async fn known(
    connection: &mut Session,
    wanted: &[&IncidentRef],
) -> Result<HashSet<IncidentRef>, StoreError> {
    let References {
        ids,
        numbers,
        channels,
    } = References::of(wanted.iter().copied());
    let rows = sqlx::query!(
        r#"select id as "id: IncidentId", number, channel_id as "channel_id: ChannelId" from incidents
            where id = any($1) or number = any($2) or channel_id = any($3)"#,
        &ids,
        &numbers,
        &channels,
    )
    .fetch_all(connection)
    .await?;
    let mut known = HashSet::new();
    for row in rows {
        known.insert(IncidentRef::Id(row.id));
        known.insert(IncidentRef::Number(row.number));
        known.extend(row.channel_id.map(IncidentRef::Channel));
    }
    Ok(known)
}

/// The incident that was declared with this form.
pub(super) async fn declared_from(
    connection: &mut Session,
    view: &ViewId,
) -> Result<Option<Incident>, StoreError> {
    let incident = select_incidents!("where origin_view = $1", view.as_str());
    Ok(incident.fetch_optional(connection).await?)
}

/// Open incidents, then those that ended after `since`; of each kind at most `limit`, so that neither
/// hides the other.
pub(super) async fn listed(
    connection: &mut Session,
    since: Option<DateTime<Utc>>,
    limit: i64,
) -> Result<Vec<Incident>, StoreError> {
    let open = select_incidents!(
        "where status in ('declared', 'investigating', 'identified', 'monitoring')
          order by severity, number desc limit $1",
        limit,
    );
    let over = select_incidents!(
        "where resolved_at > $1 order by resolved_at desc, number desc limit $2",
        since,
        limit,
    );
    let mut incidents = open.fetch_all(&mut *connection).await?;
    incidents.extend(over.fetch_all(connection).await?);
    Ok(incidents)
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

/// The number of the next incident. The counter's lock makes declarations take turns, so that what is
/// read after it stays true. The number is taken by [`declare`]: a refusal leaves no hole.
pub(super) async fn next_number(connection: &mut Session) -> Result<i64, StoreError> {
    let last = sqlx::query_scalar!("select value from counters where name = 'incident' for update");
    Ok(last.fetch_one(connection).await? + 1)
}

/// The worst open incident of a service, locked; a drill is none. The counter is locked before it, so that
/// no other one is declared meanwhile.
pub(super) async fn open_of(
    connection: &mut Session,
    service: &str,
) -> Result<Option<Incident>, StoreError> {
    let incident = select_incidents!(
        "where lower(service) = lower($1) and kind = 'real'
           and status in ('declared', 'investigating', 'identified', 'monitoring')
          order by severity, number limit 1 for update",
        service,
    );
    Ok(incident.fetch_optional(connection).await?)
}

/// Saves a new incident, and takes its number.
pub(super) async fn declare(
    connection: &mut Session,
    incident: &Incident,
) -> Result<(), StoreError> {
    save(connection, incident).await?;
    sqlx::query!(
        "update counters set value = $1 where name = 'incident' and value < $1",
        incident.number,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Saves an incident: a new one, or one that this transaction has locked.
pub(super) async fn save(connection: &mut Session, incident: &Incident) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into incidents (id, number, title, severity, status, service, commander, comms, scribe,
                                channel_id, channel_name, channel_try, room_closed_at, card_ts, declared_by,
                                declared_at, acknowledged_at, resolved_at, resolved_by, last_update,
                                last_update_at, kind, private, source, origin_room, origin_view)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                 $22, $23, $24, $25, $26)
         on conflict (id) do update
            set title = excluded.title, severity = excluded.severity, status = excluded.status,
                commander = excluded.commander, comms = excluded.comms, scribe = excluded.scribe,
                channel_id = excluded.channel_id, channel_name = excluded.channel_name,
                channel_try = excluded.channel_try, room_closed_at = excluded.room_closed_at,
                card_ts = excluded.card_ts, acknowledged_at = excluded.acknowledged_at,
                resolved_at = excluded.resolved_at, resolved_by = excluded.resolved_by,
                last_update = excluded.last_update, last_update_at = excluded.last_update_at",
        incident.id.0,
        incident.number,
        incident.title,
        incident.severity.as_str(),
        incident.status.as_str(),
        incident.service,
        incident.commander.as_ref().map(UserId::as_str),
        incident.comms.as_ref().map(UserId::as_str),
        incident.scribe.as_ref().map(UserId::as_str),
        incident.channel_id.as_ref().map(ChannelId::as_str),
        incident.channel_name,
        incident.channel_try,
        incident.channel_closed_at,
        incident.card_ts.as_ref().map(MessageTs::as_str),
        incident.declared_by.to_string(),
        incident.declared_at,
        incident.acknowledged_at,
        incident.resolved_at,
        incident.resolved_by.as_ref().map(Actor::to_string),
        incident.last_update,
        incident.last_update_at,
        word_of(&incident.kind),
        incident.private,
        word_of(&incident.source),
        incident.origin_channel.as_ref().map(ChannelId::as_str),
        incident.origin_view.as_ref().map(ViewId::as_str),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The channel names that begin so, reserved or in use.
pub(super) async fn names_like(
    connection: &mut Session,
    beginning: &str,
) -> Result<Vec<String>, StoreError> {
    let names = sqlx::query_scalar!(
        r#"select channel_name from incidents
            where channel_name collate "C" >= $1 and channel_name collate "C" < $2"#,
        beginning,
        // The last character of all.
        format!("{beginning}\u{10ffff}"),
    );
    Ok(names.fetch_all(connection).await?)
}

/// Fetches a page of incidents.
macro_rules! page {
    ($rest:literal, $filter:expr, $limit:expr, $session:expr) => {
        select_incidents!(
            $rest,
            $filter.status.map(Status::as_str),
            $filter.severity.map(Severity::as_str),
            $filter.service.as_deref(),
            $filter.below.unwrap_or(i64::MAX),
            $limit + 1,
        )
        .fetch_all($session)
        .await?
    };
}

impl Database {
    pub async fn incident(&self, reference: &IncidentRef) -> Result<Option<Incident>, StoreError> {
        let References {
            ids,
            numbers,
            channels,
        } = References::of([reference]);
        let incident = select_incidents!(
            "where id = any($1) or number = any($2) or channel_id = any($3)",
            &ids,
            &numbers,
            &channels,
        );
        let mut session = self.single().await?;
        Ok(incident.fetch_optional(&mut session).await?)
    }

    pub async fn incidents(&self, filter: &IncidentFilter) -> Result<Page<Incident>, StoreError> {
        let limit = filter.limit.clamp(1, 200);
        let session = &mut self.single().await?;
        // Each is read by the index of its first condition.
        let incidents = match filter {
            IncidentFilter {
                service: Some(_), ..
            } => page!(
                "where service = $3 and number < $4 and ($1::text is null or status = $1)
                   and ($2::text is null or severity = $2)
                  order by number desc limit $5",
                filter,
                limit,
                session
            ),
            IncidentFilter {
                status: Some(_), ..
            } => page!(
                "where status between $1 and $1 and number < $4 and ($2::text is null or severity = $2)
                   and $3::text is null
                  order by status desc, number desc limit $5",
                filter,
                limit,
                session
            ),
            IncidentFilter {
                severity: Some(_), ..
            } => page!(
                "where severity between $2 and $2 and number < $4 and $1::text is null and $3::text is null
                  order by severity desc, number desc limit $5",
                filter,
                limit,
                session
            ),
            IncidentFilter { .. } => page!(
                "where number < $4 and $1::text is null and $2::text is null and $3::text is null
                  order by number desc limit $5",
                filter,
                limit,
                session
            ),
        };
        let cursor = |incident: &Incident| incident.number.to_string();
        Ok(Page::cut(incidents, limit, cursor))
    }

    /// The open incidents of these services, for what the status page shows.
    pub async fn open_of_services(
        &self,
        services: &[String],
    ) -> Result<Vec<(Severity, Status)>, StoreError> {
        let rows = sqlx::query!(
            r#"select severity as "severity: Severity", status as "status: Status" from incidents
                where service = any($1) and kind = 'real'
                  and status in ('declared', 'investigating', 'identified', 'monitoring')"#,
            services,
        )
        .fetch_all(&mut self.single().await?)
        .await?;
        let open = rows.into_iter().map(|row| (row.severity, row.status));
        Ok(open.collect())
    }

    /// The channels that belong to incidents: none of them is adopted for another one.
    pub async fn incident_channels(&self) -> Result<Vec<ChannelId>, StoreError> {
        let channels = sqlx::query_scalar!(
            r#"select channel_id as "channel!: ChannelId" from incidents where channel_id is not null"#
        );
        Ok(channels.fetch_all(&mut self.single().await?).await?)
    }
}
