//! Connections: accepted, bounded, given up when they are slow, ended without losing a request.
//!
//! HTTP/1.1 by hyper's own hand, because axum's `serve` has no time limit for a request's head and
//! its graceful end waits for ever on idle connections. hyper's own limit for a head runs while a
//! connection is idle too; it would cut idle keep-alive connections under a client's hands. So the
//! limits are ours (`pulse`): an idle connection lives long, a head has its time from its first byte
//! on, and a connection that has never said anything has no more than a head has.
//!
//! How many there are is bounded by `places`; who finds no place is accepted all the same, and waits in
//! the system's queue only while every place has a request under way.
//!
//! The end comes in two steps. Draining: the listener stays open and every answer says
//! `Connection: close`. Closing: nothing new is accepted and what has begun is finished; what has
//! not begun is let go, but a connection that has just been let in has a moment to begin.

use super::middleware::Peer;
use super::places::{Bounds, Place, Places};
use super::pulse::{Alarm, Beat, Pulse, Watched};
use axum::Router;
use axum::body::Body;
use futures_util::FutureExt as _;
use http::{HeaderValue, header};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tower::ServiceExt as _;

/// Where the process is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It serves.
    Serving,
    /// It will end: still serves, and asks clients to go.
    Draining,
    /// It ends: accepts nothing new, finishes what has begun.
    Closing,
}

/// How long a connection may take for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Until a connection's first byte.
    pub(super) fresh: Duration,
    /// Between two requests.
    pub(super) idle: Duration,
    /// For a head, from its first byte to its last.
    pub(super) head: Duration,
    /// For an answer, from when the client takes no more until it has taken everything.
    pub(super) answer: Duration,
    /// For the first byte, while we are closing.
    pub(super) moment: Duration,
}

impl Limits {
    /// While we are closing: nobody is waited for who has nothing under way, and who has just been
    /// let in is on the way for a moment.
    fn closing(self) -> Self {
        Self {
            fresh: self.moment,
            idle: Duration::ZERO,
            ..self
        }
    }
}

const LIMITS: Limits = Limits {
    fresh: Duration::from_secs(10),
    // Longer than the 60 s for which the usual proxies keep a connection.
    idle: Duration::from_secs(75),
    head: Duration::from_secs(10),
    answer: Duration::from_secs(30),
    moment: Duration::from_millis(500),
};

/// What a connection buffers, and so the largest head: hyper's own is 400 KiB, and nobody has proved
/// who they are by then.
const BUFFER: usize = 64 * 1024;

/// Serves until `stage` says `Closing` and every request that had begun is answered. The caller
/// puts a deadline around it. A `stage` whose sender is gone counts as `Closing`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stage: watch::Receiver<Stage>,
    bounds: Bounds,
) {
    serve_within(LIMITS, listener, router, stage, bounds).await;
}

async fn serve_within(
    limits: Limits,
    listener: TcpListener,
    router: Router,
    stage: watch::Receiver<Stage>,
    bounds: Bounds,
) {
    let places = Places::new(bounds);
    let (open, mut all_closed) = mpsc::channel::<()>(1);
    let mut closing = pin!(reached(stage.clone(), Stage::Closing));
    let begin = |accepted: Accepted| {
        let (router, stage, open) = (router.clone(), stage.clone(), open.clone());
        tokio::spawn(async move {
            connection(accepted, router, stage, limits).await;
            drop(open);
        });
    };
    loop {
        tokio::select! {
            biased;
            accepted = accept(&listener, &places) => accepted.into_iter().for_each(&begin),
            () = &mut closing => break,
        }
    }
    // Who was in the system's queue by now has been let in by nobody else: take them along.
    while let Some(Some(accepted)) = accept(&listener, &places).now_or_never() {
        begin(accepted);
    }
    drop((listener, open));
    while all_closed.recv().await.is_some() {}
}

/// A connection with its place.
struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    pulse: Arc<Pulse>,
    _place: Place,
}

async fn accept(listener: &TcpListener, places: &Arc<Places>) -> Option<Accepted> {
    match listener.accept().await {
        Ok((stream, peer)) => {
            let pulse = Arc::new(Pulse::begun());
            let place = places.take(peer.ip(), &pulse).await?;
            Some(Accepted {
                stream,
                peer,
                pulse,
                _place: place,
            })
        }
        Err(error) if is_the_clients(&error) => None,
        Err(error) => {
            // Out of descriptors, most likely: they come back when connections end.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

async fn reached(mut stage: watch::Receiver<Stage>, wanted: Stage) {
    // A sender that is gone cannot call us back any more: the same as the end.
    let _ = stage.wait_for(|now| *now >= wanted).await;
}

async fn connection(
    accepted: Accepted,
    router: Router,
    stage: watch::Receiver<Stage>,
    limits: Limits,
) {
    let Accepted {
        stream,
        peer,
        pulse,
        _place,
    } = accepted;
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(Watched::new(stream, pulse.clone(), limits.answer));
    let in_service = (pulse.clone(), stage.clone());
    let service = hyper::service::service_fn(move |request: http::Request<_>| {
        let (pulse, stage) = in_service.clone();
        pulse.set(Beat::Answering);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        let answer = router.clone().oneshot(request);
        async move {
            let mut response = answer.await?;
            if *stage.borrow() >= Stage::Draining || pulse.is_asked_to_go() {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            pulse.set(Beat::Answered);
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            // The pulse's; hyper's own would cut who is idle.
            .header_read_timeout(None)
            .max_buf_size(BUFFER)
            .serve_connection(io, service)
    );
    let mut closing = pin!(reached(stage, Stage::Closing).fuse());
    let mut asked_to_go = pin!(pulse.asked().fuse());
    let (mut limits, mut alarm) = (limits, Alarm::default());
    let over = poll_fn(|cx| {
        if connection.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        if closing.as_mut().poll(cx).is_ready() {
            limits = limits.closing();
        }
        let beat = pulse.beat();
        // With a request under way it goes after the answer.
        if asked_to_go.as_mut().poll(cx).is_ready() && beat.idle_since().is_some() {
            return Poll::Ready(Some(beat));
        }
        match beat.ends(&limits) {
            Some(moment) => alarm.poll(moment, cx).map(|()| Some(beat)),
            None => Poll::Pending,
        }
    });
    if let Some(Beat::Idle(_)) = over.await {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
