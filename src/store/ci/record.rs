//! The `ci_records` table: the records of tests and jobs.

use super::{comments, issues};
use crate::domain::ci::record::{Kept, LastFailure, OF_WORKFLOW, Record, Standing, Subject};
use crate::domain::ci::reports::TestId;
use crate::domain::ci::{FindingId, JobFinding, Line, RecordFacts, RecordNeeds, Round};
use crate::domain::rules::Rules;
use crate::domain::text::Text;
use crate::store::area::{Statement, delete_oldest};
use crate::store::error::StoreError;
use crate::store::ring::turns::lock_aggregate;
use crate::store::session::Session;
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

struct RecordRow {
    repository: String,
    subject: String,
    standing: String,
    record: Value,
    last: Value,
    seen_at: DateTime<Utc>,
}

macro_rules! select_records {
    ($rest:literal $(, $bind:expr)* $(,)?) => {
        sqlx::query_as!(
            RecordRow,
            "select repository, subject, standing, record, last, seen_at from ci_records " + $rest
            $(, $bind)*
        )
    };
}

impl TryFrom<RecordRow> for Kept {
    type Error = StoreError;

    fn try_from(row: RecordRow) -> Result<Self, StoreError> {
        let unreadable = |column: &str| StoreError::Unreadable(format!("ci_records.{column}"));
        let record: Result<Record, _> = serde_json::from_value(row.record);
        let last: Result<LastFailure, _> = serde_json::from_value(row.last);
        Ok(Self {
            repository: row.repository,
            subject: Subject::of_key(&row.subject).ok_or_else(|| unreadable("subject"))?,
            standing: Standing::of_word(&row.standing).ok_or_else(|| unreadable("standing"))?,
            record: record.map_err(|_unreadable| unreadable("record"))?,
            last: last.map_err(|_unreadable| unreadable("last"))?,
            seen_at: row.seen_at,
        })
    }
}

/// The lock of a repository's record.
pub(super) fn lock_name(repository: &str) -> String {
    format!("ci:record:{repository}")
}

/// What is known of a repository's record, which is locked.
pub(super) async fn load(
    session: &mut Session,
    needs: &RecordNeeds,
    now: DateTime<Utc>,
) -> Result<RecordFacts, StoreError> {
    let mut facts = RecordFacts::default();
    match needs {
        RecordNeeds::Round(round) => {
            lock_aggregate(session, &lock_name(&round.repository)).await?;
            of_round(session, round, now, &mut facts).await?;
        }
        RecordNeeds::Subject {
            repository,
            subject,
        } => {
            lock_aggregate(session, &lock_name(repository)).await?;
            let subjects = [subject.key()];
            facts.issues = issues::of_subjects(session, repository, &subjects).await?;
            facts.refusals = issues::refusals(session, repository, now).await?;
        }
        RecordNeeds::Issue(id) => {
            let Some(repository) = issues::repository(session, *id).await? else {
                return Ok(facts);
            };
            lock_aggregate(session, &lock_name(&repository)).await?;
            facts.issues = issues::by_id(session, *id).await?.into_iter().collect();
            facts.refusals = issues::refusals(session, &repository, now).await?;
            of_issues(session, &mut facts).await?;
        }
        RecordNeeds::Number { repository, number } => {
            // Nearly all issues are not ours.
            if issues::by_number(session, repository, *number)
                .await?
                .is_none()
            {
                return Ok(facts);
            }
            lock_aggregate(session, &lock_name(repository)).await?;
            let issue = issues::by_number(session, repository, *number).await?;
            facts.issues = issue.into_iter().collect();
            of_issues(session, &mut facts).await?;
        }
        RecordNeeds::Comment { repository, change } => {
            lock_aggregate(session, &lock_name(repository)).await?;
            facts.comment = comments::of_change(session, repository, change).await?;
        }
    }
    Ok(facts)
}

