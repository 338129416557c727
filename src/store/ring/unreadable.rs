//! Rows that cannot be read here: written by another version, or encrypted with another key.
//!
//! While old and new versions run side by side another process may read them, so they are left to it
//! and no attempt is counted. What no process can read is parked after [`LEFT_FOR`]: it must not
//! block its subject or lane forever. Such an effect has no receipt, because its area is unknown: a
//! notice goes to the operators instead.

use super::append::{Arrival, append_own};
use super::intake::StoredSignal;
use super::store::Store;
use super::turns::{free_head_of_subject, free_next_in_lane, lock_lanes, lock_subjects, one};
use crate::domain::effect::Provider;
use crate::domain::ids::{EffectId, SignalId};
use crate::domain::signal::ParkedRow;
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

/// What such a row says: its body cannot be read, or no process knows its kind.
const CODE: &str = "unreadable";
const CODE_OF_KIND: &str = "unreadable_kind";

/// How long a row waits for a process that can read it before it is parked.
pub const LEFT_FOR: Duration = Duration::minutes(10);
/// How long it is left to others before this process tries it again.
const PAUSE: Duration = Duration::seconds(20);
/// So many rows of a queue are noted or parked in one go.
const AT_ONCE: i64 = 200;

/// Whether another process may still read what this one cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// It is left to them for a while.
    MayRead,
    /// It was left to them for long enough, and no other version runs.
    CannotEither,
}

