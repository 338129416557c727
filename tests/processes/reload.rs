//! New rules without a restart: by SIGUSR2, and by watching the file. A wrong file changes nothing.

use crate::harness::wardroom::{Wardroom, errors};
use crate::harness::{CONFIG, Deployment, moment};
use rustix::process::Signal;
use std::time::Duration;

/// Whether a service is known, as a person finds out.
async fn knows(deployment: &Deployment, service: &str) -> bool {
    let ada = deployment.slack.person("ada");
    let line = format!("declare P3 {service} is it known");
    let response = ada.command("builds", "/incident", &line).await;
    assert!(response.is_ok(), "{response:?}");
    deployment.settle(Duration::from_secs(30)).await;
    let services = deployment.list("select service from incidents").await;
    services.iter().any(|known| known == service)
}

async fn metric(child: &Wardroom, series: &str) -> String {
    let url = format!("{}/metrics", child.url);
    let text = reqwest::get(url).await.unwrap().text().await.unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(series));
    value
        .unwrap_or_else(|| panic!("no {series}"))
        .trim()
        .to_owned()
}

/// How many reloads were applied and how many failed.
async fn reloads(child: &Wardroom) -> (String, String) {
    let of = |result: &str| format!("wardroom_config_reloads_total{{result=\"{result}\"}}");
    let (applied, failed) = (of("applied"), of("failed"));
    (metric(child, &applied).await, metric(child, &failed).await)
}

fn counted(applied: u32, failed: u32) -> (String, String) {
    (applied.to_string(), failed.to_string())
}

fn with_service(name: &str) -> String {
    CONFIG.replace("  db: {}", &format!("  db: {{}}\n  {name}: {{}}"))
}

/// The number of lines that it has logged: what comes now is beyond.
fn so_far(child: &Wardroom) -> usize {
    child.lines().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigusr2_takes_new_rules_and_leaves_the_old_ones_when_the_new_are_wrong() {
    let deployment = Deployment::new().await;
    let child = deployment.start().await;
    assert!(!knows(&deployment, "search").await);

    deployment
        .folder
        .write("wardroom.yaml", "services: [\nadmins: 7\n");
    child.signal(Signal::USR2);
    let line = child
        .says(0, "the configuration is wrong and was not reloaded")
        .await;
    assert!(
        line["problems"]
            .as_str()
            .is_some_and(|problems| problems.contains("wardroom.yaml:")),
        "{line}"
    );
    assert!(knows(&deployment, "api").await, "the old rules hold");

    deployment
        .folder
        .write("wardroom.yaml", &with_service("search"));
    child.signal(Signal::USR2);
    let line = child.says(0, "the configuration was reloaded").await;
    assert_eq!(line["changed"], "services.search", "{line}");
    assert!(knows(&deployment, "search").await);
    assert_eq!(reloads(&child).await, counted(1, 1));
    let errors_of_config = metric(&child, "bot_errors_total{component=\"config\"}").await;
    assert_eq!(errors_of_config, "1");

    // Asked for once more, with nothing new: answered, and not counted.
    child.signal(Signal::USR2);
    child.says(0, "the configuration has not changed").await;
    assert_eq!(reloads(&child).await, counted(1, 1));
    let restart = |line: &String| line.contains("takes effect after a restart");
    assert!(
        !child.lines().iter().any(restart),
        "the flags have not changed"
    );
    let log = child.stop().await;
    assert_eq!(
        errors(&log).len(),
        1,
        "only the wrong file: {:#?}",
        errors(&log)
    );
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watched_file_is_reloaded_when_it_changes() {
    let deployment = Deployment::new().await;
    let child = Wardroom::start_with(&deployment.env, &["--watch"]).await;
    deployment.slack.set_app_url(Some(&child.url));
    assert!(!knows(&deployment, "search").await);
    // As editors and ConfigMaps do it: a new file in the old one's place.
    let new = deployment.folder.write("new.yaml", &with_service("search"));
    std::fs::rename(new, deployment.folder.path().join("wardroom.yaml")).unwrap();
    child.says(0, "the configuration was reloaded").await;
    assert!(knows(&deployment, "search").await);

    // It is read twice and more, and is one change all the same.
    moment::pass(Duration::from_secs(5)).await;
    assert_eq!(reloads(&child).await, counted(1, 0));

    // Who also sends the signal makes it no second one.
    let lines = so_far(&child);
    deployment
        .folder
        .write("wardroom.yaml", &with_service("billing"));
    child.signal(Signal::HUP);
    child.says(lines, "the configuration was reloaded").await;
    moment::pass(Duration::from_secs(5)).await;
    assert_eq!(reloads(&child).await, counted(2, 0));
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_extended_or_made_later_is_watched_too() {
    let mut deployment = Deployment::new().await;
    deployment.env.remove("WARDROOM_CONFIG");
    std::fs::remove_file(deployment.folder.path().join("wardroom.yaml")).unwrap();
    let child = Wardroom::start_in(deployment.folder.path(), &deployment.env, &["--watch"]).await;
    deployment.slack.set_app_url(Some(&child.url));
    deployment.folder.write("base.yaml", CONFIG);
    deployment
        .folder
        .write("wardroom.yaml", "extends: [base.yaml]\n");
    child.says(0, "the configuration was reloaded").await;
    assert!(knows(&deployment, "api").await);

    let lines = so_far(&child);
    deployment
        .folder
        .write("base.yaml", &with_service("search"));
    child.says(lines, "the configuration was reloaded").await;
    assert!(knows(&deployment, "search").await);
    assert_eq!(reloads(&child).await, counted(2, 0));
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    deployment.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_names_what_changed_and_what_waits_for_a_restart_and_shows_no_secret() {
    let mut deployment = Deployment::new().await;
    let secret = deployment.folder.write("token", "xoxb-hunter2\n");
    let env = &mut deployment.env;
    env.remove("ADMIN_TOKEN");
    env.insert("ADMIN_TOKEN_FILE".to_owned(), secret);
    let child = deployment.start().await;
    for (source, state) in [
        ("slack", "on"),
        ("github", "on"),
        ("statuspage", "off"),
        ("api", "on"),
        ("alerts", "off"),
    ] {
        let line = child.says(0, &format!("{source} is {state}: ")).await;
        assert_eq!(
            (&line["source"], &line["state"]),
            (&source.into(), &state.into())
        );
    }

    deployment.folder.write("token", "xoxb-hunter3\n");
    deployment.folder.write(
        "wardroom.yaml",
        &with_service("search").replace("[U0ADA]", "[]"),
    );
    child.signal(Signal::USR2);
    let line = child.says(0, "the configuration was reloaded").await;
    assert_eq!(line["changed"], "services.search, admins", "{line}");
    let line = child.says(0, "takes effect after a restart").await;
    assert_eq!(line["changed"], "ADMIN_TOKEN", "{line}");
    let log = child.stop().await;
    assert!(!log.iter().any(|line| line.contains("hunter")), "{log:#?}");
    deployment.close().await;
}
