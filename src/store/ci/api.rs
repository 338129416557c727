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

impl Database {
    /// Steps of repairs, newest first.
    pub async fn repairs(
        &self,
        filter: RepairFilter<'_>,
        limit: i64,
        below: Option<i64>,
    ) -> Result<Page<RepairRow>, StoreError> {
        let limit = limit.clamp(1, 200);
        let rows = sqlx::query_as!(
            RepairRow,
            "select id, place, repository, run_id, number as run_number, attempt, playbook, action, tries, signatures, state,
                    actor, reason, decided_at, due_at, ended_at
               from ci_repairs
              where place < $1 and ($2::text is null or lower(repository) = lower($2))
                and ($3::text is null or playbook = $3) and ($4::text is null or state = $4)
              order by place desc limit $5",
            below.unwrap_or(i64::MAX),
            filter.repository,
            filter.playbook,
            filter.state,
            limit + 1,
        )
        .fetch_all(&mut self.single().await?)
        .await?;
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
        let rows = sqlx::query_as!(
            FindingRow,
            "select id, place, repository, workflow, branch, is_pull as pull_request, run_id, number as run_number, attempt,
                    sha, job, class, signature, state, finding - 'class' - 'signature' as \"finding!\", found_at
               from ci_findings
              where place < $1 and ($2::text is null or lower(repository) = lower($2))
                and ($3::text is null or class = $3) and ($4::text is null or state = $4)
              order by place desc limit $5",
            below.unwrap_or(i64::MAX),
            filter.repository,
            filter.class,
            filter.state,
            limit + 1,
        )
        .fetch_all(&mut self.single().await?)
        .await?;
        Ok(Page::cut(rows, limit, |row| row.place.to_string()))
    }
}
