//! Every statement of ours finds its rows by an index, however many there are.
//!
//! Looked at where it matters: with the plan that a prepared statement keeps, made while nothing
//! waits. Such a plan once read the whole inbox for each batch under load.

use super::database::Fresh;
use super::{folder, with_sample_data};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Row as _};
use wardroom::store::{self, PLANNING};

/// What stays small: few scopes, processes and modules, few incidents at once.
const SMALL: [&str; 5] = [
    "pauses",
    "processes",
    "modules",
    "incidents_open",
    "ci_incidents_open",
];

/// The statements that the compiler checked: text, and how many values each takes.
fn statements() -> Vec<Statement> {
    let files = std::fs::read_dir(folder(".sqlx")).expect("the statements' folder");
    files
        .map(|file| {
            let path = file.expect("an entry").path();
            let text = std::fs::read(&path).expect("a statement");
            let statement: Value = serde_json::from_slice(&text).expect("JSON");
            let takes = statement["describe"]["parameters"]["Left"].as_array();
            let sql = statement["query"].as_str().expect("its text");
            Statement {
                sql: sql.to_owned(),
                types: Vec::new(),
                takes: takes.map_or(0, Vec::len),
            }
        })
        .collect()
}

/// A statement: its text, its values' types where they are named, and how many values it takes.
struct Statement {
    sql: String,
    types: Vec<String>,
    takes: usize,
}

/// The statements within our functions, with the arguments' names as numbers. A function keeps the plan
/// of each as a connection does.
async fn in_functions(connection: &mut PgConnection) -> Vec<Statement> {
    let functions = sqlx::query(
        "select prosrc, proargnames,
                array(select format_type(kind, null) from unnest(proargtypes) with ordinality as arg(kind, place)
                       order by place)
           from pg_proc where pronamespace = 'public'::regnamespace and proargnames is not null",
    );
    let functions = functions.fetch_all(connection).await;
    let mut found = Vec::new();
    for function in functions.expect("the catalogue answers") {
        let (code, names): (String, Vec<String>) = (function.get(0), function.get(1));
        let types: Vec<String> = function.get(2);
        let code: Vec<&str> = code
            .lines()
            .map(|line| line.split("--").next().unwrap_or_default())
            .collect();
        for part in code.join("\n").split(';') {
            let begins = [("perform ", "select "), ("return query", "")];
            let mut begins = begins.into_iter();
            let found_one = begins.find_map(|(word, instead)| {
                let at = part.find(word)?;
                Some(part[at..].replacen(word, instead, 1))
            });
            let Some(sql) = found_one else { continue };
            let sql = names.iter().enumerate().fold(sql, |text, (place, name)| {
                text.replace(name.as_str(), &format!("${}", place + 1))
            });
            let (types, takes) = (types.clone(), types.len());
            found.push(Statement { sql, types, takes });
        }
    }
    found
}

/// The plan that is kept, as PostgreSQL words it.
async fn plan(connection: &mut PgConnection, statement: &Statement) -> String {
    let Statement { sql, types, takes } = statement;
    let list = |words: Vec<String>| match words.is_empty() {
        true => String::new(),
        false => format!("({})", words.join(", ")),
    };
    let prepare = format!("prepare it{} as {sql}", list(types.clone()));
    let prepared = connection.execute(AssertSqlSafe(prepare)).await;
    prepared.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let explain = format!(
        "explain execute it{}",
        list(vec!["null".to_owned(); *takes])
    );
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
    sql.contains("count(*)") && !counts_one_kind(sql) || sql.contains("having bool_and(blocked)")
}

