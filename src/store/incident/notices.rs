//! What operators were told of rows that are stuck.
//!
//! The first notice of a cause has no row to lock, so a decision about a cause holds the cause's
//! advisory lock: of two replicas that park rows at once, one gives the message and the other counts.

use super::notifications::{split, target};
use crate::domain::effect::slack;
use crate::domain::effect::{Answer, Effect};
use crate::domain::ids::EffectId;
use crate::domain::incident::notices::{
    COUNTED, Cause, LASTS, Notice, Rows, Standing, Stuck, StuckRow,
};
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::ring::turns::lock_cause;
use crate::store::session::Session;
use chrono::{DateTime, Utc};

struct NoticeRow {
    effect: EffectId,
    rows: String,
    kind: String,
    error: String,
    channel: String,
    target: String,
    count: i64,
    since: DateTime<Utc>,
    oldest: DateTime<Utc>,
}

macro_rules! select_notices {
    ($rest:literal $(, $bind:expr)* $(,)?) => {
        sqlx::query_as!(
            NoticeRow,
            r#"select effect as "effect: EffectId", rows, kind, error, channel, target, count, since, oldest
                 from notices "# + $rest
            $(, $bind)*
        )
    };
}

impl TryFrom<NoticeRow> for Notice {
    type Error = StoreError;

    fn try_from(row: NoticeRow) -> Result<Self, StoreError> {
        let rows = Rows::parse(&row.rows);
        Ok(Self {
            effect: row.effect,
            cause: Cause {
                rows: rows.ok_or_else(|| StoreError::Unreadable("notices.rows".to_owned()))?,
                kind: row.kind,
                error: row.error,
            },
            target: target(&row.channel, row.target)?,
            since: row.since,
            count: row.count,
            oldest: row.oldest,
        })
    }
}

/// Why a row is stuck, and the recent notices of its cause, with the cause locked. `None`: there is no
/// such row any more.
pub(super) async fn stuck(
    connection: &mut Session,
    row: StuckRow,
    now: DateTime<Utc>,
) -> Result<Option<Stuck>, StoreError> {
    let found = match row {
        StuckRow::Signal(id) => {
            let row = sqlx::query!(
                r#"select source || '/' || kind as "kind!", error, received_at from inbox where id = $1"#,
                id.0,
            )
            .fetch_optional(&mut *connection)
            .await?;
            row.map(|row| (Rows::ParkedSignals, row.kind, row.error, row.received_at))
        }
        StuckRow::Effect(id) => {
            let row = sqlx::query!(
                "select kind, state, error, created_at from outbox where id = $1",
                id.0,
            )
            .fetch_optional(&mut *connection)
            .await?;
            row.map(|row| {
                let rows = match row.state.as_str() {
                    "uncertain" => Rows::UncertainEffects,
                    _ => Rows::ParkedEffects,
                };
                (rows, row.kind, row.error, row.created_at)
            })
        }
    };
    let Some((rows, kind, error, at)) = found else {
        return Ok(None);
    };
    let cause = Cause::of(rows, kind, &error.unwrap_or_default());
    let name = format!("{} {} {}", rows.as_str(), cause.kind, cause.error);
    lock_cause(connection, &name).await?;
    let recent = select_notices!(
        "where kind between $1 and $1 and error between $2 and $2 and since > $3 and rows = $4
          order by kind, error, since
            for update",
        cause.kind,
        cause.error,
        now - LASTS,
        rows.as_str(),
    )
    .fetch_all(connection)
    .await?;
    let notices: Result<_, StoreError> = recent.into_iter().map(Notice::try_from).collect();
    Ok(Some(Stuck {
        cause,
        at,
        notices: notices?,
    }))
}

/// The notice whose message this effect carried, locked.
pub(super) async fn of_message(
    connection: &mut Session,
    effect: EffectId,
) -> Result<Option<Notice>, StoreError> {
    let row = select_notices!("where effect = $1 for update", effect.0);
    let row = row.fetch_optional(connection).await?;
    row.map(Notice::try_from).transpose()
}

/// A new notice, or one with another count.
pub(super) async fn save(connection: &mut Session, notice: &Notice) -> Result<(), StoreError> {
    let (channel, id) = split(&notice.target);
    sqlx::query!(
        "insert into notices (effect, rows, kind, error, channel, target, count, since, oldest)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         -- A signal that is replayed decides the first notice once more: what was counted since is kept.
         on conflict (effect) do update set count = greatest(notices.count, excluded.count),
                                            oldest = least(notices.oldest, excluded.oldest)",
        notice.effect.0,
        notice.cause.rows.as_str(),
        notice.cause.kind,
        notice.cause.error,
        channel,
        id,
        notice.count,
        notice.since,
        notice.oldest,
    )
    .execute(connection)
    .await?;
    Ok(())
}

impl Database {
    /// A notice whose message is posted; `None`: there is none, or it is not posted yet.
    pub async fn notice(&self, effect: EffectId) -> Result<Option<Standing>, StoreError> {
        let sent = sqlx::query!(
            "select effect, origin, answer from outbox where id = $1",
            effect.0
        )
        .fetch_optional(&mut self.single().await?)
        .await?;
        let Some(sent) = sent else { return Ok(None) };
        let answer = sent.answer.map(serde_json::from_value).transpose();
        let sent = self.effect(sent.effect, sent.origin);
        let (Ok((sent, _)), Ok(Some(Answer::Slack(slack::Answer::Message { channel, ts })))) =
            (sent, answer)
        else {
            return Ok(None);
        };
        let Effect::Slack(
            slack::Effect::PostMessage { message, .. }
            | slack::Effect::DirectMessage { message, .. },
        ) = sent
        else {
            return Ok(None);
        };
        let row = select_notices!("where effect = $1", effect.0);
        let mut session = self.single().await?;
        let Some(row) = row.fetch_optional(&mut session).await? else {
            return Ok(None);
        };
        let notice = Notice::try_from(row)?;
        let stuck = how_many(&mut session, &notice.cause).await?;
        Ok(Some(Standing {
            notice,
            first: message,
            channel,
            ts,
            stuck,
        }))
    }
}

/// How many rows of the cause's kind are stuck: at most one more than [`COUNTED`].
async fn how_many(connection: &mut Session, cause: &Cause) -> Result<i64, StoreError> {
    let limit = COUNTED + 1;
    let state = match cause.rows {
        Rows::ParkedSignals => {
            let count = sqlx::query_scalar!(
                r#"select count(*) as "count!" from (
                    select from inbox
                     where state not in ('open', 'done') and source || '/' || kind between $1 and $1
                     order by source || '/' || kind limit $2) as stuck"#,
                cause.kind,
                limit,
            );
            return Ok(count.fetch_one(connection).await?);
        }
        Rows::ParkedEffects => "parked",
        Rows::UncertainEffects => "uncertain",
    };
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from (
            select from outbox
             where state in ('parked', 'uncertain') and ended_at is not null and state = $1
               and kind between $2 and $2
             order by kind limit $3) as stuck"#,
        state,
        cause.kind,
        limit,
    );
    Ok(count.fetch_one(connection).await?)
}
