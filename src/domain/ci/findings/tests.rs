//! What decides, what does not, and that hostile text does no harm. The corpus is in `tests/ci/`.

use super::super::reports::{Limits, MassFailure, TestId, read};
use super::*;

const FAILURE: Conclusion = Conclusion::Failure;

fn job<'a>(log: &'a str, steps: &'a [Step]) -> Job<'a> {
    Job {
        name: "test (3.12)",
        conclusion: &FAILURE,
        steps,
        annotations: &[],
        log,
        is_whole: true,
        reports: &[],
    }
}

fn found(job: &Job<'_>) -> Finding {
    find(job, &MassFailure::default(), |_| false, |_| false)
}

fn step(name: &str, conclusion: Option<Conclusion>, from: &str, to: &str) -> Step {
    Step {
        name: name.to_owned(),
        conclusion,
        started_at: from.parse().ok(),
        completed_at: to.parse().ok(),
    }
}

fn in_step(command: &str, output: &str) -> String {
    format!(
        "##[group]Run {command}\n{command}\nshell: bash\n##[endgroup]\n{output}\n##[error]Process completed with exit code 1.\n"
    )
}

#[test]
fn a_failed_test_that_mentions_an_outage_is_a_failed_test() {
    for outage in [
        "curl: (28) Failed to connect to localhost port 80 after 5 ms: Connection timed out",
        "error: RPC failed; curl 56 Recv failure: Connection reset by peer",
        "npm error code ECONNRESET",
        "write: no space left on device",
        "toomanyrequests: You have reached your pull rate limit",
    ] {
        let alone = in_step("./run", outage);
        assert_ne!(found(&job(&alone, &[])).rerun, Rerun::No, "{outage}");
        for verdict in [
            "test net::retries ... FAILED",
            "--- FAIL: TestRetries (0.01s)",
            "FAILED tests/test_net.py::test_retries - AssertionError",
        ] {
            let log = in_step("./run", &format!("{outage}\n{verdict}\n{outage}"));
            let finding = found(&job(&log, &[]));
            assert_eq!(finding.class, Class::TestFailure, "{outage}\n{verdict}");
            assert_eq!(finding.rerun, Rerun::No);
        }
    }
}

#[test]
fn a_step_that_deploys_is_never_repeated() {
    let outage =
        "fatal: unable to access 'https://github.com/a/b/': Could not resolve host: github.com";
    let log = in_step("helm upgrade --install api ./chart", outage);
    let finding = found(&job(&log, &[]));
    assert_eq!((finding.class, finding.rerun), (Class::Network, Rerun::No));
    // Its runner was lost, and its log with it.
    let built = step(
        "Build",
        Some(Conclusion::Success),
        "2026-03-01T09:00:00Z",
        "2026-03-01T09:01:00Z",
    );
    for (name, wanted) in [
        ("Deploy to production", Rerun::No),
        ("Test", Rerun::MayHelp),
    ] {
        let lost = step(name, None, "2026-03-01T09:01:00Z", "");
        let finding = found(&job("", &[built.clone(), lost]));
        assert_eq!(finding.class, Class::RunnerLost);
        assert_eq!(finding.rerun, wanted, "{name}");
    }
    // It deployed before a later step failed, or was left out, or has not begun.
    let at = "2026-03-01T09:01:00Z";
    for (deployed, wanted) in [
        (step("Deploy", Some(Conclusion::Success), at, at), Rerun::No),
        (
            step("Deploy", Some(Conclusion::Skipped), at, at),
            Rerun::MayHelp,
        ),
        (step("Deploy", None, "", ""), Rerun::MayHelp),
    ] {
        let lost = step("Smoke test", None, at, "");
        let finding = found(&job("", &[deployed.clone(), lost]));
        assert_eq!(finding.rerun, wanted, "{deployed:?}");
    }
}

