//! Reads a request's body: so many bytes, in so much time, and no more memory than allowed.
//!
//! A body that is too large is refused before it is read when its length says so, and is then read
//! off for a moment without being kept, because a client that is cut off while it still sends never
//! sees the answer.
//!
//! Nobody has proved who they are while a body is read, so each holds 64 KiB and no more for itself;
//! beyond, all share an allowance, by what has truly arrived: announcing a length reserves nothing.
//! When the allowance is used up, one body at a time may go on over it. Without that, bodies that
//! each hold a part and wait for the rest would wait for one another.

use super::problem::Problem;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The whole body must be here by then.
const DEADLINE: Duration = Duration::from_secs(10);
const MIB: usize = 1024 * 1024;
/// In what the allowance is counted, and what a body holds without asking.
const SHARE: usize = 64 * 1024;
/// What the bodies of all requests may hold together beyond a share each: 64 MiB.
const SHARES: usize = 64 * MIB / SHARE;
/// How much of a refused body is read off.
const READ_OFF: usize = 32 * MIB;
const READ_OFF_TIME: Duration = Duration::from_secs(2);

/// The memory that bodies share.
#[derive(Debug)]
pub(crate) struct Allowance {
    shares: Semaphore,
    /// Held by the one that goes on though the shares are used up.
    over: Semaphore,
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            shares: Semaphore::new(SHARES),
            over: Semaphore::new(1),
        }
    }
}

/// What one body holds of the allowance.
struct Held<'a> {
    allowance: &'a Allowance,
    shares: usize,
    /// Given back when the body has been read or given up.
    permits: Vec<SemaphorePermit<'a>>,
    over: bool,
}

impl<'a> Held<'a> {
    fn nothing(allowance: &'a Allowance) -> Self {
        Self {
            allowance,
            shares: 0,
            permits: Vec::new(),
            over: false,
        }
    }

    /// Waits until so many bytes may be held.
    async fn grow(&mut self, bytes: usize) {
        let needed = bytes.div_ceil(SHARE).saturating_sub(1);
        let missing = needed.saturating_sub(self.shares);
        if missing == 0 || self.over {
            return;
        }
        let more = u32::try_from(missing).unwrap_or(u32::MAX);
        let (permit, over) = tokio::select! {
            biased;
            permit = self.allowance.shares.acquire_many(more) => (permit, false),
            permit = self.allowance.over.acquire() => (permit, true),
        };
        self.permits.extend(permit);
        self.over = over;
        self.shares = needed;
    }
}

/// Reads a body of at most `most` bytes.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    most: usize,
    allowance: &Allowance,
) -> Result<Bytes, Problem> {
    read_by(headers, body, most, allowance, DEADLINE).await
}

async fn read_by(
    headers: &HeaderMap,
    mut body: Body,
    most: usize,
    allowance: &Allowance,
    deadline: Duration,
) -> Result<Bytes, Problem> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        // Who asks first (Expect: 100-continue) has sent nothing yet.
        if !headers.contains_key(header::EXPECT) {
            read_off(&mut body).await;
        }
        return Err(too_large(most));
    }
    let read = tokio::time::timeout(deadline, gather(&mut body, announced, most, allowance)).await;
    match read {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(Stopped::TooLarge)) => {
            read_off(&mut body).await;
            Err(too_large(most))
        }
        Ok(Err(Stopped::Broken)) => Err(Problem::bad_request("The body ended early.")),
        Err(_elapsed) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "The body did not arrive in time.",
        )),
    }
}

enum Stopped {
    TooLarge,
    Broken,
}

async fn gather(
    body: &mut Body,
    announced: Option<u64>,
    most: usize,
    allowance: &Allowance,
) -> Result<Bytes, Stopped> {
    let expected = announced.map_or(0, |length| usize::try_from(length).unwrap_or(0));
    let mut whole = BytesMut::with_capacity(expected.min(SHARE));
    let mut held = Held::nothing(allowance);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Stopped::Broken)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if whole.len() + data.len() > most {
            return Err(Stopped::TooLarge);
        }
        // Nothing more is read, nor buffered, meanwhile.
        held.grow(whole.len() + data.len()).await;
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

async fn read_off(body: &mut Body) {
    let reading = async {
        let mut seen = 0;
        while let Some(Ok(frame)) = body.frame().await {
            seen += frame.data_ref().map_or(0, Bytes::len);
            if seen > READ_OFF {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(READ_OFF_TIME, reading).await;
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

    fn status(read: Result<Bytes, Problem>) -> u16 {
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
            let answer = read(&headers, body, 10, &allowance).await;
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
        let answer = read_by(&HeaderMap::new(), body, 10, &allowance, soon).await;
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

    async fn poll_once(reading: &mut (impl Future<Output = Result<Bytes, Problem>> + Unpin)) {
        let ended = futures_util::poll!(reading);
        assert!(ended.is_pending());
    }

    #[tokio::test]
    async fn large_bodies_give_their_share_of_memory_back() {
        let allowance = Allowance::default();
        let body = Body::from(vec![0; 3 * MIB]);
        let answer = read(&HeaderMap::new(), body, 4 * MIB, &allowance).await;
        assert_eq!(status(answer), 200);
        assert_eq!(allowance.shares.available_permits(), SHARES);
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
            let mut reading = pin!(read(&headers, body, 26 * MIB, &allowance));
            poll_once(&mut reading).await;
            let free = allowance.shares.available_permits();
            assert_eq!(SHARES - free, counted, "{announced} announced, {sent} sent");
        }
    }

    #[tokio::test]
    async fn when_the_allowance_is_used_up_one_body_after_the_other_goes_on() {
        let allowance = Allowance::default();
        let _all = allowance.shares.acquire_many(SHARES as u32).await.unwrap();
        let (headers, body) = stuck(3 * MIB, 2 * MIB);
        let mut first = Box::pin(read(&headers, body, 4 * MIB, &allowance));
        poll_once(&mut first).await;
        assert_eq!(allowance.over.available_permits(), 0, "it goes on");
        let waits = || read(&headers, Body::from(vec![0; 3 * MIB]), 4 * MIB, &allowance);
        let mut second = Box::pin(waits());
        poll_once(&mut second).await;
        drop(first);
        assert_eq!(status(second.await), 200);
        let small = Body::from(vec![0; SHARE]);
        let answer = read(&HeaderMap::new(), small, MIB, &allowance).await;
        assert_eq!(status(answer), 200, "a small body waits for nobody");
    }
}
