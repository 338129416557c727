//! Every statement of ours finds its rows by an index, however many there are.
//!
//! Looked at where it matters: with the plan that a prepared statement keeps, made while the tables
//! are empty or nearly so. Such a plan once read the whole inbox for each batch of a storm.

use super::database::Fresh;
use super::{folder, with_sample_data};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Row as _};
use wardroom::store::{self, PLANNING};

/// What stays small: few scopes, processes and modules, few incidents at once.
const SMALL: [&str; 4] = ["pauses", "processes", "modules", "incidents_open"];

/// The statements that the compiler checked: text, and how many values each takes.
fn statements() -> Vec<(String, usize)> {
    let files = std::fs::read_dir(folder(".sqlx")).expect("the statements' folder");
    files
        .map(|file| {
            let path = file.expect("an entry").path();
            let text = std::fs::read(&path).expect("a statement");
            let statement: Value = serde_json::from_slice(&text).expect("JSON");
            let takes = statement["describe"]["parameters"]["Left"].as_array();
            let sql = statement["query"].as_str().expect("its text");
            (sql.to_owned(), takes.map_or(0, Vec::len))
        })
        .collect()
}

/// The plan that is kept, as PostgreSQL words it.
async fn plan(connection: &mut PgConnection, sql: &str, takes: usize) -> String {
    let prepare = format!("prepare it as {sql}");
    let prepared = connection.execute(AssertSqlSafe(prepare)).await;
    prepared.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let values = if takes == 0 {
        String::new()
    } else {
        format!("({})", vec!["null"; takes].join(", "))
    };
    let explain = format!("explain execute it{values}");
    let lines = connection.fetch_all(AssertSqlSafe(explain)).await;
    let lines = lines.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let freed = connection.execute("deallocate it").await;
    freed.expect("it was prepared");
    let lines: Vec<String> = lines.iter().map(|line| line.get(0)).collect();
    lines.join("\n")
}

/// What is read from end to end: a table, or an index of which no place is asked for. Whoever counts
/// all that waits may do so.
fn reads_whole(plan: &str) -> Option<String> {
    let lines: Vec<&str> = plan.lines().collect();
    let counted = plan.contains("Aggregate");
    let next = lines.iter().skip(1).chain([&""]);
    lines.iter().zip(next).find_map(|(line, next)| {
        let (how, what) = line.split_once(" Scan ")?;
        let small = SMALL
            .iter()
            .any(|small| what.split(' ').any(|word| word == *small));
        let whole_table = how.ends_with("Seq");
        let whole_index = how.contains("Index") && !next.contains("Index Cond") && !counted;
        ((whole_table || whole_index) && !small).then(|| what.to_owned())
    })
}

/// The statements that read something whole, with their plans.
async fn found(connection: &mut PgConnection) -> Vec<String> {
    let mut found = Vec::new();
    for (sql, takes) in statements() {
        let plan = plan(connection, &sql, takes).await;
        let whole = reads_whole(&plan);
        found.extend(whole.map(|what| format!("{what} is read whole by\n{sql}\n{plan}")));
    }
    found
}

#[tokio::test]
async fn no_statement_reads_a_table_that_grows_from_end_to_end() {
    assert!(statements().len() > 50, "{}", statements().len());
    let empty = Fresh::make("plans").await;
    store::migrate(&empty.options()).await.expect("it migrates");
    for fresh in [empty, with_sample_data("plans").await] {
        let mut connection = fresh.connect().await;
        let kept = [("plan_cache_mode", "force_generic_plan")];
        for (name, value) in PLANNING.into_iter().chain(kept) {
            let set = format!("set {name} = {value}");
            let set = connection.execute(AssertSqlSafe(set)).await;
            set.expect("a setting of PostgreSQL");
        }
        let found_before = found(&mut connection).await;
        assert!(found_before.is_empty(), "{}", found_before.join("\n\n"));
        // What the planner guesses is one thing, what it knows of a queue that ran dry another.
        let counted = connection.execute("vacuum analyze").await;
        counted.expect("the rows are counted");
        let found_after = found(&mut connection).await;
        assert!(found_after.is_empty(), "{}", found_after.join("\n\n"));
        fresh.drop_it().await;
    }
}
