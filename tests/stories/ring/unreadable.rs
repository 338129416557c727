//! Rows that a process cannot read, because another version wrote them: left to those that can.

use super::{Replica, Ring};
use chrono::Duration;
use wardroom::engine::{Duties, Process};
use wardroom::store::{Arrival, Operator};

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
        ("test", "noted", "other", "x"),
    ] {
        let arrival = arrival(&ring, source, kind, key, subject);
        old.store.append(arrival).await.expect("durable");
    }
    for _ in 0..90 {
        old.decide_all().await;
        ring.clock.advance(Duration::seconds(1));
    }
    assert_eq!(ring.decided(None), ["other"]);
    let touched = "select count(*) from inbox where attempts > 0 or state = 'parked'";
    assert_eq!(ring.number(touched).await, 0);

    new.decide_all().await;
    old.decide_all().await;
    assert_eq!(ring.decided(None), ["other", "new", "behind"]);
    assert_eq!(ring.number(touched).await, 0);
    ring.end(&[old, new]).await;
}

const NOTICES: &str = "select count(*) from inbox where source = 'engine' and kind = 'parked'";

impl Replica {
    /// The clock's duties, all of them: the sign of life, the sweep.
    async fn tick(&self, process: &Process) {
        let ticked = self.engine.tick(&mut Duties::default(), process).await;
        ticked.expect("it answers");
    }
}

fn process(ring: &Ring) -> Process {
    Process {
        id: uuid::Uuid::new_v4(),
        host: "story".to_owned(),
        started_at: ring.clock.now(),
    }
}

#[tokio::test]
async fn an_effect_with_a_purpose_of_another_version_is_left_to_it_and_no_attempt_is_counted() {
    let ring = Ring::new().await;
    let old = ring.replica();
    ring.does(
        "insert into outbox (id, signal, lane, provider, kind, effect, priority, run_at, created_at, area, purpose,
                             origin)
         select gen_random_uuid(), gen_random_uuid(), 'slack:' || area, 'slack', 'pin',
                '{\"slack\": {\"kind\": \"pin\", \"channel\": \"C1\", \"ts\": \"1.000001\"}}', 1,
                '2026-03-01', '2026-03-01', area, purpose,
                jsonb_build_object(area, jsonb_build_object('kind', purpose))
           from (values ('incident', 'notice'), ('incident', 'brew_coffee'), ('kitchen', 'notice'))
                as row(area, purpose)",
    )
    .await;
    let process = process(&ring);
    for _ in 0..10 {
        old.engine.delivery_step().await.expect("it answers");
        old.tick(&process).await;
        ring.clock.advance(Duration::minutes(1));
    }
    let done = "select count(*) from outbox where state = 'done'";
    assert_eq!(ring.number(done).await, 1);
    let left =
        "select count(*) from outbox where state = 'open' and attempts = 0 and error is null";
    assert_eq!(ring.number(left).await, 2, "no claim has touched them");

    ring.clock.advance(Duration::minutes(1));
    old.tick(&process).await;
    let parked = "select count(*) from outbox where state = 'parked' and error = 'unreadable_kind'";
    assert_eq!(ring.number(parked).await, 2, "no process can read them");
    ring.end(&[old]).await;
}

