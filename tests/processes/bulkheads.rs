//! Each provider has slots of its own.

use crate::harness::wardroom::errors;
use crate::harness::{Deployment, until};
use ::simulator::{Fault, FaultRule};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_page_that_answers_after_7_s_holds_up_no_line_in_slack() {
    let mut deployment = Deployment::new().await;
    let services: Vec<String> = (0..8)
        .map(|at| format!("  api{at}: {{ statuspage_component: kx{at} }}\n"))
        .collect();
    let config = format!("services:\n{}admins: [U0ADA]\n", services.concat());
    for (name, value) in [
        (
            "WARDROOM_CONFIG",
            deployment.folder.write("many.yaml", &config),
        ),
        ("STATUSPAGE_API_KEY", "sim-statuspage-key".to_owned()),
        ("STATUSPAGE_PAGE_ID", "p1".to_owned()),
        ("STATUSPAGE_API_URL", deployment.slack.base_url()),
        ("WORKER_CONCURRENCY", "4".to_owned()),
    ] {
        deployment.env.insert(name.to_owned(), value);
    }
    let slow = Fault::Delay { millis: 7000 };
    let slow = FaultRule::once("statuspage", slow).always();
    let slow = deployment.slack.fault(slow);
    let child = deployment.start().await;
    let types = async |words: String| {
        let person = deployment.slack.person("bea");
        let response = person.command("general", "/incident", &words).await;
        assert!(response.is_ok(), "{response:?}");
    };
    for at in 0..8 {
        types(format!("declare P3 api{at} Trouble {at}")).await;
    }
    until(Duration::from_secs(6), "all channels are made", || async {
        (0..8).all(|at| deployment.count_public_messages(&format!("Trouble {at}")) > 0)
    })
    .await;
    // All of the page's slots are taken, for longer than this takes.
    let began = Instant::now();
    for at in 0..8 {
        types(format!("#{} status update-{at}-end", at + 1)).await;
    }
    until(Duration::from_secs(3), "all lines stand", || async {
        (0..8).all(|at| deployment.count_public_messages(&format!("update-{at}-end")) == 1)
    })
    .await;
    eprintln!("eight lines within {:?}", began.elapsed());
    let changed = deployment.slack.component_changes().len();
    assert!(changed <= 4, "{changed} components are shown already");

    deployment.slack.lift_fault(slow);
    deployment.settle(Duration::from_secs(30)).await;
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    deployment.close().await;
}
