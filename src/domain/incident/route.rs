//! Who is told of an incident outside of its own channel, and of what.
//!
//! - A declaration goes to the severity's channels and people and to the service's channels, each once.
//! - A rise to P1 or P2 goes to that severity's route and to the service's channels; a fall to nobody.
//! - The resolution goes to whoever was told that it burns, whatever the severity is by then, and
//!   to nobody else.
//! - A person gets at most one direct message of one incident in five minutes; held-back ones are
//!   kept as such. Channels are not throttled, and the resolution never is: it is the message that
//!   lets people stop, and there is one only.
//!
//! Every attempt is a row of its own, so that one that fails stops no other.

use super::super::effect::slack::Effect;
use super::super::ids::EffectId;
use super::super::signal::End;
use super::super::text::{Message, Part, Text};
use super::ask::Scene;
use super::trouble::{self, Concerns};
use super::{Change, Decision, Receipt};
use super::{Incident, Notification, NotificationStatus, Occasion, Purpose, Severity, Target};
use super::{answer, words};
use chrono::Duration;

/// How long after one direct message about an incident the next one is held back.
pub(crate) const THROTTLE: Duration = Duration::seconds(300);

/// Tells of a declaration all who have not been told of the incident yet.
pub(crate) fn announce_declared(decision: &mut Decision, scene: &Scene<'_>, incident: &Incident) {
    if !incident.status.is_open() {
        return;
    }
    let message = declared(incident);
    for target in targets(scene, incident) {
        let heard = |row: &Notification| row.target == target && row.occasion != Occasion::Resolved;
        if !scene.facts.notifications.iter().any(heard) {
            tell(
                decision,
                scene,
                incident,
                target,
                Occasion::Declared,
                &message,
            );
        }
    }
}

/// Tells the route of the new severity, if the incident rose to P1 or P2.
pub(crate) fn announce_rise(
    decision: &mut Decision,
    scene: &Scene<'_>,
    incident: &Incident,
    before: Severity,
    reason: Option<&str>,
) {
    let rose = incident.severity.worse_than(before);
    if !rose || incident.severity > Severity::P2 {
        return;
    }
    let message = escalated(incident, before, reason);
    for target in targets(scene, incident) {
        tell(
            decision,
            scene,
            incident,
            target,
            Occasion::Escalated,
            &message,
        );
    }
}

/// Tells everybody who was told that it burns that it is over.
pub(crate) fn announce_resolved(
    decision: &mut Decision,
    scene: &Scene<'_>,
    incident: &Incident,
    note: Option<&str>,
) {
    let message = resolved(incident, note);
    let heard = scene
        .facts
        .notifications
        .iter()
        .filter(|row| row.occasion != Occasion::Resolved && reached(row.status))
        .map(|row| row.target.clone());
    for target in each_once(heard.collect(), incident) {
        if !told_of_the_end(scene, &target) {
            tell(
                decision,
                scene,
                incident,
                target,
                Occasion::Resolved,
                &message,
            );
        }
    }
}

/// Whether somebody was told, or will be, or perhaps was.
fn reached(status: NotificationStatus) -> bool {
    match status {
        NotificationStatus::Pending | NotificationStatus::Sent | NotificationStatus::Uncertain => {
            true
        }
        NotificationStatus::Failed | NotificationStatus::Throttled => false,
    }
}

fn told_of_the_end(scene: &Scene<'_>, target: &Target) -> bool {
    let mut rows = scene.facts.notifications.iter();
    rows.any(|row| row.occasion == Occasion::Resolved && row.target == *target)
}

/// The severity's route and the service's channels.
fn targets(scene: &Scene<'_>, incident: &Incident) -> Vec<Target> {
    let route = scene.rules.route(incident.severity);
    let channels = route.channels.iter().cloned().map(Target::Channel);
    let people = route.users.iter().cloned().map(Target::Person);
    let service = scene.rules.service(&incident.service);
    let team = service.map_or(&[][..], |service| &service.channels);
    let all = channels.chain(people);
    let all = all.chain(team.iter().cloned().map(Target::Channel));
    each_once(all.collect(), incident)
}

