//! Histories, and what would have been done.

use super::super::{Code, Line, Place, Read, Run};
use super::*;
use crate::domain::effect::github::{self, FailedJob, StepSeen, TestReports, TestSeen};
use chrono::Duration;

mod as_live;

const RESET: &str =
    "fatal: unable to access 'https://github.com/acme/api/': Connection reset by peer";
const ASSERTION: &str =
    "test basket::adds ... FAILED\n##[error]Process completed with exit code 101.";

fn dawn() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_355_600, 0).unwrap()
}

/// An attempt of a run on `main` that ends in this minute, a minute after it began.
#[derive(Clone)]
struct Past {
    repository: &'static str,
    number: i64,
    attempt: i32,
    minute: i64,
    conclusion: Conclusion,
    /// Names of jobs with their logs.
    jobs: Vec<(String, &'static str)>,
    failed_tests: Vec<String>,
}

fn failed(number: i64, minute: i64, job: &str, log: &'static str) -> Past {
    Past {
        repository: "acme/api",
        number,
        attempt: 1,
        minute,
        conclusion: Conclusion::Failure,
        jobs: vec![(job.to_owned(), log)],
        failed_tests: Vec::new(),
    }
}

impl Past {
    fn again(mut self, attempt: i32, minute: i64) -> Self {
        (self.attempt, self.minute) = (attempt, minute);
        self
    }

    fn passed(mut self) -> Self {
        self.conclusion = Conclusion::Success;
        self
    }

    fn within(mut self, repository: &'static str) -> Self {
        self.repository = repository;
        self
    }

    fn attempt(&self) -> Attempt {
        let run = Run {
            id: 1000 + self.number,
            line: Line::new(self.repository.to_owned(), 7, "main".to_owned(), "push"),
            workflow_name: "CI".to_owned(),
            place: Place {
                number: self.number,
                attempt: self.attempt,
            },
            trigger: "push".to_owned(),
            sha: format!("abcdef{}0123456789", self.number),
            code: Code {
                change: format!("abcdef{}", self.number),
                ..Code::default()
            },
            status: Status::Completed(self.conclusion.clone()),
            actor: Some("ada".to_owned()),
            url: String::new(),
            started_at: dawn() + Duration::minutes(self.minute - 1),
            updated_at: dawn() + Duration::minutes(self.minute),
        };
        let seen = Seen {
            run,
            default_branch: Some("main".to_owned()),
            workflow_file: None,
        };
        Attempt { seen, next: None }
    }

    fn reads(&self, inspection: &mut Inspection) {
        let step = StepSeen {
            name: "Test".to_owned(),
            conclusion: Some("failure".to_owned()),
            started_at: None,
            completed_at: None,
        };
        let jobs = (1..).zip(&self.jobs).map(|(id, (name, _))| FailedJob {
            id,
            name: name.clone(),
            conclusion: "failure".to_owned(),
            url: String::new(),
            steps: vec![step.clone()],
        });
        let jobs: Vec<FailedJob> = jobs.collect();
        let count = u32::try_from(jobs.len()).unwrap();
        let listed = github::Answer::Jobs {
            jobs,
            failed: count,
            deploys: None,
            total: count,
            artifacts: self.failed_tests.first().map(|_| 77).into_iter().collect(),
            more_artifacts: false,
            // Of today: it must not count.
            quota_left: Some(3),
        };
        for read in inspection.takes(Read::Jobs, &listed) {
            let answer = match read {
                Read::Log(job) => github::Answer::JobLog {
                    annotations: Vec::new(),
                    tail: self.jobs[usize::try_from(job - 1).unwrap()].1.to_owned(),
                    unread: None,
                    is_whole: true,
                },
                _ => github::Answer::TestReports(Box::new(TestReports {
                    ran: 10_000,
                    failed: u32::try_from(self.failed_tests.len()).unwrap(),
                    tests: self.failed_tests.iter().map(|id| failed_test(id)).collect(),
                    ..TestReports::default()
                })),
            };
            inspection.takes(read, &answer);
        }
        assert!(inspection.pending.is_empty());
    }
}

fn failed_test(id: &str) -> TestSeen {
    TestSeen {
        id: id.to_owned(),
        flaky: false,
        message: None,
    }
}

/// What follows from each attempt, in the order of their ends.
fn plan(github: &Github, history: &[Past]) -> (Vec<Option<Verdict>>, Summary) {
    let (told, backtest) = played(github, None, history);
    (told, backtest.summary)
}

/// The same with the repository's own file.
fn played(
    github: &Github,
    own: Option<&str>,
    history: &[Past],
) -> (Vec<Option<Verdict>>, Backtest) {
    let mut attempts: Vec<Attempt> = history.iter().map(Past::attempt).collect();
    let mut backtest = Backtest::new(github, &mut attempts);
    let own = OwnFile::read(own.unwrap_or_default(), dawn());
    backtest.set_own_file("acme/api", own);
    let told = attempts.iter().map(|attempt| {
        let run = &attempt.seen.run;
        let is_it = |one: &&Past| {
            let here = (one.repository, one.number, one.attempt);
            here == (&run.line.repository, run.place.number, run.place.attempt)
        };
        let past = history.iter().find(is_it).unwrap();
        let Some(mut inspection) = Backtest::inspection(&attempt.seen) else {
            return backtest.ended(attempt);
        };
        past.reads(&mut inspection);
        Some(backtest.failed(attempt, &inspection, 0))
    });
    let told = told.collect();
    (told, backtest)
}

/// Whether each failed attempt is repeated, and the first word why not.
fn reruns(history: &[Past]) -> Vec<&'static str> {
    let (told, _) = plan(&Github::default(), history);
    let words = told.iter().flatten().map(|one| match one.rerun {
        true => "rerun",
        false => one.prevented.first().copied().unwrap_or("nothing"),
    });
    words.collect()
}

