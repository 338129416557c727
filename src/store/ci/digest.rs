//! What happened in a week, and the `ci_digests` table.

use super::record;
use crate::domain::ci::digest::{Known, OfRepository, OfWorkflow, Week};
use crate::store::area::{Statement, delete_oldest};
use crate::store::error::StoreError;
use crate::store::ring::turns::lock_aggregate;
use crate::store::session::Session;
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeSet;

/// `None`: the channels were told of it, or of most of its days before the hour or the day was changed.
pub(super) async fn of(session: &mut Session, week: &Week) -> Result<Option<Known>, StoreError> {
    lock_aggregate(session, "ci:digest").await?;
    let told = sqlx::query_scalar!(
        r#"select exists(select from ci_digests where until_at > $1) as "told!""#,
        week.until - Duration::days(6),
    );
    if told.fetch_one(&mut *session).await? {
        return Ok(None);
    }
    let now = failed(session, week.from, week.until).await?;
    let before = failed(session, week.before, week.from).await?;
    let repositories: BTreeSet<String> = now.iter().map(|row| row.repository.clone()).collect();
    let repositories: Vec<String> = repositories.into_iter().collect();
    Ok(Some(Known {
        week: week.clone(),
        before,
        of_repositories: done(session, &repositories, week).await?,
        records: record::flaky(session, &repositories).await?,
        now,
    }))
}

/// The runs of which an attempt failed then. The state of an inspection holds its run as it was at the end of that
/// attempt; `ci_runs` has it as it is now.
async fn failed(
    session: &mut Session,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<OfWorkflow>, StoreError> {
    Ok(sqlx::query_as!(
        OfWorkflow,
        r#"with attempts as (
               select i.repository, i.workflow_id, i.run_id, i.attempt, found.*,
                      greatest(0, extract(epoch from (i.state #>> '{run,updated_at}')::timestamptz
                                                     - (i.state #>> '{run,started_at}')::timestamptz)) as seconds,
                      newest.attempt as newest, case when i.is_pull or newest.pull is not null then newest.change end as pull
                 from ci_inspections i
                cross join lateral (
                      select max(f.workflow) as workflow, bool_and(f.infrastructure or f.class = 'flaky_test') as excused,
                             bool_or(f.state = 'healed') as healed, bool_or(f.state = 'given_up') as given_up,
                             bool_or(f.state = 'repairing') as repairing
                        from ci_findings f
                       where f.repository = i.repository and f.run_id = i.run_id and f.attempt = i.attempt) as found
                 left join lateral (
                      select r.attempt, r.pull, r.change from ci_runs r
                       where r.repository = i.repository and r.run_id = i.run_id) as newest on true
                where i.begun_at >= $1 and i.begun_at < $2 and found.workflow is not null),
             runs as (
               select repository, workflow_id, max(workflow) as workflow, count(*) filter (where excused) as excused,
                      coalesce(sum(seconds) filter (where excused), 0) as seconds,
                      coalesce(max(newest) - min(attempt), 0) as reruns, bool_or(healed) as healed,
                      bool_or(given_up) and not bool_or(healed or repairing) as given_up,
                      max(pull) filter (where excused) as pull
                 from attempts group by repository, workflow_id, run_id)
           select repository as "repository!", workflow_id as "workflow!", max(workflow) as "name!",
                  exists(select from ci_runs o
                          where o.repository = runs.repository and o.workflow_id = runs.workflow_id
                            and o.status = 'completed' and o.received_at < $1) as "is_old!",
                  count(*) as "runs!", sum(excused)::bigint as "excused!", sum(seconds)::bigint as "lost_seconds!",
                  sum(reruns)::bigint as "reruns!", count(*) filter (where healed) as "healed!",
                  count(*) filter (where given_up) as "given_up!",
                  coalesce(array_agg(distinct pull) filter (where pull is not null), '{}') as "pulls!"
             from runs group by repository, workflow_id"#,
        from,
        until,
    )
    .fetch_all(session)
    .await?)
}

/// What was done in these repositories. A re-run that a person asked for or approved is that person's.
async fn done(
    session: &mut Session,
    repositories: &[String],
    week: &Week,
) -> Result<Vec<OfRepository>, StoreError> {
    Ok(sqlx::query_as!(
        OfRepository,
        r#"with reruns as (
               select s.repository, count(*) as many
                 from ci_repairs s
                 join ci_runs r on r.repository = s.repository and r.run_id = s.run_id
                where s.decided_at >= $2 and s.decided_at < $3 and s.is_rerun and s.actor = 'wardroom'
                  and s.state in ('asked', 'succeeded', 'failed') and r.attempt > s.attempt
                group by s.repository),
             issues as (
               select repository, count(*) filter (where opened_at >= $2 and opened_at < $3) as opened,
                      count(*) filter (where state in ('closed', 'closed_by_person') and changed_at < $3) as closed
                 from ci_issues
                where repository = any($1) and changed_at >= $2 and number is not null
                group by repository)
           select wanted.repository as "repository!", coalesce(reruns.many, 0) as "reruns!",
                  coalesce(issues.opened, 0) as "issues_opened!", coalesce(issues.closed, 0) as "issues_closed!"
             from unnest($1::text[]) as wanted(repository)
             left join reruns on reruns.repository = wanted.repository
             left join issues on issues.repository = wanted.repository"#,
        repositories,
        week.from,
        week.until,
    )
    .fetch_all(session)
    .await?)
}

/// The channels are told of the week that ended then.
pub(super) async fn save(session: &mut Session, until: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into ci_digests (until_at) values ($1) on conflict do nothing",
        until,
    )
    .execute(session)
    .await?;
    Ok(())
}

pub(super) fn forget(before: DateTime<Utc>, at_once: i64) -> Statement {
    delete_oldest!(
        "ci_digests",
        "until_at",
        "until_at",
        "true",
        before,
        at_once
    )
}
