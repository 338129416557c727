//! How a statement reaches the server, and for how long it may stay there.
//!
//! On connections of our own, time limits are settings of the session and statements are prepared
//! once, by name. Behind a transaction pooler (PgBouncer) neither holds: another server process may
//! answer each time. There every statement is within a transaction, which stays on one process;
//! the limits are the transaction's, and what is prepared has no name. That works with every
//! PgBouncer, also with those that know nothing of prepared statements (before 1.21, or with
//! `max_prepared_statements = 0`).

use super::StoreError;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Either, Execute, Executor, PgConnection, PgPool, Postgres, SqlStr};

/// How connections lead to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Straight.
    Direct,
    /// Through a transaction pooler.
    Pooled,
}

/// What a transaction behind a pooler begins with: the limits that are the session's elsewhere. The
/// planner needs no word there: what has no name is planned anew each time, for the table as it is.
const BEGIN: &str = "begin; set local statement_timeout = '10s'; set local lock_timeout = '5s'; \
                     set local idle_in_transaction_session_timeout = '15s'";

/// A connection, for one statement or for a transaction.
#[derive(Debug)]
pub(super) struct Session {
    held: Held,
    way: Way,
}

#[derive(Debug)]
enum Held {
    Connection(PoolConnection<Postgres>),
    Transaction(sqlx::Transaction<'static, Postgres>),
}

impl Session {
    /// Begins a transaction. Dropped: it is undone, at some later moment.
    pub(super) async fn begin(pool: &PgPool, way: Way) -> Result<Self, StoreError> {
        let transaction = match way {
            Way::Direct => pool.begin().await?,
            Way::Pooled => pool.begin_with(BEGIN).await?,
        };
        let held = Held::Transaction(transaction);
        Ok(Self { held, way })
    }

    /// For one statement, which stands by itself; [`Self::end`] must follow one that writes.
    pub(super) async fn single(pool: &PgPool, way: Way) -> Result<Self, StoreError> {
        match way {
            Way::Direct => Ok(Self {
                held: Held::Connection(pool.acquire().await?),
                way,
            }),
            Way::Pooled => Self::begin(pool, way).await,
        }
    }

    /// Makes what was written stand.
    pub(super) async fn end(self) -> Result<(), StoreError> {
        match self.held {
            Held::Connection(_) => Ok(()),
            Held::Transaction(transaction) => Ok(transaction.commit().await?),
        }
    }

    /// Undoes it now.
    pub(super) async fn undo(self) -> Result<(), StoreError> {
        match self.held {
            Held::Connection(_) => Ok(()),
            Held::Transaction(transaction) => Ok(transaction.rollback().await?),
        }
    }

    fn connection(&mut self) -> &mut PgConnection {
        match &mut self.held {
            Held::Connection(connection) => connection,
            Held::Transaction(transaction) => transaction,
        }
    }
}

/// A query that is prepared without a name.
struct Nameless<E>(E);

impl<'q, E: Execute<'q, Postgres>> Execute<'q, Postgres> for Nameless<E> {
    fn sql(self) -> SqlStr {
        self.0.sql()
    }

    fn statement(&self) -> Option<&PgStatement> {
        self.0.statement()
    }

    fn take_arguments(
        &mut self,
    ) -> Result<Option<sqlx::postgres::PgArguments>, sqlx::error::BoxDynError> {
        self.0.take_arguments()
    }

    fn persistent(&self) -> bool {
        false
    }
}

type Step = Result<Either<PgQueryResult, PgRow>, sqlx::Error>;

impl<'c> Executor<'c> for &'c mut Session {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Step>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        match self.way {
            Way::Direct => self.connection().fetch_many(query),
            Way::Pooled => self.connection().fetch_many(Nameless(query)),
        }
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<PgRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        match self.way {
            Way::Direct => self.connection().fetch_optional(query),
            Way::Pooled => self.connection().fetch_optional(Nameless(query)),
        }
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        self.connection().prepare_with(sql, parameters)
    }

    fn describe<'e>(
        self,
        sql: SqlStr,
    ) -> BoxFuture<'e, Result<sqlx::Describe<Postgres>, sqlx::Error>>
    where
        'c: 'e,
    {
        self.connection().describe(sql)
    }
}
