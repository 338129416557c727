//! How a request is decided: which incident, whether it may, what changes, and who is answered.
//!
//! Every act takes the same way, whichever door it came in by: the incident exists, it is open,
//! the person may, the value makes sense, in this order, so that a refusal never tells somebody
//! that they lack a right which would not help them. Each refusal and each change is audited with
//! the one who asked, never with somebody whom they chose.

use super::super::decision::{ApiAnswer, AuditEntry, AuditOutcome, Named, Outcome};
use super::super::effect::{slack::Effect, statuspage};
use super::super::ids::{Actor, IncidentId, UserId};
use super::super::rules::Rules;
use super::super::text::{Message, Text};
use super::act::{Act, AnswerTo, Request, Role};
use super::{
    Change, Decision, Facts, Incident, Purpose, TimelineEntry, TimelineKind, answer,
    channel_events, declare, declare_form, help, menu, outside_channel, outsider, postmortem,
    refusals, resolve, resolve_form, roles, severity, status_page, templates, timeline, update,
    words,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// What a decision may look at.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    /// When it happened: what timelines say.
    pub at: DateTime<Utc>,
    /// When it is decided: what limits and timers run from.
    pub now: DateTime<Utc>,
    /// What is known.
    pub facts: &'a Facts,
    /// The team's rules.
    pub rules: &'a Rules,
}

/// A "no" for a person, with what to do next. A normal result, never an error.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// The HTTP status that says it to a caller of the API.
    pub status: u16,
    /// A word for the audit.
    pub code: &'static str,
    /// Words for people; the summary says it all.
    pub message: Message,
}

impl Refusal {
    /// A refusal whose words are one paragraph.
    pub fn new(status: u16, code: &'static str, text: Text) -> Self {
        Self {
            status,
            code,
            message: Message::said(text),
        }
    }
}

/// What to say to the one who asked, if anything; or why not.
pub(crate) type Verdict = Result<Option<Message>, Refusal>;

/// Decides a request.
pub(crate) fn decide_request(decision: &mut Decision, request: &Request, scene: &Scene<'_>) {
    // In the order of their ids, so that two signals never wait for each other. It is no outcome.
    let names = request.names.iter();
    decision.names.extend(names.map(|(person, name)| Named {
        person: person.clone(),
        name: name.clone(),
        at: scene.at,
    }));
    let meant = outsider::permitted(request, scene)
        .and_then(|()| outside_channel::as_meant(request, scene));
    let (request, verdict) = match &meant {
        Ok(request) => (&**request, verdict(decision, request, scene)),
        Err(refusal) => (request, Err(refusal.clone())),
    };
    match verdict {
        Ok(message) => accept(decision, request, scene, message),
        Err(refusal) => refuse(decision, request, scene, refusal),
    }
}

fn verdict(decision: &mut Decision, request: &Request, scene: &Scene<'_>) -> Verdict {
    match &request.act {
        Act::Menu => menu::show(request, scene),
        Act::OpenDeclareForm => declare_form::open(decision, request, scene),
        Act::ChooseTemplate {
            view,
            values,
            context,
            revision,
        } => templates::fill_in(decision, scene, view, values, context, *revision),
        Act::Declare(declaration) => declare::declare(decision, request, scene, declaration),
        Act::Update { text, unless_last } => {
            update::update(decision, request, scene, text, *unless_last)
        }
        Act::Advance { to, text } => update::advance(decision, request, scene, *to, text.as_ref()),
        Act::SetSeverity { to, reason } => {
            severity::set(decision, request, scene, *to, reason.as_ref())
        }
        Act::Assign { role, person } => roles::assign(decision, request, scene, *role, person),
        Act::Resolve { note } => resolve::resolve(decision, request, scene, note.as_ref()),
        Act::OpenResolveForm { note } => {
            resolve_form::open(decision, request, scene, note.as_ref())
        }
        Act::Timeline => timeline::show(request, scene),
        Act::Postmortem => postmortem::draft(decision, request, scene),
        Act::List => menu::list(scene),
        Act::Help { verb } => Ok(Some(help::message(verb.as_deref()))),
        Act::Misunderstood { refusal } => Err(Refusal {
            status: 422,
            code: "misunderstood",
            message: refusal.clone(),
        }),
    }
}

