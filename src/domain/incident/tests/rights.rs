//! Who may do what, and in which order a no is said.

use super::memory::{World, advance, declaration, lead, resolve, say, severity};
use super::words_said::answer;
use crate::domain::decision::{AuditOutcome, Outcome};
use crate::domain::incident::Role;
use crate::domain::incident::act::{Act, IncidentRef};
use crate::domain::incident::fixtures::{channel, person};
use crate::domain::incident::{Severity, Status};

#[test]
fn only_the_commander_and_admins_change_an_incident_and_all_may_read_it() {
    for act in [
        say("words"),
        advance(Status::Investigating),
        severity(Severity::P1),
        lead("UBEA"),
        resolve(),
    ] {
        for (who, outcome) in [
            ("UDECL", Outcome::Done),
            ("UADMIN", Outcome::Done),
            ("USTRANGER", Outcome::Refused),
        ] {
            let mut world = World::with_incident();
            let decision = world.ask(who, act.clone());
            assert_eq!(decision.outcome, outcome, "{who} {act:?}");
            let audited = world.audit.last().unwrap();
            assert_eq!(audited.by.person(), Some(&person(who)));
            let refused = audited.outcome == AuditOutcome::Refused;
            assert_eq!(refused, outcome == Outcome::Refused);
            if refused {
                assert!(
                    answer(&decision).contains("UDECL"),
                    "whom to ask is not said"
                );
            }
        }
    }
    for act in [
        Act::Menu,
        Act::Timeline,
        Act::List,
        Act::Help { verb: None },
    ] {
        let mut world = World::with_incident();
        let decision = world.ask("USTRANGER", act);
        assert_eq!(decision.outcome, Outcome::Done);
        assert_eq!((decision.changes, decision.audit), (vec![], vec![]));
    }
}

#[test]
fn an_absent_commander_blocks_no_incident() {
    let mut world = World::with_incident();
    world.ask("UADMIN", lead("UBEA"));
    assert_eq!(world.incident().commander, Some(person("UBEA")));
    let decision = world.ask("UBEA", resolve());
    assert_eq!(decision.outcome, Outcome::Done);
    assert_eq!(world.incident().status, Status::Resolved);
}

#[test]
fn without_a_commander_any_person_may_take_the_lead_but_not_give_it_away() {
    let mut world = World::new();
    world.ask_by_api(declaration(Severity::P2), None);
    let decision = world.ask("UBEA", resolve());
    assert_eq!(decision.outcome, Outcome::Refused);
    assert!(answer(&decision).contains("assign commander @you"));
    assert_eq!(world.ask("UBEA", lead("UCARL")).outcome, Outcome::Refused);
    assert_eq!(world.ask("UBEA", lead("UBEA")).outcome, Outcome::Done);
    assert_eq!(world.ask("UBEA", resolve()).outcome, Outcome::Done);
}

#[test]
fn a_stranger_is_told_that_it_is_over_rather_than_that_they_lack_a_right() {
    let mut world = World::with_incident();
    world.ask("UDECL", resolve());
    let decision = world.ask("USTRANGER", resolve());
    let words = answer(&decision);
    assert!(
        words.contains("resolved") && words.contains("UDECL"),
        "{words}"
    );
}

#[test]
fn a_command_outside_an_incident_channel_offers_the_open_incidents_and_never_a_dead_end() {
    let mut world = World::new();
    for _ in 0..7 {
        world.ask("UDECL", declaration(Severity::P3));
    }
    for target in [
        None,
        Some(IncidentRef::Number(99)),
        Some(IncidentRef::Channel(channel("CELSE"))),
    ] {
        let decision = world.ask_about("UDECL", resolve(), target.clone());
        assert_eq!(decision.outcome, Outcome::Refused);
        let words = answer(&decision);
        for number in 3..=7 {
            assert!(words.contains(&format!("[#{number} ")), "{words}");
        }
        assert!(!words.contains("[#2 "), "more than five are offered");
        let typed = answer(&world.ask_about("UDECL", say("we know"), target));
        assert!(typed.contains("[#7 "), "{typed}");
        assert_eq!(
            typed.matches("we know").count(),
            1,
            "the words, once: {typed}"
        );
    }
    let mut empty = World::new();
    let words = answer(&empty.ask_about("UDECL", resolve(), None));
    assert!(words.contains("/incident declare"), "{words}");
}

#[test]
fn a_postmortem_is_offered_of_what_was_resolved_lately_and_a_timeline_of_all() {
    let mut world = World::new();
    for _ in 0..3 {
        world.ask("UDECL", declaration(Severity::P3));
    }
    for number in [1, 2] {
        world.ask_about("UDECL", resolve(), Some(IncidentRef::Number(number)));
        world.pass(8 * 24 * 3600);
    }
    let postmortem = answer(&world.ask_about("UDECL", Act::Postmortem, None));
    assert!(postmortem.contains("[#2 "), "{postmortem}");
    assert!(!postmortem.contains("[#1 "), "too long ago: {postmortem}");
    assert!(!postmortem.contains("[#3 "), "it goes on: {postmortem}");
    let timeline = answer(&world.ask_about("UDECL", Act::Timeline, None));
    assert!(timeline.find("[#3 ") < timeline.find("[#2 "), "{timeline}");
    let none = answer(&World::new().ask_about("UDECL", Act::Postmortem, None));
    assert!(none.contains("/incident resolved"), "{none}");
}

