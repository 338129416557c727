//! What follows from how an effect ended.
//!
//! Every purpose has its answer here; a new one fails to compile until it does. The same receipt
//! again changes nothing. What was parked reaches a person, with the command that retries it; what
//! went well is mostly silent.

use super::super::effect::slack::{self, Effect as Slack};
use super::super::effect::{Answer, Effect, statuspage};
use super::super::ids::ChannelId;
use super::super::signal::End;
use super::super::text::{Message, ReplyTo, Text};
use super::ask::Scene;
use super::trouble::{self, Concerns};
use super::{Closing, Decision, Receipt};
use super::{Purpose, answer, channel, channel_events, invitation, route, words};

/// Decides what follows from a receipt.
pub(crate) fn decide_receipt(decision: &mut Decision, receipt: &Receipt, scene: &Scene<'_>) {
    let end = &receipt.end;
    match &receipt.origin {
        Purpose::Channel { answer_to, .. } => {
            channel::created(decision, scene, receipt, answer_to.as_ref());
        }
        Purpose::Card { .. } => {
            if let (End::Done(Answer::Slack(slack::Answer::Message { channel, ts })), Some(card)) =
                (end, message(&receipt.effect))
            {
                channel::card_posted(decision, scene, channel, ts, card);
            }
            in_channel(decision, receipt, scene, "post the card", None);
        }
        Purpose::CardUpdate { .. } => {
            channel::card_updated(decision, scene, end);
            in_channel(decision, receipt, scene, "update the card", None);
        }
        Purpose::Pin { .. } => in_channel(decision, receipt, scene, "pin the card", None),
        Purpose::Topic { .. } => {
            in_channel(decision, receipt, scene, "set the channel's topic", None);
        }
        Purpose::Invitation { answer_to, .. } => {
            invitation(decision, receipt, scene, answer_to.as_ref());
        }
        Purpose::Announcement { .. } => {
            if let Some(message) = message(&receipt.effect) {
                route::announced(decision, scene, receipt, message);
            }
        }
        Purpose::Line { answer_to, .. } => {
            let what = "post in the channel";
            in_channel(decision, receipt, scene, what, answer_to.as_ref());
        }
        Purpose::Draft { answer_to, .. } => drafted(decision, receipt, scene, answer_to.as_ref()),
        Purpose::Answer => {
            if let Effect::Slack(effect) = &receipt.effect {
                answer::given(decision, effect, end);
            }
        }
        Purpose::Form { answer_to } => {
            if let Effect::Slack(Slack::OpenForm { form, .. }) = &receipt.effect {
                answer::form_opened(decision, scene, form, answer_to, end);
            }
        }
        // A message about a notice's edit would need an edit as well: the next notice is a new message.
        Purpose::FormUpdate | Purpose::NoticeUpdate { .. } => {}
        Purpose::Notice { .. } => match &receipt.effect {
            Effect::Slack(Slack::DirectMessage { person, message }) => {
                trouble::notice_given(decision, scene, person, message, receipt);
            }
            Effect::Slack(Slack::PostMessage { channel, message }) => {
                trouble::notice_posted(decision, scene, channel, message, receipt);
            }
            Effect::Slack(_) | Effect::Statuspage(_) => {}
        },
        Purpose::Component => component_shown(decision, receipt, scene),
    }
}

/// The message that an effect posts.
fn message(effect: &Effect) -> Option<&Message> {
    match effect {
        Effect::Slack(
            Slack::PostMessage { message, .. } | Slack::DirectMessage { message, .. },
        ) => Some(message),
        Effect::Slack(_) | Effect::Statuspage(_) => None,
    }
}

/// What a refusal says about the channel.
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

/// The channel in which an effect is seen; for an edit of the card, the incident's own.
fn channel_of<'a>(receipt: &'a Receipt, scene: &Scene<'a>) -> Option<&'a ChannelId> {
    let own = scene.facts.incident();
    match &receipt.effect {
        Effect::Slack(effect) => effect
            .channel()
            .or_else(|| own.and_then(|incident| incident.channel_id.as_ref())),
        Effect::Statuspage(_) => None,
    }
}

