//! Who is told, of what, how often.

use super::memory::{World, advance, declaration, refused, resolve, say, severity};
use super::words_said::said;
use crate::domain::incident::Role;
use crate::domain::incident::act::Act;
use crate::domain::incident::case::Decision;
use crate::domain::incident::fixtures::{channel, person};
use crate::domain::incident::{NotificationStatus, Severity, Status};
use crate::domain::signal::End;

#[test]
fn a_declaration_is_told_to_its_route_and_to_the_services_channels_each_once() {
    for (severity, heard) in [
        (Severity::P1, &["CALL", "CTEAM", "UBOSS", "UOWNER"][..]),
        (Severity::P2, &["CENG", "UBOSS", "CTEAM"]),
        (Severity::P3, &["CTEAM"]),
        (Severity::P4, &["CTEAM"]),
    ] {
        let mut world = World::new();
        world.ask("UDECL", declaration(severity));
        assert!(
            world.announced().is_empty(),
            "told before the channel is there"
        );
        world.settle();
        assert_eq!(world.who_heard("Incident declared"), heard, "{severity}");
    }
}

#[test]
fn one_target_that_fails_stops_no_other_and_those_who_run_this_hear_of_it() {
    let mut world = World::new();
    world.ask("UDECL", declaration(Severity::P1));
    world.end_next("create_channel", created_channel());
    let first = world.outbox.iter().position(|one| {
        super::words_said::channel_of(one).is_some_and(|channel| channel.as_str() == "CALL")
    });
    let failing = world.outbox.remove(first.unwrap());
    world.end(&failing, refused("not_in_channel"));
    world.settle();
    assert_eq!(
        world.who_heard("Incident declared"),
        ["CTEAM", "UBOSS", "UOWNER"]
    );
    let row = &world.notifications[0];
    assert_eq!(row.status, NotificationStatus::Failed);
    assert_eq!(row.error.as_deref(), Some("not_in_channel"));
    let said = world.said();
    let ops: Vec<_> = said.iter().filter(|(place, _)| place == "COPS").collect();
    assert_eq!(ops.len(), 1);
    assert!(ops[0].1.contains("wardroom outbox retry"), "{ops:?}");
}

#[test]
fn a_fall_in_severity_is_no_escalation() {
    for (from, to, heard) in [
        (Severity::P1, Severity::P2, &[][..]),
        (Severity::P1, Severity::P4, &[]),
        (Severity::P4, Severity::P3, &[]),
        (Severity::P3, Severity::P2, &["CENG", "UBOSS", "CTEAM"]),
        (
            Severity::P2,
            Severity::P1,
            &["CALL", "CTEAM", "UBOSS", "UOWNER"],
        ),
    ] {
        let mut world = World::new();
        world.ask("UDECL", declaration(from));
        world.settle();
        world.pass(301);
        world.ask("UDECL", severity(to));
        world.settle();
        assert_eq!(world.who_heard("Incident raised"), heard, "{from} to {to}");
    }
}

#[test]
fn who_heard_the_declaration_hears_the_resolution_whatever_the_severity_is_by_then() {
    let mut world = World::new();
    world.ask("UDECL", declaration(Severity::P1));
    world.settle();
    world.ask("UDECL", severity(Severity::P4));
    world.ask("UDECL", resolve());
    world.settle();
    let heard = world.who_heard("Resolved");
    assert_eq!(heard, world.who_heard("Incident declared"));
    let said = world.said();
    let end = said
        .iter()
        .find(|(to, words)| to == "CALL" && words.contains("Resolved"));
    assert!(end.unwrap().1.contains("#CINC1"), "it links to the channel");
    assert_eq!(heard, ["CALL", "CTEAM", "UBOSS", "UOWNER"]);
}

#[test]
fn a_person_gets_one_direct_message_in_five_minutes_but_always_the_resolution() {
    for (seconds, again) in [(1, false), (299, false), (300, true)] {
        let mut world = World::with_incident();
        world.pass(seconds);
        world.ask("UDECL", severity(Severity::P1));
        world.settle();
        let heard = world.who_heard("Incident raised");
        assert_eq!(heard.contains(&"UBOSS".to_owned()), again, "{seconds}");
        assert!(
            heard.contains(&"UOWNER".to_owned()),
            "who heard nothing yet is told"
        );
        assert!(
            heard.contains(&"CTEAM".to_owned()),
            "channels are not throttled"
        );
        let held = world.notifications.iter();
        let held = held.filter(|row| row.status == NotificationStatus::Throttled);
        assert_eq!(held.count(), usize::from(!again));
        world.ask("UDECL", resolve());
        world.settle();
        assert!(world.who_heard("Resolved").contains(&"UBOSS".to_owned()));
    }
}

