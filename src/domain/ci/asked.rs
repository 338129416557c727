//! How a command and a press are decided: who may ask, what follows, and who is answered.
//!
//! Every command and every press is answered, to the person alone. A press takes the person's right to ask
//! at the moment of the press, and its rule sees the rows as they are now: a button that has outlived its
//! state, or is pressed twice, does no harm.

use super::buttons::Press;
use super::request::{Act, Pressed, Request};
use super::verdict::{Refusal, Verdict};
use super::{
    Decision, Facts, RepairId, answer, changes, command, ignore, message, open_incident,
    repair_approved,
};
use crate::domain::area::Context;
use crate::domain::decision::{AuditEntry, AuditOutcome, Outcome};
use crate::domain::ids::Actor;
use crate::domain::measure::Measure;
use crate::domain::requester::{Requester, named, outsider_refused};
use crate::domain::text::Text;
use serde_json::json;

pub(super) fn decide_request(
    decision: &mut Decision,
    request: &Request,
    facts: &Facts,
    context: &Context<'_>,
) {
    let by = &request.by;
    let verdict = permit(by, context).and_then(|()| match &request.act {
        Act::List { repository } => {
            let listing = facts.list.as_ref().cloned().unwrap_or_default();
            let typed = repository.as_deref().unwrap_or_default();
            let listed = message::listing(&listing, typed, context.now);
            listed.map_err(|text| Refusal::new("which_repository", text))
        }
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
    let name = match press.press() {
        Some(known) => known.name(),
        None if press.action == changes::ROLLBACK => Press::ROLLBACK,
        None => Press::UNKNOWN,
    };
    let refused = answered(decision, &press.by, name, verdict, context);
    // A rollback that was started is audited by its rule, with its incident.
    if name == Press::UNKNOWN || name == Press::ROLLBACK && refused.is_none() {
        return;
    }
    let outcome = match refused {
        None => AuditOutcome::Done,
        Some(_) => AuditOutcome::Refused,
    };
    let line = facts.failure.as_ref().map(|failure| &failure.line);
    decision.audit(AuditEntry {
        incident: None,
        at: context.at,
        action: name.replacen('_', ".", 1),
        by: Actor::Person(press.by.person().clone()),
        outcome,
        details: json!({
            "button": press.value,
            "repository": line.map(|line| &line.repository),
            "branch": line.map(|line| &line.branch),
            "why": refused,
        }),
    });
}

/// The rule of a button.
fn pressed(
    decision: &mut Decision,
    press: &Pressed,
    facts: &Facts,
    context: &Context<'_>,
) -> Verdict {
    let person = press.by.person();
    if press.action == changes::ROLLBACK {
        let started = changes::pressed(decision, person, &facts.changes, context);
        return started.map_err(|(code, text)| Refusal::new(code, text));
    }
    match press.press() {
        Some(Press::Ignore(_)) => ignore::ignore(decision, person, facts, context),
        Some(Press::StopIgnoring(_)) => ignore::stop(decision, facts, context),
        Some(Press::Approve(id)) => {
            repair_approved::approve(decision, RepairId(id), person, facts, context)
        }
        Some(Press::Rerun(_)) => repair_approved::rerun(decision, person, facts, context),
        Some(Press::OpenIncident(_)) => open_incident::open(decision, person, facts, context),
        None => {
            let text = "This button is from another version of Wardroom. Nothing changed. Run ";
            let text = Text::plain(text)
                .code("/wardroom ci")
                .and(" to see the latest failures.");
            Err(Refusal::new("unknown_button", text))
        }
    }
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
