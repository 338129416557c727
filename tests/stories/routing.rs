//! Who is told of what outside of an incident's channel, and who is not.

use crate::world::World;
use chrono::Duration;
use simulator::{Fault, FaultRule};

const CHANNEL: &str = "inc-20260301-db";

/// What the record says of those who were told: target and status, in order.
async fn told(world: &World) -> Vec<(String, String)> {
    let rows = world.query("select target, status from notifications order by at, effect");
    let rows = rows.await;
    rows.into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect()
}

/// Hears what is said in the incident's channel and to the one who acts.
fn skip_the_rest(world: &mut World) {
    for place in [CHANNEL, "bea"] {
        world.skip_messages_in(place);
    }
}

#[tokio::test]
async fn a_declaration_goes_to_the_route_of_its_severity_and_to_nobody_else() {
    for (severity, channels) in [
        ("P1", &["ops", "@dan"][..]),
        ("P2", &["engineering"]),
        ("P3", &[]),
        ("P4", &[]),
    ] {
        let mut world = World::new().await;
        world
            .types(
                "bea",
                "general",
                &format!("declare {severity} db The disk is full"),
            )
            .await;
        for place in channels {
            let response =
                world.expect_message(place, &format!("{severity} incident #1: The disk is full"));
            // The warning is there once, in the channel.
            assert!(!response.words.contains("secrets"), "{}", response.words);
        }
        skip_the_rest(&mut world);
        world.expect_no_message();
        world.types("bea", CHANNEL, "status nothing new").await;
        world.types("bea", CHANNEL, "monitoring").await;
        skip_the_rest(&mut world);
        world.finish().await;
    }
}

#[tokio::test]
async fn a_rise_is_told_and_a_fall_is_not_and_the_end_is_heard_by_who_heard_the_beginning() {
    let mut world = World::new().await;
    world
        .types("bea", "general", "declare P1 db The disk is full")
        .await;
    world.expect_message("ops", "P1 incident #1");
    world.expect_message("@dan", "P1 incident #1");
    for fall in ["sev P2 half of it", "sev P3", "sev P4"] {
        world.types("bea", CHANNEL, fall).await;
        skip_the_rest(&mut world);
        world.expect_no_message();
    }
    world.types("bea", CHANNEL, "severity P3").await;
    skip_the_rest(&mut world);
    world.expect_no_message();
    world.types("bea", CHANNEL, "severity P2 it grows").await;
    let rise = world.expect_message("engineering", "P2 now, incident #1");
    assert!(
        rise.words.contains("Raised from P3: it grows"),
        "{}",
        rise.words
    );
    skip_the_rest(&mut world);
    world.expect_no_message();
    world.types("bea", CHANNEL, "sev P4").await;
    world
        .types("bea", CHANNEL, "resolved the disk is larger")
        .await;
    for place in ["ops", "@dan", "engineering"] {
        world.expect_message(place, "Resolved: #1");
    }
    skip_the_rest(&mut world);
    world.finish().await;
}

#[tokio::test]
async fn who_never_heard_of_an_incident_hears_nothing_of_its_end() {
    let mut world = World::new().await;
    world
        .types("bea", "general", "declare P2 db The disk is full")
        .await;
    world.expect_message("engineering", "P2 incident #1");
    world.types("bea", CHANNEL, "sev P3").await;
    world.types("bea", CHANNEL, "resolved").await;
    world.expect_message("engineering", "Resolved: #1");
    skip_the_rest(&mut world);
    world.finish().await;
}

/// Down to P3 and up to P1 again, in the incident's channel.
async fn falls_and_rises(world: &mut World) {
    world.types("bea", CHANNEL, "sev P3").await;
    world.types("bea", CHANNEL, "sev P1").await;
    world.expect_message("ops", "P1 now, incident #1");
    skip_the_rest(world);
}

