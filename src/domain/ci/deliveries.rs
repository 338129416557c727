//! Webhooks that GitHub could not deliver, and which of them are asked for.
//!
//! GitHub sends a webhook once and keeps a record of it for three days. A failed attempt stays in its list
//! after a later one succeeded, so the inbox says what is missing. A webhook that comes twice is one signal,
//! because the inbox is unique by its guid: asking too often does no harm.

use super::super::effect::github::FailedDelivery;
use chrono::{DateTime, Duration, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// How long GitHub keeps deliveries.
pub const KEPT: Duration = Duration::days(3);
/// How often one webhook is asked for.
pub const ATTEMPTS: i32 = 5;
/// How many webhooks are asked for at once: GitHub allows an App 180 such requests a minute.
const AT_ONCE: usize = 100;

/// What a decision needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// How far the failed deliveries were read.
    Listing,
    /// That, and what is known of these guids.
    Of(Vec<String>),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    pub listing: Listing,
    /// When the oldest webhook failed that is still missing and is asked for again.
    pub missing_since: Option<DateTime<Utc>>,
    /// Those of the guids that are in the inbox.
    pub received: BTreeSet<String>,
    /// Those of the guids that were asked for.
    pub asked: BTreeMap<String, Redelivery>,
}

/// How far the failed deliveries were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Since when a list is awaited.
    pub pending_since: Option<DateTime<Utc>>,
    /// All that failed before then was asked for.
    pub read_to: Option<DateTime<Utc>>,
    /// A list that is longer than one call reads; the next one goes on there.
    pub walk: Option<Walk>,
}

/// A list that is read from the newest delivery to the oldest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// When it was begun: what failed before then is read at its end.
    pub begun_at: DateTime<Utc>,
    /// How far back it is read.
    pub since: DateTime<Utc>,
    /// GitHub's word for the place; `None`: the newest.
    pub cursor: Option<String>,
}

/// A webhook that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redelivery {
    pub guid: String,
    /// When its newest attempt failed.
    pub failed_at: DateTime<Utc>,
    /// How often it was asked for.
    pub attempts: i32,
    pub asked_at: DateTime<Utc>,
    /// It was asked for as often as it may be, and operators were told.
    pub given_up: bool,
}

/// What follows from a list of failed deliveries.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// They are asked for: GitHub's id of the newest attempt, and what is then known.
    pub ask: Vec<(i64, Redelivery)>,
    /// They were asked for as often as they may be.
    pub give_up: Vec<Redelivery>,
    /// They came meanwhile.
    pub received: Vec<String>,
    /// Some are left to the next round.
    pub leaves: bool,
}

/// Sorts what failed, the oldest first.
pub fn sort(failed: &[FailedDelivery], known: &Known, now: DateTime<Utc>) -> Sorted {
    let mut sorted = Sorted::default();
    for delivery in failed {
        let guid = delivery.guid.clone();
        let before = known.asked.get(&guid);
        let attempts = before.map_or(0, |before| before.attempts);
        let waits = |before: &Redelivery| {
            before.given_up || now - before.asked_at < patience(before.attempts)
        };
        let redelivery = |attempts, given_up| Redelivery {
            guid: guid.clone(),
            failed_at: delivery.delivered_at,
            attempts,
            asked_at: now,
            given_up,
        };
        if known.received.contains(&guid) {
            sorted.received.extend(before.map(|_| guid));
        } else if before.is_some_and(waits) {
        } else if attempts >= ATTEMPTS {
            sorted.give_up.push(redelivery(attempts, true));
        } else if sorted.ask.len() == AT_ONCE {
            sorted.leaves = true;
        } else {
            let next = redelivery(attempts + 1, false);
            sorted.ask.push((delivery.id, next));
        }
    }
    sorted
}

/// How long a webhook is waited for after it was asked for so often: together most of the time that GitHub
/// keeps it, because our address may be down for longer than our process.
fn patience(attempts: i32) -> Duration {
    match attempts {
        ..=1 => Duration::minutes(5),
        2 => Duration::hours(1),
        3 => Duration::hours(6),
        _ => Duration::hours(24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_355_600 + 60 * minute, 0).unwrap()
    }

    fn failed(number: i64) -> FailedDelivery {
        FailedDelivery {
            id: number,
            guid: format!("g{number}"),
            event: "workflow_run".to_owned(),
            delivered_at: at(number),
            attempts: 1,
        }
    }

    fn asked(number: i64, attempts: i32) -> Known {
        let redelivery = Redelivery {
            guid: format!("g{number}"),
            failed_at: at(number),
            attempts,
            asked_at: at(100),
            given_up: false,
        };
        Known {
            asked: [(redelivery.guid.clone(), redelivery)].into(),
            ..Known::default()
        }
    }

    #[test]
    fn a_webhook_is_asked_for_five_times_at_growing_distances_and_then_given_up_once() {
        for (attempts, minutes) in [(1, 5), (2, 60), (3, 360), (4, 1440)] {
            let known = asked(1, attempts);
            let early = sort(&[failed(1)], &known, at(100 + minutes - 1));
            assert_eq!(early, Sorted::default(), "{attempts}");
            let due = sort(&[failed(1)], &known, at(100 + minutes));
            assert_eq!(due.ask[0].1.attempts, attempts + 1);
        }
        let mut known = asked(1, ATTEMPTS);
        let over = sort(&[failed(1)], &known, at(100 + 1440));
        assert!(over.ask.is_empty() && over.give_up[0].given_up);
        known.asked.insert("g1".to_owned(), over.give_up[0].clone());
        let later = sort(&[failed(1)], &known, at(100_000));
        assert_eq!(later, Sorted::default());
    }

    #[test]
    fn what_is_in_the_inbox_is_not_asked_for_and_no_longer_remembered() {
        let mut known = asked(1, 1);
        known.received = ["g1", "g2"].map(str::to_owned).into();
        let sorted = sort(&[failed(1), failed(2)], &known, at(1000));
        let received = vec!["g1".to_owned()];
        assert_eq!(
            sorted,
            Sorted {
                received,
                ..Sorted::default()
            }
        );
    }

    #[test]
    fn more_than_a_round_may_ask_for_is_left_to_the_next_one() {
        let all: Vec<FailedDelivery> = (0..150).map(failed).collect();
        let sorted = sort(&all, &Known::default(), at(1000));
        assert_eq!((sorted.ask.len(), sorted.leaves), (100, true));
    }
}