/// Each target once, and never the incident's own channel.
fn each_once(targets: Vec<Target>, incident: &Incident) -> Vec<Target> {
    let own = incident.channel_id.clone().map(Target::Channel);
    let mut once = Vec::new();
    for target in targets {
        if own.as_ref() != Some(&target) && !once.contains(&target) {
            once.push(target);
        }
    }
    once
}

fn tell(
    decision: &mut Decision,
    scene: &Scene<'_>,
    incident: &Incident,
    target: Target,
    occasion: Occasion,
    message: &Message,
) {
    let (effect, status) = if throttled(scene, &target, occasion) {
        (decision.next_id("throttled"), NotificationStatus::Throttled)
    } else {
        let effect = send(decision, incident, &target, message.clone());
        (effect, NotificationStatus::Pending)
    };
    decision.change(Change::Notify(Notification {
        effect,
        incident: incident.id,
        target,
        occasion,
        status,
        error: None,
        at: scene.now,
    }));
}

fn throttled(scene: &Scene<'_>, target: &Target, occasion: Occasion) -> bool {
    let to_person = matches!(target, Target::Person(_));
    to_person
        && occasion != Occasion::Resolved
        && scene.facts.notifications.iter().any(|row| {
            row.target == *target && reached(row.status) && scene.now - row.at < THROTTLE
        })
}

fn send(
    decision: &mut Decision,
    incident: &Incident,
    target: &Target,
    message: Message,
) -> EffectId {
    let purpose = Purpose::Announcement {
        incident: incident.id,
    };
    decision.effect(target.clone().hears(message), purpose)
}

impl Target {
    /// The effect by which they hear of something.
    pub(crate) fn hears(self, message: Message) -> Effect {
        match self {
            Self::Channel(channel) => Effect::PostMessage { channel, message },
            Self::Person(person) => Effect::DirectMessage { person, message },
        }
    }
}

/// What became of telling somebody.
pub(crate) fn announced(
    decision: &mut Decision,
    scene: &Scene<'_>,
    receipt: &Receipt,
    message: &Message,
) {
    let mut rows = scene.facts.notifications.iter();
    let (Some(incident), Some(row)) = (
        scene.facts.incident(),
        rows.find(|row| row.effect == receipt.effect_id),
    ) else {
        return;
    };
    // The same receipt again changes nothing; an effect that was retried by hand answers anew.
    if row.status != NotificationStatus::Pending && receipt.generation == 0 {
        return;
    }
    let (status, error) = match &receipt.end {
        End::Done(_) => (NotificationStatus::Sent, None),
        End::Refused { code } | End::Parked { code } => {
            (NotificationStatus::Failed, Some(code.clone()))
        }
        End::Expired => (NotificationStatus::Failed, Some("expired".to_owned())),
        End::Dropped { why } => (NotificationStatus::Failed, Some(why.clone())),
        End::Uncertain { code } => (NotificationStatus::Uncertain, Some(code.clone())),
    };
    decision.change(Change::Notified {
        effect: receipt.effect_id,
        status,
        error,
    });
    match &receipt.end {
        End::Done(_) => catch_up(decision, scene, incident, row),
        End::Uncertain { code } if words::is_repeated(message) => {
            could_not_tell(decision, scene, incident, &row.target, receipt, code);
        }
        End::Uncertain { .. } => repeat(decision, scene, incident, row, message),
        End::Refused { code } | End::Parked { code } => {
            could_not_tell(decision, scene, incident, &row.target, receipt, code);
        }
        End::Expired | End::Dropped { .. } => {}
    }
}

