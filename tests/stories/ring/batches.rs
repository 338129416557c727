//! Signals that are decided together: by one commit, each as if it were alone.

use super::Ring;
use chrono::Duration;

/// Signals of as many subjects, durable and not decided.
async fn waiting(ring: &Ring, replica: &super::Replica, keys: &[String]) {
    for key in keys {
        let appended = replica.store.append(ring.arrival(key, key)).await;
        appended.expect("durable");
    }
}

fn keys(many: usize) -> Vec<String> {
    (0..many).map(|at| format!("key-{at:02}")).collect()
}

#[tokio::test]
async fn signals_of_different_subjects_share_a_commit_and_all_are_decided() {
    let ring = Ring::new().await;
    let replica = ring.replica();
    let keys = keys(60);
    waiting(&ring, &replica, &keys).await;
    replica.decide_all().await;
    assert_eq!(ring.decided(None), keys);
    let done = "select count(*) from inbox where state = 'done' and outcome = 'ignored'";
    assert_eq!(ring.number(done).await, 60);
    // 1, 2, 4, 8, 16 and 29.
    let commits = "select count(distinct xmin::text) from inbox";
    assert_eq!(ring.number(commits).await, 6);
    ring.end(&[replica]).await;
}

#[tokio::test]
async fn one_that_the_database_refuses_takes_none_of_its_batch_along() {
    let ring = Ring::new().await;
    let replica = ring.replica();
    waiting(&ring, &replica, &keys(8)).await;
    replica.decide_all().await;
    ring.does(
        "create function refuse() returns trigger language plpgsql as $$
             begin raise exception 'no'; end $$;
         create trigger refuse before update on inbox for each row
             when (new.state = 'done' and new.subject = 'bad') execute function refuse()",
    )
    .await;
    let mut more: Vec<String> = (0..12).map(|at| format!("more-{at:02}")).collect();
    more.insert(5, "bad".to_owned());
    waiting(&ring, &replica, &more).await;
    replica.decide_all().await;
    let done = "select count(*) from inbox where state = 'done'";
    assert_eq!(ring.number(done).await, 20);
    let tried =
        "select count(*) from inbox where subject = 'bad' and state = 'open' and attempts = 1";
    assert_eq!(ring.number(tried).await, 1, "it alone has failed");
    let failed = "select count(*) from inbox where attempts > 0";
    assert_eq!(ring.number(failed).await, 1);

    ring.does("drop trigger refuse on inbox").await;
    ring.clock.advance(Duration::seconds(5));
    replica.decide_all().await;
    assert_eq!(ring.number(done).await, 21);
    ring.end(&[replica]).await;
}

#[tokio::test]
async fn one_that_cannot_be_read_is_set_aside_and_the_rest_of_its_batch_is_decided() {
    let ring = Ring::new().await;
    let replica = ring.replica();
    waiting(&ring, &replica, &keys(8)).await;
    replica.decide_all().await;
    let mut more: Vec<String> = (0..6).map(|at| format!("more-{at}")).collect();
    more.insert(2, "poison".to_owned());
    more.insert(4, "panic".to_owned());
    waiting(&ring, &replica, &more).await;
    replica.decide_all().await;
    let left = "select count(*) from inbox where state = 'open' and attempts = 1
                   and subject in ('poison', 'panic')";
    assert_eq!(ring.number(left).await, 2);
    let commits = "select count(distinct xmin::text) from inbox where subject like 'more-%'";
    assert_eq!(
        ring.number(commits).await,
        1,
        "the rest stood by one commit"
    );
    ring.end(&[replica]).await;
}

#[tokio::test]
async fn a_large_body_is_decided_alone() {
    let ring = Ring::new().await;
    let replica = ring.replica();
    waiting(&ring, &replica, &keys(8)).await;
    replica.decide_all().await;
    for at in 0..3 {
        let mut arrival = ring.arrival(&format!("large-{at}"), &format!("large-{at}"));
        arrival.body = vec![b'x'; 100_000].into();
        replica.store.append(arrival).await.expect("durable");
        waiting(&ring, &replica, &[format!("small-{at}")]).await;
    }
    replica.decide_all().await;
    let done = "select count(*) from inbox where state = 'done'";
    assert_eq!(ring.number(done).await, 14);
    let large = "select count(distinct xmin::text) from inbox where subject like 'large-%'";
    assert_eq!(ring.number(large).await, 3);
    ring.end(&[replica]).await;
}
