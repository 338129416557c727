//! What follows from an exchange or a look: when to try again, when to look, when to give up.
//!
//! Pure, so that every way an exchange can end stands in one table. The rule that a reader would
//! question: an uncertain effect is never simply sent again. What its repetition means decides.

use crate::courier::{Look, Outcome};
use crate::domain::effect::{Effect, Repeat};
use crate::domain::signal::{Answer, End};
use crate::store::{Claimed, Counted, Ending};
use chrono::{DateTime, Duration, Utc};

/// A provider may still be busy with a request whose answer we did not get; looking earlier than
/// this after the deadline would find nothing that says anything.
const LOOK_AFTER: Duration = Duration::seconds(2);
/// The second look comes this long after the first. What a dead process held must be done 20 s
/// later: 15 s of its lease, two looks, and the sending.
const LOOK_AGAIN: Duration = Duration::seconds(2);
/// So many looks in vain mean that it did not happen.
const LOOKS: i32 = 2;
/// When nobody could look for this long, it ends uncertain.
const LOOK_NO_LONGER: Duration = Duration::minutes(30);
/// So many attempts, about twenty minutes with their pauses, and a person must look.
pub const ATTEMPTS: i32 = 12;
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

/// What follows from an exchange.
pub fn after_exchange(
    outcome: Outcome,
    claimed: &Claimed,
    now: DateTime<Utc>,
    jitter: f64,
) -> Ending {
    let spent = claimed.attempts >= ATTEMPTS;
    match outcome {
        Outcome::Done(answer) => Ending::Over(End::Done(answer)),
        Outcome::Refused { code } => Ending::Over(End::Refused { code }),
        Outcome::Later { after, code, .. } => {
            let at = now + Duration::from_std(after).unwrap_or(LONGEST_PAUSE);
            again(claimed, at, Counted::No, code)
        }
        Outcome::Failed { code } if spent => Ending::Over(End::Parked { code }),
        Outcome::Failed { code } => again(
            claimed,
            now + backoff(claimed.attempts, jitter),
            Counted::Yes,
            code,
        ),
        Outcome::Uncertain { code } => match claimed.effect.repeat() {
            Repeat::Never => Ending::Over(End::Uncertain { code }),
            Repeat::Harmless if spent => Ending::Over(End::Parked { code }),
            Repeat::Harmless => {
                let pause = backoff(claimed.attempts, jitter).max(LOOK_AFTER);
                again(claimed, now + pause, Counted::Yes, code)
            }
            Repeat::LookFirst => Ending::Unsure {
                look_at: now + LOOK_AFTER,
                looks: 0,
                counted: Counted::Yes,
                error: code,
            },
        },
    }
}

/// What follows from a look.
pub fn after_look(look: Look, claimed: &Claimed, now: DateTime<Utc>, jitter: f64) -> Ending {
    match look {
        Look::Found(answer) => Ending::Over(End::Done(answer)),
        Look::Absent if claimed.looks + 1 < LOOKS => Ending::Unsure {
            look_at: now + LOOK_AGAIN,
            looks: claimed.looks + 1,
            counted: Counted::No,
            error: "looked_for".to_owned(),
        },
        Look::Absent if claimed.attempts > ATTEMPTS => Ending::Over(End::Parked {
            code: "not_delivered".to_owned(),
        }),
        Look::Absent => {
            let at = now + backoff(claimed.attempts.max(2) - 1, jitter) - Duration::seconds(1);
            Ending::Again {
                at: at.max(now),
                counted: Counted::No,
                certainty: Certainty::SurelyNot,
                error: "not_delivered".to_owned(),
            }
        }
        Look::Unreadable { code } => Ending::Over(End::Uncertain { code }),
        Look::Failed { code, .. } if now - claimed.first_attempt_at > LOOK_NO_LONGER => {
            Ending::Over(End::Uncertain { code })
        }
        Look::Failed { code, after, .. } => {
            let pause = after
                .and_then(|after| Duration::from_std(after).ok())
                .unwrap_or_else(|| backoff(claimed.attempts, jitter).max(LOOK_AFTER));
            Ending::Unsure {
                look_at: now + pause,
                looks: claimed.looks,
                counted: Counted::No,
                error: code,
            }
        }
    }
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

/// Whether the effect only shows state and there is none to show.
pub fn nothing_to_show(effect: &Effect) -> Ending {
    debug_assert!(effect.coalesce_key().is_some(), "it shows no state");
    Ending::Over(End::Done(Answer::Nothing))
}

/// Too little of the lease is left for an exchange: somebody claims it afresh.
pub fn out_of_time(claimed: &Claimed, now: DateTime<Utc>) -> Ending {
    again(claimed, now, Counted::No, "lease_spent".to_owned())
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
    }
}

