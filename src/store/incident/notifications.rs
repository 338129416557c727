//! Whom an incident was told to.

use crate::domain::ids::{BadId, ChannelId, EffectId, IncidentId, UserId};
use crate::domain::incident::{Notification, NotificationStatus, Occasion, Target};
use crate::store::columns::word_of;
use crate::store::error::StoreError;
use crate::store::session::Session;

pub(super) fn split(target: &Target) -> (&'static str, &str) {
    match target {
        Target::Channel(channel) => ("room", channel.as_str()),
        Target::Person(person) => ("person", person.as_str()),
    }
}

pub(super) fn target(channel: &str, id: String) -> Result<Target, StoreError> {
    let bad = |BadId| StoreError::Unreadable("notifications.target".to_owned());
    match channel {
        "room" => ChannelId::new(id).map(Target::Channel).map_err(bad),
        _ => UserId::new(id).map(Target::Person).map_err(bad),
    }
}

/// All attempts of an incident, oldest first.
pub(super) async fn of(
    connection: &mut Session,
    incident: IncidentId,
) -> Result<Vec<Notification>, StoreError> {
    let rows = sqlx::query!(
        r#"select effect as "effect: EffectId", channel, target, occasion as "occasion: Occasion",
                  status as "status: NotificationStatus", error, at
             from notifications
            where incident = $1 order by at, effect"#,
        incident.0,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Notification {
                effect: row.effect,
                incident,
                target: target(&row.channel, row.target)?,
                occasion: row.occasion,
                status: row.status,
                error: row.error,
                at: row.at,
            })
        })
        .collect()
}

pub(super) async fn add(
    connection: &mut Session,
    notification: &Notification,
) -> Result<(), StoreError> {
    let (channel, id) = split(&notification.target);
    sqlx::query!(
        "insert into notifications (effect, incident, channel, target, occasion, status, error, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (effect) do nothing",
        notification.effect.0,
        notification.incident.0,
        channel,
        id,
        word_of(&notification.occasion),
        word_of(&notification.status),
        notification.error,
        notification.at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What became of an attempt.
pub(super) async fn ended(
    connection: &mut Session,
    effect: EffectId,
    status: NotificationStatus,
    error: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update notifications set status = $2, error = $3 where effect = $1",
        effect.0,
        word_of(&status),
        error,
    )
    .execute(connection)
    .await?;
    Ok(())
}
