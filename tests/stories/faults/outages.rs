//! A provider that says 503, or does not answer for hours: nothing is charged to what waits, and
//! everything comes once, in order, and says when it was meant.

use super::{rows, said};
use crate::world::World;
use chrono::Duration;
use simulator::{ChannelType, Fault, FaultRule};

fn seconds(seconds: i64) -> Duration {
    Duration::seconds(seconds)
}

fn everything(fault: Fault) -> FaultRule {
    FaultRule::once("*", fault).always()
}

fn breaker(world: &World) -> bool {
    let text = world.app.metrics.render();
    let mut lines = text.lines();
    lines.any(|line| line == "wardroom_circuit_breaker_state{service=\"slack\"} 1")
}

#[tokio::test]
async fn two_503s_in_a_row_delay_a_line_by_a_few_seconds() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let id = world.channel_id(&channel);
    let broken = Fault::Status { status: 503 };
    let rule = FaultRule::once("chat.postMessage", broken).times(2);
    world.slack.fault(rule.in_channel(&id));
    world.types("bea", &channel, "status rolling back").await;
    world.pass_in_steps(Duration::milliseconds(500), 13).await;
    let stands = world.new_messages_in(&channel, "rolling back");
    assert_eq!(stands, 1, "within 6.5 s");
    assert_eq!(world.slack.calls("conversations.history"), 2);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_line_that_stands_in_spite_of_a_503_is_not_doubled() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let id = world.channel_id(&channel);
    let broken = Fault::DoneButStatus { status: 503 };
    let rule = FaultRule::once("chat.postMessage", broken).in_channel(&id);
    world.slack.fault(rule);
    world.types("bea", &channel, "status rolling back").await;
    world.pass_in_steps(seconds(1), 30).await;
    assert_eq!(world.new_messages_in(&channel, "rolling back"), 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_504_may_still_be_under_way_and_waits_as_a_lost_answer_does() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let id = world.channel_id(&channel);
    let gateway = Fault::Status { status: 504 };
    let rule = FaultRule::once("chat.postMessage", gateway).in_channel(&id);
    world.slack.fault(rule);
    world.types("bea", &channel, "status rolling back").await;
    world.pass_in_steps(seconds(1), 9).await;
    assert_eq!(world.new_messages_in(&channel, "rolling back"), 0);
    world.pass_in_steps(seconds(1), 5).await;
    assert_eq!(world.new_messages_in(&channel, "rolling back"), 1);
    world.skip_messages();
    world.finish().await;
}

const LANES: usize = 40;
const LINES: usize = 1000;

/// A thousand lines for the channels `lane-0`, `lane-1`, …
async fn a_thousand_lines(world: &World) {
    let now = world.clock.now().to_rfc3339();
    let sql = format!(
        "insert into outbox (id, signal, lane, provider, kind, effect, priority, run_at, created_at, blocked,
                              area, purpose, origin)
         select gen_random_uuid(), gen_random_uuid(), 'slack:C0LANE' || n % {LANES}, 'slack', 'post_message',
                jsonb_build_object('slack', jsonb_build_object('kind', 'post_message', 'channel', 'C0LANE' || n % {LANES},
                    'message', jsonb_build_object('summary', 'line-' || n / {LANES} || '.', 'parts', '[]'::jsonb))),
                1, '{now}', '{now}', n >= {LANES}, 'incident', 'notice',
                '{{\"incident\": {{\"kind\": \"notice\"}}}}'::jsonb
           from generate_series(0, {LINES} - 1) as n"
    );
    assert_eq!(world.sql(&sql).await, LINES as u64);
}

