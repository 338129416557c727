//! Block actions and view submissions. The domain knows what its buttons and forms mean.

use super::{Payload, command};
use crate::domain::areas::Event;
use crate::domain::ids::{Actor, ChannelId, UserId};
use crate::domain::incident::act::{Act, AnswerTo, IncidentRef, Request};
use crate::domain::incident::{self, buttons::act_of_button, declare_form, resolve_form, words};
use crate::domain::text::{Message, Part, ReplyTo, Text};
use crate::slack::interaction::Interaction;
use crate::slack::{render, typed, views, wire};

pub(super) fn click(payload: Payload<'_>) -> Result<Event, &'static str> {
    let interaction = read(payload.body)?;
    let block_action = interaction.action().ok_or("no action")?;
    let action = render::action_name(block_action.id);
    if let Some(act) = selection(&interaction, action) {
        return request(&interaction, payload, act, None);
    }
    if action == words::OPEN {
        // Slack sends it although the button only opens a link.
        return Ok(Event::Unused {
            what: action.to_owned(),
        });
    }
    match act_of_button(action, block_action.value) {
        Some((act, target)) => request(&interaction, payload, act, target),
        None => {
            let words = "This button is from another version of Wardroom.";
            request(&interaction, payload, misunderstood(words), None)
        }
    }
}

/// The answer to an unknown button or form: each click gets an answer.
fn misunderstood(why: &str) -> Act {
    let words = Text::plain(format!("{why} Nothing changed. Run "))
        .code("/incident")
        .and(" to see what you can do.");
    Act::Misunderstood {
        refusal: Message::said(words),
    }
}

/// A selection in an open form, when the form depends on it.
fn selection(interaction: &Interaction, action: &str) -> Option<Act> {
    let view = interaction.view()?;
    let input = view.input();
    if action != views::select_action_id(&input.private_metadata.form, declare_form::TEMPLATE) {
        return None;
    }
    Some(Act::ChooseTemplate {
        view: view.id()?,
        values: input.values,
        context: input.private_metadata.context,
        revision: input.private_metadata.revision,
    })
}

pub(super) fn submission(payload: Payload<'_>) -> Result<Event, &'static str> {
    let interaction = read(payload.body)?;
    let view = interaction.view().ok_or("no view")?;
    let input = view.input();
    let form = input.private_metadata.form.as_str();
    let resolves = (form == resolve_form::FORM)
        .then(|| resolve_form::act_of(&input.values, &input.private_metadata.context));
    if let Some((act, target)) = resolves.flatten() {
        return request(&interaction, payload, act, target);
    }
    if form != declare_form::FORM {
        let words = "This form is from another version of Wardroom.";
        return request(&interaction, payload, misunderstood(words), None);
    }
    let act = match declare_form::validate(&input.values, payload.rules) {
        Ok(mut declaration) => {
            declaration.view = view.id();
            Act::Declare(declaration)
        }
        // It was valid at the edge: the rules have changed since.
        Err(errors) => {
            let mut refusal =
                Message::line("The settings changed while you filled in the form. Declare again.");
            let words = refusal.summary.clone();
            refusal = refusal.with(Part::Section(Text::plain(words)));
            for error in errors.values() {
                refusal = refusal.with(Part::Section(Text::plain(error)));
            }
            Act::Misunderstood { refusal }
        }
    };
    request(&interaction, payload, act, None)
}

fn read(body: &[u8]) -> Result<Interaction, &'static str> {
    let json = wire::field(body, "payload").ok_or("no payload")?;
    Interaction::read(&json).ok_or("the payload is not JSON")
}

fn request(
    interaction: &Interaction,
    payload: Payload<'_>,
    act: Act,
    target: Option<IncidentRef>,
) -> Result<Event, &'static str> {
    let person =
        UserId::new(interaction.user().ok_or("no user")?).map_err(|_| "not a user's id")?;
    // A modal belongs to no channel: its context has the channel in which it was opened.
    let from_context = interaction
        .view()
        .map(|view| view.input().private_metadata.context);
    let from_context = from_context.and_then(|context| context.get(declare_form::CHANNEL).cloned());
    let channel = interaction.channel().map(str::to_owned).or(from_context);
    let channel = channel.and_then(|id| ChannelId::new(id).ok());
    let name = interaction.user_name().map(typed::unescape);
    let names = name.map(|name| (person.clone(), name)).into_iter();
    let names = names.collect();
    let asked = incident::Event::Asked(Box::new(Request {
        actor: Actor::Person(person.clone()),
        membership: payload.membership,
        team: command::workspace(payload, interaction.workspace()),
        act,
        target,
        channel: channel.clone(),
        trigger: interaction
            .trigger_id()
            .map(|id| command::trigger(id, payload.at)),
        answer_to: AnswerTo::Person(ReplyTo {
            person,
            channel,
            response_url: interaction.response_url().map(str::to_owned),
            asked_at: payload.at,
        }),
        names,
        outside_channel: None,
    }));
    Ok(asked.into())
}
