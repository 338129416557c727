//! The rules of the record, one by one. A simulated year is in `tests/ci/year.rs`.

use super::*;
use chrono::Duration;

fn at(hours: i64) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2026-11-01T00:00:00Z".parse().unwrap();
    start + Duration::hours(hours)
}

fn round<'a>(hours: i64, change: &'a str, tree: &'a str, ended: Ended) -> Round<'a> {
    Round {
        at: at(hours),
        change,
        author: Author::Person,
        tree,
        on_default_branch: false,
        shape: Shape::Failures,
        passed_before: false,
        ended,
    }
}

fn on_main<'a>(hours: i64, change: &'a str, ended: Ended) -> Round<'a> {
    Round {
        on_default_branch: true,
        ..round(hours, change, change, ended)
    }
}

fn observed(rounds: &[Round<'_>]) -> Record {
    let mut record = Record::default();
    for round in rounds {
        record.observe(round, &Thresholds::default());
    }
    record
}

fn standing(record: &mut Record, hours: i64, verdicts: u32) -> Standing {
    record.judge(at(hours), verdicts, &Thresholds::default())
}

const FLAKY: Standing = Standing::Flaky {
    left_to_people: false,
};
use Ended::{Failed, Flaky, Passed};

/// Two changes in which it failed and then passed on the same tree.
fn two_events() -> [Round<'static>; 4] {
    [
        round(1, "pr 1", "t1", Failed),
        round(2, "pr 1", "t1", Passed),
        round(3, "pr 2", "t2", Failed),
        round(4, "pr 2", "t2", Passed),
    ]
}

#[test]
fn two_changes_and_one_percent_make_a_test_flaky() {
    let events = two_events();
    assert_eq!(
        standing(&mut observed(&events[..2]), 5, 2),
        Standing::Healthy
    );
    assert_eq!(standing(&mut observed(&events), 5, 200), FLAKY);
    assert_eq!(standing(&mut observed(&events), 5, 201), Standing::Healthy);
    // After the window, they do not count.
    let fortnight = 14 * 24;
    assert_eq!(standing(&mut observed(&events), fortnight + 1, 9), FLAKY);
    assert_eq!(
        standing(&mut observed(&events), fortnight + 2, 9),
        Standing::Healthy
    );
}

#[test]
fn a_pull_request_counts_once_and_a_bots_not_at_all() {
    let mut rounds = Vec::new();
    let trees: Vec<String> = (0..9).map(|n| format!("t{n}")).collect();
    for (n, tree) in (0i64..).zip(&trees) {
        rounds.push(round(2 * n, "pr 1", tree, Failed));
        rounds.push(round(2 * n + 1, "pr 1", tree, Passed));
    }
    assert_eq!(standing(&mut observed(&rounds), 20, 1), Standing::Healthy);
    for (round, change) in rounds.iter_mut().zip(["a", "a", "b", "b", "c", "c"]) {
        (round.change, round.author) = (change, Author::Bot);
    }
    assert_eq!(standing(&mut observed(&rounds), 20, 1), Standing::Healthy);
}

#[test]
fn failing_on_one_tree_and_passing_on_another_is_no_evidence() {
    let record = &mut observed(&[
        round(1, "pr 1", "t1", Failed),
        round(2, "pr 1", "t2", Passed),
        round(3, "pr 2", "t3", Failed),
        round(4, "pr 2", "t4", Passed),
    ]);
    assert_eq!(standing(record, 5, 2), Standing::Healthy);
    // Two commits of equal content are.
    let record = &mut observed(&[
        round(1, "pr 1", "t1", Failed),
        on_main(2, "t1", Passed),
        round(3, "pr 2", "t3", Flaky),
    ]);
    assert_eq!(standing(record, 5, 2), FLAKY);
}

#[test]
fn passing_and_then_failing_is_evidence_once_it_passes_again() {
    let before = |mut round: Round<'static>| {
        round.passed_before = true;
        round
    };
    let failed = [
        before(round(1, "pr 1", "t1", Failed)),
        before(round(2, "pr 2", "t2", Failed)),
    ];
    let record = &mut observed(&failed);
    assert_eq!(standing(record, 3, 2), Standing::Healthy);
    record.observe(&round(4, "pr 3", "t3", Passed), &Thresholds::default());
    assert_eq!(standing(record, 5, 3), FLAKY);
    // An outside cause breaks code that had passed: it fails until it is broken.
    let [first, second] = failed;
    let record = &mut observed(&[
        first,
        second,
        before(on_main(3, "m1", Failed)),
        before(on_main(4, "m2", Failed)),
        before(on_main(5, "m3", Failed)),
    ]);
    assert_eq!(standing(record, 6, 5), Standing::Broken);
    record.observe(&on_main(7, "m4", Passed), &Thresholds::default());
    let flaky = record.marks.iter().filter(|mark| mark.is_flaky).count();
    assert_eq!(flaky, 2, "the three on the default branch are no evidence");
}