#[tokio::test]
async fn after_four_hours_away_a_thousand_lines_come_once_and_in_order_within_a_minute() {
    for fault in [Fault::Status { status: 503 }, Fault::LoseRequest] {
        let mut world = World::new().await;
        let bot = world.slack.bot_user();
        for lane in 0..LANES {
            let (id, name) = (format!("C0LANE{lane}"), format!("lane-{lane}"));
            let public = ChannelType::Public;
            world.slack.add_channel(Some(&id), &name, public, &[&bot]);
        }
        let channel = world.declared("bea", "P3 db Slow queries").await;
        world.skip_messages();
        // The first five exist, though no answer says so.
        let stands = Fault::DoneButStatus { status: 503 };
        let stands = FaultRule::once("chat.postMessage", stands).times(5);
        world.slack.fault(stands);
        let away = world.slack.fault(everything(fault.clone()));
        let words = ["the first", "the second", "the third"];
        for words in words {
            world
                .types("bea", &channel, &format!("status {words}"))
                .await;
        }
        a_thousand_lines(&world).await;
        world.pass_in_steps(seconds(30), 20).await;
        assert!(breaker(&world), "{fault:?}");
        // A form is of no use later, and its person hears how to do without.
        world.types("cem", "general", "declare").await;
        world.pass(seconds(5)).await;
        let forms = rows(&world, "open_form").await;
        assert!(forms.iter().all(|row| row.state != "open"), "{forms:?}");
        let before = world.slack.requests().len();
        world.pass_in_steps(seconds(30), 460).await;
        let asked = world.slack.requests().len() - before;
        assert!(asked <= 300, "{asked} calls in 230 min, {fault:?}");
        assert!(world.effects("parked").await.is_empty());

        world.slack.lift_fault(away);
        world.pass_in_steps(seconds(1), 60).await;
        assert!(!breaker(&world), "{fault:?}");
        let open = "select from outbox where ended_at is null";
        assert_eq!(world.sql(open).await, 0, "{fault:?}");
        let lines: Vec<String> = (0..LINES / LANES).map(|at| format!("line-{at}.")).collect();
        let wanted: Vec<&str> = lines.iter().map(String::as_str).collect();
        for lane in 0..LANES {
            let lane = format!("lane-{lane}");
            assert_eq!(said(&world, &lane, &wanted), wanted, "{lane}, {fault:?}");
        }
        assert_eq!(said(&world, &channel, &words), words, "{fault:?}");
        let late = world.count("(delayed: from 09:00 UTC)");
        assert!(late >= LINES - 5, "{late} are marked, {fault:?}");
        world.skip_messages();
        world.finish().await;
    }
}

/// A forwarder before Slack that can be shut: then connections are refused.
struct Gate {
    address: std::net::SocketAddr,
    forwarding: tokio::task::JoinHandle<()>,
}

