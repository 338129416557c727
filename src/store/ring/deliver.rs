//! Claiming effects under a lease, and settling them.
//!
//! HTTP happens outside any transaction: a claim commits a lease, the exchange runs, and settling
//! is fenced by the lease's token. A row whose lease ran out is `uncertain`: the process that held it may
//! have sent it.

use super::receipt::row_of;
use super::store::Store;
use super::turns::{free_next_in_lane, lock_lanes, one};
use crate::domain::areas::Origin;
use crate::domain::effect::{Answer, Effect, Priority, Provider};
use crate::domain::ids::EffectId;
use crate::domain::looked_to::LookedTo;
use crate::domain::signal::{End, Receipt};
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// An effect that is ours to deliver, for its provider's lease.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub id: EffectId,
    pub effect: Effect,
    /// Why it was decided.
    pub origin: Origin,
    pub lane: String,
    /// How often it was claimed, this time included.
    pub attempts: i32,
    /// How many lookups did not find it.
    pub lookups: i32,
    /// How often an operator retried it.
    pub generation: i32,
    /// Whether an earlier attempt may have happened.
    pub uncertain: bool,
    /// Since when that is so.
    pub uncertain_since: Option<DateTime<Utc>>,
    /// How far the lookup before got, or where a part of it was found.
    pub looked_to: Option<LookedTo>,
    /// Until when it is of use.
    pub not_after: Option<DateTime<Utc>>,
    /// When it was first claimed.
    pub first_attempt_at: DateTime<Utc>,
    /// When it failed last, or a lookup of it did.
    pub failed_at: Option<DateTime<Utc>>,
    /// When it was decided.
    pub created_at: DateTime<Utc>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// The lease's fence.
    pub token: Uuid,
    /// The state that counts as shown if this attempt ends as done; `None` when claimed.
    pub shows: Option<&'static str>,
}

/// What becomes of a claimed effect.
#[derive(Debug, Clone)]
pub enum Ending {
    /// It waits: surely not done, or not tried at all.
    Again {
        at: DateTime<Utc>,
        /// Whether the attempt counts.
        counted: Counted,
        /// What is known of earlier attempts.
        certainty: Certainty,
        error: String,
        /// How far it is looked up, or where a part of it was found.
        looked_to: Option<LookedTo>,
    },
    /// It may have happened: it is looked up then.
    Unsure {
        lookup_at: DateTime<Utc>,
        /// How many lookups did not find it.
        lookups: i32,
        /// Whether the attempt counts.
        counted: Counted,
        error: String,
        /// Where the next lookup goes on; `None`: it reads everything.
        looked_to: Option<LookedTo>,
    },
    Over(End),
}

/// Whether an attempt counts towards parking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    Yes,
    /// The provider, or a pause, asked to wait: it does not.
    No,
    /// It failed because the provider answers no process: it does not.
    Outage,
}

/// Which of a provider's effects are claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All that are due.
    All,
    /// Only those that may be repeated or looked up: an attempt that is lost costs nothing.
    Repeatable,
    /// Only those of these kinds: no more can be carried here.
    Only(&'static [&'static str]),
}

/// What is known of an effect that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// It has not happened.
    SurelyNot,
    /// It may have: it is looked up, or repeated where that is harmless.
    Perhaps,
}

