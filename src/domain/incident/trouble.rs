//! What could not be done reaches a person: one ladder, taken down to the first who is there.
//!
//! The ladder: the room of those who run this; the one who answers for the incident, its commander
//! or else who declared it; the first admin. A trouble that is told to nobody is kept for nobody, so
//! each begins with whom it concerns and ends with whoever is left. What fails on the ladder itself
//! only ever goes further down it: two closed doors must not send each other words for ever.

use super::super::decision::Decision;
use super::super::ids::{ChannelId, EffectId, IncidentId, UserId};
use super::super::rules::Rules;
use super::super::signal::End;
use super::super::text::{Message, Text};
use super::ask::Scene;
use super::{Purpose, Target, answer, words};

/// Who hears of a trouble first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Concerns {
    /// Those who run this: a list of ids is wrong, or a room does not let us in.
    Operators,
    /// The one who answers for the incident: its room lacks something.
    Responsible,
}

/// Says what could not be done to whom it concerns, else to the next who can be reached.
pub(crate) fn report(
    decision: &mut Decision,
    scene: &Scene<'_>,
    concerns: Concerns,
    out_of_reach: Option<&Target>,
    message: Message,
) {
    let incident = scene.facts.incident.as_ref();
    let room = scene.rules.ops_channel.clone().map(Target::Room);
    let admin = scene.rules.admins.first().cloned().map(Target::Person);
    let responsible = incident.and_then(words::responsible).cloned();
    let responsible = responsible.map(Target::Person);
    let ladder = match concerns {
        Concerns::Operators => [room, responsible, admin],
        Concerns::Responsible => [responsible, room, admin],
    };
    let mut ladder = ladder.into_iter().flatten();
    if let Some(target) = ladder.find(|target| Some(target) != out_of_reach) {
        say(
            decision,
            target,
            message,
            incident.map(|incident| incident.id),
        );
    }
}

/// A direct notice reached its person or not. The next one learns whom and the command, not what
/// was to be said.
pub(crate) fn notice_given(
    decision: &mut Decision,
    scene: &Scene<'_>,
    person: &UserId,
    effect: EffectId,
    end: &End,
) {
    let text = Text::plain("Couldn't send a direct message to ").person(person);
    further(
        decision,
        scene,
        next_after(scene.rules, person),
        text,
        effect,
        end,
    );
}

/// A word to those who run this stands in their room or not.
pub(crate) fn notice_posted(
    decision: &mut Decision,
    scene: &Scene<'_>,
    room: &ChannelId,
    effect: EffectId,
    end: &End,
) {
    let admin = scene.rules.admins.first().cloned().map(Target::Person);
    let text = Text::plain("Couldn't post a notice for operators in ").room(room);
    further(decision, scene, admin, text, effect, end);
}

fn further(
    decision: &mut Decision,
    scene: &Scene<'_>,
    next: Option<Target>,
    what: Text,
    effect: EffectId,
    end: &End,
) {
    let code = match end {
        End::Refused { code } | End::Parked { code } => code,
        End::Done(_) | End::Expired | End::Uncertain { .. } | End::Dropped { .. } => return,
    };
    let text = what
        .and(" (")
        .code(code)
        .and("). After fixing that, run: ")
        .code(answer::retry(effect));
    if let Some(next) = next {
        let incident = scene.facts.incident.as_ref().map(|incident| incident.id);
        say(decision, next, Message::said(text), incident);
    }
}

/// Further down than this person: an admin's next is the next admin, anybody else's the room. So it
/// is also for an admin who leads the incident: whether the room was asked before them, nobody knows
/// here, and a ladder that can be climbed again has no end.
fn next_after(rules: &Rules, person: &UserId) -> Option<Target> {
    let admins = &rules.admins;
    match admins.iter().position(|admin| admin == person) {
        Some(at) => admins.get(at + 1).cloned().map(Target::Person),
        None => {
            let room = rules.ops_channel.clone().map(Target::Room);
            room.or_else(|| admins.first().cloned().map(Target::Person))
        }
    }
}

fn say(decision: &mut Decision, to: Target, message: Message, incident: Option<IncidentId>) {
    let purpose = Purpose::Notice { incident };
    decision.effect(to.hears(message), purpose);
}
