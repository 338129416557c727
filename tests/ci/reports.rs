//! Reports in `tests/data/ci/reports/`, with what each is in `expected.txt`.

use crate::confusion::Confusion;
use std::fs;
use std::path::{Path, PathBuf};
use wardroom::domain::ci::reports::{self, Limits, MassFailure, Outcome, Report, Shape};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ci/reports")
}

fn shape(report: &Report) -> &'static str {
    match Shape::of([report], &MassFailure::default()) {
        Shape::Passed => "passed",
        Shape::Flaky => "flaky",
        Shape::Failures => "failures",
        Shape::ManyFailures => "many",
        Shape::NearlyAll => "mostly",
    }
}

fn counts(report: &Report) -> [usize; 4] {
    let count = |outcome| {
        let tests = report.tests.iter();
        tests.filter(|test| test.outcome == outcome).count()
    };
    let failed = count(Outcome::Failed);
    [
        report.tests.len(),
        failed,
        count(Outcome::Skipped),
        count(Outcome::Flaky),
    ]
}

#[test]
fn reports_of_common_tools_are_read_as_they_are_meant() {
    let expected = fs::read_to_string(folder().join("expected.txt")).expect("the list");
    let (mut confusion, mut wrong) = (Confusion::default(), Vec::new());
    for line in expected.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(' ').collect();
        let [name, is, numbers @ ..] = &fields[..] else {
            panic!("{line}");
        };
        let wanted: Vec<usize> = numbers.iter().map(|n| n.parse().expect(line)).collect();
        let bytes = fs::read(folder().join(format!("{name}.xml"))).expect(name);
        let (named, found) = match reports::read(&bytes, &Limits::default()) {
            Ok(report) => (shape(&report), counts(&report)),
            Err(_) => ("refused", [0; 4]),
        };
        confusion.add(is, named);
        if named != *is || wanted[..] != found {
            wrong.push(format!("{name}: {named} {found:?}, not {is} {wanted:?}"));
        }
    }
    println!("reports: {confusion}");
    assert!(confusion.total() >= 40, "{} reports", confusion.total());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