/// A name of a job; numbers in it would not make another signature.
fn job(number: i64) -> String {
    "x".repeat(usize::try_from(number).unwrap())
}

#[test]
fn the_budget_of_an_hour_is_used_up_in_the_order_of_the_runs_and_then_begins_again() {
    let on_a_branch = |number: i64, minute| failed(number, minute, &job(number), RESET);
    let mut history: Vec<Past> = (1..=12).map(|n| on_a_branch(n, 2 * n)).collect();
    history.push(on_a_branch(13, 100));
    // The order in which they are listed does not matter.
    history.reverse();
    let words = reruns(&history);
    assert_eq!(words[..10], ["rerun"; 10]);
    assert_eq!(
        words[10..],
        ["repository_budget", "repository_budget", "rerun"]
    );
}

#[test]
fn the_same_failure_of_another_run_cools_down_for_an_hour() {
    let failures = [(1, 0), (2, 30), (3, 61)].map(|(n, minute)| failed(n, minute, "fetch", RESET));
    assert_eq!(reruns(&failures), ["rerun", "cooldown", "rerun"]);
}

#[test]
fn an_outage_of_many_repositories_at_once_prevents_re_runs() {
    let all = ["acme/a", "acme/b", "acme/c", "acme/d", "acme/e"];
    let failures = (1..)
        .zip(all)
        .map(|(n, name)| failed(n, n, "fetch", RESET).within(name));
    let failures: Vec<Past> = failures.collect();
    assert_eq!(
        reruns(&failures),
        ["rerun", "rerun", "rerun", "rerun", "outage"]
    );
}

#[test]
fn re_runs_of_people_count_and_giving_up_is_none() {
    let first = failed(1, 0, "fetch", RESET);
    let again = [
        first.clone(),
        first.clone().again(2, 10),
        first.again(3, 20),
    ];
    assert_eq!(reruns(&again), ["rerun", "rerun", "run_budget"]);
    // Two of the ten are used.
    let others = (2..=10).map(|n| failed(n, 20 + 2 * n, &job(n), RESET));
    let words = reruns(&again.into_iter().chain(others).collect::<Vec<_>>());
    assert_eq!(words[3..11], ["rerun"; 8]);
    assert_eq!(words[11..], ["repository_budget"]);
}

#[test]
fn a_run_that_is_not_the_newest_of_its_branch_is_not_repeated() {
    let slow = failed(1, 30, "fetch", RESET);
    let newer = failed(2, 20, "other", RESET);
    assert_eq!(reruns(&[slow, newer]), ["rerun", "superseded"]);
}

