//! How a connection is, and when that takes too long.
//!
//! All of a connection happens in one task: it reads, answers and writes, and looks at its watch when
//! it has done what it could. So nobody has to be told of a beat, and one alarm serves all limits.

use super::server::Limits;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    /// There is an answer, and nothing of it is written.
    Answered,
    /// An answer goes out, or nothing is under way; something was last written then.
    Idle(Instant),
}

impl Beat {
    /// When it will have lasted too long; `None`: others watch over it (the body's and the answer's
    /// own limits).
    pub(super) fn ends(self, limits: &Limits) -> Option<Instant> {
        match self {
            Self::Fresh(since) => Some(since + limits.fresh),
            Self::Head(since) => Some(since + limits.head),
            Self::Idle(since) => Some(since + limits.idle),
            Self::Answering | Self::Answered => None,
        }
    }

    /// Since when no request is under way, in the order in which connections make room for others: a
    /// half-sent head comes last. `None`: one is.
    pub(super) fn idle_since(self) -> Option<(u8, Instant)> {
        match self {
            Self::Fresh(since) | Self::Idle(since) => Some((0, since)),
            Self::Head(since) => Some((1, since)),
            Self::Answering | Self::Answered => None,
        }
    }
}

/// The beat, shared by all that a connection is made of, and by those who ask it to make room.
#[derive(Debug)]
pub(super) struct Pulse {
    beat: Mutex<Beat>,
    asked_to_go: AtomicBool,
    asked: Notify,
}

impl Pulse {
    /// Of a connection that was let in just now.
    pub(super) fn begun() -> Self {
        Self {
            beat: Mutex::new(Beat::Fresh(Instant::now())),
            asked_to_go: AtomicBool::new(false),
            asked: Notify::new(),
        }
    }

    /// Asks the connection to end, at once or with the answer that is under way by then.
    pub(super) fn ask_to_go(&self) {
        self.asked_to_go.store(true, Ordering::Relaxed);
        self.asked.notify_one();
    }

    pub(super) fn is_asked_to_go(&self) -> bool {
        self.asked_to_go.load(Ordering::Relaxed)
    }

    /// Ends when it is asked to go.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Beat> {
        self.beat.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn beat(&self) -> Beat {
        *self.lock()
    }

    pub(super) fn set(&self, beat: Beat) {
        *self.lock() = beat;
    }

    /// Bytes came: between two requests they are the next one's head.
    fn bytes_came(&self) {
        let mut beat = self.lock();
        if matches!(*beat, Beat::Fresh(_) | Beat::Idle(_)) {
            *beat = Beat::Head(Instant::now());
        }
    }

    /// Some of an answer went out, perhaps the last of it. The next head may have begun by then: it
    /// is not waited for before the answer is out.
    fn bytes_went(&self) {
        let mut beat = self.lock();
        if matches!(*beat, Beat::Answered | Beat::Idle(_) | Beat::Head(_)) {
            *beat = Beat::Idle(Instant::now());
        }
    }
}

/// Rings when a beat has lasted too long. It is put off only when it rings too early, for the moments
/// that it is set for mostly never come.
#[derive(Debug, Default)]
pub(super) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Whether that moment is over; if not, the task is woken then, or before.
    pub(super) fn poll(&mut self, moment: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self
            .0
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(moment)));
        if moment < sleep.deadline() {
            sleep.as_mut().reset(moment);
        }
        ready!(sleep.as_mut().poll(cx));
        if sleep.deadline() < moment {
            sleep.as_mut().reset(moment);
            ready!(sleep.as_mut().poll(cx));
        }
        Poll::Ready(())
    }
}

/// A stream whose reading and writing are noticed, and whose writing ends when nobody reads at the
/// other end.
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
            self.pulse.bytes_went();
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

    const LIMITS: Limits = Limits {
        fresh: Duration::from_secs(1),
        idle: Duration::from_secs(75),
        head: Duration::from_secs(10),
        answer: Duration::from_secs(30),
        moment: Duration::from_millis(500),
    };

    #[test]
    fn more_bytes_give_a_head_no_more_time() {
        let pulse = Pulse::begun();
        pulse.bytes_came();
        let head = pulse.beat();
        assert!(matches!(head, Beat::Head(_)));
        pulse.bytes_came();
        assert_eq!(pulse.beat(), head);
        pulse.bytes_went();
        let answer_first = "the answer before it is still going out";
        assert!(matches!(pulse.beat(), Beat::Idle(_)), "{answer_first}");
    }

    #[test]
    fn a_connection_is_idle_when_its_answer_goes_out_and_no_sooner() {
        let pulse = Pulse::begun();
        for beat in [Beat::Answering, Beat::Answered] {
            pulse.set(beat);
            pulse.bytes_came();
            assert_eq!(pulse.beat(), beat, "the rest of a body, or the next head");
            assert_eq!(beat.ends(&LIMITS), None);
            pulse.bytes_went();
        }
        assert!(matches!(pulse.beat(), Beat::Idle(_)));
        pulse.set(Beat::Answering);
        pulse.bytes_went();
        assert_eq!(pulse.beat(), Beat::Answering, "100-continue is no answer");
    }

    #[test]
    fn each_beat_has_the_limit_of_its_name() {
        let since = Instant::now();
        for (beat, seconds) in [
            (Beat::Fresh(since), 1),
            (Beat::Head(since), 10),
            (Beat::Idle(since), 75),
        ] {
            let ends = beat.ends(&LIMITS).expect("a limit");
            assert_eq!(ends - since, Duration::from_secs(seconds), "{beat:?}");
        }
    }

    #[tokio::test]
    async fn an_alarm_can_be_brought_forward_and_put_off() {
        let mut alarm = Alarm::default();
        let now = Instant::now();
        let later = now + Duration::from_secs(60);
        let rings = async |alarm: &mut Alarm, moment| {
            let polled = std::future::poll_fn(|cx| Poll::Ready(alarm.poll(moment, cx)));
            polled.await.is_ready()
        };
        assert!(!rings(&mut alarm, later).await);
        std::future::poll_fn(|cx| alarm.poll(now, cx)).await;
        assert!(!rings(&mut alarm, later).await, "put off");
    }
}
