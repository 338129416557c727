//! The one place where the ring runs the areas: it knows them by their types, and none of their terms.

use super::decode::guarded;
use crate::domain::area::{Area, Context};
use crate::domain::areas::{Event, Origin, Signal};
use crate::domain::ci::Ci;
use crate::domain::decision::{Decision, Outcome};
use crate::domain::incident::Incidents;
use crate::domain::rules::Rules;
use crate::store::{Intake, Persist, Ready, StoreError};
use chrono::{DateTime, Utc};

/// Why there is no decision.
pub(super) enum Undecided {
    Store(StoreError),
    /// Our own code panicked.
    Panicked(String),
}

fn context<'a>(signal: &Signal, rules: &'a Rules, now: DateTime<Utc>) -> Context<'a> {
    Context {
        signal: signal.id,
        at: signal.at,
        now,
        rules,
    }
}

/// Loads and locks what a signal's decision needs, and decides.
pub(super) async fn decide(
    intake: &mut Intake,
    signal: &Signal,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Ready, Undecided> {
    let context = context(signal, rules, now);
    match &signal.event {
        Event::Incident(event) => known::<Incidents>(intake, event, &context).await,
        Event::Ci(event) => known::<Ci>(intake, event, &context).await,
        Event::Unused { .. } | Event::Incomplete { .. } => {
            decide_blank(signal, rules, now).map_err(Undecided::Panicked)
        }
    }
}

async fn known<A: Persist + 'static>(
    intake: &mut Intake,
    event: &A::Event,
    context: &Context<'_>,
) -> Result<Ready, Undecided>
where
    Origin: From<A::Purpose>,
    A::Change: Send + Sync,
{
    let needs = A::needs(event, context);
    let facts = intake.load::<A>(&needs, context.now).await;
    let facts = facts.map_err(Undecided::Store)?;
    decided::<A>(event, &facts, context).map_err(Undecided::Panicked)
}

fn decided<A: Persist + 'static>(
    event: &A::Event,
    facts: &A::Facts,
    context: &Context<'_>,
) -> Result<Ready, String>
where
    Origin: From<A::Purpose>,
    A::Change: Send + Sync,
{
    guarded(|| {
        let mut decision = Decision::on(context.signal);
        A::decide(event, facts, context, &mut decision);
        Ok(Ready::of::<A>(decision))
    })
}

/// Decides a signal for which nothing has to be known.
pub(super) fn decide_blank(
    signal: &Signal,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Ready, String> {
    let context = context(signal, rules, now);
    match &signal.event {
        Event::Incident(event) => decided::<Incidents>(event, &Default::default(), &context),
        Event::Ci(event) => decided::<Ci>(event, &Default::default(), &context),
        Event::Unused { .. } => Ok(Ready::plain(Decision::on(signal.id))),
        Event::Incomplete { .. } => {
            let mut decision = Decision::on(signal.id);
            decision.outcome = Outcome::Incomplete;
            Ok(Ready::plain(decision))
        }
    }
}

/// Whether a signal may be decided together with others.
pub(super) enum Sharing {
    /// It asks for nothing.
    Free,
    /// It locks what this names; see [`Persist::lock`].
    Locks(String),
    Never,
}

pub(super) fn sharing(signal: &Signal, rules: &Rules, now: DateTime<Utc>) -> Sharing {
    let context = context(signal, rules, now);
    match &signal.event {
        Event::Incident(event) => sharing_of::<Incidents>(&Incidents::needs(event, &context)),
        Event::Ci(event) => sharing_of::<Ci>(&Ci::needs(event, &context)),
        Event::Unused { .. } | Event::Incomplete { .. } => Sharing::Free,
    }
}

fn sharing_of<A: Persist>(needs: &A::Needs) -> Sharing {
    match A::lock(needs) {
        Some(name) => Sharing::Locks(name),
        None if *needs == A::Needs::default() => Sharing::Free,
        None => Sharing::Never,
    }
}

/// For which of these signals nothing has to be known; see [`Persist::blank`].
pub(super) async fn blank(
    intake: &mut Intake,
    signals: &[&Signal],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Vec<bool>, StoreError> {
    let mut blank = vec![true; signals.len()];
    let (mut incidents, mut ci) = (Vec::new(), Vec::new());
    for (at, signal) in signals.iter().enumerate() {
        let context = context(signal, rules, now);
        match &signal.event {
            Event::Incident(event) => incidents.push((at, Incidents::needs(event, &context))),
            Event::Ci(event) => ci.push((at, Ci::needs(event, &context))),
            Event::Unused { .. } | Event::Incomplete { .. } => {}
        }
    }
    blank_of::<Incidents>(intake, incidents, &mut blank).await?;
    blank_of::<Ci>(intake, ci, &mut blank).await?;
    Ok(blank)
}

async fn blank_of<A: Persist>(
    intake: &mut Intake,
    own: Vec<(usize, A::Needs)>,
    blank: &mut [bool],
) -> Result<(), StoreError> {
    if own.is_empty() {
        return Ok(());
    }
    let (places, needs): (Vec<usize>, Vec<A::Needs>) = own.into_iter().unzip();
    for (at, is_blank) in places.into_iter().zip(intake.blank::<A>(&needs).await?) {
        blank[at] = is_blank;
    }
    Ok(())
}
