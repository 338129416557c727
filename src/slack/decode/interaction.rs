//! Clicks and submissions: a button's meaning is the domain's, a form's values go back to it.

use super::{Arrival, command};
use crate::domain::act::{Act, AnswerTo, IncidentRef, ReplyTo, Request};
use crate::domain::ids::{Actor, ChannelId, UserId};
use crate::domain::incident::{buttons::act_of_button, declare_form, resolve_form, words};
use crate::domain::signal::Event;
use crate::domain::text::{Message, Part, Text};
use crate::slack::interaction::Interaction;
use crate::slack::{render, typed, views, wire};

pub(super) fn click(arrival: Arrival<'_>) -> Result<Event, &'static str> {
    let payload = read(arrival.body)?;
    let click = payload.click().ok_or("no action")?;
    let action = render::action_name(&click.action_id);
    if let Some(act) = choice(&payload, action) {
        return request(&payload, arrival, act, None);
    }
    if action == words::OPEN {
        // Slack tells of it, and the person is in the channel already.
        return Ok(Event::Unused {
            what: action.to_owned(),
        });
    }
    match act_of_button(action, &click.value) {
        Some((act, target)) => request(&payload, arrival, act, target),
        None => {
            let words = "This button is from another version of Wardroom.";
            request(&payload, arrival, misunderstood(words), None)
        }
    }
}

/// Words in the place of what we do not understand: a press is never answered by nothing.
fn misunderstood(why: &str) -> Act {
    let words = Text::plain(format!("{why} Nothing changed. Run "))
        .code("/incident")
        .and(" to see what you can do.");
    Act::Misunderstood {
        refusal: Message::said(words),
    }
}

/// A choice in an open form that the form wants to hear of at once.
fn choice(payload: &Interaction, action: &str) -> Option<Act> {
    let view = payload.view()?;
    let filled = view.filled();
    if action != views::choice_action(&filled.luggage.form, declare_form::TEMPLATE) {
        return None;
    }
    Some(Act::ChooseTemplate {
        view: view.id()?,
        values: filled.values,
        context: filled.luggage.context,
        revision: filled.luggage.revision,
    })
}

pub(super) fn submission(arrival: Arrival<'_>) -> Result<Event, &'static str> {
    let payload = read(arrival.body)?;
    let view = payload.view().ok_or("no view")?;
    let filled = view.filled();
    let form = filled.luggage.form.as_str();
    let resolves = (form == resolve_form::FORM)
        .then(|| resolve_form::act_of(&filled.values, &filled.luggage.context));
    if let Some((act, target)) = resolves.flatten() {
        return request(&payload, arrival, act, target);
    }
    if form != declare_form::FORM {
        let words = "This form is from another version of Wardroom.";
        return request(&payload, arrival, misunderstood(words), None);
    }
    let act = match declare_form::validate(&filled.values, arrival.rules) {
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
    request(&payload, arrival, act, None)
}

fn read(body: &[u8]) -> Result<Interaction, &'static str> {
    let text = wire::payload(body).ok_or("no payload")?;
    Interaction::read(&text).ok_or("the payload is not JSON")
}

fn request(
    payload: &Interaction,
    arrival: Arrival<'_>,
    act: Act,
    target: Option<IncidentRef>,
) -> Result<Event, &'static str> {
    let person = UserId::new(payload.user().ok_or("no user")?).map_err(|_| "not a user's id")?;
    // A modal is in no room: the one in which it was asked for travels in its context.
    let carried = payload.view().map(|view| view.filled().luggage.context);
    let carried = carried.and_then(|context| context.get(declare_form::ROOM).cloned());
    let room = payload.room().map(str::to_owned).or(carried);
    let room = room.and_then(|id| ChannelId::new(id).ok());
    let name = payload.user_name().map(typed::unescape);
    let names = name.map(|name| (person.clone(), name)).into_iter();
    let names = names.collect();
    Ok(Event::Asked(Box::new(Request {
        actor: Actor::Person(person.clone()),
        membership: arrival.membership,
        team: command::workspace(arrival, payload.workspace()),
        act,
        target,
        room: room.clone(),
        trigger: payload
            .trigger_id()
            .map(|id| command::trigger(id, arrival.at)),
        answer_to: AnswerTo::Person(ReplyTo {
            person,
            room,
            response_url: payload.response_url().map(str::to_owned),
            asked_at: arrival.at,
        }),
        names,
        elsewhere: None,
    })))
}
