//! What is found when some of it could not be read.

use super::*;
use crate::domain::ids::UserId;

impl Fixture {
    /// People asked to ignore a signature for a day.
    fn ignores(&mut self, signature: &str) {
        self.ignored.push(Ignored {
            repository: "acme/api".to_owned(),
            signature: findings::Signature::known(signature.to_owned()),
            until: dawn() + Duration::hours(24),
            by: UserId::new("U0BEA").unwrap(),
            failure: FailureId(Uuid::nil()),
            class: Class::Lint,
            job: "lint".to_owned(),
        });
    }
}

#[test]
fn a_flaky_test_excuses_nothing_while_a_report_is_missing() {
    let whole = || reports(100, &["t::a"]);
    let damaged = done(github::Answer::TestReports(Box::new(TestReports {
        unreadable: vec!["damaged".to_owned()],
        ..TestReports::default()
    })));
    for (artifacts, last, wanted) in [
        (2, whole(), Class::FlakyTest),
        (6, whole(), Class::TestFailure),
        (2, damaged, Class::TestFailure),
        (2, refused("not_found"), Class::TestFailure),
    ] {
        let mut area = reading();
        area.known_flaky = [test("t::a")].into();
        area.sees(failed(1, 1));
        let listed = jobs(vec![job(5, "test")], (1..=artifacts).collect());
        area.read_ends("list_failed_jobs", listed);
        area.read_ends("read_job_log", log(FAILED));
        for _ in 1..artifacts {
            area.read_ends("read_test_reports", whole());
        }
        area.read_ends("read_test_reports", last.clone());
        assert_eq!(area.classes(), [wanted], "{artifacts} {last:?}");
    }
}

#[test]
fn a_run_whose_jobs_are_not_known_is_not_repeated() {
    let mut area = reading();
    area.sees(run(1, 1, Status::Completed(Conclusion::TimedOut)));
    area.read_ends("list_failed_jobs", refused("not_found"));
    let reruns: Vec<_> = area
        .findings
        .values()
        .map(|one| one.finding.rerun)
        .collect();
    assert_eq!(area.classes(), [Class::Timeout]);
    assert_eq!(reruns, [findings::Rerun::No]);
}

#[test]
fn a_failure_that_was_held_back_is_told_when_github_stays_silent() {
    let mut area = reading();
    area.ignores("another cause");
    area.sees(failed(1, 1));
    assert_eq!(area.told(), ["list_failed_jobs"]);
    let id = *area.inspections.keys().next().unwrap();
    area.later = Duration::minutes(10);
    area.overdue(id);
    assert_eq!(area.told(), ["post_message"]);
    assert!(area.says().contains("GitHub doesn't answer yet"));
    area.stands();
    area.told();
    area.read_ends("list_failed_jobs", jobs(vec![job(5, "test")], vec![]));
    area.read_ends("read_job_log", log(RESET));
    assert_eq!(area.told(), ["read_job_log", "update_message"]);
    assert!(area.says().contains("a network error"));
}
