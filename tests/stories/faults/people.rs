//! What people and admins do to channels and tokens while the bot works, and Slack being away: the
//! person is told by another way, nothing is lost, and it comes back.

use super::{a_while, said};
use crate::world::World;
use chrono::Duration;
use simulator::{Fault, FaultRule};
use wardroom::domain::ids::EffectId;
use wardroom::store::Operator;

async fn incident(world: &mut World) -> String {
    world.declared("bea", "P3 db Slow queries").await
}

#[tokio::test]
async fn a_channel_archived_by_hand_is_told_of_once_and_the_incident_goes_on_in_it_afterwards() {
    let mut world = World::new().await;
    let channel = incident(&mut world).await;
    // Slack's events are late: the first refusal tells.
    world.slack.configure_app(|app| app.events.clear());
    world.person("ada").archive(&channel).expect("she may");
    world
        .types("bea", "general", "#1 status still looking")
        .await;
    world.clock.advance(Duration::seconds(1));
    world.types("bea", "general", "#1 status found it").await;
    a_while(&mut world).await;
    world.expect_message("@bea", "so nothing can be posted in it");
    world.expect_ephemeral("bea", "Update posted on #1: <#");
    world.expect_ephemeral("bea", "Its channel is closed: the timeline has it");
    world.expect_no_message();
    let incident = world.newest().await;
    let lines = world.timeline(&incident).await;
    for words in ["still looking", "found it"] {
        assert!(
            lines.iter().any(|line| line.text.contains(words)),
            "the timeline keeps {words}"
        );
    }
    let parked = world.effects("parked").await;
    assert!(
        parked
            .iter()
            .all(|row| row.error.as_deref() == Some("is_archived")),
        "{parked:#?}"
    );

    world.person("ada").unarchive(&channel).expect("she may");
    let now = world.clock.now();
    for row in parked.iter().rev() {
        let retried = world
            .store
            .retry_effect(EffectId(row.id), Operator::Cli, now)
            .await;
        assert!(retried.expect("it answers"));
    }
    a_while(&mut world).await;
    let words = ["still looking", "found it"];
    assert_eq!(said(&world, &channel, &words), words);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn put_out_of_its_own_channel_the_bot_says_so_and_goes_on_once_it_is_back() {
    let mut world = World::new().await;
    let channel = incident(&mut world).await;
    let bot = world.slack.bot_user();
    world.slack.set_scopes(
        "xoxb-sim-bot-token",
        &[
            "chat:write",
            "commands",
            "im:write",
            "im:history",
            "channels:history",
        ],
    );
    world.person("ada").kick(&channel, &bot).expect("she may");
    world.types("bea", &channel, "status rolling back").await;
    a_while(&mut world).await;
    let parked = world.effects("parked").await;
    let post = parked.iter().find(|row| row.kind == "post_message");
    let post = post.expect("what could not be said is parked");
    assert_eq!(post.error.as_deref(), Some("not_in_channel"));
    world.expect_ephemeral("bea", &format!("wardroom outbox retry {}", post.id));

    world.person("ada").invite(&channel, &bot).expect("she may");
    let now = world.clock.now();
    for row in parked.iter().rev() {
        let retried = world
            .store
            .retry_effect(EffectId(row.id), Operator::Cli, now)
            .await;
        assert!(retried.expect("it answers"));
    }
    a_while(&mut world).await;
    assert_eq!(world.new_messages_in(&channel, "rolling back"), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn put_out_of_a_public_channel_the_bot_still_announces_there() {
    let mut world = World::new().await;
    let bot = world.slack.bot_user();
    world.person("ada").invite("ops", &bot).expect("she may");
    world.person("ada").kick("ops", &bot).expect("she may");
    world
        .types("bea", "general", "declare P1 db Everything is down")
        .await;
    world.expect_message("ops", "Everything is down");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn an_announcement_into_a_private_channel_without_the_bot_is_told_of_and_stops_no_other() {
    let mut world = World::with(&[("P1_CHANNELS", "C0SECRET,C0OPS")]).await;
    let private = simulator::ChannelType::Private;
    let id = Some("C0SECRET");
    world.slack.add_channel(id, "secret", private, &["U0ADA"]);
    world
        .types("bea", "general", "declare P1 db Everything is down")
        .await;
    world.expect_message("ops", "Everything is down");
    world.expect_message("@dan", "Everything is down");
    let [parked] = world.effects("parked").await.try_into().expect("one");
    assert_eq!(parked.kind, "post_message");

    let bot = world.slack.bot_user();
    world.person("ada").invite("secret", &bot).expect("she may");
    let now = world.clock.now();
    let retried = world
        .store
        .retry_effect(EffectId(parked.id), Operator::Cli, now)
        .await;
    assert!(retried.expect("it answers"));
    world.settle().await;
    world.expect_message("secret", "Everything is down");
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn an_answer_finds_its_person_by_the_next_way_when_one_is_closed() {
    for code in ["expired_url", "used_url"] {
        let code = || code.to_owned();
        // The bot is in the channel: an ephemeral message there.
        let mut world = World::new().await;
        let channel = incident(&mut world).await;
        world.slack.fault(FaultRule::once(
            "response_url",
            Fault::Code { code: code() },
        ));
        world.types("bea", &channel, "list").await;
        let ephemeral = world.expect_ephemeral("bea", "Slow queries");
        assert_eq!(ephemeral.channel, world.channel_id(&channel));
        assert_eq!(world.slack.calls("chat.postEphemeral"), 1);
        world.finish().await;

        // It is not: a direct message.
        let mut world = World::new().await;
        world.slack.fault(FaultRule::once(
            "response_url",
            Fault::Code { code: code() },
        ));
        world.types("bea", "general", "help").await;
        world.expect_message("@bea", "/incident declare");
        world.finish().await;
    }
}

#[tokio::test]
async fn a_whisper_to_somebody_who_left_the_channel_becomes_a_direct_message() {
    let mut world = World::new().await;
    let channel = incident(&mut world).await;
    for (method, code) in [
        ("response_url", "expired_url"),
        ("chat.postEphemeral", "user_not_in_channel"),
    ] {
        let code = code.to_owned();
        world
            .slack
            .fault(FaultRule::once(method, Fault::Code { code }));
    }
    world.types("bea", &channel, "list").await;
    world.expect_message("@bea", "Slow queries");
    world.finish().await;
}

#[tokio::test]
async fn an_answer_whose_address_keeps_failing_is_whispered_within_seconds_and_nothing_is_parked() {
    let mut world = World::new().await;
    let channel = incident(&mut world).await;
    let code = "account_inactive".to_owned();
    let rule = FaultRule::once("response_url", Fault::Code { code });
    world.slack.fault(rule.always());
    world.types("bea", &channel, "list").await;
    world.expect_no_message();
    world.pass_in_steps(Duration::seconds(1), 6).await;
    world.expect_ephemeral("bea", "Slow queries");
    world.finish().await;
}

#[tokio::test]
async fn an_answer_that_comes_after_half_an_hour_comes_by_another_way() {
    let mut world = World::new().await;
    let away = world.slack.fault(FaultRule::once(
        "conversations.create",
        Fault::RateLimited { retry_after: 1900 },
    ));
    let code = "restricted_action".to_owned();
    let no = FaultRule::once("conversations.create", Fault::Code { code });
    world.slack.fault(no);
    world
        .types("bea", "general", "declare P3 db Slow queries")
        .await;
    world.pass_in_steps(Duration::seconds(100), 20).await;
    assert_eq!(world.slack.fault_hits(away), 1);
    world.expect_message("@bea", "Slack didn't create the channel of incident #1");
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn a_permission_that_died_becomes_words() {
    for code in ["expired_trigger_id", "trigger_exchanged"] {
        let mut world = World::new().await;
        let code = code.to_owned();
        world
            .slack
            .fault(FaultRule::once("views.open", Fault::Code { code }));
        world.types("bea", "general", "declare").await;
        world.expect_ephemeral("bea", "/incident declare");
        assert!(world.person("bea").modal().is_none());
        world.finish().await;
    }
    // Slack is limited for longer than the permission lives: no request is made.
    let mut world = World::new().await;
    let limited = Fault::RateLimited { retry_after: 5 };
    world.slack.fault(FaultRule::once("views.open", limited));
    world.types("bea", "general", "declare").await;
    world.expect_ephemeral("bea", "/incident declare");
    world.pass(Duration::seconds(10)).await;
    assert_eq!(world.slack.calls("views.open"), 1);
    world.finish().await;
}

#[tokio::test]
async fn with_a_revoked_token_everything_waits_then_parks_in_sight_and_comes_back_once() {
    let mut world = World::new().await;
    let channel = incident(&mut world).await;
    let code = "token_revoked".to_owned();
    let revoked = world
        .slack
        .fault(FaultRule::once("*", Fault::Code { code }).always());
    world.types("bea", &channel, "status the first").await;
    world.types("bea", &channel, "status the second").await;
    world.pass_in_steps(Duration::seconds(20), 400).await;
    let parked = world.effects("parked").await;
    let kept = |kind: &str| parked.iter().filter(|row| row.kind == kind).count();
    assert_eq!(kept("post_message"), 2, "{parked:#?}");
    assert!(
        parked
            .iter()
            .all(|row| row.error.as_deref() == Some("token_revoked")),
        "{parked:#?}"
    );

    world.slack.lift_fault(revoked);
    let now = world.clock.now();
    for row in parked.iter().rev() {
        let retried = world
            .store
            .retry_effect(EffectId(row.id), Operator::Cli, now)
            .await;
        assert!(retried.expect("it answers"));
    }
    world.pass_in_steps(Duration::seconds(10), 20).await;
    let words = ["the first", "the second"];
    assert_eq!(said(&world, &channel, &words), words);
    assert!(world.effects("parked").await.is_empty());
    world.skip_messages();
    world.finish_after_faults().await;
}

/// The breaker of Slack, as the metrics show it.
fn breaker(world: &World) -> String {
    let text = world.app.metrics.render();
    let line = text
        .lines()
        .find(|line| line.contains("breaker") && line.contains("\"slack\""));
    let line = line.unwrap_or_else(|| panic!("no breaker in {text}"));
    line.rsplit(' ').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn slack_away_for_ten_minutes_loses_nothing_and_everything_comes_once_and_in_order() {
    let mut world = World::new().await;
    let channel = incident(&mut world).await;
    let away = FaultRule::once("*", Fault::Status { status: 503 }).always();
    let away = world.slack.fault(away);
    let words: Vec<String> = (0..6).map(|at| format!("line-{at}.")).collect();
    for words in &words {
        world
            .types("bea", &channel, &format!("status {words}"))
            .await;
        world.pass(Duration::seconds(10)).await;
    }
    world
        .types("cem", "general", "declare P1 api Checkout returns 500s")
        .await;
    world.pass_in_steps(Duration::seconds(5), 108).await;
    assert_eq!(breaker(&world), "1", "the breaker is open");
    assert_eq!(world.new_messages_in(&channel, ""), 0);
    let before = world.slack.requests().len();
    world.pass_in_steps(Duration::seconds(1), 50).await;
    let asked = world.slack.requests().len() - before;
    assert!(asked <= 20, "{asked} calls in 50 s at a dead Slack");

    world.slack.lift_fault(away);
    world.pass_in_steps(Duration::seconds(10), 60).await;
    assert_eq!(breaker(&world), "0");
    let wanted: Vec<&str> = words.iter().map(String::as_str).collect();
    assert_eq!(said(&world, &channel, &wanted), wanted);
    let second = world.newest().await;
    let stands = world.channel(&second.channel_name);
    assert_eq!(stands.pins.len(), 1);
    for place in ["ops", "@dan"] {
        assert_eq!(
            world.new_messages_in(place, "Checkout returns 500s"),
            1,
            "{place}"
        );
    }
    assert_eq!(channels_named(&world, "api"), 1);
    world.skip_messages();
    world.finish().await;
}

fn channels_named(world: &World, part: &str) -> usize {
    let channels = world.slack.snapshot().channels;
    channels
        .iter()
        .filter(|channel| channel.name.contains(part))
        .count()
}

#[tokio::test]
async fn the_status_page_away_holds_nobody_else_up_and_shows_the_last_state_in_the_end() {
    let mut world = World::new().await;
    let away = FaultRule::once("statuspage", Fault::Status { status: 503 }).always();
    let away = world.slack.fault(away);
    let channel = world.declared("bea", "P1 api Checkout returns 500s").await;
    world
        .types("bea", &channel, "resolved it was the cache")
        .await;
    world.expect_message(&channel, "it was the cache");
    world.pass_in_steps(Duration::seconds(5), 24).await;
    assert_eq!(world.slack.component_changes(), []);
    world.slack.lift_fault(away);
    world.pass_in_steps(Duration::seconds(20), 20).await;
    assert_eq!(
        world.slack.component_status("kx1").as_deref(),
        Some("operational")
    );
    world.skip_messages();
    world.finish().await;
}
