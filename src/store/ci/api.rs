//! Lists for programs.

use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::ring::lists::Page;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// Which findings are listed; `None`: all.
#[derive(Debug, Clone, Copy, Default)]
pub struct FindingFilter<'a> {
    pub repository: Option<&'a str>,
    pub class: Option<&'a str>,
    pub state: Option<&'a str>,
}

/// Why a job of an attempt failed, as programs see it.
#[derive(Debug, Clone, Serialize)]
pub struct FindingRow {
    pub id: Uuid,
    #[serde(skip)]
    pub place: i64,
    pub repository: String,
    pub workflow: String,
    pub branch: String,
    /// Whether it is a pull request's run, from this branch.
    pub pull_request: bool,
    pub run_id: i64,
    pub run_number: i64,
    pub attempt: i32,
    pub sha: String,
    /// `id`, `name` and `url`; null: the run as a whole.
    pub job: Option<Value>,
    pub class: String,
    pub signature: String,
    /// `detected`, `repairing`, `healed`, `given_up`, `told`.
    pub state: String,
    /// `confidence`, `step`, `evidence`, `rerun`, `failed_tests`.
    pub finding: Value,
    pub found_at: DateTime<Utc>,
}

/// Which steps of repairs are listed; `None`: all.
#[derive(Debug, Clone, Copy, Default)]
pub struct RepairFilter<'a> {
    pub repository: Option<&'a str>,
    pub playbook: Option<&'a str>,
    pub state: Option<&'a str>,
}

/// A step of a repair, or why nothing was done, as programs see it.
#[derive(Debug, Clone, Serialize)]
pub struct RepairRow {
    pub id: Uuid,
    #[serde(skip)]
    pub place: i64,
    pub repository: String,
    pub run_id: i64,
    pub run_number: i64,
    pub attempt: i32,
    pub playbook: String,
    pub action: String,
    /// From 1: one more with each try.
    pub tries: i32,
    pub signatures: Vec<String>,
    pub state: String,
    /// Who decided it.
    pub actor: String,
    /// Why it was not done, or failed.
    pub reason: Option<String>,
    pub decided_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// Fetches a page of findings that is read by the index of its first condition. `between` and the order leave no other index: a
/// plan that is kept knows no value, and takes each word to be frequent.
macro_rules! page_of_findings {
    ($conditions:literal, $filter:expr, $below:expr, $limit:expr, $session:expr) => {
        sqlx::query_as!(
            FindingRow,
            "select id, place, repository, workflow, branch, is_pull as pull_request, run_id, number as run_number, attempt,
                    sha, job, class, signature, state, finding - 'class' - 'signature' as \"finding!\", found_at
               from ci_findings where " + $conditions + " limit $5",
            $below,
            $filter.repository,
            $filter.class,
            $filter.state,
            $limit,
        )
        .fetch_all($session)
        .await?
    };
}

/// The same of the steps of repairs.
macro_rules! page_of_repairs {
    ($conditions:literal, $filter:expr, $below:expr, $limit:expr, $session:expr) => {
        sqlx::query_as!(
            RepairRow,
            "select id, place, repository, run_id, number as run_number, attempt, playbook, action, tries, signatures, state,
                    actor, reason, decided_at, due_at, ended_at
               from ci_repairs where " + $conditions + " limit $5",
            $below,
            $filter.repository,
            $filter.playbook,
            $filter.state,
            $limit,
        )
        .fetch_all($session)
        .await?
    };
}

impl Database {
    /// Steps of repairs, newest first.
    pub async fn repairs(
        &self,
        filter: RepairFilter<'_>,
        limit: i64,
        below: Option<i64>,
    ) -> Result<Page<RepairRow>, StoreError> {
        let limit = limit.clamp(1, 200);
        let (below, more) = (below.unwrap_or(i64::MAX), limit + 1);
        let session = &mut self.single().await?;
        let rows = match filter {
            RepairFilter {
                repository: Some(_),
                ..
            } => page_of_repairs!(
                "lower(repository) = lower($2) and place < $1
                 and ($3::text is null or playbook = $3) and ($4::text is null or state = $4) order by place desc",
                filter,
                below,
                more,
                session
            ),
            RepairFilter {
                playbook: Some(_), ..
            } => page_of_repairs!(
                "playbook between $3 and $3 and place < $1 and $2::text is null and ($4::text is null or state = $4)
                 order by playbook desc, place desc",
                filter,
                below,
                more,
                session
            ),
            RepairFilter { state: Some(_), .. } => page_of_repairs!(
                "state between $4 and $4 and place < $1 and $2::text is null and $3::text is null
                 order by state desc, place desc",
                filter,
                below,
                more,
                session
            ),
            RepairFilter { .. } => page_of_repairs!(
                "place < $1 and $2::text is null and $3::text is null and $4::text is null order by place desc",
                filter,
                below,
                more,
                session
            ),
        };
        Ok(Page::cut(rows, limit, |row| row.place.to_string()))
    }

    /// Findings, newest first.
    pub async fn findings(
        &self,
        filter: FindingFilter<'_>,
        limit: i64,
        below: Option<i64>,
    ) -> Result<Page<FindingRow>, StoreError> {
        let limit = limit.clamp(1, 200);
        let (below, more) = (below.unwrap_or(i64::MAX), limit + 1);
        let session = &mut self.single().await?;
        let rows = match filter {
            FindingFilter {
                repository: Some(_),
                ..
            } => page_of_findings!(
                "lower(repository) = lower($2) and place < $1
                 and ($3::text is null or class = $3) and ($4::text is null or state = $4) order by place desc",
                filter,
                below,
                more,
                session
            ),
            FindingFilter { class: Some(_), .. } => page_of_findings!(
                "class between $3 and $3 and place < $1 and $2::text is null and ($4::text is null or state = $4)
                 order by class desc, place desc",
                filter,
                below,
                more,
                session
            ),
            FindingFilter { state: Some(_), .. } => page_of_findings!(
                "state between $4 and $4 and place < $1 and $2::text is null and $3::text is null
                 order by state desc, place desc",
                filter,
                below,
                more,
                session
            ),
            FindingFilter { .. } => page_of_findings!(
                "place < $1 and $2::text is null and $3::text is null and $4::text is null order by place desc",
                filter,
                below,
                more,
                session
            ),
        };
        Ok(Page::cut(rows, limit, |row| row.place.to_string()))
    }
}
