//! How a statement reaches the server, and for how long it may stay there.
//!
//! On connections of our own, time limits are settings of the session and statements are prepared
//! once, by name. Behind a transaction pooler (PgBouncer) neither holds: another server process may
//! answer each time. There every statement is within a transaction, which stays on one process;
//! the limits are the transaction's, and what is prepared has no name. That works with every
//! PgBouncer, also with those that know nothing of prepared statements (before 1.21, or with
//! `max_prepared_statements = 0`).
//!
//! Each statement has a limit of our own above the server's: a server that says nothing more is
//! known by it. What a statement's end says of the connection is remembered, and decides at the
//! session's end whether the next one gets it.

use super::error::{Blame, StoreError, blame};
use super::pool::{Held, Pool};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use sqlx::postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{
    AssertSqlSafe, Connection as _, Either, Execute, Executor, PgConnection, Postgres, SqlStr,
};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// How connections lead to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Direct,
    /// Through a transaction pooler.
    Pooled,
}

/// How long our own patience lasts, for each statement and for a commit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Longer than the server's `statement_timeout`: its word comes first, and the connection lives.
    pub(super) statement: Duration,
    /// The server has no limit for this one: a commit that waits for a standby waits without a limit.
    pub(super) commit: Duration,
}

/// A rollback that takes longer is as good as none.
const ROLLBACK: Duration = Duration::from_secs(1);

/// What a transaction behind a pooler begins with: the limits that are the session's on a direct connection. The
/// planner needs no word there: what has no name is planned anew each time, for the table as it is.
const BEGIN: &str = "begin; set local statement_timeout = '10s'; set local lock_timeout = '5s'; \
                     set local idle_in_transaction_session_timeout = '15s'";

fn begin(way: Way) -> &'static str {
    match way {
        Way::Direct => "begin",
        Way::Pooled => BEGIN,
    }
}

/// A connection, for one statement or for a transaction. A transaction that is dropped is undone,
/// at some later moment.
#[derive(Debug)]
pub struct Session {
    /// `None` only within `drop`, and at the ends that give it away.
    held: Option<Held>,
    way: Way,
    course: Course,
    /// The aggregates that its transaction has locked, so that each is locked once.
    locked: BTreeSet<String>,
}

/// The progress of a session.
#[derive(Debug)]
struct Course {
    limits: Limits,
    phase: Phase,
    /// A statement's end has not been seen.
    busy: bool,
    /// What is known against the connection.
    blame: Blame,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No transaction of ours.
    Outside,
    Open,
    /// Its commit is in progress.
    Committing,
}

impl Session {
    fn on(held: Held, way: Way, limits: Limits) -> Self {
        Self {
            held: Some(held),
            way,
            course: Course {
                limits,
                phase: Phase::Outside,
                busy: false,
                blame: Blame::Nothing,
            },
            locked: BTreeSet::new(),
        }
    }

    pub(super) fn has_locked(&self, name: &str) -> bool {
        self.locked.contains(name)
    }

    pub(super) fn note_locked(&mut self, name: &str) {
        self.locked.insert(name.to_owned());
    }

    /// Begins a transaction. A connection that has died while idle shows here, before
    /// anything is done: another one is taken.
    pub(super) async fn begin(pool: &Pool, way: Way, limits: Limits) -> Result<Self, StoreError> {
        Self::begin_by(pool, way, limits, begin(way)).await
    }

    /// The same with a limit of the server's for each statement in place of the session's.
    pub(super) async fn begin_limited(
        pool: &Pool,
        way: Way,
        limits: Limits,
        limit: Duration,
    ) -> Result<Self, StoreError> {
        let begin = begin(way);
        let millis = limit.as_millis().max(1);
        let begin = format!("{begin}; set local statement_timeout = '{millis}ms'");
        Self::begin_by(pool, way, limits, &begin).await
    }

