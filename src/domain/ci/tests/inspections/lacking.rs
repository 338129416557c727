//! What is found when some of it could not be read.

use super::*;

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
        area.known_flaky = [reports::TestId::from_text("t::a")].into();
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
