//! What a failure's message says of its repair.

use super::refusals::in_words;
use super::repair::{RepairState, RepairStep};
use super::{Place, Progress, Stage};
use crate::domain::healing::{Action, Whom};
use crate::domain::text::Text;

/// How the reason begins of a re-run that GitHub began and that did not succeed.
pub(super) const RERUN: &str = "the re-run";

/// What is done, from the steps of an attempt and what is wrong with the repository's own file.
pub(super) fn progress(place: Place, steps: &[RepairStep], own_problem: Option<&str>) -> Progress {
    let mut lines: Vec<Text> = steps.iter().filter_map(line).collect();
    if let Some(problem) = own_problem {
        let text = Text::default().code(super::own_rules::PATH);
        lines.push(text.and(format!(" was ignored: {problem}.")));
    }
    let waiting = steps
        .iter()
        .find(|step| step.state == RepairState::WaitingApproval);
    Progress {
        place,
        stage: Some(stage(steps)),
        lines,
        approval: waiting.map(|step| step.id.0),
    }
}

pub(super) fn stage(steps: &[RepairStep]) -> Stage {
    let any = |is: fn(&RepairStep) -> bool| steps.iter().any(is);
    if any(|step| step.state.is_open()) {
        Stage::Repairing
    } else if any(|step| step.is_rerun() && step.state == RepairState::Succeeded) {
        Stage::Healed
    } else if any(|step| {
        let is_over = matches!(step.state, RepairState::Failed | RepairState::Refused);
        let is_prevented =
            step.ordinal == RepairStep::NOT_DONE && step.state == RepairState::Refused;
        is_over && !is_prevented
    }) {
        Stage::GivenUp
    } else {
        Stage::Told
    }
}

fn line(step: &RepairStep) -> Option<Text> {
    let (todo, done) = words(&step.step.action)?;
    let reason = step.reason.as_deref().unwrap_or("no answer");
    let has_begun = step.is_rerun() && reason.starts_with(RERUN);
    if step.ordinal == RepairStep::NOT_DONE {
        let verdict = match step.state {
            RepairState::Failed => "Gave up",
            _ => "No re-run",
        };
        return Some(Text::plain(format!("{verdict}: {reason}.")));
    }
    let number = match step.rerun {
        Some((number, most)) if step.is_rerun() => format!(" ({number} of {most})"),
        _ => String::new(),
    };
    Some(match step.state {
        RepairState::Planned if step.is_rerun() => {
            let text = Text::plain(format!("Going to {todo} at ")).time(step.due_at);
            text.and(format!("{number}."))
        }
        RepairState::Planned => Text::plain(format!("Next: {todo}.")),
        RepairState::WaitingApproval => Text::plain(format!(
            "Waiting for approval to {todo}. An admin or an owner of the service can approve it."
        )),
        RepairState::Asked => Text::plain(format!("Asked GitHub to {todo}{number}.")),
        RepairState::Succeeded => Text::plain(format!("{}{number}.", capital(&did(step, &done)))),
        RepairState::Failed if has_begun => {
            let did = capital(&did(step, &done));
            Text::plain(format!("{did}{number}: {reason}."))
        }
        RepairState::Failed if step.step.action.adds() => Text::plain(format!(
            "Asked GitHub to {todo}, which may have been done: {}.",
            in_words(reason)
        )),
        RepairState::Failed | RepairState::Refused => {
            Text::plain(format!("Couldn't {todo}: {}.", in_words(reason)))
        }
        RepairState::Skipped => Text::plain(format!("Didn't {todo}: {reason}.")),
        RepairState::WouldHave => Text::plain(format!("Dry run: would have {done}{number}.")),
    })
}

/// In the past; a re-run has another form after "would have".
fn did(step: &RepairStep, done: &str) -> String {
    match step.is_rerun() {
        true => done.replacen("re-run", "re-ran", 1),
        false => done.to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase());
    first.into_iter().flatten().chain(letters).collect()
}

/// What it does, and what it has done; `None`: the message itself.
fn words(action: &Action) -> Option<(String, String)> {
    let (todo, done) = match action {
        Action::RerunFailedJobs => ("re-run the failed jobs", "re-run the failed jobs"),
        Action::RerunRun => ("re-run all jobs", "re-run all jobs"),
        Action::DeleteCaches => ("delete the branch's caches", "deleted the branch's caches"),
        Action::DispatchWorkflow { workflow, .. } => {
            return Some((
                format!("start the workflow {workflow}"),
                format!("started the workflow {workflow}"),
            ));
        }
        Action::Comment { .. } => (
            "comment in the pull request",
            "commented in the pull request",
        ),
        Action::OpenIssue { .. } => (
            "keep an issue about this failure",
            "kept an issue about this failure",
        ),
        Action::AddLabels { .. } => ("label the pull request", "labelled the pull request"),
        Action::Notify(Whom::Channel) => return None,
        Action::Notify(Whom::Owners) => ("tell the service's owners", "told the service's owners"),
        Action::Notify(Whom::Admins) => ("tell the admins", "told the admins"),
        Action::DeclareIncident(severity) => {
            return Some((
                format!("open a {severity} incident or join the open one"),
                format!("opened a {severity} incident or joined the open one"),
            ));
        }
    };
    Some((todo.to_owned(), done.to_owned()))
}
