//! Reads a request's body, within limits of size, time and memory.
//!
//! A body whose announced length is too large is refused before it is read, and then discarded for a
//! moment, because a client that is disconnected while it sends never reads the answer.
//!
//! While a body is read, its sender is not authenticated. So each body has 64 KiB, and all share an
//! allowance beyond that (`allowance`). A body that uses the allowance must keep arriving: one that stalls
//! is given up within two seconds, or half a second while others wait. A body counts until it is dropped,
//! after the append was answered.

use super::allowance::{Allowance, Reservation};
use super::problem::Problem;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use std::net::IpAddr;
use std::ops::Deref;
use std::time::Duration;
use tokio::time::Instant;

/// For the whole body.
const DEADLINE: Duration = Duration::from_secs(10);
const MIB: usize = 1024 * 1024;
/// The memory that each body has.
pub(super) const SHARE: usize = 64 * 1024;
/// How often the rate of a body of more than a share is checked.
const WINDOW: Duration = Duration::from_secs(2);
const WINDOW_WHILE_OTHERS_WAIT: Duration = Duration::from_millis(500);
/// A body must arrive at least so quickly that it would have its present size in this time. Any body that
/// arrives evenly within the deadline is quicker.
const SLOWEST: Duration = Duration::from_secs(16);
/// How much of a refused body is discarded.
const DISCARD: usize = 32 * MIB;
const DISCARD_TIME: Duration = Duration::from_secs(2);

/// A body that was read, with its shares of the allowance.
#[derive(Debug)]
pub(crate) struct ReadBody<'a> {
    bytes: Bytes,
    _reservation: Reservation<'a>,
}

impl ReadBody<'_> {
    /// The bytes, shared. They count as long as this value exists.
    pub(crate) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }
}

impl Deref for ReadBody<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads a body of at most `most` bytes. It counts against `client`.
pub(crate) async fn read<'a>(
    headers: &HeaderMap,
    body: Body,
    most: usize,
    client: IpAddr,
    allowance: &'a Allowance,
) -> Result<ReadBody<'a>, Problem> {
    read_by(headers, body, most, client, allowance, DEADLINE).await
}

async fn read_by<'a>(
    headers: &HeaderMap,
    mut body: Body,
    most: usize,
    client: IpAddr,
    allowance: &'a Allowance,
    deadline: Duration,
) -> Result<ReadBody<'a>, Problem> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        // A client that asks first (Expect: 100-continue) has sent nothing yet.
        if !headers.contains_key(header::EXPECT) {
            discard(&mut body).await;
        }
        return Err(too_large(most));
    }
    let announced = announced.and_then(|length| usize::try_from(length).ok());
    let mut reservation = allowance.reservation(client, announced.unwrap_or(most));
    let read = tokio::time::timeout(
        deadline,
        gather(&mut body, announced, most, &mut reservation),
    )
    .await;
    let slow = || {
        let words = "The body did not arrive in time.";
        Problem::new(StatusCode::REQUEST_TIMEOUT, words)
    };
    match read {
        Ok(Ok(bytes)) => Ok(ReadBody {
            bytes,
            _reservation: reservation,
        }),
        Ok(Err(Stopped::TooLarge)) => {
            drop(reservation);
            discard(&mut body).await;
            Err(too_large(most))
        }
        Ok(Err(Stopped::Broken)) => Err(Problem::bad_request("The body ended early.")),
        Ok(Err(Stopped::TooSlow)) => Err(slow()),
        // The body waited for others: not the client's fault.
        Err(_elapsed) if reservation.waits() => Err(Problem::unavailable()),
        Err(_elapsed) => Err(slow()),
    }
}

enum Stopped {
    TooLarge,
    TooSlow,
    Broken,
}

