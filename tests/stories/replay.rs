//! A signal that an operator has decided again repeats nothing.

use crate::world::World;
use wardroom::domain::ids::SignalId;
use wardroom::store::Operator;

#[tokio::test]
async fn replaying_every_signal_of_an_incident_changes_nothing_that_anybody_sees() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P1 api Checkout returns 500s").await;
    world.types("bea", &channel, "status rolling back").await;
    world.types("bea", &channel, "assign scribe @cem").await;
    world
        .types("bea", &channel, "resolved the deploy was rolled back")
        .await;
    world.skip_messages();
    let before = world.newest().await;
    let lines = world.timeline(&before).await;

    let rows = world.store.inbox_rows(None, 200, None).await.unwrap().items;
    assert!(rows.len() > 10, "commands and receipts: {rows:#?}");
    let mut replayed = 0;
    for row in rows.iter().rev() {
        if world
            .store
            .replay(SignalId(row.id), Operator::Cli, world.clock.now())
            .await
            .unwrap()
        {
            replayed += 1;
        }
        world.settle().await;
        world.expect_no_message();
    }
    // What has changed the incident is refused: time has gone on since.
    let changes = rows.iter().filter(|row| row.kind == "command").count();
    assert_eq!((changes, replayed), (4, rows.len() - changes), "{rows:#?}");
    let after = world.newest().await;
    assert_eq!(after.number, 1, "no second incident");
    assert_eq!(after.status, before.status);
    assert_eq!(world.timeline(&after).await, lines);
    assert_eq!(world.channel(&channel).pins.len(), 1);
    world.finish().await;
}
