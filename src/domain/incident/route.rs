//! Who is told of an incident outside its own channel, and of what.
//!
//! - A declaration goes to the severity's channels and people and to the service's channels, each once.
//! - A rise to P1 or P2 goes to that severity's route and to the service's channels; a fall to none.
//! - The resolution goes to all targets that were told of the incident, whatever the severity is by
//!   then, and to no other.
//! - A person gets at most one direct message of one incident in five minutes; held-back ones are
//!   kept as such. Channels are not throttled, and the resolution never is: it is the message that
//!   lets people stop, and there is one only.
//!
//! Every attempt is a row of its own, so that one that fails stops no other.

use super::super::ids::EffectId;
use super::super::severity::Severity;
use super::super::signal::End;
use super::super::text::{Message, Part, Text};
use super::case::{Case, Receipt};
use super::change::Change;
use super::model::{Incident, Notification, NotificationStatus, Occasion, Target};
use super::operators::{self, Concerns};
use super::purpose::Why;
use super::words;
use chrono::Duration;

/// How long after one direct message about an incident the next one is held back.
const THROTTLE: Duration = Duration::seconds(300);

/// Tells of a declaration all targets that have not been told of the incident yet.
pub(super) fn announce_declared(case: &mut Case<'_>, incident: &Incident) {
    if !incident.status.is_open() {
        return;
    }
    let message = declared(incident);
    for target in targets(case, incident) {
        let heard = |row: &Notification| row.target == target && row.occasion != Occasion::Resolved;
        if !case.facts.notifications.iter().any(heard) {
            tell(case, incident, target, Occasion::Declared, &message);
        }
    }
}

/// Tells the route of the new severity, if the incident rose to P1 or P2.
pub(super) fn announce_rise(
    case: &mut Case<'_>,
    incident: &Incident,
    before: Severity,
    reason: Option<&str>,
) {
    if !incident.severity.worse_than(before) || incident.severity > Severity::P2 {
        return;
    }
    let message = escalated(incident, before, reason);
    for target in targets(case, incident) {
        tell(case, incident, target, Occasion::Escalated, &message);
    }
}

/// Tells all targets that were told of the incident that it is over.
pub(super) fn announce_resolved(case: &mut Case<'_>, incident: &Incident, note: Option<&str>) {
    let message = resolved(incident, note);
    let rows = case.facts.notifications.iter();
    let heard = rows.filter(|row| row.occasion != Occasion::Resolved && reached(row.status));
    for target in outside(incident, heard.map(|row| row.target.clone())) {
        if !told_of_the_end(case, &target) {
            tell(case, incident, target, Occasion::Resolved, &message);
        }
    }
}

/// Whether a target was told, or will be, or may have been.
fn reached(status: NotificationStatus) -> bool {
    match status {
        NotificationStatus::Pending | NotificationStatus::Sent | NotificationStatus::Uncertain => {
            true
        }
        NotificationStatus::Failed | NotificationStatus::Throttled => false,
    }
}

fn told_of_the_end(case: &Case<'_>, target: &Target) -> bool {
    let mut rows = case.facts.notifications.iter();
    rows.any(|row| row.occasion == Occasion::Resolved && row.target == *target)
}

/// The severity's route and the service's channels.
fn targets(case: &Case<'_>, incident: &Incident) -> Vec<Target> {
    let route = case.rules.route(incident.severity);
    let service = case.rules.service(&incident.service);
    let channels = route.channels.iter().cloned().map(Target::Channel);
    let people = route.users.iter().cloned().map(Target::Person);
    let team = service.into_iter().flat_map(|service| &service.channels);
    let team = team.cloned().map(Target::Channel);
    outside(incident, channels.chain(people).chain(team))
}

/// Each target once, and never the incident's own channel.
fn outside(incident: &Incident, targets: impl Iterator<Item = Target>) -> Vec<Target> {
    let own = incident.channel_id.clone().map(Target::Channel);
    each_once(targets.filter(|target| own.as_ref() != Some(target)))
}

/// In the order in which each comes first.
pub(super) fn each_once<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

fn tell(
    case: &mut Case<'_>,
    incident: &Incident,
    target: Target,
    occasion: Occasion,
    message: &Message,
) {
    let (effect, status) = match throttled(case, &target, occasion) {
        true => {
            let id = case.decision.next_id("throttled");
            (id, NotificationStatus::Throttled)
        }
        false => {
            let id = send(case, incident, &target, message.clone());
            (id, NotificationStatus::Pending)
        }
    };
    case.decision.change(Change::Notify(Notification {
        effect,
        incident: incident.id,
        target,
        occasion,
        status,
        error: None,
        at: case.now,
    }));
}

fn throttled(case: &Case<'_>, target: &Target, occasion: Occasion) -> bool {
    let lately = |row: &Notification| {
        row.target == *target && reached(row.status) && case.now - row.at < THROTTLE
    };
    let may_be = matches!(target, Target::Person(_)) && occasion != Occasion::Resolved;
    may_be && case.facts.notifications.iter().any(lately)
}

