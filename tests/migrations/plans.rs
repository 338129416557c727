//! Every statement of ours finds its rows by an index, however many there are.
//!
//! Looked at where it matters: with the plan that a prepared statement keeps, made while nothing
//! waits. Such a plan once read the whole inbox for each batch of a storm.

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

/// What is read from end to end: a table, or an index of which no place is asked for.
fn reads_whole(plan: &str) -> Option<String> {
    let lines: Vec<&str> = plan.lines().collect();
    let next = lines.iter().skip(1).chain([&""]);
    lines.iter().zip(next).find_map(|(line, next)| {
        let (how, what) = line.split_once(" Scan ")?;
        let small = SMALL
            .iter()
            .any(|small| what.split(' ').any(|word| word == *small));
        let whole_index = how.contains("Index") && !next.contains("Index Cond");
        ((how.ends_with("Seq") || whole_index) && !small).then(|| what.to_owned())
    })
}

/// Whether it is about all that waits: the gauges, and the sweep for what is stuck.
fn is_about_all(sql: &str) -> bool {
    sql.contains("count(*)") || sql.contains("having bool_and(blocked)")
}

/// A month's work that is done: `names` lanes and subjects, and nothing that waits.
async fn work_off(connection: &mut PgConnection, names: u32) {
    for sql in [
        "update inbox set state = 'done', ended_at = received_at where state = 'open'".to_owned(),
        "update outbox set state = 'dropped', ended_at = created_at, lease_token = null where ended_at is null"
            .to_owned(),
        format!(
            "insert into inbox (id, source, kind, dedup_key, subject, received_at, run_at, state, ended_at)
             select gen_random_uuid(), 'github', 'push', 'of-{names}-' || n, 'subject-' || n % {names},
                    now(), now(), 'done', now()
               from generate_series(1, 50000) as n"
        ),
        format!(
            "insert into outbox (id, signal, lane, provider, kind, effect, priority, coalesce_key, state, ended_at,
                                 run_at, created_at)
             select gen_random_uuid(), gen_random_uuid(), 'lane-' || n % {names}, 'slack', 'show_card', '{{}}', 1,
                    'card-' || n % {names}, 'done', now(), now(), now()
               from generate_series(1, 50000) as n"
        ),
    ] {
        let done = connection.execute(AssertSqlSafe(sql)).await;
        done.expect("the work is done");
    }
}

/// The statements that read something whole, with their plans.
async fn found(connection: &mut PgConnection) -> Vec<String> {
    let mut found = Vec::new();
    let statements = statements().into_iter();
    for (sql, takes) in statements.filter(|(sql, _)| !is_about_all(sql)) {
        let plan = plan(connection, &sql, takes).await;
        let whole = reads_whole(&plan);
        found.extend(whole.map(|what| format!("{what} is read whole by\n{sql}\n{plan}")));
    }
    found
}

async fn nothing_is_read_whole(connection: &mut PgConnection, when: &str) {
    let found = found(connection).await;
    assert!(found.is_empty(), "{when}: {}", found.join("\n\n"));
}

#[tokio::test]
async fn no_statement_reads_a_table_that_grows_from_end_to_end() {
    assert!(statements().len() > 50, "{}", statements().len());
    let empty = Fresh::make("plans").await;
    store::migrate(&empty.options().into())
        .await
        .expect("it migrates");
    for (fresh, names) in [(empty, 1), (with_sample_data("plans").await, 1000)] {
        let mut connection = fresh.connect().await;
        let kept = [("plan_cache_mode", "force_generic_plan")];
        for (name, value) in PLANNING.into_iter().chain(kept) {
            let set = format!("set {name} = {value}");
            let set = connection.execute(AssertSqlSafe(set)).await;
            set.expect("a setting of PostgreSQL");
        }
        nothing_is_read_whole(&mut connection, "never counted").await;
        count_rows(&mut connection).await;
        nothing_is_read_whole(&mut connection, "empty or nearly so").await;
        work_off(&mut connection, names).await;
        count_rows(&mut connection).await;
        nothing_is_read_whole(&mut connection, "all is done").await;
        fresh.drop_it().await;
    }
}

async fn count_rows(connection: &mut PgConnection) {
    let counted = connection.execute("vacuum analyze").await;
    counted.expect("the rows are counted");
}
