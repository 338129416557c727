//! Claiming signals and ending them, in one transaction.
//!
//! The claim is the row's lock, so a crash gives it back at once: no lease is needed here, because
//! nothing slow happens between claim and commit. Several signals may share a transaction: they are
//! of different subjects, and all of their decisions stand or none does.

use super::append::{Arrival, append_own};
use super::reads::Reads;
use super::store::Store;
use super::turns::{free_head_of_subject, lock_subjects, one};
use super::wakes::Wakes;
use crate::domain::effect::Provider;
use crate::domain::ids::SignalId;
use crate::store::area::{Persist, Ready};
use crate::store::error::StoreError;
use crate::store::seal::Seal;
use crate::store::session::Session;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use uuid::Uuid;

/// A body larger than this, in bytes, is not loaded by a claim: it would be memory times the rows of a claim,
/// and times the claims of a process.
const LARGE: i32 = 64 * 1024;

/// A row of the inbox, opened.
#[derive(Debug, Clone)]
pub struct StoredSignal {
    pub id: SignalId,
    /// Chooses the decoder.
    pub source: String,
    /// What it is called there.
    pub kind: String,
    pub subject: String,
    /// What the decoder needs beside the body.
    pub headers: serde_json::Value,
    /// The body as it came; `None` when it is encrypted with another key, or deleted.
    pub body: Option<Vec<u8>>,
    /// Whether the body is left out because it is large: see [`Store::claim_this_signal`].
    pub large: bool,
    pub at: DateTime<Utc>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// How often it has failed.
    pub attempts: i32,
}

/// The transaction that has claimed signals. Dropped: everything is undone and the rows are free again.
pub struct Intake {
    pub(super) transaction: Session,
    pub(super) seal: Option<Arc<Seal>>,
    pub(super) brings_effects: [bool; Provider::ALL.len()],
    pub(super) brings_urgent: bool,
    pub(super) brings_signals: bool,
    wakes: Arc<Wakes>,
}

/// What is claimed at once: the transaction and its signals, the one that has been due longest first.
pub struct Claim {
    pub intake: Intake,
    /// The signals, of different subjects.
    pub signals: Vec<StoredSignal>,
}

/// A row with its body, as it is kept.
struct InboxBody {
    id: Uuid,
    source: String,
    kind: String,
    subject: String,
    headers: serde_json::Value,
    body: Option<Vec<u8>>,
    large: Option<bool>,
    sealed: bool,
    received_at: DateTime<Utc>,
    traceparent: Option<String>,
    attempts: i32,
}

impl Store {
    /// Claims the signals that have been due longest, at most `most`, whose subjects are free, and which
    /// this process can read. Others are left to processes that can: one that a newer version wrote
    /// fails here and nowhere else. Large bodies are left out.
    pub async fn claim_signals(
        &self,
        now: DateTime<Utc>,
        reads: &Reads,
        most: u32,
    ) -> Result<Option<Claim>, StoreError> {
        let mut transaction = self.begin().await?;
        let rows = sqlx::query_as!(
            InboxBody,
            r#"select id, source, kind, subject, headers, sealed, received_at, traceparent, attempts,
                      case when octet_length(body) <= $4 then body end as body,
                      octet_length(body) > $4 as large
                 from inbox
                where state = 'open' and not blocked and run_at <= $1
                  and source || '/' || kind = any($2)
                order by run_at, seq
                limit $3
                  for update skip locked"#,
            now,
            reads.as_slice(),
            i64::from(most),
            LARGE,
        )
        .fetch_all(&mut transaction)
        .await?;
        Ok(self.claimed(transaction, rows))
    }

    /// Claims this signal again, after its transaction was in another one's way or to load its large body; `None` when
    /// another process has it by now, or has had it wait.
    pub async fn claim_this_signal(
        &self,
        id: SignalId,
        now: DateTime<Utc>,
    ) -> Result<Option<Claim>, StoreError> {
        let mut transaction = self.begin().await?;
        let row = sqlx::query_as!(
            InboxBody,
            r#"select id, source, kind, subject, headers, body, false as large, sealed, received_at,
                      traceparent, attempts
                 from inbox
                where id = $1 and ended_at is null and not blocked and run_at <= $2
                  for update skip locked"#,
            id.0,
            now,
        )
        .fetch_all(&mut transaction)
        .await?;
        let is_large = |row: &InboxBody| {
            row.body
                .as_ref()
                .is_some_and(|body| body.len() > LARGE as usize)
        };
        if row.iter().any(is_large) {
            transaction.shrink();
        }
        Ok(self.claimed(transaction, row))
    }

