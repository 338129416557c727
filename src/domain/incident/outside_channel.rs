//! Which of two readings a command has whose words begin with a number, as in `status #7 it burns`.
//!
//! In an incident's channel the command is about that incident, whatever its words name: nobody's
//! `resolved #7 was the cause` may end #7. Where nothing but a number was typed, nobody can tell.

use super::super::text::Text;
use super::act::{Act, IncidentRef, OutsideChannel, Request};
use super::ask::{Refusal, Scene};
use super::buttons;
use std::borrow::Cow;

/// The request as it is meant where it was made.
pub(crate) fn as_meant<'a>(
    request: &'a Request,
    scene: &Scene<'_>,
) -> Result<Cow<'a, Request>, Refusal> {
    let Some(outside_channel) = &request.outside_channel else {
        return Ok(Cow::Borrowed(request));
    };
    let here = scene
        .facts
        .incident()
        .filter(|incident| incident.channel_id.is_some() && incident.channel_id == request.channel);
    match (here, &outside_channel.target) {
        // Its own number, in its own channel, is no word.
        (Some(incident), IncidentRef::Number(there)) if incident.number != *there => {
            match outside_channel.alone {
                true => Err(which_of_two(
                    incident.number,
                    *there,
                    request,
                    outside_channel,
                )),
                false => Ok(Cow::Borrowed(request)),
            }
        }
        // Neither is known: the words are offered whole to those that are.
        (None, _) if scene.facts.incident().is_none() && !outside_channel.alone => {
            Ok(Cow::Borrowed(request))
        }
        (Some(_) | None, _) => Ok(Cow::Owned(Request {
            act: outside_channel.act.clone(),
            target: Some(outside_channel.target.clone()),
            outside_channel: None,
            ..request.clone()
        })),
    }
}

fn which_of_two(
    here: i64,
    there: i64,
    request: &Request,
    outside_channel: &OutsideChannel,
) -> Refusal {
    // An update of a number alone lacks its words.
    let act = match &outside_channel.act {
        Act::Misunderstood { .. } => &request.act,
        act => act,
    };
    let text = Text::plain(format!(
        "This is the channel of #{here}, so commands here are about it. Nothing changed. If you \
         mean #{there}, put its number first: "
    ))
    .code(buttons::as_typed(act, there));
    Refusal::new(409, "which_of_two", text)
}
