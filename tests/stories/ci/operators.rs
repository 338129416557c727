//! What a channel could not be told about CI reaches the operators.

use super::*;

#[tokio::test]
async fn a_channel_that_refuses_the_message_is_reported_and_a_retry_shows_the_present_state() {
    let mut world = World::with_config(WATCHED, &[]).await;
    let code = "restricted_action".to_owned();
    let closed = FaultRule::once("chat.postMessage", Fault::Code { code });
    let closed = world.slack.fault(closed.in_channel("C0BUILDS").always());
    comes(&mut world, &completed(1, "failure")).await;
    let [parked] = world.effects("parked").await.try_into().expect("one");
    let retry = format!("wardroom outbox retry {}", parked.id);
    let notice = world.expect_message("ops", &retry);
    for said in ["acme/api", "restricted_action"] {
        assert!(notice.words.contains(said), "{}", notice.words);
    }
    // Nothing more is told of it until it is retried.
    comes(&mut world, &completed(2, "failure")).await;
    world.pass(EDIT).await;
    world.slack.lift_fault(closed);
    let now = world.clock.now();
    let id = wardroom::domain::ids::EffectId(parked.id);
    let by = wardroom::store::Operator::Cli;
    let retried = world.store.retry_effect(id, by, now).await;
    assert!(retried.expect("the database answers"));
    world.settle().await;
    only_one(&world, &["🔴", "Run #2", "2 failed runs"]);
    comes(&mut world, &completed(3, "success")).await;
    only_one(&world, &["✅"]);
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn many_failures_that_a_channel_refuses_are_one_message_to_the_operators() {
    let mut world = World::with_config(WATCHED, &[]).await;
    let code = "is_archived".to_owned();
    let closed = FaultRule::once("chat.postMessage", Fault::Code { code });
    world.slack.fault(closed.in_channel("C0BUILDS").always());
    for number in 1..=5 {
        let mut failed = completed(number, "failure");
        failed["workflow_run"]["workflow_id"] = json!(number);
        comes(&mut world, &failed).await;
    }
    world.pass(Duration::seconds(15)).await;
    let bot = world.slack.bot_user();
    let ops = world.channel("ops");
    let posts: Vec<_> = ops.posts().filter(|post| post.user == bot).collect();
    assert_eq!(posts.len(), 1, "{posts:#?}");
    let notice = world.expect_message("ops", "wardroom outbox retry --all");
    assert!(notice.words.contains('5'), "{}", notice.words);
    world.skip_messages();
    world.finish_after_faults().await;
}
