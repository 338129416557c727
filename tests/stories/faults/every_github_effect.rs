//! Each kind of effect of GitHub, its answer lost, its request lost, GitHub failing, limiting or refusing, the process
//! started again, and two processes: what is on GitHub is counted.
//!
//! The table walks the kinds of GitHub's vocabulary: a new one without such a story fails here.

use super::rows;
use crate::scenes::{AfterDoubt, CONFIG, SCENES, Scene};
use crate::world::World;
use chrono::Duration;
use simulator::{AttemptPlan, Fault, FaultRule, GitHub, JobPlan, PullFrom, RunPlan};
use std::collections::BTreeSet;
use strum::IntoEnumIterator;
use wardroom::domain::effect::Repeat;
use wardroom::domain::effect::github::Kind;

const REPOSITORY: &str = "acme/api";

/// Effects that no decision makes yet.
const UNUSED: [Kind; 3] = [
    Kind::ProposeFile,
    Kind::CreateCheckRun,
    Kind::UpdateCheckRun,
];

type Step = Box<dyn Fn(&World)>;

/// What reads, and how often what follows from it is in the database.
struct Reading {
    kind: Kind,
    endpoint: &'static str,
    steps: &'static [fn(&World)],
    follows: &'static str,
}

/// What becomes of the processes when the fault is met.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Processes {
    One,
    Restarted,
    Two,
}

/// The faults after which an effect is there once.
fn stories() -> Vec<(Fault, Processes)> {
    use Processes::{One, Restarted, Two};
    let refused = |status| Fault::Status { status };
    let secondary = Fault::SecondaryLimit {
        status: 403,
        retry_after: Some(7),
    };
    vec![
        (Fault::LoseAnswer, One),
        (Fault::DoneButStatus { status: 502 }, One),
        (Fault::LoseRequest, One),
        (refused(503), One),
        (Fault::RateLimited { retry_after: 7 }, One),
        (secondary, One),
        (Fault::LoseAnswer, Restarted),
        (Fault::LoseRequest, Restarted),
        (Fault::LoseAnswer, Two),
        (Fault::LoseRequest, Two),
    ]
}

/// Lets everything that follows happen, also what waits for a minute.
async fn goes_on(world: &mut World, processes: Processes) {
    if processes == Processes::Two {
        let (other, _url) = world.replica().await;
        world.settle_beside(&other).await;
        for _ in 0..15 {
            world.clock.advance(Duration::seconds(4));
            world.github().deliver_webhooks().await;
            world.settle_beside(&other).await;
        }
        return;
    }
    world.settle_with_github().await;
    if processes == Processes::Restarted {
        world.restart().await;
    }
    for _ in 0..15 {
        world.clock.advance(Duration::seconds(4));
        // Those that were asked for again too.
        world.github().deliver_webhooks().await;
        world.settle_with_github().await;
    }
}

/// The world after a scene with this fault, and how often the fault was met.
async fn after(endpoint: &str, fault: Fault, processes: Processes, steps: &[Step]) -> (World, u32) {
    let mut world = World::with_github(CONFIG, &[]).await;
    world.settle_with_github().await;
    let (last, before) = steps.split_last().expect("a scene has steps");
    for step in before {
        step(&world);
        goes_on(&mut world, Processes::One).await;
    }
    let rule = FaultRule::once(&format!("github/{endpoint}"), fault);
    let fault = world.slack.fault(rule);
    last(&world);
    goes_on(&mut world, processes).await;
    let hits = world.slack.fault_hits(fault);
    (world, hits)
}

async fn ends(mut world: World) {
    world.skip_messages();
    world.finish().await;
}