fn send(case: &mut Case<'_>, incident: &Incident, target: &Target, message: Message) -> EffectId {
    case.send(target, message, Why::Announcement.of(incident))
}

pub(super) fn announced(case: &mut Case<'_>, receipt: &Receipt, message: &Message) {
    let mut rows = case.facts.notifications.iter();
    let (Some(incident), Some(row)) = (
        case.incident(),
        rows.find(|row| row.effect == receipt.effect_id),
    ) else {
        return;
    };
    // The same receipt again changes nothing; an effect that an operator retried answers again.
    if row.status != NotificationStatus::Pending && receipt.generation == 0 {
        return;
    }
    let (status, error) = match &receipt.end {
        End::Done(_) => (NotificationStatus::Sent, None),
        End::Refused { code: why } | End::Parked { code: why } | End::Dropped { why } => {
            (NotificationStatus::Failed, Some(why.as_str()))
        }
        End::Expired => (NotificationStatus::Failed, Some("expired")),
        End::Uncertain { code } => (NotificationStatus::Uncertain, Some(code.as_str())),
    };
    case.decision.change(Change::Notified {
        effect: receipt.effect_id,
        status,
        error: error.map(str::to_owned),
    });
    match &receipt.end {
        End::Done(_) => catch_up(case, incident, row),
        End::Uncertain { .. } if !words::is_repeated(message) => {
            repeat(case, incident, row, message);
        }
        End::Refused { code } | End::Parked { code } | End::Uncertain { code } => {
            let text = Text::plain("Couldn't notify ");
            let text = match &row.target {
                Target::Channel(channel) => text.channel(channel),
                Target::Person(person) => text.person(person),
            };
            let text = text.and(format!(" about incident #{}", incident.number));
            let text = words::after_fixing(text, code, receipt.effect_id);
            // A channel cannot be told that nothing can be posted in it.
            operators::report(case, Concerns::Operators, Some(&row.target), text);
        }
        End::Expired | End::Dropped { .. } => {}
    }
}

/// A target heard of the incident only now (an operator retried the message), and it is over: the target
/// hears that.
fn catch_up(case: &mut Case<'_>, incident: &Incident, row: &Notification) {
    let over = incident.resolved_at.is_some();
    if over && row.occasion != Occasion::Resolved && !told_of_the_end(case, &row.target) {
        let (target, message) = (row.target.clone(), resolved(incident, None));
        tell(case, incident, target, Occasion::Resolved, &message);
    }
}

/// It cannot be looked up whether the message was posted: once more, and marked so, rather than never. A
/// declaration is not repeated after the resolution.
fn repeat(case: &mut Case<'_>, incident: &Incident, row: &Notification, message: &Message) {
    if !incident.status.is_open() && row.occasion != Occasion::Resolved {
        return;
    }
    let effect = send(case, incident, &row.target, words::repeated(message));
    case.decision.change(Change::Notify(Notification {
        effect,
        status: NotificationStatus::Pending,
        error: None,
        at: case.now,
        ..row.clone()
    }));
}

fn declared(incident: &Incident) -> Message {
    announcement(incident, "Incident declared", "incident", None)
}

fn escalated(incident: &Incident, before: Severity, reason: Option<&str>) -> Message {
    let summary = format!("Incident raised from {before}");
    let raised = format!("Raised from {before}{}", words::after_colon(reason));
    announcement(incident, &summary, "now, incident", Some(raised))
}

fn announcement(
    incident: &Incident,
    summary: &str,
    headline: &str,
    raised: Option<String>,
) -> Message {
    let severity = words::severity(incident.severity);
    let (number, title) = (incident.number, &incident.title);
    let mut message = Message::line(format!("{summary}: {}", words::one_line(incident)));
    let headline = format!("{severity} {headline} #{number}: {title}");
    message.parts.push(Part::Header(headline));
    let raised = raised.map(|raised| Part::Section(Text::plain(raised)));
    message.parts.extend(raised);
    message.parts.push(Part::Fields(facts(incident)));
    message.parts.extend(words::open_channel(incident));
    message
}

fn resolved(incident: &Incident, note: Option<&str>) -> Message {
    let mut text = Text::plain("✅ ")
        .bold(format!("Resolved: {}", words::label(incident)))
        .and(format!(" after {}", words::took(incident)));
    if let Some(by) = &incident.resolved_by {
        text = words::who(text.and(", by "), by);
    }
    text = text.and(words::after_colon(note));
    if let Some(channel) = incident.open_channel() {
        text = text.and("\nChannel: ").channel(channel);
    }
    Message::section(format!("Resolved: {}", words::one_line(incident)), text)
}

fn facts(incident: &Incident) -> Vec<(String, Text)> {
    let mut channel = words::channel(Text::default(), incident);
    if incident.channel_id.is_none() {
        let way = format!("/incident #{}", incident.number);
        channel = channel.and("; until then: ").code(way);
    }
    words::fields([
        ("Service", Text::plain(&*incident.service)),
        ("Commander", words::in_role(incident.commander.as_ref())),
        ("Channel", channel),
        ("Since", Text::default().time(incident.declared_at)),
    ])
}
