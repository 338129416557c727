//! Connections as clients use them: half sent, without a byte, with answers that are not read, late.

use super::*;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;

/// Timeouts that a test can wait for, where it waits for them.
const SHORT: Timeouts = Timeouts {
    first_byte: Duration::from_millis(300),
    idle: Duration::from_secs(75),
    head: Duration::from_millis(300),
    answer: Duration::from_millis(300),
    closing: Duration::from_secs(10),
};

/// By then any of them is over, on a busy machine too.
const LONG: Duration = Duration::from_secs(15);

async fn start() -> (SocketAddr, watch::Sender<Stage>, JoinHandle<()>) {
    start_within(TIMEOUTS).await
}

async fn start_within(timeouts: Timeouts) -> (SocketAddr, watch::Sender<Stage>, JoinHandle<()>) {
    let echo = |body: bytes::Bytes| async move { body };
    let router = Router::new()
        .route("/echo", post(echo))
        .route("/large", get(async || vec![b'x'; 64 * 1024 * 1024]));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stage, seen) = watch::channel(Stage::Serving);
    let limit = ConnectionLimit {
        total: 8,
        per_client: 8,
        trusted: Vec::new(),
    };
    let served = tokio::spawn(serve_within(timeouts, listener, router, seen, limit));
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
async fn a_request_that_has_begun_is_finished_while_closing() {
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
async fn a_connection_that_has_just_been_accepted_is_answered_while_closing() {
    let (address, stage, served) = start_within(TIMEOUTS).await;
    let mut late = TcpStream::connect(address).await.unwrap();
    stage.send(Stage::Closing).unwrap();
    // No connection is accepted any more, so closing has begun; the accepted one is still answered.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    late.write_all(WHOLE).await.unwrap();
    assert!(rest_of(late).await.ends_with("pong"));
    served.await.unwrap();
}

#[tokio::test]
async fn a_connection_that_sends_nothing_is_closed_and_one_between_two_requests_is_not() {
    let (address, _stage, _served) = start_within(SHORT).await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(WHOLE).await.unwrap();
    answer(&mut idle).await;
    let silent = TcpStream::connect(address).await.unwrap();
    let cut = tokio::time::timeout(LONG, rest_of(silent)).await;
    assert_eq!(cut.expect("it is closed"), "");
    idle.write_all(WHOLE).await.unwrap();
    assert!(answer(&mut idle).await.ends_with("pong"));
}

#[tokio::test]
async fn a_connection_is_closed_when_it_idles_or_begins_a_head_for_too_long() {
    let timeouts = Timeouts {
        idle: Duration::from_millis(300),
        ..SHORT
    };
    let (address, _stage, _served) = start_within(timeouts).await;
    for begun in [&b""[..], &WHOLE[..30]] {
        let mut kept = TcpStream::connect(address).await.unwrap();
        kept.write_all(WHOLE).await.unwrap();
        answer(&mut kept).await;
        kept.write_all(begun).await.unwrap();
        let cut = tokio::time::timeout(LONG, rest_of(kept)).await;
        assert_eq!(cut.expect("it is closed"), "");
    }
}

#[tokio::test]
async fn a_client_that_never_reads_its_answer_is_disconnected() {
    let (address, stage, served) = start_within(SHORT).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    client
        .write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(
        client.read_u8().await.unwrap(),
        b'H',
        "it is being answered"
    );
    stage.send(Stage::Closing).unwrap();
    // It ends although the client has not read.
    let gone = tokio::time::timeout(LONG, served).await;
    gone.expect("it is closed").unwrap();
}

#[tokio::test]
async fn a_head_of_any_length_is_not_buffered() {
    let (address, _stage, _served) = start().await;
    let mut long = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET /echo HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "x".repeat(200_000)
    );
    let _cut_off = long.write_all(head.as_bytes()).await;
    let mut status = [0; 12];
    long.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 431");
}

#[tokio::test]
async fn an_idle_connection_is_closed_for_a_new_one_and_one_with_a_request_is_answered() {
    let (address, _stage, _served) = start().await;
    let mut busy = TcpStream::connect(address).await.unwrap();
    busy.write_all(&WHOLE[..WHOLE.len() - 2]).await.unwrap();
    let mut idle = Vec::new();
    for _ in 0..40 {
        let mut one = TcpStream::connect(address).await.unwrap();
        one.write_all(WHOLE).await.unwrap();
        answer(&mut one).await;
        idle.push(one);
    }
    assert_eq!(rest_of(idle.remove(0)).await, "", "the oldest went");
    busy.write_all(&WHOLE[WHOLE.len() - 2..]).await.unwrap();
    assert!(answer(&mut busy).await.ends_with("pong"));
}
