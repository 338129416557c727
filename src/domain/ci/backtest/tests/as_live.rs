//! What is kept in memory gives the same decisions as the rows of the database.

use super::super::ends::Ends;
use super::*;

const FORBIDDEN: &str = "##[error]Resource not accessible by integration";

fn tests_fail(number: i64, minute: i64, tests: impl IntoIterator<Item = String>) -> Past {
    let mut past = failed(number, minute, "test", ASSERTION);
    past.failed_tests = tests.into_iter().collect();
    past
}

fn many(first: usize, count: usize) -> impl Iterator<Item = String> {
    (first..first + count).map(|number| format!("test{number}"))
}

#[test]
fn nothing_is_done_when_a_newer_run_of_the_line_has_passed_and_that_hides_no_later_failure() {
    let slow = failed(10, 40, "deploy", FORBIDDEN);
    let green = failed(11, 20, "deploy", FORBIDDEN).passed();
    let (told, summary) = plan(
        &Github::default(),
        &[slow, green, failed(12, 90, "deploy", FORBIDDEN)],
    );
    let told: Vec<Verdict> = told.into_iter().flatten().collect();
    assert_eq!((told[0].number, told[0].incidents), (10, 0));
    assert_eq!(told[0].prevented, ["passed_since"]);
    assert_eq!(
        told[0].done,
        ["No re-run: a newer run on the branch has passed."]
    );
    assert_eq!((told[1].number, told[1].incidents), (12, 1));
    assert_eq!(summary.incidents, 1);
}

#[test]
fn a_green_run_that_was_repeated_and_failed_is_green_no_longer() {
    let green = failed(11, 20, "a", RESET).passed();
    let history = [
        green,
        failed(11, 30, "b", RESET).again(2, 30),
        failed(10, 40, "c", RESET),
    ];
    assert_eq!(reruns(&history), ["rerun", "superseded"]);
}

#[test]
fn a_run_that_has_not_ended_supersedes_an_older_one_and_is_not_decided() {
    let slow = failed(1, 30, "fetch", RESET);
    let mut waiting = failed(2, 20, "other", RESET).attempt();
    waiting.seen.run.status = Status::Queued;
    let mut attempts = vec![waiting, slow.attempt()];
    let mut backtest = Backtest::new(&Github::default(), &mut attempts);
    assert_eq!(attempts.len(), 1);
    let mut inspection = Backtest::inspection(&attempts[0].seen).unwrap();
    slow.reads(&mut inspection);
    let told = backtest.failed(&attempts[0], &inspection, 0);
    assert_eq!((told.number, &told.prevented[..]), (1, &["superseded"][..]));
}

#[test]
fn a_re_run_replaces_the_earlier_attempt_of_its_run_as_evidence() {
    let broken = |number, minute| tests_fail(number, minute, many(0, 1)).again(2, minute);
    let green = |number, minute| failed(number, minute, "test", "").passed();
    let history = [
        green(1, 0),
        broken(1, 10),
        green(2, 200),
        broken(2, 210),
        green(3, 400),
    ];
    assert_eq!(plan(&Github::default(), &history).1.flaky_tests, 0);
}

#[test]
fn a_run_counts_once_for_its_change_by_its_last_attempt_within_the_window() {
    let mut ends = Ends::default();
    let mut take = |past: Past| {
        ends.ended(&past.attempt().seen.run, Duration::minutes(60));
        let firsts = ends.changes().into_iter();
        let minutes = firsts.map(|at| (at - dawn()).num_minutes());
        let trees = ["abcdef10123456789", "abcdef20123456789"];
        let green = trees.map(|tree| ends.has_passed("push", tree));
        (minutes.collect::<Vec<_>>(), green)
    };
    let one = failed(1, 0, "test", "");
    assert_eq!(take(one.clone()), (vec![0], [false, false]));
    let two = failed(2, 10, "test", "").passed();
    assert_eq!(take(two), (vec![0, 10], [false, true]));
    let again = one.again(2, 20).passed();
    assert_eq!(take(again), (vec![10, 20], [true, true]));
    let again = failed(2, 30, "test", "").again(2, 30);
    assert_eq!(take(again), (vec![20, 30], [true, false]));
    let later = failed(3, 80, "test", "");
    assert_eq!(take(later), (vec![30, 80], [false, false]));
}

#[test]
fn a_green_run_is_a_pass_for_the_thousand_subjects_that_failed_last() {
    let history = [
        tests_fail(1, 0, many(0, 600)),
        tests_fail(2, 10, many(600, 600)),
    ];
    let (_, backtest) = played(&Github::default(), None, &history);
    let line = history[0].attempt().seen.run.line;
    let recorded = backtest.recorded(&line);
    assert_eq!(recorded.len(), 1000);
    let last: Vec<String> = many(600, 600).collect();
    assert!(last.iter().all(|test| recorded.contains(test)));
}

#[test]
fn an_issue_is_counted_for_each_signature_that_its_playbook_is_for() {
    let mut third = failed(3, 40, "test", ASSERTION);
    third.jobs.push(("lint".to_owned(), ASSERTION));
    let recurring = [
        failed(1, 0, "test", ASSERTION),
        failed(2, 20, "test", ASSERTION),
        third,
    ];
    let (told, summary) = plan(&Github::default(), &recurring);
    let last = told[2].as_ref().unwrap();
    assert_eq!((last.found.len(), last.issues.len()), (2, 1));
    assert_eq!(summary.issues, 1);
}

#[test]
fn many_tests_that_become_flaky_share_an_issue_which_the_repository_may_forbid() {
    let attempts = |number: i64, minute| {
        let fails = tests_fail(number, minute, many(0, 6));
        [fails.clone(), fails.again(2, minute + 10).passed()]
    };
    let history = [attempts(1, 0), attempts(2, 200)].concat();
    for (own, issues, wanted) in [
        (
            None,
            1,
            "  Dry run: would have kept an issue about 6 flaky tests:",
        ),
        (
            Some("dry_run: true"),
            1,
            "  Dry run: would have kept an issue about 6 flaky tests:",
        ),
        (Some("wardroom: off"), 0, "  The test test0 became flaky."),
    ] {
        let (told, backtest) = played(&Github::default(), own, &history);
        let told = told.last().unwrap().as_ref().unwrap();
        assert_eq!(told.lines()[1], wanted, "{own:?}");
        let summary = backtest.summary();
        assert_eq!(
            (summary.flaky_tests, summary.issues),
            (6, issues),
            "{own:?}"
        );
    }
}

#[test]
fn a_re_run_that_has_not_ended_did_neither_pass_nor_fail() {
    let past = failed(1, 0, "fetch", RESET);
    let mut attempts = vec![past.attempt()];
    let mut next = past.clone().again(2, 9).attempt().seen.run;
    next.status = Status::InProgress;
    attempts[0].next = Some(Next::of(&next));
    let mut backtest = Backtest::new(&Github::default(), &mut attempts);
    let mut inspection = Backtest::inspection(&attempts[0].seen).unwrap();
    past.reads(&mut inspection);
    backtest.failed(&attempts[0], &inspection, 0);
    let summary = backtest.summary();
    assert_eq!(
        (summary.reruns_that_failed, summary.reruns_not_ended),
        (0, 1)
    );
}