impl Store {
    /// Leaves a signal whose body cannot be read here to other processes for a moment, uncounted.
    pub async fn leave_signal_to_others(
        &self,
        seen: &StoredSignal,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<Others, StoreError> {
        let mut session = self.single().await?;
        let since = sqlx::query_scalar!(
            "update inbox
                set run_at = $2, error = $3, unreadable_since = coalesce(unreadable_since, $4)
              where id = $1 and ended_at is null and attempts = $5
             returning unreadable_since",
            seen.id.0,
            now + PAUSE,
            why,
            now,
            seen.attempts,
        )
        .fetch_optional(&mut session)
        .await?;
        session.end().await?;
        self.others(since.flatten(), now).await
    }

    /// What becomes of a claimed effect that cannot be read.
    pub(super) async fn cannot_read(
        &self,
        id: EffectId,
        token: Uuid,
        lane: &str,
        why: &str,
        now: DateTime<Utc>,
    ) {
        if let Err(error) = self.leave_effect(id, token, lane, why, now).await {
            tracing::warn!(effect.id = %id, %error, "an effect that cannot be read could not be parked; its lease runs out");
        }
    }

    async fn leave_effect(
        &self,
        id: EffectId,
        token: Uuid,
        lane: &str,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut session = self.single().await?;
        let since = sqlx::query_scalar!(
            "update outbox
                set run_at = $3, lease_until = null, lease_token = null, attempts = attempts - 1,
                    first_attempt_at = case when state = 'uncertain' or looked_to is not null
                                            then first_attempt_at end,
                    error = $4, unreadable_since = coalesce(unreadable_since, $5)
              where id = $1 and lease_token = $2
             returning unreadable_since",
            id.0,
            token,
            now + PAUSE,
            CODE,
            now,
        )
        .fetch_optional(&mut session)
        .await?;
        session.end().await?;
        match self.others(since.flatten(), now).await? {
            Others::MayRead => {
                tracing::warn!(effect.id = %id, error = why, "an effect cannot be read here; it is left to other processes");
                Ok(())
            }
            Others::CannotEither => self.park_effect(id, lane, CODE, now).await,
        }
    }

    async fn others(
        &self,
        since: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Others, StoreError> {
        let long = since.is_some_and(|since| now - since >= LEFT_FOR);
        if long && !self.another_version_runs().await? {
            return Ok(Others::CannotEither);
        }
        Ok(Others::MayRead)
    }

    /// Notes since when no running process can read the kind of a row that is due, and parks those that
    /// were left to others for long enough; returns how many. A process that runs says what it reads with
    /// its sign of life.
    pub async fn park_unread_kinds(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let mut session = self.single().await?;
        let signals = sqlx::query_as!(
            Unread,
            r#"update inbox set unreadable_since = coalesce(unreadable_since, $1)
                where id = any(array(
                      select id from inbox
                       where state = 'open' and not blocked and run_at <= $1
                         and (unreadable_since is null or unreadable_since <= $2)
                         and not exists (select from processes p
                                          where p.seen_at > clock_timestamp() - interval '60 seconds'
                                            and (p.reads is null
                                                 or inbox.source || '/' || inbox.kind = any(p.reads)))
                       order by run_at, seq
                       limit $3
                         for update skip locked))
               returning id, subject as name, unreadable_since as "since!""#,
            now,
            now - LEFT_FOR,
            AT_ONCE,
        )
        .fetch_all(&mut session)
        .await?;
        session.end().await?;
        let mut session = self.single().await?;
        let effects = sqlx::query_as!(
            Unread,
            r#"update outbox set unreadable_since = coalesce(unreadable_since, $1)
                where id = any(array(
                      select id from outbox
                       where ended_at is null and not blocked and provider > '' and priority between 0 and 1
                         and run_at <= $1 and (unreadable_since is null or unreadable_since <= $2)
                         and not exists (select from processes p
                                          where p.seen_at > clock_timestamp() - interval '60 seconds'
                                            and (p.carries is null
                                                 or outbox.kind = any(p.carries)
                                                    and (outbox.area is null
                                                         or outbox.area || '_' || outbox.purpose = any(p.carries))))
                       order by provider, priority, run_at, seq
                       limit $3
                         for update skip locked))
               returning id, lane as name, unreadable_since as "since!""#,
            now,
            now - LEFT_FOR,
            AT_ONCE,
        )
        .fetch_all(&mut session)
        .await?;
        session.end().await?;
        let long = |row: &&Unread| now - row.since >= LEFT_FOR;
        for row in signals.iter().filter(long) {
            self.park_signal(row, now).await?;
        }
        for row in effects.iter().filter(long) {
            self.park_effect(EffectId(row.id), &row.name, CODE_OF_KIND, now)
                .await?;
        }
        Ok(signals.iter().filter(long).count() + effects.iter().filter(long).count())
    }

    async fn park_signal(&self, row: &Unread, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let parked = sqlx::query!(
            "update inbox set state = 'parked', error = $2, ended_at = $3, unreadable_since = null
              where id = $1 and ended_at is null
             returning source, kind, traceparent",
            row.id,
            CODE_OF_KIND,
            now,
        )
        .fetch_optional(&mut transaction)
        .await?;
        let Some(parked) = parked else { return Ok(()) };
        lock_subjects(&mut transaction, &one(&row.name)).await?;
        free_head_of_subject(&mut transaction, &row.name).await?;
        let told = ParkedRow {
            signal: SignalId(row.id),
            effect: None,
            area: None,
            what: format!("{} {}", parked.source, parked.kind),
            reply_to: None,
        };
        let key = format!("parked:{}:{}", row.id, now.timestamp_micros());
        self.tell_parked(&mut transaction, &told, key, parked.traceparent, now)
            .await?;
        transaction.end().await?;
        tracing::error!(signal.id = %row.id, "no process can read a signal; it is parked");
        self.wakes.inbox.notify_one();
        Ok(())
    }

    async fn park_effect(
        &self,
        id: EffectId,
        lane: &str,
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        lock_lanes(&mut transaction, &one(lane)).await?;
        let parked = sqlx::query!(
            "update outbox
                set state = 'parked', error = $2, ended_at = $3, unreadable_since = null,
                    lease_until = null, lease_token = null
              where id = $1 and (state = 'open' or state = 'uncertain' and ended_at is null)
                and (lease_until is null or lease_until < clock_timestamp())
             returning signal, kind, area, generation, traceparent",
            id.0,
            code,
            now,
        )
        .fetch_optional(&mut transaction)
        .await?;
        let Some(parked) = parked else { return Ok(()) };
        free_next_in_lane(&mut transaction, lane).await?;
        let told = ParkedRow {
            signal: SignalId(parked.signal),
            effect: Some(id),
            area: parked.area,
            what: parked.kind,
            reply_to: None,
        };
        let key = format!("parked:{id}@{}", parked.generation);
        self.tell_parked(&mut transaction, &told, key, parked.traceparent, now)
            .await?;
        transaction.end().await?;
        tracing::error!(effect.id = %id, error = code, "no process can read an effect; it is parked");
        self.wakes.inbox.notify_one();
        for provider in Provider::ALL {
            self.wakes.outbox(provider).notify_one();
        }
        Ok(())
    }

    async fn tell_parked(
        &self,
        transaction: &mut Session,
        parked: &ParkedRow,
        dedup_key: String,
        traceparent: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let subject = match parked.effect {
            Some(effect) => format!("effect:{effect}"),
            None => format!("parked:{}", parked.signal),
        };
        let kind = "parked".to_owned();
        let notice = Arrival {
            traceparent,
            ..Arrival::own("engine", kind, dedup_key, subject, parked, now)?
        };
        append_own(transaction, vec![notice], self.seal.as_deref()).await
    }
}

/// A row that no running process can read, and its subject or lane.
struct Unread {
    id: Uuid,
    name: String,
    since: DateTime<Utc>,
}