async fn written(scene: &Scene) {
    let step = |step: &fn(&GitHub, &str)| -> Step {
        let step = *step;
        Box::new(move |world| step(&world.github(), REPOSITORY))
    };
    let steps: Vec<Step> = scene.steps.iter().map(step).collect();
    for (fault, processes) in stories() {
        let (world, hits) = after(scene.endpoint, fault.clone(), processes, &steps).await;
        let which = format!("{} with {fault:?}, {processes:?}", scene.name);
        assert_eq!(hits, 1, "{which}");
        let is_doubtful = !matches!(
            fault,
            Fault::RateLimited { .. } | Fault::SecondaryLimit { .. }
        );
        let is_done = matches!(fault, Fault::LoseAnswer | Fault::DoneButStatus { .. });
        if let AfterDoubt::LookedUp(lookup) | AfterDoubt::LeftUncertain(lookup) = scene.after_doubt
        {
            assert!(!is_doubtful || world.github().calls(lookup) > 0, "{which}");
        }
        let stands = (scene.stands)(&world.github(), REPOSITORY);
        if matches!(scene.after_doubt, AfterDoubt::LeftUncertain(_)) && is_doubtful && !is_done {
            assert_eq!(
                (stands, states(&world, scene.kind).await),
                (0, vec!["uncertain".to_owned()]),
                "{which}"
            );
        } else {
            assert_eq!(stands, 1, "{which}");
            all_done(&world, scene.kind, &which).await;
        }
        ends(world).await;
    }
    let fault = Fault::Refused {
        status: 451,
        message: "Unavailable".to_owned(),
    };
    let (mut world, hits) = after(scene.endpoint, fault, Processes::One, &steps).await;
    assert_eq!(hits, 1);
    assert_eq!(
        (scene.stands)(&world.github(), REPOSITORY),
        0,
        "{} is refused",
        scene.name
    );
    let open = world.effects("open").await;
    assert!(open.iter().all(|row| row.kind != scene.kind), "{open:#?}");
    world.skip_messages();
    world.finish_after_faults().await;
}

async fn states(world: &World, kind: &str) -> Vec<String> {
    let rows = rows(world, kind).await;
    rows.into_iter().map(|row| row.state).collect()
}

async fn all_done(world: &World, kind: &str, which: &str) {
    let states = states(world, kind).await;
    assert!(
        !states.is_empty() && states.iter().all(|state| state == "done"),
        "{which}: {states:?}"
    );
}

async fn read(reading: &Reading) {
    let steps = reading.steps.iter().map(|step| Box::new(*step) as Step);
    let steps: Vec<Step> = steps.collect();
    let kind: &'static str = reading.kind.into();
    for (fault, processes) in stories() {
        let (world, hits) = after(reading.endpoint, fault.clone(), processes, &steps).await;
        let which = format!("{kind} with {fault:?}, {processes:?}");
        assert_eq!(hits, 1, "{which}");
        assert_eq!(world.sql(reading.follows).await, 1, "{which}");
        all_done(&world, kind, &which).await;
        ends(world).await;
    }
}

macro_rules! written {
    ($($scene:ident),* $(,)?) => {
        const WRITTEN: &[&str] = &[$(stringify!($scene)),*];

        mod stands_once {
            use super::*;
            $(
                #[tokio::test]
                async fn $scene() {
                    let scene = SCENES.iter().find(|scene| scene.name == stringify!($scene));
                    written(scene.expect("it is a scene")).await;
                }
            )*
        }
    };
}

written!(
    rerun_failed_jobs,
    rerun_run,
    delete_caches,
    dispatch_workflow,
    create_issue,
    update_issue,
    create_comment,
    create_comment_of_a_playbook,
    update_comment,
    add_labels,
);

macro_rules! readings {
    ($($story:ident: $kind:ident, $endpoint:literal, $steps:expr, $follows:literal;)*) => {
        const READ: &[Kind] = &[$(Kind::$kind),*];

        mod is_read_all_the_same {
            use super::*;
            $(
                #[tokio::test]
                async fn $story() {
                    let steps: &'static [fn(&World)] = $steps;
                    read(&Reading { kind: Kind::$kind, endpoint: $endpoint, steps, follows: $follows }).await;
                }
            )*
        }
    };
}