async fn gather(
    body: &mut Body,
    announced: Option<usize>,
    most: usize,
    reservation: &mut Reservation<'_>,
) -> Result<Bytes, Stopped> {
    let mut whole = BytesMut::with_capacity(announced.unwrap_or(0).min(SHARE));
    let mut rate = Rate::default();
    while let Some(data) = rate.next(body, whole.len(), announced, reservation).await? {
        let length = whole.len() + data.len();
        if length > most {
            return Err(Stopped::TooLarge);
        }
        // Nothing more is read or buffered meanwhile.
        reservation.grow(length).await;
        if length > SHARE {
            // At once instead of by doubling: memory that is not written to costs nothing.
            whole.reserve(announced.unwrap_or(0).max(length) - whole.len());
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

/// How quickly a body arrives, without the time in which it waited for the allowance.
#[derive(Default)]
struct Rate {
    read_for: Duration,
    /// In the present window.
    window: Duration,
    arrived: usize,
}

impl Rate {
    /// The next bytes; `None` at the end.
    async fn next(
        &mut self,
        body: &mut Body,
        so_far: usize,
        announced: Option<usize>,
        reservation: &Reservation<'_>,
    ) -> Result<Option<Bytes>, Stopped> {
        loop {
            let window = if reservation.others_wait() {
                WINDOW_WHILE_OTHERS_WAIT
            } else {
                WINDOW
            };
            if self.window >= window {
                if so_far > SHARE && self.is_too_slow(so_far, announced.unwrap_or(0)) {
                    return Err(Stopped::TooSlow);
                }
                (self.window, self.arrived) = (Duration::ZERO, 0);
            }
            let began = Instant::now();
            // Short, so that others that begin to wait are noticed.
            let frame = tokio::time::timeout(WINDOW_WHILE_OTHERS_WAIT, body.frame()).await;
            self.read_for += began.elapsed();
            self.window += began.elapsed();
            match frame {
                Ok(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        self.arrived += data.len();
                        return Ok(Some(data));
                    }
                }
                Ok(Some(Err(_))) => return Err(Stopped::Broken),
                Ok(None) => return Ok(None),
                Err(_elapsed) => {}
            }
        }
    }

    /// Whether it arrives too slowly for its size, or cannot be complete by the deadline at this rate. A body
    /// that arrives evenly and in time is neither.
    fn is_too_slow(&self, so_far: usize, announced: usize) -> bool {
        let in_time = |bytes: usize, time: Duration| bytes as f64 * time.as_secs_f64();
        let stalled = (self.arrived as f64) < in_time(so_far, self.window) / SLOWEST.as_secs_f64();
        let begun = self.read_for.saturating_sub(self.window);
        let rest = DEADLINE.saturating_sub(self.window).as_secs_f64();
        let late = (so_far as f64) < in_time(announced, begun) / rest;
        stalled || late
    }
}

async fn discard(body: &mut Body) {
    let reading = async {
        let mut seen = 0;
        while let Some(Ok(frame)) = body.frame().await {
            seen += frame.data_ref().map_or(0, Bytes::len);
            if seen > DISCARD {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(DISCARD_TIME, reading).await;
}

fn too_large(most: usize) -> Problem {
    let words = format!("The body is larger than {most} bytes.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse as _;
    use futures_util::StreamExt as _;
    use std::future::Future;
    use std::pin::pin;

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const SHARES: usize = 64 * MIB / SHARE;

    fn status(read: Result<ReadBody<'_>, Problem>) -> u16 {
        read.map_or_else(|problem| problem.into_response().status().as_u16(), |_| 200)
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_the_last_allowed_byte() {
        let allowance = Allowance::default();
        for (length, announced, expected) in [
            (10, true, 200),
            (11, true, 413),
            (10, false, 200),
            (11, false, 413),
            (0, false, 200),
        ] {
            let mut headers = HeaderMap::new();
            if announced {
                headers.insert(header::CONTENT_LENGTH, length.into());
            }
            let body = Body::from(vec![b'x'; length as usize]);
            let answer = read(&headers, body, 10, CLIENT, &allowance).await;
            assert_eq!(
                status(answer),
                expected,
                "{length} bytes, announced: {announced}"
            );
        }
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_given_up() {
        let stream = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let body = Body::from_stream(stream);
        let soon = Duration::from_millis(1);
        let allowance = Allowance::default();
        let answer = read_by(&HeaderMap::new(), body, 10, CLIENT, &allowance, soon).await;
        assert_eq!(status(answer), 408);
    }

    /// A body that announces `announced`, sends `sent` bytes and then no more.
    fn stuck(announced: usize, sent: usize) -> (HeaderMap, Body) {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, announced.into());
        let pieces = sent.div_ceil(SHARE);
        let begun = futures_util::stream::iter((0..pieces).map(|_| Bytes::from(vec![0; SHARE])));
        let begun = begun.map(Ok::<_, std::io::Error>);
        let never = futures_util::stream::pending();
        (headers, Body::from_stream(begun.chain(never)))
    }

    async fn poll_once<'a>(
        reading: &mut (impl Future<Output = Result<ReadBody<'a>, Problem>> + Unpin),
    ) {
        let ended = futures_util::poll!(reading);
        assert!(ended.is_pending());
    }

    #[tokio::test]
    async fn large_bodies_release_their_memory() {
        let allowance = Allowance::default();
        let body = Body::from(vec![0; 3 * MIB]);
        let answer = read(&HeaderMap::new(), body, 4 * MIB, CLIENT, &allowance).await;
        assert_eq!(status(answer), 200);
        assert_eq!(allowance.free_shares(), SHARES);
    }

    #[tokio::test]
    async fn only_what_has_arrived_counts_and_all_of_it_but_the_first_share() {
        let allowance = Allowance::default();
        for (announced, sent, counted) in [
            (25 * MIB, 0, 0),
            (25 * MIB, SHARE, 0),
            (25 * MIB, 2 * SHARE, 1),
            (MIB, MIB, MIB / SHARE - 1),
        ] {
            let (headers, body) = stuck(announced + 1, sent);
            let mut reading = pin!(read(&headers, body, 26 * MIB, CLIENT, &allowance));
            poll_once(&mut reading).await;
            let free = allowance.free_shares();
            assert_eq!(SHARES - free, counted, "{announced} announced, {sent} sent");
        }
    }

    #[tokio::test]
    async fn when_the_allowance_is_used_up_one_body_after_the_other_goes_on() {
        let allowance = Allowance::default();
        let _all = allowance.use_up().await;
        let (headers, body) = stuck(3 * MIB, 2 * MIB);
        let mut first = Box::pin(read(&headers, body, 4 * MIB, CLIENT, &allowance));
        poll_once(&mut first).await;
        let waits = || {
            read(
                &headers,
                Body::from(vec![0; 3 * MIB]),
                4 * MIB,
                CLIENT,
                &allowance,
            )
        };
        let mut second = Box::pin(waits());
        poll_once(&mut second).await;
        drop(first);
        assert_eq!(status(second.await), 200);
        let small = Body::from(vec![0; SHARE]);
        let answer = read(&HeaderMap::new(), small, MIB, CLIENT, &allowance).await;
        assert_eq!(status(answer), 200, "a small body waits for no other");
    }
}
