//! What is read and what is refused. Reports of common tools are in `tests/ci/`.

use super::*;

fn read_text(xml: &str) -> Result<Report, BadReport> {
    read(xml.as_bytes(), &Limits::default())
}

fn suite(inside: &str) -> Report {
    read_text(&format!("<testsuite name='s'>{inside}</testsuite>")).unwrap()
}

fn outcomes(report: &Report) -> Vec<(&str, Outcome)> {
    let tests = report.tests.iter();
    tests.map(|test| (test.id.as_str(), test.outcome)).collect()
}

#[test]
fn the_elements_of_retried_tests_are_read() {
    for (inside, outcome, attempts) in [
        ("", Outcome::Passed, 1),
        ("<failure/>", Outcome::Failed, 1),
        ("<error message='x'/>", Outcome::Failed, 1),
        ("<skipped/>", Outcome::Skipped, 1),
        ("<flakyFailure/><flakyError/>", Outcome::Flaky, 3),
        ("<failure/><rerunFailure/><rerunError/>", Outcome::Failed, 3),
        ("<rerunError/>", Outcome::Failed, 2),
        ("<flakyError/><failure/>", Outcome::Failed, 2),
        ("<system-out><failure/></system-out>", Outcome::Passed, 1),
        (
            "<properties><property name='a' value='b'/></properties>",
            Outcome::Passed,
            1,
        ),
    ] {
        let report = suite(&format!(
            "<testcase classname='c' name='n'>{inside}</testcase>"
        ));
        let test = &report.tests[0];
        assert_eq!(
            (test.outcome, test.attempts),
            (outcome, attempts),
            "{inside}"
        );
    }
}

#[test]
fn a_test_that_is_listed_again_in_its_suite_was_retried() {
    let failed = "<testcase classname='c' name='n'><failure message='first'/></testcase>";
    let passed = "<testcase classname='c' name='n'/>";
    let of = |text: String| suite(&text).tests;
    let flaky = of(format!("{failed}{passed}"));
    assert_eq!((flaky.len(), flaky[0].outcome), (1, Outcome::Flaky));
    assert_eq!(flaky[0].message.as_deref(), Some("first"));
    assert_eq!(of(format!("{passed}{failed}"))[0].outcome, Outcome::Failed);
    // Two browsers are two suites: one result says nothing about the other.
    let browsers = format!(
        "<testsuites><testsuite>{failed}</testsuite><testsuite>{passed}</testsuite></testsuites>"
    );
    let report = read_text(&browsers).unwrap();
    assert_eq!(report.tests.len(), 2);
    assert!(
        report
            .tests
            .iter()
            .all(|test| test.outcome != Outcome::Flaky)
    );
}

#[test]
fn a_test_is_known_by_class_and_name_wherever_it_runs() {
    for (attributes, id) in [
        ("classname='a.B' name='c' file='/x/b.py'", "a.B::c"),
        ("name='c' file='b_test.go'", "b_test.go::c"),
        ("name='c'", "s::c"),
        ("classname='adds one' name='adds one'", "adds one"),
        ("classname=' a&#10;b ' name='c&#x202E;d'", "a b ::cd"),
    ] {
        let report = suite(&format!("<testcase {attributes}/>"));
        let id = TestId::from_text(id);
        assert_eq!(report.tests[0].id, id, "{attributes}");
    }
    let nested = suite("<testsuite name='inner'/><testcase name='c'/>");
    assert_eq!(nested.tests[0].id.as_str(), "s::c");
    let long = |end: char| TestId::from_text(&format!("{}{end}", "ü".repeat(2000)));
    assert!(long('a').as_str().len() <= 500);
    assert_ne!(long('a'), long('b'));
}

#[test]
fn a_record_survives_a_rename_only_by_alias_and_says_so() {
    let id = |text: &str| TestId::from_text(text);
    let renamed = [("b", "c"), ("a", "b"), ("y", "x"), ("x", "y")];
    let renamed = renamed.map(|(old, new)| (old.to_owned(), new.to_owned()));
    let aliases = Aliases::new(renamed.iter().map(|(old, new)| (old, new)));
    assert_eq!(aliases.new_names(&["a".to_owned()]), ["b", "c"]);
    assert_eq!(aliases.resolve(&id("c")).id, id("a"));
    assert_eq!(aliases.resolve(&id("c")).renamed_to, Some(id("c")));
    let other = aliases.resolve(&id("d"));
    assert_eq!((other.id, other.renamed_to), (id("d"), None));
    // A circle ends.
    assert_eq!(aliases.resolve(&id("x")).id, id("y"));
}

