//! The inbox's writer: concurrent appends share a commit.
//!
//! Two flushers and no timer: while one batch is being committed, the next gathers. A lone caller
//! therefore waits for nobody. The caller that goes away does not take its row with it: the batch
//! is the flusher's. When a commit's fate is unknown, the keys are looked up before anybody is
//! told 503, for "not durable" must be true when we say it.

use super::append::{Appended, Arrival, append_all, look_up};
use super::{AppendError, Batching, Seal, Store, StoreError, Wakes};
use sqlx::PgPool;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot};

/// A batch is at most this many rows.
const BATCH_ROWS: usize = 256;
/// A batch holds at most this many bytes of bodies (one larger body goes alone).
const BATCH_BYTES: usize = 2 * 1024 * 1024;
/// More than this many rows waiting means 503 at once.
const QUEUE_ROWS: usize = 4096;
/// No caller waits longer, whatever the database does: the contract gives 2.5 s.
const BUDGET: Duration = Duration::from_millis(2000);

type Reply = oneshot::Sender<Result<Appended, AppendError>>;

struct Waiting {
    arrival: Arrival,
    sealed: bool,
    reply: Reply,
}

/// The way to the flushers. Cheap to clone.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Waiting>,
    pool: PgPool,
}

struct Flusher {
    queue: Arc<Mutex<mpsc::Receiver<Waiting>>>,
    pool: PgPool,
    batch_rows: usize,
    wakes: Arc<Wakes>,
}

impl Writer {
    pub(super) fn start(pool: PgPool, batching: Batching, wakes: Arc<Wakes>) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_ROWS);
        let queue = Arc::new(Mutex::new(receiver));
        let (flushers, batch_rows) = match batching {
            Batching::On => (2, BATCH_ROWS),
            Batching::Off => (pool.options().get_max_connections(), 1),
        };
        for _ in 0..flushers {
            let flusher = Flusher {
                queue: queue.clone(),
                pool: pool.clone(),
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
                reply,
            })
            .map_err(|_full_or_closed| AppendError::Full)?;
        match tokio::time::timeout(BUDGET, answer).await {
            Ok(Ok(appended)) => appended,
            // The row may still be written: whoever sent it will send it again, and the key
            // makes the second one a duplicate.
            Ok(Err(_)) | Err(_) => Err(AppendError::Unavailable),
        }
    }

    pub(super) fn connections(&self) -> (u32, u32) {
        let idle = u32::try_from(self.pool.num_idle()).unwrap_or(0);
        (self.pool.size().saturating_sub(idle), idle)
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

    /// Waits for the first row, then takes what else is there.
    async fn gather(&self) -> Option<Vec<Waiting>> {
        let mut queue = self.queue.lock().await;
        let first = queue.recv().await?;
        let mut bytes = first.arrival.body.len();
        let mut batch = vec![first];
        while batch.len() < self.batch_rows && bytes < BATCH_BYTES {
            let Ok(next) = queue.try_recv() else { break };
            bytes += next.arrival.body.len();
            batch.push(next);
        }
        Some(batch)
    }

    async fn flush(&self, batch: Vec<Waiting>) {
        // Sealed and plain rows never meet: the seal is a setting of the process.
        let sealed = batch.first().is_some_and(|waiting| waiting.sealed);
        let arrivals: Vec<&Arrival> = batch.iter().map(|waiting| &waiting.arrival).collect();
        match self.write(&arrivals, sealed).await {
            Ok(appended) => {
                self.wakes.inbox.notify_one();
                answer_all(batch, appended.into_iter().map(Ok));
            }
            // One row that the database refuses must not take its neighbours along.
            Err(StoreError::Refused(_) | StoreError::Unreadable(_)) if arrivals.len() > 1 => {
                let mut answers = Vec::with_capacity(arrivals.len());
                for arrival in &arrivals {
                    let written = self.write(std::slice::from_ref(arrival), sealed).await;
                    answers.push(one_answer(written));
                }
                answer_all(batch, answers.into_iter());
            }
            Err(error) => {
                tracing::warn!(error = %error, rows = arrivals.len(), "a batch of signals was not written");
                let answers = vec![Err(AppendError::Unavailable); batch.len()];
                answer_all(batch, answers.into_iter());
            }
        }
    }

    /// Writes once; a dead or undecided connection is tried again on a fresh one, which also
    /// finds out what became of a commit whose answer was lost: its keys are there, or not.
    async fn write(
        &self,
        arrivals: &[&Arrival],
        sealed: bool,
    ) -> Result<Vec<Appended>, StoreError> {
        match self.write_once(arrivals, sealed).await {
            Err(StoreError::Unavailable(_)) => {
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
        let mut transaction = self.pool.begin().await?;
        let appended = append_all(&mut transaction, arrivals, sealed).await?;
        transaction.commit().await?;
        Ok(appended)
    }

    async fn all_written(&self, arrivals: &[&Arrival]) -> Option<Vec<Appended>> {
        let sources: Vec<String> = arrivals.iter().map(|a| a.source.to_owned()).collect();
        let keys: Vec<String> = arrivals.iter().map(|a| a.dedup_key.clone()).collect();
        let mut connection = self.pool.acquire().await.ok()?;
        let known = look_up(&mut connection, &sources, &keys).await.ok()?;
        sources
            .into_iter()
            .zip(keys)
            .map(|key| {
                known
                    .get(&key)
                    .map(|id| Appended::New(crate::domain::ids::SignalId(*id)))
            })
            .collect()
    }
}

fn one_answer(written: Result<Vec<Appended>, StoreError>) -> Result<Appended, AppendError> {
    match written.map(|mut rows| rows.pop()) {
        Ok(Some(appended)) => Ok(appended),
        Ok(None) => Err(AppendError::Unavailable),
        Err(error) => {
            tracing::error!(error = %error, "the database refuses a signal");
            Err(AppendError::Unavailable)
        }
    }
}

fn answer_all(batch: Vec<Waiting>, answers: impl Iterator<Item = Result<Appended, AppendError>>) {
    for (waiting, answer) in batch.into_iter().zip(answers) {
        // Whoever asked may have gone; the row stays.
        let _gone = waiting.reply.send(answer);
    }
}

impl Store {
    /// Makes an arrival durable. `Ok` means that it is on disk; an error within 2 s otherwise.
    pub async fn append(&self, arrival: Arrival) -> Result<Appended, AppendError> {
        let mut arrival = arrival.fitted();
        if let Some(seal) = &self.seal {
            arrival.body = Seal::close(seal, &arrival.body).into();
        }
        self.writer.append(arrival, self.seal.is_some()).await
    }
}
