//! Rows that are stuck are told to operators in one message for a kind and cause, whatever their number.

use crate::world::World;
use chrono::{DateTime, Duration};
use simulator::{Fault, FaultRule};
use wardroom::domain::ids::EffectId;
use wardroom::store::{Arrival, Operator};

const OPS: &str = "
services: { api: { channels: [C0ONE, C0TWO, C0THREE] }, db: {} }
admins: [U0ADA]
slack: { ops_channel: C0BUILDS }
";

/// So long an edit waits for further rows.
const EDIT: Duration = Duration::seconds(15);

/// Webhooks that the decoder refuses, at their last attempt.
async fn refused_webhooks(world: &World, kind: &str, from: u32, count: u32) {
    for number in from..from + count {
        let arrival = Arrival {
            source: "github",
            kind: kind.to_owned(),
            dedup_key: format!("{kind}-{number}"),
            subject: format!("{kind}-{number}"),
            headers: serde_json::json!({}),
            body: format!("{}no JSON", " ".repeat(number as usize % 7)).into(),
            traceparent: None,
            at: world.clock.now(),
        };
        world.store.append(arrival).await.expect("durable");
    }
    let last = format!(
        "update inbox set attempts = 5 where source = 'github' and kind = '{kind}' and state = 'open'"
    );
    assert_eq!(world.sql(&last).await, u64::from(count));
}

/// The messages of the bot in #builds, oldest first.
fn told(world: &World) -> Vec<String> {
    let bot = world.slack.bot_user();
    let channel = world.channel("builds");
    let posts = channel.posts().filter(|post| post.user == bot);
    posts.map(|post| post.words.clone()).collect()
}

#[track_caller]
fn says(words: &str, all: &[&str]) {
    for said in all {
        assert!(words.contains(said), "{said:?} is not in {words}");
    }
}

