//! What is counted before a repair is decided: other runs, other repositories, earlier repairs.

use super::{findings, pulls};
use crate::domain::ci::findings::Signature;
use crate::domain::ci::{Circumstances, Inspection};
use crate::store::error::StoreError;
use crate::store::ring::turns::lock_aggregate;
use crate::store::session::Session;
use chrono::{DateTime, Duration, Utc};

/// Budgets are of an hour.
const BUDGET: Duration = Duration::hours(1);
/// Failures within a day are the same trouble.
const DAY: Duration = Duration::hours(24);
/// Failures of the infrastructure within this are one outage.
const OUTAGE: Duration = Duration::minutes(10);

/// Locks the owner's budget first: what is counted is then final until the decision is saved.
pub(super) async fn of(
    session: &mut Session,
    inspection: &Inspection,
    now: DateTime<Utc>,
) -> Result<Circumstances, StoreError> {
    let line = &inspection.run.line;
    let (run, place) = (inspection.run.id, inspection.run.place);
    let repository = line.repository.as_str();
    let owner = repository.split('/').next().unwrap_or_default();
    lock_aggregate(session, &format!("ci:budget:{owner}")).await?;
    let findings = findings::of_attempt(session, repository, run, place.attempt).await?;
    let signatures: Vec<&str> = findings
        .iter()
        .map(|one| one.finding.signature.as_str())
        .collect();
    let counts = sqlx::query!(
        r#"select (select count(*) from ci_repairs
                    where owner = $2 and decided_at > $3 and repository = $1
                      and is_rerun and state not in ('refused', 'skipped')) as "of_repository!",
                  (select count(*) from ci_repairs
                    where owner = $2 and decided_at > $3
                      and is_rerun and state not in ('refused', 'skipped')) as "of_owner!",
                  (select count(distinct repository) from ci_findings
                    where infrastructure and found_at > $4) as "hit!",
                  (select max(number) from ci_runs
                    where repository = $1 and workflow_id = $5 and branch = $6 and number > $7
                      and (trigger = 'pull_request') = $8) as newer,
                  (select environment from ci_changes
                    where repository = $1 and what = 'deployment' and $9 <> ''
                      and (url = $9 or starts_with(url, $9 || '/')) limit 1) as environment"#,
        repository,
        owner,
        now - BUDGET,
        now - OUTAGE,
        line.workflow,
        line.branch,
        place.number,
        line.is_pull,
        inspection.run.url,
    )
    .fetch_one(&mut *session)
    .await?;
    let repeated = sqlx::query!(
        r#"select signature as "signature!", max(decided_at) as "at!"
             from ci_repairs, unnest(signatures) as signature
            where owner = $1 and repository = $2 and run_id <> $3 and decided_at > $4
              and is_rerun and state not in ('refused', 'skipped')
            group by signature"#,
        owner,
        repository,
        run,
        now - DAY,
    )
    .fetch_all(&mut *session)
    .await?;
    let handled = sqlx::query!(
        r#"select distinct playbook, signature as "signature!"
             from ci_repairs, unnest(signatures) as signature
            where repository = $1 and inspection <> $2 and decided_at > $3
              and not is_rerun and state not in ('refused', 'skipped')"#,
        repository,
        inspection.id.0,
        now - DAY,
    )
    .fetch_all(&mut *session)
    .await?;
    let recurrences = sqlx::query!(
        r#"select signature, count(distinct run_id) as "runs!"
             from ci_findings
            where repository = $1 and signature = any($2) and on_default_branch and found_at > $3
            group by signature"#,
        repository,
        &signatures as &[&str],
        now - DAY,
    )
    .fetch_all(&mut *session)
    .await?;
    let is_labelled_off = pulls::is_off(session, repository, &inspection.run.code.change).await?;
    let small = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Circumstances {
        findings,
        superseded_by: counts.newer,
        repository_reruns: small(counts.of_repository),
        installation_reruns: small(counts.of_owner),
        repeated: repeated
            .into_iter()
            .map(|row| (Signature::known(row.signature), row.at))
            .collect(),
        handled: handled
            .into_iter()
            .map(|row| (row.playbook, Signature::known(row.signature)))
            .collect(),
        recurrences: recurrences
            .into_iter()
            .map(|row| (Signature::known(row.signature), small(row.runs)))
            .collect(),
        hit_repositories: small(counts.hit),
        deployed: counts.environment,
        is_labelled_off,
    })
}
