//! The channel: asked in, named anew, late, refused, archived, and its one card.

use super::memory::{World, advance, declaration, refused, say};
use super::words_said::{answer, whole};
use crate::domain::decision::Outcome;
use crate::domain::effect::slack::{self, Effect as Slack};
use crate::domain::effect::{Answer, Effect};
use crate::domain::ids::SignalId;
use crate::domain::incident::act::{Act, IncidentRef};
use crate::domain::incident::fixtures::{channel, person};
use crate::domain::incident::{Closing, Event, Severity, Status, TimelineKind};
use crate::domain::signal::{End, ParkedRow};
use crate::domain::text::ReplyTo;

fn invited(world: &World) -> Vec<String> {
    let all = world.done.iter().chain(&world.outbox);
    all.filter_map(|one| match &one.effect {
        Effect::Slack(Slack::Invite { person, .. }) => Some(person.to_string()),
        _ => None,
    })
    .collect()
}

#[test]
fn declarer_commander_owners_and_route_are_asked_in_each_by_an_effect_of_their_own() {
    let mut world = World::new();
    world.ask("UDECL", declaration(Severity::P1));
    world.end_next("create_channel", created_channel());
    assert_eq!(invited(&world), ["UDECL", "UOWNER", "UBOSS"]);
    world.end_next("invite", refused("user_not_found"));
    world.settle();
    let (ops, words) = &world.said()[world.said().len() - 1];
    assert!(
        ops == "COPS" && words.contains("user_not_found"),
        "{ops} {words}"
    );
    assert_eq!(invited(&world).len(), 3);
}

#[test]
fn the_details_stand_once_in_the_channel_and_that_one_message_is_pinned() {
    let mut world = World::with_incident();
    let said = world.said();
    let lines = said.iter().filter(|(place, _)| place == "CINC1");
    assert_eq!(lines.count(), 1);
    assert_eq!(world.count("pin"), 1);
    assert!(world.incident().card_ts.is_some());
    world.ask("UDECL", advance(Status::Identified));
    world.settle();
    assert_eq!((world.count("pin"), world.count("update_message")), (1, 1));
}

#[test]
fn the_declarer_gets_one_answer_that_names_the_channel_and_is_invited() {
    let world = World::with_incident();
    let said = world.said();
    let answers: Vec<_> = said.iter().filter(|(to, _)| to == "reply:UDECL").collect();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let words = &answers[0].1;
    assert!(
        words.contains("Creating `#inc-20260301-api`; you'll be invited shortly."),
        "{words}"
    );
    assert!(invited(&world).contains(&"UDECL".to_owned()));
}

#[test]
fn a_name_that_is_taken_gets_the_next_suffix_without_an_upper_bound() {
    let mut world = World::new();
    world.ask("UDECL", declaration(Severity::P1));
    for suffix in 2..150 {
        let planned = world.take("create_channel");
        world.end(&planned, refused("name_taken"));
        // The same receipt again is about a name that is not tried any more.
        world.end(&planned, refused("name_taken"));
        assert_eq!(world.incident().channel_try, suffix);
        assert_eq!(
            world.incident().channel_name,
            format!("inc-20260301-api-{suffix}")
        );
        assert_eq!(
            world
                .outbox
                .iter()
                .filter(|one| one.effect.kind() == "create_channel")
                .count(),
            1
        );
    }
    world.settle();
    assert!(world.incident().channel_id.is_some());
    assert_eq!(world.who_heard("Incident declared").len(), 4);
}

#[test]
fn a_name_that_slack_does_not_like_becomes_the_plainest_one_and_then_is_given_up() {
    let mut world = World::new();
    world.ask("UDECL", declaration(Severity::P2));
    world.end_next("create_channel", refused("invalid_name_specials"));
    assert_eq!(world.incident().channel_name, "inc-20260301-1");
    world.end_next("create_channel", refused("name_taken"));
    assert_eq!(world.incident().channel_name, "inc-20260301-1-2");
    world.end_next("create_channel", refused("invalid_name_specials"));
    assert_eq!(world.count("create_channel"), 3);
    assert_eq!(world.who_heard("Incident declared").len(), 3);
}

#[test]
fn a_channel_that_cannot_be_made_never_leaves_a_mute_incident() {
    for end in [
        refused("restricted_action"),
        End::Parked {
            code: "http_500".into(),
        },
        End::Uncertain {
            code: "timeout".into(),
        },
        End::Dropped { why: "test".into() },
    ] {
        let mut world = World::new();
        world.ask("UDECL", declaration(Severity::P1));
        let planned = world.take("create_channel");
        let decision = world.end(&planned, end);
        let retry = format!("wardroom outbox retry {}", planned.id);
        assert!(answer(&decision).contains(&retry));
        assert_eq!(world.who_heard("Incident declared").len(), 4);
        assert!(world.timers.is_empty(), "it is not late: it does not come");
        // The retry brings the channel, and no target is told twice.
        let well = world.well(&planned.effect);
        world.end(&planned, well);
        world.settle();
        assert_eq!(world.who_heard("Incident declared").len(), 4);
        assert!(world.incident().card_ts.is_some());
    }
}

