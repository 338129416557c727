//! The buttons that mute the signatures of a failure for a day, and undo that.
//!
//! A new failure in a repository where something is ignored is told only when it is known why it failed.

use super::ignored::{Ignored, all_ignored};
use super::verdict::{Refusal, Verdict, still_open};
use super::{Change, Decision, Facts, Failure, JobFinding, posts, watched};
use crate::domain::area::Context;
use crate::domain::ids::UserId;
use crate::domain::text::{Message, Text};
use chrono::Duration;

const LASTS: Duration = Duration::hours(24);

pub(super) fn ignore(
    decision: &mut Decision,
    by: &UserId,
    facts: &Facts,
    context: &Context<'_>,
) -> Verdict {
    let failure = still_open(facts.failure.as_ref())?;
    let findings = &facts.findings;
    if findings.is_empty() {
        let text = "It isn't known yet why it failed. Nothing changed. Try again in a minute.";
        return Err(Refusal::new("cause_unknown", Text::plain(text)));
    }
    if let Some(already) = all_ignored(findings, &facts.ignored, context.now) {
        let text = Text::plain("This is ignored already until ")
            .time(already.until)
            .and(" by ")
            .person(&already.by)
            .and(". Nothing changed.");
        return Ok(Message::said(text));
    }
    let until = context.now + LASTS;
    let mut rows: Vec<Ignored> = Vec::new();
    for finding in findings {
        let signature = &finding.finding.signature;
        if rows.iter().any(|row| row.signature == *signature) {
            continue;
        }
        let job = finding.job.as_ref().map(|job| job.name.clone());
        rows.push(Ignored {
            repository: failure.line.repository.clone(),
            signature: signature.clone(),
            until,
            by: by.clone(),
            failure: failure.id,
            class: finding.finding.class,
            job: job.unwrap_or_default(),
        });
    }
    for row in rows {
        decision.change(Change::Ignored(Box::new(row)));
    }
    posts::update(decision, failure, None);
    let text = Text::plain("Ignored in ")
        .bold(failure.line.repository.as_str())
        .and(" until ")
        .time(until)
        .and(": no new message about this cause, and no re-run. To undo it, press Stop ignoring.");
    Ok(Message::said(text))
}

pub(super) fn stop(decision: &mut Decision, facts: &Facts, context: &Context<'_>) -> Verdict {
    let failure = facts.failure.as_ref();
    let Some(failure) = failure else {
        return still_open(failure).map(|_| Message::line(""));
    };
    let signatures = facts.findings.iter().map(|one| &one.finding.signature);
    let signatures: Vec<_> = signatures.collect();
    let ignored = facts.ignored.iter().filter(|one| {
        one.until > context.now
            && (one.failure == failure.id || signatures.contains(&&one.signature))
    });
    let ignored: Vec<_> = ignored.map(|one| one.signature.clone()).collect();
    if ignored.is_empty() {
        let text = "This isn't ignored any more. Nothing changed.";
        return Ok(Message::line(text));
    }
    decision.change(Change::NotIgnored {
        repository: failure.line.repository.clone(),
        signatures: ignored,
    });
    if failure.green.is_none() {
        posts::update(decision, failure, None);
    }
    let text = Text::plain("Not ignored any more in ")
        .bold(failure.line.repository.as_str())
        .and(". The next failed run is told again.");
    Ok(Message::said(text))
}

/// Gives a failure that was not told its channels, unless each of its causes is ignored.
pub(super) fn tell(
    failure: &mut Failure,
    findings: &[JobFinding],
    facts: &Facts,
    context: &Context<'_>,
) {
    let is_ignored = all_ignored(findings, &facts.ignored, context.now).is_some();
    if failure.messages.is_empty() && !is_ignored {
        let channels = watched::channels(context.rules, &failure.line.repository);
        failure.messages = channels.into_iter().map(|one| (one, None)).collect();
    }
}
