//! What the migrations promise: from nothing and over data, once and by many at a time, by us and by
//! other programs, they make one schema, and lose no row.
//!
//! Schemas are compared by the catalogue's own definitions and not by `pg_dump`, whose version must
//! not be older than the server's: these tests run on every server that is supported. Each migration
//! has its sample data in `tests/data/migrations/NNNN.sql`, inserted right after it.

#[path = "../support/database.rs"]
mod database;
mod kept;
mod locks;
mod plans;

use database::Fresh;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use std::path::{Path, PathBuf};
use wardroom::domain::incident::Status;
use wardroom::domain::incident::act::IncidentRef;
use wardroom::store::{self, Batching, MIGRATOR, Settings, Store, Way};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The migrations' files in order: number, name, text.
fn migrations() -> Vec<(i64, String, String)> {
    let entries = std::fs::read_dir(folder("migrations")).expect("the migrations' folder");
    let mut found: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            let number = name
                .split('_')
                .next()
                .and_then(|number| number.parse().ok());
            let number = number.unwrap_or_else(|| panic!("{name} begins with its number"));
            (
                number,
                name,
                std::fs::read_to_string(&path).expect("a migration"),
            )
        })
        .collect();
    found.sort();
    found
}

async fn apply(connection: &mut PgConnection, what: &str, sql: &str) {
    let applied = connection.execute(AssertSqlSafe(sql.to_owned())).await;
    applied.unwrap_or_else(|error| panic!("{what}: {error}"));
}

/// The whole schema, one object a line, as the catalogue words it.
async fn schema(connection: &mut PgConnection) -> Vec<String> {
    let rows = sqlx::query(
        r"with ours as (select oid, relname from pg_class
                         where relnamespace = 'public'::regnamespace and relkind in ('r', 'p'))
          select line from (
              select format('column %s.%s %s %s default %s identity %s compression %s', relname, attname,
                            format_type(atttypid, atttypmod),
                            case when attnotnull then 'not null' else 'null' end,
                            pg_get_expr(adbin, adrelid), attidentity, attcompression)
                from ours join pg_attribute on attrelid = ours.oid
                left join pg_attrdef on adrelid = ours.oid and adnum = attnum
               where attnum > 0 and not attisdropped
              union all
              select format('constraint %s %s %s', relname, conname, pg_get_constraintdef(c.oid))
                from ours join pg_constraint c on conrelid = ours.oid
              union all
              select format('index %s', pg_get_indexdef(indexrelid))
                from ours join pg_index on indrelid = ours.oid
              union all
              select format('trigger %s', pg_get_triggerdef(t.oid))
                from ours join pg_trigger t on tgrelid = ours.oid where not tgisinternal
              union all
              select format('function %s', pg_get_functiondef(oid))
                from pg_proc where pronamespace = 'public'::regnamespace) as all_of_it(line)
           where line not like '%\_sqlx\_migrations%'
           order by 1",
    )
    .fetch_all(connection)
    .await
    .expect("the catalogue answers");
    rows.iter().map(|row| row.get(0)).collect()
}

/// How many rows each of our tables holds.
async fn rows(connection: &mut PgConnection) -> Vec<(String, i64)> {
    let tables = sqlx::query(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace
            and relkind = 'r' and relname <> '_sqlx_migrations' order by 1",
    )
    .fetch_all(&mut *connection)
    .await
    .expect("the tables are listed");
    let mut found = Vec::new();
    for table in tables {
        let table: String = table.get(0);
        let count = sqlx::query(AssertSqlSafe(format!("select count(*) from {table}")));
        let count = count
            .fetch_one(&mut *connection)
            .await
            .expect("a count")
            .get(0);
        found.push((table, count));
    }
    found
}

/// A database with every migration, and after each its sample data.
async fn with_sample_data(purpose: &str) -> Fresh {
    let fresh = Fresh::make(purpose).await;
    let mut connection = fresh.connect().await;
    for (number, name, sql) in migrations() {
        let before = rows(&mut connection).await;
        apply(&mut connection, &name, &sql).await;
        let after = rows(&mut connection).await;
        for (table, count) in before {
            let kept = after
                .iter()
                .any(|(other, now)| *other == table && *now >= count);
            assert!(
                kept,
                "{name} lost rows of {table}: {count} before, {after:?} after"
            );
        }
        let data = folder("tests/data/migrations").join(format!("{number:04}.sql"));
        let data = std::fs::read_to_string(&data).unwrap_or_else(|error| {
            panic!("{name} has no sample data in {}: {error}", data.display())
        });
        apply(
            &mut connection,
            &format!("the sample data of {name}"),
            &data,
        )
        .await;
    }
    connection.close().await.expect("the connection ends");
    fresh
}

#[tokio::test]
async fn from_nothing_the_migrations_make_what_the_program_expects_and_doing_it_again_does_nothing()
{
    let fresh = Fresh::make("migration").await;
    let missing = store::missing(&fresh.options().into())
        .await
        .expect("it is read");
    assert_eq!(missing.len(), migrations().len(), "{missing:?}");
    let applied = store::migrate(&fresh.options().into())
        .await
        .expect("it migrates");
    assert_eq!(applied, missing);
    let mut connection = fresh.connect().await;
    let (made, counted) = (schema(&mut connection).await, rows(&mut connection).await);

    assert_eq!(
        store::migrate(&fresh.options().into())
            .await
            .expect("again"),
        Vec::<String>::new()
    );
    assert_eq!(
        store::missing(&fresh.options().into())
            .await
            .expect("it is read"),
        Vec::<String>::new()
    );
    assert_eq!(schema(&mut connection).await, made);
    assert_eq!(rows(&mut connection).await, counted);
    fresh.drop_it().await;
}

