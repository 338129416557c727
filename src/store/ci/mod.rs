//! The area of continuous integration in the store.
//!
//! The first failed run of a line finds no row that could be locked, so a decision about a run holds
//! its line's advisory lock; a failure's own row is locked after it.

mod api;
mod changes;
mod circumstances;
mod comments;
mod deliveries;
mod digest;
mod failures;
mod findings;
mod ignored;
mod inspections;
mod issues;
mod list;
mod own_rules;
mod pulls;
mod record;
mod repairs;
mod runs;

pub use api::{FindingFilter, FindingRow, RepairFilter, RepairRow};

use crate::domain::ci::changes as code;
use crate::domain::ci::reports::Aliases;
use crate::domain::ci::{
    Change, Ci, Facts, Failure, FailureId, Line, Needs, Purpose, RecordNeeds, RepairStep, Repaired,
    Shown, all_ignored, message,
};
use crate::domain::effect::Effect;
use crate::domain::effect::github;
use crate::domain::effect::slack::{self, Edit};
use crate::domain::healing::HeldBack;
use crate::domain::ids::SignalId;
use crate::domain::rules::Rules;
use crate::domain::text::Message;
use crate::store::area::{Persist, Statement, with_edit};
use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::ring::turns::lock_aggregate;
use crate::store::session::Session;
use chrono::{DateTime, Duration, Utc};

/// Runs, and failures that are over, are deleted so long after the last delivery about them.
const KEPT: Duration = Duration::days(90);
/// Issues that are closed, so long after their last change.
const ISSUES_KEPT: Duration = Duration::days(180);

/// Webhooks that were asked for are deleted so long after the last time; GitHub keeps them for three days.
const DELIVERIES_KEPT: Duration = Duration::days(7);

fn lock_name(line: &Line) -> String {
    let Line {
        repository,
        workflow,
        branch,
        is_pull: _,
    } = line;
    format!("ci:{repository}:{workflow}:{branch}")
}