    fn claimed(&self, transaction: Session, rows: Vec<InboxBody>) -> Option<Claim> {
        let signals: Vec<StoredSignal> = rows.into_iter().map(|row| self.opened(row)).collect();
        (!signals.is_empty()).then(|| Claim {
            intake: Intake {
                transaction,
                wakes: self.wakes.clone(),
                seal: self.seal.clone(),
                brings_effects: Default::default(),
                brings_urgent: false,
                brings_signals: false,
            },
            signals,
        })
    }

    fn opened(&self, row: InboxBody) -> StoredSignal {
        let body = match (&self.seal, row.body) {
            (Some(seal), Some(body)) if row.sealed => seal.open(&body),
            (None, Some(_)) if row.sealed => None,
            (_, body) => body,
        };
        StoredSignal {
            id: SignalId(row.id),
            source: row.source,
            kind: row.kind,
            subject: row.subject,
            headers: row.headers,
            body,
            large: row.large.unwrap_or(false),
            at: row.received_at,
            traceparent: row.traceparent,
            attempts: row.attempts,
        }
    }

    /// Has a signal wait until then, uncounted: it was not its fault.
    pub async fn put_off(&self, id: SignalId, until: DateTime<Utc>) -> Result<(), StoreError> {
        let mut session = self.single().await?;
        put_off(&mut session, id, until).await?;
        session.end().await
    }

    /// Records that a claimed signal failed, and what becomes of it. `false`: another process has
    /// had it since, so this result is out of date.
    pub async fn signal_failed(
        &self,
        seen: &StoredSignal,
        error: &str,
        then: &Then,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        // The row before its subject, as in a decision.
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
            free_head_of_subject(&mut transaction, &seen.subject).await?;
            let notice = notice
                .iter()
                .map(|notice| notice.as_ref().clone())
                .collect();
            append_own(&mut transaction, notice, self.seal.as_deref()).await?;
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
    /// It is parked, and operators are notified in the same transaction.
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
    /// Loads, and locks, what an area's decision needs.
    pub async fn load<A: Persist>(
        &mut self,
        needs: &A::Needs,
        now: DateTime<Utc>,
    ) -> Result<A::Facts, StoreError> {
        A::load(&mut self.transaction, needs, now).await
    }

    /// Saves what a decision changes before the rest of it, for those that are made after it in the same
    /// transaction.
    pub async fn save_changes(&mut self, ready: Ready) -> Result<Ready, StoreError> {
        ready.save_changes(&mut self.transaction).await?;
        Ok(ready.changed())
    }

    /// See [`Persist::blank`].
    pub async fn blank<A: Persist>(&mut self, needs: &[A::Needs]) -> Result<Vec<bool>, StoreError> {
        A::blank(&mut self.transaction, needs).await
    }

    /// Has a signal wait until then instead of deciding it, as [`Store::put_off`] does.
    pub async fn put_off(&mut self, id: SignalId, until: DateTime<Utc>) -> Result<(), StoreError> {
        put_off(&mut self.transaction, id, until).await
    }

    /// Makes what was saved stand.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.transaction.end().await?;
        for provider in Provider::ALL {
            if self.brings_effects[provider as usize] {
                self.wakes.outbox(provider).notify_one();
            }
        }
        if self.brings_signals {
            self.wakes.inbox.notify_one();
        }
        if self.brings_urgent {
            self.wakes.urgent.notify_one();
        }
        Ok(())
    }

    /// Undoes all of it now. Dropping does so too, but at some later moment: until then the row
    /// stays locked and is not decided again.
    pub async fn undo(self) {
        if let Err(error) = self.transaction.undo().await {
            tracing::debug!(%error, "the server undoes it by itself");
        }
    }
}
