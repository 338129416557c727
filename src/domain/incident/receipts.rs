//! What follows from how an effect ended.
//!
//! Every purpose has its answer here; a new one fails to compile until it does. The same receipt
//! again changes nothing. What was parked reaches a person, with the command that retries it; what
//! went well is mostly silent.

use super::super::effect::slack::{self, Effect as Slack};
use super::super::effect::{Answer, Effect, statuspage};
use super::super::ids::ChannelId;
use super::super::signal::End;
use super::super::text::form::Form;
use super::super::text::{Message, ReplyTo, Text};
use super::case::{Case, Receipt};
use super::event::Closing;
use super::model::Incident;
use super::operators::{self, Concerns};
use super::purpose::Why;
use super::{
    answer, channel, channel_events, declare_form, forms, invitation, resolve_form, route, words,
};

pub(super) fn decide_receipt(case: &mut Case<'_>, receipt: &Receipt) {
    let end = &receipt.end;
    match (receipt.origin.why, &receipt.effect) {
        (Why::Channel, _) => channel::created(case, receipt),
        (Why::Card, effect) => {
            if let (End::Done(Answer::Slack(slack::Answer::Message { channel, ts })), Some(card)) =
                (end, message(effect))
            {
                channel::card_posted(case, channel, ts, card);
            }
            in_channel(case, receipt, "post the card");
        }
        (Why::CardUpdate, _) => {
            channel::card_updated(case, end);
            in_channel(case, receipt, "update the card");
        }
        (Why::Pin, _) => in_channel(case, receipt, "pin the card"),
        (Why::Topic, _) => in_channel(case, receipt, "set the channel's topic"),
        (Why::Invitation, _) => invitation_ended(case, receipt),
        (Why::Announcement, effect) => {
            if let Some(message) = message(effect) {
                route::announced(case, receipt, message);
            }
        }
        (Why::Line, _) => in_channel(case, receipt, "post in the channel"),
        (Why::Draft, _) => drafted(case, receipt),
        (Why::Answer, Effect::Slack(effect)) => answer::given(case, effect, end),
        (Why::Form, Effect::Slack(Slack::OpenForm { form, .. })) => {
            form_opened(case, receipt, form);
        }
        (Why::Notice, Effect::Slack(effect)) => operators::notice_ended(case, effect, receipt),
        // A message about a notice's edit would need an edit as well: the next notice is a new message.
        (Why::FormUpdate | Why::NoticeUpdate, _) => {}
        (Why::Component, _) => component_shown(case, receipt),
        (Why::Answer | Why::Form | Why::Notice, _) => {}
    }
}

/// The message that an effect posts.
fn message(effect: &Effect) -> Option<&Message> {
    match effect {
        Effect::Slack(
            Slack::PostMessage { message, .. } | Slack::DirectMessage { message, .. },
        ) => Some(message),
        Effect::Slack(_) | Effect::Github(_) | Effect::Statuspage(_) => None,
    }
}

/// What a refusal says about the channel.
fn closing(end: &End) -> Option<Closing> {
    match end {
        End::Refused { code } if code == "is_archived" => Some(Closing::Archived),
        End::Refused { code } if code == "channel_not_found" => Some(Closing::Gone),
        _ => None,
    }
}

/// The channel in which an effect is seen; for an edit of the card, the incident's own.
fn channel_of<'a>(case: &Case<'a>, receipt: &'a Receipt) -> Option<&'a ChannelId> {
    let own = || {
        case.incident()
            .and_then(|incident| incident.channel_id.as_ref())
    };
    match &receipt.effect {
        Effect::Slack(effect) => effect.channel().or_else(own),
        Effect::Github(_) | Effect::Statuspage(_) => None,
    }
}

/// An effect in the incident's own channel was done, met a closed channel, or is stuck.
fn in_channel(case: &mut Case<'_>, receipt: &Receipt, what: &str) {
    let Some(channel) = channel_of(case, receipt) else {
        return;
    };
    match (closing(&receipt.end), &receipt.end) {
        (Some(how), _) => {
            // The card, the pin and the topic are set anew when the channel is back, and messages are
            // posted again; files are not, so the operator who retries one is told which.
            let file = is_file(&receipt.effect).then_some(receipt.effect_id);
            let told = channel_events::closed(case, channel, how, file);
            if !told && file.is_some() && receipt.generation == 0 {
                stuck(case, receipt, what);
            }
            // While the incident is open, the report of the closed channel is for the responsible.
            let open = case.incident().filter(|incident| incident.status.is_open());
            let responsible = open.and_then(Incident::responsible);
            let to = receipt.origin.answer_to.as_ref();
            if let Some(to) = to.filter(|to| file.is_none() && responsible != Some(&to.person)) {
                not_posted(case, receipt, how, to);
            }
        }
        // An operator retries what was done in a closed channel only when it is open again.
        (None, End::Done(_)) if receipt.generation > 0 => channel_events::reopened(case, channel),
        (None, _) => stuck(case, receipt, what),
    }
}

