//! Each kind of effect, its answer lost, its request lost, Slack failing before or after it: what
//! is in the channels is counted.
//!
//! The table walks [`Effect::kinds`]: a new kind without an answer to every question of the ring,
//! and without such a story, fails here.

use super::{a_while, rows, scenes};
use crate::world::World;
use serde_json::json;
use simulator::{Fault, FaultRule};
use wardroom::domain::effect::{Effect, Provider, Repeat};
use wardroom::domain::ids::{EffectId, SignalId};

/// How we find out whether an effect had happened whose answer was lost.
#[derive(Clone, Copy)]
enum Probe {
    /// By this method.
    By(&'static str),
    /// It is not looked up, for this reason.
    None(&'static str),
}

/// Done, and the answer is lost.
fn done_unanswered() -> [Fault; 2] {
    [Fault::LoseAnswer, Fault::DoneButStatus { status: 500 }]
}

/// Not done, and no answer says so.
fn lost_on_the_way() -> [Fault; 2] {
    [Fault::LoseRequest, Fault::Status { status: 503 }]
}

macro_rules! stories {
    ($($story:ident: $kind:literal, $probe:expr;)*) => {
        /// The kinds that have a story, and how an uncertain one is settled.
        const TOLD: &[(&str, Probe)] = &[$(($kind, $probe)),*];

        mod stands_once_or_visibly_uncertain {
            use super::*;
            $(
                #[tokio::test]
                async fn $story() {
                    for fault in done_unanswered() {
                        let mut world = World::new().await;
                        let stands = scenes::$story(&mut world, fault.clone()).await;
                        check(world, $kind, $probe, &fault, stands, 1).await;
                    }
                    for fault in lost_on_the_way() {
                        let mut world = World::new().await;
                        let stands = scenes::$story(&mut world, fault.clone()).await;
                        check(world, $kind, $probe, &fault, stands, 0).await;
                    }
                }
            )*
        }
    };
}

stories! {
    create_channel: "create_channel", Probe::By("users.conversations");
    post_message: "post_message", Probe::By("conversations.history");
    direct_message: "direct_message", Probe::By("conversations.history");
    update_message: "update_message", Probe::None("the card is shown again, as it is then");
    pin: "pin", Probe::None("what is pinned stays pinned");
    invite: "invite", Probe::None("who is in stays in");
    set_topic: "set_topic", Probe::None("the same topic again is no change");
    reply: "reply", Probe::None("no method finds a message for one person");
    ephemeral: "ephemeral", Probe::None("no method finds a message for one person");
    open_form: "open_form", Probe::None("no method finds a form, and its permission is spent");
    update_form: "update_form", Probe::None("the form shows the same again");
    stage_file: "stage_file", Probe::None("a file that is not shared is not visible");
    stage_file_itself: "stage_file", Probe::None("a file that is not shared is not visible");
    share_file: "share_file", Probe::By("conversations.history");
    update_notice: "update_message", Probe::None("the notice is shown again, as it is then");
    update_component: "update_component", Probe::None("the component shows the same again");
}

/// `alone`: how often it would be there without a lookup.
async fn check(
    mut world: World,
    kind: &str,
    probe: Probe,
    fault: &Fault,
    stands: usize,
    alone: usize,
) {
    let effect = sample(kind);
    let ended: Vec<String> = rows(&world, kind)
        .await
        .into_iter()
        .map(|row| row.state)
        .collect();
    let unsure = ended.iter().filter(|state| *state == "uncertain").count();
    match effect.repeat() {
        Repeat::Harmless | Repeat::LookUpFirst => {
            assert_eq!(stands, 1, "{kind} with {fault:?}: {ended:?}");
            assert!(
                ended.iter().all(|state| state == "done"),
                "{kind} with {fault:?}: {ended:?}"
            );
        }
        // It cannot be looked for: the row says so, for all to see, and its person hears it once
        // more by another way. A form's words are heard in its scene.
        Repeat::Never => {
            let once_more = usize::from(kind != "open_form");
            let expected = alone + once_more;
            assert_eq!(stands, expected, "{kind} with {fault:?}: {ended:?}");
            assert_eq!(unsure, 1, "{kind} with {fault:?}: {ended:?}");
        }
    }
    if let Probe::By(method) = probe {
        assert!(
            world.slack.calls(method) > 0,
            "{kind} with {fault:?} was not looked for"
        );
    }
    world.skip_messages();
    world.finish().await;
}

#[test]
fn every_kind_says_how_it_waits_what_its_repetition_means_and_has_a_story() {
    // Those of GitHub have theirs in `every_github_effect.rs`.
    let of_github = Provider::Github.kinds();
    for kind in Effect::kinds().filter(|kind| !of_github.contains(kind)) {
        let effect = sample(kind);
        assert_eq!(effect.kind(), kind);
        let lane = effect.lane(EffectId::of(SignalId(uuid::Uuid::nil()), 0, "test"));
        let provider = format!("{}:", effect.provider().as_str());
        assert!(
            lane.starts_with(&provider) && lane.len() > provider.len(),
            "{kind}: {lane}"
        );
        let told: Vec<&Probe> = TOLD
            .iter()
            .filter(|(told, _)| *told == kind)
            .map(|(_, probe)| probe)
            .collect();
        assert!(!told.is_empty(), "{kind} has no story");
        for probe in told {
            match (effect.repeat(), probe) {
                (Repeat::LookUpFirst, Probe::By(_)) => {}
                (Repeat::Harmless | Repeat::Never, Probe::None(why)) => assert!(!why.is_empty()),
                (repeat, _) => panic!("{kind} is {repeat:?}: its probe does not fit"),
            }
        }
        // Whatever is rendered at delivery is coalesced, and may be done again.
        if effect.coalesce_key().is_some() {
            assert_eq!(effect.repeat(), Repeat::Harmless, "{kind}");
        }
    }
    for (kind, _) in TOLD {
        assert!(Effect::kinds().any(|one| one == *kind), "{kind} is no kind");
    }
}

/// One effect of each kind.
fn sample(kind: &str) -> Effect {
    let to = json!({"person": "U1", "room": "C1", "response_url": null, "asked_at": "2026-03-01T09:00:00Z"});
    let message = json!({"summary": "hello", "parts": []});
    let form = json!({"name": "f", "title": "t", "submit": "s", "inputs": [],
                      "context": {}, "revision": 0});
    let mut effect = match kind {
        "create_channel" => json!({"name": "inc", "private": false}),
        "post_message" => json!({"channel": "C1", "message": message}),
        "direct_message" => json!({"person": "U1", "message": message}),
        "update_message" => json!({"shows": "card:1"}),
        "pin" => json!({"channel": "C1", "ts": "1.2"}),
        "invite" => json!({"channel": "C1", "person": "U1"}),
        "set_topic" => json!({"channel": "C1", "topic": "t"}),
        "reply" | "ephemeral" => json!({"to": to, "message": message}),
        "open_form" => json!({"trigger": {"id": "1.2", "expires": "2026-03-01T09:00:03Z"},
                              "form": form}),
        "update_form" => json!({"view": "V1", "form": form}),
        "stage_file" => json!({"name": "n", "content": "c"}),
        "share_file" => json!({"channel": "C1", "file": "F1", "title": "t", "comment": ""}),
        "update_component" => json!({"component": "kx1"}),
        other => panic!("no sample of {other}: give it one, and a story"),
    };
    effect["kind"] = json!(kind);
    let mut providers = Provider::ALL.into_iter();
    let provider = providers.find(|one| one.kinds().contains(&kind));
    let effect = json!({ provider.expect("a provider has it").as_str(): effect });
    serde_json::from_value(effect).unwrap_or_else(|error| panic!("{kind}: {error}"))
}

#[tokio::test]
async fn a_message_that_stands_only_after_we_hung_up_is_found_and_not_said_again() {
    let mut world = World::new().await;
    let stands = scenes::post_message(&mut world, Fault::DoneAfterHangUp).await;
    assert_eq!(stands, 1);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn an_announcement_where_nobody_may_look_is_repeated_and_marked_so() {
    for (fault, stand) in [(Fault::LoseAnswer, 2), (Fault::LoseRequest, 1)] {
        let mut world = World::new().await;
        let rule = FaultRule::once("chat.postMessage", fault.clone()).in_channel("C0OPS");
        world.slack.fault(rule);
        world
            .types("bea", "general", "declare P1 api Checkout returns 500s")
            .await;
        a_while(&mut world).await;
        assert_eq!(
            world.new_messages_in("ops", "Checkout returns 500s"),
            stand,
            "{fault:?}"
        );
        let again = world.expect_message("ops", "(repeated)");
        assert!(again.text.starts_with("(repeated)"), "{}", again.text);
        assert_eq!(world.count("(repeated)"), 1);
        world.skip_messages();
        world.finish().await;
    }
}

#[tokio::test]
async fn a_repeated_announcement_whose_answer_is_lost_too_is_not_repeated_for_ever() {
    let mut world = World::new().await;
    let rule = FaultRule::once("chat.postMessage", Fault::LoseAnswer).in_channel("C0OPS");
    let lost = world.slack.fault(rule.always());
    world
        .types("bea", "general", "declare P1 api Checkout returns 500s")
        .await;
    a_while(&mut world).await;
    assert_eq!(world.new_messages_in("ops", "Checkout returns 500s"), 2);
    world.slack.lift_fault(lost);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn an_announcement_where_the_bot_is_a_member_is_looked_for_and_stands_once() {
    let mut world = World::new().await;
    let bot = world.slack.bot_user();
    world
        .person("ada")
        .invite("ops", &bot)
        .expect("the bot comes in");
    let rule = FaultRule::once("chat.postMessage", Fault::LoseAnswer).in_channel("C0OPS");
    world.slack.fault(rule);
    world
        .types("bea", "general", "declare P1 api Checkout returns 500s")
        .await;
    a_while(&mut world).await;
    assert_eq!(world.new_messages_in("ops", "Checkout returns 500s"), 1);
    assert_eq!(world.count("(repeated)"), 0);
    world.skip_messages();
    world.finish().await;
}