#[test]
fn the_command_that_is_echoed_and_other_steps_are_no_evidence() {
    let quoted = "echo 'curl: (28) timed out'\ncurl: (28) in a comment";
    let log = in_step(quoted, "figures are missing");
    assert_eq!(found(&job(&log, &[])).class, Class::Unknown);
    let earlier = in_step("curl x", "curl: (28) Connection timed out");
    let log = earlier + &in_step("./report", "figures are missing");
    let finding = found(&job(&log, &[]));
    assert_eq!(finding.class, Class::Unknown);
    assert!(!finding.evidence.contains("curl"), "{}", finding.evidence);
}

#[test]
fn the_failed_step_is_found_by_its_times() {
    let log = "\
2026-11-20T09:14:03.1000000Z ##[group]Run cargo test
2026-11-20T09:14:03.2000000Z ##[endgroup]
2026-11-20T09:14:04.1000000Z test money::adds ... FAILED
2026-11-20T09:14:05.1000000Z ##[error]Process completed with exit code 101.
2026-11-20T09:14:07.1000000Z ##[group]Run curl https://acme.example/notify
2026-11-20T09:14:07.2000000Z ##[endgroup]
2026-11-20T09:14:08.1000000Z curl: (6) Could not resolve host: acme.example
2026-11-20T09:14:08.2000000Z ##[error]Process completed with exit code 6.
";
    let steps = [
        step(
            "Test",
            Some(Conclusion::Failure),
            "2026-11-20T09:14:03Z",
            "2026-11-20T09:14:05Z",
        ),
        step(
            "Notify",
            Some(Conclusion::Failure),
            "2026-11-20T09:14:07Z",
            "2026-11-20T09:14:08Z",
        ),
    ];
    let finding = found(&job(log, &steps));
    assert_eq!(finding.class, Class::TestFailure);
    assert_eq!(finding.step.as_deref(), Some("Test"));
}

#[test]
fn a_job_whose_last_step_never_ended_lost_its_runner() {
    let steps = [
        step("Set up job", Some(Conclusion::Success), "", ""),
        step("Build", None, "", ""),
    ];
    let finding = found(&job("", &steps));
    assert_eq!(finding.class, Class::RunnerLost);
    assert_eq!(finding.rerun, Rerun::MayHelp);
    let log = in_step("make", "make: *** [all] Error 1");
    assert_eq!(found(&job(&log, &[])).class, Class::Unknown);
}

#[test]
fn what_the_runner_says_in_an_annotation_decides_before_the_log() {
    let said = "The hosted runner lost communication with the server.";
    let annotations = [said.to_owned()];
    let log = in_step("cargo test", "test a ... FAILED");
    let finding = found(&Job {
        annotations: &annotations,
        ..job(&log, &[])
    });
    assert_eq!(finding.class, Class::RunnerLost);
    assert!(finding.evidence.contains(said), "{}", finding.evidence);
    // A program can print the words, but not as an error of the runner.
    let log = in_step("./run", said);
    assert_eq!(found(&job(&log, &[])).class, Class::Unknown);
}

#[test]
fn what_tools_put_before_a_line_does_not_hide_it() {
    for (line, class) in [
        ("#14 31.20 error[E0308]: mismatched types", Class::Compile),
        ("#3 curl: (28) timed out", Class::Network),
        ("│ Error: Unsupported argument", Class::Compile),
        ("##[error]would reformat a.py", Class::Lint),
        ("\u{1b}[31mcurl: (28) timed out\u{1b}[0m", Class::Network),
    ] {
        let log = in_step("./run", line);
        assert_eq!(found(&job(&log, &[])).class, class, "{line}");
    }
}

