//! What arrives twice, late, or from two sides at once counts once.

use crate::world::{ADMIN_TOKEN, World, answered};
use serde_json::{Value, json};
use simulator::{Encoding, Signing};
use wardroom::domain::incident::{Status, TimelineKind};

const CHANNEL: &str = "inc-20260301-db";

/// A small generator: the same seed, the same story.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits fit") % sides
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, self.roll(at + 1));
        }
    }
}

/// Something that comes from outside, ready to be delivered any number of times. Each of them
/// changes something that no other one touches, so that their order must not matter.
enum Arrival {
    Command(String, String),
    Interaction(&'static str, Value),
    Event(String),
    Webhook,
    Api,
}

async fn arrivals(world: &mut World) -> Vec<Arrival> {
    world
        .types("bea", "general", "declare P3 db The disk is full")
        .await;
    let card = world.expect_message(CHANNEL, "The disk is full");
    world.skip_messages();
    world.types("cem", "general", "declare").await;
    let (bea, cem) = (world.person("bea"), world.person("cem"));
    let form = bea.command_form(&card.channel, "/incident", "severity P2 it grows");
    let (path, form, _) = form.expect("the person sees the channel");
    let fields = [("Title", "Slow"), ("Severity", "P4"), ("Service", "api")];
    let renamed =
        json!({"type": "channel_rename", "channel": {"id": card.channel, "name": "disk-fire"}});
    vec![
        Arrival::Command(path, form),
        Arrival::Interaction(
            "bea",
            bea.click_payload(&card.channel, &card.ts, "Monitoring", "")
                .expect("the person sees it"),
        ),
        Arrival::Interaction("cem", cem.submission(&fields).expect("the person sees it")),
        Arrival::Event(world.slack.register_event(renamed)),
        Arrival::Webhook,
        Arrival::Api,
    ]
}

async fn deliver(world: &World, arrival: &Arrival, time: u32) {
    match arrival {
        Arrival::Command(path, form) => world.sends_form(path, form, time).await,
        Arrival::Interaction(person, payload) => {
            assert!(world.person(person).send_payload(payload).await.is_ok());
        }
        Arrival::Event(id) => {
            assert!(
                world
                    .slack
                    .deliver_event(id, time, "http_timeout")
                    .await
                    .is_ok()
            );
        }
        Arrival::Webhook => {
            let body = json!({"repository": {"full_name": "acme/db"}, "ref": "refs/heads/main"});
            let sent = world.slack.github_webhook(
                "push",
                Some("d-1"),
                &body,
                Encoding::Json,
                Signing::Good,
            );
            assert_eq!(sent.await.status, Some(202));
        }
        Arrival::Api => {
            let call = reqwest::Client::new()
                .post(format!("{}/api/v1/incidents/1/assign", world.url))
                .bearer_auth(ADMIN_TOKEN)
                .header("idempotency-key", "k-1")
                .json(&json!({"role": "scribe", "user": "U0CEM"}));
            let call = tokio::spawn(answered(call));
            while !call.is_finished() {
                let decided = world.app.engine.intake_step().await;
                decided.expect("the database answers");
                tokio::task::yield_now().await;
            }
            assert_eq!(call.await.expect("no panic").status, 200);
        }
    }
}

/// All that a person can see afterwards, without the order in which it came about.
async fn outcome(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    for sql in [
        "select number::text, title, severity, status, service, commander, scribe, comms, channel_name,
                last_update, declared_by from incidents",
        "select incident::text, kind, text, by from incident_timeline where kind <> 'declared'",
        "select action, by, outcome, details::text from audit_log",
        "select target, occasion, status from notifications",
        "select state from outbox where state <> 'done'",
        "select source, kind, state, outcome from inbox where source not in ('receipt', 'timer')",
    ] {
        all.extend(world.query(sql).await.iter().map(|row| row.join(" | ")));
    }
    let bot = world.slack.bot_user();
    for (channel, message) in world.slack.snapshot().all_posts() {
        if message.user == bot {
            let only = message.ephemeral_to.as_deref().unwrap_or("all");
            all.push(format!("{} to {only}: {}", channel.kind, message.words));
        }
    }
    // Ids are drawn anew in each world, and a channel's name is how it was called at that moment.
    let mut all: Vec<String> = all.iter().map(|line| without_ids(line)).collect();
    all.sort();
    all
}

fn without_ids(line: &str) -> String {
    let word = |word: &str| {
        let long = word.len() == 36 && word.matches('-').count() == 4;
        if long || word.contains("<#C") {
            "…".to_owned()
        } else {
            word.to_owned()
        }
    };
    line.split_whitespace()
        .map(word)
        .collect::<Vec<_>>()
        .join(" ")
}

async fn ends(seed: u64, which: &[usize], copies: &[u32], any_order: bool) -> Vec<String> {
    let mut world = World::new().await;
    let arrivals = arrivals(&mut world).await;
    let mut dice = Dice(seed);
    let mut plan: Vec<usize> = which
        .iter()
        .flat_map(|one| vec![*one; copies[dice.roll(copies.len())] as usize])
        .collect();
    if any_order {
        dice.shuffle(&mut plan);
    }
    let mut times = vec![0; arrivals.len()];
    for at in plan {
        deliver(&world, &arrivals[at], times[at]).await;
        times[at] += 1;
        if dice.roll(2) == 0 {
            world.settle().await;
        }
    }
    world.settle().await;
    let outcome = outcome(&world).await;
    world.skip_messages();
    world.finish_after_faults().await;
    outcome
}

#[tokio::test]
async fn events_of_every_kind_delivered_often_and_in_any_order_end_in_the_same_state() {
    let all = [0, 1, 2, 3, 4, 5];
    let once = ends(1, &all, &[1], false).await;
    for sign in ["disk-fire", "Slow", "monitoring", "U0CEM", "P2"] {
        assert!(
            once.iter().any(|line| line.contains(sign)),
            "{sign} is missing: {once:#?}"
        );
    }
    for seed in 2..6 {
        assert_eq!(
            ends(seed, &all, &[1, 2, 5], true).await,
            once,
            "seed {seed}"
        );
    }
}

#[tokio::test]
async fn what_was_never_delivered_leaves_no_trace_and_the_rest_is_as_it_would_have_been() {
    for (seed, some) in [
        (11, &[][..]),
        (12, &[1, 3]),
        (13, &[0, 2, 4]),
        (14, &[5, 0]),
    ] {
        let once = ends(seed, some, &[1], false).await;
        assert_eq!(ends(seed, some, &[2, 5], true).await, once, "seed {seed}");
    }
}

#[tokio::test]
async fn slacks_own_retries_are_one_row_also_when_they_reach_another_replica() {
    let mut world = World::new().await;
    let (other, url) = world.replica().await;
    let first = world.url.clone();
    let (path, form, _) = world
        .person("bea")
        .command_form("general", "/incident", "declare P4 db The disk is full")
        .unwrap();
    for (retry, url) in [(0, &first), (1, &url), (2, &first), (3, &url)] {
        world.slack.set_app_url(Some(url));
        world.sends_form(&path, &form, retry).await;
    }
    world.settle_beside(&other).await;
    assert_eq!(world.rows_from("slack").await, 1);
    world.expect_ephemeral("bea", "Declared incident *#1*");
    world.expect_message(CHANNEL, "The disk is full");
    world.finish().await;
}

#[tokio::test]
async fn a_double_click_is_one_step_and_a_second_click_is_told_that_it_is_there_already() {
    let mut world = World::new().await;
    world
        .types("bea", "general", "declare P4 db The disk is full")
        .await;
    let card = world.expect_message(CHANNEL, "The disk is full");
    world.skip_messages();
    let bea = world.person("bea");
    let click = |label: &str| {
        bea.click_payload(&card.channel, &card.ts, label, "")
            .unwrap()
    };
    // The same click, delivered twice.
    let once = click("Investigating");
    let again = click("Investigating");
    let end = click("Resolve");
    let end_again = click("Resolve");
    world.sends("bea", &once, 3).await;
    world.expect_message(CHANNEL, "Investigating");
    // Two presses, before the card was drawn anew.
    world.sends("bea", &again, 1).await;
    world.expect_ephemeral("bea", "is already investigating");
    world.sends("bea", &end, 1).await;
    world.submits("bea", &[("Note", "the disk")]).await;
    world.expect_message(CHANNEL, "Resolved");
    world.sends("bea", &end_again, 1).await;
    world.expect_ephemeral("bea", "Incident #1 was resolved");
    world.finish().await;
}

#[tokio::test]
async fn two_people_resolving_at_once_on_two_replicas_end_it_once_and_it_is_told_once() {
    let mut world = World::new().await;
    let (other, url) = world.replica().await;
    let first = world.url.clone();
    for round in 1..=4_i64 {
        world.slack.set_app_url(Some(&first));
        world
            .types("bea", "general", "declare P1 db The disk is full")
            .await;
        world.skip_messages();
        let channel = world.incident(round).await.channel_name;
        // Two subjects, so that no order holds them apart: only the incident's own lock does.
        let (path, form, _) = world
            .person("bea")
            .command_form(&channel, "/incident", "resolved by bea")
            .unwrap();
        let (_, second, _) = world
            .person("ada")
            .command_form("general", "/incident", &format!("#{round} resolved by ada"))
            .unwrap();
        world.sends_form(&path, &form, 0).await;
        world.slack.set_app_url(Some(&url));
        world.sends_form(&path, &second, 0).await;
        world.settle_beside(&other).await;

        let incident = world.incident(round).await;
        assert_eq!(incident.status, Status::Resolved);
        let lines = world.timeline(&incident).await;
        let ends = lines
            .iter()
            .filter(|line| line.kind == TimelineKind::Resolved);
        assert_eq!(ends.count(), 1, "{lines:#?}");
        world.expect_message(&channel, "Resolved");
        for place in ["ops", "@dan"] {
            world.expect_message(place, &format!("Resolved: #{round} "));
        }
        let by = incident.resolved_by.unwrap().to_string();
        let (winner, loser) = if by == "U0BEA" {
            ("bea", "ada")
        } else {
            ("ada", "bea")
        };
        // In the channel the line is the answer.
        if winner == "ada" {
            world.expect_ephemeral("ada", "is resolved after");
        }
        world.expect_ephemeral(loser, &format!("by <@{by}>"));
        world.expect_no_message();
    }
    world.finish().await;
}
