//! Every way an exchange or a lookup can end, and what follows from it.

use super::*;
use crate::domain::effect::{Effect, slack::Effect as Slack};
use crate::domain::ids::{ChannelId, EffectId, MessageTs, SignalId, UserId};
use crate::domain::incident::{Purpose, Why};
use crate::domain::text::{Message, ReplyTo};
use uuid::Uuid;

pub(super) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

pub(super) fn claimed(effect: Effect) -> Claimed {
    claimed_for(effect, Why::Notice.alone())
}

fn claimed_for(effect: Effect, purpose: Purpose) -> Claimed {
    let id = EffectId::of(SignalId(Uuid::nil()), 0, "test");
    Claimed {
        id,
        lane: effect.lane(id),
        not_after: effect.not_after(),
        effect,
        origin: purpose.into(),
        attempts: 1,
        lookups: 0,
        generation: 0,
        uncertain: false,
        uncertain_since: None,
        looked_to: None,
        first_attempt_at: now(),
        failed_at: None,
        created_at: now(),
        traceparent: None,
        token: Uuid::nil(),
        shows: None,
    }
}

fn room() -> ChannelId {
    ChannelId::new("C1").unwrap()
}

pub(super) fn post() -> Effect {
    Effect::Slack(Slack::PostMessage {
        channel: room(),
        message: Message::line("hello"),
    })
}

fn pin() -> Effect {
    Effect::Slack(Slack::Pin {
        channel: room(),
        ts: MessageTs::new("1.2").unwrap(),
    })
}

fn reply() -> Effect {
    let person = UserId::new("U1").unwrap();
    let to = ReplyTo {
        person,
        channel: None,
        response_url: None,
        asked_at: now(),
    };
    Effect::Slack(Slack::Reply {
        to,
        message: Message::line("hello"),
    })
}

pub(super) fn lost() -> Outcome {
    Outcome::Uncertain {
        code: "timeout".into(),
    }
}

#[test]
fn a_failure_elsewhere_is_charged_to_the_effect_and_what_waits_here_is_not() {
    let elsewhere = |outcome: Outcome| {
        let outcome = Outcome::Elsewhere {
            outcome: Box::new(outcome),
            answered: false,
        };
        match after_exchange(outcome, &claimed(post()), Counted::Outage, now(), 0.5) {
            Ending::Again { counted, .. } => counted,
            other => panic!("{other:?}"),
        }
    };
    let code = "x".to_owned();
    let failed = Outcome::Failed { code: code.clone() };
    assert_eq!(elsewhere(failed), Counted::Yes);
    let later = Outcome::Later {
        after: std::time::Duration::from_secs(2),
        pauses: Vec::new(),
        code,
    };
    assert_eq!(elsewhere(later), Counted::No);
}

#[test]
fn an_uncertain_post_is_looked_for_and_never_simply_sent_again() {
    let ending = after_exchange(lost(), &claimed(post()), Counted::Yes, now(), 0.5);
    let Ending::Unsure {
        lookup_at,
        lookups: 0,
        ..
    } = ending
    else {
        panic!("{ending:?}")
    };
    assert_eq!(lookup_at - now(), LOOKUP_AFTER);
}

