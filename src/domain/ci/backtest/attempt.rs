//! An attempt of the history, and what would have been found and done about it.

use super::super::findings::{Class, Confidence};
use super::super::issues::MANY;
use super::super::message::{excerpt, one_line, short};
use super::super::playbook::{Due, No, Plan};
use super::super::{Conclusion, JobFinding, Run, Seen, Status};
use super::NewlyFlaky;
use crate::domain::healing::Action;
use crate::invisible;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeSet;

/// An attempt, and what actually followed.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub seen: Seen,
    /// The next attempt of the run.
    pub next: Option<Next>,
}

impl Attempt {
    pub fn has_ended(&self) -> bool {
        matches!(self.seen.run.status, Status::Completed(_))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Next {
    /// Who began it.
    pub by: Option<String>,
    pub at: DateTime<Utc>,
    /// `None`: it has not ended.
    pub conclusion: Option<String>,
}

impl Next {
    pub fn of(run: &Run) -> Self {
        Self {
            by: run.actor.as_deref().map(one_line),
            at: run.started_at,
            conclusion: match &run.status {
                Status::Completed(Conclusion::ActionRequired) => None,
                Status::Completed(conclusion) => Some(one_line(conclusion.as_str())),
                Status::Queued | Status::InProgress => None,
            },
        }
    }

    /// `None`: it has not ended.
    pub fn has_passed(&self) -> Option<bool> {
        let conclusion = self.conclusion.as_deref()?;
        Some(conclusion == Conclusion::Success.as_str())
    }
}

/// What would have been found and done about an attempt. Each text is on one line and without control
/// characters.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    pub repository: String,
    pub workflow: String,
    pub run: i64,
    pub number: i64,
    pub attempt: i32,
    pub branch: String,
    pub commit: String,
    pub url: String,
    pub ended_at: DateTime<Utc>,
    pub conclusion: String,
    pub found: Vec<Found>,
    /// It would have been repeated.
    pub rerun: bool,
    /// Why it would not have been, a word each.
    pub prevented: Vec<&'static str>,
    /// The words of the failure's message.
    pub done: Vec<String>,
    /// The signatures of the failures about which playbooks keep issues.
    pub issues: BTreeSet<String>,
    pub incidents: usize,
    /// Tests that are flaky from then on.
    pub flaky: Vec<String>,
    /// Issues that are kept about them; many at once share one.
    pub flaky_issues: usize,
    /// Logs that GitHub no longer has.
    pub expired_logs: usize,
    /// What actually happened; `None`: it was not repeated.
    pub actual: Option<Next>,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Empty: it is about the run.
    pub job: String,
    pub step: Option<String>,
    pub class: Class,
    pub confidence: Confidence,
    pub signature: String,
    /// A few lines of it.
    pub evidence: Vec<String>,
}

impl Found {
    fn of(one: &JobFinding) -> Self {
        let finding = &one.finding;
        let evidence = excerpt(&finding.evidence).unwrap_or_default();
        Self {
            job: one
                .job
                .as_ref()
                .map(|job| one_line(&job.name))
                .unwrap_or_default(),
            step: finding.step.as_deref().map(one_line),
            class: finding.class,
            confidence: finding.confidence,
            signature: finding.signature.to_string(),
            evidence: evidence.lines().map(clean).collect(),
        }
    }
}

impl Verdict {
    pub(super) fn of_failure(
        attempt: &Attempt,
        findings: &[JobFinding],
        plan: &Plan,
        done: &[String],
        flaky: NewlyFlaky,
        expired_logs: usize,
    ) -> Self {
        let keeps_issue = |due: &Due| matches!(due.step.action, Action::OpenIssue { .. });
        let kept = plan.repairs.iter();
        let kept = kept.filter(|repair| repair.steps.iter().any(keeps_issue));
        let declares = |due: &&Due| matches!(due.step.action, Action::DeclareIncident(_));
        let steps = plan.repairs.iter().flat_map(|repair| &repair.steps);
        Self {
            found: findings.iter().map(Found::of).collect(),
            rerun: plan.repairs.iter().any(|repair| repair.rerun.is_some()),
            prevented: plan.prevented.iter().map(No::word).collect(),
            done: done.iter().map(|line| clean(line)).collect(),
            issues: kept
                .flat_map(|repair| &repair.signatures)
                .map(|signature| signature.as_str().to_owned())
                .collect(),
            incidents: steps.filter(declares).count(),
            expired_logs,
            ..Self::of(attempt, flaky)
        }
    }

