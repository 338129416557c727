//! Decisions about runs share transactions, and edits of one message are one.

use super::{WATCHED, comes, completed, delivers, only_one};
use crate::world::World;
use simulator::{Fault, FaultRule};

#[tokio::test]
async fn decisions_that_lock_share_transactions_when_their_subjects_differ() {
    let mut world = World::with_config(WATCHED, &[]).await;
    for number in 1..=15 {
        delivers(
            &world,
            &format!("d-{number}"),
            &completed(number, "success"),
        )
        .await;
    }
    world.settle().await;
    let runs = "select count(*)::text, count(distinct xmin::text)::text from ci_runs";
    // 1, 2, 4 and 8 in a transaction.
    assert_eq!(world.query(runs).await, [["15", "4"]]);
    world.finish().await;
}

#[tokio::test]
async fn an_edit_that_waits_for_more_goes_out_at_once_with_one_that_does_not() {
    let mut world = World::with_config(WATCHED, &[]).await;
    for number in [1, 2] {
        comes(&mut world, &completed(number, "failure")).await;
    }
    assert_eq!(world.slack.calls("chat.update"), 0, "it waits for more");
    comes(&mut world, &completed(3, "success")).await;
    only_one(&world, &["✅", "is green again", "2 failed runs"]);
    assert_eq!(world.slack.calls("chat.update"), 1);
    world.pass(super::EDIT).await;
    assert_eq!(world.slack.calls("chat.update"), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn an_edit_that_failed_is_not_hurried() {
    let mut world = World::with_config(WATCHED, &[]).await;
    comes(&mut world, &completed(1, "failure")).await;
    let broken = Fault::Status { status: 500 };
    world.slack.fault(FaultRule::once("chat.update", broken));
    comes(&mut world, &completed(2, "failure")).await;
    world.pass(super::EDIT).await;
    assert_eq!(world.slack.calls("chat.update"), 1);
    comes(&mut world, &completed(3, "success")).await;
    assert_eq!(world.slack.calls("chat.update"), 1);
    world.pass(chrono::Duration::seconds(61)).await;
    only_one(&world, &["✅", "is green again"]);
    world.skip_messages();
    world.finish().await;
}