#[tokio::test]
async fn a_person_is_written_to_once_in_five_minutes_also_after_a_restart_and_by_another_replica() {
    let mut world = World::new().await;
    world
        .types("bea", "general", "declare P1 db The disk is full")
        .await;
    world.expect_message("ops", "P1 incident #1");
    world.expect_message("@dan", "P1 incident #1");
    skip_the_rest(&mut world);

    world.pass(Duration::seconds(100)).await;
    falls_and_rises(&mut world).await;
    world.expect_no_message();
    world.restart().await;
    world.pass(Duration::seconds(100)).await;
    falls_and_rises(&mut world).await;
    world.expect_no_message();
    let (replica, url) = world.replica().await;
    world.slack.set_app_url(Some(&url));
    let first = std::mem::replace(&mut world.app, replica);
    world.pass(Duration::seconds(99)).await;
    falls_and_rises(&mut world).await;
    world.expect_no_message();

    // 300 s after the one that was sent, whatever was held back in between.
    world.pass(Duration::seconds(1)).await;
    falls_and_rises(&mut world).await;
    world.expect_message("@dan", "P1 now, incident #1");
    world.expect_no_message();
    world.app = first;
    // Rows of one moment come in no order.
    world.pass(Duration::seconds(1)).await;
    falls_and_rises(&mut world).await;
    world.expect_no_message();
    let dans: Vec<String> = told(&world)
        .await
        .into_iter()
        .filter(|(target, _)| target == "U0DAN")
        .map(|(_, status)| status)
        .collect();
    assert_eq!(
        dans,
        [
            "sent",
            "throttled",
            "throttled",
            "throttled",
            "sent",
            "throttled"
        ]
    );

    // The end is the message that lets people stop: never held back.
    world.types("bea", CHANNEL, "resolved").await;
    world.expect_message("ops", "Resolved: #1");
    world.expect_message("@dan", "Resolved: #1");
    skip_the_rest(&mut world);
    world.finish().await;
}

#[tokio::test]
async fn the_throttle_of_one_incident_holds_back_nothing_of_another() {
    let mut world = World::new().await;
    for number in 1..=3 {
        world
            .types("bea", "general", "declare P1 db The disk is full")
            .await;
        world.expect_message("ops", &format!("P1 incident #{number}: "));
        world.expect_message("@dan", &format!("P1 incident #{number}: "));
        world.expect_message(&world.newest().await.channel_name, "The disk is full");
    }
    world.skip_messages_in("bea");
    world.finish().await;
}

const MANY: &str = "
services: { db: { channels: [C0TEAM, C0ENG] } }
routing:
  P1: { channels: [C0NEVER, C0OPS, C0OLD, C0ENG], users: [U0NEVER, U0DAN, U0CEM] }
slack: { ops_channel: C0BUILDS }
";

#[tokio::test]
async fn one_target_that_cannot_be_told_keeps_it_from_nobody_else() {
    let mut world = World::with_config(MANY, &[]).await;
    let public = simulator::ChannelType::Public;
    for (id, name) in [("C0OLD", "old"), ("C0TEAM", "team")] {
        world.slack.add_channel(Some(id), name, public, &["U0ADA"]);
    }
    world.person("ada").archive("old").unwrap();
    world
        .types("bea", "general", "declare P1 db The disk is full")
        .await;
    for place in ["ops", "engineering", "team", "@dan", "@cem"] {
        world.expect_message(place, "P1 incident #1");
    }
    world.expect_message("builds", "invite <@U0NEVER> to the channel of incident #1");
    for (target, code) in [
        ("C0NEVER", "channel_not_found"),
        ("C0OLD", "is_archived"),
        ("U0NEVER", "user_not_found"),
    ] {
        let told = world.expect_message("builds", &format!("{target}>"));
        let retry = "wardroom outbox retry";
        assert!(
            told.words.contains(code) && told.words.contains(retry),
            "{}",
            told.words
        );
    }
    skip_the_rest(&mut world);
    let mut failed = told(&world).await;
    failed.retain(|(_, status)| status != "sent");
    failed.sort();
    let row = |target: &str| (target.to_owned(), "failed".to_owned());
    assert_eq!(failed, [row("C0NEVER"), row("C0OLD"), row("U0NEVER")]);

    // Who could not be told that it burns is not told that it is over.
    world.types("bea", CHANNEL, "resolved").await;
    for place in ["ops", "engineering", "team", "@dan", "@cem"] {
        world.expect_message(place, "Resolved: #1");
    }
    skip_the_rest(&mut world);
    world.finish_after_faults().await;
}

