//! What follows from how an effect ended.
//!
//! Every kind of effect has its answer here; adding one fails to compile until it does. The same
//! receipt again changes nothing. What was parked reaches a person, with the command that tries
//! it again; what went well is mostly silent.

use super::super::act::ReplyTo;
use super::super::decision::Decision;
use super::super::effect::{Effect, Purpose};
use super::super::ids::{ChannelId, UserId};
use super::super::signal::{Answer, Closing, End, Receipt};
use super::super::text::{Message, Text};
use super::ask::Scene;
use super::trouble::{self, Concerns};
use super::{answer, by_hand, invited, room, route, words};

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
                trouble::notice_given(decision, scene, person, message, receipt);
            }
        },
        Effect::UpdateCard { .. } => {
            room::card_updated(decision, scene, end);
            let own = scene.facts.incident.as_ref();
            if let Some(room) = own.and_then(|incident| incident.channel_id.as_ref()) {
                let what = "update the card";
                in_own_room(decision, receipt, scene, room, what, None);
            }
        }
        Effect::Pin { room, .. } => {
            in_own_room(decision, receipt, scene, room, "pin the card", None);
        }
        Effect::SetTopic { room, .. } => {
            in_own_room(
                decision,
                receipt,
                scene,
                room,
                "set the channel's topic",
                None,
            );
        }
        Effect::StageFile { room, .. } => staged(decision, receipt, scene, room),
        Effect::ShareFile {
            room, answer_to, ..
        } => {
            let what = "post the postmortem draft";
            in_own_room(decision, receipt, scene, room, what, answer_to.as_ref());
        }
        Effect::Invite {
            room,
            person,
            answer_to,
        } => invitation(decision, receipt, scene, room, person, answer_to.as_ref()),
        Effect::Reply { to, message } => answer::replied(decision, to, message, end),
        Effect::Whisper { to, message } => answer::whispered(decision, to, message, end),
        Effect::OpenForm { form, to, .. } => answer::form_opened(decision, scene, form, to, end),
        // The person closed it, or sees the form as it was: nothing is lost.
        Effect::UpdateForm { .. } => {}
        // A message about it would need an edit as well: the next notice is a new message.
        Effect::UpdateNotice { .. } => {}
        Effect::ShowComponent { component } => component_shown(decision, receipt, scene, component),
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
            in_own_room(decision, receipt, scene, room, "post the card", None);
        }
        Purpose::Announcement { .. } => route::announced(decision, scene, receipt, message),
        Purpose::Update { answer_to, .. } => {
            let what = "post in the channel";
            in_own_room(decision, receipt, scene, room, what, answer_to.as_ref());
        }
        Purpose::Notice { .. } => {
            trouble::notice_posted(decision, scene, room, message, receipt);
        }
    }
}

/// What a refusal says of the room that it was about.
fn closing(end: &End) -> Option<Closing> {
    match end {
        End::Refused { code } if code == "is_archived" => Some(Closing::Archived),
        End::Refused { code } if code == "channel_not_found" => Some(Closing::Gone),
        End::Done(_)
        | End::Refused { .. }
        | End::Parked { .. }
        | End::Expired
        | End::Uncertain { .. }
        | End::Dropped { .. } => None,
    }
}

/// Something in the incident's own room was done, met a closed door, or is stuck.
fn in_own_room(
    decision: &mut Decision,
    receipt: &Receipt,
    scene: &Scene<'_>,
    room: &ChannelId,
    what: &str,
    to: Option<&ReplyTo>,
) {
    match (closing(&receipt.end), &receipt.end) {
        (Some(how), _) => {
            // The card, the pin and the topic are set anew when it is back, and messages are posted
            // again; files are not. Who tries again by hand looks at the row.
            let file = is_file(&receipt.effect);
            let told = by_hand::closed(
                decision,
                scene,
                room,
                how,
                file.then_some(receipt.effect_id),
            );
            if !told && file && receipt.generation == 0 {
                stuck(decision, receipt, scene, what, to);
            }
            // While the incident is open, the notice of the closed channel is for the responsible.
            let open = scene.facts.incident.as_ref();
            let open = open.filter(|incident| incident.status.is_open());
            let responsible = open.and_then(words::responsible);
            if let Some(to) = to.filter(|to| !file && responsible != Some(&to.person)) {
                not_posted(decision, scene, receipt, how, to);
            }
        }
        // Nobody retries by hand what was done before the room was closed: it is open again.
        (None, End::Done(_)) if receipt.generation > 0 => by_hand::reopened(decision, scene, room),
        (None, _) => stuck(decision, receipt, scene, what, to),
    }
}