#[test]
fn what_is_harmless_is_repeated_and_what_cannot_be_is_said_to_be_uncertain() {
    let pinned = after_exchange(lost(), &claimed(pin()), Counted::Yes, now(), 0.5);
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
    let replied = after_exchange(lost(), &claimed(reply()), Counted::Yes, now(), 0.5);
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
    let ending = after_exchange(later, &claimed(post()), Counted::Yes, now(), 0.5);
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
fn half_a_message_is_looked_for_when_its_429_is_over_and_half_an_answer_is_not_begun_again() {
    let partly = || Outcome::Partly {
        after: std::time::Duration::from_secs(17),
        pauses: vec![],
        code: "ratelimited".into(),
        looked_to: None,
    };
    let ending = after_exchange(partly(), &claimed(post()), Counted::Yes, now(), 0.5);
    let Ending::Unsure {
        lookup_at,
        counted: Counted::No,
        ..
    } = ending
    else {
        panic!("{ending:?}")
    };
    assert_eq!((lookup_at - now()).num_seconds(), 17);
    let ending = after_exchange(partly(), &claimed(reply()), Counted::Yes, now(), 0.5);
    assert!(
        matches!(ending, Ending::Over(End::Uncertain { .. })),
        "{ending:?}"
    );
}

#[test]
fn what_keeps_failing_is_parked_and_until_then_waits_longer_each_time() {
    let failed = || Outcome::Failed {
        code: "connect".into(),
    };
    let mut effect = claimed(post());
    let mut pauses = Vec::new();
    while effect.attempts < ATTEMPTS {
        let ending = after_exchange(failed(), &effect, Counted::Yes, now(), 0.5);
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
    let last = after_exchange(failed(), &effect, Counted::Yes, now(), 0.5);
    assert!(matches!(last, Ending::Over(End::Parked { .. })), "{last:?}");
}

#[test]
fn an_answer_that_keeps_failing_goes_another_way_while_its_person_waits() {
    let failed = || Outcome::Failed {
        code: "connect".into(),
    };
    let mut answer = claimed_for(reply(), Why::Answer.alone());
    let mut waited = Duration::zero();
    while let Ending::Again { at, .. } = after_exchange(failed(), &answer, Counted::Yes, now(), 1.0)
    {
        waited += at - now();
        answer.attempts += 1;
    }
    assert!(waited < Duration::seconds(5), "{waited}");
    let ending = after_exchange(failed(), &answer, Counted::Yes, now(), 0.5);
    let Ending::Over(End::Refused { code }) = ending else {
        panic!("{ending:?}")
    };
    assert!(
        answer.origin.has_another_way(&answer.effect, &code),
        "no operator needs to act"
    );
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
    let unreadable = Lookup::Unreadable {
        code: "not_in_channel".into(),
    };
    let ending = after_lookup(unreadable, &claimed(post()), Counted::Yes, now(), 0.5);
    assert!(
        matches!(ending, Ending::Over(End::Uncertain { .. })),
        "{ending:?}"
    );
    let mut asked_for = claimed(post());
    asked_for.generation = 1;
    let unreadable = Lookup::Unreadable {
        code: "not_in_channel".into(),
    };
    let again = after_lookup(unreadable, &asked_for, Counted::Yes, now(), 0.5);
    assert!(
        matches!(
            again,
            Ending::Again {
                certainty: Certainty::SurelyNot,
                ..
            }
        ),
        "{again:?}"
    );
}

#[test]
fn who_cannot_look_so_often_asks_a_person() {
    let failing = || Lookup::Failed {
        code: "timeout".into(),
        after: None,
        pauses: vec![],
    };
    let again = after_lookup(failing(), &claimed(post()), Counted::Yes, now(), 0.5);
    assert!(matches!(again, Ending::Unsure { .. }), "{again:?}");
    // Nor does a provider put a lookup off for days.
    for after in [
        std::time::Duration::from_secs(86_400),
        std::time::Duration::MAX,
    ] {
        let limited = Lookup::Failed {
            code: "ratelimited".into(),
            after: Some(after),
            pauses: vec![],
        };
        let ending = after_lookup(limited, &claimed(post()), Counted::Yes, now(), 0.5);
        let Ending::Unsure { lookup_at, .. } = ending else {
            panic!("{ending:?}")
        };
        assert_eq!(lookup_at, now() + LONGEST_WAIT);
    }
    let mut uncertain = claimed(post());
    uncertain.attempts = ATTEMPTS;
    let ending = after_lookup(failing(), &uncertain, Counted::Yes, now(), 0.5);
    assert!(
        matches!(ending, Ending::Over(End::Parked { .. })),
        "{ending:?}"
    );
}

#[test]
fn a_503_needs_one_lookup_and_a_504_two() {
    let looks_after =
        |outcome| match after_exchange(outcome, &claimed(post()), Counted::Yes, now(), 0.5) {
            Ending::Unsure { lookups, .. } => lookups,
            other => panic!("{other:?}"),
        };
    let code = || "http_503".to_owned();
    let answered = Outcome::ServerError { code: code() };
    assert_eq!(looks_after(answered), LOOKUPS - 1);
    assert_eq!(looks_after(Outcome::Uncertain { code: code() }), 0);
    let mut reconciled = claimed(post());
    reconciled.lookups = LOOKUPS - 1;
    let ending = after_lookup(Lookup::Absent, &reconciled, Counted::Yes, now(), 0.5);
    assert!(matches!(ending, Ending::Again { at, .. } if at - now() < Duration::seconds(1)));
}

#[test]
fn a_failure_is_charged_to_the_effect_only_when_the_provider_answers_others() {
    let mut effect = claimed(post());
    let before = Some(now() - Duration::seconds(1));
    assert_eq!(charge(&effect, None, false), Counted::Yes, "the first");
    assert_eq!(charge(&effect, before, true), Counted::Outage);
    effect.failed_at = Some(now());
    assert_eq!(charge(&effect, None, false), Counted::Outage);
    assert_eq!(charge(&effect, before, false), Counted::Outage);
    assert_eq!(charge(&effect, Some(now()), false), Counted::Yes);
    assert_eq!(charge(&effect, Some(now()), true), Counted::Outage);
}

#[test]
fn an_outage_parks_nothing_however_often_it_is_tried() {
    let code = || "connect".to_owned();
    for effect in [post(), pin()] {
        let mut spent = claimed(effect);
        spent.attempts = ATTEMPTS;
        for outcome in [
            Outcome::Failed { code: code() },
            Outcome::ServerError { code: code() },
            Outcome::Uncertain { code: code() },
        ] {
            let ending = after_exchange(outcome, &spent, Counted::Outage, now(), 0.5);
            assert!(!matches!(ending, Ending::Over(_)), "{ending:?}");
        }
        let failing = Lookup::Failed {
            code: code(),
            after: None,
            pauses: vec![],
        };
        let ending = after_lookup(failing, &spent, Counted::Outage, now(), 0.5);
        assert!(!matches!(ending, Ending::Over(_)), "{ending:?}");
        // A provider that refuses our credentials answers.
        let outcome = Outcome::Unauthorized { code: code() };
        let ending = after_exchange(outcome, &spent, Counted::Outage, now(), 0.5);
        let parked = matches!(ending, Ending::Over(End::Parked { .. }));
        assert!(parked, "{ending:?}");
    }
}

#[test]
fn news_that_come_late_say_when_they_were_meant() {
    let late = now() + LATE;
    assert_eq!(delayed_from(&claimed(post()), now()), None);
    assert_eq!(delayed_from(&claimed(post()), late), Some(now()));
    let card = claimed_for(post(), Why::Card.alone());
    assert_eq!(delayed_from(&card, late), None);
}
