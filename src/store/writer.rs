//! The inbox's writer: concurrent appends share a commit.
//!
//! Two flushers and no timer: while one batch is being committed, the next gathers. A lone caller
//! therefore waits for nobody. The caller that goes away does not take its row with it: the batch
//! is the flusher's. When a commit's fate is unknown, the keys are looked up before anybody is
//! told 503, for "not durable" must be true when we say it.

use super::append::{Appended, Arrival, append_all, look_up};
use super::connect::WRITER_LIMITS;
use super::pool::Pool;
use super::session::{Session, Way};
use super::{AppendError, Batching, Seal, Store, StoreError, Wakes};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{timeout, timeout_at};

/// A batch is at most this many rows.
const BATCH_ROWS: usize = 256;
/// A batch holds at most this many bytes of bodies (one larger body goes alone).
const BATCH_BYTES: usize = 2 * 1024 * 1024;
/// More than this many rows waiting means 503 at once.
const QUEUE_ROWS: usize = 4096;
/// A row that waited this long for its turn is given back unwritten.
const LONGEST_WAIT: Duration = Duration::from_millis(900);
/// A batch is written within this time, a second try included, or it is given up.
const LONGEST_WRITE: Duration = Duration::from_millis(1200);
/// Longer than both together, shorter than the 2.5 s of the contract: the flusher always answers
/// first.
const BUDGET: Duration = Duration::from_millis(2200);

type Reply = oneshot::Sender<Result<Appended, AppendError>>;

struct Waiting {
    arrival: Arrival,
    sealed: bool,
    since: Instant,
    reply: Reply,
}

/// The way to the flushers. Cheap to clone.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Waiting>,
    pool: Pool,
}

struct Flusher {
    queue: Arc<Mutex<mpsc::Receiver<Waiting>>>,
    pool: Pool,
    way: Way,
    batch_rows: usize,
    wakes: Arc<Wakes>,
}

