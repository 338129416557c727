//! Block actions and view submissions. Each button belongs to an area, by the beginning of its name; the
//! domain knows what its buttons and forms mean.

use super::{Asked, Payload};
use crate::domain::areas::Event;
use crate::domain::ci;
use crate::domain::incident::act::{Act, IncidentRef, Request};
use crate::domain::incident::{
    self, buttons::act_of_button, declare_form, forms, resolve_form, validate, words,
};
use crate::domain::requester::Requester;
use crate::domain::text::{Message, Part, Text};
use crate::slack::interaction::{Interaction, non_empty};
use crate::slack::{render, views};

/// Makes an area's event of a press: of its name and its value.
type Read = fn(Requester, &str, &str) -> Event;

/// How the names of an area's buttons begin. All others are the incidents'.
const BUTTONS: [(&str, Read); 1] = [(ci::request::BUTTONS, of_ci)];

pub(super) fn click(payload: Payload<'_>) -> Result<Event, &'static str> {
    let interaction = Interaction::of_form(payload.body)?;
    let action = interaction.action("action_id").ok_or("no action")?;
    let action = render::action_name(action);
    if let Some(act) = selection(&interaction, action) {
        return request(&interaction, payload, act, None);
    }
    if action == words::OPEN {
        // Slack sends it although the button only opens a link.
        return Ok(Event::Unused {
            what: action.to_owned(),
        });
    }
    let value = interaction.action("value").unwrap_or_default();
    let mut areas = BUTTONS.iter();
    if let Some((_, read)) = areas.find(|(prefix, _)| action.starts_with(prefix)) {
        let by = requester(&interaction, payload)?;
        return Ok(read(by, action, value));
    }
    let known = act_of_button(action, value);
    let (act, target) = known.unwrap_or_else(|| {
        let words = "This button is from another version of Wardroom.";
        (misunderstood(words), None)
    });
    request(&interaction, payload, act, target)
}

fn of_ci(by: Requester, action: &str, value: &str) -> Event {
    let press = ci::request::Pressed {
        by,
        action: action.to_owned(),
        value: value.to_owned(),
    };
    ci::Event::Pressed(Box::new(press)).into()
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
    let input = interaction.input();
    let metadata = input.private_metadata;
    if action != views::select_action_id(&metadata.form, validate::TEMPLATE) {
        return None;
    }
    Some(Act::ChooseTemplate {
        view: interaction.view_id()?,
        values: input.values,
        context: metadata.context,
        revision: metadata.revision,
    })
}

pub(super) fn submission(payload: Payload<'_>) -> Result<Event, &'static str> {
    let interaction = Interaction::of_form(payload.body)?;
    let input = interaction.input();
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
    let act = match validate::declaration(&input.values, payload.rules) {
        Ok(mut declaration) => {
            declaration.view = interaction.view_id();
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

fn requester(interaction: &Interaction, payload: Payload<'_>) -> Result<Requester, &'static str> {
    // A modal belongs to no channel: its context has the channel in which it was opened.
    let context = interaction.input().private_metadata.context;
    let from_context = context.get(forms::CHANNEL).map(String::as_str);
    let asked = Asked {
        person: interaction.user["id"].as_str(),
        name: interaction.user_name(),
        channel: interaction.channel().or(from_context),
        team: interaction.workspace(),
        trigger: non_empty(&interaction.trigger_id),
        response_url: non_empty(&interaction.response_url),
    };
    asked.requester(payload)
}

fn request(
    interaction: &Interaction,
    payload: Payload<'_>,
    act: Act,
    target: Option<IncidentRef>,
) -> Result<Event, &'static str> {
    let request = Request::by(requester(interaction, payload)?, act);
    Ok(incident::Event::Asked(Box::new(Request { target, ..request })).into())
}
