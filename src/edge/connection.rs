//! The state of a connection: its stream and its service write it, and who closes connections reads it.
//!
//! That a connection is asked to close is a state too. It is entered only from a state that was seen, so a
//! connection on which the head of a request has arrived meanwhile goes on.

use super::server::Timeouts;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::Instant;

/// What a connection does, since when where that is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It was accepted, and no byte has arrived.
    New(Instant),
    /// The head of a request arrives.
    ReadingHead(Instant),
    /// A request is read and answered; the body has a deadline of its own.
    Answering,
    /// The handler has answered, and no byte of it is written.
    Answered,
    /// The client does not read an answer quickly enough: it has not been written as a whole since.
    Stalled(Instant),
    /// An answer is being written, or no request is in progress. The instant is that of the last write.
    Idle(Instant),
    /// It is asked to close.
    Closing {
        /// An answer may be only half written.
        was_idle: bool,
    },
}

impl State {
    /// When it has lasted too long.
    pub(super) fn ends(self, timeouts: &Timeouts) -> Option<Instant> {
        match self {
            Self::New(since) => Some(since + timeouts.first_byte),
            Self::ReadingHead(since) => Some(since + timeouts.head),
            Self::Stalled(since) => Some(since + timeouts.answer),
            Self::Idle(since) => Some(since + timeouts.idle),
            Self::Answering | Self::Answered | Self::Closing { .. } => None,
        }
    }

    /// The order in which connections are closed for others; `None`: a request is in progress. A
    /// connection in the middle of a head is closed last.
    pub(super) fn idle_since(self) -> Option<(u8, Instant)> {
        match self {
            Self::New(since) | Self::Idle(since) => Some((0, since)),
            Self::ReadingHead(since) => Some((1, since)),
            Self::Answering | Self::Answered | Self::Stalled(_) | Self::Closing { .. } => None,
        }
    }
}

/// A connection, as its stream, its service and the limit of connections share it.
#[derive(Debug)]
pub(super) struct Connection {
    state: Mutex<State>,
    closing: Notify,
}

impl Connection {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State::New(Instant::now())),
            closing: Notify::new(),
        }
    }

    pub(super) fn state(&self) -> State {
        *self.lock()
    }

    pub(super) fn set(&self, state: State) {
        *self.lock() = state;
    }

    /// Asks the connection to close, unless another state has begun.
    pub(super) fn close(&self, seen: State) {
        let mut state = self.lock();
        if *state == seen {
            let was_idle = matches!(seen, State::Idle(_));
            *state = State::Closing { was_idle };
            self.closing.notify_one();
        }
    }

    pub(super) fn is_closing(&self) -> bool {
        matches!(self.state(), State::Closing { .. })
    }

    /// Waits until it is asked to close.
    pub(super) async fn asked_to_close(&self) {
        self.closing.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, done: Io) {
        use State::{Answered, Closing, Idle, New, ReadingHead, Stalled};
        let now = Instant::now();
        let mut state = self.lock();
        *state = match (done, *state) {
            // Between two requests, bytes are the head of the next one.
            (Io::Read, New(_) | Idle(_) | Closing { was_idle: true }) => ReadingHead(now),
            // A part of an answer, perhaps the last one. The next head may have begun by then: its time
            // does not run before the answer is written.
            (Io::Wrote, Answered | Idle(_) | ReadingHead(_)) | (Io::Flushed, Stalled(_)) => {
                Idle(now)
            }
            (Io::CannotWrite, Answered | Idle(_) | ReadingHead(_) | New(_)) => Stalled(now),
            (Io::Read | Io::Wrote | Io::CannotWrite | Io::Flushed, same) => same,
        };
    }
}

/// What the stream of a connection has just done.
#[derive(Clone, Copy)]
enum Io {
    Read,
    Wrote,
    CannotWrite,
    /// Wrote all that there was.
    Flushed,
}

/// A stream that keeps the state of its connection.
pub(super) struct Stream {
    pub(super) inner: TcpStream,
    pub(super) connection: Arc<Connection>,
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            self.connection.has(Io::Read);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.connection.has(match wrote {
            Poll::Ready(_) => Io::Wrote,
            Poll::Pending => Io::CannotWrite,
        });
        wrote
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes when it has written all that it had.
        self.connection.has(Io::Flushed);
        Pin::new(&mut self.inner).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use std::time::Duration;

    const TIMEOUTS: Timeouts = Timeouts {
        first_byte: Duration::from_secs(1),
        idle: Duration::from_secs(75),
        head: Duration::from_secs(10),
        answer: Duration::from_secs(30),
        closing: Duration::from_millis(500),
    };

    #[test]
    fn more_bytes_give_a_head_no_more_time() {
        let connection = Connection::new();
        connection.has(Io::Read);
        let head = connection.state();
        assert!(matches!(head, State::ReadingHead(_)));
        connection.has(Io::Read);
        assert_eq!(connection.state(), head);
        connection.has(Io::Wrote);
        let state = connection.state();
        assert!(
            matches!(state, State::Idle(_)),
            "the answer before it is still being written"
        );
    }

    #[test]
    fn a_connection_is_idle_when_its_answer_is_written_and_no_sooner() {
        let connection = Connection::new();
        for state in [State::Answering, State::Answered] {
            connection.set(state);
            connection.has(Io::Read);
            assert_eq!(
                connection.state(),
                state,
                "the rest of a body, or the next head"
            );
            assert_eq!(state.ends(&TIMEOUTS), None);
            connection.has(Io::Wrote);
        }
        assert!(matches!(connection.state(), State::Idle(_)));
        connection.set(State::Answering);
        connection.has(Io::Wrote);
        assert_eq!(
            connection.state(),
            State::Answering,
            "100-continue is no answer"
        );
    }

    #[test]
    fn an_answer_that_is_read_slowly_is_stalled_until_all_of_it_is_written() {
        let connection = Connection::new();
        connection.set(State::Answered);
        connection.has(Io::Wrote);
        connection.has(Io::CannotWrite);
        let stalled = connection.state();
        assert!(matches!(stalled, State::Stalled(_)));
        connection.has(Io::Wrote);
        connection.has(Io::CannotWrite);
        connection.has(Io::Read);
        assert_eq!(
            connection.state(),
            stalled,
            "a little read gives no more time"
        );
        connection.has(Io::Flushed);
        assert!(matches!(connection.state(), State::Idle(_)));
    }

    #[test]
    fn each_state_has_the_timeout_of_its_name() {
        let since = Instant::now();
        for (state, seconds) in [
            (State::New(since), 1),
            (State::ReadingHead(since), 10),
            (State::Stalled(since), 30),
            (State::Idle(since), 75),
        ] {
            let ends = state.ends(&TIMEOUTS).expect("a timeout");
            assert_eq!(ends - since, Duration::from_secs(seconds), "{state:?}");
        }
    }

    #[test]
    fn a_connection_in_which_a_request_has_begun_meanwhile_is_not_closed() {
        let connection = Connection::new();
        let new = connection.state();
        connection.has(Io::Read);
        connection.close(new);
        assert_eq!(connection.asked_to_close().now_or_never(), None);
        assert!(!connection.is_closing());
        connection.close(connection.state());
        assert!(connection.is_closing());
        assert_eq!(connection.asked_to_close().now_or_never(), Some(()));
        connection.has(Io::Read);
        assert!(
            connection.is_closing(),
            "a late head gets no more time by a byte"
        );
        connection.set(State::Idle(Instant::now()));
        connection.close(connection.state());
        connection.has(Io::Read);
        assert!(matches!(connection.state(), State::ReadingHead(_)));
    }
}
