//! Reads a request's body: so many bytes, in so much time, and no more memory than allowed.
//!
//! A body that is too large is refused before it is read when its length says so, and is then read
//! off for a moment without being kept, because a client that is cut off while it still sends never
//! sees the answer. Large bodies share an allowance of memory by what has truly arrived, so that
//! nobody reserves it by announcing a length.

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
/// What the bodies of all requests may hold together beyond a MiB each, in MiB.
const SHARED_MIB: usize = 64;
/// How much of a refused body is read off.
const READ_OFF: usize = 32 * MIB;
const READ_OFF_TIME: Duration = Duration::from_secs(2);

/// The memory that large bodies share.
#[derive(Debug)]
pub(crate) struct Allowance(Semaphore);

impl Default for Allowance {
    fn default() -> Self {
        Self(Semaphore::new(SHARED_MIB))
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
    let mut whole = BytesMut::with_capacity(expected.min(64 * 1024));
    // The announced share is taken at once: bodies that each hold a part and wait for the rest would
    // wait for one another.
    let shares = expected.min(most).div_ceil(MIB).saturating_sub(1);
    let shares = u32::try_from(shares).unwrap_or(u32::MAX);
    let _whole = allowance
        .0
        .acquire_many(shares)
        .await
        .map_err(|_| Stopped::Broken)?;
    let mut held: Vec<SemaphorePermit<'_>> = Vec::new();
    let taken = usize::try_from(shares).unwrap_or(0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Stopped::Broken)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if whole.len() + data.len() > most {
            return Err(Stopped::TooLarge);
        }
        whole.extend_from_slice(&data);
        while taken + held.len() < whole.len().div_ceil(MIB).saturating_sub(1) {
            held.push(allowance.0.acquire().await.map_err(|_| Stopped::Broken)?);
        }
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

    #[tokio::test]
    async fn large_bodies_give_their_share_of_memory_back() {
        let allowance = Allowance::default();
        let body = Body::from(vec![0; 3 * MIB]);
        let answer = read(&HeaderMap::new(), body, 4 * MIB, &allowance).await;
        assert_eq!(status(answer), 200);
        assert_eq!(allowance.0.available_permits(), SHARED_MIB);
    }
}
