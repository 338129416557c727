//! Killed while GitHub holds the answer, or the request, of each kind of effect that writes to it: after the
//! restart each is there once.
//!
//! Each scene has a repository of its own in each round, so one kill meets all kinds.

use crate::harness::Deployment;
use crate::harness::wardroom::{Wardroom, errors};
use crate::scenes::{AfterDoubt, CONFIG, SCENES, Scene};
use ::simulator::{APP_KEY, Fault, FaultRule};
use std::cell::Cell;
use std::time::Duration;

async fn with_github() -> Deployment {
    let mut deployment = Deployment::new().await;
    let github = deployment.slack.github();
    github.install("acme");
    let config = deployment.folder.write("wardroom.yaml", CONFIG);
    for (name, value) in [
        ("GITHUB_API_URL", github.api_url()),
        ("GITHUB_APP_ID", github.app_id().to_string()),
        ("GITHUB_APP_PRIVATE_KEY", APP_KEY.to_owned()),
        ("WARDROOM_CONFIG", config),
    ] {
        deployment.env.insert(name.to_owned(), value);
    }
    deployment
}

/// Waits until nothing has been open for a while that is due: what follows by a timer follows within a second.
async fn settles(deployment: &Deployment) {
    let quiet = Cell::new(0);
    let patience = Duration::from_secs(60);
    crate::harness::until(patience, "all that is due is done", || async {
        let open = "select (select count(*) from inbox where state = 'open')
                         + (select count(*) from outbox where ended_at is null and run_at < now() + interval '5 s')";
        let waiting = deployment.slack.github().waiting_webhooks();
        let is_quiet = waiting.is_empty() && deployment.count(open).await == 0;
        quiet.set(if is_quiet { quiet.get() + 1 } else { 0 });
        quiet.get() == 40
    })
    .await;
}

/// Every kind of effect is in progress, and the process is killed. Returns the process that follows.
async fn killed(
    deployment: &Deployment,
    child: Wardroom,
    round: u32,
    log: &mut Vec<String>,
) -> Wardroom {
    let github = deployment.slack.github();
    let named = |name: &str| format!("acme/{}-{round}", name.replace('_', "-"));
    let fault = match round % 2 {
        0 => Fault::HoldAnswer,
        _ => Fault::HoldRequest,
    };
    // A request that did not arrive leaves some effects uncertain, for a person to look at.
    let is_certain = |scene: &&Scene| {
        fault == Fault::HoldAnswer || !matches!(scene.after_doubt, AfterDoubt::LeftUncertain(_))
    };
    let scenes: Vec<&Scene> = SCENES.iter().filter(is_certain).collect();
    let most = scenes.iter().map(|scene| scene.steps.len()).max();
    for scene in &scenes {
        github.add_repository(&named(scene.name));
    }
    // The last steps of all scenes are taken together.
    for left in (1..most.unwrap_or_default()).rev() {
        for scene in scenes.iter().filter(|scene| scene.steps.len() > left) {
            scene.steps[scene.steps.len() - 1 - left](&github, &named(scene.name));
        }
        settles(deployment).await;
    }
    let holds: Vec<u64> = scenes
        .iter()
        .map(|scene| {
            let rule = FaultRule::once(&format!("github/{}", scene.endpoint), fault.clone());
            deployment
                .slack
                .fault(rule.in_repository(&named(scene.name)))
        })
        .collect();
    for scene in &scenes {
        scene.steps[scene.steps.len() - 1](&github, &named(scene.name));
    }
    let all_held = |slack: &::simulator::Workspace| (slack.held() == scenes.len()).then_some(());
    let met = deployment
        .slack
        .wait_until(Duration::from_secs(60), all_held)
        .await;
    met.unwrap_or_else(|_| {
        let met = |(scene, id): (&&Scene, &u64)| {
            format!("{}: {}", scene.name, deployment.slack.fault_hits(*id))
        };
        let met: Vec<String> = scenes.iter().zip(&holds).map(met).collect();
        panic!("not every kind is in progress: {met:#?}")
    });
    log.extend(child.kill().await);
    deployment.slack.release();
    let child = deployment.start().await;
    crate::harness::until(Duration::from_secs(60), "every kind is done", || async {
        let done = |scene: &&Scene| (scene.stands)(&github, &named(scene.name)) > 0;
        scenes.iter().all(done)
    })
    .await;
    settles(deployment).await;
    for scene in &scenes {
        let stands = (scene.stands)(&github, &named(scene.name));
        assert_eq!(stands, 1, "{} in round {round} with {fault:?}", scene.name);
    }
    child
}

async fn killed_times(rounds: u32) {
    let deployment = with_github().await;
    let mut child = deployment.start().await;
    let mut log = Vec::new();
    for round in 0..rounds {
        child = killed(&deployment, child, round, &mut log).await;
    }
    log.extend(child.stop().await);
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    let bad = "select count(*) from outbox where state in ('parked', 'uncertain', 'dropped')";
    assert_eq!(deployment.count(bad).await, 0);
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_github_holds_each_kind_of_effect_each_is_there_once() {
    killed_times(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: ten kills, of answers and of requests, take about five minutes"]
async fn killed_ten_times_while_github_holds_each_kind_of_effect_each_is_there_once() {
    // In five repositories, failures of the infrastructure are an outage, in which nothing is run again.
    for _ in 0..5 {
        killed_times(2).await;
    }
}
