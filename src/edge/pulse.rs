//! How a connection is: fresh, reading a head, answering, idle; and when that takes too long.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep};

/// What a connection is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beat {
    /// Nothing has ever come, and it was let in then.
    Fresh(Instant),
    /// A head is coming in, since then.
    Head(Instant),
    /// A request is being read and answered.
    Answering,
    /// Between two requests.
    Idle,
}

/// The beat, shared between the reading end and the one who watches.
#[derive(Debug)]
pub(super) struct Pulse {
    beat: Mutex<Beat>,
    changed: Notify,
}

impl Pulse {
    /// Of a connection that was let in just now.
    pub(super) fn begun() -> Self {
        Self {
            beat: Mutex::new(Beat::Fresh(Instant::now())),
            changed: Notify::new(),
        }
    }

    fn beat(&self) -> MutexGuard<'_, Beat> {
        self.beat
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub(super) fn set(&self, beat: Beat) {
        *self.beat() = beat;
        self.changed.notify_waiters();
    }

    /// Bytes came: between two requests they are the next one's head.
    fn bytes_came(&self) {
        let mut beat = self.beat();
        if matches!(*beat, Beat::Fresh(_) | Beat::Idle) {
            *beat = Beat::Head(Instant::now());
            drop(beat);
            self.changed.notify_waiters();
        }
    }

    pub(super) fn never_beat(&self) -> bool {
        matches!(*self.beat(), Beat::Fresh(_))
    }

    /// Ends when a head, or the first byte of all, takes too long.
    pub(super) async fn head_overdue(&self, limit: Duration) {
        loop {
            let changed = self.changed.notified();
            let beat = *self.beat();
            match beat {
                Beat::Fresh(since) | Beat::Head(since) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(since + limit) => return,
                    }
                }
                Beat::Answering | Beat::Idle => changed.await,
            }
        }
    }

    /// Ends when nothing is under way. Who has just been let in is on the way for a moment.
    pub(super) async fn idles(&self, moment: Duration) {
        loop {
            let changed = self.changed.notified();
            let beat = *self.beat();
            match beat {
                Beat::Idle => return,
                Beat::Fresh(since) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(since + moment) => return,
                    }
                }
                Beat::Head(_) | Beat::Answering => changed.await,
            }
        }
    }
}

/// A stream whose reading is noticed, and whose writing ends when nobody reads at the other end.
pub(super) struct Watched {
    stream: TcpStream,
    pulse: Arc<Pulse>,
    limit: Duration,
    /// Runs from when the client takes no more until it has taken everything.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, pulse: Arc<Pulse>, limit: Duration) -> Self {
        Self {
            stream,
            pulse,
            limit,
            stalled: None,
        }
    }

    /// What a write came to, unless the answer takes too long.
    fn in_time(
        &mut self,
        wrote: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if wrote.is_ready() {
            return wrote;
        }
        let limit = self.limit;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            self.pulse.bytes_came();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.in_time(wrote, cx)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.in_time(wrote, cx)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes when all that it had is written.
        self.stalled = None;
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_head_that_does_not_come_to_its_end_is_cut() {
        let pulse = Pulse::begun();
        let over = |pulse: &Pulse| pulse.head_overdue(LIMIT).now_or_never().is_some();
        assert!(!over(&pulse));
        let long_ago = Instant::now()
            .checked_sub(LIMIT * 2)
            .expect("a host that has run a while");
        pulse.set(Beat::Head(long_ago));
        pulse.bytes_came();
        assert_eq!(
            *pulse.beat(),
            Beat::Head(long_ago),
            "more bytes give no more time"
        );
        assert!(over(&pulse));
        pulse.set(Beat::Fresh(long_ago));
        assert!(over(&pulse), "nor does silence");
        pulse.set(Beat::Answering);
        assert!(!over(&pulse));
    }

    #[tokio::test]
    async fn who_has_just_been_let_in_is_on_the_way_for_a_moment() {
        let pulse = Pulse::begun();
        let idles = |pulse: &Pulse| pulse.idles(LIMIT).now_or_never().is_some();
        assert!(!idles(&pulse));
        pulse.set(Beat::Fresh(
            Instant::now()
                .checked_sub(LIMIT * 2)
                .expect("a host that has run a while"),
        ));
        assert!(idles(&pulse), "and no longer");
        pulse.bytes_came();
        assert!(!idles(&pulse));
        pulse.set(Beat::Idle);
        assert!(idles(&pulse));
    }
}
