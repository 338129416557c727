//! What people read of a decision.

use super::memory::Planned;
use crate::domain::effect::slack::{self, Effect as Slack};
use crate::domain::effect::{Answer, Effect};
use crate::domain::ids::{ChannelId, FileId};
use crate::domain::incident::case::Decision;
use crate::domain::signal::End;
use crate::domain::text::{Message, Part};

/// Where a message goes and all of its words.
pub(super) fn said(effect: &Effect) -> Option<(String, String)> {
    let Effect::Slack(effect) = effect else {
        return None;
    };
    Some(match effect {
        Slack::PostMessage { channel, message } => (channel.to_string(), whole(message)),
        Slack::DirectMessage { person, message } => (person.to_string(), whole(message)),
        Slack::Reply { to, message } => (format!("reply:{}", to.person), whole(message)),
        Slack::Ephemeral { to, message } => (format!("ephemeral:{}", to.person), whole(message)),
        _ => return None,
    })
}

/// All words of a message's body; of its summary where it has none.
pub(super) fn whole(message: &Message) -> String {
    assert!(
        !message.in_words().trim().is_empty(),
        "no summary: {message:?}"
    );
    if message.parts.is_empty() {
        return message.summary.clone();
    }
    let mut text = String::new();
    for part in &message.parts {
        text.push('\n');
        match part {
            Part::Header(line) | Part::Preformatted(line) => text.push_str(line),
            Part::Section(line) | Part::Context(line) => text.push_str(&line.to_plain()),
            Part::Fields(fields) => {
                for (label, value) in fields {
                    text.push_str(&format!("{label}: {}\n", value.to_plain()));
                }
            }
            Part::Buttons(buttons) => {
                for button in buttons {
                    text.push_str(&format!("[{}]", button.label));
                }
            }
        }
    }
    text
}

/// The words of the one answer of a decision.
pub(super) fn answer(decision: &Decision) -> String {
    let answers: Vec<String> = decision
        .effects
        .iter()
        .filter(|one| matches!(one.effect, Effect::Slack(Slack::Reply { .. })))
        .filter_map(|one| said(&one.effect))
        .map(|(_, words)| words)
        .collect();
    assert_eq!(answers.len(), 1, "not one answer: {decision:?}");
    answers[0].clone()
}

/// The channel in which an effect is seen.
pub(super) fn channel_of(planned: &Planned) -> Option<&ChannelId> {
    match &planned.effect {
        Effect::Slack(effect) => effect.channel(),
        Effect::Github(_) | Effect::Statuspage(_) => None,
    }
}

/// A file was uploaded.
pub(super) fn uploaded() -> End {
    let id = FileId::new("F1").unwrap();
    End::Done(Answer::Slack(slack::Answer::File { id }))
}
