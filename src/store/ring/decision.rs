//! Saving decisions: all of each, in their signals' transaction.

use super::append::{Arrival, append_all};
use super::intake::{Intake, StoredSignal};
use super::lists::answer_json;
use super::turns::lock_subjects;
use super::{audit, enqueue, timers};
use crate::domain::decision::Named;
use crate::domain::effect::Priority;
use crate::store::area::Ready;
use crate::store::error::StoreError;
use crate::store::people;
use crate::store::seal::Seal;
use crate::store::session::Session;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A signal and the decision on it.
pub struct Decided<'a> {
    /// The signal.
    pub signal: &'a StoredSignal,
    /// What follows from it.
    pub ready: &'a Ready,
    /// W3C trace context of its effects.
    pub traceparent: Option<String>,
}

async fn save_all(
    connection: &mut Session,
    decided: &[Decided<'_>],
    seal: Option<&Seal>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // Sorted, because the decisions of two transactions may name the same people.
    let names = decided.iter().flat_map(|one| &one.ready.decision.names);
    let mut names: Vec<&Named> = names.collect();
    names.sort_unstable();
    for Named { person, at, name } in names {
        people::call(connection, person, name, *at).await?;
    }
    for one in decided {
        one.ready.save_changes(connection).await?;
        let decision = &one.ready.decision;
        for (ordinal, entry) in (0_i32..).zip(&decision.audit) {
            audit::add(connection, decision.signal(), ordinal, entry).await?;
        }
        for timer in &decision.timers {
            timers::change(connection, timer).await?;
        }
    }
    let decisions: Vec<_> = decided
        .iter()
        .map(|one| (&one.ready.decision, one.traceparent.as_deref()))
        .collect();
    enqueue::enqueue(connection, &decisions, seal, now).await
}

impl Intake {
    /// Saves all of each decision and marks the signals done; nothing stands before [`Self::commit`].
    /// Decisions that lock an aggregate must be saved alone: see the order of locks.
    pub async fn save(
        &mut self,
        decided: &[Decided<'_>],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let seal = self.seal.as_deref();
        save_all(&mut self.transaction, decided, seal, now).await?;
        let ids: Vec<Uuid> = decided.iter().map(|one| one.signal.id.0).collect();
        let subjects: Vec<String> = decided
            .iter()
            .map(|one| one.signal.subject.clone())
            .collect();
        let outcomes: Vec<String> = decided
            .iter()
            .map(|one| one.ready.decision.outcome.as_str().to_owned())
            .collect();
        let answers: Vec<Option<serde_json::Value>> = decided
            .iter()
            .map(|one| one.ready.decision.api_answer.as_ref().map(answer_json))
            .collect();
        let told = self.told(decided, now)?;
        let raised = told.iter().map(|arrival| arrival.subject.as_str());
        let names = subjects.iter().map(String::as_str).chain(raised).collect();
        lock_subjects(&mut self.transaction, &names).await?;
        if !told.is_empty() {
            let all: Vec<&Arrival> = told.iter().collect();
            append_all(&mut self.transaction, &all, self.seal.is_some()).await?;
            self.brings_signals = true;
        }
        // One statement, because this is the busiest of all: the rows' ends, and their subjects' next,
        // as in `turns`. Neither half sees what the other does, so the rows themselves are left out.
        sqlx::query!(
            "with ended as (
                 update inbox
                    set state = 'done', ended_at = $2, error = null,
                        outcome = ($3::text[])[array_position($1::uuid[], id)],
                        answer = ($4::jsonb[])[array_position($1::uuid[], id)]
                  where id = any($1))
             update inbox set blocked = false
              where id = any(array(
                    select next.id
                      from unnest($1::uuid[], $5::text[]) as ends(id, subject),
                           lateral (select i.id from inbox i
                                     where i.subject between ends.subject and ends.subject
                                       and i.state = 'open' and i.id <> ends.id
                                     order by i.subject, i.seq limit 1) as next))",
            &ids,
            now,
            &outcomes,
            &answers as &[Option<serde_json::Value>],
            &subjects,
        )
        .execute(&mut self.transaction)
        .await?;
        for plan in decided.iter().flat_map(|one| &one.ready.decision.effects) {
            match plan.effect.priority() {
                Priority::InTurn => self.brings_effects[plan.effect.provider() as usize] = true,
                Priority::Now => self.brings_urgent = true,
            }
        }
        Ok(())
    }

    /// What other areas are told, as signals.
    fn told(
        &self,
        decided: &[Decided<'_>],
        now: DateTime<Utc>,
    ) -> Result<Vec<Arrival>, StoreError> {
        let mut arrivals = Vec::new();
        for one in decided {
            for (ordinal, told) in one.ready.decision.signals.iter().enumerate() {
                let body = serde_json::to_vec(told)
                    .map_err(|error| StoreError::Unreadable(error.to_string()))?;
                let body = match &self.seal {
                    Some(seal) => seal.close(&body),
                    None => body,
                };
                let key = format!("{}#{ordinal}", one.signal.id);
                arrivals.push(Arrival {
                    source: "area",
                    kind: <&str>::from(told).to_owned(),
                    subject: format!("area:{key}"),
                    dedup_key: key,
                    headers: serde_json::json!({}),
                    body: body.into(),
                    traceparent: one.traceparent.clone(),
                    at: now,
                });
            }
        }
        Ok(arrivals)
    }
}
