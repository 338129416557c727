//! What people read of a decision.

use crate::domain::decision::Decision;
use crate::domain::effect::Effect;
use crate::domain::text::{Message, Part};

/// Where a message goes and all of its words.
pub(super) fn said(effect: &Effect) -> Option<(String, String)> {
    Some(match effect {
        Effect::PostMessage { room, message, .. } => (room.to_string(), whole(message)),
        Effect::DirectMessage {
            person, message, ..
        } => (person.to_string(), whole(message)),
        Effect::Reply { to, message } => (format!("reply:{}", to.person), whole(message)),
        Effect::Whisper { to, message } => (format!("whisper:{}", to.person), whole(message)),
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
        .filter(|one| matches!(one.effect, Effect::Reply { .. }))
        .filter_map(|one| said(&one.effect))
        .map(|(_, words)| words)
        .collect();
    assert_eq!(answers.len(), 1, "not one answer: {decision:?}");
    answers[0].clone()
}
