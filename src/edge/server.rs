//! Connections: accepted, bounded, given up when they are slow, ended without losing a request.
//!
//! HTTP/1.1 by hyper's own hand, because axum's `serve` has no time limit for a request's head and
//! its graceful end waits for ever on idle connections. hyper's own limit for a head runs while a
//! connection is idle too; it would cut idle keep-alive connections under a client's hands. So an
//! idle connection lives long, and a head has its time from its first byte on.
//!
//! The end comes in two steps. Draining: the listener stays open and every answer says
//! `Connection: close`. Closing: nothing new is accepted and what has begun is finished; what has
//! not begun is let go.

use super::middleware::Peer;
use axum::Router;
use axum::body::Body;
use futures_util::FutureExt as _;
use http::{HeaderValue, header};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::time::Instant;
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

/// Longer than the 60 s for which the usual proxies keep a connection.
const IDLE: Duration = Duration::from_secs(75);
/// From a head's first byte to its last.
const HEAD: Duration = Duration::from_secs(10);
/// Open connections; those that come then wait in the system's queue.
const MOST_CONNECTIONS: usize = 1024;

/// Serves until `stage` says `Closing` and every request that had begun is answered. The caller
/// puts a deadline around it. A `stage` whose sender is gone counts as `Closing`.
pub async fn serve(listener: TcpListener, router: Router, stage: watch::Receiver<Stage>) {
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let (open, mut all_closed) = mpsc::channel::<()>(1);
    let mut closing = pin!(reached(stage.clone(), Stage::Closing));
    loop {
        let accepted = tokio::select! {
            biased;
            accepted = accept(&listener, &room) => accepted,
            () = &mut closing => break,
        };
        if let Some((stream, peer, place)) = accepted {
            let (router, stage, open) = (router.clone(), stage.clone(), open.clone());
            tokio::spawn(async move {
                connection(stream, peer, router, stage).await;
                drop((place, open));
            });
        }
    }
    // Who was in the system's queue by now has been let in by nobody else: take them along.
    while let Some(Some((stream, peer, place))) = accept(&listener, &room).now_or_never() {
        let (router, stage, open) = (router.clone(), stage.clone(), open.clone());
        tokio::spawn(async move {
            connection(stream, peer, router, stage).await;
            drop((place, open));
        });
    }
    drop((listener, open));
    while all_closed.recv().await.is_some() {}
}