#[tokio::test]
async fn a_channel_that_slack_cannot_write_to_for_a_while_is_told_later_and_the_others_at_once() {
    let mut world = World::new().await;
    let bot = world.slack.bot_user();
    world.person("ada").invite("ops", &bot).unwrap();
    let broken = FaultRule::once("chat.postMessage", Fault::Status { status: 500 });
    world.slack.fault(broken.in_channel("C0OPS").times(2));
    world
        .types("bea", "general", "declare P1 db The disk is full")
        .await;
    world.expect_message("@dan", "P1 incident #1");
    skip_the_rest(&mut world);
    world.expect_no_message();
    world.pass_in_steps(Duration::seconds(2), 20).await;
    world.expect_message("ops", "P1 incident #1");
    world.finish().await;
}

#[tokio::test]
async fn a_channel_whose_history_nobody_may_read_is_told_again_and_then_a_person_is_told() {
    let mut world = World::new().await;
    let broken = Fault::DoneButStatus { status: 500 };
    let broken = FaultRule::once("chat.postMessage", broken).in_channel("C0OPS");
    world.slack.fault(broken.clone());
    world
        .types("bea", "general", "declare P1 db The disk is full")
        .await;
    world.pass_in_steps(Duration::seconds(2), 10).await;
    assert_eq!(world.count("(repeated) Slack did not confirm"), 1);
    world.expect_message("ops", "(repeated) Slack did not confirm");
    world.expect_message("ops", "P1 incident #1");
    world.expect_message("@dan", "P1 incident #1");
    skip_the_rest(&mut world);

    // Twice: it may be there, and no lookup can find out. Who leads the incident hears that.
    world.slack.fault(FaultRule {
        fault: Fault::Status { status: 500 },
        times: Some(2),
        ..broken
    });
    world.types("bea", CHANNEL, "resolved").await;
    world.pass_in_steps(Duration::seconds(2), 10).await;
    world.expect_message("@dan", "Resolved: #1");
    let told = world.expect_message("@bea", "Couldn't notify <#C0OPS> about incident #1");
    assert!(
        told.words.contains("wardroom outbox retry"),
        "{}",
        told.words
    );
    skip_the_rest(&mut world);
    world.finish_after_faults().await;
}

#[tokio::test]
async fn a_services_channels_hear_of_each_of_its_incidents_and_of_no_others_and_only_once() {
    let rules = "
services:
  db: { channels: [C0BUILDS, C0ENG] }
  api: {}
routing:
  P2: { channels: [C0ENG] }
";
    let mut world = World::with_config(rules, &[]).await;
    world
        .types("bea", "general", "declare P4 db The disk is full")
        .await;
    world.expect_message("builds", "P4 incident #1");
    world.expect_message("engineering", "P4 incident #1");
    world
        .types("bea", "general", "declare P2 db The disk is full")
        .await;
    world.expect_message("builds", "P2 incident #2");
    world.expect_message("engineering", "P2 incident #2");
    world.types("bea", "general", "declare P4 api Slow").await;
    for channel in [CHANNEL, "inc-20260301-db-2", "inc-20260301-api", "bea"] {
        world.skip_messages_in(channel);
    }
    world.expect_no_message();
    world.types("bea", CHANNEL, "resolved").await;
    world.expect_message("builds", "Resolved: #1");
    world.expect_message("engineering", "Resolved: #1");
    skip_the_rest(&mut world);
    world.finish().await;
}