const ASSERTION: &str = "test adds ... FAILED\nassertion `left == right` failed";
const RESET: &str = "fatal: unable to access 'https://github.com/acme/api/': Recv failure: Connection reset by peer";
const REPORT: &str = r#"<testsuite tests="2"><testcase classname="shop" name="pays"><failure message="got 500"/>
</testcase><testcase classname="shop" name="adds"/></testsuite>"#;

fn failed(log: &str) -> RunPlan {
    RunPlan::new("CI", vec![JobPlan::failed("test", log)])
}

readings! {
    list_failed_jobs: ListFailedJobs, "actions/list-jobs-for-workflow-run-attempt",
        &[|world| { world.github().run(REPOSITORY, failed(ASSERTION)); }],
        "select from ci_findings where class = 'test_failure'";
    read_job_log: ReadJobLog, "actions/download-job-logs-for-workflow-run",
        &[|world| { world.github().run(REPOSITORY, failed(ASSERTION)); }],
        "select from ci_findings where class = 'test_failure'";
    read_test_reports: ReadTestReports, "actions/download-artifact",
        &[|world| {
            let attempt = AttemptPlan::new(vec![JobPlan::failed("test", RESET)]);
            let plan = RunPlan::default().then(attempt.artifact("junit", &[("a.xml", REPORT)]));
            world.github().run(REPOSITORY, plan);
        }],
        "select from ci_findings where class = 'test_failure'";
    read_file: ReadFile, "repos/get-content",
        &[|world| { world.github().run(REPOSITORY, failed(RESET)); }],
        "select from ci_repairs where state = 'asked'";
    find_pulls: FindPulls, "repos/list-pull-requests-associated-with-commit",
        &[|world| {
            let github = world.github();
            let sha = github.push(REPOSITORY, "fix", "src/shop.rs", "fixed", "ada");
            github.open_pull(REPOSITORY, "fix", "Fix the shop", "ada", PullFrom::Fork);
            let plan = failed(ASSERTION).on_branch("fix").at(&sha).for_event("pull_request");
            github.run(REPOSITORY, RunPlan { fork: true, ..plan });
        }],
        "select from ci_comments where comment is not null";
    read_run: ReadRun, "actions/get-workflow-run",
        &[
            |world| {
                let run = world.github().start_run(REPOSITORY, failed(ASSERTION));
                world.github().begin_run(run);
            },
            |world| {
                world.github().finish_runs();
                // As if GitHub had never made them.
                world.github().rearrange_webhooks(Vec::clear);
                world.clock.advance(Duration::hours(7));
            },
        ],
        "select from ci_runs where conclusion = 'failure'";
    list_failed_deliveries: ListFailedDeliveries, "apps/list-webhook-deliveries",
        &[lost],
        "select from ci_runs where conclusion = 'failure'";
    redeliver: Redeliver, "apps/redeliver-webhook-delivery",
        &[lost],
        "select from ci_runs where conclusion = 'failure'";
}

fn lost(world: &World) {
    world.github().run(REPOSITORY, failed(ASSERTION));
    world.github().lose_webhooks();
    world.clock.advance(Duration::minutes(6));
}

#[test]
fn every_kind_of_github_has_a_story_and_is_looked_up_when_a_second_one_would_show() {
    let scenes: BTreeSet<&str> = SCENES.iter().map(|scene| scene.name).collect();
    assert_eq!(
        scenes,
        WRITTEN.iter().copied().collect(),
        "each scene is walked"
    );
    for kind in Kind::iter() {
        let name: &'static str = kind.into();
        let scenes: Vec<&Scene> = SCENES.iter().filter(|scene| scene.kind == name).collect();
        let has_story = !scenes.is_empty() || READ.contains(&kind) || UNUSED.contains(&kind);
        assert!(has_story, "{name} has no story");
        for scene in scenes {
            let is_repeated = scene.after_doubt == AfterDoubt::Repeated;
            assert_eq!(is_repeated, kind.repeat() == Repeat::Harmless, "{name}");
        }
    }
}