#[test]
fn a_channel_that_is_late_is_told_of_once_and_does_not_hold_back_the_announcement() {
    let mut world = World::new();
    world.ask("UDECL", declaration(Severity::P1));
    world.pass(60);
    world.timer();
    let again = world.timer();
    assert_eq!(again.outcome, Outcome::Ignored);
    assert_eq!(world.count("ephemeral"), 1);
    assert_eq!(world.who_heard("Incident declared").len(), 4);
    world.settle();
    assert_eq!(world.who_heard("Incident declared").len(), 4);
    let mut quick = World::with_incident();
    assert!(quick.timers.is_empty(), "the timer outlives the channel");
    assert_eq!(quick.timer().outcome, Outcome::Ignored);
}

#[test]
fn what_was_said_before_the_channel_was_there_stands_in_it_once() {
    let mut world = World::new();
    world.ask("UDECL", declaration(Severity::P3));
    let decision = world.ask("UDECL", say("we look at it"));
    assert!(answer(&decision).contains("no channel yet"));
    world.ask("UDECL", advance(Status::Investigating));
    world.settle();
    let said = world.said();
    let channel: Vec<_> = said.iter().filter(|(place, _)| place == "CINC1").collect();
    assert_eq!(channel.len(), 2, "{channel:?}");
    assert!(channel[1].1.contains("we look at it") && channel[1].1.contains("Investigating"));
    assert!(!channel[0].1.contains("we look at it"));
}

#[test]
fn a_card_that_is_out_of_date_when_it_stands_is_edited_at_once() {
    let mut world = World::new();
    world.ask("UDECL", declaration(Severity::P3));
    world.end_next("create_channel", created_channel());
    world.ask("UDECL", advance(Status::Monitoring));
    assert_eq!(
        world.count("update_message"),
        0,
        "there is no card to edit yet"
    );
    world.settle();
    assert_eq!(world.count("update_message"), 1);
}

#[test]
fn a_card_that_was_deleted_is_posted_and_pinned_again() {
    let mut world = World::with_incident();
    world.ask("UDECL", say("words"));
    let planned = world.take("update_message");
    world.end(&planned, refused("message_not_found"));
    world.end(&planned, refused("message_not_found"));
    world.settle();
    assert_eq!(world.count("pin"), 2);
    assert!(world.incident().card_ts.is_some());
}

#[test]
fn an_archived_channel_is_told_of_once_and_the_incident_goes_on() {
    let mut world = World::with_incident();
    let channel = world.incident().channel_id.clone().unwrap();
    world.ask("UDECL", say("still here"));
    for _ in 0..2 {
        world.happens(Event::ChannelClosed {
            channel: channel.clone(),
            how: Closing::Archived,
        });
    }
    world.end_next("post_message", refused("is_archived"));
    world.end_next("update_message", refused("is_archived"));
    world.settle();
    let said = world.said();
    let told: Vec<_> = said.iter().filter(|(to, _)| to == "UDECL").collect();
    // Nothing of the line that was on its way: it is posted when the channel is back.
    assert_eq!(told.len(), 1, "{told:?}");
    let notes = world
        .timeline
        .iter()
        .filter(|entry| entry.kind == TimelineKind::Note);
    assert_eq!(notes.count(), 1);
    let words = answer(&world.ask("UDECL", say("and again")));
    assert!(words.contains("closed"), "{words}");
    world.happens(super::acts::reopened(&channel));
    assert_eq!(world.incident().channel_closed_at, None);
    world.happens(Event::ChannelRenamed {
        channel,
        name: "checkout-fire".into(),
    });
    assert_eq!(world.incident().channel_name, "checkout-fire");
}

#[test]
fn an_archived_channel_whose_event_was_missed_is_noticed_by_the_refusal() {
    let mut world = World::with_incident();
    world.ask("UDECL", say("words"));
    world.end_next("post_message", refused("is_archived"));
    assert!(world.incident().channel_closed_at.is_some());
    assert_eq!(
        world.count("direct_message"),
        2,
        "the announcement's and one"
    );
    let channel = world.incident().channel_id.clone().unwrap();
    let back = world.happens(super::acts::reopened(&channel));
    assert_eq!(back.retries[0].lane, format!("slack:{channel}"));
}

#[test]
fn what_a_closed_channel_refuses_of_an_incident_that_is_over_reaches_its_commander() {
    for code in ["is_archived", "channel_not_found"] {
        let mut world = World::with_incident();
        world.settle();
        world.ask("UDECL", Act::Resolve { note: None });
        let line = world.take("post_message");
        let before = world.said().len();
        world.end(&line, refused(code));
        let said = world.said();
        let [(to, words)] = &said[before..] else {
            panic!("{said:?}")
        };
        assert_eq!(to, "reply:UDECL");
        assert!(words.contains("couldn't be posted there"), "{words}");
        let promised = words.contains("will be posted");
        assert_eq!(promised, code == "is_archived", "{words}");
    }
}

