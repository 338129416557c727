//! What a person who asked is told.

use super::Failure;
use crate::domain::text::{Message, Text};

/// A "no" for a person, with what to do next. A normal result, never an error.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    /// A word for the audit.
    pub code: &'static str,
    pub message: Message,
}

impl Refusal {
    pub(super) fn new(code: &'static str, text: Text) -> Self {
        Self {
            code,
            message: Message::said(text),
        }
    }
}

/// What to say to the person who asked; or why not.
pub(super) type Verdict = Result<Message, Refusal>;

/// The failure of a button, while something can be done about it; else what became of it.
pub(super) fn still_open(failure: Option<&Failure>) -> Result<&Failure, Refusal> {
    let Some(failure) = failure else {
        let text = Text::plain("This failure is no longer kept. Nothing changed. Run ")
            .code("/wardroom ci")
            .and(" to see the latest ones.");
        return Err(Refusal::new("gone", text));
    };
    let Some(green) = &failure.green else {
        return Ok(failure);
    };
    let became = match green.is_healed {
        true => " was healed ",
        false => " is green again since ",
    };
    let text = Text::default()
        .bold(failure.line.repository.as_str())
        .and(format!(": this workflow{became}"))
        .time(green.at)
        .and(format!(" (run #{}). Nothing changed.", green.number));
    Err(Refusal::new("over", text))
}
