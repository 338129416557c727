//! Killed at any moment, under load, with a slow and lossy Slack: what was answered 200 happens,
//! and happens once.
//!
//! Half of the kills come while Slack holds an answer, so that the process dies knowing nothing of
//! what was done. The channels are counted in the end, by the words of each command.

use crate::harness::Deployment;
use crate::harness::command_load::{CommandLoad, channels, nothing_lost_nothing_twice};
use crate::harness::wardroom::errors;
use ::simulator::{Fault, FaultRule};
use std::time::Duration;

/// A Slack that is slow, loses answers, and fails, each so many calls.
fn bad_day(deployment: &Deployment) {
    let each = |method: &str, fault: Fault, nth: u32| {
        deployment
            .slack
            .fault(FaultRule::once(method, fault).always().every(nth));
    };
    each("chat.postMessage", Fault::LoseAnswer, 13);
    each("chat.postMessage", Fault::Delay { millis: 300 }, 5);
    each(
        "chat.postMessage",
        Fault::RateLimited { retry_after: 1 },
        29,
    );
    each("*", Fault::DoneButStatus { status: 502 }, 41);
    each("*", Fault::LoseRequest, 37);
    each("*", Fault::Delay { millis: 60 }, 3);
}

async fn killed(times: u32) {
    let deployment = Deployment::new().await;
    let mut child = deployment.start().await;
    let channels = channels(&deployment, 6).await;
    bad_day(&deployment);
    let command_load = CommandLoad::start(&deployment, &channels, Duration::from_millis(200));
    let mut while_held = 0;
    let mut log = Vec::new();
    for kill in 0..times {
        if kill % 5 == 4 {
            // At no particular moment: a little later each time.
            let moment = Duration::from_millis(150 + 37 * u64::from(kill % 17));
            crate::harness::moment::pass(moment).await;
        } else {
            // Posts are looked for after the death, other calls repeated: both must be met.
            let method = if kill % 2 == 0 {
                "chat.postMessage"
            } else {
                "*"
            };
            let hold = deployment
                .slack
                .fault(FaultRule::once(method, Fault::HoldAnswer).times(3));
            let held = |slack: &::simulator::Workspace| (slack.held() > 0).then_some(());
            let met = deployment
                .slack
                .wait_until(Duration::from_secs(4), held)
                .await;
            while_held += u32::from(met.is_ok());
            deployment.slack.lift_fault(hold);
        }
        log.extend(child.kill().await);
        child = deployment.start().await;
    }
    let ledger = command_load.stop().await;
    deployment.slack.lift_faults();
    deployment.slack.release();
    nothing_lost_nothing_twice(&deployment, &ledger, Duration::from_secs(120)).await;
    log.extend(child.stop().await);
    let (yes, no) = ledger.counts();
    eprintln!(
        "{times} kills, {while_held} while an answer was held; {yes} commands answered 200, {no} not: {:?}",
        ledger.refusals()
    );
    assert!(
        while_held * 2 >= times,
        "only {while_held} of {times} kills met a held answer"
    );
    assert!(
        yes > 2 * times as usize,
        "only {yes} commands were answered 200"
    );
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    let parked = "select count(*) from outbox where state = 'parked'";
    assert_eq!(deployment.count(parked).await, 0);
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_ten_times_nothing_is_lost_and_nothing_done_twice() {
    killed(10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: a hundred kills under load take about ten minutes"]
async fn killed_a_hundred_times_nothing_is_lost_and_nothing_done_twice() {
    killed(100).await;
}
