//! Which of two readings a command has whose words begin with a number, as in `status #7 it burns`.
//!
//! In an incident's channel the command is about that incident, whatever its words name: `resolved #7
//! was the cause` must not end #7. Where only a number was typed, either may be meant.

use super::super::text::Text;
use super::act::{Act, IncidentRef, Request};
use super::case::{Case, Refusal};
use std::borrow::Cow;

/// The request as it is meant where it was made.
pub(super) fn as_meant<'a>(
    case: &Case<'_>,
    request: &'a Request,
) -> Result<Cow<'a, Request>, Refusal> {
    let Some(outside) = &request.outside_channel else {
        return Ok(Cow::Borrowed(request));
    };
    let here = request
        .channel
        .as_ref()
        .and_then(|channel| case.incident_in(channel));
    match (here, &outside.target) {
        // Its own number, in its own channel, is no word.
        (Some(here), IncidentRef::Number(there)) if here.number != *there => {
            if !outside.alone {
                return Ok(Cow::Borrowed(request));
            }
            // An update of a number alone lacks its words.
            let act = match &outside.act {
                Act::Misunderstood { .. } => &request.act,
                act => act,
            };
            let text = Text::plain(format!(
                "This is the channel of #{}, so commands here are about it. Nothing changed. If \
                 you mean #{there}, put its number first: ",
                here.number
            ));
            let text = text.code(act.command(*there));
            Err(Refusal::new(409, "which_of_two", text))
        }
        // Neither is known: the words are offered whole to those that are.
        (None, _) if case.incident().is_none() && !outside.alone => Ok(Cow::Borrowed(request)),
        (Some(_) | None, _) => Ok(Cow::Owned(Request {
            act: outside.act.clone(),
            target: Some(outside.target.clone()),
            outside_channel: None,
            ..request.clone()
        })),
    }
}
