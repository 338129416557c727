//! Slack says 429: who waits, who does not, and that nothing is lost, doubled or reordered.

use super::{rows, said};
use crate::world::World;
use chrono::Duration;
use simulator::{Fault, FaultRule, Limits};

fn seconds(seconds: i64) -> Duration {
    Duration::seconds(seconds)
}

/// The next call of a method about a channel, or about any, is told to come back.
fn limited(method: &str, channel: Option<&str>, retry_after: u64) -> FaultRule {
    let rule = FaultRule::once(method, Fault::RateLimited { retry_after });
    match channel {
        Some(channel) => rule.in_channel(channel),
        None => rule,
    }
}

/// Channels of so many incidents that no channel is told of.
async fn channels(world: &mut World, how_many: usize) -> Vec<String> {
    let mut channels = Vec::new();
    for at in 1..=how_many {
        channels.push(world.declared("bea", &format!("P3 db Trouble {at}")).await);
    }
    channels
}

#[tokio::test]
async fn a_limited_channel_waits_as_long_as_slack_says_and_no_other_channel_is_held_up() {
    let mut world = World::new().await;
    let channels = channels(&mut world, 2).await;
    let (slow, free) = (channels[0].as_str(), channels[1].as_str());
    let id = world.channel_id(slow);
    world
        .slack
        .fault(limited("chat.postMessage", Some(&id), 30));
    for words in ["the first", "the second", "the third"] {
        world.types("bea", slow, &format!("status {words}")).await;
    }
    world.types("bea", free, "status in another channel").await;
    assert_eq!(
        world.new_messages_in(free, "in another channel"),
        1,
        "it does not wait"
    );

    let asked = world.slack.calls("chat.postMessage");
    world.pass_in_steps(seconds(1), 29).await;
    assert_eq!(
        world.slack.calls("chat.postMessage"),
        asked,
        "no request is made while Slack says wait"
    );
    assert_eq!(world.new_messages_in(slow, "the "), 0);
    world.pass_in_steps(seconds(1), 2).await;
    let words = ["the first", "the second", "the third"];
    assert_eq!(said(&world, slow, &words), words);
    for row in rows(&world, "post_message").await {
        assert_eq!((row.state.as_str(), row.attempts), ("done", 1), "{row:?}");
    }
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_second_limited_channel_means_that_the_method_is_limited() {
    let mut world = World::new().await;
    let channels = channels(&mut world, 3).await;
    for channel in &channels[..2] {
        let id = world.channel_id(channel);
        world
            .slack
            .fault(limited("chat.postMessage", Some(&id), 20));
        world.types("bea", channel, "status one").await;
    }
    let asked = world.slack.calls("chat.postMessage");
    world.types("bea", &channels[2], "status one").await;
    world.pass_in_steps(seconds(1), 19).await;
    assert_eq!(
        world.slack.calls("chat.postMessage"),
        asked,
        "the third channel waits too"
    );
    world.pass_in_steps(seconds(1), 2).await;
    for channel in &channels {
        assert_eq!(world.new_messages_in(channel, "one"), 1, "{channel}");
    }
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn another_limited_method_waits_in_all_lanes_and_the_other_methods_go_on() {
    let mut world = World::new().await;
    world.slack.fault(limited("pins.add", None, 30));
    let first = world.declared("bea", "P3 db Trouble 1").await;
    let second = world.declared("bea", "P3 db Trouble 2").await;
    assert_eq!(world.slack.calls("pins.add"), 1, "the second does not ask");
    world.types("bea", "general", "list").await;
    assert!(world.channel(&second).pins.is_empty());
    world.pass_in_steps(seconds(1), 31).await;
    for channel in [&first, &second] {
        assert_eq!(world.channel(channel).pins.len(), 1, "{channel}");
    }
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_pause_holds_after_a_restart_and_on_every_replica() {
    let mut world = World::new().await;
    let channel = channels(&mut world, 1).await.remove(0);
    let id = world.channel_id(&channel);
    world
        .slack
        .fault(limited("chat.postMessage", Some(&id), 60));
    world.types("bea", &channel, "status before").await;
    let asked = world.slack.calls("chat.postMessage");

    world.restart().await;
    world.types("bea", &channel, "status after").await;
    let (replica, _address) = world.replica().await;
    for _ in 0..5 {
        world.pass(seconds(10)).await;
        replica.engine.delivery_step().await.expect("it answers");
    }
    assert_eq!(
        world.slack.calls("chat.postMessage"),
        asked,
        "neither of them asks"
    );
    world.clock.advance(seconds(11));
    while replica.engine.delivery_step().await.expect("it answers") > 0 {}
    world.pass_in_steps(seconds(1), 5).await;
    let words = ["before", "after"];
    assert_eq!(said(&world, &channel, &words), words);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_channel_that_is_limited_again_and_again_keeps_its_order_and_doubles_nothing() {
    let mut world = World::new().await;
    let channel = channels(&mut world, 1).await.remove(0);
    let id = world.channel_id(&channel);
    world
        .slack
        .fault(limited("chat.postMessage", Some(&id), 3).always().every(2));
    let words: Vec<String> = (0..8).map(|at| format!("line-{at}.")).collect();
    for words in &words {
        world
            .types("bea", &channel, &format!("status {words}"))
            .await;
    }
    world.pass_in_steps(seconds(1), 60).await;
    let wanted: Vec<&str> = words.iter().map(String::as_str).collect();
    assert_eq!(said(&world, &channel, &wanted), wanted);
    world.slack.lift_faults();
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_limit_met_more_often_than_there_are_attempts_parks_nothing() {
    let mut world = World::new().await;
    let channel = channels(&mut world, 1).await.remove(0);
    let id = world.channel_id(&channel);
    world
        .slack
        .fault(limited("chat.postMessage", Some(&id), 1).times(40));
    world.types("bea", &channel, "status patience").await;
    world.pass_in_steps(seconds(1), 50).await;
    assert_eq!(world.new_messages_in(&channel, "patience"), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_burst_against_slacks_own_limits_arrives_whole_once_and_in_order() {
    let mut world = World::new().await;
    let channels = channels(&mut world, 2).await;
    world.slack.set_limits(Limits::Slack);
    let words: Vec<String> = (0..12).map(|at| format!("line-{at}.")).collect();
    for words in &words {
        for channel in &channels {
            world
                .types("bea", channel, &format!("status {words}"))
                .await;
        }
    }
    world.pass_in_steps(seconds(1), 90).await;
    let wanted: Vec<&str> = words.iter().map(String::as_str).collect();
    for channel in &channels {
        assert_eq!(said(&world, channel, &wanted), wanted, "{channel}");
    }
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_lost_answer_in_a_limited_channel_is_looked_for_after_the_pause_and_not_said_again() {
    let mut world = World::new().await;
    let channel = channels(&mut world, 1).await.remove(0);
    let id = world.channel_id(&channel);
    let lost = FaultRule::once("chat.postMessage", Fault::LoseAnswer).in_channel(&id);
    world.slack.fault(lost);
    world
        .slack
        .fault(limited("conversations.history", Some(&id), 20));
    world.types("bea", &channel, "status only once").await;
    world.pass_in_steps(seconds(1), 40).await;
    assert_eq!(world.new_messages_in(&channel, "only once"), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_limited_look_holds_back_the_looks_of_all_channels() {
    let mut world = World::new().await;
    let channels = channels(&mut world, 2).await;
    world
        .slack
        .fault(limited("conversations.history", None, 20));
    for channel in &channels {
        let id = world.channel_id(channel);
        let lost = FaultRule::once("chat.postMessage", Fault::LoseAnswer).in_channel(&id);
        world.slack.fault(lost);
        world.types("bea", channel, "status only once").await;
        world.pass(seconds(3)).await;
    }
    assert_eq!(world.slack.calls("conversations.history"), 1);
    world.pass_in_steps(seconds(1), 40).await;
    for channel in &channels {
        assert_eq!(world.new_messages_in(channel, "only once"), 1, "{channel}");
    }
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_long_message_that_is_limited_half_way_goes_on_where_it_stopped() {
    let mut world = World::new().await;
    let late = Fault::RateLimited { retry_after: 50 };
    world
        .slack
        .fault(FaultRule::once("conversations.create", late));
    world
        .types("bea", "general", "declare P3 db Slow queries")
        .await;
    for at in 0..10 {
        let text = format!("#1 status line-{at}. {}", "so it is ".repeat(250));
        world.types("bea", "general", &text).await;
    }
    // The card, the first page, and then: come back.
    let limited = limited("chat.postMessage", None, 30).every(3);
    let limited = world.slack.fault(limited);
    world.pass_in_steps(seconds(1), 55).await;
    assert_eq!(world.slack.fault_hits(limited), 1);
    let channel = world.newest().await.channel_name;
    assert_eq!(world.new_messages_in(&channel, "line-0."), 1);
    assert_eq!(world.new_messages_in(&channel, "line-9."), 0);
    let asked = world.slack.calls("chat.postMessage");
    world.pass_in_steps(seconds(1), 20).await;
    assert_eq!(world.slack.calls("chat.postMessage"), asked, "it waits");

    world.pass_in_steps(seconds(1), 20).await;
    for at in 0..10 {
        let line = format!("line-{at}.");
        assert_eq!(world.new_messages_in(&channel, &line), 1, "{line}");
    }
    for row in rows(&world, "post_message").await {
        assert_eq!((row.state.as_str(), row.attempts), ("done", 1), "{row:?}");
    }
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn half_a_message_that_waits_for_minutes_is_completed_and_not_begun_again() {
    let mut world = World::new().await;
    let late = Fault::RateLimited { retry_after: 50 };
    world
        .slack
        .fault(FaultRule::once("conversations.create", late));
    world
        .types("bea", "general", "declare P3 db Slow queries")
        .await;
    for at in 0..10 {
        let text = format!("#1 status line-{at}. {}", "so it is ".repeat(250));
        world.types("bea", "general", &text).await;
    }
    // The card, the first page, and then: come back in ten minutes.
    let limited = limited("chat.postMessage", None, 600).every(3);
    let limited = world.slack.fault(limited);
    world.pass_in_steps(seconds(1), 55).await;
    assert_eq!(world.slack.fault_hits(limited), 1);
    world.pass_in_steps(seconds(60), 9).await;
    world.pass_in_steps(seconds(1), 90).await;
    let channel = world.newest().await.channel_name;
    for at in 0..10 {
        let line = format!("line-{at}.");
        assert_eq!(world.new_messages_in(&channel, &line), 1, "{line}");
    }
    world.skip_messages();
    world.finish().await;
}
