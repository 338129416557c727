//! Rows that cannot be read or decided: tried, parked, shown, counted, told, and blocking no other row.

use super::Ring;
use crate::world::World;
use chrono::Duration;
use std::sync::atomic::Ordering;
use wardroom::domain::ids::{EffectId, SignalId};
use wardroom::store::{Arrival, Operator};

#[tokio::test]
async fn a_poison_row_is_tried_then_parked_and_holds_up_its_own_subject_only_until_then() {
    let ring = Ring::new().await;
    let replica = ring.replica();
    for (key, subject) in [
        ("poison", "s"),
        ("behind", "s"),
        ("other", "t"),
        ("panic", "u"),
    ] {
        let appended = replica.store.append(ring.arrival(key, subject)).await;
        appended.expect("durable");
    }
    replica.decide_all().await;
    assert_eq!(ring.decided(None), ["other"]);
    for _ in 0..63 {
        ring.clock.advance(Duration::seconds(1));
        replica.decide_all().await;
    }
    assert_eq!(ring.decided(None), ["other", "behind"]);
    let parked = replica.store.inbox_rows(Some("parked"), 10, None).await;
    let parked = parked.expect("it answers").items;
    let shown: Vec<(&str, i32, Option<&str>)> = parked
        .iter()
        .map(|row| (row.subject.as_str(), row.attempts, row.error.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            ("u", 6, Some("panicked")),
            ("s", 6, Some("unreadable: poison"))
        ]
    );
    let now = ring.clock.now();
    let gauges = replica.store.gauges(now).await.expect("it answers");
    assert_eq!((gauges.inbox.parked, gauges.inbox.length), (2, 0));

    // The decoder is fixed, and the row decided again.
    ring.mended.store(true, Ordering::SeqCst);
    let replayed = replica
        .store
        .replay(SignalId(parked[1].id), Operator::Cli, now)
        .await;
    assert!(replayed.expect("it answers"));
    replica.decide_all().await;
    assert_eq!(ring.decided(Some("s")), ["behind", "poison"]);
    ring.end(&[replica]).await;
}

#[tokio::test]
async fn what_nobody_here_can_read_is_told_to_an_admin_with_the_command_that_replays_it() {
    let mut world = World::new().await;
    let arrival = Arrival {
        source: "slack",
        kind: "command".to_owned(),
        dedup_key: "odd".to_owned(),
        subject: "channel:C0OPS".to_owned(),
        headers: serde_json::json!({}),
        body: "%%% not what a command looks like".into(),
        traceparent: None,
        at: world.clock.now(),
    };
    let id = world.store.append(arrival).await.expect("durable").id();
    world.pass_in_steps(Duration::seconds(5), 20).await;
    let told = world.expect_message("@ada", &format!("wardroom inbox replay {id}"));
    assert!(!told.words.contains("%%%"), "{}", told.words);
    let row = world.store.inbox_row(id).await.expect("it answers");
    assert_eq!(row.expect("it is there").state, "parked");
    assert_eq!(world.error_lines().len(), 1, "{:?}", world.error_lines());
    world.finish_after_faults().await;
}

#[tokio::test]
async fn an_effect_that_this_version_cannot_read_is_parked_alone_and_told() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    for words in ["the first", "the second"] {
        let response = world
            .person("bea")
            .command(
                &world.channel_id(&channel),
                "/incident",
                &format!("status {words}"),
            )
            .await;
        assert!(response.is_ok());
    }
    while world.app.engine.intake_step().await.expect("it answers") {}
    let open = world.effects("open").await;
    let first = open.iter().rfind(|row| row.kind == "post_message");
    let first = first.expect("it waits").id;
    let keep = format!("create table kept as select effect from outbox where id = '{first}'");
    world.sql(&keep).await;
    let change = format!(
        r#"update outbox set effect = '{{"slack": {{"kind": "of_a_later_version"}}}}' where id = '{first}'"#
    );
    assert_eq!(world.sql(&change).await, 1);
    world.settle().await;
    let waits = world
        .store
        .outbox_row(EffectId(first))
        .await
        .expect("it answers");
    let waits = waits.expect("it is there");
    assert_eq!(
        (waits.state.as_str(), waits.error.as_deref()),
        ("open", Some("unreadable")),
        "in a rolling update another process may read it"
    );
    assert_eq!(
        world.new_messages_in(&channel, "the second"),
        0,
        "in its turn"
    );
    world.pass_in_steps(Duration::seconds(20), 29).await;
    let row = world.store.outbox_row(EffectId(first)).await;
    let row = row.expect("it answers").expect("it is there");
    assert_eq!((row.state.as_str(), row.attempts), ("open", 0));
    world.pass_in_steps(Duration::seconds(20), 2).await;
    assert_eq!(world.new_messages_in(&channel, "the second"), 1);
    let [parked] = world.effects("parked").await.try_into().expect("one");
    assert_eq!(
        (parked.id, parked.error.as_deref()),
        (first, Some("unreadable"))
    );
    world.expect_message("@ada", &format!("wardroom outbox retry {first}"));

    // A version that can read it is deployed.
    let back = format!("update outbox set effect = (select effect from kept) where id = '{first}'");
    world.sql(&back).await;
    let now = world.clock.now();
    let retried = world
        .store
        .retry_effect(EffectId(first), Operator::Cli, now)
        .await;
    assert!(retried.expect("it answers"));
    world.settle().await;
    assert_eq!(world.new_messages_in(&channel, "the first"), 1);
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn an_effect_whose_facts_cannot_be_read_is_tried_with_pauses_and_then_put_aside() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let place = world.channel_id(&channel);
    let bea = world.person("bea");
    let said = bea.command(&place, "/incident", "investigating");
    assert!(said.await.is_ok());
    while world.app.engine.intake_step().await.expect("it answers") {}
    // No version of ours writes such a row.
    assert_eq!(world.sql("update incidents set scribe = ''").await, 1);
    world.settle().await;
    let open = world.effects("open").await;
    let card = open.iter().find(|row| row.kind == "update_message");
    let card = card.expect("it waits").clone();
    assert_eq!(
        (card.attempts, card.error.as_deref()),
        (1, Some("unreadable"))
    );
    assert!(card.run_at > world.clock.now(), "not again at once");
    world.pass_in_steps(Duration::minutes(6), 12).await;
    let parked = world.effects("parked").await;
    assert_eq!(parked.len(), 1);
    assert_eq!((parked[0].id, parked[0].attempts), (card.id, 12));

    assert_eq!(world.sql("update incidents set scribe = null").await, 1);
    let now = world.clock.now();
    let again = world
        .store
        .retry_effect(EffectId(card.id), Operator::Cli, now)
        .await;
    assert!(again.expect("it answers"));
    world.settle().await;
    let row = world.store.outbox_row(EffectId(card.id)).await;
    assert_eq!(row.expect("it answers").expect("it is there").state, "done");
    world.skip_messages();
    world.finish_after_faults().await;
}
