//! A job without reports, whose failure is known to be flaky.

use super::*;
use crate::domain::ci::findings::Rerun;

const SUMMARY: &str = "test result: FAILED. 11 passed; 1 failed; 0 ignored\n##[error]Process completed with exit code 101.";
const UNKNOWN: &str = "make: done\n##[error]Process completed with exit code 2.";

/// What is found of a job with this log, and of reports that end so.
fn found(of: &Listed, tail: &str, report: Option<End>, flaky: BTreeSet<Subject>) -> JobFinding {
    let mut area = reading();
    area.known_flaky = flaky;
    area.sees(failed(1, 1));
    let artifacts = report.iter().map(|_| 9).collect();
    area.read_ends("list_failed_jobs", jobs(vec![of.clone()], artifacts));
    area.read_ends("read_job_log", log(tail));
    if let Some(end) = report {
        area.read_ends("read_test_reports", end);
    }
    area.findings.into_values().next().unwrap()
}

/// The same once its signature is on record as flaky.
fn again(of: &Listed, tail: &str, report: Option<End>) -> JobFinding {
    let first = found(of, tail, None, BTreeSet::new());
    let known = Subject::Job(first.finding.signature.clone());
    let again = found(of, tail, report, [known].into());
    assert_eq!(
        again.finding.signature, first.finding.signature,
        "one record"
    );
    again
}

#[test]
fn a_job_whose_failure_is_known_to_be_flaky_is_excused_where_there_are_no_reports() {
    let test = job(5, "test");
    let excused = again(&test, FAILED, None).finding;
    assert_eq!(
        (excused.class, excused.rerun),
        (Class::FlakyTest, Rerun::MayHelp)
    );
    // Another failure of the same job is not.
    let other = "test basket::removes ... FAILED\n##[error]Process completed with exit code 101.";
    let known = Subject::Job(excused.signature);
    let other = found(&test, other, None, [known].into()).finding;
    assert_eq!((other.class, other.rerun), (Class::TestFailure, Rerun::No));
}

#[test]
fn what_may_hide_another_cause_is_excused_by_no_signature() {
    let test = job(5, "test");
    for (log, class) in [
        (LINT, Class::Lint),
        (
            "error[E0308]: mismatched types\n  --> src/lib.rs:3:5",
            Class::Compile,
        ),
        // Any test gives the same summary.
        (SUMMARY, Class::TestFailure),
        (UNKNOWN, Class::Unknown),
    ] {
        let finding = again(&test, log, None).finding;
        assert_eq!((finding.class, finding.rerun), (class, Rerun::No), "{log}");
    }
    let many: String = (0..6).map(|_| "test a ... FAILED\n").collect();
    assert_eq!(again(&test, &many, None).finding.class, Class::TestFailure);
    let mut deploys = test;
    deploys.steps[1].name = "Deploy to production".to_owned();
    assert_eq!(again(&deploys, FAILED, None).finding.rerun, Rerun::No);
}

#[test]
fn reports_are_judged_by_their_tests_and_not_by_the_signature_of_the_job() {
    let test = job(5, "test");
    for report in [
        reports(12, &["basket::adds"]),
        reports(12, &[]),
        refused("not_found"),
    ] {
        let finding = again_with(&test, report.clone());
        assert_eq!(finding.class, Class::TestFailure, "{report:?}");
    }
}

/// With reports, the signature may be that of their tests.
fn again_with(of: &Listed, report: End) -> crate::domain::ci::findings::Finding {
    let of_log = found(of, FAILED, None, BTreeSet::new());
    let of_report = found(of, FAILED, Some(report.clone()), BTreeSet::new());
    let known = [of_log, of_report].map(|one| Subject::Job(one.finding.signature));
    found(of, FAILED, Some(report), known.into()).finding
}

#[test]
fn a_renamed_test_goes_on_with_the_record_of_its_old_name_and_the_evidence_says_so() {
    let mut area = reading();
    let (old, new) = ("basket::sums", "basket::adds");
    area.rules.github.healing.aliases = [(old.to_owned(), new.to_owned())].into();
    area.known_flaky = [test(old)].into();
    area.sees(failed(1, 1));
    area.read_ends("list_failed_jobs", jobs(vec![job(5, "test")], vec![9]));
    area.read_ends("read_job_log", log(FAILED));
    area.read_ends("read_test_reports", reports(100, &[new]));
    let finding = &area.findings.values().next().unwrap().finding;
    assert_eq!(finding.class, Class::FlakyTest);
    let told = format!("{:?}", area.told_areas);
    assert!(told.contains(r#"id: "basket::sums""#), "{told}");
    assert!(told.contains("Its name is now basket::adds."), "{told}");
}
