//! New rules without a restart: by SIGUSR2, and by watching the file. A wrong file changes nothing.

use crate::harness::wardroom::{Wardroom, errors};
use crate::harness::{CONFIG, House};
use rustix::process::Signal;
use std::time::Duration;

/// Whether a service is known, as a person finds out.
async fn knows(house: &House, service: &str) -> bool {
    let ada = house.slack.person("ada");
    let line = format!("declare P3 {service} is it known");
    let heard = ada.command("builds", "/incident", &line).await;
    assert!(heard.is_ok(), "{heard:?}");
    house.settles(Duration::from_secs(30)).await;
    let services = house.list("select service from incidents").await;
    services.iter().any(|known| known == service)
}

async fn reloads(child: &Wardroom) -> String {
    let url = format!("{}/metrics", child.url);
    let text = reqwest::get(url).await.unwrap().text().await.unwrap();
    let counted = text
        .lines()
        .filter(|line| line.starts_with("wardroom_config_reloads_total"));
    counted.collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigusr2_takes_new_rules_and_leaves_the_old_ones_when_the_new_are_wrong() {
    let house = House::new().await;
    let child = house.opens().await;
    assert!(!knows(&house, "search").await);

    house
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
    assert!(knows(&house, "api").await, "the old rules hold");

    house.folder.write(
        "wardroom.yaml",
        &CONFIG.replace("  db: {}", "  db: {}\n  search: {}"),
    );
    child.signal(Signal::USR2);
    child.says(0, "the configuration was reloaded").await;
    assert!(knows(&house, "search").await);
    let counted = reloads(&child).await;
    assert!(
        counted.contains("result=\"applied\"} 1") && counted.contains("result=\"failed\"} 1"),
        "{counted}"
    );
    let log = child.stop().await;
    assert_eq!(
        errors(&log).len(),
        1,
        "only the wrong file: {:#?}",
        errors(&log)
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watched_file_is_reloaded_when_it_changes() {
    let house = House::new().await;
    let child = Wardroom::start_with(&house.env, &["--watch"]).await;
    house.slack.set_app_url(Some(&child.url));
    assert!(!knows(&house, "search").await);
    // As editors and ConfigMaps do it: a new file in the old one's place.
    let new = house.folder.write(
        "new.yaml",
        &CONFIG.replace("  db: {}", "  db: {}\n  search: {}"),
    );
    std::fs::rename(new, house.folder.path().join("wardroom.yaml")).unwrap();
    child.says(0, "the configuration was reloaded").await;
    assert!(knows(&house, "search").await);
    let log = child.stop().await;
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    house.close().await;
}