fn accept(decision: &mut Decision, request: &Request, scene: &Scene<'_>, said: Option<Message>) {
    let known = scene.facts.incident().map(|incident| incident.id);
    let declared = decision.changes.iter().find_map(|change| match change {
        Change::Declare(incident) => Some(incident.id),
        _ => None,
    });
    match (&request.answer_to, said) {
        (AnswerTo::Person(to), Some(message)) => {
            answer::give(decision, to, message, declared.or(known), scene.now);
        }
        (AnswerTo::Person(_), None) | (AnswerTo::Area(_), _) => {}
        (AnswerTo::Api, _) => {
            decision.api_answer = Some(match declared.or(known) {
                Some(id) => ApiAnswer::Incident {
                    id,
                    created: declared.is_some(),
                },
                None => ApiAnswer::Problem {
                    status: 404,
                    detail: "This works only in Slack.".into(),
                },
            });
        }
    }
}

fn refuse(decision: &mut Decision, request: &Request, scene: &Scene<'_>, refusal: Refusal) {
    decision.outcome = Outcome::Refused;
    let known = scene.facts.incident().map(|incident| incident.id);
    if changes_something(&request.act) {
        decision.audit(AuditEntry {
            incident: known,
            at: scene.at,
            action: words::audited(&request.act),
            by: request.actor.clone(),
            outcome: AuditOutcome::Refused,
            details: json!({ "why": refusal.code, "asked": request.act }),
        });
    }
    match &request.answer_to {
        AnswerTo::Person(to) => {
            let message = with_what_was_typed(refusal.message, &request.act);
            answer::give(decision, to, message, known, scene.now);
        }
        AnswerTo::Area(_) => {}
        AnswerTo::Api => {
            decision.api_answer = Some(ApiAnswer::Problem {
                status: refusal.status,
                detail: refusal.message.in_words(),
            });
        }
    }
}

/// Words take thought, and Slack has thrown the line away: whoever typed them in vain gets them back,
/// to copy.
fn with_what_was_typed(message: Message, act: &Act) -> Message {
    let words = match act {
        Act::Update { text, .. } => Some(text),
        Act::Advance { text, .. } => text.as_ref(),
        Act::SetSeverity { reason, .. } => reason.as_ref(),
        Act::Resolve { note } | Act::OpenResolveForm { note } => note.as_ref(),
        _ => None,
    };
    match words.filter(|words| !words.is_empty()) {
        Some(words) => words::giving_back(message, words),
        None => message,
    }
}

/// Whether an act is for the record: what only reads, or was not understood, is not.
fn changes_something(act: &Act) -> bool {
    match act {
        Act::Declare(_)
        | Act::Update { .. }
        | Act::Advance { .. }
        | Act::SetSeverity { .. }
        | Act::Assign { .. }
        | Act::Resolve { .. }
        | Act::OpenResolveForm { .. }
        | Act::Postmortem => true,
        Act::Menu
        | Act::OpenDeclareForm
        | Act::ChooseTemplate { .. }
        | Act::Timeline
        | Act::List
        | Act::Help { .. }
        | Act::Misunderstood { .. } => false,
    }
}

impl<'a> Scene<'a> {
    /// The incident that was meant, or a choice of those that go on.
    pub fn meant(&self, request: &Request) -> Result<&'a Incident, Refusal> {
        match self.facts.incident() {
            Some(incident) => Ok(incident),
            None => Err(menu::which(request, self)),
        }
    }

    /// The incident that was meant, when it goes on and the one who asks may change it.
    pub fn changeable(&self, request: &Request) -> Result<Incident, Refusal> {
        let incident = self.meant(request)?;
        if !incident.status.is_open() {
            return Err(refusals::over(incident));
        }
        self.permit(request, incident)?;
        let mut incident = incident.clone();
        // Nobody types in a closed channel: that it is open again was not told, or comes later.
        if request.channel.is_some() && request.channel == incident.channel_id {
            incident.channel_closed_at = None;
        }
        Ok(incident)
    }

    /// Whether the one who asks may change the incident: its commander, an admin, a caller of the
    /// API; while nobody leads it the one who declared it may, and anybody may take the lead.
    pub fn permit(&self, request: &Request, incident: &Incident) -> Result<(), Refusal> {
        let person = match &request.actor {
            Actor::Api(_) | Actor::Wardroom => return Ok(()),
            Actor::Person(person) => person,
        };
        let takes_the_lead = matches!(&request.act, Act::Assign { role: Role::Commander, person: chosen }
            if incident.commander.is_none() && chosen == person);
        let updates = matches!(&request.act, Act::Update { .. }) && may_update(person, incident);
        if takes_the_lead || updates || self.may_change(person, incident) {
            return Ok(());
        }
        Err(refusals::not_the_commander(&request.act, incident))
    }

    /// Whether somebody may change the incident whatever it is that they ask for.
    pub fn may_change(&self, person: &UserId, incident: &Incident) -> bool {
        let leads = match &incident.commander {
            Some(commander) => commander == person,
            None => incident.declared_by.person() == Some(person),
        };
        leads || self.rules.admins.contains(person)
    }
}

