//! Forward only, to one end, told once.

use super::memory::{World, advance, resolve, say, severity};
use super::words_said::{answer, whole};
use crate::domain::decision::Outcome;
use crate::domain::effect::Effect;
use crate::domain::effect::slack::Effect as Slack;
use crate::domain::incident::act::Act;
use crate::domain::incident::fixtures::person;
use crate::domain::incident::{Severity, Status, TimelineKind};

#[test]
fn an_incident_moves_forward_only() {
    let steps = [
        Status::Investigating,
        Status::Identified,
        Status::Monitoring,
    ];
    for from in [Status::Declared].into_iter().chain(steps) {
        for to in steps {
            let mut world = World::with_incident();
            if from != Status::Declared {
                world.ask("UDECL", advance(from));
            }
            let decision = world.ask("UDECL", advance(to));
            let moves = to > from;
            let outcome = if moves {
                Outcome::Done
            } else {
                Outcome::Refused
            };
            assert_eq!(decision.outcome, outcome, "{from} to {to}");
            assert_eq!(world.incident().status, if moves { to } else { from });
            if !moves {
                assert!(answer(&decision).contains(from.as_str()));
            }
        }
    }
}

#[test]
fn words_that_were_typed_in_vain_come_back_to_be_copied() {
    let words = || Some("it was the disk".into());
    for act in [
        Act::Update {
            text: "it was the disk".into(),
            unless_last: false,
        },
        Act::Advance {
            to: Status::Monitoring,
            text: words(),
        },
        Act::SetSeverity {
            to: Severity::P1,
            reason: words(),
        },
        Act::Resolve { note: words() },
    ] {
        let mut world = World::with_incident();
        let refused = world.ask("USTRANGER", act);
        assert_eq!(refused.outcome, Outcome::Refused);
        let told = answer(&refused);
        assert!(told.contains("What you typed:\nit was the disk"), "{told}");
    }
}

#[test]
fn two_people_resolving_at_once_end_it_once_and_the_second_hears_by_whom() {
    let mut world = World::with_incident();
    world.ask("UDECL", resolve());
    let first = world.incident().clone();
    world.pass(5);
    let second = world.ask("UADMIN", resolve());
    assert!(answer(&second).contains("@UDECL"), "{}", answer(&second));
    assert_eq!(*world.incident(), first);
    let ends = world.timeline.iter();
    let ends = ends.filter(|entry| entry.kind == TimelineKind::Resolved);
    assert_eq!(ends.count(), 1);
    let heard = world.who_heard("Resolved");
    assert_eq!(heard, ["CENG", "UBOSS", "CTEAM"]);
}

#[test]
fn nothing_changes_after_the_end() {
    let mut world = World::with_incident();
    world.ask("UDECL", resolve());
    let (before, lines) = (world.incident().clone(), world.timeline.len());
    for act in [
        say("more"),
        severity(Severity::P1),
        advance(Status::Monitoring),
        resolve(),
    ] {
        let decision = world.ask("UADMIN", act);
        assert_eq!(decision.outcome, Outcome::Refused);
    }
    assert_eq!(*world.incident(), before);
    assert_eq!(world.timeline.len(), lines);
}

#[test]
fn an_updates_words_are_posted_once_in_the_incidents_channel() {
    let mut world = World::with_incident();
    let words = "The rollback <!channel> *has* begun";
    world.ask("UDECL", say(words));
    world.settle();
    let said = world.said();
    let lines = said.iter().filter(|(_, text)| text.contains(words));
    assert_eq!(
        lines.map(|(place, _)| &**place).collect::<Vec<_>>(),
        ["CINC1"]
    );
    // The card was brought up to date, and does not say them again.
    assert_eq!(world.count("update_message"), 1);
    let card = whole(&crate::domain::incident::card::card(world.incident()));
    assert!(
        card.contains("Last update") && !card.contains("rollback"),
        "{card}"
    );
}

#[test]
fn the_status_page_is_brought_up_to_date_by_every_change_that_it_shows() {
    for (act, shows) in [
        (severity(Severity::P1), 1),
        (advance(Status::Monitoring), 1),
        (resolve(), 1),
        (say("words"), 0),
        // A P2 that is investigated shows as it did.
        (advance(Status::Investigating), 0),
    ] {
        let mut world = World::with_incident();
        let before = world.count("update_component");
        world.ask("UDECL", act);
        assert_eq!(world.count("update_component") - before, shows);
    }
}

#[test]
fn a_timeline_of_several_days_has_full_dates_and_is_for_the_one_who_asks() {
    let mut world = World::with_incident();
    world.ask("UDECL", say("day one"));
    world.pass(3 * 86_400);
    world.ask("UDECL", say("day four"));
    world.settle();
    let decision = world.ask("USTRANGER", Act::Timeline);
    assert_eq!(decision.effects.len(), 1);
    let words = answer(&decision);
    for line in [
        "2026-03-01 12:00:00 UTC day one",
        "2026-03-04 12:00:00 UTC day four",
    ] {
        assert!(words.contains(line), "{words}");
    }
}

#[test]
fn a_postmortem_waits_for_the_end_and_comes_once_as_a_file_in_the_channel() {
    let mut world = World::with_incident();
    let early = world.ask("USTRANGER", Act::Postmortem);
    assert_eq!(early.outcome, Outcome::Refused);
    assert!(answer(&early).contains("resolved"));
    world.ask("UDECL", resolve());
    assert_eq!(
        world.ask("USTRANGER", Act::Postmortem).outcome,
        Outcome::Done
    );
    assert_eq!(
        world.ask("USTRANGER", Act::Postmortem).outcome,
        Outcome::Refused
    );
    world.settle();
    assert_eq!(
        (world.count("stage_file"), world.count("share_file")),
        (1, 1)
    );
    let shared = world.done.iter().find_map(|one| match &one.effect {
        Effect::Slack(Slack::ShareFile { channel, title, .. }) => {
            Some((channel.as_str(), title.as_str()))
        }
        _ => None,
    });
    assert_eq!(
        shared,
        Some(("CINC1", "postmortem-1-checkout-returns-500s.md"))
    );
}

#[test]
fn a_draft_names_people_as_they_are_called() {
    let mut world = World::with_incident();
    world.ask("UDECL", super::memory::lead("UBEA"));
    world.people.insert(person("UBEA"), "Bea".into());
    world.ask("UBEA", resolve());
    world.ask("UBEA", Act::Postmortem);
    let planned = world.take("stage_file");
    let Effect::Slack(Slack::StageFile { content, .. }) = planned.effect else {
        panic!("{planned:?}")
    };
    for line in [
        "- **Commander:** Bea",
        "- **Declared by:** udecl",
        "commander is now Bea (udecl)",
    ] {
        assert!(content.contains(line), "{line} is not in {content}");
    }
    assert!(!content.contains("UBEA"), "{content}");
}

#[test]
fn without_a_channel_the_postmortem_is_the_answer() {
    let mut world = World::new();
    world.ask("UDECL", super::memory::declaration(Severity::P3));
    world.ask("UDECL", resolve());
    let words = answer(&world.ask("UDECL", Act::Postmortem));
    assert!(words.contains("# Postmortem: incident #1,"), "{words}");
}