impl Writer {
    pub(super) fn start(pool: Pool, way: Way, batching: Batching, wakes: Arc<Wakes>) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_ROWS);
        let queue = Arc::new(Mutex::new(receiver));
        let (flushers, batch_rows) = match batching {
            Batching::On => (2, BATCH_ROWS),
            Batching::Off => (pool.size(), 1),
        };
        for _ in 0..flushers {
            let flusher = Flusher {
                queue: queue.clone(),
                pool: pool.clone(),
                way,
                batch_rows,
                wakes: wakes.clone(),
            };
            tokio::spawn(flusher.run());
        }
        Self {
            queue: sender,
            pool,
        }
    }

    async fn append(&self, arrival: Arrival, sealed: bool) -> Result<Appended, AppendError> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .try_send(Waiting {
                arrival,
                sealed,
                since: Instant::now(),
                reply,
            })
            .map_err(|_full_or_closed| AppendError::Full)?;
        match timeout(BUDGET, answer).await {
            Ok(Ok(appended)) => appended,
            Ok(Err(_)) | Err(_) => Err(AppendError::Unavailable),
        }
    }

    pub(super) fn connections(&self) -> (u32, u32) {
        self.pool.connections()
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

impl Flusher {
    async fn run(self) {
        while let Some(batch) = self.gather().await {
            self.flush(batch).await;
        }
    }

    /// Waits for the first row, then takes what else is there. What waited too long is given back.
    async fn gather(&self) -> Option<Vec<Waiting>> {
        let mut queue = self.queue.lock().await;
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < self.batch_rows && bytes < BATCH_BYTES {
            let next = if batch.is_empty() {
                queue.recv().await?
            } else {
                let Ok(next) = queue.try_recv() else { break };
                next
            };
            if next.since.elapsed() > LONGEST_WAIT {
                next.answer(Err(AppendError::Unavailable));
                continue;
            }
            bytes += next.arrival.body.len();
            batch.push(next);
        }
        Some(batch)
    }

    async fn flush(&self, batch: Vec<Waiting>) {
        // Sealed and plain rows never meet: the seal is a setting of the process.
        let sealed = batch.first().is_some_and(|waiting| waiting.sealed);
        let arrivals: Vec<&Arrival> = batch.iter().map(|waiting| &waiting.arrival).collect();
        let until = tokio::time::Instant::now() + LONGEST_WRITE;
        match self.write_by(until, &arrivals, sealed).await {
            Ok(appended) => {
                self.wakes.inbox.notify_one();
                for (waiting, appended) in batch.into_iter().zip(appended) {
                    waiting.answer(Ok(appended));
                }
            }
            // One row that the database refuses must not take its neighbours along. Each is told as
            // soon as its fate is known: the time may be over before all are written.
            Err(StoreError::Refused(_) | StoreError::Unreadable(_)) if batch.len() > 1 => {
                for waiting in batch {
                    let over = tokio::time::Instant::now() >= until;
                    let answer = if over {
                        Err(AppendError::Unavailable)
                    } else {
                        one_answer(self.write_by(until, &[&waiting.arrival], sealed).await)
                    };
                    waiting.answer(answer);
                }
                self.wakes.inbox.notify_one();
            }
            Err(error) => {
                tracing::warn!(error = %error, rows = batch.len(), "a batch of signals was not written");
                for waiting in batch {
                    waiting.answer(Err(AppendError::Unavailable));
                }
            }
        }
    }

    /// Writes within the time that is left.
    async fn write_by(
        &self,
        until: tokio::time::Instant,
        arrivals: &[&Arrival],
        sealed: bool,
    ) -> Result<Vec<Appended>, StoreError> {
        // On the heap, because a time limit moves what it limits, and this is kilobytes of state.
        let writing = Box::pin(self.write(arrivals, sealed));
        let written = timeout_at(until, writing).await;
        written.unwrap_or(Err(StoreError::Silent))
    }

    /// Writes once; a dead or undecided connection is tried again on a fresh one, which also
    /// finds out what became of a commit whose answer was lost: its keys are there, or not.
    async fn write(
        &self,
        arrivals: &[&Arrival],
        sealed: bool,
    ) -> Result<Vec<Appended>, StoreError> {
        match self.write_once(arrivals, sealed).await {
            Err(StoreError::Unavailable(_) | StoreError::ReadOnly) => {
                if let Some(found) = self.all_written(arrivals).await {
                    return Ok(found);
                }
                self.write_once(arrivals, sealed).await
            }
            Err(StoreError::Conflict(_)) => self.write_once(arrivals, sealed).await,
            written => written,
        }
    }

    async fn write_once(
        &self,
        arrivals: &[&Arrival],
        sealed: bool,
    ) -> Result<Vec<Appended>, StoreError> {
        let mut transaction = Session::begin(&self.pool, self.way, WRITER_LIMITS).await?;
        let appended = append_all(&mut transaction, arrivals, sealed).await?;
        transaction.end().await?;
        Ok(appended)
    }

    async fn all_written(&self, arrivals: &[&Arrival]) -> Option<Vec<Appended>> {
        let sources: Vec<String> = arrivals.iter().map(|a| a.source.to_owned()).collect();
        let keys: Vec<String> = arrivals.iter().map(|a| a.dedup_key.clone()).collect();
        let session = Session::single(&self.pool, self.way, WRITER_LIMITS);
        let mut session = session.await.ok()?;
        let known = look_up(&mut session, &sources, &keys).await.ok()?;
        sources
            .into_iter()
            .zip(keys)
            .map(|key| {
                known
                    .get(&key)
                    .map(|id| Appended::Duplicate(crate::domain::ids::SignalId(*id)))
            })
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

impl Waiting {
    /// Whoever asked may have gone; the row stays.
    fn answer(self, answer: Result<Appended, AppendError>) {
        let _gone = self.reply.send(answer);
    }
}

impl Store {
    /// Makes an arrival durable. `Ok` means that it is on disk; an error, within 2.2 s, that it is
    /// not and will not be (but for a commit that was sent and never answered).
    pub async fn append(&self, arrival: Arrival) -> Result<Appended, AppendError> {
        let mut arrival = arrival.fitted();
        if let Some(seal) = &self.seal {
            arrival.body = Seal::close(seal, &arrival.body).into();
        }
        self.writer.append(arrival, self.seal.is_some()).await
    }
}
