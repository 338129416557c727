//! What follows from an exchange or a lookup: when to try again, when to look up, when to give up.
//!
//! Pure, so that every way an exchange can end is in one table. The rule that a reader would
//! question: an uncertain effect is never simply sent again. What its repetition means decides.

use crate::courier::{Lookup, Outcome};
use crate::domain::effect::{Answer, Effect, Repeat};
use crate::domain::healing::HeldBack;
use crate::domain::looked_to::LookedTo;
use crate::domain::signal::End;
use crate::store::{Claimed, Counted, Ending};
use chrono::{DateTime, Duration, Utc};

/// A provider may still be busy with a request whose answer we did not get; a lookup earlier than
/// this after the deadline would find nothing that says anything.
const LOOKUP_AFTER: Duration = Duration::seconds(2);
/// The second lookup comes this long after the first. What a dead process held must be done 20 s
/// later: 15 s of its lease, two lookups, and the sending.
const LOOKUP_AGAIN: Duration = Duration::seconds(2);
/// So many lookups in vain mean that it did not happen.
const LOOKUPS: i32 = 2;
/// No provider makes us wait longer in one go, whatever its Retry-After says.
pub const LONGEST_WAIT: Duration = Duration::hours(1);
/// So many attempts and failed lookups, about twenty minutes with their pauses, and a person must act.
/// Those that fail while the provider is down are not among them.
pub const ATTEMPTS: i32 = 12;
/// A message that comes this long after it was decided says when it was meant.
const LATE: Duration = Duration::minutes(10);
/// An answer for one person has other ways to them, and they wait: so many attempts, a few seconds,
/// and the next way is taken.
const ATTEMPTS_OF_AN_ANSWER: i32 = 3;
/// Pauses between attempts double up to this.
const LONGEST_PAUSE: Duration = Duration::minutes(5);

/// How long to wait after the `attempts`-th attempt: 1 s, 2 s, 4 s, … 5 min, give or take a fifth.
/// `jitter` is between 0 and 1: without it, everything that failed together comes back together.
pub fn backoff(attempts: i32, jitter: f64) -> Duration {
    let exponent = attempts.clamp(1, 16) - 1;
    let pause = Duration::seconds(1 << exponent).min(LONGEST_PAUSE);
    let spread = 0.8 + 0.4 * jitter.clamp(0.0, 1.0);
    Duration::milliseconds((pause.num_milliseconds() as f64 * spread) as i64)
}

/// What a failure of this effect is charged to. `answered_at`: when the provider last answered
/// a request; `down`: it answers none.
///
/// To the effect, when it failed for the first time, or when others had an answer since it failed
/// before: then it is the effect that fails. Else to the provider: an outage parks nothing.
pub fn charge(claimed: &Claimed, answered_at: Option<DateTime<Utc>>, down: bool) -> Counted {
    match (claimed.failed_at, answered_at) {
        _ if down => Counted::Outage,
        (None, _) => Counted::Yes,
        (Some(failed), Some(answered)) if answered >= failed => Counted::Yes,
        (Some(_), _) => Counted::Outage,
    }
}

/// When a message was meant, if it is news and comes late. What shows a state shows the present one.
pub fn delayed_from(claimed: &Claimed, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let news = claimed.origin.is_news();
    (news && now - claimed.created_at >= LATE).then_some(claimed.created_at)
}

/// Whether an earlier attempt may have happened. Attempts that an outage is charged with are not
/// counted; what is kept of their lookup tells of them.
pub fn may_have_happened(claimed: &Claimed) -> bool {
    claimed.uncertain || claimed.attempts > 1 || claimed.looked_to.is_some()
}

fn deadline(claimed: &Claimed) -> Duration {
    Duration::from_std(claimed.effect.deadline()).unwrap_or(LONGEST_WAIT)
}