pub use crate::store::Certainty;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::act::ReplyTo;
    use crate::domain::effect::Purpose;
    use crate::domain::ids::{ChannelId, EffectId, MessageTs, SignalId, UserId};
    use crate::domain::text::Message;
    use uuid::Uuid;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn claimed(effect: Effect) -> Claimed {
        let id = EffectId::of(SignalId(Uuid::nil()), 0);
        Claimed {
            id,
            lane: effect.lane(id),
            not_after: effect.not_after(),
            effect,
            attempts: 1,
            looks: 0,
            generation: 0,
            uncertain: false,
            first_attempt_at: now(),
            created_at: now(),
            traceparent: None,
            token: Uuid::nil(),
        }
    }

    fn room() -> ChannelId {
        ChannelId::new("C1").unwrap()
    }

    fn post() -> Effect {
        let purpose = Purpose::Notice { incident: None };
        Effect::PostMessage {
            room: room(),
            message: Message::line("hello"),
            purpose,
        }
    }

    fn pin() -> Effect {
        Effect::Pin {
            room: room(),
            ts: MessageTs::new("1.2").unwrap(),
        }
    }

    fn reply() -> Effect {
        let person = UserId::new("U1").unwrap();
        let to = ReplyTo {
            person,
            room: None,
            response_url: None,
            asked_at: now(),
        };
        Effect::Reply {
            to,
            message: Message::line("hello"),
        }
    }

    fn lost() -> Outcome {
        Outcome::Uncertain {
            code: "timeout".into(),
        }
    }

    #[test]
    fn an_uncertain_post_is_looked_for_and_never_simply_sent_again() {
        let ending = after_exchange(lost(), &claimed(post()), now(), 0.5);
        let Ending::Unsure {
            look_at, looks: 0, ..
        } = ending
        else {
            panic!("{ending:?}")
        };
        assert_eq!(look_at - now(), LOOK_AFTER);
    }

    #[test]
    fn it_is_sent_again_only_after_two_looks_in_vain() {
        let mut effect = claimed(post());
        effect.uncertain = true;
        let first = after_look(Look::Absent, &effect, now(), 0.5);
        let Ending::Unsure {
            looks: 1, look_at, ..
        } = first
        else {
            panic!("{first:?}")
        };
        assert_eq!(look_at - now(), LOOK_AGAIN);
        effect.looks = 1;
        let second = after_look(Look::Absent, &effect, now(), 0.5);
        assert!(
            matches!(
                second,
                Ending::Again {
                    certainty: Certainty::SurelyNot,
                    ..
                }
            ),
            "{second:?}"
        );
        let found = after_look(Look::Found(Answer::Nothing), &effect, now(), 0.5);
        assert!(matches!(found, Ending::Over(End::Done(_))), "{found:?}");
    }

    #[test]
    fn what_is_harmless_is_repeated_and_what_cannot_be_is_said_to_be_uncertain() {
        let pinned = after_exchange(lost(), &claimed(pin()), now(), 0.5);
        assert!(
            matches!(
                pinned,
                Ending::Again {
                    counted: Counted::Yes,
                    ..
                }
            ),
            "{pinned:?}"
        );
        let replied = after_exchange(lost(), &claimed(reply()), now(), 0.5);
        assert!(
            matches!(replied, Ending::Over(End::Uncertain { .. })),
            "{replied:?}"
        );
        let mut interrupted = claimed(reply());
        interrupted.uncertain = true;
        let ending = before_exchange(&interrupted, None, now());
        assert!(
            matches!(ending, Some(Ending::Over(End::Uncertain { .. }))),
            "{ending:?}"
        );
    }

    #[test]
    fn a_429_waits_as_long_as_it_says_and_does_not_count() {
        let after = std::time::Duration::from_secs(17);
        let later = Outcome::Later {
            after,
            pauses: vec![],
            code: "ratelimited".into(),
        };
        let ending = after_exchange(later, &claimed(post()), now(), 0.5);
        let Ending::Again {
            at,
            counted: Counted::No,
            ..
        } = ending
        else {
            panic!("{ending:?}")
        };
        assert_eq!((at - now()).num_seconds(), 17);
    }

    #[test]
    fn what_keeps_failing_is_parked_and_until_then_waits_longer_each_time() {
        let failed = || Outcome::Failed {
            code: "connect".into(),
        };
        let mut effect = claimed(post());
        let mut pauses = Vec::new();
        while effect.attempts < ATTEMPTS {
            let ending = after_exchange(failed(), &effect, now(), 0.5);
            let Ending::Again { at, .. } = ending else {
                panic!("{ending:?}")
            };
            pauses.push(at - now());
            effect.attempts += 1;
        }
        assert!(
            pauses.is_sorted() && pauses.last() == Some(&LONGEST_PAUSE),
            "{pauses:?}"
        );
        let last = after_exchange(failed(), &effect, now(), 0.5);
        assert!(matches!(last, Ending::Over(End::Parked { .. })), "{last:?}");
    }

    #[test]
    fn a_pause_never_carries_an_effect_beyond_its_use() {
        let mut effect = claimed(post());
        effect.not_after = Some(now() + Duration::seconds(3));
        let long = before_exchange(&effect, Some(now() + Duration::seconds(4)), now());
        assert!(matches!(long, Some(Ending::Over(End::Expired))), "{long:?}");
        let short = before_exchange(&effect, Some(now() + Duration::seconds(2)), now());
        assert!(matches!(short, Some(Ending::Again { .. })), "{short:?}");
        let late = before_exchange(&effect, None, now() + Duration::seconds(3));
        assert!(matches!(late, Some(Ending::Over(End::Expired))), "{late:?}");
    }

    #[test]
    fn an_uncertain_effect_that_is_paused_stays_uncertain() {
        let mut effect = claimed(post());
        effect.uncertain = true;
        let ending = before_exchange(&effect, Some(now() + Duration::seconds(4)), now());
        assert!(
            matches!(
                ending,
                Some(Ending::Again {
                    certainty: Certainty::Perhaps,
                    ..
                })
            ),
            "{ending:?}"
        );
    }

    #[test]
    fn where_nobody_may_look_it_ends_uncertain() {
        let unreadable = Look::Unreadable {
            code: "not_in_channel".into(),
        };
        let ending = after_look(unreadable, &claimed(post()), now(), 0.5);
        assert!(
            matches!(ending, Ending::Over(End::Uncertain { .. })),
            "{ending:?}"
        );
        let failing = || Look::Failed {
            code: "timeout".into(),
            after: None,
            pauses: vec![],
        };
        let again = after_look(failing(), &claimed(post()), now(), 0.5);
        assert!(matches!(again, Ending::Unsure { .. }), "{again:?}");
        let too_long = now() + LOOK_NO_LONGER + Duration::seconds(1);
        let ending = after_look(failing(), &claimed(post()), too_long, 0.5);
        assert!(
            matches!(ending, Ending::Over(End::Uncertain { .. })),
            "{ending:?}"
        );
    }
}
