//! Connections: accepted, limited, closed when they are too slow, ended without losing a request.
//!
//! By hyper directly, because axum's `serve` has no timeout for a request's head. hyper's own one also
//! runs while a connection is idle, and its graceful shutdown closes an idle connection on which half a
//! head has arrived. So each connection has a state here (`connection`), and those whose state has lasted
//! too long are closed: an idle connection lives long, a head has its time from its first byte on, and a
//! connection that has never sent a byte has no more time than a head has. `connection_limit` limits how
//! many there are; while each of them has a request in progress, the next one waits in the listener's
//! queue.
//!
//! The end has two stages. Draining: the listener stays open and every answer says `Connection: close`.
//! Closing: no connection is accepted any more and what has begun is finished; idle connections are closed,
//! but one that has just been accepted has a moment to send its first byte.

use super::connection::{Connection, State, Stream};
use super::connection_limit::{ConnectionLimit, Connections, Counted};
use super::middleware::Peer;
use axum::Router;
use axum::body::Body;
use futures_util::FutureExt as _;
use http::{HeaderValue, header};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tower::ServiceExt as _;

/// How far the end of the process has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Serving,
    /// Still serves, and asks clients to close their connections.
    Draining,
    /// Accepts no connection, and finishes what has begun.
    Closing,
}

/// How long each state of a connection may last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    /// Until the first byte of a new connection.
    pub(super) first_byte: Duration,
    /// Between two requests.
    pub(super) idle: Duration,
    /// For a head, from its first byte to its last.
    pub(super) head: Duration,
    /// For an answer, from when the client reads too slowly until all of it is written.
    pub(super) answer: Duration,
    /// For the first byte of a new connection in the stage `Closing`, in which an idle one has no time.
    pub(super) closing: Duration,
}

impl Timeouts {
    fn at(self, stage: Stage) -> Self {
        match stage {
            Stage::Serving | Stage::Draining => self,
            Stage::Closing => Self {
                first_byte: self.closing,
                idle: Duration::ZERO,
                ..self
            },
        }
    }
}

const TIMEOUTS: Timeouts = Timeouts {
    first_byte: Duration::from_secs(10),
    // Longer than the 60 s for which the usual proxies keep a connection.
    idle: Duration::from_secs(75),
    head: Duration::from_secs(10),
    answer: Duration::from_secs(30),
    closing: Duration::from_millis(500),
};
const CHECK_TIMEOUTS_EVERY: Duration = Duration::from_millis(100);

/// What a connection buffers, and so the largest head. hyper's default is 400 KiB, for requests that are
/// not authenticated yet.
const BUFFER: usize = 64 * 1024;

/// Serves until `stage` is `Closing` and every request that had begun is answered. The caller limits the
/// time. A `stage` whose sender is gone counts as `Closing`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stage: watch::Receiver<Stage>,
    limit: ConnectionLimit,
) {
    serve_within(TIMEOUTS, listener, router, stage, limit).await;
}

async fn serve_within(
    timeouts: Timeouts,
    listener: TcpListener,
    router: Router,
    stage: watch::Receiver<Stage>,
    limit: ConnectionLimit,
) {
    let connections = Connections::new(limit);
    let check_timeouts = async {
        let mut tick = tokio::time::interval(CHECK_TIMEOUTS_EVERY);
        loop {
            tick.tick().await;
            connections.close_overdue(&timeouts.at(now(&stage)));
        }
    };
    tokio::select! {
        () = accept_all(listener, router, stage.clone(), &connections) => {}
        () = check_timeouts => {}
    }
}

async fn accept_all(
    listener: TcpListener,
    router: Router,
    mut stage: watch::Receiver<Stage>,
    connections: &Arc<Connections>,
) {
    let (open, mut all_closed) = mpsc::channel::<()>(1);
    let seen = stage.clone();
    let begin = |accepted: Accepted| {
        let (router, stage, open) = (router.clone(), seen.clone(), open.clone());
        tokio::spawn(async move {
            answer(accepted, router, stage).await;
            drop(open);
        });
    };
    let mut closing = pin!(stage.wait_for(|stage| *stage == Stage::Closing));
    loop {
        tokio::select! {
            biased;
            accepted = accept(&listener, connections) => accepted.into_iter().for_each(&begin),
            _closing = &mut closing => break,
        }
    }
    // The system has accepted those in its queue: they are answered too.
    while let Some(Some(accepted)) = accept(&listener, connections).now_or_never() {
        begin(accepted);
    }
    drop((listener, open));
    while all_closed.recv().await.is_some() {}
}

/// The stage. Without a sender no other one can follow.
fn now(stage: &watch::Receiver<Stage>) -> Stage {
    match stage.has_changed() {
        Ok(_) => *stage.borrow(),
        Err(_no_sender) => Stage::Closing,
    }
}

type Accepted = (TcpStream, SocketAddr, Counted);

async fn accept(listener: &TcpListener, connections: &Arc<Connections>) -> Option<Accepted> {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    match listener.accept().await {
        Ok((stream, peer)) => {
            let counted = connections.count(peer.ip(), Connection::new()).await?;
            Some((stream, peer, counted))
        }
        Err(error) => {
            let kind = error.kind();
            if matches!(
                kind,
                ConnectionAborted | ConnectionRefused | ConnectionReset
            ) {
                return None;
            }
            // Out of file descriptors, most likely: they come back when connections end.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

/// Answers the requests of a connection until it ends or is closed.
async fn answer((stream, peer, counted): Accepted, router: Router, stage: watch::Receiver<Stage>) {
    let _ = stream.set_nodelay(true);
    let connection = &counted.connection;
    let io = TokioIo::new(Stream {
        inner: stream,
        connection: connection.clone(),
    });
    let service = hyper::service::service_fn(|request: http::Request<_>| {
        connection.set(State::Answering);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        let answer = router.clone().oneshot(request);
        async {
            let mut response = answer.await?;
            if now(&stage) >= Stage::Draining {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            connection.set(State::Answered);
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let mut exchanges = pin!(
        http1::Builder::new()
            .header_read_timeout(None)
            .max_buf_size(BUFFER)
            .serve_connection(io, service)
    );
    loop {
        tokio::select! {
            biased;
            _ended = &mut exchanges => return,
            () = connection.asked_to_close() => match connection.state() {
                State::Closing { was_idle: true } => {
                    exchanges.as_mut().graceful_shutdown();
                    // The rest of an answer that is read slowly has its time limit.
                    connection.set(State::Idle(Instant::now()));
                }
                State::Closing { was_idle: false } => return,
                // A request has begun meanwhile.
                _ => {}
            },
        }
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