    async fn begin_by(
        pool: &Pool,
        way: Way,
        limits: Limits,
        begin: &str,
    ) -> Result<Self, StoreError> {
        loop {
            let held = pool.acquire().await?;
            let used = held.used;
            let mut session = Self::on(held, way, limits);
            session.course.phase = Phase::Open;
            match session.run(begin, limits.statement).await {
                Ok(()) => return Ok(session),
                Err(_dead) if used && session.course.blame == Blame::Server => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// For one statement, which commits by itself; [`Self::end`] must follow one that writes.
    pub(super) async fn single(pool: &Pool, way: Way, limits: Limits) -> Result<Self, StoreError> {
        match way {
            Way::Direct => Ok(Self::on(pool.acquire().await?, way, limits)),
            Way::Pooled => Self::begin(pool, way, limits).await,
        }
    }

    /// Makes what was written stand.
    pub(super) async fn end(mut self) -> Result<(), StoreError> {
        if self.course.phase == Phase::Open {
            self.course.phase = Phase::Committing;
            self.run("commit", self.course.limits.commit).await?;
            self.course.phase = Phase::Outside;
        }
        Ok(())
    }

    pub(super) async fn undo(mut self) -> Result<(), StoreError> {
        if self.course.phase == Phase::Open {
            self.run("rollback", ROLLBACK).await?;
            self.course.phase = Phase::Outside;
        }
        Ok(())
    }

    /// Asks the server again whether it will do; if it will not, the connections are renewed.
    pub(super) async fn judge(&mut self) -> Result<(), StoreError> {
        let limit = self.course.limits.statement;
        let held = self.held.as_mut().expect("held until the end");
        self.course.busy = true;
        let judged = timeout(limit, held.judge()).await;
        self.course.busy = false;
        match &judged {
            Err(_elapsed) => self.course.blame = Blame::Silence,
            Ok(Err(StoreError::ReadOnly | StoreError::Unavailable(_))) => {
                self.course.blame = Blame::Server;
            }
            Ok(Ok(()) | Err(_)) => {}
        }
        judged.unwrap_or(Err(StoreError::Silent))
    }

    /// Runs what begins or ends a transaction.
    async fn run(&mut self, sql: &str, limit: Duration) -> Result<(), StoreError> {
        let (connection, course) = self.parts();
        course.busy = true;
        let done = timeout(
            limit,
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection),
        )
        .await;
        course.busy = false;
        match done {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                course.note(&error);
                Err(error.into())
            }
            Err(_elapsed) => {
                course.blame = Blame::Silence;
                Err(StoreError::Silent)
            }
        }
    }

    /// Gives back the memory that a large body has left in the connection's buffers, which never shrink by themselves.
    pub(super) fn shrink(&mut self) {
        self.parts().0.shrink_buffers();
    }

    fn parts(&mut self) -> (&mut PgConnection, &mut Course) {
        let held = self.held.as_mut().expect("held until the end");
        (held.connection(), &mut self.course)
    }
}

impl Course {
    fn note(&mut self, error: &sqlx::Error) {
        self.blame = self.blame.max(blame(error));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(mut held) = self.held.take() else {
            return;
        };
        match self.course.blame {
            Blame::Silence => return held.abandon(),
            Blame::Server => return held.give_up(),
            Blame::Connection => return held.end(),
            Blame::Nothing => {}
        }
        let phase = self.course.phase;
        if phase == Phase::Outside && !self.course.busy {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return held.end();
        };
        // It was dropped in the middle: the rest of an answer may still come. A statement may take
        // longer than its caller waits; only a commit has no limit but ours.
        let limit = match phase {
            Phase::Committing => self.course.limits.commit,
            Phase::Open | Phase::Outside => ROLLBACK,
        };
        runtime.spawn(async move {
            let connection = held.connection();
            let tidying = async {
                match phase {
                    Phase::Open => sqlx::raw_sql("rollback")
                        .execute(connection)
                        .await
                        .map(drop),
                    Phase::Outside | Phase::Committing => connection.ping().await,
                }
            };
            match timeout(limit, tidying).await {
                Ok(Ok(())) => drop(held),
                // It may be the dropped statement's own error.
                Ok(Err(error)) if blame(&error) == Blame::Server => held.give_up(),
                Ok(Err(_)) => held.end(),
                Err(_elapsed) if phase == Phase::Committing => held.abandon(),
                Err(_elapsed) => held.leave(),
            }
        });
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

/// The steps of a statement, within its limit.
fn watched<'e>(steps: BoxStream<'e, Step>, course: &'e mut Course) -> BoxStream<'e, Step> {
    course.busy = true;
    let until = Instant::now() + course.limits.statement;
    let steps = stream::unfold(Some((steps, course)), move |under_way| async move {
        let (mut steps, course) = under_way?;
        match timeout_at(until, steps.next()).await {
            Ok(Some(Ok(step))) => Some((Ok(step), Some((steps, course)))),
            Ok(Some(Err(error))) => {
                course.busy = false;
                course.note(&error);
                Some((Err(error), None))
            }
            Ok(None) => {
                course.busy = false;
                None
            }
            Err(_elapsed) => {
                course.blame = Blame::Silence;
                Some((Err(too_late()), None))
            }
        }
    });
    Box::pin(steps)
}

/// The error for our own limit; it becomes `StoreError::Silent`.
fn too_late() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}

impl<'c> Executor<'c> for &'c mut Session {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Step>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let way = self.way;
        let (connection, course) = self.parts();
        let steps = match way {
            Way::Direct => connection.fetch_many(query),
            Way::Pooled => connection.fetch_many(Nameless(query)),
        };
        watched(steps, course)
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<PgRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let mut steps = self.fetch_many(query);
        Box::pin(async move {
            let mut row = None;
            // To the end: an error may come after the row.
            while let Some(step) = steps.next().await {
                if let Either::Right(found) = step? {
                    row.get_or_insert(found);
                }
            }
            Ok(row)
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        self.parts().0.prepare_with(sql, parameters)
    }

    fn describe<'e>(
        self,
        sql: SqlStr,
    ) -> BoxFuture<'e, Result<sqlx::Describe<Postgres>, sqlx::Error>>
    where
        'c: 'e,
    {
        self.parts().0.describe(sql)
    }
}
