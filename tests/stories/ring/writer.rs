//! The writer and what is slow: a large body, or one row for which the database takes too long, costs
//! its neighbours nothing.

use super::Ring;
use futures_util::future::{join, join_all};
use std::time::{Duration, Instant};
use wardroom::store::{AppendError, Appended};

const LARGE: usize = 24 * 1024 * 1024;

/// Has the database take so long for rows of which this is true.
fn slow(condition: &str, seconds: &str) -> String {
    format!(
        "create function slow() returns trigger language plpgsql as $$
             begin perform pg_sleep_for('{seconds} s'); return new; end $$;
         create trigger slow before insert on inbox for each row
             when ({condition}) execute function slow()"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_slow_large_bodies_take_no_small_one_along() {
    let ring = Ring::new().await;
    let replica = ring.replica();
    ring.does(&slow("octet_length(new.body) > 1000000", "0.6"))
        .await;
    let large = (0..4).map(|at| {
        let mut arrival = ring.arrival(&format!("large-{at}"), &format!("large-{at}"));
        // Nothing that compresses well.
        let body: Vec<u8> = (0..LARGE / 32)
            .flat_map(|place| blake(place as u64 + at))
            .collect();
        arrival.body = body.into();
        replica.store.append(arrival)
    });
    let small = async {
        let mut slowest = Duration::ZERO;
        for at in 0..40 {
            let began = Instant::now();
            let key = format!("small-{at}");
            let appended = replica.store.append(ring.arrival(&key, &key)).await;
            assert!(matches!(appended, Ok(Appended::New(_))), "{appended:?}");
            slowest = slowest.max(began.elapsed());
            tokio::task::yield_now().await;
        }
        slowest
    };
    let two = join(small, async {
        let (a, b) = ("beside-a", "beside-b");
        join(
            replica.store.append(ring.arrival(a, a)),
            replica.store.append(ring.arrival(b, b)),
        )
        .await
    });
    let (large, (slowest, (a, b))) = join(join_all(large), two).await;
    assert!(a.is_ok() && b.is_ok(), "{a:?} {b:?}");
    assert!(slowest < Duration::from_millis(600), "{slowest:?}");
    assert!(large.iter().any(Result::is_ok), "the first is written");
    let rows = "select count(*) from inbox";
    let written = large.iter().filter(|answer| answer.is_ok()).count() as i64;
    assert_eq!(
        ring.number(rows).await,
        42 + written,
        "what was refused is not there"
    );
    ring.end(&[replica]).await;
}

/// 32 bytes in no order.
fn blake(seed: u64) -> [u8; 32] {
    let mut word = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678;
    let mut bytes = [0; 32];
    for place in bytes.chunks_mut(8) {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

#[tokio::test]
async fn one_row_for_which_the_database_takes_too_long_takes_none_of_its_batch_along() {
    let ring = Ring::new().await;
    for replica in [ring.replica(), ring.pooled_replica()] {
        ring.does("truncate inbox; drop function if exists slow cascade")
            .await;
        ring.does(&slow("new.subject = 'slow'", "5")).await;
        // Asked for before any of them is written: one batch.
        let batch = (0..20).map(|at| {
            let key = if at == 3 {
                "slow".to_owned()
            } else {
                format!("key-{at}")
            };
            replica.store.append(ring.arrival(&key, &key))
        });
        let answers = join_all(batch).await;
        for (at, answer) in answers.iter().enumerate() {
            if at == 3 {
                assert_eq!(*answer, Err(AppendError::Unavailable));
            } else {
                assert!(matches!(answer, Ok(Appended::New(_))), "{at}: {answer:?}");
            }
        }
        assert_eq!(ring.number("select count(*) from inbox").await, 19);
        replica.store.close().await;
    }
    ring.end(&[]).await;
}
