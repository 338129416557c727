//! The inbox's writer: concurrent appends share a commit.
//!
//! Two flushers and no timer: while one batch is being committed, the next gathers. A single caller
//! therefore waits for no other. The caller that goes away does not take its row with it: the batch
//! is the flusher's. When a commit's fate is unknown, the keys are looked up before a caller is
//! told 503, for "not durable" must be true when we say it.

use super::append::{Appended, Arrival, append_all, look_up};
use super::queue::{Batching, Entrance, Exit, Takes, Waiting, is_large, queue};
use super::wakes::Wakes;
use crate::domain::ids::SignalId;
use crate::store::error::{AppendError, StoreError};
use crate::store::pool::Pool;
use crate::store::session::{Limits, Session, Way};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// A batch is written within this time, all tries included, or it is given up.
const LONGEST_WRITE: Duration = Duration::from_millis(1200);
/// The server gives a whole batch this much of it; the rest is for its rows one by one.
const BATCH_LIMIT: Duration = Duration::from_millis(700);
/// A large body goes alone, and has nearly all of it.
const LARGE_LIMIT: Duration = Duration::from_millis(1000);
/// One by one each row has at least so long, as long as there is time.
const ROW_LIMIT: Duration = Duration::from_millis(50);
/// Longer than the longest wait and the longest write together, shorter than the 2.5 s of the
/// contract: the flusher always answers first.
pub(super) const BUDGET: Duration = Duration::from_millis(2200);

const WRITER_LIMITS: Limits = Limits {
    statement: Duration::from_millis(1100),
    commit: Duration::from_millis(1100),
};

/// The way to the flushers. Cheap to clone.
#[derive(Clone)]
pub(super) struct Writer {
    pub(super) entrance: Entrance,
    pub(super) pool: Pool,
}

struct Flusher {
    exit: Arc<Exit>,
    takes: Takes,
    pool: Pool,
    way: Way,
    wakes: Arc<Wakes>,
}

impl Writer {
    pub(super) fn start(pool: Pool, way: Way, batching: Batching, wakes: Arc<Wakes>) -> Self {
        let (entrance, exit) = queue(batching);
        let flushers = match batching {
            Batching::On => 2,
            Batching::Off => pool.size(),
        };
        for number in 0..flushers {
            let flusher = Flusher {
                exit: exit.clone(),
                takes: if number == 0 {
                    Takes::Small
                } else {
                    Takes::All
                },
                pool: pool.clone(),
                way,
                wakes: wakes.clone(),
            };
            tokio::spawn(flusher.run());
        }
        Self { entrance, pool }
    }
}

impl Flusher {
    async fn run(self) {
        while let Some(batch) = self.exit.batch(self.takes).await {
            self.flush(batch).await;
        }
    }

    async fn flush(&self, batch: Vec<Waiting>) {
        // Encrypted and plain rows never meet: the seal is a setting of the process.
        let sealed = batch.first().is_some_and(|waiting| waiting.sealed);
        let arrivals: Vec<&Arrival> = batch.iter().map(|waiting| &waiting.arrival).collect();
        let until = Instant::now() + LONGEST_WRITE;
        // A large one has no neighbours for whom time must be left.
        let large = arrivals.len() == 1 && arrivals.iter().all(|row| is_large(row));
        let limit = large.then_some(LARGE_LIMIT);
        match self.write_by(until, &arrivals, sealed, limit).await {
            Ok(appended) => {
                self.wakes.inbox.notify_one();
                for (waiting, appended) in batch.into_iter().zip(appended) {
                    waiting.answer(Ok(appended));
                }
            }
            Err(error) if is_one_rows(&error) => self.one_by_one(batch, until, sealed).await,
            Err(error) => {
                tracing::warn!(error = %error, rows = batch.len(), "a batch of signals was not written");
                for waiting in batch {
                    waiting.answer(Err(AppendError::Unavailable));
                }
            }
        }
    }

    /// One row that the database refuses, or for which it takes too long, must not take its neighbours
    /// along. Each is told as soon as its fate is known: the time may be over before all are written.
    /// The small ones first, because they are the most likely to be written soon.
    async fn one_by_one(&self, mut batch: Vec<Waiting>, until: Instant, sealed: bool) {
        batch.sort_by_key(|waiting| waiting.arrival.body.len());
        let mut left = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        for waiting in batch {
            let limit = share_of(until.saturating_duration_since(Instant::now()), left);
            left -= 1;
            let answer = match limit {
                None => Err(AppendError::Unavailable),
                Some(limit) => {
                    let row = [&waiting.arrival];
                    one_answer(self.write_by(until, &row, sealed, Some(limit)).await)
                }
            };
            waiting.answer(answer);
        }
        self.wakes.inbox.notify_one();
    }