/// What follows from an exchange; `charge` is for what failed.
pub fn after_exchange(
    outcome: Outcome,
    claimed: &Claimed,
    charge: Counted,
    now: DateTime<Utc>,
    jitter: f64,
) -> Ending {
    // A provider that refuses our credentials answers: no outage is to blame.
    let unauthorized = matches!(outcome, Outcome::Unauthorized { .. });
    let charge = if unauthorized { Counted::Yes } else { charge };
    let spent = charge == Counted::Yes && claimed.attempts >= ATTEMPTS;
    match outcome {
        Outcome::Done(answer) => Ending::Over(End::Done(answer)),
        Outcome::Refused { code } => Ending::Over(End::Refused { code }),
        Outcome::Later { after, code, .. } => {
            again(claimed, now + bounded(after), Counted::No, code)
        }
        Outcome::Partly {
            after,
            code,
            looked_to,
            ..
        } => {
            let lookup_at = now + bounded(after);
            match claimed.effect.repeat() {
                Repeat::Never => Ending::Over(End::Uncertain { code }),
                Repeat::Harmless => again(claimed, lookup_at, Counted::No, code),
                Repeat::LookUpFirst => Ending::Unsure {
                    lookup_at,
                    lookups: 0,
                    counted: Counted::No,
                    error: code,
                    looked_to,
                },
            }
        }
        Outcome::Failed { code } | Outcome::Unauthorized { code } => {
            let at = now + backoff(claimed.attempts, jitter);
            match claimed.effect.repeat() {
                // Its person waits, whatever is to blame, and the next way is tried.
                Repeat::Never if claimed.attempts >= ATTEMPTS_OF_AN_ANSWER => {
                    Ending::Over(End::Refused { code })
                }
                Repeat::Never => again(claimed, at, Counted::Yes, code),
                Repeat::Harmless | Repeat::LookUpFirst if spent => {
                    Ending::Over(End::Parked { code })
                }
                Repeat::Harmless | Repeat::LookUpFirst => again(claimed, at, charge, code),
            }
        }
        // An answer came, so nothing is in progress any more, and one lookup is enough.
        Outcome::ServerError { code } => perhaps(claimed, LOOKUPS - 1, charge, code, now, jitter),
        Outcome::Uncertain { code } => perhaps(claimed, 0, charge, code, now, jitter),
        Outcome::Elsewhere { outcome, .. } => {
            after_exchange(*outcome, claimed, Counted::Yes, now, jitter)
        }
    }
}

/// What follows when it may have happened; `lookups`: how many of the lookups it no longer needs.
fn perhaps(
    claimed: &Claimed,
    lookups: i32,
    charge: Counted,
    code: String,
    now: DateTime<Utc>,
    jitter: f64,
) -> Ending {
    let spent = charge == Counted::Yes && claimed.attempts >= ATTEMPTS;
    match claimed.effect.repeat() {
        Repeat::Never => Ending::Over(End::Uncertain { code }),
        Repeat::Harmless if spent => Ending::Over(End::Parked { code }),
        Repeat::Harmless => {
            let pause = backoff(claimed.attempts, jitter).max(LOOKUP_AFTER);
            again(claimed, now + pause, charge, code)
        }
        Repeat::LookUpFirst => Ending::Unsure {
            lookup_at: now + LOOKUP_AFTER,
            lookups,
            counted: charge,
            error: code,
            looked_to: None,
        },
    }
}

/// What follows from a lookup; `charge` is for one that failed.
pub fn after_lookup(
    lookup: Lookup,
    claimed: &Claimed,
    charge: Counted,
    now: DateTime<Utc>,
    jitter: f64,
) -> Ending {
    match lookup {
        Lookup::Found(answer) => Ending::Over(End::Done(answer)),
        Lookup::Refused { code } => Ending::Over(End::Refused { code }),
        Lookup::Absent => in_vain(claimed, None, now, jitter),
        Lookup::Partly { looked_to } => in_vain(claimed, Some(looked_to), now, jitter),
        // A person has asked for it, knowing that it may stand there already, and asked once: an attempt
        // since then that cannot be confirmed either is not repeated.
        Lookup::Unreadable { .. } if claimed.generation > 0 && claimed.attempts <= 1 => {
            Ending::Again {
                at: now,
                counted: Counted::No,
                certainty: Certainty::SurelyNot,
                error: "sent_again_by_operator".to_owned(),
                looked_to: None,
            }
        }
        Lookup::Unreadable { code } => Ending::Over(End::Uncertain { code }),
        Lookup::Failed {
            code, after: None, ..
        } if charge == Counted::Yes && claimed.attempts >= ATTEMPTS => {
            Ending::Over(End::Parked { code })
        }
        Lookup::Failed { code, after, .. } => {
            let (pause, counted) = match after {
                Some(after) => (bounded(after), Counted::No),
                None => (backoff(claimed.attempts, jitter).max(LOOKUP_AFTER), charge),
            };
            Ending::Unsure {
                lookup_at: now + pause,
                lookups: claimed.lookups,
                counted,
                error: code,
                looked_to: claimed.looked_to.clone(),
            }
        }
        Lookup::Unfinished {
            looked_to,
            after,
            code,
            ..
        } => Ending::Unsure {
            lookup_at: now + bounded(after),
            lookups: claimed.lookups,
            counted: Counted::No,
            error: code,
            looked_to: Some(looked_to),
        },
    }
}

