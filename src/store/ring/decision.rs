//! Saving decisions: all of each, in their signals' transaction.

use super::append::{Arrival, append_own, column};
use super::intake::{Intake, StoredSignal};
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
    /// Saves all of each decision and marks the signals done; nothing is durable before [`Self::commit`].
    /// Decisions that lock an aggregate must be saved alone: see the order of locks.
    pub async fn save(
        &mut self,
        decided: &[Decided<'_>],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let seal = self.seal.as_deref();
        save_all(&mut self.transaction, decided, seal, now).await?;
        let ids: Vec<Uuid> = column(decided, |one| one.signal.id.0);
        let subjects: Vec<String> = column(decided, |one| one.signal.subject.clone());
        let answers = decided.iter().map(|one| {
            let answer = one.ready.decision.api_answer.as_ref();
            answer.map(serde_json::to_value).transpose()
        });
        let answers = answers.collect::<Result<Vec<_>, _>>()?;
        let told = told(decided, now)?;
        let raised = told.iter().map(|arrival| arrival.subject.as_str());
        let names = subjects.iter().map(String::as_str).chain(raised).collect();
        lock_subjects(&mut self.transaction, &names).await?;
        self.brings_signals |= !told.is_empty();
        append_own(&mut self.transaction, told, self.seal.as_deref()).await?;
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
            &column(decided, |one| one
                .ready
                .decision
                .outcome
                .as_str()
                .to_owned()),
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
}

/// What other areas are told, as signals.
fn told(decided: &[Decided<'_>], now: DateTime<Utc>) -> Result<Vec<Arrival>, StoreError> {
    let mut arrivals = Vec::new();
    for one in decided {
        for (ordinal, told) in one.ready.decision.signals.iter().enumerate() {
            let key = format!("{}#{ordinal}", one.signal.id);
            let subject = told.subject().unwrap_or_else(|| format!("area:{key}"));
            arrivals.push(Arrival {
                traceparent: one.traceparent.clone(),
                ..Arrival::own(
                    "area",
                    <&str>::from(told).to_owned(),
                    key,
                    subject,
                    told,
                    now,
                )?
            });
        }
    }
    Ok(arrivals)
}
