//! How a form is opened. Slack permits it for three seconds; after that, words take its place.

use super::super::effect::slack::Effect;
use super::super::text::form::Form;
use super::super::text::{Message, Text};
use super::act::{AnswerTo, Request};
use super::case::{Case, Refusal, Verdict};
use super::purpose::Why;

/// The context's key for the channel in which the form was asked for. Open forms have this name.
pub const CHANNEL: &str = "room";

/// What the words begin with that take the form's place.
pub(super) const TOO_LATE: &str =
    "The form didn't open within Slack's limit of 3 seconds. Try again, or ";

/// Opens a form, or says the words that take its place when there is no time left for it.
pub(super) fn open(
    case: &mut Case<'_>,
    request: &Request,
    mut form: Form,
    instead: impl FnOnce(&str, &Form) -> Message,
) -> Verdict {
    let trigger = request.trigger.as_ref();
    let trigger = trigger.filter(|trigger| trigger.expires > case.now);
    let (AnswerTo::Person(to), Some(trigger)) = (&request.answer_to, trigger) else {
        return Err(Refusal {
            status: 422,
            code: "no_trigger",
            message: instead(TOO_LATE, &form),
        });
    };
    if let Some(channel) = &request.channel {
        form.context.insert(CHANNEL.to_owned(), channel.to_string());
    }
    let trigger = trigger.clone();
    let purpose = Why::Form.alone().answering(Some(to));
    case.effect(Effect::OpenForm { trigger, form }, purpose);
    Ok(None)
}

/// The command that does what a form would have done.
pub(super) fn by_words(begin: &str, command: impl Into<String>) -> Message {
    Message::said(Text::plain(begin).and("run ").code(command))
}
