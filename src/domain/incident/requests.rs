//! How a request is decided: which incident, whether it may, what changes, and who is answered.
//!
//! Every act takes the same way, whatever it came in by: the incident exists, it is open, the person
//! may change it, the value makes sense, in this order, so that a refusal never names a missing right
//! that would not help. Each refusal and each change is audited with the person who asked, never with
//! a person whom they chose.

use super::super::decision::{ApiAnswer, AuditEntry, AuditOutcome, Outcome};
use super::super::requester::named;
use super::super::text::Message;
use super::act::{Act, AnswerTo, Request};
use super::case::{Case, Refusal, Verdict};
use super::change::Change;
use super::{
    answer, declare, declare_form, help, menu, outside_channel, postmortem, resolve, resolve_form,
    rights, roles, severity, timeline, update, words,
};
use serde_json::json;

pub(super) fn decide_request(case: &mut Case<'_>, request: &Request) {
    // It is no outcome.
    let names = named(&request.names, case.at);
    case.decision.names.extend(names);
    let permitted = rights::permit_outsider(case, request);
    let meant = permitted.and_then(|()| outside_channel::as_meant(case, request));
    let (request, verdict) = match &meant {
        Ok(request) => (&**request, verdict(case, request)),
        Err(refusal) => (request, Err(refusal.clone())),
    };
    match verdict {
        Ok(message) => accept(case, request, message),
        Err(refusal) => refuse(case, request, refusal),
    }
}

fn verdict(case: &mut Case<'_>, request: &Request) -> Verdict {
    match &request.act {
        Act::Menu => menu::show(case, request),
        Act::OpenDeclareForm => declare_form::open(case, request),
        Act::ChooseTemplate {
            view,
            values,
            context,
            revision,
        } => declare_form::fill_in(case, view, values, context, *revision),
        Act::Declare(declaration) => declare::declare(case, request, declaration),
        Act::Update { text, unless_last } => update::update(case, request, text, *unless_last),
        Act::Advance { to, text } => update::advance(case, request, *to, text.as_ref()),
        Act::SetSeverity { to, reason } => severity::set(case, request, *to, reason.as_ref()),
        Act::Assign { role, person } => roles::assign(case, request, *role, person),
        Act::Resolve { note } => resolve::resolve(case, request, note.as_ref()),
        Act::OpenResolveForm { note } => resolve_form::open(case, request, note.as_ref()),
        Act::Timeline => timeline::show(case, request),
        Act::Postmortem => postmortem::draft(case, request),
        Act::List => menu::list(case),
        Act::Help { verb } => Ok(Some(help::message(verb.as_deref()))),
        Act::Misunderstood { refusal } => Err(Refusal {
            status: 422,
            code: "misunderstood",
            message: refusal.clone(),
        }),
    }
}

fn accept(case: &mut Case<'_>, request: &Request, said: Option<Message>) {
    match (&request.answer_to, said) {
        (AnswerTo::Person(to), Some(message)) => answer::give(case, to, message),
        (AnswerTo::Person(_), None) | (AnswerTo::Area(_), _) => {}
        (AnswerTo::Api, _) => {
            let mut changes = case.decision.changes.iter();
            let created = changes.any(|change| matches!(change, Change::Declare(_)));
            case.decision.api_answer = Some(match answer::incident(case) {
                Some(id) => ApiAnswer::Incident { id, created },
                None => ApiAnswer::Problem {
                    status: 404,
                    detail: "This works only in Slack.".into(),
                },
            });
        }
    }
}

pub(super) fn refuse(case: &mut Case<'_>, request: &Request, refusal: Refusal) {
    case.decision.outcome = Outcome::Refused;
    if request.act.is_audited() {
        case.decision.audit(AuditEntry {
            incident: case.incident().map(|incident| incident.id),
            at: case.at,
            action: words::audited(&request.act),
            by: request.actor.clone(),
            outcome: AuditOutcome::Refused,
            details: json!({ "why": refusal.code, "asked": request.act }),
        });
    }
    match &request.answer_to {
        AnswerTo::Person(to) => {
            // Slack has thrown the line away: the person gets their words back, to copy.
            let message = match request.act.words() {
                Some(words) => words::giving_back(refusal.message, words),
                None => refusal.message,
            };
            answer::give(case, to, message);
        }
        AnswerTo::Area(_) => {}
        AnswerTo::Api => {
            case.decision.api_answer = Some(ApiAnswer::Problem {
                status: refusal.status,
                detail: refusal.message.in_words(),
            });
        }
    }
}
