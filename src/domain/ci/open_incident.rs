//! A person opens an incident about a failure: it joins the open incident of the service, or is a new one.

use super::super::area::Context;
use super::super::declaration::{Declaration, Kind, Source};
use super::super::ids::{Actor, UserId};
use super::super::severity::Severity;
use super::super::text::{Message, Text};
use super::super::told::{Note, Told};
use super::message::one_line;
use super::verdict::{Refusal, Verdict, still_open};
use super::{Decision, Facts, watched};

pub(super) fn open(
    decision: &mut Decision,
    person: &UserId,
    facts: &Facts,
    context: &Context<'_>,
) -> Verdict {
    let failure = still_open(facts.failure.as_ref())?;
    let repository = &failure.line.repository;
    let Some(service) = watched::service_of_incidents(context.rules, repository) else {
        let text = Text::default()
            .bold(repository.as_str())
            .and(" belongs to no service, so no incident was opened. Run ")
            .code("/wardroom declare")
            .and(" to declare one.");
        return Err(Refusal::new("no_service", text));
    };
    let workflow = one_line(&failure.workflow_name);
    let declaration = Declaration {
        title: one_line(&format!("CI of {repository} fails: {workflow}")),
        severity: Severity::P3,
        service: service.to_owned(),
        commander: Some(person.clone()),
        kind: Kind::Real,
        view: None,
        template: None,
    };
    let note = Note {
        at: context.at,
        by: Actor::Person(person.clone()),
        text: format!(
            "{workflow} of {} fails: {}",
            one_line(repository),
            failure.last.url
        ),
    };
    decision.tell(Told::ReportTrouble {
        reference: failure.id.0,
        declaration,
        source: Source::Github,
        notes: vec![note],
    });
    let text = "Opening an incident, or adding this to the open one of the service.";
    Ok(Message::line(text))
}
