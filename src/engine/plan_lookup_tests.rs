//! What follows from a lookup that did not read, or did not find, everything.

use super::tests::{claimed, lost, now, post};
use super::*;

#[test]
fn it_is_sent_again_only_after_two_lookups_in_vain() {
    let mut effect = claimed(post());
    effect.uncertain = true;
    let first = after_lookup(Lookup::Absent, &effect, Counted::Yes, now(), 0.5);
    let Ending::Unsure {
        lookups: 1,
        lookup_at,
        ..
    } = first
    else {
        panic!("{first:?}")
    };
    assert_eq!(lookup_at - now(), LOOKUP_AGAIN);
    effect.lookups = 1;
    let second = after_lookup(Lookup::Absent, &effect, Counted::Yes, now(), 0.5);
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
    let found = after_lookup(
        Lookup::Found(Answer::Nothing),
        &effect,
        Counted::Yes,
        now(),
        0.5,
    );
    assert!(matches!(found, Ending::Over(End::Done(_))), "{found:?}");
}

#[test]
fn an_unfinished_lookup_goes_on_where_it_stopped_and_counts_as_no_attempt() {
    let to = |text: &str| LookedTo::new(text).unwrap();
    let looked_to = |ending: &Ending| match ending {
        Ending::Again { looked_to, .. } | Ending::Unsure { looked_to, .. } => looked_to.clone(),
        Ending::Over(end) => panic!("{end:?}"),
    };
    let mut effect = claimed(post());
    effect.uncertain = true;
    effect.attempts = ATTEMPTS;
    effect.lookups = 1;
    effect.looked_to = Some(to("half"));
    let unfinished = Lookup::Unfinished {
        looked_to: to("further"),
        after: std::time::Duration::from_secs(17),
        code: "ratelimited".into(),
        pauses: vec![],
    };
    let ending = after_lookup(unfinished, &effect, Counted::Yes, now(), 0.5);
    let Ending::Unsure {
        lookup_at,
        lookups: 1,
        counted: Counted::No,
        ..
    } = ending
    else {
        panic!("{ending:?}")
    };
    assert_eq!((lookup_at - now()).num_seconds(), 17);
    assert!(looked_to(&ending) == Some(to("further")));

    // Neither a failure nor a pause forgets it; the next lookup, and another attempt, do.
    let failed = Lookup::Failed {
        code: "timeout".into(),
        after: None,
        pauses: vec![],
    };
    let ending = after_lookup(failed, &effect, Counted::Outage, now(), 0.5);
    assert!(looked_to(&ending) == effect.looked_to);
    let until = Some(now() + Duration::seconds(4));
    let ending = before_exchange(&effect, until, now()).unwrap();
    assert!(looked_to(&ending) == effect.looked_to);
    for lookups in [0, 1] {
        effect.lookups = lookups;
        let ending = after_lookup(Lookup::Absent, &effect, Counted::Yes, now(), 0.5);
        assert!(looked_to(&ending).is_none());
    }
    let ending = after_exchange(lost(), &effect, Counted::Yes, now(), 0.5);
    assert!(looked_to(&ending).is_none());
}

#[test]
fn what_stands_in_part_is_looked_for_twice_and_where_it_was_found_is_kept() {
    let found_from = LookedTo::new("there").unwrap();
    let partly = || Lookup::Partly {
        looked_to: found_from.clone(),
    };
    let mut effect = claimed(post());
    effect.uncertain = true;
    let first = after_lookup(partly(), &effect, Counted::Yes, now(), 0.5);
    let Ending::Unsure {
        lookups: 1,
        looked_to: None,
        ..
    } = first
    else {
        panic!("{first:?}")
    };
    effect.lookups = 1;
    let second = after_lookup(partly(), &effect, Counted::Yes, now(), 0.5);
    let Ending::Again {
        certainty: Certainty::SurelyNot,
        looked_to: Some(kept),
        ..
    } = second
    else {
        panic!("{second:?}")
    };
    assert!(kept == found_from);
}

#[test]
fn a_name_that_is_another_ones_is_refused_by_its_lookup() {
    let refused = Lookup::Refused {
        code: "name_taken".into(),
    };
    let ending = after_lookup(refused, &claimed(post()), Counted::Yes, now(), 0.5);
    let Ending::Over(End::Refused { code }) = ending else {
        panic!("{ending:?}")
    };
    assert_eq!(code, "name_taken");
}

#[test]
fn an_attempt_that_an_outage_was_charged_with_may_have_happened_all_the_same() {
    let mut effect = claimed(post());
    assert!(!may_have_happened(&effect));
    effect.looked_to = LookedTo::new("there");
    assert!(may_have_happened(&effect));
}

#[test]
fn what_was_retried_by_hand_and_cannot_be_confirmed_is_repeated_once() {
    let mut effect = claimed(post());
    effect.uncertain = true;
    effect.generation = 1;
    let mut rounds = 0;
    loop {
        let unreadable = Lookup::Unreadable {
            code: "missing_scope".into(),
        };
        match after_lookup(unreadable, &effect, Counted::Yes, now(), 0.5) {
            // It is claimed for the attempt, whose answer gets lost, and for the next lookup.
            Ending::Again { .. } => effect.attempts += 1,
            Ending::Over(End::Uncertain { .. }) => break,
            other => panic!("{other:?}"),
        }
        rounds += 1;
    }
    assert_eq!(rounds, 1);
}