    /// An attempt that failed after a newer run of its line had succeeded: nothing is done.
    pub(super) fn of_passed_line(
        attempt: &Attempt,
        findings: &[JobFinding],
        flaky: NewlyFlaky,
        expired_logs: usize,
    ) -> Self {
        Self {
            found: findings.iter().map(Found::of).collect(),
            prevented: vec!["passed_since"],
            done: vec!["No re-run: a newer run on the branch has passed.".to_owned()],
            expired_logs,
            ..Self::of(attempt, flaky)
        }
    }

    /// `None`: nothing follows from it.
    pub(super) fn of_green(attempt: &Attempt, flaky: NewlyFlaky) -> Option<Self> {
        (!flaky.tests.is_empty()).then(|| Self::of(attempt, flaky))
    }

    fn of(attempt: &Attempt, flaky: NewlyFlaky) -> Self {
        let run = &attempt.seen.run;
        let tests = flaky.tests.iter();
        let flaky_issues = match flaky.tests.len() {
            _ if !flaky.has_issues => 0,
            few @ ..MANY => few,
            _ => 1,
        };
        Self {
            repository: one_line(&run.line.repository),
            workflow: one_line(&run.workflow_name),
            run: run.id,
            number: run.place.number,
            attempt: run.place.attempt,
            branch: one_line(&run.line.branch),
            commit: short(&run.sha),
            url: one_line(&run.url),
            ended_at: run.updated_at,
            conclusion: match &run.status {
                Status::Completed(conclusion) => one_line(conclusion.as_str()),
                Status::Queued | Status::InProgress => String::new(),
            },
            found: Vec::new(),
            rerun: false,
            prevented: Vec::new(),
            done: Vec::new(),
            issues: BTreeSet::new(),
            incidents: 0,
            flaky: tests.map(|test| one_line(test.as_str())).collect(),
            flaky_issues,
            expired_logs: 0,
            actual: attempt.next.clone(),
        }
    }

    /// As lines of plain text: the attempt, and what belongs to it, indented.
    pub fn lines(&self) -> Vec<String> {
        let at = self.ended_at.format("%Y-%m-%d %H:%M");
        let attempt = match self.attempt {
            1 => String::new(),
            many => format!(" attempt {many}"),
        };
        let mut lines = vec![format!(
            "{at} {} {} #{}{attempt} on {} ({}): {}",
            self.repository, self.workflow, self.number, self.branch, self.commit, self.conclusion
        )];
        for one in &self.found {
            let job = match one.job.as_str() {
                "" => "the run",
                job => job,
            };
            let step = one.step.as_ref();
            let step = step.map(|step| format!(" in the step “{step}”"));
            let sure: &str = match one.confidence {
                Confidence::High => "",
                Confidence::Medium => " (medium confidence)",
                Confidence::Low => " (low confidence)",
            };
            let what = one.class.in_words();
            lines.push(format!("  {job}: {what}{}{sure}", step.unwrap_or_default()));
            lines.extend(one.evidence.iter().map(|line| format!("    > {line}")));
        }
        match self.expired_logs {
            0 => {}
            1 => lines.push("  GitHub no longer has a log (410 Gone).".to_owned()),
            many => lines.push(format!("  GitHub no longer has {many} logs (410 Gone).")),
        }
        lines.extend(self.done.iter().map(|line| format!("  {line}")));
        let flaky = self.flaky.iter();
        match self.flaky_issues {
            0 => lines.extend(flaky.map(|test| format!("  The test {test} became flaky."))),
            few if few == self.flaky.len() => lines.extend(flaky.map(|test| {
                format!("  Dry run: would have kept an issue about the flaky test {test}.")
            })),
            _ => {
                let many = self.flaky.len();
                lines.push(format!(
                    "  Dry run: would have kept an issue about {many} flaky tests:"
                ));
                lines.extend(flaky.map(|test| format!("    {test}")));
            }
        }
        if self.found.is_empty() {
            return lines;
        }
        lines.push(match &self.actual {
            None => "  Actual: it was not re-run.".to_owned(),
            Some(next) => {
                let by = next.by.as_deref().unwrap_or("a person or tool");
                let at = next.at.format("%Y-%m-%d %H:%M");
                let end = match next.conclusion.as_deref() {
                    None => "it has not ended".to_owned(),
                    Some("success") => "it passed".to_owned(),
                    Some(word) => format!("it ended as {word}"),
                };
                format!("  Actual: {by} re-ran it at {at}, and {end}.")
            }
        });
        lines
    }
}

/// Without what a terminal obeys, or shows in another order than it is.
fn clean(line: &str) -> String {
    invisible::without(&line.replace(char::is_control, " ")).into_owned()
}
