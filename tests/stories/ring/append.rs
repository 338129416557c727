//! What arrives becomes one row, however often, by however many, at whatever moment.

use super::Ring;
use std::collections::BTreeSet;
use tokio::task::JoinSet;
use wardroom::store::Appended;

#[tokio::test]
async fn one_key_is_one_row_within_a_batch_and_across_batches_and_processes() {
    let ring = Ring::new().await;
    let replicas = [ring.replica(), ring.replica()];
    for round in 0..2 {
        let mut appends = JoinSet::new();
        for at in 0..64 {
            let store = replicas[at % 2].store.clone();
            let arrival = ring.arrival(&format!("key-{}", at / 2 % 8), "one");
            appends.spawn(async move { store.append(arrival).await });
        }
        let mut fresh = BTreeSet::new();
        let mut all = BTreeSet::new();
        while let Some(appended) = appends.join_next().await {
            let appended = appended.expect("no panic").expect("it is durable");
            all.insert(appended.id());
            if let Appended::New(id) = appended {
                assert!(fresh.insert(id), "two were told that the row is theirs");
            }
        }
        assert_eq!(all.len(), 8, "a duplicate is told which row it is");
        assert_eq!(fresh.len(), if round == 0 { 8 } else { 0 });
    }
    assert_eq!(ring.number("select count(*) from inbox").await, 8);
    replicas[0].decide_all().await;
    assert_eq!(ring.decided(None).len(), 8);
    ring.end(&replicas).await;
}

#[tokio::test]
async fn a_key_belongs_to_its_source_and_a_decided_one_is_known_still() {
    let ring = Ring::new().await;
    let replica = ring.replica();
    let first = replica.store.append(ring.arrival("k", "s")).await;
    replica.decide_all().await;
    let again = replica.store.append(ring.arrival("k", "another")).await;
    let mut other = ring.arrival("k", "s");
    other.source = "github";
    let other = replica.store.append(other).await;
    let first = first.expect("durable").id();
    assert_eq!(again.expect("durable"), Appended::Duplicate(first));
    assert!(matches!(other, Ok(Appended::New(_))));
    assert_eq!(ring.decided(None), ["k"]);
    ring.end(&[replica]).await;
}

#[tokio::test]
async fn whoever_waits_for_the_answer_may_go_and_the_row_stays() {
    let ring = Ring::new().await;
    let replica = ring.replica();
    let store = replica.store.clone();
    let arrival = ring.arrival("k", "s");
    let mut asking = Box::pin(async move { store.append(arrival).await });
    // Asked once, then dropped.
    let waker = std::task::Waker::noop();
    let mut context = std::task::Context::from_waker(waker);
    assert!(asking.as_mut().poll(&mut context).is_pending());
    drop(asking);
    let behind = replica.store.append(ring.arrival("behind", "s")).await;
    behind.expect("it is durable");
    replica.decide_all().await;
    assert_eq!(ring.decided(None), ["k", "behind"]);
    ring.end(&[replica]).await;
}

#[tokio::test]
async fn nobody_waits_for_a_duplicate_that_came_in_the_same_batch() {
    let ring = Ring::new().await;
    let replica = ring.replica();
    let append = |key: &str| replica.store.append(ring.arrival(key, "s"));
    append("known").await.expect("durable");
    replica.decide_all().await;
    // Asked for before any of them is written: one batch.
    let batch = tokio::join!(append("known"), append("a"), append("a"), append("b"));
    assert!(
        matches!(batch.0, Ok(Appended::Duplicate(_))),
        "{:?}",
        batch.0
    );
    assert!(
        matches!(batch.2, Ok(Appended::Duplicate(_))),
        "{:?}",
        batch.2
    );
    replica.decide_all().await;
    assert_eq!(ring.decided(None), ["known", "a", "b"]);
    ring.end(&[replica]).await;
}
