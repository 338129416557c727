//! What is read of a run: the run, its jobs, the end of a log, test reports.

use super::*;
use github::{Answer as Said, LOG_BYTES, TestReports};
use simulator::AnnotationPlan;

/// Parts of it must not be in anything that is returned.
const SECRET: &str = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";

fn jobs(run: i64, attempt: i32, reports: &[&str]) -> Effect {
    Effect::ListFailedJobs {
        repository: api(),
        run,
        attempt,
        reports: reports.iter().map(|name| (*name).to_owned()).collect(),
    }
}

async fn artifacts(world: &World, run: i64, attempt: i32, reports: &[&str]) -> Vec<i64> {
    match answered(world.deliver(&jobs(run, attempt, reports)).await) {
        Said::Jobs { artifacts, .. } => artifacts,
        other => panic!("{other:?}"),
    }
}

async fn log(world: &World, run: i64) -> (Vec<String>, String) {
    let job = match answered(world.deliver(&jobs(run, 1, &[])).await) {
        Said::Jobs { jobs, .. } => jobs[0].id,
        other => panic!("{other:?}"),
    };
    let read = Effect::ReadJobLog {
        repository: api(),
        run,
        attempt: 1,
        job,
    };
    match answered(world.deliver(&read).await) {
        Said::JobLog {
            annotations, tail, ..
        } => (annotations, tail),
        other => panic!("{other:?}"),
    }
}

