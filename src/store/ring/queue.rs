//! What waits for the inbox's writer: small arrivals, and large ones in a queue of their own.
//!
//! A large body takes so long to write that it would hold up whatever shares its batch, so the two
//! never meet: one flusher takes small ones only, and all large ones together have at most the
//! others. Both queues are bounded, in rows and in bytes; full means 503 at once.

use super::append::{Appended, Arrival};
use super::callers::Callers;
use crate::store::error::AppendError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout;

/// Whether concurrent appends share a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batching {
    On,
    /// Each has its own: the baseline of the benchmark.
    Off,
}

/// A batch is at most this many rows.
const BATCH_ROWS: usize = 256;
/// A batch holds at most this many bytes of bodies (one larger body goes alone).
const BATCH_BYTES: usize = 2 * 1024 * 1024;
/// A body of more bytes is large.
const LARGE: usize = 256 * 1024;
/// More than this many rows waiting means 503 at once.
const QUEUE_ROWS: usize = 4096;
/// And more than this many bytes of bodies, those that are being written included.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;
/// A row that waited this long for its turn is given back unwritten.
const LONGEST_WAIT: Duration = Duration::from_millis(900);

/// Whether an arrival goes by the queue of large ones.
pub(super) fn is_large(arrival: &Arrival) -> bool {
    arrival.body.len() > LARGE
}

type Reply = oneshot::Sender<Result<Appended, AppendError>>;

/// An arrival, and the caller that waits for its fate.
pub(super) struct Waiting {
    pub(super) arrival: Arrival,
    pub(super) sealed: bool,
    since: Instant,
    reply: Reply,
    _counted: Counted,
}

impl Waiting {
    /// The caller may have gone; the row stays.
    pub(super) fn answer(self, answer: Result<Appended, AppendError>) {
        let _gone = self.reply.send(answer);
    }
}

/// Bytes that count as waiting until this is dropped.
struct Counted(Arc<AtomicUsize>, usize);

impl Counted {
    fn take(all: &Arc<AtomicUsize>, bytes: usize) -> Option<Self> {
        let counted = Self(all.clone(), bytes);
        let before = all.fetch_add(bytes, Ordering::Relaxed);
        // A single one always fits.
        (before == 0 || before + bytes <= QUEUE_BYTES).then_some(counted)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

/// Where arrivals are handed in. Cheap to clone.
#[derive(Clone)]
pub(super) struct Entrance {
    small: mpsc::Sender<Waiting>,
    large: mpsc::Sender<Waiting>,
    bytes: Arc<AtomicUsize>,
    callers: Arc<Callers>,
}

impl Entrance {
    /// Hands in an arrival and waits for its fate, so long.
    pub(super) async fn append(
        &self,
        arrival: Arrival,
        sealed: bool,
        budget: Duration,
    ) -> Result<Appended, AppendError> {
        let _caller = self.callers.enter();
        let (reply, answer) = oneshot::channel();
        let bytes = arrival.body.len();
        let queue = if bytes > LARGE {
            &self.large
        } else {
            &self.small
        };
        let waiting = Waiting {
            _counted: Counted::take(&self.bytes, bytes).ok_or(AppendError::Full)?,
            arrival,
            sealed,
            since: Instant::now(),
            reply,
        };
        queue
            .try_send(waiting)
            .map_err(|_full_or_closed| AppendError::Full)?;
        match timeout(budget, answer).await {
            Ok(Ok(appended)) => appended,
            Ok(Err(_)) | Err(_) => Err(AppendError::Unavailable),
        }
    }

    pub(super) fn many_callers_wait(&self) -> bool {
        self.callers.are_many()
    }
}

/// Where batches are taken out. Shared by the flushers.
pub(super) struct Exit {
    small: Mutex<Line>,
    large: Mutex<Line>,
    batch_rows: usize,
}

/// What a flusher takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Small,
    All,
}

struct Line {
    queue: mpsc::Receiver<Waiting>,
    /// Taken out, and too large for the batch that was being gathered: the next one begins with it.
    held: Option<Waiting>,
}

pub(super) fn queue(batching: Batching) -> (Entrance, Arc<Exit>) {
    let line = || {
        let (sender, queue) = mpsc::channel(QUEUE_ROWS);
        (sender, Mutex::new(Line { queue, held: None }))
    };
    let (small_in, small) = line();
    let (large_in, large) = line();
    let entrance = Entrance {
        small: small_in,
        large: large_in,
        bytes: Arc::default(),
        callers: Arc::default(),
    };
    let batch_rows = match batching {
        Batching::On => BATCH_ROWS,
        Batching::Off => 1,
    };
    let exit = Exit {
        small,
        large,
        batch_rows,
    };
    (entrance, Arc::new(exit))
}

impl Exit {
    /// Waits for the next batch; `None` when no more will come.
    pub(super) async fn batch(&self, takes: Takes) -> Option<Vec<Waiting>> {
        let small = async { self.small.lock().await.gather(self.batch_rows).await };
        if takes == Takes::Small {
            return small.await;
        }
        let large = async { self.large.lock().await.gather(self.batch_rows).await };
        tokio::select! {
            biased;
            batch = large => batch,
            batch = small => batch,
        }
    }
}

impl Line {
    /// Waits for the first row, then takes what else is there. What waited too long is given back.
    /// Nothing is lost when this is dropped before it is ready: it waits with empty hands only.
    async fn gather(&mut self, most: usize) -> Option<Vec<Waiting>> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < most {
            let next = match self.held.take() {
                Some(next) => next,
                None if batch.is_empty() => self.queue.recv().await?,
                None => match self.queue.try_recv() {
                    Ok(next) => next,
                    Err(_none) => break,
                },
            };
            if next.since.elapsed() > LONGEST_WAIT {
                next.answer(Err(AppendError::Unavailable));
                continue;
            }
            bytes += next.arrival.body.len();
            if !batch.is_empty() && bytes > BATCH_BYTES {
                self.held = Some(next);
                break;
            }
            batch.push(next);
        }
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use futures_util::FutureExt as _;

