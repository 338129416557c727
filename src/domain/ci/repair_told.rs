//! The steps of a repair that tell people: they end with the decision itself.

use super::super::area::Context;
use super::super::declaration::{Declaration, Kind, Source};
use super::super::effect::slack;
use super::super::ids::{Actor, UserId};
use super::super::observation::{IssueWanted, JobFailed};
use super::super::text::{Message, Text};
use super::super::told::{Note, Told};
use super::message::{joined, linked, one_line};
use super::repair::RepairStep;
use super::{Decision, Facts, Inspection, Purpose, issues, watched};
use crate::domain::healing::{Action, Whom};

pub(super) fn tell(
    decision: &mut Decision,
    step: &RepairStep,
    inspection: &Inspection,
    facts: &Facts,
    context: &Context<'_>,
) {
    let run = &inspection.run;
    let repository = &run.line.repository;
    let service = watched::service(context.rules, repository);
    match &step.step.action {
        Action::OpenIssue { labels } => issues(decision, step, labels, inspection, facts),
        Action::Notify(Whom::Owners) => {
            let service = service.and_then(|name| context.rules.service(name));
            let owners = service.map(|service| service.owners.as_slice());
            directly(decision, owners.unwrap_or_default(), inspection);
        }
        Action::Notify(Whom::Admins) => {
            directly(decision, &context.rules.admins, inspection);
        }
        Action::DeclareIncident(severity) => {
            let declaration = Declaration {
                title: one_line(&format!("CI of {repository} fails")),
                severity: *severity,
                service: service.unwrap_or(repository).to_owned(),
                commander: None,
                kind: Kind::Real,
                view: None,
                template: None,
            };
            let note = Note {
                at: run.updated_at,
                by: Actor::Wardroom,
                text: format!(
                    "{} of {} failed: {}",
                    one_line(&run.workflow_name),
                    one_line(repository),
                    run.url
                ),
            };
            decision.tell(Told::ReportTrouble {
                reference: step.id.0,
                declaration,
                source: Source::Github,
                notes: vec![note],
            });
        }
        Action::RerunFailedJobs
        | Action::RerunRun
        | Action::DeleteCaches
        | Action::DispatchWorkflow { .. }
        | Action::Comment { .. }
        | Action::AddLabels { .. }
        | Action::Notify(Whom::Channel) => {}
    }
}

/// One for each of its signatures.
fn issues(
    decision: &mut Decision,
    step: &RepairStep,
    labels: &[String],
    inspection: &Inspection,
    facts: &Facts,
) {
    let known = facts.circumstances.as_ref();
    let findings = known.map_or(&facts.findings, |known| &known.findings);
    for signature in &step.signatures {
        let mut findings = findings.iter();
        let Some(found) = findings.find(|found| found.finding.signature == *signature) else {
            continue;
        };
        let (finding, job) = (&found.finding, found.job.as_ref());
        let name = job.map_or("the run", |job| job.name.as_str());
        let name = match &finding.step {
            Some(step) => format!("{name} / {step}"),
            None => name.to_owned(),
        };
        let wanted = IssueWanted {
            repository: step.repository.clone(),
            workflow_name: inspection.run.workflow_name.clone(),
            job: JobFailed {
                signature: signature.as_str().to_owned(),
                name,
                class: finding.class.as_str().to_owned(),
                evidence: finding.evidence.clone(),
                url: job.map_or(&inspection.run.url, |job| &job.url).clone(),
            },
            labels: labels.to_vec(),
            at: inspection.run.updated_at,
            number: step.place.number,
        };
        issues::upsert(decision, wanted);
    }
}

fn directly(decision: &mut Decision, people: &[UserId], inspection: &Inspection) {
    let run = &inspection.run;
    let text = Text::plain("🔴 ")
        .bold(one_line(&run.line.repository))
        .and(format!(": {} failed on ", one_line(&run.workflow_name)))
        .code(one_line(&run.line.branch))
        .and(". ");
    let text = joined(text, linked("See the run".to_owned(), &run.url));
    for person in people {
        let effect = slack::Effect::DirectMessage {
            person: person.clone(),
            message: Message::said(text.clone()),
        };
        decision.effect(effect, Purpose::Answer);
    }
}