async fn of_issues(session: &mut Session, facts: &mut RecordFacts) -> Result<(), StoreError> {
    for issue in &facts.issues {
        let keys: Vec<String> = issue.subjects.iter().map(Subject::key).collect();
        for record in by_keys(session, &issue.repository, &keys).await? {
            facts.records.insert(record.subject.clone(), record);
        }
    }
    Ok(())
}

pub(super) async fn by_keys(
    session: &mut Session,
    repository: &str,
    keys: &[String],
) -> Result<Vec<Kept>, StoreError> {
    let rows = select_records!(
        "where repository = $1 and subject = any($2)",
        repository,
        keys
    );
    let rows = rows.fetch_all(session).await?;
    rows.into_iter().map(Kept::try_from).collect()
}

async fn of_round(
    session: &mut Session,
    round: &Round,
    now: DateTime<Utc>,
    facts: &mut RecordFacts,
) -> Result<(), StoreError> {
    let records = match &round.subjects {
        Some(subjects) => {
            let keys: Vec<String> = subjects.iter().map(Subject::key).collect();
            by_keys(session, &round.repository, &keys).await?
        }
        None => {
            let rows = select_records!(
                "where repository = $1 and workflow_id = $2 order by failed_at desc limit $3",
                round.repository,
                round.workflow,
                i64::from(OF_WORKFLOW),
            );
            let rows = rows.fetch_all(&mut *session).await?;
            rows.into_iter()
                .map(Kept::try_from)
                .collect::<Result<_, _>>()?
        }
    };
    let keys: Vec<String> = match &round.subjects {
        Some(subjects) => subjects.iter().map(Subject::key).collect(),
        None => records.iter().map(|record| record.subject.key()).collect(),
    };
    for record in records {
        facts.records.insert(record.subject.clone(), record);
    }
    facts.changes = sqlx::query_scalar!(
        r#"select first as "first!" from (
               select min(received_at) as first from ci_runs
                where repository = $1 and workflow_id = $2 and received_at > $3 and status = 'completed'
                  and change is not null and not by_bot
                  and conclusion in ('success', 'failure', 'timed_out', 'startup_failure')
                group by change) as changes
            order by 1"#,
        round.repository,
        round.workflow,
        round.since,
    )
    .fetch_all(&mut *session)
    .await?;
    facts.passed_before = sqlx::query_scalar!(
        r#"select exists(
               select from ci_runs
                where repository = $1 and workflow_id = $2 and received_at > $3 and status = 'completed'
                  and conclusion = 'success' and trigger = $4 and coalesce(tree, sha) = $5) as "exists!""#,
        round.repository,
        round.workflow,
        round.since,
        round.trigger,
        round.tree,
    )
    .fetch_one(&mut *session)
    .await?;
    facts.comment = comments::of_change(session, &round.repository, &round.change).await?;
    facts.issues = issues::of_subjects(session, &round.repository, &keys).await?;
    facts.refusals = issues::refusals(session, &round.repository, now).await?;
    Ok(())
}

/// The tests and the failures of jobs that are known to be flaky in a repository.
pub(super) async fn known_flaky(
    session: &mut Session,
    repository: &str,
) -> Result<BTreeSet<Subject>, StoreError> {
    let keys = sqlx::query_scalar!(
        "select subject from ci_records
          where repository = $1 and standing in ('flaky', 'left_to_people')
          order by failed_at desc limit $2",
        repository,
        i64::from(OF_WORKFLOW),
    );
    let keys = keys.fetch_all(session).await?;
    Ok(keys.iter().filter_map(|key| Subject::of_key(key)).collect())
}

/// The records of the flaky tests of these repositories, those that failed last.
pub(super) async fn flaky(
    session: &mut Session,
    repositories: &[String],
) -> Result<Vec<Kept>, StoreError> {
    let rows = select_records!(
        "where repository = any($1) and subject like 'test:%' and standing in ('flaky', 'left_to_people')
         order by failed_at desc limit $2",
        repositories,
        i64::from(OF_WORKFLOW),
    );
    let rows = rows.fetch_all(session).await?;
    rows.into_iter().map(Kept::try_from).collect()
}

