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

/// What is found of a failure with a test that is on record as flaky, by this log.
fn excused(of: &Listed, tail: &str) -> bool {
    again(of, tail, None).finding.class == Class::FlakyTest
}

#[test]
fn a_flaky_test_excuses_no_other_cause_in_the_log_of_its_step() {
    let exit = "##[error]Process completed with exit code";
    let pytest = "FAILED tests/test_a.py::test_one - assert 1 == 2";
    let sum = "===== 1 failed, 2 passed in 0.12s =====";
    let rust = "test basket::adds ... FAILED\ntest result: FAILED. 1 passed; 1 failed;\nerror: test failed, to rerun pass `--lib`";
    for (log, wanted) in [
        (format!("{rust}\n{exit} 101."), true),
        (
            format!("E   AssertionError: no\n{pytest}\n{sum}\n{exit} 1."),
            true,
        ),
        (
            format!("FAIL [   0.004s] acme-api basket::adds\nerror: test run failed\n{exit} 100."),
            true,
        ),
        // Another cause.
        (
            format!("{rust}\nerror[E0308]: mismatched types\n{exit} 101."),
            false,
        ),
        (format!("{rust}\nerror: unused\n{exit} 101."), false),
        (format!("{rust}\n{exit} 1."), false),
        (format!("{exit} 2.\n{rust}\n{exit} 101."), false),
        (format!("{rust}\n##[error]other\n"), false),
        (format!("{rust}\n{pytest}\n{exit} 101."), false),
        (
            format!("{pytest}\nERROR tests/test_b.py - x\n{exit} 1."),
            false,
        ),
        (format!("{pytest}\nwould reformat a.py\n{exit} 1."), false),
        (
            format!("{pytest}\n===== 1 failed, 1 error in 0.12s =====\n{exit} 1."),
            false,
        ),
        (
            "--- FAIL: TestFlaky (0.01s)\nFAIL pkg/c [build failed]".to_owned(),
            false,
        ),
        // Not the test itself.
        ("--- FAIL: TestFlaky (0.01s)".to_owned(), false),
        (" FAIL src/basket.test.ts".to_owned(), false),
        ("//basket:test FAILED".to_owned(), false),
        ("ERROR tests/test_a.py".to_owned(), false),
        ("rspec ./spec/basket_spec.rb:12 # adds".to_owned(), false),
        // Names that the signature does not keep.
        (
            "FAILED tests/billing/test_api.py::test_get".to_owned(),
            false,
        ),
        ("FAILED tests/test_api.py::test_get[1]".to_owned(), false),
    ] {
        assert_eq!(excused(&job(5, "test"), &log), wanted, "{log}");
    }
}

#[test]
fn a_flaky_test_excuses_nothing_when_the_log_or_the_steps_may_hide_another_cause() {
    let test = job(5, "test");
    assert!(excused(&test, FAILED));
    let mut linted = test.clone();
    let mut lint = linted.steps[1].clone();
    lint.name = "Lint".to_owned();
    linted.steps.push(lint);
    assert!(!excused(&linted, FAILED));
    let unknown = Listed {
        steps: Vec::new(),
        ..test.clone()
    };
    assert!(!excused(&unknown, FAILED));
    let known = again(&test, FAILED, None).finding.signature;
    let mut area = reading();
    area.known_flaky = [Subject::Job(known)].into();
    area.sees(failed(1, 1));
    area.read_ends("list_failed_jobs", jobs(vec![test], Vec::new()));
    let cut = github::Answer::JobLog {
        annotations: Vec::new(),
        tail: FAILED.to_owned(),
        is_whole: false,
        unread: None,
    };
    area.read_ends("read_job_log", done(cut));
    assert_eq!(area.classes(), [Class::TestFailure]);
}

#[test]
fn a_job_of_which_several_steps_failed_is_repeated_only_when_its_machine_is_the_cause() {
    let one = job(5, "test");
    let mut two = one.clone();
    two.steps.push(two.steps[1].clone());
    let lost = "##[error]The hosted runner lost communication with the server.";
    for (of, log, wanted) in [
        (&one, RESET, Rerun::MayHelp),
        (&two, RESET, Rerun::No),
        (&two, lost, Rerun::MayHelp),
    ] {
        let finding = found(of, log, None, BTreeSet::new()).finding;
        assert_eq!(finding.rerun, wanted, "{log}");
    }
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