#[test]
fn reports_say_more_than_the_log() {
    let report = |failed: usize| {
        let failures: String = (0..failed)
            .map(|n| {
                format!("<testcase classname='t' name='f{n}'><failure message='no'/></testcase>")
            })
            .collect();
        let passed: String = (0..100)
            .map(|n| format!("<testcase classname='t' name='p{n}'/>"))
            .collect();
        let xml = format!("<testsuite name='s'>{failures}{passed}</testsuite>");
        read(xml.as_bytes(), &Limits::default()).unwrap()
    };
    let log = in_step("pytest", "curl: (28) Connection timed out");
    let known = |id: &TestId| id.as_str().starts_with("t::f");
    for (failed, known_flaky, wanted) in [
        (0, true, (Class::Network, Rerun::MayHelp)),
        (2, false, (Class::TestFailure, Rerun::No)),
        (2, true, (Class::FlakyTest, Rerun::MayHelp)),
        // Twenty at once are a regression, even of tests that are known to be flaky.
        (20, true, (Class::TestFailure, Rerun::No)),
    ] {
        let reports = [report(failed)];
        let job = Job {
            reports: &reports,
            ..job(&log, &[])
        };
        let finding = find(
            &job,
            &MassFailure::default(),
            |id| known_flaky && known(id),
            |_| true,
        );
        assert_eq!((finding.class, finding.rerun), wanted, "{failed}");
        assert_eq!(finding.failed_tests.len(), failed);
    }
}

#[test]
fn a_signature_is_the_same_for_every_run_of_the_same_failure() {
    let signature = |output: &str| found(&job(&in_step("./run", output), &[])).signature;
    for (one, other) in [
        (
            "curl: (28) Failed to connect to 10.0.0.7 port 443 after 1301 ms: Timeout",
            "curl: (28) Failed to connect to 10.0.9.8 port 8443 after 99 ms: Timeout",
        ),
        (
            "error: failed to unpack package `bytes v1.8.0` in /home/runner/a1/x.crate",
            "error: failed to unpack package `bytes v1.8.1` in /tmp/b2/x.crate",
        ),
        (
            "build 6f9d2f6d-0c1a-4a52-9b1a-2d0f3c8f9a11 at 2026-11-20T09:14:03Z lost 9mzk2 0x7ffe",
            "build 0c1e9e42-8a1f-6f63-9e1d-8b1e7c0a2f1b at 2026-11-21T23:01:59Z lost 9mzk2 0x1aab",
        ),
        (
            "read 5779607b49aab1200488439f in 3.2s",
            "read abc1234 in 14ms",
        ),
    ] {
        assert_eq!(signature(one), signature(other), "{one}\n{other}");
    }
    let different = [
        "test money::adds ... FAILED",
        "test money::rounds ... FAILED",
        "test price_4 ... FAILED",
        "test price_5 ... FAILED",
        "curl: (28) timed out",
        "would reformat a.py",
        "would reformat b.py",
        "figures are missing",
    ];
    let mut signatures: Vec<Signature> = different.iter().map(|line| signature(line)).collect();
    signatures.sort();
    signatures.dedup();
    assert_eq!(signatures.len(), different.len());
}

#[test]
fn the_leg_of_a_matrix_is_not_part_of_a_signature() {
    let log = in_step("pytest", "FAILED tests/test_a.py::test_one - assert");
    let of = |name| {
        found(&Job {
            name,
            ..job(&log, &[])
        })
        .signature
    };
    assert_eq!(of("test (3.12)"), of("test (3.13)"));
    assert_ne!(of("test (3.12)"), of("lint (3.12)"));
}