/// The tests of a workflow whose passing is of interest.
pub(super) async fn recorded_tests(
    session: &mut Session,
    repository: &str,
    workflow: i64,
) -> Result<Vec<String>, StoreError> {
    let keys = sqlx::query_scalar!(
        "select subject from ci_records
          where repository = $1 and workflow_id = $2 and subject like 'test:%'
          order by failed_at desc limit $3",
        repository,
        workflow,
        i64::from(OF_WORKFLOW),
    );
    let tests = tests(keys.fetch_all(session).await?);
    Ok(tests.map(|test| test.as_str().to_owned()).collect())
}

fn tests(keys: Vec<String>) -> impl Iterator<Item = TestId> {
    keys.into_iter()
        .filter_map(|key| match Subject::of_key(&key) {
            Some(Subject::Test(id)) => Some(id),
            Some(Subject::Job(_)) | None => None,
        })
}

/// What a message says of the history of each finding: of its test, if it is one, else of its job.
pub(super) async fn histories(
    session: &mut Session,
    findings: &[JobFinding],
    now: DateTime<Utc>,
    rules: &Rules,
) -> Result<BTreeMap<FindingId, Text>, StoreError> {
    let Some(first) = findings.first() else {
        return Ok(BTreeMap::new());
    };
    let subject = |one: &JobFinding| match one.finding.failed_tests.as_slice() {
        [test] => Subject::Test(test.clone()),
        _ => Subject::Job(one.finding.signature.clone()),
    };
    let keys: Vec<String> = findings.iter().map(|one| subject(one).key()).collect();
    let records = by_keys(session, &first.line.repository, &keys).await?;
    let of = |one: &JobFinding| {
        let subject = subject(one);
        let record = records.iter().find(|record| record.subject == subject)?;
        let words = record.words(now, &rules.github.healing.flaky)?;
        let what = match subject {
            Subject::Test(_) => "This test",
            Subject::Job(_) => "This failure",
        };
        Some((one.id, Text::plain(format!("{what}: {words}"))))
    };
    Ok(findings.iter().filter_map(of).collect())
}

/// Whether a workflow has records, or a change has a comment: a green run is observed then.
pub(super) async fn is_recorded(
    session: &mut Session,
    line: &Line,
    change: &str,
) -> Result<bool, StoreError> {
    let recorded = sqlx::query_scalar!(
        r#"select exists(select from ci_records where repository = $1 and workflow_id = $2)
                  or exists(select from ci_comments where repository = $1 and change = $3) as "exists!""#,
        line.repository,
        line.workflow,
        change,
    );
    Ok(recorded.fetch_one(session).await?)
}

/// Saves a record as it is now, or deletes it when there is nothing to remember.
pub(super) async fn save(session: &mut Session, kept: &Kept) -> Result<(), StoreError> {
    let key = kept.subject.key();
    let Some(keep_until) = kept.keep_until(kept.seen_at) else {
        sqlx::query!(
            "delete from ci_records where repository = $1 and subject = $2",
            kept.repository,
            key,
        )
        .execute(session)
        .await?;
        return Ok(());
    };
    sqlx::query!(
        "insert into ci_records (repository, subject, workflow_id, standing, record, last, failed_at, seen_at, keep_until)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (repository, subject) do update
            set workflow_id = excluded.workflow_id, standing = excluded.standing, record = excluded.record,
                last = excluded.last, failed_at = excluded.failed_at, seen_at = excluded.seen_at,
                keep_until = excluded.keep_until",
        kept.repository,
        key,
        kept.last.workflow,
        kept.standing.word(),
        serde_json::to_value(&kept.record)?,
        serde_json::to_value(&kept.last)?,
        kept.last.at,
        kept.seen_at,
        keep_until,
    )
    .execute(session)
    .await?;
    Ok(())
}

pub(super) fn forget(before: DateTime<Utc>, at_once: i64) -> Statement {
    delete_oldest!("ci_records", "ctid", "keep_until", "true", before, at_once)
}