async fn reports(world: &World, run: i64, artifact: i64, recorded: &[&str]) -> TestReports {
    let read = Effect::ReadTestReports {
        repository: api(),
        run,
        artifact,
        recorded: recorded.iter().map(|id| (*id).to_owned()).collect(),
    };
    match answered(world.deliver(&read).await) {
        Said::TestReports(reports) => *reports,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_run_is_read_as_it_is_now() {
    let world = world().await;
    let run = world.failed_run("x");
    let read = Effect::ReadRun {
        repository: api(),
        run,
    };
    let Said::Run(seen) = answered(world.deliver(&read).await) else {
        panic!("no run");
    };
    assert_eq!((seen.attempt, seen.number), (1, 1));
    assert_eq!(
        (seen.workflow_name.as_str(), seen.branch.as_str()),
        ("CI", "main")
    );
    assert_eq!(
        (seen.status.as_str(), seen.conclusion.as_deref()),
        ("completed", Some("failure"))
    );
    assert_eq!(seen.default_branch.as_deref(), Some("main"));
    assert_eq!(seen.actor.as_deref(), Some("acme"));
    let gone = Effect::ReadRun {
        repository: api(),
        run: 1,
    };
    assert_eq!(world.deliver(&gone).await, refused("not_found"));
}

#[tokio::test]
async fn only_jobs_that_ended_badly_are_listed_and_ten_at_most() {
    let world = world().await;
    let mut plans: Vec<JobPlan> = (0..12)
        .map(|at| JobPlan::failed(&format!("job {at}"), "x"))
        .collect();
    plans.insert(0, JobPlan::ended("given up", "cancelled"));
    plans.extend((0..120).map(|at| JobPlan::passed(&format!("fine {at}"))));
    plans.push(JobPlan::ended("left out", "skipped"));
    let run = world.run(RunPlan::new("CI", plans));
    let Said::Jobs {
        jobs,
        failed,
        total,
        artifacts,
        quota_left,
        ..
    } = answered(world.deliver(&jobs(run, 1, &[])).await)
    else {
        panic!("no jobs");
    };
    assert_eq!((failed, total, artifacts.len()), (13, 134, 0));
    // The App's own calls, and one for each page.
    assert_eq!(quota_left, Some(4998));
    assert_eq!(jobs.len(), github::JOBS);
    assert!(
        jobs.iter().all(|job| job.conclusion == "failure"),
        "{jobs:?}"
    );
    assert!(
        jobs[0]
            .steps
            .iter()
            .any(|step| step.conclusion.as_deref() == Some("failure"))
    );
}

#[tokio::test]
async fn a_job_that_is_not_read_counts_as_failed() {
    let world = world().await;
    let plans = (0..501).map(|at| JobPlan::passed(&format!("fine {at}")));
    let run = world.run(RunPlan::new("CI", plans.collect()));
    let Said::Jobs { failed, total, .. } = answered(world.deliver(&jobs(run, 1, &[])).await) else {
        panic!("no jobs");
    };
    assert_eq!((failed, total), (1, 501));
}

#[tokio::test]
async fn a_job_that_deploys_is_named_whatever_became_of_it() {
    for (job, wanted) in [
        (
            JobPlan::passed("Deploy to production"),
            Some("Deploy to production"),
        ),
        (
            JobPlan::passed("ship").step("helm upgrade --install api", "success"),
            Some("ship"),
        ),
        (JobPlan::ended("deploy", "skipped"), None),
        (JobPlan::passed("ship").step("Deploy", "skipped"), None),
        (JobPlan::passed("test"), None),
    ] {
        let world = world().await;
        let plans = vec![JobPlan::failed("lint", "x"), job.clone()];
        let run = world.run(RunPlan::new("CI", plans));
        let Said::Jobs { deploys, .. } = answered(world.deliver(&jobs(run, 1, &[])).await) else {
            panic!("no jobs");
        };
        assert_eq!(deploys.as_deref(), wanted, "{job:?}");
    }
}

#[tokio::test]
async fn of_a_long_log_only_the_end_is_read() {
    let world = world().await;
    let long: String = (0..200_000)
        .map(|at| format!("line {at} of the log\n"))
        .collect();
    let run = world.failed_run(&long);
    let (_, tail) = log(&world, run).await;
    assert!(
        tail.len() <= LOG_BYTES && tail.len() > LOG_BYTES - 200,
        "{}",
        tail.len()
    );
    assert!(
        tail.contains("line 199999 of the log"),
        "{}",
        &tail[tail.len() - 200..]
    );
    assert!(
        tail.starts_with("2027-"),
        "a line that lost its beginning: {}",
        &tail[..80]
    );
    assert_eq!(world.sim.calls("github/storage"), 2);
}

#[tokio::test]
async fn a_log_that_github_no_longer_has_is_empty() {
    let world = world().await;
    let run = world.failed_run("connection reset by peer");
    let (_, tail) = log(&world, run).await;
    assert!(tail.contains("connection reset by peer"));
    world.pass(91 * 24 * 3600);
    let (_, tail) = log(&world, run).await;
    assert_eq!(tail, "");
}

#[tokio::test]
async fn annotations_come_with_the_log_and_failures_first() {
    let world = world().await;
    let mut job = JobPlan::failed("test", "x").annotation("src/lib.rs", 1, "the second");
    job.annotations.insert(
        0,
        AnnotationPlan {
            path: "src/lib.rs".to_owned(),
            line: 1,
            level: "warning".to_owned(),
            message: "a warning".to_owned(),
        },
    );
    let run = world.run(RunPlan::new("CI", vec![job]));
    let (annotations, _) = log(&world, run).await;
    assert_eq!(annotations.last().unwrap(), "a warning");
    assert!(
        annotations.contains(&"the second".to_owned()),
        "{annotations:?}"
    );
}

const JUNIT: &str = r#"<testsuites><testsuite name="s">
<testcase classname="pay" name="refunds"><failure message="expected 1, got 2"/></testcase>
<testcase classname="pay" name="charges"><flakyFailure message="timeout"/></testcase>
<testcase classname="pay" name="lists"/>
<testcase classname="pay" name="shows"/>
<testcase classname="pay" name="hides"><skipped/></testcase>
</testsuite></testsuites>"#;

#[tokio::test]
async fn test_reports_of_an_artifact_are_read_together() {
    let world = world().await;
    let attempt = AttemptPlan::new(vec![JobPlan::failed("test", "x")])
        .artifact(
            "junit-linux",
            &[
                ("a/one.xml", JUNIT),
                ("notes.txt", "<html"),
                ("two.xml", "no xml"),
            ],
        )
        .artifact("coverage", &[("c.xml", JUNIT)]);
    let run = world.run(RunPlan {
        attempts: vec![attempt],
        ..RunPlan::default()
    });
    let found = artifacts(&world, run, 1, &["junit*", "test-results"]).await;
    let [artifact] = found[..] else {
        panic!("{found:?}");
    };
    let read = reports(&world, run, artifact, &["pay::lists", "other::test"]).await;
    assert_eq!((read.ran, read.failed, read.flaky), (4, 1, 1));
    assert_eq!(read.passed, ["pay::lists".to_owned()].into());
    assert_eq!(read.unreadable.len(), 1, "{:?}", read.unreadable);
    let tests: Vec<(&str, bool)> = read
        .tests
        .iter()
        .map(|test| (test.id.as_str(), test.flaky))
        .collect();
    assert_eq!(tests, [("pay::refunds", false), ("pay::charges", true)]);
    assert_eq!(read.tests[0].message.as_deref(), Some("expected 1, got 2"));
}

#[tokio::test]
async fn artifacts_of_an_earlier_attempt_are_left_out() {
    let world = world().await;
    let failing = || {
        AttemptPlan::new(vec![JobPlan::failed("test", "x")]).artifact("junit", &[("a.xml", JUNIT)])
    };
    let run = world.run(RunPlan {
        attempts: vec![failing(), failing()],
        ..RunPlan::default()
    });
    let first = artifacts(&world, run, 1, &["junit"]).await;
    world.pass(60);
    let rerun = Effect::RerunFailedJobs {
        repository: api(),
        run,
        attempt: 1,
    };
    answered(world.deliver(&rerun).await);
    world.pass(60);
    world.github.finish_runs();
    assert_eq!(first.len(), 1);
    // The second attempt could not replace the first one's.
    assert!(artifacts(&world, run, 2, &["junit"]).await.is_empty());
}

#[tokio::test]
async fn a_zip_file_that_unpacks_to_too_much_is_left_unread() {
    let world = world().await;
    let huge = "x".repeat(70 << 20);
    let attempt = AttemptPlan::new(vec![JobPlan::failed("test", "x")])
        .artifact("bomb", &[("a.xml", &huge), ("b.xml", JUNIT)]);
    let run = world.run(RunPlan {
        attempts: vec![attempt],
        ..RunPlan::default()
    });
    let artifact = artifacts(&world, run, 1, &["*"]).await[0];
    let read = reports(&world, run, artifact, &[]).await;
    assert_eq!(
        (read.ran, read.unreadable),
        (0, vec!["too large".to_owned()])
    );
}

#[tokio::test]
async fn the_storage_gets_no_credentials_and_its_failure_is_no_answer() {
    let world = world().await;
    let run = world.failed_run("x");
    // The simulated storage refuses what brings an Authorization header.
    let (_, tail) = log(&world, run).await;
    assert!(!tail.is_empty());
    let Said::Jobs { jobs, .. } = answered(world.deliver(&jobs(run, 1, &[])).await) else {
        panic!("no jobs");
    };
    world.fault("storage", Fault::Status { status: 500 });
    let read = Effect::ReadJobLog {
        repository: api(),
        run,
        attempt: 1,
        job: jobs[0].id,
    };
    assert_eq!(world.deliver(&read).await, of_storage("storage_500"));
}

/// A failure that is charged to the effect, and not taken for an outage of GitHub.
fn of_storage(code: &str) -> Outcome {
    let code = code.to_owned();
    Outcome::Elsewhere {
        outcome: Box::new(Outcome::Failed { code }),
        answered: true,
    }
}

#[tokio::test]
async fn a_storage_that_does_not_answer_is_not_taken_for_github() {
    let world = world().await;
    let run = world.failed_run("x");
    log(&world, run).await;
    let Said::Jobs { jobs, .. } = answered(world.deliver(&jobs(run, 1, &[])).await) else {
        panic!("no jobs");
    };
    let read = Effect::ReadJobLog {
        repository: api(),
        run,
        attempt: 1,
        job: jobs[0].id,
    };
    world.fault("storage", Fault::LoseRequest);
    assert_eq!(world.deliver(&read).await, of_storage("storage_broken_off"));
    world.fault("storage", Fault::HoldRequest);
    assert_eq!(world.hasty(&read).await, of_storage("storage_timeout"));
}

#[tokio::test]
async fn secrets_are_in_nothing_that_is_returned() {
    let world = world().await;
    let report = format!(
        r#"<testsuite name="s"><testcase classname="c" name="{SECRET}"><failure message="{SECRET}"/></testcase></testsuite>"#
    );
    let mut job = JobPlan::failed(
        "test",
        &format!("export GITHUB_TOKEN={SECRET}\nfailed with {SECRET}"),
    )
    .step(&format!("curl {SECRET}"), "failure");
    job.name = format!("deploy {SECRET}");
    let job = job.annotation("a", 1, &format!("bad token {SECRET}"));
    let attempt = AttemptPlan::new(vec![job]).artifact("junit", &[("a.xml", &report)]);
    let plan = RunPlan {
        attempts: vec![attempt],
        ..RunPlan::default()
    };
    let branch = format!("fix/{SECRET}");
    world.github.push(API, &branch, "a.txt", "a", "bea");
    let run = world.run(plan.on_branch(&branch));
    let artifact = artifacts(&world, run, 1, &["*"]).await[0];
    let read = Effect::ReadRun {
        repository: api(),
        run,
    };
    let all = [
        format!("{:?}", answered(world.deliver(&jobs(run, 1, &["*"])).await)),
        format!("{:?}", answered(world.deliver(&read).await)),
        format!("{:?}", log(&world, run).await),
        format!("{:?}", reports(&world, run, artifact, &[]).await),
    ];
    for said in all {
        assert!(!said.contains(&SECRET[..12]), "{said}");
        assert!(said.contains("[redacted]"), "{said}");
    }
}