#[test]
fn a_file_that_a_closed_channel_refuses_after_the_end_is_told_with_the_command_that_retries() {
    let mut world = World::with_incident();
    world.settle();
    world.ask("UDECL", Act::Resolve { note: None });
    world.settle();
    world.ask("UDECL", Act::Postmortem);
    world.end_next("stage_file", super::words_said::uploaded());
    let file = world.take("share_file");
    let before = world.said().len();
    world.end(&file, refused("is_archived"));
    let said = world.said();
    let [(to, words)] = &said[before..] else {
        panic!("{said:?}")
    };
    assert_eq!(to, "reply:UDECL");
    let again = format!("wardroom outbox retry {}", file.id);
    assert!(words.contains(&again), "{words}");
}

#[test]
fn a_channel_without_a_workspace_names_the_key_to_set() {
    let mut world = World::new();
    world.ask("UDECL", declaration(Severity::P1));
    world.end_next("create_channel", refused("no_workspace"));
    let said = world.said();
    let of_it = |(to, words): &&(String, String)| {
        to == "reply:UDECL" && words.contains("`slack.workspace`")
    };
    assert!(said.iter().any(|one| of_it(&one)), "{said:?}");
}

#[test]
fn another_channels_archive_is_not_the_incidents() {
    let mut world = World::with_incident();
    world.happens(Event::ChannelClosed {
        channel: channel("CENG"),
        how: Closing::Archived,
    });
    assert_eq!(world.incident().channel_closed_at, None);
}

#[test]
fn what_is_parked_reaches_the_person_responsible_with_the_command_that_retries() {
    let mut world = World::with_incident();
    world.ask("UDECL", say("words"));
    let planned = world.take("post_message");
    let parked = End::Parked {
        code: "http_500".into(),
    };
    let decision = world.end(&planned, parked);
    let Effect::Slack(Slack::Reply { to, message }) = &decision.effects[0].effect else {
        panic!("{decision:?}")
    };
    assert_eq!(to.person, person("UDECL"));
    assert!(whole(message).contains(&format!("wardroom outbox retry {}", planned.id)));
}

#[test]
fn an_answer_that_finds_no_way_takes_the_next_one() {
    let mut world = World::with_incident();
    world.ask("UDECL", Act::Help { verb: None });
    world.end_next("reply", refused("used_url"));
    world.end_next("ephemeral", refused("user_not_in_channel"));
    let dm = world.take("direct_message");
    assert!(
        matches!(&dm.effect, Effect::Slack(Slack::DirectMessage { person: to, .. }) if *to == person("UDECL"))
    );
    world.end(&dm, refused("cannot_dm_bot"));
    let planned = world.take("post_message");
    assert_eq!(
        super::words_said::channel_of(&planned),
        Some(&channel("COPS"))
    );
    world.end(&planned, refused("is_archived"));
    let admin = world.take("direct_message");
    assert!(
        matches!(&admin.effect, Effect::Slack(Slack::DirectMessage { person: to, .. }) if *to == person("UADMIN"))
    );
    let last = world.end(&admin, refused("user_not_found"));
    assert_eq!(last.outcome, Outcome::Ignored, "it must end somewhere");
}

#[test]
fn a_command_that_was_put_aside_is_answered_with_the_command_that_replays_it() {
    let mut world = World::new();
    let signal = SignalId(uuid::Uuid::from_u128(77));
    for reply_to in [
        Some(ReplyTo {
            person: person("UDECL"),
            channel: None,
            response_url: None,
            asked_at: world.now,
        }),
        None,
    ] {
        let place = if reply_to.is_some() { "UDECL" } else { "COPS" };
        let decision = world.happens(Event::Parked(ParkedRow {
            signal,
            effect: None,
            area: None,
            what: "slack command".into(),
            reply_to,
        }));
        let (to, words) = super::words_said::said(&decision.effects[0].effect).unwrap();
        assert_eq!(to, place);
        assert!(
            words.contains(&format!("wardroom inbox replay {signal}")),
            "{words}"
        );
    }
}

#[test]
fn a_press_on_an_old_button_meets_the_same_refusal() {
    let mut world = World::with_incident();
    let (act, target) = crate::domain::incident::buttons::act_of_button("resolved", "1").unwrap();
    assert_eq!(target, Some(IncidentRef::Number(1)));
    let stranger = world.ask_about("USTRANGER", act.clone(), target.clone());
    assert_eq!(stranger.outcome, Outcome::Refused);
    let first = world.ask_about("UDECL", act.clone(), target.clone());
    assert_eq!(first.outcome, Outcome::Done);
    world.ask("UDECL", super::memory::resolve());
    let late = world.ask_about("UDECL", act, target);
    assert_eq!(late.outcome, Outcome::Refused);
}

pub(super) fn created_channel() -> End {
    End::Done(Answer::Slack(slack::Answer::Channel {
        id: channel("CINC1"),
        name: "inc-20260301-api".into(),
    }))
}
