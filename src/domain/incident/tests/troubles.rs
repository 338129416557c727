//! What goes wrong reaches a person: an answer by the next way, a report whom it concerns, a channel
//! that is closed and who leads it.

use super::channels::created_channel;
use super::memory::{World, declaration, refused, resolve, say};
use crate::domain::decision::Outcome;
use crate::domain::incident::Role;
use crate::domain::incident::act::Act;
use crate::domain::incident::fixtures::{channel, person};
use crate::domain::incident::{Closing, Event, Severity};
use crate::domain::signal::End;

#[test]
fn an_uncertain_answer_is_given_once_more_by_the_next_way() {
    let uncertain = || End::Uncertain {
        code: "timeout".into(),
    };
    let mut world = World::with_incident();
    world.ask("UDECL", Act::Help { verb: None });
    world.end_next("reply", uncertain());
    world.end_next("ephemeral", uncertain());
    let planned = world.take("direct_message");
    let last = world.end(&planned, uncertain());
    assert_eq!(last.outcome, Outcome::Ignored);
}

#[test]
fn without_a_channel_of_those_who_run_this_the_first_admin_hears_what_is_parked() {
    let parked = || End::Parked {
        code: "http_500".into(),
    };
    let told = |world: &World| {
        let (to, words) = world.said().pop().expect("a person is told");
        assert!(words.contains("wardroom outbox retry"), "{words}");
        (to, words)
    };
    let mut world = World::with_incident();
    world.rules.ops_channel = None;
    world.ask("UDECL", resolve());
    world.end_next("update_component", refused("not_found"));
    let (to, words) = told(&world);
    assert_eq!(to, "UADMIN");
    assert!(words.contains("(api)"), "the service is named: {words}");

    // Declared by the API, it has no commander.
    let mut world = World::new();
    world.rules.ops_channel = None;
    world.ask_by_api(declaration(Severity::P4), None);
    world.end_next("create_channel", created_channel());
    world.end_next("post_message", parked());
    assert_eq!(told(&world).0, "UADMIN");

    let mut world = World::with_incident();
    world.rules.ops_channel = None;
    world.rules.admins.push(person("USECOND"));
    world.ask("UADMIN", Act::Help { verb: None });
    for kind in ["reply", "ephemeral", "direct_message"] {
        world.end_next(kind, parked());
    }
    assert_eq!(told(&world).0, "USECOND", "further down, never up again");
}

#[test]
fn a_card_or_a_draft_that_may_not_be_posted_is_reported() {
    let uncertain = || End::Uncertain {
        code: "missing_scope".into(),
    };
    let mut world = World::new();
    world.ask("UDECL", declaration(Severity::P4));
    world.end_next("create_channel", created_channel());
    world.end_next("post_message", uncertain());
    let (to, words) = world.said().pop().unwrap();
    assert_eq!(to, "UDECL");
    assert!(words.contains("post the card") && words.contains("If it's missing"));

    let mut world = World::with_incident();
    world.ask("UDECL", resolve());
    world.settle();
    world.ask("UREADER", Act::Postmortem);
    world.end_next("stage_file", super::words_said::uploaded());
    world.end_next("share_file", uncertain());
    let (to, words) = world.said().pop().unwrap();
    assert_eq!(to, "reply:UREADER", "who asked for it: {words}");
}

#[test]
fn who_gave_a_role_to_a_person_who_cannot_come_hears_it() {
    let mut world = World::with_incident();
    world.ask(
        "UADMIN",
        Act::Assign {
            role: Role::Comms,
            person: person("UBOT"),
        },
    );
    let kinds: Vec<_> = world.outbox.iter().map(|one| one.effect.kind()).collect();
    assert_eq!(
        kinds[0], "invite",
        "asked in before they are named: {kinds:?}"
    );
    world.end_next("invite", refused("cant_invite"));
    let (to, words) = world.said().pop().unwrap();
    assert_eq!(to, "reply:UADMIN");
    assert!(words.contains("/incident #1 assign comms"), "{words}");
    // A second role, and the channel is archived: they hear it directly.
    let channel = world.incident().channel_id.clone().unwrap();
    world.happens(Event::ChannelClosed {
        channel,
        how: Closing::Archived,
    });
    let invited = world.count("invite");
    world.ask(
        "UADMIN",
        Act::Assign {
            role: Role::Scribe,
            person: person("UBEA"),
        },
    );
    assert_eq!(world.count("invite"), invited);
    assert!(world.said().iter().any(|(to, _)| to == "UBEA"));
}

#[test]
fn a_channel_that_is_gone_is_not_called_archived() {
    for (event, code) in [(true, ""), (false, "channel_not_found")] {
        let mut world = World::with_incident();
        let channel = world.incident().channel_id.clone().unwrap();
        if event {
            let how = Closing::Gone;
            world.happens(Event::ChannelClosed { channel, how });
        } else {
            world.ask("UDECL", say("words"));
            world.end_next("post_message", refused(code));
        }
        let (to, words) = world.said().pop().unwrap();
        assert_eq!(to, "UDECL");
        assert!(
            words.contains("is gone") && !words.contains("unarchive"),
            "{words}"
        );
    }
}

#[test]
fn a_channel_that_slack_moves_stays_the_incidents() {
    let mut world = World::with_incident();
    let from = world.incident().channel_id.clone().unwrap();
    world.happens(Event::ChannelMoved {
        from,
        to: channel("CNEW"),
    });
    world.ask("UDECL", say("still here"));
    assert_eq!(
        super::words_said::channel_of(&world.take("post_message")),
        Some(&channel("CNEW"))
    );
}

#[test]
fn nothing_is_posted_in_an_archived_channel_and_it_stands_there_once_it_is_back() {
    let mut world = World::with_incident();
    let channel = world.incident().channel_id.clone().unwrap();
    world.happens(Event::ChannelClosed {
        channel: channel.clone(),
        how: Closing::Archived,
    });
    world.settle();
    world.pass(60);
    world.ask("UDECL", say("meanwhile"));
    let kinds: Vec<_> = world.outbox.iter().map(|one| one.effect.kind()).collect();
    assert_eq!(kinds, ["reply"]);
    world.happens(Event::ChannelReopened { channel });
    let (to, words) = world.said().pop().unwrap();
    assert!(
        to == "CINC1" && words.contains("meanwhile"),
        "{to}: {words}"
    );
}

#[test]
fn reports_that_reach_no_person_come_to_an_end() {
    let mut world = World::with_incident();
    // Who leads is the only admin, and neither they nor any channel can be reached.
    let lead = Act::Assign {
        role: Role::Commander,
        person: person("UADMIN"),
    };
    world.ask("UADMIN", lead);
    const WORDS: [&str; 4] = ["post_message", "direct_message", "reply", "ephemeral"];
    for step in 0.. {
        assert!(
            step < 60,
            "a person is still told: {:?}",
            world.said().last()
        );
        let kinds = world.outbox.iter().map(|one| one.effect.kind());
        let mut words = kinds.filter(|kind| WORDS.contains(kind));
        let Some(kind) = words.next() else { break };
        world.end_next(kind, refused("restricted_action"));
    }
    assert!(world.said().iter().any(|(to, _)| to == "UADMIN"));
}
