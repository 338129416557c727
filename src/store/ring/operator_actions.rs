//! What operators do to rows of the queues: replay, retry, drop.
//!
//! Each is a line of the audit, in the same transaction: a row that went out late, or never, must
//! show by which way an operator did so, and why.

use super::audit::add_operator_action;
use super::store::Store;
use super::turns::{free_head_of_lane, free_head_of_subject, lock_lanes, lock_subjects, one};
use crate::domain::effect::Effect;
use crate::domain::ids::{EffectId, IncidentId, SignalId};
use crate::domain::signal::{End, Receipt};
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};
use serde_json::json;

/// The way by which an operator acts on a row; the audit's `by`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `wardroom inbox …` or `wardroom outbox …`.
    Cli,
    /// `/api/v1`, with the admin's token.
    Api,
}

impl Operator {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Cli => "cli",
            Self::Api => "api",
        }
    }
}

/// A signal's subject, with the row and then the subject locked: in this order, as in a decision.
async fn locked_subject(
    transaction: &mut Session,
    id: SignalId,
) -> Result<Option<String>, StoreError> {
    let subject = sqlx::query_scalar!("select subject from inbox where id = $1 for update", id.0)
        .fetch_optional(&mut *transaction)
        .await?;
    if let Some(subject) = &subject {
        lock_subjects(transaction, &one(subject)).await?;
    }
    Ok(subject)
}

/// An effect's lane. Its incident, which the audit's line is about, is locked before the lane is, as
/// everywhere.
async fn lane_of(transaction: &mut Session, id: EffectId) -> Result<Option<String>, StoreError> {
    let row = sqlx::query!("select lane, incident from outbox where id = $1", id.0)
        .fetch_optional(&mut *transaction)
        .await?;
    let Some(row) = row else { return Ok(None) };
    sqlx::query!(
        "select id from incidents where id = $1 for key share",
        row.incident,
    )
    .fetch_optional(transaction)
    .await?;
    Ok(Some(row.lane))
}

impl Store {
    /// Has a signal decided again. Its effects keep their ids, so what was done is not repeated.
    /// `false`: there is no such row, it is open already, its body is deleted, or it has changed
    /// an incident: time has gone on, and what it said then may be wrong now.
    pub async fn replay(
        &self,
        id: SignalId,
        by: Operator,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        if locked_subject(&mut transaction, id).await?.is_none() {
            return Ok(false);
        }
        let changed = sqlx::query!(
            "update inbox i
                set state = 'open', ended_at = null, attempts = 0, run_at = $2, due_since = $2,
                    error = null, outcome = null, unreadable_since = null,
                    blocked = exists (select from inbox other
                                       where other.subject = i.subject and other.state = 'open')
              where id = $1 and state <> 'open' and body is not null
                and not exists (select from audit_log a where a.signal = i.id and a.outcome = 'done')",
            id.0,
            now,
        )
        .execute(&mut transaction)
        .await?
        .rows_affected();
        if changed == 0 {
            return Ok(false);
        }
        let details = json!({"signal": id});
        add_operator_action(&mut transaction, "inbox.replay", by, None, details, now).await?;
        transaction.end().await?;
        Ok(true)
    }

    /// Ends a signal undecided, with a reason, and gives its turn to the next of its subject. Its
    /// error stays: it tells why the signal was stuck. `false`: there is no such row, or it is
    /// decided or dropped already.
    pub async fn drop_signal(
        &self,
        id: SignalId,
        why: &str,
        by: Operator,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let Some(subject) = locked_subject(&mut transaction, id).await? else {
            return Ok(false);
        };
        let dropped = sqlx::query!(
            "update inbox set state = 'done', outcome = 'dropped', ended_at = $2,
                              unreadable_since = null
              where id = $1 and state <> 'done'",
            id.0,
            now,
        )
        .execute(&mut transaction)
        .await?
        .rows_affected();
        if dropped == 0 {
            return Ok(false);
        }
        free_head_of_subject(&mut transaction, &subject).await?;
        let details = json!({"signal": id, "why": why});
        add_operator_action(&mut transaction, "inbox.drop", by, None, details, now).await?;
        transaction.end().await?;
        self.wakes.inbox.notify_one();
        Ok(true)
    }

    /// Has a parked, dropped or uncertain effect tried again; it will answer again. One that may
    /// have happened is looked up first. `false`: no such row, or it needs no retry.
    pub async fn retry_effect(
        &self,
        id: EffectId,
        by: Operator,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let Some(lane) = lane_of(&mut transaction, id).await? else {
            return Ok(false);
        };
        lock_lanes(&mut transaction, &one(&lane)).await?;
        let never = Effect::kinds_that_cannot_be_looked_up().into_iter();
        let retried = sqlx::query!(
            "update outbox o
                set state = case when uncertain_since is not null and kind <> all($3)
                                 then 'uncertain' else 'open' end,
                    ended_at = null, attempts = 0, looks = 0, generation = generation + 1,
                    run_at = $2, due_since = $2, unreadable_since = null, not_after = null,
                    looked_to = null,
                    first_attempt_at = coalesce(first_attempt_at, $2),
                    blocked = exists (select from outbox other
                                       where other.lane = o.lane and other.ended_at is null)
              where id = $1 and ended_at is not null and state <> 'done'
             returning incident",
            id.0,
            now,
            // These cannot be looked up: a retry sends them.
            &never.map(str::to_owned).collect::<Vec<_>>(),
        )
        .fetch_optional(&mut transaction)
        .await?;
        let Some(row) = retried else { return Ok(false) };
        let details = json!({"effect": id});
        let incident = row.incident.map(IncidentId);
        add_operator_action(&mut transaction, "outbox.retry", by, incident, details, now).await?;
        transaction.end().await?;
        Ok(true)
    }

    /// Gives an effect up, with a reason; its receipt and the audit say so, its row only when it
    /// has no code of the provider's: that code is what tells why it was stuck. `false`: no such
    /// row, it is done or dropped already, or it is in progress at this moment.
    pub async fn drop_effect(
        &self,
        id: EffectId,
        why: &str,
        by: Operator,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let Some(lane) = lane_of(&mut transaction, id).await? else {
            return Ok(false);
        };
        lock_lanes(&mut transaction, &one(&lane)).await?;
        let dropped = sqlx::query!(
            "update outbox set state = 'dropped', error = coalesce(error, $2), ended_at = $3,
                               generation = generation + 1, lease_until = null, lease_token = null
              where id = $1 and state not in ('done', 'dropped')
                and (lease_until is null or lease_until < clock_timestamp())
             returning effect, origin, generation, traceparent, incident",
            id.0,
            why,
            now,
        )
        .fetch_optional(&mut transaction)
        .await?;
        let Some(row) = dropped else { return Ok(false) };
        free_head_of_lane(&mut transaction, &lane).await?;
        let details = json!({"effect": id, "why": why});
        let incident = row.incident.map(IncidentId);
        add_operator_action(&mut transaction, "outbox.drop", by, incident, details, now).await?;
        // What cannot be read has no receipt: its area is unknown.
        if let Ok((effect, origin)) = self.effect(row.effect, row.origin) {
            let receipt = Receipt {
                effect_id: id,
                generation: row.generation,
                effect,
                origin,
                end: End::Dropped {
                    why: why.to_owned(),
                },
            };
            self.append_receipt(&mut transaction, &receipt, row.traceparent, now)
                .await?;
        }
        transaction.end().await?;
        Ok(true)
    }
}