/// What follows from a lookup that did not find all of it; `found_from`: where the parts that exist were found.
fn in_vain(
    claimed: &Claimed,
    found_from: Option<LookedTo>,
    now: DateTime<Utc>,
    jitter: f64,
) -> Ending {
    if claimed.lookups + 1 < LOOKUPS {
        return Ending::Unsure {
            // The last lookup counts only when the provider has had the whole of an exchange's time:
            // an answer that was lost at once says nothing about the work behind it.
            lookup_at: claimed.uncertain_since.map_or(now + LOOKUP_AGAIN, |since| {
                (now + LOOKUP_AGAIN).max(since + deadline(claimed) + LOOKUP_AFTER)
            }),
            lookups: claimed.lookups + 1,
            counted: Counted::No,
            error: "looked_for".to_owned(),
            // It reads everything again.
            looked_to: None,
        };
    }
    if claimed.attempts > ATTEMPTS {
        return Ending::Over(End::Parked {
            code: "not_delivered".to_owned(),
        });
    }
    let at = now + backoff(claimed.attempts.max(2) - 1, jitter) - Duration::seconds(1);
    Ending::Again {
        at: at.max(now),
        counted: Counted::No,
        certainty: Certainty::SurelyNot,
        error: "not_delivered".to_owned(),
        looked_to: found_from,
    }
}

/// A provider's Retry-After.
fn bounded(after: std::time::Duration) -> Duration {
    let after = Duration::from_std(after).unwrap_or(LONGEST_WAIT);
    after.min(LONGEST_WAIT)
}

/// What follows without any exchange; `None`: there must be one.
pub fn before_exchange(
    claimed: &Claimed,
    paused_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<Ending> {
    if claimed.uncertain && claimed.effect.repeat() == Repeat::Never {
        return Some(Ending::Over(End::Uncertain {
            code: "interrupted".to_owned(),
        }));
    }
    if claimed.not_after.is_some_and(|not_after| now >= not_after) {
        return Some(Ending::Over(End::Expired));
    }
    let until = paused_until?;
    Some(again(claimed, until, Counted::No, "paused".to_owned()))
}

/// What writes to GitHub is not sent while the rules hold it back. What may have been sent already is looked
/// up all the same, which only reads.
pub fn held_back(claimed: &Claimed, why: Option<HeldBack>) -> Option<Ending> {
    let why: &str = why?.into();
    let is_write = matches!(&claimed.effect, Effect::Github(effect) if effect.writes());
    let is_lookup = claimed.uncertain && claimed.effect.repeat() == Repeat::LookUpFirst;
    let why = why.to_owned();
    (is_write && !is_lookup).then_some(Ending::Over(End::Dropped { why }))
}

/// The effect only shows state, and there is none to show.
pub fn nothing_to_show() -> Ending {
    Ending::Over(End::Done(Answer::Nothing))
}

/// Too little of the lease is left for an exchange: it is claimed again.
pub fn out_of_time(claimed: &Claimed, now: DateTime<Utc>) -> Ending {
    again(claimed, now, Counted::No, "lease_spent".to_owned())
}

/// What it needs to know could not be read, so nothing was sent. `counted`: the database answered,
/// and would do so again in the same way.
pub fn unprepared(claimed: &Claimed, counted: Counted, now: DateTime<Utc>, jitter: f64) -> Ending {
    if counted == Counted::Yes && claimed.attempts >= ATTEMPTS {
        let code = "unreadable".to_owned();
        return Ending::Over(End::Parked { code });
    }
    let at = now + backoff(claimed.attempts, jitter);
    again(claimed, at, counted, "unreadable".to_owned())
}

/// Again at `at`, unless that is too late to be of use.
fn again(claimed: &Claimed, at: DateTime<Utc>, counted: Counted, error: String) -> Ending {
    if claimed.not_after.is_some_and(|not_after| at >= not_after) {
        return Ending::Over(End::Expired);
    }
    let certainty = if claimed.uncertain {
        Certainty::Perhaps
    } else {
        Certainty::SurelyNot
    };
    Ending::Again {
        at,
        counted,
        certainty,
        error,
        looked_to: claimed.looked_to.clone(),
    }
}

pub use crate::store::Certainty;

#[cfg(test)]
#[path = "held_back_tests.rs"]
mod held_back_tests;

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "plan_lookup_tests.rs"]
mod lookup_tests;
