//! Who may do what, and in which order a no is said.

use super::memory::{World, advance, declaration, resolve, say, severity};
use super::words_said::answer;
use crate::domain::act::{Act, IncidentRef, Role};
use crate::domain::decision::Outcome;
use crate::domain::incident::fixtures::{channel, person};
use crate::domain::incident::{AuditOutcome, Severity, Status};

fn lead(who: &str) -> Act {
    Act::Assign {
        role: Role::Commander,
        person: person(who),
    }
}

#[test]
fn only_the_commander_and_admins_change_an_incident_and_anybody_may_read_it() {
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
        assert!(decision.changes.is_empty());
    }
}

#[test]
fn an_absent_commander_blocks_nobody() {
    let mut world = World::with_incident();
    world.ask("UADMIN", lead("UBEA"));
    assert_eq!(world.incident().commander, Some(person("UBEA")));
    let decision = world.ask("UBEA", resolve());
    assert_eq!(decision.outcome, Outcome::Done);
    assert_eq!(world.incident().status, Status::Resolved);
}

#[test]
fn where_nobody_leads_anybody_may_take_the_lead_but_not_give_it_away() {
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
fn a_command_elsewhere_offers_the_open_incidents_and_never_a_dead_end() {
    let mut world = World::new();
    for _ in 0..7 {
        world.ask("UDECL", declaration(Severity::P3));
    }
    for target in [
        None,
        Some(IncidentRef::Number(99)),
        Some(IncidentRef::Room(channel("CELSE"))),
    ] {
        let decision = world.ask_about("UDECL", resolve(), target.clone());
        assert_eq!(decision.outcome, Outcome::Refused);
        let words = answer(&decision);
        for number in 3..=7 {
            assert!(words.contains(&format!("[#{number} ")), "{words}");
        }
        assert!(!words.contains("[#2 "), "more than five are offered");
        let typed = answer(&world.ask_about("UDECL", say("we know"), target));
        assert!(typed.contains("/incident #7 status we know"), "{typed}");
    }
    let mut empty = World::new();
    let words = answer(&empty.ask_about("UDECL", resolve(), None));
    assert!(words.contains("/incident declare"), "{words}");
}

#[test]
fn a_role_that_somebody_has_already_is_said_so() {
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