    fn arrival(bytes: usize) -> Arrival {
        Arrival {
            source: "github",
            kind: "push".to_owned(),
            dedup_key: String::new(),
            subject: String::new(),
            headers: serde_json::json!({}),
            body: Bytes::from(vec![b'x'; bytes]),
            traceparent: None,
            at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    /// Hands these sizes in, and gives the sizes of the batches that are taken out.
    fn batches(sizes: &[usize], takes: Takes) -> Vec<Vec<usize>> {
        let (entrance, exit) = queue(Batching::On);
        let mut asking = Vec::new();
        for bytes in sizes {
            let entrance = entrance.clone();
            let arrival = arrival(*bytes);
            let mut append =
                Box::pin(async move { entrance.append(arrival, false, LONGEST_WAIT).await });
            assert!(append.as_mut().now_or_never().is_none());
            asking.push(append);
        }
        let mut found = Vec::new();
        while let Some(batch) = exit.batch(takes).now_or_never() {
            let batch = batch.expect("the entrance is open");
            found.push(
                batch
                    .iter()
                    .map(|waiting| waiting.arrival.body.len())
                    .collect(),
            );
        }
        found
    }

    const MIB: usize = 1024 * 1024;
    const K200: usize = 200 * 1024;

    #[tokio::test]
    async fn a_batch_is_cut_before_the_body_that_would_make_it_too_large() {
        let ten = vec![K200; 10];
        let found = batches(&[K200; 12], Takes::Small);
        assert_eq!(found, [ten, vec![K200; 2]]);
        let sizes = [MIB, MIB, 1 + LARGE, 24 * MIB, MIB];
        let found = batches(&sizes, Takes::All);
        assert_eq!(
            found,
            [vec![MIB, MIB], vec![1 + LARGE], vec![24 * MIB], vec![MIB]]
        );
    }

    #[tokio::test]
    async fn small_ones_and_large_ones_never_meet() {
        let sizes = [1, 24 * MIB, 2, 3];
        assert_eq!(batches(&sizes, Takes::Small), [vec![1, 2, 3]]);
        assert_eq!(batches(&sizes, Takes::All), [vec![24 * MIB], vec![1, 2, 3]]);
    }

    #[tokio::test]
    async fn more_bytes_than_may_wait_are_refused_at_once_until_some_are_written() {
        let (entrance, exit) = queue(Batching::On);
        let append = |bytes| {
            let (entrance, arrival) = (entrance.clone(), arrival(bytes));
            Box::pin(async move { entrance.append(arrival, false, LONGEST_WAIT).await })
        };
        let mut first = append(40 * MIB);
        assert!(first.as_mut().now_or_never().is_none());
        let full = append(25 * MIB).now_or_never();
        assert_eq!(full, Some(Err(AppendError::Full)));
        assert!(append(24 * MIB).now_or_never().is_none(), "just enough");
        while let Some(Some(batch)) = exit.batch(Takes::All).now_or_never() {
            for waiting in batch {
                waiting.answer(Err(AppendError::Unavailable));
            }
        }
        assert!(append(80 * MIB).now_or_never().is_none(), "alone it fits");
    }
}
