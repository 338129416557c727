//! What was found of a run: a paragraph, an excerpt and the history for each cause.

use super::super::findings::Class;
use super::super::{FindingId, JobFinding};
use super::Shown;
use super::words::{joined, linked, one_line};
use crate::domain::text::{Part, Text};

/// So many causes are shown.
const CAUSES: usize = 3;
/// So many jobs of one cause are named.
const JOBS: usize = 3;
/// So much of the evidence is shown.
const LINES: usize = 5;
const LINE: usize = 160;
/// The runner says it of every step that failed.
const ENDED: &str = "Process completed with exit code";

/// The first cause, for one line; `None`: nothing is found.
pub(super) fn in_a_word(findings: &[JobFinding]) -> Option<&'static str> {
    let known = findings.iter().map(|one| one.finding.class);
    let first = known.min_by_key(|class| *class == Class::Unknown);
    first.map(Class::in_words)
}

pub(super) fn parts(shown: &Shown<'_>) -> Vec<Part> {
    let causes = causes(shown.findings);
    let mut parts = Vec::new();
    for jobs in causes.iter().take(CAUSES) {
        // Of a run of which nothing could be read, there is nothing to say.
        if jobs
            .iter()
            .any(|one| one.job.is_some() || one.finding.class != Class::Unknown)
        {
            parts.push(Part::Section(paragraph(jobs)));
        }
        if let Some(excerpt) = jobs.iter().find_map(|one| excerpt(&one.finding.evidence)) {
            parts.push(Part::Preformatted(excerpt));
        }
        let history = |id: &FindingId| shown.history.get(id).cloned();
        if let Some(history) = jobs.iter().find_map(|one| history(&one.id)) {
            parts.push(Part::Context(history));
        }
    }
    let left: usize = causes.iter().skip(CAUSES).map(Vec::len).sum();
    if left > 0 {
        let text = format!("{left} more failed jobs with other causes.");
        parts.push(Part::Section(Text::plain(text)));
    }
    parts
}

/// The findings by signature: the legs of a matrix share one.
fn causes(findings: &[JobFinding]) -> Vec<Vec<&JobFinding>> {
    let mut causes: Vec<Vec<&JobFinding>> = Vec::new();
    for finding in findings {
        let is_same = |jobs: &&mut Vec<&JobFinding>| {
            let first = jobs.first();
            first.is_some_and(|one| one.finding.signature == finding.finding.signature)
        };
        match causes.iter_mut().find(is_same) {
            Some(jobs) => jobs.push(finding),
            None => causes.push(vec![finding]),
        }
    }
    causes
}

/// `test (ubuntu), test (windows): a failed test in the step “Run cargo test”.`
fn paragraph(jobs: &[&JobFinding]) -> Text {
    let mut text = Text::default();
    let named = jobs.iter().filter_map(|one| one.job.as_ref()).take(JOBS);
    for (at, job) in named.enumerate() {
        if at > 0 {
            text = text.and(", ");
        }
        text = joined(text, linked(one_line(&job.name), &job.url));
    }
    if jobs.len() > JOBS {
        text = text.and(format!(" and {} more", jobs.len() - JOBS));
    }
    let Some(first) = jobs.first() else {
        return text;
    };
    if first.job.is_some() {
        text = text.and(": ");
    }
    text = text.bold(first.finding.class.in_words());
    match &first.finding.step {
        Some(step) => text.and(format!(" in the step “{}”.", one_line(step))),
        None => text.and("."),
    }
}

/// The first lines of the evidence that say something, each once.
pub(in crate::domain::ci) fn excerpt(evidence: &str) -> Option<String> {
    let mut shown: Vec<String> = Vec::new();
    for line in evidence.lines() {
        let line = line.trim_end().trim_start_matches("##[error]");
        let is_empty = line.trim().is_empty() || line.starts_with(ENDED);
        let line = match line.char_indices().nth(LINE) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line.to_owned(),
        };
        if shown.len() < LINES && !is_empty && !shown.contains(&line) {
            shown.push(line);
        }
    }
    (!shown.is_empty()).then(|| shown.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_a_few_lines_that_say_something() {
        let evidence =
            "##[error]Process completed with exit code 1.\nerror: a\n\n##[error]error: a\nb\n";
        assert_eq!(excerpt(evidence).unwrap(), "error: a\nb");
        assert_eq!(
            excerpt("##[error]Process completed with exit code 1."),
            None
        );
        let long = excerpt(&"é".repeat(500)).unwrap();
        assert_eq!(long.chars().count(), LINE + 1);
        let many: String = (0..20).map(|line| format!("{line}\n")).collect();
        assert_eq!(excerpt(&many).unwrap().lines().count(), LINES);
    }
}