type Accepted = (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> Option<Accepted> {
    let place = room.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, place)),
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
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    stage: watch::Receiver<Stage>,
) {
    let _ = stream.set_nodelay(true);
    let pulse = Arc::new(Pulse::default());
    let io = TokioIo::new(Watched {
        stream,
        pulse: pulse.clone(),
    });
    let in_service = (pulse.clone(), stage.clone());
    let service = hyper::service::service_fn(move |request: http::Request<_>| {
        let (pulse, stage) = in_service.clone();
        pulse.set(Beat::Answering);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        let answer = router.clone().oneshot(request);
        async move {
            let mut response = answer.await?;
            if *stage.borrow() >= Stage::Draining {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            pulse.set(Beat::Idle);
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE)
            .serve_connection(io, service)
    );
    let mut closing = pin!(reached(stage, Stage::Closing));
    let mut is_closing = false;
    loop {
        tokio::select! {
            _ended = connection.as_mut() => return,
            () = pulse.head_overdue() => return,
            () = &mut closing, if !is_closing => is_closing = true,
            () = pulse.idles(), if is_closing => break,
        }
    }
    if pulse.never_beat() {
        return;
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// What a connection is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Beat {
    /// Nothing has ever come.
    #[default]
    Fresh,
    /// A head is coming in, since then.
    Head(Instant),
    /// A request is being read and answered.
    Answering,
    /// Between two requests.
    Idle,
}

/// The beat, shared between the reading end and the one who watches.
#[derive(Debug, Default)]
struct Pulse {
    beat: Mutex<Beat>,
    changed: Notify,
}

impl Pulse {
    fn beat(&self) -> MutexGuard<'_, Beat> {
        self.beat
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn set(&self, beat: Beat) {
        *self.beat() = beat;
        self.changed.notify_waiters();
    }

    /// Bytes came: between two requests they are the next one's head.
    fn bytes_came(&self) {
        let mut beat = self.beat();
        if matches!(*beat, Beat::Fresh | Beat::Idle) {
            *beat = Beat::Head(Instant::now());
            drop(beat);
            self.changed.notify_waiters();
        }
    }

    fn never_beat(&self) -> bool {
        *self.beat() == Beat::Fresh
    }

    /// Ends when a head takes too long.
    async fn head_overdue(&self) {
        loop {
            let changed = self.changed.notified();
            let beat = *self.beat();
            match beat {
                Beat::Head(since) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(since + HEAD) => return,
                    }
                }
                Beat::Fresh | Beat::Answering | Beat::Idle => changed.await,
            }
        }
    }

    /// Ends when nothing is under way.
    async fn idles(&self) {
        loop {
            let changed = self.changed.notified();
            let beat = *self.beat();
            match beat {
                Beat::Fresh | Beat::Idle => return,
                Beat::Head(_) | Beat::Answering => changed.await,
            }
        }
    }
}

/// A stream whose reading is noticed.
struct Watched {
    stream: TcpStream,
    pulse: Arc<Pulse>,
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
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::task::JoinHandle;

    async fn start() -> (SocketAddr, watch::Sender<Stage>, JoinHandle<()>) {
        let echo = |body: bytes::Bytes| async move { body };
        let router = Router::new().route("/echo", post(echo));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stage, seen) = watch::channel(Stage::Serving);
        let served = tokio::spawn(serve(listener, router, seen));
        (address, stage, served)
    }

    async fn rest_of(mut stream: TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    /// Reads an answer whose body is `pong`.
    async fn answer(stream: &mut TcpStream) -> String {
        let mut text = Vec::new();
        while !text.ends_with(b"pong") {
            text.push(stream.read_u8().await.unwrap());
        }
        String::from_utf8(text).unwrap()
    }

    const WHOLE: &[u8] = b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\npong";

    #[tokio::test]
    async fn a_request_that_has_begun_is_finished_though_we_are_closing() {
        let (address, stage, served) = start().await;
        // Kept alive, then half of a second head; and half of a first body.
        let mut head = TcpStream::connect(address).await.unwrap();
        head.write_all(WHOLE).await.unwrap();
        assert!(!answer(&mut head).await.contains("connection: close"));
        head.write_all(&WHOLE[..30]).await.unwrap();
        let mut body = TcpStream::connect(address).await.unwrap();
        body.write_all(&WHOLE[..WHOLE.len() - 2]).await.unwrap();
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(WHOLE).await.unwrap();
        answer(&mut idle).await;

        stage.send(Stage::Draining).unwrap();
        let mut late = TcpStream::connect(address).await.unwrap();
        late.write_all(WHOLE).await.unwrap();
        let told = rest_of(late).await;
        assert!(
            told.contains("connection: close") && told.ends_with("pong"),
            "{told}"
        );

        stage.send(Stage::Closing).unwrap();
        assert_eq!(rest_of(idle).await, "");
        head.write_all(&WHOLE[30..]).await.unwrap();
        assert!(rest_of(head).await.ends_with("pong"));
        body.write_all(&WHOLE[WHOLE.len() - 2..]).await.unwrap();
        assert!(rest_of(body).await.ends_with("pong"));
        served.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn a_head_that_does_not_come_to_its_end_is_cut() {
        let pulse = Pulse::default();
        let over = |pulse: &Pulse| pulse.head_overdue().now_or_never().is_some();
        assert!(!over(&pulse));
        let long_ago = Instant::now()
            .checked_sub(HEAD * 2)
            .expect("a host that has run a while");
        pulse.set(Beat::Head(long_ago));
        pulse.bytes_came();
        assert_eq!(
            *pulse.beat(),
            Beat::Head(long_ago),
            "more bytes give no more time"
        );
        assert!(over(&pulse));
        pulse.set(Beat::Answering);
        assert!(!over(&pulse));
    }
}
