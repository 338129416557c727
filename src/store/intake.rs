//! Claiming a signal and ending it, in one transaction.
//!
//! The claim is the row's lock, so a crash gives it back at once: no lease is needed here, because
//! nothing slow happens between claim and commit.

use super::append::{Arrival, append_all};
use super::session::Session;
use super::turns::{free_next_in_subject, lock_subjects, one};
use super::{Reads, Seal, Store, StoreError, Wakes};
use crate::domain::decision::Decision;
use crate::domain::effect::{Priority, Provider};
use crate::domain::facts::{Facts, Needs};
use crate::domain::ids::SignalId;
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// A row of the inbox, opened.
#[derive(Debug, Clone)]
pub struct StoredSignal {
    /// Its id.
    pub id: SignalId,
    /// Chooses the decoder.
    pub source: String,
    /// What it is called there.
    pub kind: String,
    /// What orders it.
    pub subject: String,
    /// What the decoder needs beside the body.
    pub headers: serde_json::Value,
    /// The body as it came; `None` when it is sealed with another key, or forgotten.
    pub body: Option<Vec<u8>>,
    /// When it arrived.
    pub at: DateTime<Utc>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// How often it has failed.
    pub attempts: i32,
}

/// A claimed signal and its transaction. Dropped: everything is undone and the row is free again.
pub struct Intake {
    transaction: Session,
    wakes: Arc<Wakes>,
    seal: Option<Arc<Seal>>,
    brings_effects: [bool; Provider::ALL.len()],
    brings_forms: bool,
    /// What was claimed.
    pub signal: StoredSignal,
}

/// A row with its body, as it is kept.
struct InboxBody {
    id: uuid::Uuid,
    source: String,
    kind: String,
    subject: String,
    headers: serde_json::Value,
    body: Option<Vec<u8>>,
    sealed: bool,
    received_at: DateTime<Utc>,
    traceparent: Option<String>,
    attempts: i32,
}

impl Store {
    /// Claims the signal that has been due longest, whose subject is free, and which this process can
    /// read. Others are left to processes that can: one that a newer version wrote fails here and
    /// nowhere else.
    pub async fn claim_signal(
        &self,
        now: DateTime<Utc>,
        reads: &Reads,
    ) -> Result<Option<Intake>, StoreError> {
        let mut transaction = self.begin().await?;
        let row = sqlx::query_as!(
            InboxBody,
            r#"select id, source, kind, subject, headers, body, sealed, received_at,
                      traceparent, attempts
                 from inbox
                where state = 'open' and not blocked and run_at <= $1
                  and source || '/' || kind = any($2)
                order by run_at, seq
                limit 1
                  for update skip locked"#,
            now,
            reads.as_slice(),
        )
        .fetch_optional(&mut transaction)
        .await?;
        self.claimed(transaction, row)
    }

    /// Claims this signal again, after its transaction was in another one's way; `None` when
    /// somebody else has it by now.
    pub async fn claim_this_signal(&self, id: SignalId) -> Result<Option<Intake>, StoreError> {
        let mut transaction = self.begin().await?;
        let row = sqlx::query_as!(
            InboxBody,
            r#"select id, source, kind, subject, headers, body, sealed, received_at,
                      traceparent, attempts
                 from inbox
                where id = $1 and ended_at is null and not blocked
                  for update skip locked"#,
            id.0,
        )
        .fetch_optional(&mut transaction)
        .await?;
        self.claimed(transaction, row)
    }

    fn claimed(
        &self,
        transaction: Session,
        row: Option<InboxBody>,
    ) -> Result<Option<Intake>, StoreError> {
        let Some(row) = row else { return Ok(None) };
        let body = match (&self.seal, row.body) {
            (Some(seal), Some(body)) if row.sealed => seal.open(&body),
            (None, Some(_)) if row.sealed => None,
            (_, body) => body,
        };
        let signal = StoredSignal {
            id: SignalId(row.id),
            source: row.source,
            kind: row.kind,
            subject: row.subject,
            headers: row.headers,
            body,
            at: row.received_at,
            traceparent: row.traceparent,
            attempts: row.attempts,
        };
        Ok(Some(Intake {
            transaction,
            wakes: self.wakes.clone(),
            seal: self.seal.clone(),
            brings_effects: Default::default(),
            brings_forms: false,
            signal,
        }))
    }

    /// Has a signal wait until then, uncounted: it was not its fault.
    pub async fn put_off(&self, id: SignalId, until: DateTime<Utc>) -> Result<(), StoreError> {
        let mut session = self.single().await?;
        put_off(&mut session, id, until).await?;
        session.end().await
    }

