//! Decisions about runs share transactions.

use super::{WATCHED, completed, delivers};
use crate::world::World;

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
