//! The `ci_repairs` table.

use crate::domain::ci::findings::Signature;
use crate::domain::ci::{FailureId, InspectionId, Place, RepairId, RepairState, RepairStep};
use crate::domain::healing::Step;
use crate::domain::ids::Actor;
use crate::store::area::{Statement, delete_oldest};
use crate::store::error::StoreError;
use crate::store::session::Session;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

struct RepairRow {
    id: Uuid,
    inspection: Uuid,
    failure: Option<Uuid>,
    repository: String,
    run_id: i64,
    number: i64,
    attempt: i32,
    playbook: String,
    ordinal: i32,
    tries: i32,
    signatures: Vec<String>,
    detail: Value,
    state: String,
    actor: String,
    reason: Option<String>,
    decided_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    step: Step,
    #[serde(default)]
    rerun: Option<(u32, u32)>,
}

impl TryFrom<RepairRow> for RepairStep {
    type Error = StoreError;

    fn try_from(row: RepairRow) -> Result<Self, StoreError> {
        let unreadable = |column: &str| StoreError::Unreadable(format!("ci_repairs.{column}"));
        let detail: Result<Detail, _> = serde_json::from_value(row.detail);
        let detail = detail.map_err(|_unreadable| unreadable("detail"))?;
        let state: Result<RepairState, _> = row.state.parse();
        let signatures = row.signatures.into_iter();
        Ok(Self {
            id: RepairId(row.id),
            inspection: InspectionId(row.inspection),
            failure: row.failure.map(FailureId),
            repository: row.repository,
            run: row.run_id,
            place: Place {
                number: row.number,
                attempt: row.attempt,
            },
            playbook: row.playbook,
            ordinal: row.ordinal,
            tries: row.tries,
            step: detail.step,
            signatures: signatures.map(Signature::known).collect(),
            rerun: detail.rerun,
            state: state.map_err(|_unknown| unreadable("state"))?,
            by: Actor::try_from(row.actor).map_err(|_bad| unreadable("actor"))?,
            reason: row.reason,
            decided_at: row.decided_at,
            due_at: row.due_at,
            ended_at: row.ended_at,
        })
    }
}

/// The steps of the repairs of a run, those of a playbook in their order.
pub(super) async fn of_run(
    session: &mut Session,
    repository: &str,
    run: i64,
) -> Result<Vec<RepairStep>, StoreError> {
    let rows = sqlx::query_as!(
        RepairRow,
        "select id, inspection, failure, repository, run_id, number, attempt, playbook, ordinal, tries, signatures,
                detail, state, actor, reason, decided_at, due_at, ended_at
           from ci_repairs where repository = $1 and run_id = $2
          order by attempt, playbook, ordinal, tries",
        repository,
        run,
    );
    let rows = rows.fetch_all(session).await?;
    rows.into_iter().map(RepairStep::try_from).collect()
}

/// The inspection whose repair has this step.
pub(super) async fn inspection(
    session: &mut Session,
    id: RepairId,
) -> Result<Option<InspectionId>, StoreError> {
    let row = sqlx::query_scalar!("select inspection from ci_repairs where id = $1", id.0);
    let row = row.fetch_optional(session).await?;
    Ok(row.map(InspectionId))
}

/// The change that a step repairs, which has the labels of its pull request.
pub(super) async fn change(
    session: &mut Session,
    id: RepairId,
) -> Result<Option<String>, StoreError> {
    let row = sqlx::query_scalar!(
        "select (select n.change from ci_runs n where n.repository = r.repository and n.run_id = r.run_id) as change
           from ci_repairs r where r.id = $1",
        id.0,
    );
    Ok(row.fetch_optional(session).await?.flatten())
}

/// Whether an effect of the step is still to be sent: it is open, its run has no newer attempt, its line has no
/// newer run, which a re-run of this one might cancel, and did not succeed meanwhile.
pub(super) async fn is_wanted(session: &mut Session, id: RepairId) -> Result<bool, StoreError> {
    let row = sqlx::query_scalar!(
        r#"select true as "wanted!"
             from ci_repairs r
            where r.id = $1 and r.state in ('planned', 'asked')
              and not (r.is_rerun
                       and (exists (select from ci_runs n
                                     where n.repository = r.repository and n.run_id = r.run_id
                                       and n.attempt > r.attempt)
                            or exists (select from ci_runs o join ci_runs n
                                         on n.repository = o.repository and n.workflow_id = o.workflow_id
                                        and n.branch = o.branch and n.number > o.number
                                        and (n.trigger = 'pull_request') = (o.trigger = 'pull_request')
                                      where o.repository = r.repository and o.run_id = r.run_id
                                        and r.actor = 'wardroom'
                                     offset 0)
                            or exists (select from ci_failures f where f.id = r.failure and f.green_at is not null)))"#,
        id.0,
    );
    Ok(row.fetch_optional(session).await?.is_some())
}

/// A step as it is now: a new one, or one whose line is locked.
pub(super) async fn save(session: &mut Session, step: &RepairStep) -> Result<(), StoreError> {
    let signatures = step.signatures.iter();
    let signatures: Vec<&str> = signatures.map(Signature::as_str).collect();
    let state: &str = step.state.into();
    let detail = Detail {
        step: step.step.clone(),
        rerun: step.rerun,
    };
    sqlx::query!(
        "insert into ci_repairs (id, inspection, failure, repository, run_id, number, attempt, playbook, ordinal, tries,
                                 action, is_rerun, signatures, detail, state, actor, reason, decided_at, due_at, ended_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
         on conflict (id) do update
            set state = excluded.state, actor = excluded.actor, reason = excluded.reason, due_at = excluded.due_at,
                ended_at = excluded.ended_at",
        step.id.0,
        step.inspection.0,
        step.failure.map(|id| id.0),
        step.repository,
        step.run,
        step.place.number,
        step.place.attempt,
        step.playbook,
        step.ordinal,
        step.tries,
        step.step.action.as_str(),
        step.is_rerun(),
        &signatures as &[&str],
        serde_json::to_value(&detail)?,
        state,
        step.by.to_string(),
        step.reason,
        step.decided_at,
        step.due_at,
        step.ended_at,
    )
    .execute(session)
    .await?;
    Ok(())
}

pub(super) fn forget(before: DateTime<Utc>, at_once: i64) -> Statement {
    delete_oldest!("ci_repairs", "id", "decided_at", "true", before, at_once)
}