/// Something in the incident's own channel was done, met a closed channel, or is stuck.
fn in_channel(
    decision: &mut Decision,
    receipt: &Receipt,
    scene: &Scene<'_>,
    what: &str,
    to: Option<&ReplyTo>,
) {
    let Some(channel) = channel_of(receipt, scene) else {
        return;
    };
    match (closing(&receipt.end), &receipt.end) {
        (Some(how), _) => {
            // The card, the pin and the topic are set anew when it is back, and messages are posted
            // again; files are not, so the operator who retries one is told which.
            let file = is_file(&receipt.effect);
            let told = channel_events::closed(
                decision,
                scene,
                channel,
                how,
                file.then_some(receipt.effect_id),
            );
            if !told && file && receipt.generation == 0 {
                stuck(decision, receipt, scene, what, to);
            }
            // While the incident is open, the notice of the closed channel is for the responsible.
            let open = scene.facts.incident();
            let open = open.filter(|incident| incident.status.is_open());
            let responsible = open.and_then(words::responsible);
            if let Some(to) = to.filter(|to| !file && responsible != Some(&to.person)) {
                not_posted(decision, scene, receipt, how, to);
            }
        }
        // An operator retries what was done in a closed channel only when it is open again.
        (None, End::Done(_)) if receipt.generation > 0 => {
            channel_events::reopened(decision, scene, channel);
        }
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
    let Some(incident) = scene.facts.incident() else {
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
    let message = Message::said(text);
    answer::give(decision, to, message, words::about(incident), scene.now);
}

/// Whether an effect brings a file, which nothing else brings later.
fn is_file(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Slack(Slack::StageFile { .. } | Slack::ShareFile { .. })
    )
}

/// Tells the one who asked, else the one who answers for the incident, what could not be done or
/// may not have been, and how to retry it.
fn stuck(
    decision: &mut Decision,
    receipt: &Receipt,
    scene: &Scene<'_>,
    what: &str,
    to: Option<&ReplyTo>,
) {
    let incident = scene.facts.incident();
    let whose = match incident {
        Some(incident) => format!("Incident #{}", incident.number),
        None => "Incident".to_owned(),
    };
    let is_line = matches!(receipt.origin, Purpose::Line { .. });
    let text = match &receipt.end {
        // A card that is gone is posted anew.
        End::Refused { code } if receipt.origin.has_another_way(&receipt.effect, code) => return,
        End::Refused { code } | End::Parked { code } if is_line && to.is_some() => {
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

/// The draft was uploaded, or shared.
fn drafted(decision: &mut Decision, receipt: &Receipt, scene: &Scene<'_>, to: Option<&ReplyTo>) {
    let Effect::Slack(Slack::StageFile { name, .. }) = &receipt.effect else {
        let what = "post the postmortem draft";
        return in_channel(decision, receipt, scene, what, to);
    };
    let End::Done(Answer::Slack(slack::Answer::File { id })) = &receipt.end else {
        return stuck(decision, receipt, scene, "upload the postmortem draft", to);
    };
    let Some(incident) = scene.facts.incident() else {
        return;
    };
    let Some(channel) = incident.channel_id.clone() else {
        return;
    };
    let effect = Slack::ShareFile {
        channel,
        file: id.clone(),
        title: name.clone(),
        comment: format!("Postmortem draft for incident {}", words::label(incident)),
    };
    let purpose = Purpose::Draft {
        incident: incident.id,
        answer_to: to.cloned(),
    };
    decision.effect(effect, purpose);
}

/// A person was invited, or the channel is closed, or Slack refused them.
fn invitation(decision: &mut Decision, receipt: &Receipt, scene: &Scene<'_>, to: Option<&ReplyTo>) {
    let Effect::Slack(Slack::Invite { channel, person }) = &receipt.effect else {
        return;
    };
    match (closing(&receipt.end), &receipt.end) {
        (Some(how), _) => {
            let _told = channel_events::closed(decision, scene, channel, how, None);
        }
        (None, End::Refused { code }) => {
            invitation::refused(decision, receipt, scene, person, code, to);
        }
        (None, _) => {
            let what = "invite someone to the channel";
            stuck(decision, receipt, scene, what, to);
        }
    }
}

fn component_shown(decision: &mut Decision, receipt: &Receipt, scene: &Scene<'_>) {
    let Effect::Statuspage(statuspage::Effect::UpdateComponent { component, .. }) = &receipt.effect
    else {
        return;
    };
    let (End::Parked { code } | End::Refused { code }) = &receipt.end else {
        return;
    };
    let services = scene.rules.services.iter();
    let of_it = services
        .filter(|service| service.statuspage_component.as_deref() == Some(component.as_str()));
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
