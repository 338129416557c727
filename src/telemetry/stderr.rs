//! Log lines on their way to standard error: a queue, and one thread that writes.
//!
//! A write to standard error blocks when its reader does not read, and log lines come from async
//! tasks: written there, a full pipe would stop the whole service. So a line is only queued, up to a
//! bound in bytes; beyond it lines are dropped, counted, and reported once writing is possible again.
//! Before [`start`] lines are written directly: the other commands have nothing to keep alive.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Bytes that may wait for the thread.
const QUEUE_BYTES: usize = 1024 * 1024;
/// How long the last lines may take at the end of the process.
const LAST_LINES: Duration = Duration::from_secs(1);
/// Dropped lines are reported this often while writing does not catch up.
const REPORT_EVERY: Duration = Duration::from_secs(1);

static STDERR: OnceLock<Lines> = OnceLock::new();

/// Queues lines from here on. Calling it again changes nothing.
pub fn start() {
    STDERR.get_or_init(|| {
        let report = |lines| {
            tracing::warn!(
                lines,
                "log lines were dropped: standard error was not read fast enough"
            );
        };
        Lines::new(io::stderr(), QUEUE_BYTES, report)
    });
}

/// Writes a line, complete with its end. A closed standard error is no failure.
pub fn write(line: &[u8]) {
    match STDERR.get() {
        Some(lines) => lines.queue(line),
        None => {
            let _closed = io::stderr().lock().write_all(line);
        }
    }
}

/// Lines that were dropped since the start of the process.
pub fn dropped() -> u64 {
    let lines = STDERR.get();
    lines.map_or(0, |lines| lines.shared.dropped.load(Ordering::Relaxed))
}

/// Standard error as an `io::Write`; each call is one line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stderr;

impl Write for Stderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        write(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Waits, when it is dropped, until the queued lines are written, or for a second.
#[derive(Debug)]
pub struct FlushAtEnd;

impl Drop for FlushAtEnd {
    fn drop(&mut self) {
        if let Some(lines) = STDERR.get() {
            lines.flush(LAST_LINES);
        }
    }
}

#[derive(Default)]
struct Shared {
    waiting_bytes: AtomicUsize,
    dropped: AtomicU64,
}

struct Lines {
    waiting: Sender<Vec<u8>>,
    queue_bytes: usize,
    shared: Arc<Shared>,
}

impl Lines {
    /// `report` is called on the writing thread with the number of lines dropped since its last call.
    fn new(out: impl Write + Send + 'static, queue_bytes: usize, report: fn(u64)) -> Self {
        let (waiting, received) = channel();
        let shared = Arc::new(Shared::default());
        let lines = Self {
            waiting,
            queue_bytes,
            shared: shared.clone(),
        };
        let write = move || write_all(out, &received, &shared, report);
        let thread = std::thread::Builder::new().name("stderr".to_owned());
        // Without a thread nothing is received: what does not fit into the queue is counted.
        let _without_it = thread.spawn(write);
        lines
    }

    fn queue(&self, line: &[u8]) {
        let waiting = &self.shared.waiting_bytes;
        let before = waiting.fetch_add(line.len(), Ordering::Relaxed);
        let fits = before + line.len() <= self.queue_bytes;
        if !fits || self.waiting.send(line.to_vec()).is_err() {
            waiting.fetch_sub(line.len(), Ordering::Relaxed);
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all lines are written, or for `limit`.
    fn flush(&self, limit: Duration) {
        let until = Instant::now() + limit;
        while self.shared.waiting_bytes.load(Ordering::Relaxed) > 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn write_all(mut out: impl Write, received: &Receiver<Vec<u8>>, shared: &Shared, report: fn(u64)) {
    let waiting = &shared.waiting_bytes;
    let (mut reported, mut reported_at) = (0, Instant::now());
    for line in received {
        let _closed = out.write_all(&line);
        let dropped = shared.dropped.load(Ordering::Relaxed);
        let caught_up = waiting.load(Ordering::Relaxed) == line.len();
        if dropped > reported && (caught_up || reported_at.elapsed() >= REPORT_EVERY) {
            report(dropped - reported);
            (reported, reported_at) = (dropped, Instant::now());
        }
        // After the report, so that `flush` waits for the report's line too.
        waiting.fetch_sub(line.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static REPORTED: AtomicU64 = AtomicU64::new(0);

    /// A pipe whose reader reads a line for each permission that it is given.
    struct Slow(Receiver<()>, Sender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let _permitted = self.0.recv();
            let _read = self.1.send(line.to_vec());
            Ok(line.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_does_not_read_costs_lines_that_are_counted_and_reported() {
        let (permit, permitted) = channel();
        let (reads, read) = channel();
        let report = |lines| {
            REPORTED.fetch_add(lines, Ordering::SeqCst);
        };
        let lines = Lines::new(Slow(permitted, reads), 40, report);
        for n in 0..10 {
            lines.queue(format!("line {n:04}\n").as_bytes());
        }
        let dropped = lines.shared.dropped.load(Ordering::SeqCst);
        assert_eq!(dropped, 6, "four lines fit into 40 bytes");
        lines.flush(Duration::from_millis(10));
        assert_eq!(REPORTED.load(Ordering::SeqCst), 0, "it cannot write yet");
        for _ in 0..4 {
            permit.send(()).unwrap();
        }
        lines.flush(Duration::from_secs(10));
        assert_eq!(read.iter().take(4).last().unwrap(), b"line 0003\n");
        assert_eq!(REPORTED.load(Ordering::SeqCst), 6);
        permit.send(()).unwrap();
        lines.queue(b"later\n");
        assert_eq!(read.recv().unwrap(), b"later\n");
        assert_eq!(REPORTED.load(Ordering::SeqCst), 6, "each line once");
    }
}