#[tokio::test]
async fn a_signal_whose_body_another_version_wrote_waits_for_it_and_is_parked_when_none_runs() {
    let ring = Ring::new().await;
    let replica = ring.replica();
    for (key, body) in [("first", r#"{"of": "later"}"#), ("second", "no JSON")] {
        let arrival = Arrival {
            body: body.into(),
            ..arrival(&ring, "receipt", "incident_line", key, "s")
        };
        replica.store.append(arrival).await.expect("durable");
    }
    let newer = "insert into processes (id, host, pid, version, started_at, seen_at)
                 select gen_random_uuid(), 'newer', 1, '99.0.0', clock_timestamp(), clock_timestamp()";
    ring.does(newer).await;
    let counted = "select count(*) from inbox where attempts > 0 or state = 'parked'";
    for _ in 0..90 {
        replica.decide_all().await;
        ring.clock.advance(Duration::seconds(10));
    }
    assert_eq!(ring.number(counted).await, 0, "the newer one may read it");

    ring.does("delete from processes where host = 'newer'")
        .await;
    ring.clock.advance(Duration::seconds(20));
    replica.decide_all().await;
    assert_eq!(ring.number(counted).await, 2, "its next is tried now");
    assert_eq!(ring.number(NOTICES).await, 1);
    ring.end(&[replica]).await;
}

#[tokio::test]
async fn what_no_running_process_reads_steps_aside_after_ten_minutes_counted_and_told() {
    let ring = Ring::new().await;
    let (old, new) = (
        ring.replica_that_reads(&["noted"]),
        ring.replica_that_reads(&["noted", "of_later"]),
    );
    let (older, newer) = (process(&ring), process(&ring));
    let head = arrival(&ring, "test", "of_later", "head", "s");
    let head = old.store.append(head).await.expect("durable").id();
    let behind = ring.arrival("behind", "s");
    old.store.append(behind).await.expect("durable");
    ring.does(
        "insert into outbox (id, signal, lane, provider, kind, effect, priority, run_at, created_at, blocked,
                             origin)
         select gen_random_uuid(), gen_random_uuid(), 'slack:C1', 'slack', kind, effect, 1,
                '2026-03-01', '2026-03-01', kind = 'pin', '{\"incident\": {\"kind\": \"notice\"}}'
           from (values ('brew_coffee', '{}'::jsonb),
                        ('pin', '{\"slack\": {\"kind\": \"pin\", \"channel\": \"C1\", \"ts\": \"1.000001\"}}')) as row(kind, effect)",
    )
    .await;
    let parked = "select (select count(*) from inbox where state = 'parked')
                       + (select count(*) from outbox where state = 'parked')";
    let carried = "insert into processes (id, host, pid, version, started_at, seen_at, reads, carries)
                   select gen_random_uuid(), 'carrier', 1, '99.0.0', clock_timestamp(), clock_timestamp(),
                          '{}', '{brew_coffee}'";
    ring.does(carried).await;
    new.tick(&newer).await;
    for _ in 0..25 {
        old.tick(&older).await;
        old.decide_all().await;
        ring.clock.advance(Duration::minutes(1));
    }
    assert_eq!(ring.number(parked).await, 0, "a process that runs reads it");

    // As after a rollback.
    new.store.leave(newer.id).await.expect("it answers");
    ring.does("delete from processes where host = 'carrier'")
        .await;
    for _ in 0..10 {
        old.tick(&older).await;
        old.decide_all().await;
        assert_eq!(ring.number(parked).await, 0);
        assert_eq!(ring.decided(None), [""; 0]);
        ring.clock.advance(Duration::minutes(1));
    }
    old.tick(&older).await;
    old.decide_all().await;
    old.engine.delivery_step().await.expect("it answers");
    assert_eq!(ring.decided(None), ["behind"]);
    let pinned = "select count(*) from outbox where kind = 'pin' and state = 'done'";
    assert_eq!(ring.number(pinned).await, 1);
    let now = ring.clock.now();
    let gauges = old.store.gauges(now).await.expect("it answers");
    assert_eq!((gauges.inbox.parked, gauges.outbox.parked), (1, 1));
    assert_eq!(ring.number(NOTICES).await, 2);
    let row = old.store.inbox_row(head).await.expect("it answers");
    let row = row.expect("it is there");
    assert_eq!(row.error.as_deref(), Some("unreadable_kind"));

    // The newer version is deployed again.
    let replayed = new.store.replay(head, Operator::Cli, now).await;
    assert!(replayed.expect("it answers"));
    new.decide_all().await;
    assert_eq!(ring.decided(None), ["behind", "head"]);
    ring.end(&[old, new]).await;
}
