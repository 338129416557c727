//! Bodies and effects at rest under `ENCRYPTION_KEY`.

use super::Ring;
use crate::world::World;
use chrono::Duration;
use wardroom::domain::ids::{EffectId, SignalId};
use wardroom::store::Operator;

const WORDS: &str = "select count(*) from inbox where position('secret'::bytea in body) > 0";

#[tokio::test]
async fn a_sealed_body_is_readable_with_its_key_only_and_another_ones_row_blocks_nobody() {
    let ring = Ring::new().await;
    let ours = ring.replica_with(Some([7; 32]));
    let plain = ring.replica();
    let theirs = ring.replica_with(Some([8; 32]));
    for (key, subject) in [("secret-1", "s"), ("secret-2", "s")] {
        ours.store
            .append(ring.arrival(key, subject))
            .await
            .expect("durable");
    }
    assert_eq!(ring.number(WORDS).await, 0, "the words are not in the row");
    ours.decide_all().await;
    assert_eq!(ring.decided(None), ["secret-1", "secret-2"]);

    theirs
        .store
        .append(ring.arrival("secret-3", "s"))
        .await
        .expect("durable");
    plain
        .store
        .append(ring.arrival("secret-4", "t"))
        .await
        .expect("durable");
    assert_eq!(
        ring.number(WORDS).await,
        1,
        "without a key it is as it came"
    );
    for _ in 0..64 {
        ours.decide_all().await;
        ring.clock.advance(Duration::seconds(1));
    }
    assert_eq!(
        ring.decided(None),
        ["secret-1", "secret-2", "secret-4"],
        "a row from before the key is read; another key's is not, and blocks no other row"
    );
    let parked = ours.store.inbox_rows(Some("parked"), 10, None).await;
    let [parked] = parked.expect("it answers").items.try_into().expect("one");
    let error = parked.error.expect("it says why");
    assert!(error.contains("encrypted with another key"), "{error}");

    let now = ring.clock.now();
    let id = SignalId(parked.id);
    assert!(
        theirs
            .store
            .replay(id, Operator::Cli, now)
            .await
            .expect("it answers")
    );
    theirs.decide_all().await;
    assert_eq!(
        ring.decided(None).last().map(String::as_str),
        Some("secret-3")
    );
    ring.end(&[ours, plain, theirs]).await;
}

#[tokio::test]
async fn what_goes_out_is_sealed_too_and_arrives_as_it_was_said() {
    let key = "ab".repeat(32);
    let mut world = World::with(&[("ENCRYPTION_KEY", &key)]).await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let (bea, place) = (world.person("bea"), world.channel_id(&channel));
    let said = bea.command(&place, "/incident", "status the passphrase");
    assert!(said.await.is_ok());
    world.settle().await;
    assert_eq!(world.new_messages_in(&channel, "the passphrase"), 1);
    for (table, column) in [
        ("outbox", "effect::text"),
        ("outbox", "origin::text"),
        ("inbox", "encode(body, 'escape')"),
    ] {
        let rows = format!("delete from {table} where {column} ~* 'passphrase|response_url'");
        assert_eq!(world.sql(&rows).await, 0, "readable in {table}");
    }

    // What was encrypted with another key is parked, reported, and can be given up.
    let said = bea.command(&place, "/incident", "status foreign");
    assert!(said.await.is_ok());
    while world.app.engine.intake_step().await.expect("it answers") {}
    let open = world.effects("open").await;
    let foreign = open.iter().find(|row| row.kind == "post_message");
    let foreign = foreign.expect("it waits").id;
    let other = format!("update outbox set effect = '\"c2VhbGVk\"' where id = '{foreign}'");
    assert_eq!(world.sql(&other).await, 1);
    world.settle().await;
    world.pass_in_steps(Duration::seconds(20), 31).await;
    world.settle().await;
    world.expect_message("@ada", &format!("wardroom outbox retry {foreign}"));
    let now = world.clock.now();
    let dropped = world
        .store
        .drop_effect(EffectId(foreign), "its key is lost", Operator::Cli, now);
    assert!(dropped.await.expect("it answers"));
    world.skip_messages();
    world.finish_after_faults().await;
}