#[test]
fn the_open_ones_are_listed_first_and_a_list_that_is_cut_says_so() {
    let mut world = World::new();
    world.ask("UDECL", declaration(Severity::P3));
    let all = answer(&world.ask("UDECL", Act::List));
    assert!(!all.contains(" more "), "{all}");
    for number in 2..=60 {
        world.ask("UDECL", declaration(Severity::P3));
        world.ask_about("UDECL", resolve(), Some(IncidentRef::Number(number)));
    }
    let cut = answer(&world.ask("UDECL", Act::List));
    assert!(
        cut.contains("#1 🟡 P3") && cut.contains("9 more not shown"),
        "{cut}"
    );
}

#[test]
fn an_incident_asked_for_outside_its_channel_links_to_its_channel() {
    let mut world = World::with_incident();
    let words = answer(&world.ask("UREADER", Act::Menu));
    assert!(words.contains("Channel: #CINC1"), "{words}");
}

#[test]
fn words_that_were_typed_in_vain_come_back_once_to_be_copied() {
    let mut world = World::with_incident();
    let words = answer(&world.ask("USTRANGER", say("the cache is cold")));
    assert_eq!(words.matches("the cache is cold").count(), 1, "{words}");
}

#[test]
fn a_role_that_the_person_has_already_is_refused() {
    let mut world = World::with_incident();
    let decision = world.ask("UDECL", lead("UDECL"));
    assert_eq!(decision.outcome, Outcome::Refused);
    assert!(answer(&decision).contains("already"));
    let invites = world.count("invite");
    world.ask(
        "UDECL",
        Act::Assign {
            role: Role::Scribe,
            person: person("UNEW"),
        },
    );
    assert_eq!(world.incident().scribe, Some(person("UNEW")));
    assert_eq!(world.count("invite"), invites + 1);
    let line = answer(&world.ask("UDECL", Act::Timeline));
    assert!(line.contains("scribe is now @UNEW"), "{line}");
}

#[test]
fn comms_and_the_scribe_may_post_updates_and_nothing_else() {
    for role in [Role::Comms, Role::Scribe] {
        let mut world = World::with_incident();
        let person = person("UNEW");
        world.ask("UDECL", Act::Assign { role, person });
        assert_eq!(world.ask("UNEW", say("words")).outcome, Outcome::Done);
        assert_eq!(
            world.ask("USTRANGER", say("words")).outcome,
            Outcome::Refused
        );
        for act in [
            advance(Status::Investigating),
            severity(Severity::P1),
            lead("UNEW"),
            resolve(),
        ] {
            assert_eq!(world.ask("UNEW", act).outcome, Outcome::Refused);
        }
    }
}

#[test]
fn a_menu_offers_what_can_be_done_now_by_the_one_who_asks() {
    let offers = |world: &mut World, who: &str| answer(&world.ask(who, Act::Menu));
    let changes = ["[Investigating]", "[Resolve]", "severity", "assign"];
    let mut world = World::with_incident();
    let role = Role::Scribe;
    let person = person("USCRIBE");
    world.ask("UDECL", Act::Assign { role, person });
    for (who, update, others) in [
        ("UDECL", true, true),
        ("UADMIN", true, true),
        ("USCRIBE", true, false),
        ("UREADER", false, false),
    ] {
        let menu = offers(&mut world, who);
        assert!(menu.contains("[Timeline]"), "{who}: {menu}");
        assert_eq!(
            menu.contains("/incident #1 status"),
            update,
            "{who}: {menu}"
        );
        for change in changes {
            assert_eq!(menu.contains(change), others, "{who}, {change}: {menu}");
        }
    }
    world.ask("UDECL", resolve());
    let menu = offers(&mut world, "UDECL");
    assert!(menu.contains("[Postmortem]"), "{menu}");
    for change in changes.into_iter().chain(["status"]) {
        assert!(!menu.contains(change), "{change}: {menu}");
    }
}

#[test]
fn a_choice_offers_only_incidents_to_which_it_can_be_done() {
    let mut world = World::new();
    for who in ["UDECL", "UBEA", "UDECL"] {
        world.ask(who, declaration(Severity::P3));
    }
    world.ask_about(
        "UDECL",
        advance(Status::Identified),
        Some(IncidentRef::Number(3)),
    );
    let offered = |world: &mut World, who: &str, act: Act| -> Vec<i64> {
        let words = answer(&world.ask_about(who, act, None));
        let numbers = 1..=3;
        numbers
            .filter(|n| words.contains(&format!("[#{n} ")))
            .collect()
    };
    assert_eq!(offered(&mut world, "UDECL", resolve()), [1, 3]);
    assert_eq!(offered(&mut world, "UBEA", resolve()), [2]);
    assert_eq!(offered(&mut world, "UADMIN", resolve()), [1, 2, 3]);
    assert_eq!(
        offered(&mut world, "UDECL", advance(Status::Identified)),
        [1]
    );
    assert!(offered(&mut world, "UADMIN", severity(Severity::P3)).is_empty());
    assert_eq!(offered(&mut world, "UREADER", Act::Timeline), [1, 2, 3]);
    let none = answer(&world.ask_about("UREADER", resolve(), None));
    assert!(
        none.contains("/incident list") && !none.contains("No open"),
        "{none}"
    );
}
