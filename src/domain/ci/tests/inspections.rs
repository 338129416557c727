//! How an attempt that failed is inspected, what is found, and what its message says of it.

mod lacking;
mod of_jobs;
mod repaired;

use super::*;
use crate::domain::ci::findings::Class;
use crate::domain::ci::record::Subject;
use crate::domain::ci::tests::runs::rerun;
use crate::domain::effect::github::{self, FailedJob as Listed, StepSeen, TestReports, TestSeen};
use crate::domain::rules::GithubAccess;

fn reading() -> Fixture {
    let mut area = Fixture::new();
    area.rules.github.access = GithubAccess::Token;
    area
}

fn job(id: i64, name: &str) -> Listed {
    let step = |name: &str, conclusion: &str| StepSeen {
        name: name.to_owned(),
        conclusion: Some(conclusion.to_owned()),
        started_at: None,
        completed_at: None,
    };
    Listed {
        id,
        name: name.to_owned(),
        conclusion: "failure".to_owned(),
        url: format!("https://github.com/acme/api/actions/runs/1001/job/{id}"),
        steps: vec![step("Check out", "success"), step("Test", "failure")],
    }
}

fn done(answer: github::Answer) -> End {
    End::Done(Answer::Github(answer))
}

fn jobs(jobs: Vec<Listed>, artifacts: Vec<i64>) -> End {
    let failed = u32::try_from(jobs.len()).unwrap();
    done(github::Answer::Jobs {
        jobs,
        failed,
        total: failed,
        deploys: None,
        more_artifacts: artifacts.len() > github::ARTIFACTS,
        artifacts,
        quota_left: Some(5000),
    })
}

fn log(tail: &str) -> End {
    done(github::Answer::JobLog {
        annotations: Vec::new(),
        tail: tail.to_owned(),
        unread: None,
        is_whole: true,
    })
}

fn reports(ran: u32, failed: &[&str]) -> End {
    let tests = failed.iter().map(|id| TestSeen {
        id: (*id).to_owned(),
        flaky: false,
        message: Some("expected 200".to_owned()),
    });
    done(github::Answer::TestReports(Box::new(TestReports {
        ran,
        failed: u32::try_from(failed.len()).unwrap(),
        tests: tests.collect(),
        ..TestReports::default()
    })))
}

fn test(id: &str) -> Subject {
    Subject::Test(reports::TestId::from_text(id))
}

const RESET: &str =
    "fatal: unable to access 'https://github.com/acme/api/': Connection reset by peer";
const FAILED: &str = "test basket::adds ... FAILED\n##[error]Process completed with exit code 101.";
const LINT: &str = "Diff in src/lib.rs:1:\n##[error]cargo fmt -- --check failed";

impl Fixture {
    fn overdue(&mut self, id: InspectionId) {
        self.comes(&Event::TimerDue {
            timer: Timer::InspectionOverdue,
            owner: id.0.to_string(),
            generation: 1,
        });
    }

    /// The first open read of that kind ends so.
    fn read_ends(&mut self, kind: &str, end: End) -> Outcome {
        let open = self
            .reads
            .iter()
            .position(|(effect, _)| effect.kind() == kind);
        let open = open.unwrap_or_else(|| panic!("no {kind} in {:#?}", self.reads));
        let (effect, purpose) = self.reads.remove(open);
        self.ends(effect, purpose, end)
    }

    /// How often the operators heard of an effect.
    fn stuck(&self) -> usize {
        let told = self.told_areas.iter();
        told.filter(|one| matches!(one, Told::EffectStuck { .. }))
            .count()
    }

    fn classes(&self) -> Vec<Class> {
        self.findings
            .values()
            .map(|one| one.finding.class)
            .collect()
    }

    fn says(&self) -> String {
        let failure = self.failures.last().unwrap();
        let findings: Vec<JobFinding> = self.findings.values().cloned().collect();
        let shown = Shown {
            findings: &findings,
            ..Shown::default()
        };
        format!("{:?}", message(failure, &shown))
    }
}

#[test]
fn a_failed_attempt_is_told_at_once_and_again_when_all_of_it_is_read() {
    let mut area = reading();
    area.sees(failed(1, 1));
    assert_eq!(area.told(), ["list_failed_jobs", "post_message"]);
    assert!(area.says().contains("Finding out why"), "{}", area.says());
    area.stands();
    area.read_ends("list_failed_jobs", jobs(vec![job(5, "test")], vec![9]));
    assert_eq!(area.told(), ["read_job_log", "read_test_reports"]);
    area.read_ends("read_job_log", log(RESET));
    assert!(area.findings.is_empty(), "the reports are not in");
    area.read_ends("read_test_reports", reports(12, &[]));
    assert_eq!(area.told(), ["update_message"]);
    assert_eq!(area.classes(), [Class::Network]);
    let says = area.says();
    for said in ["a network error", "Connection reset", "“Test”", "ci:rerun"] {
        assert!(says.contains(said), "{said}: {says}");
    }
    let inspection = area.inspections.values().next().unwrap();
    assert!(inspection.ended_at.is_some());
    assert!(inspection.logs.is_empty() && inspection.reports.is_empty());
}