/// A month's work that is done: `names` lanes and subjects, and nothing that waits. `analyze` reads 30000 rows of a table
/// by default, so it reads all of these, and the plans do not depend on a random sample.
async fn work_off(connection: &mut PgConnection, names: u32) {
    for sql in [
        "update inbox set state = 'done', ended_at = received_at where state = 'open'".to_owned(),
        "update outbox set state = 'dropped', ended_at = created_at, lease_token = null where ended_at is null"
            .to_owned(),
        format!(
            "insert into inbox (id, source, kind, dedup_key, subject, received_at, run_at, state, ended_at)
             select gen_random_uuid(), 'github', 'push', 'of-{names}-' || n, 'subject-' || n % {names},
                    now(), now(), 'done', now()
               from generate_series(1, 29000) as n"
        ),
        format!(
            "insert into outbox (id, signal, lane, provider, kind, effect, priority, coalesce_key, state, ended_at,
                                 run_at, created_at)
             select gen_random_uuid(), gen_random_uuid(), 'lane-' || n % {names}, 'slack', 'show_card', '{{}}', 1,
                    'card-' || n % {names}, 'done', now(), now(), now()
               from generate_series(1, 29000) as n"
        ),
    ] {
        let done = connection.execute(AssertSqlSafe(sql)).await;
        done.expect("the work is done");
    }
}

/// Whether it gives a page of a queue's rows: such a one reads as many rows as it gives.
fn is_a_page(sql: &str) -> bool {
    sql.contains("seq < $")
}

/// Whether it counts the rows of one kind that are stuck, up to a limit: it reads no others.
fn counts_one_kind(sql: &str) -> bool {
    sql.contains("as stuck")
}

/// The statements that read something whole, or more than their page, with their plans.
async fn found(connection: &mut PgConnection) -> Vec<String> {
    let mut found = Vec::new();
    let within = in_functions(connection).await;
    assert!(within.len() >= 4, "the functions' statements are found");
    let all = statements().into_iter().chain(within);
    for statement in all.filter(|statement| !is_about_all(&statement.sql)) {
        let plan = plan(connection, &statement).await;
        let sql = &statement.sql;
        let whole = reads_whole(&plan);
        found.extend(whole.map(|what| format!("{what} is read whole by\n{sql}\n{plan}")));
        if (is_a_page(sql) || counts_one_kind(sql)) && plan.contains("Filter:") {
            found.push(format!("rows are left out one by one by\n{sql}\n{plan}"));
        }
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
    let elsewhere = Fresh::make("plans").await;
    let open = open_transaction(&elsewhere).await;
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
        use_every_index(&mut connection).await;
        nothing_is_read_whole(&mut connection, "never counted").await;
        count_rows(&mut connection).await;
        nothing_is_read_whole(&mut connection, "empty or nearly so").await;
        work_off(&mut connection, names).await;
        count_rows(&mut connection).await;
        nothing_is_read_whole(&mut connection, "all is done").await;
        fresh.drop_it().await;
    }
    drop(open);
    elsewhere.drop_it().await;
}

/// What a statement must find its rows by: a page of a filtered list by its first condition, whatever else leaves rows out, and
/// the repairs of a repository by their time.
fn must_read_by(sql: &str) -> Option<String> {
    if sql.contains("and not is_rerun") {
        return Some(" on ci_repairs_handled ".to_owned());
    }
    let is_page = sql.contains("and place < $1") || sql.contains("and number < $4");
    let (_, conditions) = sql.split_once("where ")?;
    let ends = [" = ", " between "].map(|end| conditions.find(end));
    let first = &conditions[..ends.into_iter().flatten().min()?];
    is_page.then(|| format!("Index Cond: (({first} "))
}