/// Whether somebody's role lets them post updates, beside those who may change the incident.
pub(crate) fn may_update(person: &UserId, incident: &Incident) -> bool {
    [&incident.comms, &incident.scribe].contains(&&Some(person.clone()))
}

/// One thing that happened to an incident, to be kept and to be shown.
pub(crate) struct Happened {
    /// What kind of line the timeline gets.
    pub kind: TimelineKind,
    /// The timeline's words.
    pub text: String,
    /// What the audit says beyond who and when.
    pub details: Value,
    /// The line in the incident's channel.
    pub line: Message,
}

/// Keeps a change of an incident and shows it: the row, the timeline, the audit, a line in its
/// channel, its card. While there is no channel that can be written in the timeline has the words, and the
/// channel gets them when it comes, or comes back.
pub(crate) fn record(
    decision: &mut Decision,
    request: &Request,
    scene: &Scene<'_>,
    incident: &Incident,
    happened: Happened,
) {
    decision.change(Change::Save(Box::new(incident.clone())));
    decision.change(Change::Timeline(TimelineEntry {
        incident: incident.id,
        at: scene.at,
        kind: happened.kind,
        text: happened.text,
        by: request.actor.clone(),
    }));
    audit_done(decision, request, scene, incident.id, happened.details);
    let before = scene.facts.incident();
    if let Some(since) = before.and_then(|incident| incident.channel_closed_at) {
        channel_events::is_back(decision, scene, incident, since);
    }
    if let Some(channel) = incident.open_channel() {
        let line = Effect::PostMessage {
            channel: channel.clone(),
            message: happened.line,
        };
        let purpose = Purpose::Line {
            incident: incident.id,
            answer_to: match &request.answer_to {
                AnswerTo::Person(to) => Some(to.clone()),
                AnswerTo::Api | AnswerTo::Area(_) => None,
            },
        };
        decision.effect(line, purpose);
    }
    show_card(decision, incident);
}

/// The audit's line of something that was done.
pub(crate) fn audit_done(
    decision: &mut Decision,
    request: &Request,
    scene: &Scene<'_>,
    incident: IncidentId,
    details: Value,
) {
    decision.audit(AuditEntry {
        incident: Some(incident),
        at: scene.at,
        action: words::audited(&request.act),
        by: request.actor.clone(),
        outcome: AuditOutcome::Done,
        details,
    });
}

/// Brings the card up to date, if it stands already and can be edited; else its receipt will, or the
/// channel's return.
pub(crate) fn show_card(decision: &mut Decision, incident: &Incident) {
    if incident.card_ts.is_some() && incident.open_channel().is_some() {
        let id = incident.id;
        let effect = Effect::UpdateMessage {
            shows: format!("card:{id}"),
            edit: None,
        };
        decision.effect(effect, Purpose::CardUpdate { incident: id });
    }
}

/// Brings the status page up to date, if the incident's service is on it and the incident, which
/// was so `before`, shows as something else now.
pub(crate) fn show_component(
    decision: &mut Decision,
    rules: &Rules,
    before: Option<&Incident>,
    incident: &Incident,
) {
    let shows = |incident: &Incident| {
        status_page::component_status(&[(incident.severity, incident.status)])
    };
    if before.is_some_and(|before| shows(before) == shows(incident)) {
        return;
    }
    let service = rules.service(&incident.service);
    if let Some(component) = service.and_then(|service| service.statuspage_component.clone()) {
        let effect = statuspage::Effect::UpdateComponent {
            component,
            status: None,
        };
        decision.effect(effect, Purpose::Component);
    }
}

/// What the one who made a change is told: nothing where its line is posted before their eyes,
/// outside it that it is done and where it can be seen.
pub(crate) fn done(request: &Request, incident: &Incident, what: &str) -> Option<Message> {
    let text = match (&incident.channel_id, incident.open_channel()) {
        (Some(_), Some(channel)) if request.channel.as_ref() == Some(channel) => return None,
        (Some(_), Some(channel)) => Text::plain(format!("{what}: ")).room(channel),
        (Some(_), None) => Text::plain(format!(
            "{what}. Its channel is closed: the timeline has it, and it will be posted if the \
             channel can be used again."
        )),
        (None, _) => Text::plain(format!(
            "{what}. It has no channel yet: the timeline has it, and it will be posted once \
             there is one."
        )),
    };
    Some(Message::said(text))
}