#[tokio::test]
async fn every_migration_keeps_the_rows_that_were_there() {
    let fresh = with_sample_data("migration").await;
    let mut connection = fresh.connect().await;
    for (table, count) in rows(&mut connection).await {
        assert!(
            count > 0,
            "no sample data in {table}: the next migration over it is not tried"
        );
    }
    // What is in it is read by today's code, not only kept.
    let store = Store::connect(Settings {
        servers: fresh.options().into(),
        max_connections: 4,
        way: Way::Direct,
        batching: Batching::On,
        seal: None,
    });
    let incident = store
        .incident(&IncidentRef::Number(1))
        .await
        .expect("it is readable");
    let incident = incident.expect("the sample's incident");
    assert_eq!(
        (incident.title.as_str(), incident.status),
        ("Checkout returns 500s", Status::Resolved)
    );
    let inbox = store
        .inbox_rows(None, 50, None)
        .await
        .expect("the inbox is readable");
    assert_eq!(inbox.items.len(), 8);
    let outbox = store
        .outbox_rows(None, 50, None)
        .await
        .expect("the outbox is readable");
    assert_eq!(outbox.items.len(), 8);
    store.close().await;
    fresh.drop_it().await;
}

#[tokio::test]
async fn many_that_migrate_at_once_take_turns() {
    let fresh = Fresh::make("migration").await;
    let servers = fresh.options().into();
    let together = (0..6).map(|_| store::migrate(&servers));
    for one in futures_util::future::join_all(together).await {
        one.expect("a later process finds it done");
    }
    let mut connection = fresh.connect().await;
    let once =
        sqlx::query("select count(*), count(distinct version) from _sqlx_migrations where success");
    let once = once.fetch_one(&mut connection).await.expect("the list");
    let expected = i64::try_from(migrations().len()).expect("few");
    assert_eq!(
        (once.get::<i64, _>(0), once.get::<i64, _>(1)),
        (expected, expected)
    );
    fresh.drop_it().await;
}

#[tokio::test]
async fn plain_sql_and_sqlx_make_the_schema_that_the_program_makes() {
    let ours = Fresh::make("migration").await;
    store::migrate(&ours.options().into())
        .await
        .expect("it migrates");
    let expected = schema(&mut ours.connect().await).await;
    assert!(expected.len() > 100, "the catalogue's lines: {expected:#?}");

    // As psql would: each file's text, nothing else.
    let plain = with_sample_data("migration").await;
    assert_eq!(schema(&mut plain.connect().await).await, expected);

    // As `sqlx migrate run` would: from the folder. The program then finds nothing to do.
    let by_sqlx = Fresh::make("migration").await;
    let from_folder = Migrator::new(folder("migrations"))
        .await
        .expect("sqlx reads the folder");
    from_folder
        .run(&mut by_sqlx.connect().await)
        .await
        .expect("sqlx migrates");
    assert_eq!(schema(&mut by_sqlx.connect().await).await, expected);
    assert_eq!(
        store::migrate(&by_sqlx.options().into())
            .await
            .expect("it looks"),
        Vec::<String>::new()
    );
    let sums = |migrator: &Migrator| -> Vec<_> {
        migrator
            .iter()
            .map(|migration| migration.checksum.clone().into_owned())
            .collect()
    };
    assert_eq!(
        sums(&from_folder),
        sums(&MIGRATOR),
        "the binary was built from this folder"
    );
    for fresh in [ours, plain, by_sqlx] {
        fresh.drop_it().await;
    }
}

#[tokio::test]
async fn a_migration_protects_the_history_from_everybody() {
    let fresh = with_sample_data("migration").await;
    let mut connection = fresh.connect().await;
    let before = rows(&mut connection).await;
    for table in ["incident_timeline", "audit_log"] {
        for order in [
            format!("update {table} set by = 'another person'"),
            format!("delete from {table}"),
            format!("truncate {table} cascade"),
        ] {
            let refused = connection.execute(AssertSqlSafe(order.clone())).await;
            let error = refused
                .err()
                .unwrap_or_else(|| panic!("`{order}` went through"));
            let code = error
                .as_database_error()
                .and_then(|error| error.code().map(String::from));
            assert_eq!(code.as_deref(), Some("23001"), "`{order}`: {error}");
            assert!(
                error.to_string().contains("append-only"),
                "`{order}`: {error}"
            );
        }
    }
    assert_eq!(rows(&mut connection).await, before);
    fresh.drop_it().await;
}

#[test]
fn migrations_are_numbered_without_a_hole_and_none_is_forgotten_by_the_binary() {
    let files = migrations();
    let numbers: Vec<i64> = files.iter().map(|(number, _, _)| *number).collect();
    let expected: Vec<i64> = (1..=i64::try_from(files.len()).expect("few")).collect();
    assert_eq!(numbers, expected);
    assert_eq!(
        MIGRATOR
            .iter()
            .map(|migration| migration.version)
            .collect::<Vec<_>>(),
        numbers
    );
}