    /// Notes that a signal failed as somebody saw it, and what becomes of it. `false`: somebody else
    /// has had it since, so this is old news.
    pub async fn signal_failed(
        &self,
        seen: &StoredSignal,
        error: &str,
        then: &Then,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        // The row before its subject, as whoever decides it does.
        let retry_at = match then {
            Then::Again(at) => Some(*at),
            Then::Park(_) => None,
        };
        let changed = sqlx::query!(
            "update inbox
                set attempts = attempts + 1, error = $2, unreadable_since = null,
                    run_at = coalesce($3, run_at),
                    state = case when $3::timestamptz is null then 'parked' else state end,
                    ended_at = case when $3::timestamptz is null then $4::timestamptz end
              where id = $1 and ended_at is null and attempts = $5",
            seen.id.0,
            error,
            retry_at,
            now,
            seen.attempts,
        )
        .execute(&mut transaction)
        .await?
        .rows_affected();
        if let (1, Then::Park(notice)) = (changed, then) {
            lock_subjects(&mut transaction, &one(&seen.subject)).await?;
            free_next_in_subject(&mut transaction, &seen.subject).await?;
            if let Some(notice) = notice {
                let body = self.sealed(notice.body.to_vec()).into();
                let notice = Arrival {
                    body,
                    ..notice.as_ref().clone()
                };
                append_all(&mut transaction, &[&notice], self.seal.is_some()).await?;
            }
        }
        transaction.end().await?;
        self.wakes.inbox.notify_one();
        Ok(changed == 1)
    }
}

/// What becomes of a signal that failed.
#[derive(Debug, Clone)]
pub enum Then {
    /// It is tried again then.
    Again(DateTime<Utc>),
    /// It is put aside, and somebody is told in the same transaction.
    Park(Option<Box<Arrival>>),
}

async fn put_off(
    session: &mut Session,
    id: SignalId,
    until: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update inbox set run_at = $2 where id = $1 and ended_at is null",
        id.0,
        until,
    )
    .execute(session)
    .await?;
    Ok(())
}

impl Intake {
    /// Has the signal wait until then instead of deciding it, as [`Store::put_off`] does.
    pub async fn put_off(&mut self, until: DateTime<Utc>) -> Result<(), StoreError> {
        put_off(&mut self.transaction, self.signal.id, until).await
    }

    /// Loads, and locks, what a decision needs.
    pub async fn facts(&mut self, needs: &Needs, now: DateTime<Utc>) -> Result<Facts, StoreError> {
        super::facts::load(&mut self.transaction, needs, now).await
    }

    /// Saves all of a decision and marks the signal done; nothing stands before [`Self::commit`].
    pub async fn save(
        &mut self,
        decision: &Decision,
        traceparent: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let seal = self.seal.as_deref();
        super::decision::save(&mut self.transaction, decision, seal, traceparent, now).await?;
        let answer = decision.api_answer.as_ref().map(super::lists::answer_json);
        lock_subjects(&mut self.transaction, &one(&self.signal.subject)).await?;
        // One statement, because this is the busiest of all: the row's end, and its subject's next,
        // as in `turns`. Neither half sees what the other does, so the row itself is left out.
        sqlx::query!(
            "with ended as (
                 update inbox
                    set state = 'done', ended_at = $2, outcome = $3, answer = $4, error = null
                  where id = $1)
             update inbox set blocked = false
              where id = (select id from inbox
                           where subject between $5 and $5 and state = 'open' and id <> $1
                           order by subject, seq limit 1)",
            self.signal.id.0,
            now,
            decision.outcome.as_str(),
            answer,
            self.signal.subject,
        )
        .execute(&mut self.transaction)
        .await?;
        for plan in &decision.effects {
            match plan.effect.priority() {
                Priority::InTurn => self.brings_effects[plan.effect.provider() as usize] = true,
                Priority::Now => self.brings_forms = true,
            }
        }
        Ok(())
    }

    /// Makes what was saved stand.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.transaction.end().await?;
        for provider in Provider::ALL {
            if self.brings_effects[provider as usize] {
                self.wakes.outbox(provider).notify_one();
            }
        }
        if self.brings_forms {
            self.wakes.forms.notify_one();
        }
        Ok(())
    }

    /// Undoes all of it now. Dropping does so too, but at some later moment: until then the row
    /// looks as if somebody had it, and is not decided again.
    pub async fn undo(self) {
        if let Err(error) = self.transaction.undo().await {
            tracing::debug!(%error, "the server undoes it by itself");
        }
    }
}