/// A failure as it is, and its message.
async fn shown(
    database: &Database,
    id: FailureId,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Option<(Failure, Message)>, StoreError> {
    let Some(failure) = failures::failure(database, id).await? else {
        return Ok(None);
    };
    let session = &mut database.single().await?;
    let findings = findings::of_failure(session, id, failure.last.place).await?;
    let repositories = [failure.line.repository.clone()];
    let ignored = ignored::in_repositories(session, &repositories, now).await?;
    let shown = Shown {
        findings: &findings,
        history: record::histories(session, &findings, now, rules).await?,
        ignored: all_ignored(&findings, &ignored, now),
    };
    let message = message(&failure, &shown);
    Ok(Some((failure, message)))
}

impl Persist for Ci {
    async fn load(
        session: &mut Session,
        needs: &Needs,
        now: DateTime<Utc>,
    ) -> Result<Facts, StoreError> {
        let mut facts = Facts::default();
        if let Some((line, id)) = &needs.run {
            lock_aggregate(session, &lock_name(line)).await?;
            (facts.run, facts.green) = runs::known(session, line, *id).await?;
            if needs.state {
                facts.failure = failures::open(session, line).await?;
            }
        }
        if let (Some((line, _)), Some(change)) = (&needs.run, &needs.recorded) {
            facts.recorded = record::is_recorded(session, line, change).await?;
        }
        if let Some(needs) = &needs.record {
            facts.record = record::load(session, needs, now).await?;
        }
        if let Some(wanted) = &needs.list {
            facts.list = Some(list::load(session, wanted, now).await?);
        }
        if let Some(failure) = needs.failure {
            facts.failure = failures::locked(session, failure).await?;
        }
        if let (Some((line, run)), true) = (&needs.run, needs.repairs) {
            facts.repairs = repairs::of_run(session, &line.repository, *run).await?;
            if let Some(inspection) = RepairStep::repairing(&facts.repairs) {
                facts.inspection = inspections::locked(session, inspection).await?;
            }
        }
        let repaired = match needs.repaired {
            Some(Repaired::By(step)) => repairs::inspection(session, step).await?,
            Some(Repaired::LastOf(failure)) => failures::inspection(session, failure).await?,
            None => None,
        };
        if let Some(id) = needs.inspection.or(repaired)
            && let Some(line) = inspections::line(session, id).await?
        {
            lock_aggregate(session, &lock_name(&line)).await?;
            let inspection = inspections::locked(session, id).await?;
            if let Some(inspection) = &inspection {
                (facts.run, facts.green) = runs::known(session, &line, inspection.run.id).await?;
                if let Some(failure) = inspection.failure {
                    facts.failure = failures::locked(session, failure).await?;
                }
                if needs.repairs {
                    let run = &inspection.run;
                    let repository = &run.line.repository;
                    facts.repairs = repairs::of_run(session, repository, run.id).await?;
                    facts.own = own_rules::of(session, repository).await?;
                    let change = Some(run.code.change.as_str());
                    facts.held_back = own_rules::held_back(session, repository, change).await?;
                }
                if needs.circumstances {
                    facts.circumstances = Some(circumstances::of(session, inspection, now).await?);
                }
            }
            facts.inspection = inspection;
            facts.known_flaky = record::known_flaky(session, &line.repository).await?;
        }
        let of_run = needs.run.as_ref().map(|(line, _)| line);
        let of_run = of_run.filter(|_| needs.ignored);
        if let Some(line) = of_run {
            facts.own = own_rules::of(session, &line.repository).await?;
        }
        let of_failure = facts.failure.as_ref().map(|failure| &failure.line);
        let of_failure = of_failure.filter(|_| needs.ignored);
        let of_inspection = facts.inspection.as_ref().map(|one| &one.run.line);
        if let Some(line) = of_run.or(of_failure).or(of_inspection) {
            let repositories = [line.repository.clone()];
            facts.ignored = ignored::in_repositories(session, &repositories, now).await?;
        }
        if let Some(failure) = &facts.failure
            && failure.progress.is_some()
        {
            facts.findings = findings::of_failure(session, failure.id, failure.last.place).await?;
        }
        if let Some(wanted) = &needs.deliveries {
            facts.deliveries = deliveries::known(session, wanted, now).await?;
        }
        if let Some(silent) = &needs.overdue {
            facts.overdue = runs::silent(session, silent).await?;
        }
        if let Some(week) = &needs.digest {
            facts.digest = digest::of(session, week).await?;
        }
        facts.changes = changes::load(session, &needs.changes).await?;
        Ok(facts)
    }

    async fn blank(_session: &mut Session, needs: &[Needs]) -> Result<Vec<bool>, StoreError> {
        let nothing = Needs::default();
        Ok(needs.iter().map(|needs| *needs == nothing).collect())
    }

    /// Every decision about a run holds its line's lock, and locks the failure's row after it. One about an
    /// attempt's tests holds the record's.
    fn lock(needs: &Needs) -> Option<String> {
        // It locks a deployment's row after the line, which others lock after their service.
        if matches!(needs.changes, code::Needs::Rollback { .. }) {
            return None;
        }
        match (&needs.run, &needs.record) {
            (Some((line, _)), _) => Some(lock_name(line)),
            (None, Some(RecordNeeds::Round(round))) => Some(record::lock_name(&round.repository)),
            (None, _) => changes::lock(&needs.changes),
        }
    }

    async fn save(
        session: &mut Session,
        signal: SignalId,
        changes: &[Change],
    ) -> Result<(), StoreError> {
        for change in changes {
            match change {
                Change::Run(run) => runs::save(session, signal, run).await?,
                Change::Failure(failure) => failures::save(session, signal, failure).await?,
                Change::Inspection(inspection) => inspections::save(session, inspection).await?,
                Change::Finding(finding) => findings::save(session, finding).await?,
                Change::Stage {
                    repository,
                    run,
                    attempt,
                    stage,
                } => findings::set_stage(session, repository, *run, *attempt, *stage).await?,
                Change::Record(kept) => record::save(session, kept).await?,
                Change::Issue(issue) => issues::save(session, issue).await?,
                Change::RunRead {
                    repository,
                    run,
                    at,
                } => runs::read(session, repository, *run, *at).await?,
                Change::Listing(listing) => deliveries::save_listing(session, listing).await?,
                Change::Redelivery(redelivery) => deliveries::save(session, redelivery).await?,
                Change::Redelivered { guid } => deliveries::forget(session, guid).await?,
                Change::Changes(change) => changes::save(session, signal, change).await?,
                Change::Ignored(ignored) => ignored::save(session, ignored).await?,
                Change::NotIgnored {
                    repository,
                    signatures,
                } => ignored::delete(session, repository, signatures).await?,
                Change::Repair(step) => repairs::save(session, step).await?,
                Change::Pull(news) => pulls::save(session, signal, news).await?,
                Change::OwnFile(repository, own) => {
                    own_rules::save(session, repository, own).await?;
                }
                Change::Digest { until } => digest::save(session, *until).await?,
                Change::Comment(comment) => comments::save(session, comment).await?,
            }
        }
        Ok(())
    }

    fn forget(now: DateTime<Utc>, at_once: i64) -> Vec<Statement> {
        let before = now - KEPT;
        let mut statements = vec![
            runs::forget(before, at_once),
            failures::forget(before, at_once),
            inspections::forget(before, at_once),
            findings::forget(before, at_once),
            record::forget(now, at_once),
            ignored::forget(before, at_once),
            repairs::forget(before, at_once),
            own_rules::forget(before, at_once),
            issues::forget(now - ISSUES_KEPT, at_once),
            deliveries::forget_old(now - DELIVERIES_KEPT, at_once),
            comments::forget(before, at_once),
            pulls::forget(before, at_once),
            digest::forget(before, at_once),
        ];
        statements.extend(changes::forget(now, before, at_once));
        statements
    }

    async fn held_back(
        database: &Database,
        purpose: &Purpose,
        effect: &Effect,
    ) -> Result<Option<HeldBack>, StoreError> {
        let Effect::Github(effect) = effect else {
            return Ok(None);
        };
        let Some(repository) = effect.repository().filter(|_| effect.writes()) else {
            return Ok(None);
        };
        let session = &mut database.single().await?;
        let change = match purpose {
            Purpose::Issue { .. } => None,
            Purpose::PullComment { change, .. } => Some(change.clone()),
            Purpose::Repair { step, .. } => repairs::change(session, *step).await?,
            // What a person asked for, or what only reads.
            _ => return Ok(None),
        };
        own_rules::held_back(session, repository, change.as_deref()).await
    }

    async fn complete(
        database: &Database,
        purpose: &Purpose,
        mut effect: Effect,
        again: bool,
        rules: &Rules,
        now: DateTime<Utc>,
    ) -> Result<Option<Effect>, StoreError> {
        match purpose {
            Purpose::Message { failure, .. } => {
                if let (
                    Effect::Slack(slack::Effect::PostMessage { message, .. }),
                    Some((_, shown)),
                ) = (&mut effect, shown(database, *failure, rules, now).await?)
                {
                    *message = shown;
                }
                Ok(Some(effect))
            }
            Purpose::Changes(purpose) => changes::complete(database, purpose, effect, rules).await,
            Purpose::Update { failure, channel } => {
                let shown = shown(database, *failure, rules, now).await?;
                let edit = shown.and_then(|(failure, message)| {
                    let ts = failure.messages.get(channel)?.clone()?;
                    Some(Edit {
                        channel: channel.clone(),
                        ts,
                        message,
                    })
                });
                Ok(edit.map(|edit| with_edit(effect, edit)))
            }
            Purpose::Answer
            | Purpose::Digest { .. }
            | Purpose::FailedDeliveries
            | Purpose::Redelivery { .. }
            | Purpose::OverdueRun { .. } => Ok(Some(effect)),
            Purpose::Repair { step, .. } => {
                let session = &mut database.single().await?;
                let wanted = repairs::is_wanted(session, *step).await?;
                // An earlier attempt of it that may have happened is looked up all the same.
                Ok((wanted || again).then_some(effect))
            }
            Purpose::ListJobs { .. } | Purpose::JobLog { .. } | Purpose::OwnRules { .. } => {
                Ok(Some(effect))
            }
            Purpose::TestReports { inspection, .. } => {
                let session = &mut database.single().await?;
                if let (
                    Effect::Github(github::Effect::ReadTestReports { recorded, .. }),
                    Some(line),
                ) = (&mut effect, inspections::line(session, *inspection).await?)
                {
                    *recorded =
                        record::recorded_tests(session, &line.repository, line.workflow).await?;
                    let aliases = Aliases::new(&rules.github.healing.aliases);
                    let new = aliases.new_names(recorded);
                    recorded.extend(new);
                }
                Ok(Some(effect))
            }
            Purpose::PullComment { repository, change } => {
                let session = &mut database.single().await?;
                let comment = comments::of_change(session, repository, change).await?;
                let comment = comment.filter(|comment| !comment.is_unmade());
                Ok(comment.map(|comment| comments::with_comment(effect, comment.body())))
            }
            Purpose::Issue { issue } => {
                let shown = issues::shown(database, *issue, rules, now).await?;
                Ok(shown.map(|shown| issues::with_issue(effect, shown)))
            }
        }
    }
}