#[test]
fn evidence_is_short_and_holds_no_secret_and_nothing_unseen() {
    let secrets = [
        "ghs_16C7e42F292c6912E7710c838347Ae178B4a",
        "AKIAIOSFODNN7EXAMPLE",
        "hunter22",
        "MIIEowIBAAKCAQEAx",
    ];
    let output = "\
curl: (28) https://ada:hunter22@acme.example timed out \u{202e}\u{200b}\u{7} \u{1b}[31mred\u{1b}[0m
DB_PASSWORD=hunter22 token ghs_16C7e42F292c6912E7710c838347Ae178B4a AKIAIOSFODNN7EXAMPLE
-----BEGIN RSA PRIVATE KEY-----
MIIEowIBAAKCAQEAx
-----END RSA PRIVATE KEY-----
end";
    let tail = output.split_once("KEY-----\n").expect("it has a key").1;
    let without_begin = found(&job(&in_step("./run", tail), &[]));
    assert!(!without_begin.evidence.contains("MIIEowIBAAKCAQEAx"));
    assert!(without_begin.evidence.contains("\nend"));
    let finding = found(&job(&in_step("./run", output), &[]));
    for secret in secrets {
        assert!(!finding.evidence.contains(secret), "{}", finding.evidence);
    }
    assert!(finding.evidence.contains("red\n"), "{}", finding.evidence);
    assert!(finding.evidence.contains("\nend"), "{}", finding.evidence);
    let hidden = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}' || c == '\u{200b}');
    assert!(!finding.evidence.contains(hidden), "{:?}", finding.evidence);
    let long = format!("curl: (28) {}\n", "ü".repeat(5000)).repeat(30);
    let finding = found(&job(&in_step("./run", &long), &[]));
    assert!((1000..=EVIDENCE_BYTES).contains(&finding.evidence.len()));
}

#[test]
fn a_secret_on_the_border_of_the_excerpt_is_not_cut_out_of_its_mask() {
    for before in 300..420 {
        let line = format!(
            "{} ghs_16C7e42F292c6912E7710c838347Ae178B4a",
            "x".repeat(before)
        );
        let excerpt = evidence::excerpt(&[line]);
        assert!(!excerpt.contains("ghs_"), "{excerpt}");
    }
}

/// A fixed sequence of numbers, so that a failure can be repeated (xorshift).
fn numbers(mut state: u64) -> impl FnMut(usize) -> usize {
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    }
}

#[test]
fn any_text_is_classified_and_bounded() {
    let parts = [
        "##[error]",
        "##[group]Run ",
        "##[endgroup]\n",
        "\n",
        "\r\n",
        "\u{1b}[31m",
        "\u{1b}]0;",
        "\u{feff}",
        "2026-11-20T09:14:03.1234567Z ",
        "test a ... FAILED",
        "curl: (28) ",
        "│ ",
        "#12 1.5 ",
        "-----BEGIN ",
        "é",
        "\0",
        "\u{202e}",
        "ghs_",
        "://",
        "https://a:b@c/",
        "((((",
        "\\",
        "<!channel>",
        "`",
        "😀",
        "(3.12)",
        "0x",
        "deadbeef",
        "/a/b/c",
        "C:\\x\\y",
        "Error: ",
        "Process completed with exit code 137.",
    ];
    for seed in 1..100 {
        let mut next = numbers(seed);
        let mut log = String::new();
        for _ in 0..next(60) {
            log.push_str(parts[next(parts.len())]);
        }
        let annotations = [log.clone()];
        let finding = found(&Job {
            annotations: &annotations,
            ..job(&log, &[])
        });
        assert!(finding.evidence.len() <= EVIDENCE_BYTES, "{seed}");
        assert_eq!(finding.signature.as_str().len(), 32);
        let again = found(&Job {
            annotations: &annotations,
            ..job(&log, &[])
        });
        assert_eq!(finding, again);
    }
}

#[test]
fn a_huge_log_takes_linear_time() {
    let line = "a".repeat(1 << 20);
    let lines = "( [31m curl curl: FAIL FAILED ... error TS error CS 1 2 3 \n".repeat(1 << 16);
    for log in [line, lines, "\u{1b}[".repeat(1 << 19), "/a".repeat(1 << 19)] {
        let finding = found(&job(&log, &[]));
        assert!(finding.evidence.len() <= EVIDENCE_BYTES);
    }
}
