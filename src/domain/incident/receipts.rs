//! What follows from how an effect ended.
//!
//! Every kind of effect has its answer here; adding one fails to compile until it does. The same
//! receipt again changes nothing. What was parked reaches a person, with the command that tries
//! it again; what went well is mostly silent.

use super::super::decision::Decision;
use super::super::effect::{Effect, Purpose};
use super::super::ids::ChannelId;
use super::super::signal::{Answer, End, Receipt};
use super::super::text::{Message, Text};
use super::ask::Scene;
use super::{answer, room, route, words};

/// Decides what follows from a receipt.
pub(crate) fn decide_receipt(decision: &mut Decision, receipt: &Receipt, scene: &Scene<'_>) {
    let end = &receipt.end;
    match &receipt.effect {
        Effect::CreateRoom {
            name, answer_to, ..
        } => room::created(decision, scene, receipt, name, answer_to.as_ref()),
        Effect::PostMessage {
            room,
            message,
            purpose,
        } => posted(decision, receipt, scene, room, message, purpose),
        Effect::DirectMessage {
            person,
            message,
            purpose,
        } => match purpose {
            Purpose::Announcement { .. } => route::announced(decision, scene, receipt, message),
            Purpose::Card { .. } | Purpose::Update { .. } | Purpose::Notice { .. } => {
                answer::noticed(decision, scene, person, receipt.effect_id, end);
            }
        },
        Effect::UpdateCard { .. } => {
            room::card_updated(decision, scene, end);
            let own = scene.facts.incident.as_ref();
            if let Some(room) = own.and_then(|incident| incident.channel_id.as_ref()) {
                in_own_room(decision, receipt, scene, room, "bring its card up to date");
            }
        }
        Effect::Pin { room, .. } => {
            in_own_room(decision, receipt, scene, room, "pin its card");
        }
        Effect::SetTopic { room, .. } => {
            in_own_room(decision, receipt, scene, room, "set its room's topic");
        }
        Effect::StageFile { room, .. } => staged(decision, receipt, scene, room),
        Effect::ShareFile { room, .. } => {
            in_own_room(
                decision,
                receipt,
                scene,
                room,
                "show its postmortem's draft",
            );
        }
        Effect::Invite { room, person } => invited(decision, receipt, scene, room, person.as_str()),
        Effect::Reply { to, message } => answer::replied(decision, to, message, end),
        Effect::Whisper { to, message } => answer::whispered(decision, to, message, end),
        Effect::OpenForm { to, .. } => answer::form_opened(decision, scene, to, end),
        // The person closed it, or sees the form as it was: nothing is lost.
        Effect::UpdateForm { .. } => {}
        Effect::ShowComponent { component } => {
            if let End::Parked { code } | End::Refused { code } = end {
                let what = format!("The status page's component {component} could not be set");
                tell_ops(decision, receipt, scene, &what, code);
            }
        }
    }
}

fn posted(
    decision: &mut Decision,
    receipt: &Receipt,
    scene: &Scene<'_>,
    room: &ChannelId,
    message: &Message,
    purpose: &Purpose,
) {
    match purpose {
        Purpose::Card { .. } => {
            if let End::Done(Answer::Message { room, ts }) = &receipt.end {
                room::card_posted(decision, scene, room, ts, message);
            }
            in_own_room(decision, receipt, scene, room, "post its card");
        }
        Purpose::Announcement { .. } => route::announced(decision, scene, receipt, message),
        Purpose::Update { .. } => {
            in_own_room(decision, receipt, scene, room, "post in its room");
        }
        // A word to those who run this: nobody is left who could be told instead.
        Purpose::Notice { .. } => {}
    }
}

/// Something in the incident's own room was done, met a closed door, or is stuck.
fn in_own_room(
    decision: &mut Decision,
    receipt: &Receipt,
    scene: &Scene<'_>,
    room: &ChannelId,
    what: &str,
) {
    match &receipt.end {
        End::Refused { code } if code == "is_archived" || code == "channel_not_found" => {
            room::closed(decision, scene, room);
        }
        // Not proof of an open room: it may have been written in before it was archived.
        End::Done(_)
        | End::Refused { .. }
        | End::Parked { .. }
        | End::Expired
        | End::Uncertain { .. }
        | End::Dropped { .. } => stuck(decision, receipt, scene, what),
    }
}

/// Tells the one who answers for the incident what could not be done, and how to try again.
fn stuck(decision: &mut Decision, receipt: &Receipt, scene: &Scene<'_>, what: &str) {
    let code = match &receipt.end {
        End::Refused { code } if is_harmless(code) => return,
        End::Refused { code } | End::Parked { code } => code,
        End::Done(_) | End::Expired | End::Uncertain { .. } | End::Dropped { .. } => return,
    };
    let incident = scene.facts.incident.as_ref();
    let whose = match incident {
        Some(incident) => format!("Incident #{}", incident.number),
        None => "An incident".to_owned(),
    };
    let text = Text::plain(format!(
        "{whose}: Slack did not let me {what} ({code}). To try again: "
    ))
    .code(answer::retry(receipt.effect_id));
    let message = Message::section(words::plain(&text), text);
    answer::tell_responsible(decision, scene.rules, incident, message);
}

/// Codes that have been answered for elsewhere: a card that is gone is posted anew, an archived
/// room is told of once.
fn is_harmless(code: &str) -> bool {
    matches!(
        code,
        "message_not_found" | "is_archived" | "channel_not_found"
    )
}

fn staged(decision: &mut Decision, receipt: &Receipt, scene: &Scene<'_>, room: &ChannelId) {
    let Effect::StageFile { name, comment, .. } = &receipt.effect else {
        return;
    };
    match &receipt.end {
        End::Done(Answer::File { id }) => {
            decision.effect(Effect::ShareFile {
                room: room.clone(),
                file: id.clone(),
                title: name.clone(),
                comment: comment.clone(),
            });
        }
        End::Done(Answer::Nothing | Answer::Message { .. } | Answer::Room { .. })
        | End::Refused { .. }
        | End::Expired
        | End::Uncertain { .. }
        | End::Parked { .. }
        | End::Dropped { .. } => stuck(decision, receipt, scene, "upload its postmortem's draft"),
    }
}

/// One bad id spoils nothing for the others; those who keep the lists of ids hear of it.
fn invited(
    decision: &mut Decision,
    receipt: &Receipt,
    scene: &Scene<'_>,
    room: &ChannelId,
    person: &str,
) {
    match &receipt.end {
        End::Refused { code } if code == "is_archived" || code == "channel_not_found" => {
            room::closed(decision, scene, room);
        }
        End::Refused { code } => {
            let what = format!("{person} could not be asked into an incident's room");
            tell_ops(decision, receipt, scene, &what, code);
        }
        End::Done(_)
        | End::Expired
        | End::Uncertain { .. }
        | End::Parked { .. }
        | End::Dropped { .. } => stuck(decision, receipt, scene, "ask somebody into its room"),
    }
}

fn tell_ops(decision: &mut Decision, receipt: &Receipt, scene: &Scene<'_>, what: &str, code: &str) {
    let text = Text::plain(format!("{what} ({code}). Once that is mended: "))
        .code(answer::retry(receipt.effect_id));
    let message = Message::section(words::plain(&text), text);
    answer::tell_somebody(decision, scene, message);
}