#[test]
fn a_run_that_could_not_start_is_found_without_a_read() {
    let mut area = reading();
    let status = Status::Completed(Conclusion::StartupFailure);
    area.sees(run(1, 1, status));
    assert_eq!(area.told(), ["post_message"]);
    assert_eq!(area.classes(), [Class::WorkflowFile]);
    assert!(area.says().contains("an invalid workflow"));
}

#[test]
fn reports_come_before_the_log_and_only_for_the_jobs_that_they_may_be_about() {
    for (logs, failing, flaky, wanted) in [
        // Tests print what they like.
        (vec![RESET], vec!["t::a"], vec![], vec![Class::TestFailure]),
        (
            vec![RESET],
            vec!["t::a"],
            vec!["t::a"],
            vec![Class::FlakyTest],
        ),
        // A flaky test beside a linter excuses no linter.
        (
            vec![LINT, FAILED],
            vec!["t::a"],
            vec!["t::a"],
            vec![Class::Lint, Class::FlakyTest],
        ),
        (vec![LINT], vec!["t::a"], vec!["t::a"], vec![Class::Lint]),
        // Nor does it name the job whose connection failed.
        (
            vec![RESET, FAILED],
            vec!["t::a"],
            vec![],
            vec![Class::Network, Class::TestFailure],
        ),
    ] {
        let mut area = reading();
        area.known_flaky = flaky.into_iter().map(test).collect();
        area.sees(failed(1, 1));
        let listed = (0..)
            .zip(&logs)
            .map(|(id, _)| job(id, &format!("job {id}")));
        area.read_ends("list_failed_jobs", jobs(listed.collect(), vec![9]));
        for text in &logs {
            area.read_ends("read_job_log", log(text));
        }
        area.read_ends("read_test_reports", reports(100, &failing));
        let mut found: Vec<&JobFinding> = area.findings.values().collect();
        found.sort_by_key(|one| one.job.as_ref().unwrap().id);
        let found: Vec<Class> = found.iter().map(|one| one.finding.class).collect();
        assert_eq!(found, wanted, "{logs:?}");
    }
}

#[test]
fn what_cannot_be_read_counts_as_empty() {
    for end in [
        refused("not_found"),
        End::Uncertain {
            code: "timeout".to_owned(),
        },
        End::Expired,
        End::Dropped {
            why: "restored".to_owned(),
        },
    ] {
        let mut area = reading();
        area.sees(failed(1, 1));
        area.read_ends("list_failed_jobs", end.clone());
        assert_eq!(area.classes(), [Class::Unknown], "{end:?}");
        assert!(area.findings.values().all(|one| one.job.is_none()));
        assert_eq!(area.stuck(), 0);

        let mut area = reading();
        area.sees(failed(1, 1));
        area.read_ends("list_failed_jobs", jobs(vec![job(5, "test")], vec![9]));
        area.read_ends("read_job_log", end.clone());
        area.read_ends("read_test_reports", end);
        assert_eq!(area.classes(), [Class::Unknown]);
        assert!(area.says().contains("an unknown error"));
        assert!(area.says().contains("Not everything could be read"));
    }
}

#[test]
fn operators_hear_of_a_read_that_kept_failing_and_their_retry_begins_anew() {
    let mut area = reading();
    area.sees(failed(1, 1));
    let (effect, purpose) = area.reads[0].clone();
    let parked = End::Parked {
        code: "server_error".to_owned(),
    };
    area.read_ends("list_failed_jobs", parked);
    assert_eq!(area.stuck(), 1);
    assert_eq!(area.classes(), [Class::Unknown]);
    area.told();
    area.comes(&Event::Receipt(Box::new(Receipt {
        effect_id: EffectId(Uuid::from_u128(77)),
        generation: 1,
        effect,
        origin: purpose,
        end: jobs(vec![job(5, "test")], vec![]),
    })));
    assert_eq!(area.told(), ["list_failed_jobs"]);
    area.read_ends("list_failed_jobs", jobs(vec![job(5, "test")], vec![]));
    area.read_ends("read_job_log", log(RESET));
    assert!(area.classes().contains(&Class::Network));
}

#[test]
fn github_may_be_silent_and_the_cause_follows_when_it_answers() {
    let mut area = reading();
    area.sees(failed(1, 1));
    area.stands();
    area.told();
    let id = *area.inspections.keys().next().unwrap();
    area.timers.clear();
    area.overdue(id);
    assert!(area.told().is_empty(), "it is too early");
    assert_eq!(area.timers.len(), 1, "it is set anew");
    area.later = Duration::minutes(10);
    area.overdue(id);
    assert_eq!(area.told(), ["update_message"]);
    assert!(area.says().contains("GitHub doesn't answer yet"));
    area.later = Duration::hours(1);
    area.read_ends("list_failed_jobs", jobs(vec![job(5, "test")], vec![]));
    area.read_ends("read_job_log", log(RESET));
    assert_eq!(area.classes(), [Class::Network]);
    assert!(!area.says().contains("GitHub doesn't answer"));
}