#[test]
fn broken_takes_precedence_over_flaky_until_the_default_branch_passes() {
    let mut record = observed(&two_events());
    let thresholds = Thresholds::default();
    assert_eq!(standing(&mut record, 5, 9), FLAKY);
    for (hours, change) in [(6, "m1"), (7, "m1"), (8, "m2"), (9, "m3")] {
        assert_eq!(standing(&mut record, hours, 9), FLAKY, "{change}");
        record.observe(&on_main(hours, change, Failed), &thresholds);
    }
    assert_eq!(standing(&mut record, 10, 9), Standing::Broken);
    assert!(!Standing::Broken.is_flaky());
    // A pull request that passes says nothing of the default branch.
    record.observe(&round(11, "pr 3", "t9", Passed), &thresholds);
    assert_eq!(standing(&mut record, 12, 9), Standing::Broken);
    record.observe(&on_main(13, "m4", Passed), &thresholds);
    assert_eq!(standing(&mut record, 14, 9), FLAKY);
}

#[test]
fn a_mass_failure_is_never_a_flake() {
    for shape in [Shape::NearlyAll, Shape::ManyFailures] {
        let mut rounds = two_events();
        for round in &mut rounds {
            round.shape = shape;
        }
        for failing in [0, 2] {
            rounds[failing].shape = shape;
        }
        let mut record = observed(&rounds);
        assert_eq!(standing(&mut record, 5, 2), Standing::Healthy);
        assert_eq!(record.marks.is_empty(), shape == Shape::NearlyAll);
    }
}

#[test]
fn it_is_healthy_again_after_its_clean_days_or_runs() {
    let thresholds = Thresholds::default();
    let mut record = observed(&two_events());
    assert_eq!(standing(&mut record, 5, 9), FLAKY);
    let fortnight = 14 * 24;
    assert_eq!(standing(&mut record, fortnight + 4, 9), FLAKY);
    assert_eq!(standing(&mut record, fortnight + 5, 9), Standing::Healthy);

    let mut record = observed(&two_events());
    assert_eq!(standing(&mut record, 5, 9), FLAKY);
    for run in 0..100 {
        assert_eq!(standing(&mut record, 5, 9), FLAKY, "{run}");
        record.observe(&round(5, "pr 9", "t9", Passed), &thresholds);
    }
    assert_eq!(standing(&mut record, 6, 9), Standing::Healthy);
    // The old events do not make it flaky at once.
    assert_eq!(standing(&mut record, 7, 9), Standing::Healthy);
}

#[test]
fn a_test_that_flapped_twice_is_left_to_people() {
    let thresholds = Thresholds::default();
    let mut record = Record::default();
    for cycle in 0..3 {
        let start = cycle * 1000;
        for mut round in two_events() {
            round.at = at(start) + (round.at - at(0));
            record.observe(&round, &thresholds);
        }
        let left_to_people = cycle == 2;
        let flaky = Standing::Flaky { left_to_people };
        assert_eq!(standing(&mut record, start + 5, 9), flaky);
        let healed = if left_to_people {
            flaky
        } else {
            Standing::Healthy
        };
        assert_eq!(standing(&mut record, start + 900, 9), healed);
    }
    record.close(at(3000));
    assert_eq!(standing(&mut record, 3000, 9), Standing::Healthy);
    assert_eq!(record.cycles, 0);
}

#[test]
fn a_record_is_bounded_and_ends() {
    let thresholds = Thresholds::default();
    let mut record = Record::default();
    for n in 0..1000 {
        let change = format!("pr {n}");
        record.observe(&round(n / 10, &change, &change, Failed), &thresholds);
        assert!(record.marks.len() <= MARKS);
    }
    assert_eq!(record.marks[MARKS - 1].change, "pr 999");
    assert!(record.is_open(at(100)));
    let late = 100 + 14 * 24;
    assert_eq!(standing(&mut record, late, 9), Standing::Healthy);
    assert!(!record.is_open(at(late)));
}

#[test]
fn history_reads_as_a_message_says_it() {
    let record = observed(&two_events()[..3]);
    let history = record.history(at(5), 200, &Thresholds::default());
    let wanted = History {
        failed: 1,
        flaky: 1,
        verdicts: 200,
        last: Some(at(3)),
    };
    assert_eq!(history, wanted);
}
