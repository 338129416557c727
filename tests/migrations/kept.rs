//! How long rows are kept: each table is in the list of the docs, and what the list says is done.

use super::{rows, with_sample_data};
use sqlx::Executor as _;
use std::collections::BTreeMap;
use wardroom::store::{Batching, Settings, Store, Way};

/// Each table with how long its rows are kept, from the docs.
fn documented() -> BTreeMap<String, String> {
    let docs = include_str!("../../docs/OPERATIONS.md");
    let (_, docs) = docs
        .split_once("## How long rows are kept")
        .expect("the list");
    let docs = docs.split("\n## ").next().unwrap_or_default();
    let lines = docs.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut found = BTreeMap::new();
    for line in lines {
        let (tables, kept) = line.split_once(" | ").expect("two columns");
        let tables = tables
            .split(", ")
            .map(|name| name.trim_matches('`').to_owned());
        found.extend(tables.map(|table| (table, kept.to_owned())));
    }
    found
}

/// The sample rows are of March 2026; what is open there is ended first.
#[tokio::test]
async fn old_rows_of_each_table_are_deleted_as_the_docs_say_and_no_table_is_left_out() {
    let fresh = with_sample_data("kept").await;
    let mut connection = fresh.connect().await;
    let ended = connection.execute("update ci_incidents set is_open = false");
    ended.await.expect("the incident is over");
    let old = connection.execute(
        "update ci_failures set news_at = now() - interval '401 days' where green_at is null",
    );
    old.await.expect("it fails for more than a year");
    let before = rows(&mut connection).await;
    let store = Store::connect(Settings {
        servers: fresh.options().into(),
        max_connections: 4,
        way: Way::Direct,
        batching: Batching::On,
        seal: None,
    });
    for _ in 0..3 {
        let now = chrono::Utc::now();
        store.forget_old(now).await.expect("the database answers");
    }
    let after: BTreeMap<String, i64> = rows(&mut connection).await.into_iter().collect();
    let documented = documented();
    let named: Vec<&String> = before.iter().map(|(table, _)| table).collect();
    let listed: Vec<&String> = documented.keys().collect();
    assert_eq!(listed, named, "docs/OPERATIONS.md lists each table");
    for (table, count) in &before {
        let kept = &documented[table];
        let left = after[table];
        if kept.starts_with("always") {
            assert_eq!(left, *count, "{table}: {kept}");
        } else {
            assert!(left < *count, "no old row of {table} was deleted: {kept}");
        }
    }
    assert_eq!(after["ci_failures"], 0, "also those that still fail");
    store.close().await;
    fresh.drop_it().await;
}