#[tokio::test]
async fn five_hundred_parked_rows_are_one_message_with_their_count_and_the_next_one_after_ten_minutes()
 {
    let mut world = World::with_config(OPS, &[]).await;
    refused_webhooks(&world, "push", 0, 500).await;
    world.settle().await;
    let first = told(&world);
    assert_eq!(first.len(), 1, "{first:#?}");
    says(
        &first[0],
        &["A signal is parked: github push", "wardroom inbox replay "],
    );

    world.pass(EDIT).await;
    let edited = told(&world);
    assert_eq!(edited.len(), 1, "{edited:#?}");
    says(
        &edited[0],
        &[
            "A signal is parked: github push",
            "500 signals",
            "Of this kind, 500 are parked",
            "wardroom inbox list --state parked",
            "wardroom inbox replay --all --kind github/push --state parked --since 2026-03-01T09:00:00Z",
        ],
    );
    assert!(world.slack.calls("chat.update") <= 2, "a few edits");

    // Within the ten minutes, after a restart, and with some replayed: the same message.
    world.restart().await;
    world.sql("update inbox set state = 'done' where id in (select id from inbox where state = 'parked' limit 100)").await;
    world.pass(Duration::minutes(9)).await;
    refused_webhooks(&world, "push", 500, 10).await;
    world.settle().await;
    world.pass(EDIT).await;
    let edited = told(&world);
    assert_eq!(edited.len(), 1, "{edited:#?}");
    says(&edited[0], &["510 signals", "Of this kind, 410 are parked"]);

    world.pass(Duration::minutes(1)).await;
    refused_webhooks(&world, "push", 510, 2).await;
    world.settle().await;
    world.pass(EDIT).await;
    let both = told(&world);
    assert_eq!(both.len(), 2, "{both:#?}");
    says(&both[0], &["510 signals"]);
    says(&both[1], &["2 signals", "Of this kind, 412 are parked"]);
    let errors = world.error_lines();
    assert!(
        errors
            .iter()
            .all(|line| line.contains("a signal is parked")),
        "{errors:#?}"
    );
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn two_causes_and_two_kinds_are_told_apart() {
    let mut world = World::with_config(OPS, &[]).await;
    refused_webhooks(&world, "push", 0, 3).await;
    world
        .sql("update inbox set body = null where dedup_key <> 'push-0'")
        .await;
    refused_webhooks(&world, "issues", 0, 2).await;
    world.settle().await;
    world.pass(EDIT).await;
    let mut told = told(&world);
    told.sort();
    assert_eq!(told.len(), 3, "{told:#?}");
    let of = |words: &str| {
        let found: Vec<&String> = told.iter().filter(|told| told.contains(words)).collect();
        assert_eq!(found.len(), 1, "{words:?} in {told:#?}");
        found[0].clone()
    };
    says(
        &of("--kind github/issues"),
        &["2 signals", "the body is not JSON"],
    );
    says(
        &of("--kind github/push"),
        &["2 signals", "the body is deleted"],
    );
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn two_replicas_that_park_at_once_give_one_message() {
    let mut world = World::with_config(OPS, &[]).await;
    let (other, _) = world.replica().await;
    refused_webhooks(&world, "push", 0, 60).await;
    world.settle_beside(&other).await;
    world.clock.advance(EDIT);
    world.settle_beside(&other).await;
    let told = told(&world);
    assert_eq!(told.len(), 1, "{told:#?}");
    says(&told[0], &["60 signals", "Of this kind, 60 are parked"]);
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn a_message_that_fails_is_sent_again_and_has_the_count() {
    let mut world = World::with_config(OPS, &[]).await;
    let bot = world.slack.bot_user();
    world
        .person("ada")
        .invite("builds", &bot)
        .expect("the bot comes in");
    let away = FaultRule::once("chat.postMessage", Fault::Status { status: 503 });
    world.slack.fault(away.in_channel("C0BUILDS").times(3));
    refused_webhooks(&world, "push", 0, 20).await;
    world.settle().await;
    world.pass(EDIT).await;
    assert!(told(&world).is_empty());
    refused_webhooks(&world, "push", 20, 20).await;
    world.pass_in_steps(Duration::seconds(5), 20).await;
    let told = told(&world);
    assert_eq!(told.len(), 1, "{told:#?}");
    says(&told[0], &["40 signals"]);
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn a_message_that_is_refused_goes_further_once_and_has_the_count_when_it_is_retried() {
    let mut world = World::with_config(OPS, &[]).await;
    let code = "restricted_action".to_owned();
    let closed = FaultRule::once("chat.postMessage", Fault::Code { code });
    let closed = world.slack.fault(closed.in_channel("C0BUILDS").always());
    refused_webhooks(&world, "push", 0, 30).await;
    world.settle().await;
    world.pass_in_steps(EDIT, 3).await;
    assert!(told(&world).is_empty());
    let [parked] = world.effects("parked").await.try_into().expect("one");
    let further = world.expect_message("@ada", &format!("wardroom outbox retry {}", parked.id));
    says(
        &further.words,
        &["Couldn't post a notice for operators", "restricted_action"],
    );
    // No edit that shows nothing is left, and none is told.
    assert!(world.effects("open").await.is_empty());

    world.slack.lift_fault(closed);
    let now = world.clock.now();
    let id = EffectId(parked.id);
    let retried = world.store.retry_effect(id, Operator::Cli, now).await;
    assert!(retried.expect("it answers"));
    world.settle().await;
    world.pass(EDIT).await;
    let told = told(&world);
    assert_eq!(told.len(), 1, "{told:#?}");
    says(&told[0], &["30 signals"]);
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn a_message_that_nobody_confirms_is_repeated_with_the_count_and_then_goes_further() {
    for (lost, messages) in [(1, 2), (2, 2)] {
        let mut world = World::with_config(OPS, &[]).await;
        let rule = FaultRule::once("chat.postMessage", Fault::LoseAnswer);
        world.slack.fault(rule.in_channel("C0BUILDS").times(lost));
        refused_webhooks(&world, "push", 0, 5).await;
        world.settle().await;
        world.pass_in_steps(Duration::seconds(1), 20).await;
        refused_webhooks(&world, "push", 5, 5).await;
        world.settle().await;
        world.pass_in_steps(EDIT, 2).await;
        let told = told(&world);
        assert_eq!(told.len(), messages, "{told:#?}");
        says(&told[1], &["(repeated) Slack did not confirm"]);
        match lost {
            1 => says(&told[1], &["10 signals", "Of this kind, 10 are parked"]),
            _ => drop(world.expect_message("@ada", "Couldn't post a notice for operators")),
        }
        world.skip_messages();
        world.finish_after_faults().await;
    }
}

#[tokio::test]
async fn an_edit_that_is_refused_is_told_to_nobody_and_the_next_message_is_new() {
    let mut world = World::with_config(OPS, &[]).await;
    refused_webhooks(&world, "push", 0, 1).await;
    world.settle().await;
    let code = "edit_window_closed".to_owned();
    let closed = FaultRule::once("chat.update", Fault::Code { code });
    world.slack.fault(closed.in_channel("C0BUILDS").always());
    refused_webhooks(&world, "push", 1, 5).await;
    world.settle().await;
    world.pass_in_steps(EDIT, 4).await;
    assert_eq!(told(&world).len(), 1, "{:#?}", told(&world));
    assert!(world.effects("parked").await.is_empty());
    world.pass(Duration::minutes(10)).await;
    refused_webhooks(&world, "push", 6, 1).await;
    world.settle().await;
    assert_eq!(told(&world).len(), 2, "{:#?}", told(&world));
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn refused_announcements_of_one_cause_are_one_message_with_a_command_that_retries_all() {
    let mut world = World::with_config(OPS, &[]).await;
    world
        .types("bea", "general", "declare P3 api Slow queries")
        .await;
    world.pass(EDIT).await;
    let told = told(&world);
    assert_eq!(told.len(), 1, "{told:#?}");
    let command = "wardroom outbox retry --all --kind post_message --state parked --since ";
    says(
        &told[0],
        &[
            "Couldn't notify <#C0",
            "3 effects",
            "channel_not_found",
            command,
        ],
    );
    let (_, since) = told[0].split_once(command).expect("the command");
    let since: String = since.chars().take("2026-03-01T09:00:00Z".len()).collect();
    let since = DateTime::parse_from_rfc3339(&since).expect("a time");
    let parked = world.effects("parked").await;
    assert_eq!(parked.len(), 3);
    assert!(
        parked.iter().all(|row| row.created_at >= since),
        "{parked:#?}"
    );
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn without_an_ops_channel_refused_announcements_of_one_cause_are_one_direct_message() {
    let no_channel = OPS.replace("slack: { ops_channel: C0BUILDS }\n", "");
    let mut world = World::with_config(&no_channel, &[]).await;
    world
        .types("bea", "general", "declare P3 api Slow queries")
        .await;
    world.pass(EDIT).await;
    assert_eq!(world.count("Couldn't notify <#C0"), 1);
    let told = world.expect_message("@bea", "Couldn't notify <#C0");
    says(&told.words, &["3 effects", "channel_not_found"]);
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn a_replayed_signal_does_not_take_the_count_back() {
    let mut world = World::with_config(OPS, &[]).await;
    refused_webhooks(&world, "push", 0, 20).await;
    world.settle().await;
    world.pass(EDIT).await;
    let counted = "select from notices where count = 20";
    assert_eq!(world.sql(counted).await, 1);
    world.pass(Duration::minutes(11)).await;
    let replayed = world
        .sql(
            "update inbox set state = 'open', ended_at = null, attempts = 0
              where source = 'engine' and kind = 'parked'
                and seq = (select min(seq) from inbox where source = 'engine' and kind = 'parked')",
        )
        .await;
    assert_eq!(replayed, 1);
    world.settle().await;
    world.pass(EDIT).await;
    assert_eq!(world.sql(counted).await, 1);
    assert_eq!(told(&world).len(), 1);
    world.skip_messages();
    world.finish_after_faults().await;
}
