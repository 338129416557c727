//! What could not be done reaches a person: one ladder, taken down to the first who is there.
//!
//! The ladder: the channel of those who run this; the one who answers for the incident, its commander
//! or else who declared it; the first admin. A trouble that is told to nobody is kept for nobody, so
//! each begins with whom it concerns and ends with whoever is left. What fails on the ladder itself
//! only ever goes further down it: two closed doors must not send each other words for ever.

use super::super::ids::{ChannelId, UserId};
use super::super::rules::Rules;
use super::super::signal::End;
use super::super::text::{Message, Text};
use super::ask::Scene;
use super::{Decision, Receipt};
use super::{Purpose, Target, answer, notices, words};

/// Who hears of a trouble first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Concerns {
    /// Those who run this: a list of ids is wrong, or a channel does not let us in.
    Operators,
    /// The one who answers for the incident: its channel lacks something.
    Responsible,
}

/// Tells of a row that is stuck those whom it concerns, else the next who can be reached. What
/// concerns operators is told once for a kind and cause, whoever hears it; the one who answers for an
/// incident is told of each row that its channel lacks.
pub(crate) fn report(
    decision: &mut Decision,
    scene: &Scene<'_>,
    concerns: Concerns,
    out_of_reach: Option<&Target>,
    message: Message,
) {
    let incident = scene.facts.incident();
    let responsible = incident.and_then(words::responsible).cloned();
    let Some(target) = first(scene, concerns, out_of_reach) else {
        return;
    };
    let answers_for_it = responsible.map(Target::Person).as_ref() == Some(&target);
    match concerns {
        Concerns::Responsible if answers_for_it => say(decision, scene, target, message),
        Concerns::Responsible | Concerns::Operators => {
            tell_operators(decision, scene, target, message);
        }
    }
}

/// Tells of something that is no row to be tried again, each time.
pub(crate) fn inform(
    decision: &mut Decision,
    scene: &Scene<'_>,
    concerns: Concerns,
    out_of_reach: Option<&Target>,
    message: Message,
) {
    if let Some(target) = first(scene, concerns, out_of_reach) {
        say(decision, scene, target, message);
    }
}

/// The first on the ladder who can be reached.
fn first(scene: &Scene<'_>, concerns: Concerns, out_of_reach: Option<&Target>) -> Option<Target> {
    let incident = scene.facts.incident();
    let channel = scene.rules.ops_channel.clone().map(Target::Channel);
    let admin = scene.rules.admins.first().cloned().map(Target::Person);
    let responsible = incident.and_then(words::responsible).cloned();
    let responsible = responsible.map(Target::Person);
    let ladder = match concerns {
        Concerns::Operators => [channel, responsible, admin],
        Concerns::Responsible => [responsible, channel, admin],
    };
    let mut ladder = ladder.into_iter().flatten();
    ladder.find(|target| Some(target) != out_of_reach)
}

/// Tells operators of the row that the signal is about.
fn tell_operators(decision: &mut Decision, scene: &Scene<'_>, target: Target, message: Message) {
    match &scene.facts.stuck {
        Some(stuck) => notices::tell(decision, scene, target, stuck, message),
        None => say(decision, scene, target, message),
    }
}

/// A direct notice reached its person or not. The next one learns whom and the command, not what
/// was to be said.
pub(crate) fn notice_given(
    decision: &mut Decision,
    scene: &Scene<'_>,
    person: &UserId,
    message: &Message,
    receipt: &Receipt,
) {
    let text = Text::plain("Couldn't send a direct message to ").person(person);
    let next = next_after(scene.rules, person);
    further(decision, scene, next, text, message, receipt);
}

/// A word to those who run this stands in their channel or not.
pub(crate) fn notice_posted(
    decision: &mut Decision,
    scene: &Scene<'_>,
    channel: &ChannelId,
    message: &Message,
    receipt: &Receipt,
) {
    let admin = scene.rules.admins.first().cloned().map(Target::Person);
    let text = Text::plain("Couldn't post a notice for operators in ").room(channel);
    further(decision, scene, admin, text, message, receipt);
}

fn further(
    decision: &mut Decision,
    scene: &Scene<'_>,
    next: Option<Target>,
    what: Text,
    message: &Message,
    receipt: &Receipt,
) {
    if notices::sent(decision, scene, message, &receipt.end) {
        return;
    }
    let code = match &receipt.end {
        End::Refused { code } | End::Parked { code } => code,
        // It was sent twice, and neither was confirmed.
        End::Uncertain { code } if scene.facts.notice.is_some() => code,
        End::Done(_) | End::Expired | End::Uncertain { .. } | End::Dropped { .. } => return,
    };
    let text = what
        .and(" (")
        .code(code)
        .and("). After fixing that, run: ")
        .code(answer::retry(receipt.effect_id));
    if let Some(next) = next {
        tell_operators(decision, scene, next, Message::said(text));
    }
}

/// Further down than this person: an admin's next is the next admin, anybody else's the channel. So it
/// is also for an admin who leads the incident: whether the channel was asked before them, nobody knows
/// here, and a ladder that can be climbed again has no end.
fn next_after(rules: &Rules, person: &UserId) -> Option<Target> {
    let admins = &rules.admins;
    match admins.iter().position(|admin| admin == person) {
        Some(at) => admins.get(at + 1).cloned().map(Target::Person),
        None => {
            let channel = rules.ops_channel.clone().map(Target::Channel);
            channel.or_else(|| admins.first().cloned().map(Target::Person))
        }
    }
}

fn say(decision: &mut Decision, scene: &Scene<'_>, to: Target, message: Message) {
    decision.effect(to.hears(message), purpose(scene));
}

/// What a notice is for: the incident that it is about, if one.
pub(super) fn purpose(scene: &Scene<'_>) -> Purpose {
    let incident = scene.facts.incident().map(|incident| incident.id);
    Purpose::Notice { incident }
}