impl Store {
    /// Claims effects of one provider and priority that are due. What another version decided, for a
    /// purpose or of a kind that is not known here, is left to that one.
    pub async fn claim_effects(
        &self,
        now: DateTime<Utc>,
        limit: i64,
        provider: Provider,
        priority: Priority,
        which: Which,
    ) -> Result<Vec<Claimed>, StoreError> {
        let token = Uuid::new_v4();
        let kinds = provider.kinds().iter().filter(|kind| match which {
            Which::All => true,
            Which::Repeatable => !Effect::kinds_that_cannot_be_looked_up().contains(*kind),
            Which::Only(kinds) => kinds.contains(kind),
        });
        let kinds: Vec<String> = kinds.map(|kind| (*kind).to_owned()).collect();
        let mut session = self.single().await?;
        let rows = sqlx::query!(
            r#"update outbox o
                  set lease_until = clock_timestamp() + $7 * interval '1 second', lease_token = $3,
                      state = case when o.lease_token is null then o.state else 'uncertain' end,
                      uncertain_since = case when o.lease_token is null then o.uncertain_since
                                             -- Since it was claimed, as that was written down: a lease that
                                             -- ran out says nothing when the database's clock has jumped.
                                             else coalesce(o.uncertain_since, least(o.claimed_at, $1)) end,
                      attempts = o.attempts + 1, claimed_at = $1,
                      -- A lost process may have sent more than stood there.
                      looked_to = case when o.lease_token is null or o.state = 'uncertain'
                                       then o.looked_to end,
                      first_attempt_at = coalesce(o.first_attempt_at, $1)
                where o.id = any(array(
                      select id from outbox
                       where ended_at is null and not blocked and priority = $4 and run_at <= $1
                         and provider = $5 and kind = any($6)
                         and (area is null or area || '_' || purpose = any($8))
                         and (lease_until is null or lease_until < clock_timestamp())
                       order by provider, priority, run_at, seq
                       limit $2
                         for update skip locked))
               returning o.id, o.effect, o.origin, o.lane, o.attempts, o.looks, o.generation, o.state,
                         o.uncertain_since, o.not_after,
                         o.first_attempt_at as "first_attempt_at!", o.created_at, o.traceparent,
                         o.seq, o.failed_at, o.looked_to"#,
            now,
            limit,
            token,
            priority as i16,
            provider.as_str(),
            &kinds,
            provider.lease().as_secs_f64(),
            &Origin::kinds(),
        )
        .fetch_all(&mut session)
        .await?;
        session.end().await?;
        let mut claimed = Vec::with_capacity(rows.len());
        for row in rows {
            let (effect, origin) = match self.effect(row.effect, row.origin) {
                Ok(both) => both,
                Err(error) => {
                    // Its neighbours in this batch must not wait for it.
                    let id = EffectId(row.id);
                    self.cannot_read(id, token, &row.lane, &error, now).await;
                    continue;
                }
            };
            let order = row.seq;
            let effect = Claimed {
                id: EffectId(row.id),
                effect,
                origin,
                lane: row.lane,
                attempts: row.attempts,
                lookups: row.looks,
                generation: row.generation,
                uncertain: row.state == "uncertain",
                uncertain_since: row.uncertain_since,
                looked_to: row.looked_to.and_then(LookedTo::new),
                not_after: row.not_after,
                first_attempt_at: row.first_attempt_at,
                failed_at: row.failed_at,
                created_at: row.created_at,
                traceparent: row.traceparent,
                token,
                shows: None,
            };
            claimed.push((order, effect));
        }
        claimed.sort_by_key(|(order, _)| *order);
        Ok(claimed.into_iter().map(|(_, claimed)| claimed).collect())
    }