/// As many rows as 90 days may have, of a thousand repositories and services.
async fn fill(connection: &mut PgConnection) {
    for sql in [
        "insert into incidents (id, number, title, severity, status, service, channel_name, channel_try, declared_by,
                                declared_at, resolved_at, kind, private, source)
         select gen_random_uuid(), 100000 + n, 'It is slow', 'P' || 1 + n % 4,
                (array ['cancelled', 'merged', 'resolved'])[1 + n % 3], 'service-' || n % 1000, 'inc-' || 100000 + n, 0,
                'U0ADA', now(), case when n % 3 = 2 then now() end, 'real', false, 'api'
           from generate_series(1, 20000) as n",
        "insert into ci_findings (id, repository, workflow_id, branch, is_pull, workflow, on_default_branch, run_id, number,
                                  attempt, sha, class, signature, infrastructure, finding, state, found_at)
         select gen_random_uuid(), 'acme/r' || n % 1000, 7, 'main', false, 'CI', true, n, n, 1, 'abc',
                (array ['network', 'lint', 'compile', 'timeout', 'unknown'])[1 + n % 5], 'signature-' || n, false, '{}',
                (array ['told', 'healed', 'given_up'])[1 + n % 3], now() - n * interval '1 minute'
           from generate_series(1, 20000) as n",
        "insert into ci_repairs (id, inspection, repository, run_id, number, attempt, playbook, ordinal, tries, action,
                                 is_rerun, signatures, detail, state, actor, decided_at, due_at)
         select gen_random_uuid(), gen_random_uuid(), 'acme/r' || n % 1000, n, n, 1,
                (array ['infrastructure', 'code', 'cache', 'once', 'person'])[1 + n % 5], 0, 0, 'open_issue', n % 2 = 0, '{}',
                '{}', (array ['succeeded', 'failed', 'refused'])[1 + n % 3], 'wardroom', now() - n * interval '1 minute', now()
           from generate_series(1, 20000) as n",
    ] {
        let filled = connection.execute(sql).await;
        filled.expect("the rows are right");
    }
}

#[tokio::test]
async fn a_filtered_list_is_read_by_the_index_of_its_filter() {
    let fresh = with_sample_data("lists").await;
    let mut connection = fresh.connect().await;
    for (name, value) in PLANNING
        .into_iter()
        .chain([("plan_cache_mode", "force_generic_plan")])
    {
        let set = format!("set {name} = {value}");
        let set = connection.execute(AssertSqlSafe(set)).await;
        set.expect("a setting of PostgreSQL");
    }
    use_every_index(&mut connection).await;
    fill(&mut connection).await;
    count_rows(&mut connection).await;
    let mut read = 0;
    for statement in statements() {
        let Some(by) = must_read_by(&statement.sql) else {
            continue;
        };
        let plan = plan(&mut connection, &statement).await;
        let sql = &statement.sql;
        assert!(plan.contains(&by), "not by {by}:\n{sql}\n{plan}");
        read += 1;
    }
    assert_eq!(read, 10, "three filters of each list, and the repairs");
    fresh.drop_it().await;
}

/// Another transaction of the server, which is open until the connection ends. See [`use_every_index`].
async fn open_transaction(database: &Fresh) -> PgConnection {
    let mut connection = database.connect().await;
    let begun = connection.execute("begin; select pg_current_xact_id()");
    begun.await.expect("a transaction begins");
    connection
}

/// Makes the planner use the indexes that it leaves out for a time.
///
/// An index that was created over rows whose HOT chains it breaks is left out while any transaction of the server, of
/// another database too, is older than the index (`pg_index.indcheckxmin`). The sample data makes such rows. In
/// production that ends with the older transaction, and kept plans are then made again. Here it would make the plans
/// depend on what else the server does.
async fn use_every_index(connection: &mut PgConnection) {
    const LEFT_OUT: &str =
        "select distinct indrelid::regclass::text from pg_index where indcheckxmin";
    let tables: Vec<String> = sqlx::query_scalar(LEFT_OUT)
        .fetch_all(&mut *connection)
        .await
        .expect("the catalogue answers");
    for table in tables {
        for sql in [format!("vacuum {table}"), format!("reindex table {table}")] {
            let done = connection.execute(AssertSqlSafe(sql)).await;
            done.expect("an index is made again");
        }
    }
    let left_out: Vec<String> = sqlx::query_scalar(LEFT_OUT)
        .fetch_all(&mut *connection)
        .await
        .expect("the catalogue answers");
    assert!(left_out.is_empty(), "{left_out:?}");
}

async fn count_rows(connection: &mut PgConnection) {
    let counted = connection.execute("vacuum analyze").await;
    counted.expect("the rows are counted");
}