#[test]
fn what_is_broken_or_hostile_is_refused_in_words() {
    let laughs = "<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><testsuite name='&b;'/>";
    let external = "<!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><testsuite/>";
    let deep = "<testsuite>".repeat(200);
    for (xml, wanted) in [
        (laughs, BadReport::DocumentType),
        (external, BadReport::DocumentType),
        (deep.as_str(), BadReport::TooDeep { limit: 32 }),
        ("", BadReport::NotJunit),
        ("plain text", BadReport::NotJunit),
        ("<html/>", BadReport::NotJunit),
        ("<testsuite><testcase name='a'>", BadReport::Unfinished),
        ("<testsuites><testsuite/>", BadReport::Unfinished),
    ] {
        assert_eq!(read_text(xml), Err(wanted), "{xml}");
    }
    for xml in [
        "<testsuite></testcase>",
        "<testsuite",
        "<testsuite><![CDATA[x",
        "</testsuite>",
    ] {
        let error = read_text(xml).unwrap_err();
        let malformed = matches!(error, BadReport::Malformed { .. } | BadReport::Unfinished);
        assert!(malformed, "{xml}: {error}");
    }
    let utf16: Vec<u8> = "<testsuite/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let latin1 = b"<testsuite name='\xfc'/>";
    let limits = Limits::default();
    assert!(matches!(
        read(&utf16, &limits),
        Err(BadReport::NotJunit | BadReport::Malformed { .. })
    ));
    assert_eq!(read(latin1, &limits), Err(BadReport::NotUtf8 { at: 17 }));
    assert!(read("\u{feff}<testsuite/>".as_bytes(), &limits).is_ok());
}

#[test]
fn sizes_are_bounded() {
    let limits = Limits {
        tests: 3,
        ..Limits::default()
    };
    let tests = |count| {
        format!(
            "<testsuite>{}</testsuite>",
            "<testcase name='a'/>".repeat(count)
        )
    };
    let many: String = (0..4).map(|n| format!("<testcase name='t{n}'/>")).collect();
    assert!(read(tests(3).as_bytes(), &limits).is_ok());
    let many = format!("<testsuite>{many}</testsuite>");
    assert_eq!(
        read(many.as_bytes(), &limits),
        Err(BadReport::TooManyTests { limit: 3 })
    );
    let text = "ä".repeat(5000);
    let report = suite(&format!(
        "<testcase name='a'><failure>{text}</failure></testcase>"
    ));
    assert_eq!(report.tests[0].message.as_deref().map(str::len), Some(2048));
    let large = vec![b' '; 100 << 20];
    let limits = Limits::default();
    let error = read(&large, &limits).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the report has 104857600 bytes, more than 20971520"
    );
}

#[test]
fn a_tag_with_very_many_attributes_takes_linear_time() {
    let attributes: String = (0..200_000).map(|n| format!(" a{n}='x'")).collect();
    let report = suite(&format!("<testcase{attributes} name='last'/>"));
    assert_eq!(outcomes(&report), [("s::last", Outcome::Passed)]);
}

#[test]
fn any_mixture_of_pieces_gives_a_report_or_an_error() {
    let pieces = [
        "<testsuites>",
        "</testsuites>",
        "<testsuite name='s'>",
        "</testsuite>",
        "<testcase name='a'>",
        "<testcase name='b'/>",
        "</testcase>",
        "<failure>",
        "</failure>",
        "<flakyFailure message='x'/>",
        "<skipped/>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "&amp;",
        "&#0;",
        "&#x110000;",
        "&nope;",
        "&",
        "<",
        ">",
        "'",
        "<?xml version='1.0'?>",
        "<?",
        "text",
        "é",
        "\0",
        "<!DOCTYPE",
        "=",
        " name=",
    ];
    let mut state = 1u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for _ in 0..3000 {
        let count = next(25);
        let xml: String = (0..count).map(|_| pieces[next(pieces.len())]).collect();
        let begun = format!("<testsuite>{xml}");
        for xml in [xml, begun] {
            if let Err(error) = read_text(&xml) {
                assert!(!error.to_string().is_empty());
            }
        }
    }
}

#[test]
fn a_mass_failure_is_no_sum_of_failures() {
    let report = |failed: usize, passed: usize, skipped: usize| {
        let test = |inside: &'static str| {
            move |n: usize| format!("<testcase name='{}{n}'>{inside}</testcase>", inside.len())
        };
        let failed = (0..failed).map(test("<failure/>"));
        let passed = (0..passed).map(test(""));
        let skipped = (0..skipped).map(test("<skipped/>"));
        suite(&failed.chain(passed).chain(skipped).collect::<String>())
    };
    for ((failed, passed, skipped), shape) in [
        ((0, 0, 0), Shape::Passed),
        ((0, 3, 9), Shape::Passed),
        ((4, 1, 0), Shape::Failures),
        ((5, 1, 0), Shape::NearlyAll),
        ((9, 1, 90), Shape::NearlyAll),
        ((19, 81, 0), Shape::Failures),
        ((20, 980, 0), Shape::ManyFailures),
    ] {
        let report = report(failed, passed, skipped);
        let of = Shape::of([&report], &MassFailure::default());
        assert_eq!(of, shape, "{failed} {passed} {skipped}");
    }
}