/// Somebody heard of the incident only now (tried again by hand), and it is over: they hear that.
fn catch_up(decision: &mut Decision, scene: &Scene<'_>, incident: &Incident, row: &Notification) {
    let over = incident.resolved_at.is_some();
    if over && row.occasion != Occasion::Resolved && !told_of_the_end(scene, &row.target) {
        let message = resolved(incident, None);
        let target = row.target.clone();
        tell(
            decision,
            scene,
            incident,
            target,
            Occasion::Resolved,
            &message,
        );
    }
}

/// Nobody can find out whether it stands there: once more, and marked so, rather than never. A
/// declaration is not repeated after the resolution.
fn repeat(
    decision: &mut Decision,
    scene: &Scene<'_>,
    incident: &Incident,
    row: &Notification,
    message: &Message,
) {
    let outdated = !incident.status.is_open() && row.occasion != Occasion::Resolved;
    if outdated {
        return;
    }
    let effect = send(decision, incident, &row.target, words::repeated(message));
    decision.change(Change::Notify(Notification {
        effect,
        status: NotificationStatus::Pending,
        error: None,
        at: scene.now,
        ..row.clone()
    }));
}

fn could_not_tell(
    decision: &mut Decision,
    scene: &Scene<'_>,
    incident: &Incident,
    target: &Target,
    receipt: &Receipt,
    code: &str,
) {
    let text = Text::plain("Couldn't notify ");
    let text = match target {
        Target::Channel(channel) => text.room(channel),
        Target::Person(person) => text.person(person),
    };
    let text = text
        .and(format!(" about incident #{} (", incident.number))
        .code(code)
        .and("). After fixing that, run: ")
        .code(answer::retry(receipt.effect_id));
    // A channel cannot be told that nothing can be said in it.
    let message = Message::said(text);
    trouble::report(decision, scene, Concerns::Operators, Some(target), message);
}

fn declared(incident: &Incident) -> Message {
    let mut message = Message {
        summary: format!("Incident declared: {}", words::one_line(incident)),
        parts: vec![
            Part::Header(format!(
                "{} incident #{}: {}",
                words::severity(incident.severity),
                incident.number,
                incident.title
            )),
            Part::Fields(facts(incident)),
        ],
    };
    message.parts.extend(words::open_channel(incident));
    message
}

fn escalated(incident: &Incident, before: Severity, reason: Option<&str>) -> Message {
    let why = words::after_colon(reason);
    let mut message = Message {
        summary: format!(
            "Incident raised from {before}: {}",
            words::one_line(incident)
        ),
        parts: vec![
            Part::Header(format!(
                "{} now, incident #{}: {}",
                words::severity(incident.severity),
                incident.number,
                incident.title
            )),
            Part::Section(Text::plain(format!("Raised from {before}{why}"))),
            Part::Fields(facts(incident)),
        ],
    };
    message.parts.extend(words::open_channel(incident));
    message
}

fn resolved(incident: &Incident, note: Option<&str>) -> Message {
    let text = Text::plain("✅ ")
        .bold(format!("Resolved: {}", words::label(incident)))
        .and(format!(" after {}", words::took(incident)));
    let text = match &incident.resolved_by {
        Some(by) => words::who(text.and(", by "), by),
        None => text,
    };
    let text = text.and(words::after_colon(note));
    let text = match incident.open_channel() {
        Some(channel) => text.and("\nChannel: ").room(channel),
        None => text,
    };
    Message::section(format!("Resolved: {}", words::one_line(incident)), text)
}

fn facts(incident: &Incident) -> Vec<(String, Text)> {
    let mut channel = words::channel(incident);
    if incident.channel_id.is_none() {
        let way = format!("/incident #{}", incident.number);
        channel = channel.and("; until then: ").code(way);
    }
    vec![
        ("Service".to_owned(), Text::plain(&*incident.service)),
        (
            "Commander".to_owned(),
            words::in_role(incident.commander.as_ref()),
        ),
        ("Channel".to_owned(), channel),
        (
            "Since".to_owned(),
            Text::default().time(incident.declared_at),
        ),
    ]
}
