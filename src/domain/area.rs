//! What an area of the product is: a vocabulary of its own, and two pure functions.
//!
//! The ring runs every area in the same way: it asks what an event needs, loads and locks that,
//! decides, and saves the decision in one transaction. An area names no other area; what it has to
//! say to another goes round the ring as a [`super::told::Told`].

use super::decision::Decision;
use super::ids::SignalId;
use super::rules::Rules;
use chrono::{DateTime, Utc};

/// One area of the product.
pub trait Area {
    /// What can happen here.
    type Event;
    /// Which rows must be loaded and locked for it. The default: none.
    type Needs: Default + PartialEq;
    /// What is then known. The default: nothing.
    type Facts: Default;
    /// Which rows of the area change.
    type Change;
    /// Why an effect of the area was decided.
    type Purpose;

    fn needs(event: &Self::Event, context: &Context<'_>) -> Self::Needs;

    /// Decides what follows from an event. It is called again with the same arguments whenever a
    /// transaction is repeated, and must give the same decision.
    fn decide(
        event: &Self::Event,
        facts: &Self::Facts,
        context: &Context<'_>,
        decision: &mut Decision<Self::Change, Self::Purpose>,
    );
}

/// What a decision may look at beside the facts.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub signal: SignalId,
    /// When the signal arrived: what timelines say.
    pub at: DateTime<Utc>,
    /// When it is decided: what limits and timers run from.
    pub now: DateTime<Utc>,
    pub rules: &'a Rules,
}