#[test]
fn an_assertion_is_never_repeated_and_what_actually_passed_is_counted_beside_it() {
    let (network, assertion) = (failed(1, 0, "a", RESET), failed(2, 5, "b", ASSERTION));
    let mut attempts = vec![network.attempt(), assertion.attempt()];
    let passed = |minute| {
        let run = network.clone().again(2, minute).passed().attempt().seen.run;
        Some(Next::of(&run))
    };
    for attempt in &mut attempts {
        attempt.next = passed(9);
    }
    let mut backtest = Backtest::new(&Github::default(), &mut attempts);
    let told: Vec<Verdict> = attempts
        .iter()
        .zip([&network, &assertion])
        .map(|(attempt, past)| {
            let mut inspection = Backtest::inspection(&attempt.seen).unwrap();
            past.reads(&mut inspection);
            backtest.failed(attempt, &inspection, 1)
        })
        .collect();
    let lines = told.iter().flat_map(Verdict::lines).collect::<Vec<_>>();
    assert_eq!(
        lines,
        [
            "2026-03-01 09:00 acme/api CI #1 on main (abcdef1): failure",
            "  a: a network error in the step “Test”",
            "    > fatal: unable to access 'https://github.com/acme/api/': Connection reset by peer",
            "  GitHub no longer has a log (410 Gone).",
            "  Dry run: would have re-run the failed jobs (1 of 2).",
            "  Actual: ada re-ran it at 2026-03-01 09:08, and it passed.",
            "2026-03-01 09:05 acme/api CI #2 on main (abcdef2): failure",
            "  b: a failed test in the step “Test”",
            "    > test basket::adds ... FAILED",
            "  GitHub no longer has a log (410 Gone).",
            "  No re-run: “b” failed because of a failed test, and a re-run wouldn't change that.",
            "  Actual: ada re-ran it at 2026-03-01 09:08, and it passed.",
        ]
    );
    assert_eq!(
        backtest.summary().lines(),
        [
            "2 attempts ended; 2 of 2 runs failed",
            "runs that failed, by class: network 1, test_failure 1",
            "would have been re-run: 1; actually re-run and passed 1, re-run and did not pass 0, re-run and not ended 0, not re-run 0",
            "not re-run, by reason: not_excused 1",
            "would not have been re-run, and passed on an actual re-run: 1",
            "issues: 0; incidents: 0; tests that became flaky: 0",
            "logs that GitHub no longer has: 2",
        ]
    );
}

#[test]
fn a_test_becomes_flaky_by_the_record_and_is_repeated_from_then_on() {
    let flaky = |number: i64, minute| {
        let mut past = failed(number, minute, "test", ASSERTION);
        past.failed_tests = vec!["basket::adds".to_owned()];
        past
    };
    let history = [
        flaky(1, 0),
        flaky(1, 0).again(2, 10).passed(),
        flaky(2, 200),
        flaky(2, 200).again(2, 210).passed(),
        flaky(3, 400),
    ];
    let (told, summary) = plan(&Github::default(), &history);
    let told: Vec<Verdict> = told.into_iter().flatten().collect();
    let reruns: Vec<bool> = told.iter().map(|one| one.rerun).collect();
    // The green attempt that makes it flaky is told too.
    assert_eq!(reruns, [false, false, false, true]);
    assert_eq!(told[2].flaky, ["basket::adds"]);
    assert_eq!(told[3].found[0].class.as_str(), "flaky_test");
    assert_eq!((summary.flaky_tests, summary.issues), (1, 1));
}

#[test]
fn the_rules_of_the_repository_narrow_and_a_dry_run_changes_nothing() {
    let past = failed(1, 0, "fetch", RESET);
    let mut github = Github::default();
    (github.healing.enabled, github.healing.dry_run) = (false, true);
    let (told, _) = plan(&github, std::slice::from_ref(&past));
    assert!(told[0].as_ref().unwrap().rerun, "the switch is of today");
    let mut attempts = vec![past.attempt()];
    let mut backtest = Backtest::new(&github, &mut attempts);
    backtest.set_own_file("acme/api", OwnFile::read("wardroom: off", dawn()));
    let mut inspection = Backtest::inspection(&attempts[0].seen).unwrap();
    past.reads(&mut inspection);
    let told = backtest.failed(&attempts[0], &inspection, 0);
    assert_eq!(
        (told.rerun, &told.prevented[..]),
        (false, &["repository_off"][..])
    );
}

#[test]
fn what_github_shows_cannot_control_a_terminal() {
    let past = failed(
        1,
        0,
        "a\x1b[2J\nb",
        "##[error]\x1b]0;owned\x07 Connection reset by peer",
    );
    let (told, _) = plan(&Github::default(), &[past]);
    let lines = told[0].as_ref().unwrap().lines();
    assert!(
        lines.iter().all(|line| !line.contains(char::is_control)),
        "{lines:#?}"
    );
}