impl Gate {
    async fn shut() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let address = listener.and_then(|listener| listener.local_addr());
        Self {
            address: address.expect("a free port"),
            forwarding: tokio::spawn(async {}),
        }
    }

    async fn open_to(&mut self, world: &World) {
        let target = world.slack.base_url().replace("http://", "");
        let listener = tokio::net::TcpListener::bind(self.address).await;
        let listener = listener.expect("the port is free again");
        self.forwarding = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let target = target.clone();
                connections.spawn(async move {
                    if let Ok(mut far) = tokio::net::TcpStream::connect(target).await {
                        let _ended = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
    }

    async fn shuts(&mut self) {
        self.forwarding.abort();
        let _aborted = (&mut self.forwarding).await;
    }
}

#[tokio::test]
async fn refused_connections_park_nothing_and_everything_comes_once_and_in_order() {
    let mut gate = Gate::shut().await;
    let api = format!("http://{}/api", gate.address);
    let mut world = World::with(&[("SLACK_API_URL", api.as_str())]).await;
    gate.open_to(&world).await;
    let known = world.app.identify_bot().await;
    known.expect("Slack answers");
    let channels = [
        world.declared("bea", "P3 db Slow queries").await,
        world.declared("bea", "P3 api Checkout is slow").await,
    ];
    // The answers to people go by another host, and still arrive: before Slack counts as down, some
    // failures are charged.
    gate.shuts().await;
    let words: Vec<String> = (0..10).map(|at| format!("line-{at}.")).collect();
    for words in &words {
        for channel in &channels {
            world
                .types("bea", channel, &format!("status {words}"))
                .await;
            world.pass(seconds(1)).await;
        }
    }
    world.pass_in_steps(seconds(60), 240).await;
    assert!(breaker(&world));
    assert!(world.effects("parked").await.is_empty());

    gate.open_to(&world).await;
    world.pass_in_steps(seconds(1), 61).await;
    let wanted: Vec<&str> = words.iter().map(String::as_str).collect();
    for channel in &channels {
        assert_eq!(said(&world, channel, &wanted), wanted, "{channel}");
    }
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn an_outage_is_known_after_a_restart_and_one_process_tries_for_all() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let away = everything(Fault::Status { status: 503 });
    let away = world.slack.fault(away);
    for words in ["the first", "the second"] {
        world
            .types("bea", &channel, &format!("status {words}"))
            .await;
    }
    world.pass_in_steps(seconds(5), 60).await;
    assert!(breaker(&world));
    world.restart().await;
    let (replica, _address) = world.replica().await;
    let before = world.slack.requests().len();
    for _ in 0..60 {
        world.pass(seconds(10)).await;
        while replica.engine.delivery_step().await.expect("it answers") > 0 {}
    }
    assert!(breaker(&world));
    let asked = world.slack.requests().len() - before;
    assert!((5..=12).contains(&asked), "{asked} calls in 10 min");

    world.slack.lift_fault(away);
    world.pass_in_steps(seconds(1), 80).await;
    let words = ["the first", "the second"];
    assert_eq!(said(&world, &channel, &words), words);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn an_effect_that_alone_fails_is_parked_in_the_end() {
    let mut world = World::new().await;
    let broken = FaultRule::once("pins.add", Fault::Status { status: 500 });
    let broken = world.slack.fault(broken.always());
    let channel = world.declared("bea", "P3 db Slow queries").await;
    for minute in 0..40 {
        let words = format!("status minute {minute}");
        world.types("bea", &channel, &words).await;
        world.pass_in_steps(seconds(20), 3).await;
    }
    // Those during which no other effect had an answer are tried once more.
    let met = world.slack.fault_hits(broken);
    assert!((12..=24).contains(&met), "{met} attempts");
    let [parked] = world.effects("parked").await.try_into().expect("one");
    assert_eq!((parked.kind.as_str(), parked.attempts), ("pin", 12));
    world.expect_message("@bea", &format!("wardroom outbox retry {}", parked.id));
    world.skip_messages();
    world.finish_after_faults().await;
}

#[tokio::test]
async fn an_effect_that_is_not_sent_leaves_the_trial_to_the_next() {
    let mut world = World::new().await;
    let limited = world.declared("bea", "P3 db Slow queries").await;
    let channel = world.declared("bea", "P3 api Checkout is slow").await;
    let away = world.slack.fault(everything(Fault::Status { status: 503 }));
    world.types("bea", &limited, "status the first").await;
    world.types("bea", &channel, "status the second").await;
    world.pass_in_steps(seconds(5), 60).await;
    assert!(breaker(&world));
    world.slack.lift_fault(away);
    let now = world.clock.now();
    // The trial falls to the first, whose channel is limited for a long time.
    let limit = format!(
        "insert into pauses (scope, until, reason)
         values ('slack:chat.postMessage:{0}', '{1}', 'limited'), ('slack:conversations.history', '{1}', 'limited');
         ",
        world.channel_id(&limited),
        (now + seconds(300)).to_rfc3339(),
    );
    assert_eq!(world.sql(&limit).await, 2);
    let due = format!(
        "update pauses set until = '{}' where scope = 'slack'",
        now.to_rfc3339()
    );
    assert_eq!(world.sql(&due).await, 1);
    world.pass_in_steps(seconds(1), 10).await;
    assert!(!breaker(&world));
    world.pass_in_steps(seconds(5), 80).await;
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn only_news_that_come_late_say_so() {
    let mut world = World::new().await;
    let channel = world.declared("bea", "P3 db Slow queries").await;
    let away = everything(Fault::Status { status: 503 });
    let away = world.slack.fault(away);
    world.types("bea", &channel, "status rolling back").await;
    world.types("bea", &channel, "investigating").await;
    world.pass_in_steps(seconds(10), 70).await;
    world.types("bea", &channel, "status nearly done").await;
    world.slack.lift_fault(away);
    world.pass_in_steps(seconds(1), 80).await;
    let late = world.expect_message(&channel, "rolling back");
    let marked = late.text.starts_with("(delayed: from 09:00 UTC)");
    assert!(marked, "{late:?}");
    let soon = world.expect_message(&channel, "nearly done");
    assert!(!soon.words.contains("delayed"), "{soon:?}");
    let card = world.channel(&channel);
    let card = card.posts().find(|message| card.pins.contains(&message.ts));
    assert!(!card.expect("it is pinned").words.contains("delayed"));
    world.skip_messages();
    world.finish().await;
}
