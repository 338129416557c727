//! How a command and a press are decided: who may ask, what follows, and who is answered.
//!
//! Every command and every press is answered, to the person alone. A press takes the person's right to ask
//! at the moment of the press, and its rule sees the rows as they are now: a button that has outlived its
//! state, or is pressed twice, does no harm.

use super::answer;
use super::buttons::Press;
use super::changes;
use super::command;
use super::request::{Act, Pressed, Request};
use super::{Decision, Facts, repair_approved};
use crate::domain::area::Context;
use crate::domain::decision::{AuditEntry, AuditOutcome, Outcome};
use crate::domain::ids::Actor;
use crate::domain::measure::Measure;
use crate::domain::requester::{Requester, named, outsider_refused};
use crate::domain::text::{Message, Text};
use serde_json::json;

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

pub(super) fn decide_request(
    decision: &mut Decision,
    request: &Request,
    _facts: &Facts,
    context: &Context<'_>,
) {
    let by = &request.by;
    let verdict = permit(by, context).and_then(|()| match &request.act {
        Act::List { .. } => Ok(Message::line("Nothing failed lately.")),
        Act::Help { verb } => Ok(command::help(verb.as_deref())),
        Act::Misunderstood { refusal } => Err(Refusal {
            code: "misunderstood",
            message: refusal.clone(),
        }),
    });
    let _code = answered(decision, by, request.act.name(), verdict, context);
}

pub(super) fn decide_press(
    decision: &mut Decision,
    press: &Pressed,
    facts: &Facts,
    context: &Context<'_>,
) {
    let verdict = permit(&press.by, context);
    let verdict = verdict.and_then(|()| pressed(decision, press, facts, context));
    let (name, known) = match verdict {
        Err(Refusal { code: UNKNOWN, .. }) => ("ci_unknown", false),
        _ => ("ci_press", true),
    };
    let refused = answered(decision, &press.by, name, verdict, context);
    if known {
        let (outcome, why) = match refused {
            None => (AuditOutcome::Done, None),
            Some(code) => (AuditOutcome::Refused, Some(code)),
        };
        decision.audit(AuditEntry {
            incident: None,
            at: context.at,
            action: name.replace("ci_", "ci."),
            by: Actor::Person(press.by.person().clone()),
            outcome,
            details: json!({ "button": press.value, "why": why }),
        });
    }
}

const UNKNOWN: &str = "unknown_button";

/// The rule of a button.
fn pressed(
    decision: &mut Decision,
    press: &Pressed,
    facts: &Facts,
    context: &Context<'_>,
) -> Verdict {
    if press.action == changes::ROLLBACK {
        let started = changes::pressed(decision, press.by.person(), &facts.changes, context);
        return started.map_err(|(code, text)| Refusal::new(code, text));
    }
    if let Some(id) = Press::approved(press) {
        let person = press.by.person();
        let approved = repair_approved::approve(decision, id, person, facts, context);
        return match approved {
            Ok(text) => Ok(Message::said(text)),
            Err((code, text)) => Err(Refusal::new(code, text)),
        };
    }
    let text =
        Text::plain("This button is from another version of Wardroom. Nothing changed. Run ")
            .code("/wardroom ci")
            .and(" to see the latest failures.");
    Err(Refusal::new(UNKNOWN, text))
}

fn permit(by: &Requester, context: &Context<'_>) -> Result<(), Refusal> {
    match outsider_refused(by.membership, context.rules) {
        None => Ok(()),
        Some(text) => Err(Refusal::new("outsider", text)),
    }
}

/// Answers the person and counts; gives the code of a refusal.
fn answered(
    decision: &mut Decision,
    by: &Requester,
    command: &'static str,
    verdict: Verdict,
    context: &Context<'_>,
) -> Option<&'static str> {
    decision.names.extend(named(&by.names, context.at));
    let (message, refused) = match verdict {
        Ok(message) => (message, None),
        Err(refusal) => (refusal.message, Some(refusal.code)),
    };
    if refused.is_some() {
        decision.outcome = Outcome::Refused;
    }
    answer::give(decision, &by.reply_to, message, context.now);
    decision.measures.push(Measure::Command {
        command,
        result: decision.outcome.as_str(),
    });
    refused
}
