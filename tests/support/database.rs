//! A fresh, empty database for one test, on the server that `TEST_DATABASE_URL` names.
//!
//! Without the variable the test fails and says what to do: a test that skips itself proves
//! nothing. It knows nothing of the product, so that every test binary can take it by
//! `#[path = "../support/database.rs"] mod database;`. The server's address keeps its query part: with
//! a throwaway server that names the socket's folder.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use std::str::FromStr as _;
use url::Url;

/// A database that is dropped when the test has passed; of a failed one it stays, to be looked at.
pub struct Fresh {
    /// Its name on the server.
    pub name: String,
    url: Url,
}

/// The tests' server.
fn server() -> Url {
    let url = std::env::var("TEST_DATABASE_URL")
        .ok()
        .filter(|url| !url.is_empty());
    let url = url.expect(
        "TEST_DATABASE_URL is not set: run scripts/test, which starts a PostgreSQL server for the \
         tests, or name one whose user may create databases",
    );
    Url::parse(&url).expect("TEST_DATABASE_URL is an address, postgres://user@host/database")
}

async fn connect(url: &Url) -> PgConnection {
    let options = PgConnectOptions::from_str(url.as_str()).expect("PostgreSQL's address");
    options
        .connect()
        .await
        .expect("the server of TEST_DATABASE_URL answers")
}

async fn on_the_server(sql: String) {
    let mut connection = connect(&server()).await;
    connection
        .execute(AssertSqlSafe(sql))
        .await
        .expect("the server makes and drops databases");
    connection.close().await.expect("the connection ends");
}

impl Fresh {
    /// Makes one, empty.
    pub async fn make(purpose: &str) -> Self {
        let name = format!("{purpose}_{}", uuid::Uuid::new_v4().simple());
        on_the_server(format!("create database {name}")).await;
        let mut url = server();
        url.set_path(&name);
        Self { name, url }
    }

    /// Its address, for other programs.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// How to connect.
    pub fn options(&self) -> PgConnectOptions {
        PgConnectOptions::from_str(self.url()).expect("PostgreSQL's address")
    }

    /// A connection of its own.
    pub async fn connect(&self) -> PgConnection {
        connect(&self.url).await
    }

    /// Drops it, even with open connections.
    pub async fn drop_it(self) {
        on_the_server(format!(
            "drop database if exists {} with (force)",
            self.name
        ))
        .await;
    }
}
