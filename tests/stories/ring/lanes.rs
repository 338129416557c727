//! Lanes under a crowd: effects decided and settled at once by two replicas, in four lanes.

use super::{Replica, Ring};
use sqlx::Row as _;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::JoinSet;
use wardroom::store::Arrival;

const SIGNALS: usize = 160;
const LANES: usize = 4;

/// A signal that leads to one direct message: each in a lane of its person.
fn to_a_person(ring: &Ring, at: usize) -> Arrival {
    let to = serde_json::json!({
        "person": format!("U{}", at % LANES), "room": null, "response_url": null,
        "asked_at": ring.clock.now(),
    });
    let row = serde_json::json!({
        "signal": uuid::Uuid::nil(), "what": format!("number {at}"), "reply_to": to,
    });
    let mut arrival = ring.arrival(&format!("signal-{at}"), &format!("subject-{}", at % 7));
    arrival.source = "engine";
    arrival.kind = "parked".to_owned();
    arrival.body = row.to_string().into();
    arrival
}

async fn work_until(replica: Replica, over: Arc<AtomicBool>) {
    loop {
        let last = over.load(Ordering::SeqCst);
        let decided = replica.engine.intake_step().await.expect("it answers");
        let claimed = replica.engine.delivery_step().await.expect("it answers");
        if last && !decided && claimed == 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn effects_of_two_replicas_leave_no_lane_stuck_and_no_row_doubled_or_overtaken() {
    let ring = Ring::new().await;
    let replicas = [ring.replica(), ring.replica()];
    let over = Arc::new(AtomicBool::new(false));
    let mut working = JoinSet::new();
    for replica in &replicas {
        for _ in 0..2 {
            working.spawn(work_until(replica.clone(), over.clone()));
        }
    }
    let mut appending = JoinSet::new();
    for at in 0..SIGNALS {
        let store = replicas[at % 2].store.clone();
        let arrival = to_a_person(&ring, at);
        appending.spawn(async move { store.append(arrival).await.expect("durable") });
    }
    while let Some(done) = appending.join_next().await {
        done.expect("no panic");
    }
    over.store(true, Ordering::SeqCst);
    while let Some(done) = working.join_next().await {
        done.expect("no panic");
    }
    // A step may have passed while another one held the last row.
    work_until(replicas[0].clone(), over).await;

    for open in [
        "select count(*) from inbox where state <> 'done' or blocked",
        "select count(*) from outbox where ended_at is null or blocked",
    ] {
        assert_eq!(ring.number(open).await, 0, "{open}");
    }
    let mut connection = ring.database.connection().await;
    let planned = sqlx::query("select lane, id::text from outbox order by seq")
        .fetch_all(&mut connection)
        .await
        .expect("it answers");
    assert_eq!(planned.len(), SIGNALS);
    let receipts = "select split_part(dedup_key, '@', 1) from inbox
                     where source = 'receipt' order by seq";
    let ended: Vec<String> = sqlx::query(receipts)
        .fetch_all(&mut connection)
        .await
        .expect("it answers")
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(ended.len(), SIGNALS, "each is settled once");
    let mut lanes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in planned {
        lanes.entry(row.get(0)).or_default().push(row.get(1));
    }
    assert_eq!(lanes.len(), LANES);
    for (lane, planned) in lanes {
        let ended: Vec<&String> = ended.iter().filter(|id| planned.contains(id)).collect();
        assert_eq!(ended, planned.iter().collect::<Vec<_>>(), "{lane}");
    }
    ring.end(&replicas).await;
}