#[test]
fn an_inspection_ends_without_what_never_came() {
    let mut area = reading();
    area.sees(failed(1, 1));
    area.stands();
    area.read_ends(
        "list_failed_jobs",
        jobs(vec![job(5, "test"), job(6, "lint")], vec![]),
    );
    area.read_ends("read_job_log", log(RESET));
    let id = *area.inspections.keys().next().unwrap();
    for hours in [1, 6] {
        area.later = Duration::hours(hours);
        area.overdue(id);
    }
    let mut classes = area.classes();
    classes.sort();
    assert_eq!(classes, [Class::Network, Class::Unknown]);
    area.told();
    assert_eq!(area.read_ends("read_job_log", log(LINT)), Outcome::Ignored);
    assert!(area.told().is_empty(), "it came after the end");
}

#[test]
fn what_is_found_of_an_older_attempt_is_kept_and_not_shown() {
    let mut area = reading();
    area.sees(failed(1, 1));
    area.stands();
    area.sees(run(1, 2, Status::InProgress));
    area.sees(failed(1, 2));
    area.told();
    area.read_ends("list_failed_jobs", jobs(vec![job(5, "test")], vec![]));
    area.read_ends("read_job_log", log(FAILED));
    assert_eq!(area.told(), ["read_job_log"], "the newer attempt is shown");
    area.read_ends("list_failed_jobs", jobs(vec![job(6, "test")], vec![]));
    area.read_ends("read_job_log", log(RESET));
    assert_eq!(area.told(), ["read_job_log", "update_message"]);
    let attempts: Vec<i32> = area
        .findings
        .values()
        .map(|one| one.place.attempt)
        .collect();
    assert_eq!(attempts.len(), 2);
    let progress = area.failures[0].progress.as_ref().unwrap();
    assert_eq!(progress.place.attempt, 2);
    // What is done about it is decided by a signal of its own.
    assert_eq!(progress.stage, Some(Stage::Detected));
}

#[test]
fn nothing_is_read_without_credentials_nor_of_a_run_of_yesterday() {
    let mut area = Fixture::new();
    area.sees(failed(1, 1));
    assert_eq!(area.told(), ["post_message"]);
    assert!(!area.says().contains("Finding out why") && !area.says().contains("ci:"));
    let mut area = reading();
    area.later = Duration::hours(25);
    area.sees(failed(1, 1));
    assert_eq!(area.told(), ["post_message"]);
    assert!(area.inspections.is_empty());
}

#[test]
fn a_run_is_inspected_also_where_no_channel_is_told() {
    let mut area = reading();
    area.rules.github.channel = None;
    area.sees(failed(1, 1));
    assert_eq!(area.told(), ["list_failed_jobs"]);
    area.read_ends("list_failed_jobs", jobs(vec![job(5, "test")], vec![]));
    area.read_ends("read_job_log", log(RESET));
    assert_eq!(area.classes(), [Class::Network]);
    assert!(area.failures.is_empty());
}

#[test]
fn a_run_that_was_repaired_is_healed_and_one_that_a_person_repaired_is_green_again() {
    for (state, says) in [
        (RepairState::Asked, "healed"),
        (RepairState::Skipped, "is green again"),
    ] {
        let mut area = reading();
        area.sees(failed(1, 1));
        area.stands();
        area.read_ends("list_failed_jobs", jobs(vec![job(5, "test")], vec![]));
        area.read_ends("read_job_log", log(RESET));
        area.repairs.push(rerun(state));
        area.sees(green(1, 2));
        let words = area.says();
        assert!(words.contains(says), "{words}");
        assert!(words.contains("a network error"), "{words}");
        assert!(!words.contains("ci:rerun"), "{words}");
        let healed = area.findings.values().all(|one| one.state == Stage::Healed);
        assert_eq!(healed, state == RepairState::Asked);
    }
}

#[test]
fn the_legs_of_a_matrix_are_one_cause_and_many_causes_are_counted() {
    let mut area = reading();
    area.sees(failed(1, 1));
    let names = [
        "test (1)", "test (2)", "test (3)", "test (4)", "a", "b", "c", "d",
    ];
    let listed = (1..).zip(names).map(|(id, name)| job(id, name));
    area.read_ends("list_failed_jobs", jobs(listed.collect(), vec![]));
    for _ in names {
        area.read_ends("read_job_log", log(RESET));
    }
    let says = area.says();
    assert!(says.contains(" and 1 more"), "{says}");
    assert!(says.contains("2 more failed jobs"), "{says}");
}
