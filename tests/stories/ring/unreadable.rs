//! Rows that a process cannot read, because another version wrote them: left to those that can.

use super::Ring;
use chrono::Duration;
use wardroom::store::Arrival;

/// An arrival of another kind, in the words of a version that knows it.
fn arrival(ring: &Ring, source: &'static str, kind: &str, key: &str, subject: &str) -> Arrival {
    Arrival {
        source,
        kind: kind.to_owned(),
        ..ring.arrival(key, subject)
    }
}

#[tokio::test]
async fn a_signal_of_another_version_is_left_to_it_and_no_attempt_is_counted() {
    let ring = Ring::new().await;
    let (old, new) = (
        ring.replica_that_reads(&["noted"]),
        ring.replica_that_reads(&["noted", "of_later"]),
    );
    for (source, kind, key, subject) in [
        ("test", "of_later", "new", "s"),
        ("test", "noted", "behind", "s"),
        ("of_later", "noted", "source", "t"),
        ("receipt", "brew_coffee", "receipt", "u"),
        ("timer", "of_later", "timer", "v"),
        ("engine", "of_later", "engine", "w"),
        ("test", "noted", "elsewhere", "x"),
    ] {
        let arrival = arrival(&ring, source, kind, key, subject);
        old.store.append(arrival).await.expect("durable");
    }
    for _ in 0..90 {
        old.decide_all().await;
        ring.clock.advance(Duration::seconds(1));
    }
    assert_eq!(ring.decided(None), ["elsewhere"]);
    let touched = "select count(*) from inbox where attempts > 0 or state = 'parked'";
    assert_eq!(ring.number(touched).await, 0);

    new.decide_all().await;
    old.decide_all().await;
    assert_eq!(ring.decided(None), ["elsewhere", "new", "behind"]);
    assert_eq!(ring.number(touched).await, 0);
    ring.end(&[old, new]).await;
}
