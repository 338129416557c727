//! Re-runs: once, whatever is lost on the way, and refused in words that can be told apart.

use super::*;

const FAILED_JOBS: &str = "actions/re-run-workflow-failed-jobs";

fn rerun(run: i64, attempt: i32) -> Effect {
    Effect::RerunFailedJobs {
        repository: api(),
        run,
        attempt,
    }
}

fn ran(already: bool) -> Answer {
    Answer::Github(github::Answer::Rerun { already })
}

fn reruns(world: &World, run: i64) -> u32 {
    world
        .github
        .find_run(u64::try_from(run).unwrap())
        .unwrap()
        .reruns
}

#[tokio::test]
async fn the_failed_jobs_or_all_of_them_run_again() {
    let world = world().await;
    let two = || vec![JobPlan::passed("lint"), JobPlan::failed("test", "x")];
    let plan = || RunPlan::new("CI", two()).then(AttemptPlan::new(two()));
    for (effect, expected) in [
        (rerun as fn(i64, i32) -> Effect, vec!["test"]),
        (
            |run, attempt| Effect::RerunRun {
                repository: api(),
                run,
                attempt,
            },
            vec!["lint", "test"],
        ),
    ] {
        let run = world.run(plan());
        assert_eq!(
            world.deliver(&effect(run, 1)).await,
            Outcome::Done(ran(false))
        );
        world.github.finish_runs();
        let seen = world.github.find_run(u64::try_from(run).unwrap()).unwrap();
        assert_eq!(
            (seen.attempt, seen.ran),
            (2, expected.iter().map(|name| (*name).to_owned()).collect())
        );
    }
}

#[tokio::test]
async fn a_run_that_a_person_ran_again_is_left_alone() {
    let world = world().await;
    let run = world.failed_run("x");
    world
        .github
        .rerun_by_person(u64::try_from(run).unwrap(), "bea");
    assert_eq!(
        world.deliver(&rerun(run, 1)).await,
        Outcome::Done(ran(true))
    );
    world.github.finish_runs();
    assert_eq!(
        world.deliver(&rerun(run, 1)).await,
        Outcome::Done(ran(true))
    );
    assert_eq!(world.github.calls(FAILED_JOBS), 0);
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_one_rerun_is_made() {
    for fault in [
        Fault::LoseAnswer,
        Fault::DoneButStatus { status: 502 },
        Fault::HoldAnswer,
    ] {
        let world = world().await;
        let run = world.failed_run("x");
        world.fault(FAILED_JOBS, fault);
        let outcome = world.hasty(&rerun(run, 1)).await;
        let perhaps = matches!(
            outcome,
            Outcome::Uncertain { .. } | Outcome::ServerError { .. }
        );
        assert!(perhaps, "{outcome:?}");
        assert_eq!(world.find(&rerun(run, 1)).await, Lookup::Found(ran(false)));
        assert_eq!(world.again(&rerun(run, 1)).await, Outcome::Done(ran(false)));
        assert_eq!(reruns(&world, run), 1);
    }
}

#[tokio::test]
async fn a_lost_request_is_looked_up_and_sent_again() {
    for fault in [
        Fault::LoseRequest,
        Fault::Status { status: 503 },
        Fault::HoldRequest,
    ] {
        let world = world().await;
        let run = world.failed_run("x");
        world.fault(FAILED_JOBS, fault);
        let outcome = world.hasty(&rerun(run, 1)).await;
        let perhaps = matches!(
            outcome,
            Outcome::Uncertain { .. } | Outcome::ServerError { .. }
        );
        assert!(perhaps, "{outcome:?}");
        assert_eq!(world.find(&rerun(run, 1)).await, Lookup::Absent);
        assert_eq!(world.again(&rerun(run, 1)).await, Outcome::Done(ran(false)));
        assert_eq!(reruns(&world, run), 1);
    }
}

#[tokio::test]
async fn each_reason_not_to_run_again_has_a_code() {
    let world = world().await;
    let run = world.failed_run("x");
    for (message, code) in [
        ("This workflow is already running", "rerun_already_running"),
        ("This workflow run cannot be retried", "rerun_not_possible"),
        (
            "Unable to retry this workflow run because it was created over a month ago",
            "rerun_not_possible",
        ),
        (
            "This workflow run has reached the maximum of 50 re-runs",
            "rerun_limit_reached",
        ),
        ("Resource not accessible by integration", "forbidden"),
    ] {
        let fault = Fault::Refused {
            status: 403,
            message: message.to_owned(),
        };
        world.fault(FAILED_JOBS, fault);
        assert_eq!(
            world.deliver(&rerun(run, 1)).await,
            refused(code),
            "{message}"
        );
    }
    assert_eq!(reruns(&world, run), 0);
    let old = RunPlan::new("CI", vec![JobPlan::failed("test", "x")]).days_old(31);
    let old = world.run(old);
    assert_eq!(
        world.deliver(&rerun(old, 1)).await,
        refused("rerun_not_possible")
    );
}