#[test]
fn who_could_not_be_told_of_the_fire_is_not_told_that_it_is_out() {
    let mut world = World::new();
    world.ask("UDECL", declaration(Severity::P2));
    world.end_next("create_channel", created_channel());
    world.end_next("direct_message", refused("user_not_found"));
    world.settle();
    world.ask("UDECL", resolve());
    world.settle();
    assert_eq!(world.who_heard("Resolved"), ["CENG", "CTEAM"]);
}

#[test]
fn an_announcement_that_cannot_be_looked_up_is_repeated_once_and_says_so() {
    let mut world = World::new();
    world.ask("UDECL", declaration(Severity::P2));
    world.end_next("create_channel", created_channel());
    let uncertain = || End::Uncertain {
        code: "timeout".into(),
    };
    let planned = world.take("direct_message");
    world.end(&planned, uncertain());
    world.end(&planned, uncertain());
    let repeated = world.take("direct_message");
    world.end(&repeated, uncertain());
    world.settle();
    assert_eq!(world.who_heard("(repeated) Incident declared"), ["UBOSS"]);
    world.ask("UDECL", resolve());
    world.settle();
    assert_eq!(world.who_heard("Resolved"), ["CENG", "UBOSS", "CTEAM"]);
}

fn created_channel() -> End {
    let mut world = World::new();
    world.ask("UDECL", declaration(Severity::P1));
    let planned = world.take("create_channel");
    world.well(&planned.effect)
}

#[test]
fn a_change_in_the_incidents_channel_is_answered_by_its_line_and_one_outside_it_by_a_link() {
    let scribe = || Act::Assign {
        role: Role::Scribe,
        person: person("UNEW"),
    };
    for act in [
        say("words"),
        advance(Status::Identified),
        severity(Severity::P1),
        scribe(),
        resolve(),
    ] {
        let own = channel("CINC1");
        let mut world = World::with_incident();
        let here = world.ask_in(&own, "UDECL", act.clone());
        let there = World::with_incident().ask("UDECL", act);
        let whispers = |decision: &Decision| -> Vec<String> {
            let effects = decision.effects.iter();
            let words = effects.filter_map(|one| said(&one.effect));
            let alone = words.filter(|(to, _)| to.starts_with("reply:"));
            alone.map(|(_, words)| words).collect()
        };
        assert_eq!(whispers(&here), [""; 0]);
        let [link] = &whispers(&there)[..] else {
            panic!("{there:?}")
        };
        assert!(
            link.contains("#CINC1") && link.lines().count() == 2,
            "{link}"
        );
        let lines = |decision: &Decision| {
            let effects = decision.effects.iter();
            let lines = effects.filter(|one| {
                super::words_said::channel_of(one) == Some(&own)
                    && one.effect.kind() == "post_message"
            });
            lines.count()
        };
        assert_eq!((lines(&here), lines(&there)), (1, 1));
    }
}

#[test]
fn who_changed_something_hears_when_its_line_could_not_be_posted() {
    let mut world = World::with_incident();
    world.settle();
    let own = channel("CINC1");
    world.ask_in(&own, "UADMIN", say("words"));
    let line = world.take("post_message");
    world.end(&line, refused("restricted_action"));
    let (to, words) = world.said().pop().unwrap();
    assert_eq!(to, "reply:UADMIN");
    assert!(words.contains("wardroom outbox retry"), "{words}");
    // A channel that is closed is told to the commander, and to the person who said it.
    world.ask_in(&own, "UADMIN", say("more"));
    let line = world.take("post_message");
    world.end(&line, refused("is_archived"));
    let said = world.said();
    for to in ["UDECL", "reply:UADMIN"] {
        let last = said.iter().rfind(|(place, _)| place == to).unwrap();
        assert!(last.1.contains("channel"), "{said:?}");
    }
}