    /// Settles a claimed effect: its row, its lane's next, and its receipt, in one transaction.
    /// [`StoreError::Fenced`] when another process has taken the lease meanwhile.
    pub async fn settle(
        &self,
        claimed: &Claimed,
        ending: &Ending,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        lock_lanes(&mut transaction, &one(&claimed.lane)).await?;
        let changed = match ending {
            Ending::Again {
                at,
                counted,
                certainty,
                error,
                looked_to,
            } => {
                let (state, lookups) = match certainty {
                    Certainty::SurelyNot => ("open", 0),
                    Certainty::Perhaps => ("uncertain", claimed.lookups),
                };
                let how = (*at, state, lookups, *counted);
                wait(
                    &mut transaction,
                    claimed,
                    how,
                    error,
                    looked_to.as_ref(),
                    now,
                )
                .await?
            }
            Ending::Unsure {
                lookup_at,
                lookups,
                counted,
                error,
                looked_to,
            } => {
                let how = (*lookup_at, "uncertain", *lookups, *counted);
                wait(
                    &mut transaction,
                    claimed,
                    how,
                    error,
                    looked_to.as_ref(),
                    now,
                )
                .await?
            }
            Ending::Over(end) => self.end(&mut transaction, claimed, end, now).await?,
        };
        if changed == 0 {
            return Err(StoreError::Fenced);
        }
        transaction.end().await?;
        let provider = claimed.effect.provider();
        match ending {
            Ending::Over(_) => {
                self.wakes.inbox.notify_one();
                self.wakes.outbox(provider).notify_one();
                self.wakes.urgent.notify_one();
            }
            Ending::Again { at, .. } | Ending::Unsure { lookup_at: at, .. } if *at <= now => {
                self.wakes.outbox(provider).notify_one();
            }
            Ending::Again { .. } | Ending::Unsure { .. } => {}
        }
        Ok(())
    }

    /// The newest mark of an answer in a lane: a lookup goes back to there.
    pub async fn newest_mark(&self, lane: &str) -> Result<Option<String>, StoreError> {
        let mark = sqlx::query_scalar!(
            "select mark from outbox
              where lane between $1 and $1 and mark is not null
              order by lane desc, seq desc limit 1",
            lane,
        )
        .fetch_optional(&mut self.single().await?)
        .await?;
        Ok(mark.flatten())
    }

    async fn end(
        &self,
        connection: &mut Session,
        claimed: &Claimed,
        end: &End,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let (state, error, answer) = row_of(&claimed.origin, &claimed.effect, end);
        let mark = answer.and_then(Answer::mark);
        let answer = answer.map(serde_json::to_value).transpose()?;
        let changed = sqlx::query!(
            "update outbox
                set state = $3, error = $4, answer = $5, ended_at = $6, mark = $7, shown = $8, looked_to = null,
                    lease_until = null, lease_token = null
              where id = $1 and lease_token = $2",
            claimed.id.0,
            claimed.token,
            state,
            error,
            answer,
            now,
            mark,
            claimed.shows.filter(|_| matches!(end, End::Done(_))),
        )
        .execute(&mut *connection)
        .await?
        .rows_affected();
        if changed == 1 {
            free_next_in_lane(connection, &claimed.lane).await?;
            let receipt = Receipt {
                effect_id: claimed.id,
                generation: claimed.generation,
                effect: claimed.effect.clone(),
                origin: claimed.origin.clone(),
                end: end.clone(),
            };
            self.append_receipt(connection, &receipt, claimed.traceparent.clone(), now)
                .await?;
        }
        Ok(changed)
    }
}

/// Puts a claimed row back: until when, in which state, after how many lookups, and whether the attempt counts.
async fn wait(
    connection: &mut Session,
    claimed: &Claimed,
    (until, state, lookups, counted): (DateTime<Utc>, &str, i32, Counted),
    error: &str,
    looked_to: Option<&LookedTo>,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let uncounted = i32::from(counted != Counted::Yes);
    let failed = counted != Counted::No;
    let done = sqlx::query!(
        "update outbox
            set run_at = $3, state = $4, looks = $5, attempts = attempts - $6, error = $7,
                unreadable_since = null,
                uncertain_since = case when $4 = 'uncertain' then coalesce(uncertain_since, $8) end,
                failed_at = case when $9 then $8 else failed_at end,
                looked_to = $10,
                -- What surely never left begins anew with its next attempt; what stands in part does not.
                first_attempt_at = case when $4 = 'uncertain' or $10::text is not null
                                        then first_attempt_at end,
                lease_until = null, lease_token = null
          where id = $1 and lease_token = $2",
        claimed.id.0,
        claimed.token,
        until,
        state,
        lookups,
        uncounted,
        error,
        now,
        failed,
        looked_to.map(LookedTo::as_str),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
