//! Whatever comes, doubled and in any order: never backwards, never two ends, never two cards.

use super::memory::{Planned, World, advance, declaration, resolve, say, severity};
use crate::domain::effect::Effect;
use crate::domain::incident::Role;
use crate::domain::incident::act::Act;
use crate::domain::incident::fixtures::person;
use crate::domain::incident::{Severity, Status, TimelineKind, Why};
use crate::domain::signal::End;

/// A small generator: the same seed, the same story.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % sides
    }
}

fn any_act(dice: &mut Dice) -> Act {
    match dice.roll(9) {
        0 => advance(Status::Investigating),
        1 => advance(Status::Identified),
        2 => advance(Status::Monitoring),
        3 => severity(Severity::ALL[dice.roll(4)]),
        4 | 5 => say("words"),
        6 => Act::Assign {
            role: Role::ALL[dice.roll(3)],
            person: person(["UDECL", "UADMIN", "UBEA"][dice.roll(3)]),
        },
        7 => Act::Postmortem,
        _ => resolve(),
    }
}

fn any_end(dice: &mut Dice, world: &mut World, effect: &Effect) -> End {
    let code = ["name_taken", "is_archived", "not_in_channel", "used_url"][dice.roll(4)];
    let code = code.to_owned();
    match dice.roll(12) {
        0 => End::Refused { code },
        1 => End::Uncertain { code },
        2 => End::Parked { code },
        3 => End::Expired,
        _ => world.well(effect),
    }
}

#[test]
fn no_sequence_of_acts_and_receipts_moves_back_ends_twice_or_posts_two_cards() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let mut world = World::new();
        world.ask("UDECL", declaration(Severity::ALL[dice.roll(4)]));
        let mut old: Vec<(Planned, End)> = Vec::new();
        for _ in 0..120 {
            world.pass(dice.roll(90) as i64);
            match dice.roll(10) {
                0..=2 => {
                    let who = ["UDECL", "UADMIN", "USTRANGER"][dice.roll(3)];
                    let act = any_act(&mut dice);
                    world.ask(who, act);
                }
                3 => {
                    world.timer();
                }
                4 if !old.is_empty() => {
                    let (planned, end) = old[dice.roll(old.len())].clone();
                    world.end(&planned, end);
                }
                _ if !world.outbox.is_empty() => {
                    let at = dice.roll(world.outbox.len());
                    let planned = world.outbox.remove(at);
                    world.done.push(planned.clone());
                    let end = any_end(&mut dice, &mut world, &planned.effect);
                    world.end(&planned, end.clone());
                    old.push((planned, end));
                }
                _ => {}
            }
        }
        check(&world, seed);
    }
}

fn check(world: &World, seed: u64) {
    let ends = world.timeline.iter();
    let ends = ends.filter(|entry| entry.kind == TimelineKind::Resolved);
    assert!(ends.count() <= 1, "seed {seed}: ended twice");
    let mut heard = world.who_heard("Resolved");
    let all = heard.len();
    heard.sort();
    heard.dedup();
    assert_eq!(heard.len(), all, "seed {seed}: told twice that it is over");
    let mut declared = world.who_heard("Incident declared");
    let all = declared.len();
    declared.sort();
    declared.dedup();
    assert_eq!(declared.len(), all, "seed {seed}: told twice that it began");
    let effects = world.done.iter().chain(&world.outbox);
    let cards = effects.filter(|one| one.origin.why == Why::Card);
    assert!(cards.count() <= 1, "seed {seed}: two cards");
    assert!(world.count("pin") <= 1, "seed {seed}: pinned twice");
}
