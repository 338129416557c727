//! A database of its own for each story, copied from a template that is migrated once.

use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _};
use std::str::FromStr as _;

/// Where the tests' server is; `scripts/test` starts one and sets the variable.
pub fn server() -> PgConnectOptions {
    let url = std::env::var("TEST_DATABASE_URL")
        .expect("TEST_DATABASE_URL is not set: run scripts/test, or name a PostgreSQL server");
    PgConnectOptions::from_str(&url).expect("TEST_DATABASE_URL is PostgreSQL's address")
}

/// A database of its own. Dropped by [`Database::drop_now`]; what a failing story
/// leaves behind goes with the tests' server.
pub struct Database {
    /// How to connect.
    pub options: PgConnectOptions,
    name: String,
}

impl Database {
    pub async fn fresh() -> Self {
        let template = template().await;
        let name = format!("story_{}", uuid::Uuid::new_v4().simple());
        let mut admin = server().connect().await.expect("the tests' server answers");
        let sql = format!("create database {name} template {template}");
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut admin)
            .await
            .expect("a database is created");
        admin.close().await.expect("the connection closes");
        Self {
            options: server().database(&name),
            name,
        }
    }

    pub async fn drop_now(self) {
        let mut admin = server().connect().await.expect("the tests' server answers");
        let sql = format!("drop database if exists {} with (force)", self.name);
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut admin)
            .await
            .expect("the database is dropped");
        admin.close().await.expect("the connection closes");
    }

    /// Rows as texts, for what the product itself does not show.
    pub async fn query(&self, sql: &'static str) -> Vec<Vec<String>> {
        let mut connection = self.options.connect().await.expect("the database answers");
        let rows = sqlx::query(sql).fetch_all(&mut connection).await;
        let rows = rows.expect("the query is right");
        connection.close().await.expect("the connection closes");
        let text = |row: &sqlx::postgres::PgRow, at| row.get::<Option<String>, _>(at);
        rows.iter()
            .map(|row| {
                (0..row.len())
                    .map(|at| text(row, at).unwrap_or_default())
                    .collect()
            })
            .collect()
    }

    /// Does something to the database that the product never would; what it says to that.
    pub async fn execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        let mut connection = self.options.connect().await.expect("the database answers");
        let sql = AssertSqlSafe(sql.to_owned());
        let done = sqlx::query(sql).execute(&mut connection).await;
        connection.close().await.expect("the connection closes");
        done.map(|_| ())
    }

    /// A connection of one's own.
    pub async fn connection(&self) -> PgConnection {
        self.options.connect().await.expect("the database answers")
    }

    /// The address, for a process of its own.
    pub fn url(&self) -> String {
        let url = std::env::var("TEST_DATABASE_URL").expect("checked before");
        let mut url = url::Url::parse(&url).expect("an address");
        url.set_path(&self.name);
        url.into()
    }
}

/// The template's name; made by the first test, under a lock.
async fn template() -> String {
    let mut version = Sha256::new();
    for migration in wardroom::store::MIGRATOR.iter() {
        version.update(migration.version.to_be_bytes());
        version.update(&migration.checksum);
    }
    // Short: PostgreSQL cuts names off after 63 bytes, and this one gets a suffix.
    let version = &hex::encode(version.finalize())[..16];
    let name = format!("template_{version}");
    let mut admin = server().connect().await.expect("the tests' server answers");
    let lock = "select pg_advisory_lock(7411)";
    sqlx::query(lock)
        .execute(&mut admin)
        .await
        .expect("the lock is had");
    let found = sqlx::query("select count(*) from pg_database where datname = $1")
        .bind(&name)
        .fetch_one(&mut admin)
        .await
        .expect("the databases are listed");
    if found.get::<i64, _>(0) == 0 {
        let making = format!("{name}_making");
        for sql in [
            format!("drop database if exists {making} with (force)"),
            format!("create database {making}"),
        ] {
            sqlx::query(AssertSqlSafe(sql))
                .execute(&mut admin)
                .await
                .expect("it is created");
        }
        let mut connection: PgConnection = server()
            .database(&making)
            .connect()
            .await
            .expect("it answers");
        wardroom::store::MIGRATOR
            .run(&mut connection)
            .await
            .expect("the migrations apply");
        connection.close().await.expect("the connection closes");
        // No session may connect to it, not even autovacuum: a database that another session
        // is in cannot be copied.
        for sql in [
            format!("alter database {making} with allow_connections false"),
            format!("alter database {making} rename to {name}"),
        ] {
            sqlx::query(AssertSqlSafe(sql))
                .execute(&mut admin)
                .await
                .expect("it is named");
        }
    }
    admin
        .close()
        .await
        .expect("the connection closes, and the lock with it");
    name
}