    /// Writes within the time that is left; `limit` is the server's for a statement.
    async fn write_by(
        &self,
        until: Instant,
        arrivals: &[&Arrival],
        sealed: bool,
        limit: Option<Duration>,
    ) -> Result<Vec<Appended>, StoreError> {
        // On the heap, because a time limit moves what it limits, and this is kilobytes of state.
        let writing = Box::pin(self.write(arrivals, sealed, limit));
        let written = timeout_at(until, writing).await;
        written.unwrap_or(Err(StoreError::Silent))
    }

    /// Writes once; a dead or undecided connection is tried again on a fresh one, which also
    /// finds out what became of a commit whose answer was lost: its keys are there, or not.
    async fn write(
        &self,
        arrivals: &[&Arrival],
        sealed: bool,
        limit: Option<Duration>,
    ) -> Result<Vec<Appended>, StoreError> {
        match self.write_once(arrivals, sealed, limit).await {
            Err(error) if error.is_slow() => Err(error),
            Err(StoreError::Unavailable(_) | StoreError::ReadOnly) => {
                if let Some(found) = self.all_written(arrivals).await {
                    return Ok(found);
                }
                self.write_once(arrivals, sealed, limit).await
            }
            Err(StoreError::Conflict(_)) => self.write_once(arrivals, sealed, limit).await,
            written => written,
        }
    }

    async fn write_once(
        &self,
        arrivals: &[&Arrival],
        sealed: bool,
        limit: Option<Duration>,
    ) -> Result<Vec<Appended>, StoreError> {
        let pool = &self.pool;
        let mut session = match (self.way, limit) {
            // One statement, which commits by itself; its limit is the session's.
            (Way::Direct, None) => Session::single(pool, self.way, WRITER_LIMITS).await?,
            (_, limit) => {
                let limit = limit.unwrap_or(BATCH_LIMIT);
                Session::begin_limited(pool, self.way, WRITER_LIMITS, limit).await?
            }
        };
        let appended = append_all(&mut session, arrivals, sealed).await?;
        if arrivals.iter().any(|arrival| is_large(arrival)) {
            session.shrink();
        }
        session.end().await?;
        Ok(appended)
    }

    async fn all_written(&self, arrivals: &[&Arrival]) -> Option<Vec<Appended>> {
        let sources: Vec<&str> = arrivals.iter().map(|arrival| arrival.source).collect();
        let keys: Vec<&str> = arrivals.iter().map(|arrival| &*arrival.dedup_key).collect();
        let session = Session::single(&self.pool, self.way, WRITER_LIMITS);
        let mut session = session.await.ok()?;
        let known = look_up(&mut session, &sources, &keys).await.ok()?;
        let keys = sources.into_iter().zip(keys);
        keys.map(|(source, key)| known.get(&(source.to_owned(), key.to_owned())))
            .map(|id| Some(Appended::Duplicate(SignalId(*id?))))
            .collect()
    }
}

fn one_answer(written: Result<Vec<Appended>, StoreError>) -> Result<Appended, AppendError> {
    match written.map(|mut rows| rows.pop()) {
        Ok(Some(appended)) => Ok(appended),
        Ok(None) => Err(AppendError::Unavailable),
        Err(error) if error.is_passing() => {
            tracing::warn!(error = %error, "a signal was not written");
            Err(AppendError::Unavailable)
        }
        Err(error) => {
            tracing::error!(error = %error, "the database refuses a signal");
            Err(AppendError::Unavailable)
        }
    }
}

/// Whether an error may be one row's, and its neighbours could be written without it.
fn is_one_rows(error: &StoreError) -> bool {
    matches!(error, StoreError::Refused(_) | StoreError::Unreadable(_)) || error.is_slow()
}

/// How long one of so many rows may take of the time that is left; `None`: it is over.
fn share_of(remaining: Duration, rows: u32) -> Option<Duration> {
    let share = (remaining / rows.max(1)).max(ROW_LIMIT).min(remaining);
    // Zero would be no limit to the server.
    (share >= Duration::from_millis(1)).then_some(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_may_take_its_part_of_the_time_that_is_left_and_never_more_than_all_of_it() {
        for (remaining, rows, share) in [
            (500, 1, Some(500)),
            (500, 5, Some(100)),
            (500, 256, Some(50)),
            (30, 256, Some(30)),
            (0, 3, None),
        ] {
            let found = share_of(Duration::from_millis(remaining), rows);
            assert_eq!(
                found,
                share.map(Duration::from_millis),
                "{remaining} ms, {rows}"
            );
        }
    }
}
