//! `/wardroom ci`: what is on record, to the person alone.

use super::{CI, ended, ends, failing};
use crate::api::get;
use crate::world::World;
use chrono::Duration;
use serde_json::{Value, json};

const RESET: &str = "##[group]Run actions/checkout@v4
##[endgroup]
fatal: unable to access 'https://github.com/acme/api/': Recv failure: Connection reset by peer
##[error]The process '/usr/bin/git' failed with exit code 128";

#[tokio::test]
async fn the_latest_failures_are_listed_with_cause_state_and_age() {
    let mut world = World::with_github(CI, &[]).await;
    world.asks("cem", "general", "ci").await;
    world.expect_ephemeral("cem", "No repository is known yet");
    ends(&mut world, failing("CI", "build <!channel>", RESET)).await;
    world.skip_messages();
    world.pass(Duration::minutes(65)).await;
    ends(&mut world, failing("Nightly", "build", "make: done")).await;
    ends(&mut world, ended("Nightly", "success")).await;
    world.skip_messages();
    for typed in ["ci", "ci api", "ci ACME/api"] {
        world.asks("cem", "general", typed).await;
        let list = world.expect_ephemeral("cem", "Latest failures").words;
        for says in [
            "🔧",
            "a network error",
            "being repaired, failing for 1 h 5 min",
            "✅",
            "green again",
            "none known",
        ] {
            assert!(list.contains(says), "{says:?} is not in {list}");
        }
        assert_eq!(list.contains("*acme/api* CI"), typed == "ci", "{list}");
        assert!(!list.contains("<!channel>"), "{list}");
    }
    world.asks("cem", "general", "ci apu").await;
    world.expect_ephemeral("cem", "Did you mean `/wardroom ci acme/api`?");
    world.asks("cem", "general", "ci <!channel>").await;
    world.expect_ephemeral("cem", "Unknown repository");
    world.finish().await;
}

#[tokio::test]
async fn a_repository_without_failures_says_so() {
    let mut world = World::with_github(CI, &[]).await;
    ends(&mut world, ended("CI", "success")).await;
    world.asks("cem", "general", "ci api").await;
    world.expect_ephemeral("cem", "no failure is on record");
    world.finish().await;
}

#[tokio::test]
async fn findings_are_listed_by_the_api_with_filters_and_pages() {
    let mut world = World::with_github(CI, &[]).await;
    for (workflow, log) in [("CI", RESET), ("Nightly", "make: done"), ("Checks", RESET)] {
        ends(&mut world, failing(workflow, "build", log)).await;
    }
    let items = |body: &Value| -> Vec<String> {
        let items = body["items"].as_array().expect("a list");
        let shown = items.iter();
        shown
            .map(|item| format!("{} {}", item["workflow"], item["class"]).replace('"', ""))
            .collect()
    };
    let (status, all) = get(&mut world, "/findings").await;
    assert_eq!(status, 200, "{all}");
    assert_eq!(
        items(&all),
        ["Checks network", "Nightly unknown", "CI network"]
    );
    let first = &all["items"][0];
    assert_eq!(first["repository"], "acme/api");
    assert_eq!(first["job"]["name"], "build");
    assert!(
        first["finding"]["evidence"]
            .as_str()
            .is_some_and(|text| text.contains("reset"))
    );
    for (query, wanted) in [
        ("class=network", vec!["Checks network", "CI network"]),
        ("class=network&limit=1", vec!["Checks network"]),
        ("repository=Acme/API&class=unknown", vec!["Nightly unknown"]),
        ("repository=acme/other", vec![]),
        ("state=healed", vec![]),
    ] {
        let (status, page) = get(&mut world, &format!("/findings?{query}")).await;
        assert_eq!((status, items(&page)), (200, own(&wanted)), "{query}");
    }
    let (_, page) = get(&mut world, "/findings?limit=2").await;
    let cursor = page["next_cursor"]
        .as_str()
        .expect("there is more")
        .to_owned();
    let (_, page) = get(&mut world, &format!("/findings?limit=2&cursor={cursor}")).await;
    assert_eq!(items(&page), ["CI network"]);
    assert!(page["next_cursor"].is_null());
    for wrong in ["class=melted", "state=open", "branch=main"] {
        let (status, _) = get(&mut world, &format!("/findings?{wrong}")).await;
        assert_eq!(status, 400, "{wrong}");
    }
    world.skip_messages();
    world.finish().await;
}

fn own(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[tokio::test]
async fn the_flakiest_tests_are_those_that_hit_the_most_pull_requests() {
    let mut world = World::with_github(CI, &[]).await;
    ends(&mut world, ended("CI", "success")).await;
    for (name, standing, changes) in [
        ("cart::totals", "flaky", vec!["#11", "#12", "#12", "0a1b2c"]),
        ("cart::<!here>", "left_to_people", vec!["#10", "#11", "#12"]),
        ("cart::broken", "broken", vec!["#10"]),
    ] {
        let marks = changes.iter().map(|change| {
            json!({"change": change, "at": "2026-02-28T13:05:00Z", "is_flaky": true, "tree": null,
                   "passed_before": false})
        });
        let record = json!({"marks": marks.collect::<Vec<_>>()}).to_string();
        let row = format!(
            "insert into ci_records (repository, subject, workflow_id, standing, record, last, failed_at, seen_at,
                                     keep_until)
             values ('acme/api', 'test:{name}', 1, '{standing}', '{record}',
                     '{{\"at\": \"2026-02-28T13:05:00Z\", \"verdicts\": 200}}', '2026-02-28 13:05:00+00',
                     '2026-02-28 13:05:00+00', '2026-06-01 00:00:00+00')"
        );
        assert_eq!(world.sql(&row).await, 1);
    }
    world.asks("cem", "general", "ci").await;
    let list = world.expect_ephemeral("cem", "Flakiest tests").words;
    let first = list.find("hit 3 pull requests").expect("the first one");
    let second = list.find("hit 2 pull requests").expect("the second one");
    assert!(first < second, "{list}");
    assert!(
        !list.contains("broken") && !list.contains("<!here>"),
        "{list}"
    );
    world.finish().await;
}

#[tokio::test]
async fn steps_of_repairs_are_listed_by_the_api_with_filters() {
    let mut world = World::with_github(CI, &[]).await;
    ends(&mut world, failing("CI", "build", RESET)).await;
    let (status, all) = get(&mut world, "/repairs").await;
    assert_eq!(status, 200, "{all}");
    let step = &all["items"][0];
    assert_eq!(step["repository"], "acme/api", "{all}");
    assert_eq!(step["playbook"], "infrastructure", "{all}");
    let state = step["state"].as_str().expect("a state").to_owned();
    for (query, found) in [
        (format!("state={state}&repository=ACME/api"), true),
        ("playbook=infrastructure".to_owned(), true),
        ("playbook=cache".to_owned(), false),
    ] {
        let (status, page) = get(&mut world, &format!("/repairs?{query}")).await;
        assert_eq!(status, 200, "{page}");
        assert_eq!(
            page["items"]
                .as_array()
                .is_some_and(|items| !items.is_empty()),
            found,
            "{query}"
        );
    }
    let (status, _) = get(&mut world, "/repairs?state=melted").await;
    assert_eq!(status, 400);
    world.skip_messages();
    world.finish().await;
}