/// Tells the person whose line the closed channel refused what becomes of it.
fn not_posted(case: &mut Case<'_>, receipt: &Receipt, how: Closing, to: &ReplyTo) {
    let Some(incident) = case.incident().filter(|_| receipt.generation == 0) else {
        return;
    };
    let (closed, then) = match how {
        Closing::Archived => (
            "archived",
            ", and it will be posted if the channel is unarchived",
        ),
        Closing::Gone => ("gone", ""),
    };
    let text = Text::plain(format!(
        "The channel of #{} is {closed}, so your change couldn't be posted there. The timeline \
         has it{then}.",
        incident.number
    ));
    answer::give(case, to, text);
}

/// Whether an effect brings a file, which nothing else brings later.
fn is_file(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Slack(Slack::StageFile { .. } | Slack::ShareFile { .. })
    )
}

/// Tells the person who asked, else the person responsible for the incident, what could not be done or
/// may not have been, and how to retry it.
fn stuck(case: &mut Case<'_>, receipt: &Receipt, what: &str) {
    let number = case.incident().map(|incident| incident.number);
    let whose = number.map_or("Incident".to_owned(), |number| {
        format!("Incident #{number}")
    });
    let to = receipt.origin.answer_to.as_ref();
    let is_line = receipt.origin.why == Why::Line && to.is_some();
    let text = match &receipt.end {
        // A card that is gone is posted anew.
        End::Refused { code } if receipt.origin.has_another_way(&receipt.effect, code) => return,
        End::Refused { code } | End::Parked { code } if is_line => {
            let to = number.map(|number| format!(" to #{number}"));
            Text::plain(format!(
                "Your change{} is recorded, but couldn't be posted in its channel (",
                to.unwrap_or_default()
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
    let text = text.code(words::retry(receipt.effect_id));
    match to {
        Some(to) => answer::give(case, to, text),
        None => operators::report(case, Concerns::Responsible, None, text),
    }
}

/// The draft was uploaded, or shared.
fn drafted(case: &mut Case<'_>, receipt: &Receipt) {
    let Effect::Slack(Slack::StageFile { name, .. }) = &receipt.effect else {
        return in_channel(case, receipt, "post the postmortem draft");
    };
    let End::Done(Answer::Slack(slack::Answer::File { id })) = &receipt.end else {
        return stuck(case, receipt, "upload the postmortem draft");
    };
    let Some(incident) = case.incident() else {
        return;
    };
    if let Some(channel) = incident.channel_id.clone() {
        let effect = Slack::ShareFile {
            channel,
            file: id.clone(),
            title: name.clone(),
            comment: format!("Postmortem draft for incident {}", words::label(incident)),
        };
        case.effect(effect, receipt.origin.clone());
    }
}

/// A person was invited, or the channel is closed, or Slack refused them.
fn invitation_ended(case: &mut Case<'_>, receipt: &Receipt) {
    let Effect::Slack(Slack::Invite { channel, person }) = &receipt.effect else {
        return;
    };
    match (closing(&receipt.end), &receipt.end) {
        (Some(how), _) => {
            let _told = channel_events::closed(case, channel, how, None);
        }
        (None, End::Refused { code }) => invitation::refused(case, receipt, person, code),
        (None, _) => stuck(case, receipt, "invite someone to the channel"),
    }
}

/// A form was opened or not; words take its place.
fn form_opened(case: &mut Case<'_>, receipt: &Receipt, form: &Form) {
    let Some(to) = &receipt.origin.answer_to else {
        return;
    };
    let begin = match &receipt.end {
        End::Done(_) | End::Dropped { .. } => return,
        End::Uncertain { .. } => "If no form opened, ",
        End::Expired => forms::TOO_LATE,
        End::Refused { code } | End::Parked { code } => match code.as_str() {
            "expired_trigger_id"
            | "trigger_expired"
            | "trigger_exchanged"
            | "exchanged_trigger_id" => forms::TOO_LATE,
            code => &format!("Slack refused to open the form ({code}). Until that's fixed, "),
        },
    };
    let words = match form.name.as_str() {
        resolve_form::FORM => resolve_form::instead_of(begin, form),
        _ => declare_form::by_words(begin),
    };
    answer::give(case, to, words);
}

fn component_shown(case: &mut Case<'_>, receipt: &Receipt) {
    let (
        Effect::Statuspage(statuspage::Effect::UpdateComponent { component, .. }),
        End::Parked { code } | End::Refused { code },
    ) = (&receipt.effect, &receipt.end)
    else {
        return;
    };
    let services = case.rules.services.iter();
    let of_it = services
        .filter(|service| service.statuspage_component.as_deref() == Some(component.as_str()));
    let names: Vec<&str> = of_it.map(|service| service.name.as_str()).collect();
    let text = Text::plain(format!(
        "Couldn't set the status page component {component} ({}): ",
        names.join(", ")
    ))
    .code(code)
    .and(". After fixing that, run: ")
    .code(words::retry(receipt.effect_id));
    operators::report(case, Concerns::Operators, None, text);
}