/// Tells the person whose line the closed channel refused what becomes of it.
fn not_posted(
    decision: &mut Decision,
    scene: &Scene<'_>,
    receipt: &Receipt,
    how: Closing,
    to: &ReplyTo,
) {
    let Some(incident) = scene.facts.incident.as_ref() else {
        return;
    };
    if receipt.generation > 0 {
        return;
    }
    let number = incident.number;
    let text = Text::plain(match how {
        Closing::Archived => format!(
            "The channel of #{number} is archived, so your change couldn't be posted there. The \
             timeline has it, and it will be posted if the channel is unarchived."
        ),
        Closing::Gone => format!(
            "The channel of #{number} is gone, so your change couldn't be posted there. The \
             timeline has it."
        ),
    });
    answer::give(
        decision,
        to,
        Message::said(text),
        words::about(incident),
        scene.now,
    );
}

/// Whether an effect brings a file, which nothing else brings later.
fn is_file(effect: &Effect) -> bool {
    matches!(effect, Effect::StageFile { .. } | Effect::ShareFile { .. })
}

/// Tells the one who asked, else the one who answers for the incident, what could not be done or
/// may not have been, and how to try again.
fn stuck(
    decision: &mut Decision,
    receipt: &Receipt,
    scene: &Scene<'_>,
    what: &str,
    to: Option<&ReplyTo>,
) {
    let incident = scene.facts.incident.as_ref();
    let whose = match incident {
        Some(incident) => format!("Incident #{}", incident.number),
        None => "Incident".to_owned(),
    };
    let update = matches!(
        &receipt.effect,
        Effect::PostMessage {
            purpose: Purpose::Update { .. },
            ..
        }
    );
    let text = match &receipt.end {
        // A card that is gone is posted anew.
        End::Refused { code } if receipt.effect.has_another_way(code) => return,
        End::Refused { code } | End::Parked { code } if update && to.is_some() => {
            let change = incident.map(|one| format!(" to #{}", one.number));
            Text::plain(format!(
                "Your change{} is recorded, but couldn't be posted in its channel (",
                change.unwrap_or_default()
            ))
            .code(code)
            .and("). An operator can run ")
        }
        End::Refused { code } | End::Parked { code } => {
            let text = Text::plain(format!("{whose}: couldn't {what} (")).code(code);
            text.and("). Try again: ")
        }
        End::Uncertain { code } => Text::plain(format!(
            "{whose}: tried to {what}, but Slack didn't confirm it ("
        ))
        .code(code)
        .and(") and it can't be looked up. If it's missing, run: "),
        End::Done(_) | End::Expired | End::Dropped { .. } => return,
    };
    let message = Message::said(text.code(answer::retry(receipt.effect_id)));
    match to {
        Some(to) => answer::give(decision, to, message, incident.map(|one| one.id), scene.now),
        None => trouble::report(decision, scene, Concerns::Responsible, None, message),
    }
}

fn staged(decision: &mut Decision, receipt: &Receipt, scene: &Scene<'_>, room: &ChannelId) {
    let Effect::StageFile {
        name,
        comment,
        answer_to,
        ..
    } = &receipt.effect
    else {
        return;
    };
    match &receipt.end {
        End::Done(Answer::File { id }) => {
            decision.effect(Effect::ShareFile {
                room: room.clone(),
                file: id.clone(),
                title: name.clone(),
                comment: comment.clone(),
                answer_to: answer_to.clone(),
            });
        }
        End::Done(Answer::Nothing | Answer::Message { .. } | Answer::Room { .. })
        | End::Refused { .. }
        | End::Expired
        | End::Uncertain { .. }
        | End::Parked { .. }
        | End::Dropped { .. } => {
            let what = "upload the postmortem draft";
            stuck(decision, receipt, scene, what, answer_to.as_ref());
        }
    }
}

/// Somebody was asked in, or the door is closed, or they were not let in.
fn invitation(
    decision: &mut Decision,
    receipt: &Receipt,
    scene: &Scene<'_>,
    room: &ChannelId,
    person: &UserId,
    to: Option<&ReplyTo>,
) {
    match (closing(&receipt.end), &receipt.end) {
        (Some(how), _) => {
            let _told = by_hand::closed(decision, scene, room, how, None);
        }
        (None, End::Refused { code }) => {
            invited::refused(decision, receipt, scene, person, code, to);
        }
        (None, _) => stuck(
            decision,
            receipt,
            scene,
            "invite someone to the channel",
            to,
        ),
    }
}

fn component_shown(decision: &mut Decision, receipt: &Receipt, scene: &Scene<'_>, component: &str) {
    let (End::Parked { code } | End::Refused { code }) = &receipt.end else {
        return;
    };
    let services = scene.rules.services.iter();
    let of_it =
        services.filter(|service| service.statuspage_component.as_deref() == Some(component));
    let names: Vec<&str> = of_it.map(|service| service.name.as_str()).collect();
    let text = Text::plain(format!(
        "Couldn't set the status page component {component} ({}): ",
        names.join(", ")
    ))
    .code(code)
    .and(". After fixing that, run: ")
    .code(answer::retry(receipt.effect_id));
    let message = Message::said(text);
    trouble::report(decision, scene, Concerns::Operators, None, message);
}
