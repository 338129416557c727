//! The `ci_incidents` and `ci_deployments` tables.

use crate::domain::ci::Conclusion;
use crate::domain::ci::changes::{DeploymentId, FailedDeployment, FollowedIncident, RollbackState};
use crate::domain::ids::{IncidentId, SignalId};

use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::session::Session;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

fn read<T: DeserializeOwned>(body: Value, table: &str) -> Result<T, StoreError> {
    serde_json::from_value(body).map_err(|_| StoreError::Unreadable(format!("{table}.body")))
}

/// The open incidents of a service, and this one: the service's lock is held.
pub(super) async fn open_incidents(
    session: &mut Session,
    service: &str,
    incident: Option<Uuid>,
) -> Result<Vec<FollowedIncident>, StoreError> {
    let bodies = sqlx::query_scalar!(
        "select body from ci_incidents where service = $1 and is_open for update",
        service,
    );
    let bodies = bodies.fetch_all(&mut *session).await?.into_iter();
    let open = bodies.map(|body| read(body, "ci_incidents"));
    let mut open = open.collect::<Result<Vec<FollowedIncident>, _>>()?;
    let missing = incident.filter(|id| !open.iter().any(|one| one.state.id.0 == *id));
    if let Some(id) = missing {
        open.extend(self::incident(session, IncidentId(id)).await?);
    }
    Ok(open)
}

pub(super) async fn incident(
    session: &mut Session,
    id: IncidentId,
) -> Result<Option<FollowedIncident>, StoreError> {
    let body = sqlx::query_scalar!("select body from ci_incidents where incident = $1", id.0);
    let body = body.fetch_optional(session).await?;
    body.map(|body| read(body, "ci_incidents")).transpose()
}

pub(super) async fn save_incident(
    session: &mut Session,
    signal: SignalId,
    incident: &FollowedIncident,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into ci_incidents (incident, service, is_open, news_at, body)
         values ($1, $2, $3, (select received_at from inbox where id = $4), $5)
         on conflict (incident) do update
            set service = excluded.service, is_open = excluded.is_open, body = excluded.body,
                news_at = greatest(ci_incidents.news_at, excluded.news_at)",
        incident.state.id.0,
        crate::domain::rules::same_service(&incident.state.service),
        incident.state.is_open,
        signal.0,
        serde_json::to_value(incident)?,
    )
    .execute(session)
    .await?;
    Ok(())
}

/// The service of a failed deployment, which never changes.
pub(super) async fn service_of(
    session: &mut Session,
    id: DeploymentId,
) -> Result<Option<String>, StoreError> {
    let service = sqlx::query_scalar!("select service from ci_deployments where id = $1", id.0);
    Ok(service.fetch_optional(session).await?)
}

/// A failed deployment, locked.
pub(super) async fn deployment(
    session: &mut Session,
    id: DeploymentId,
) -> Result<Option<FailedDeployment>, StoreError> {
    let body = sqlx::query_scalar!(
        "select body from ci_deployments where id = $1 for update",
        id.0
    );
    let body = body.fetch_optional(session).await?;
    body.map(|body| read(body, "ci_deployments")).transpose()
}

/// A failed deployment as it is.
pub(super) async fn deployment_now(
    database: &Database,
    id: DeploymentId,
) -> Result<Option<FailedDeployment>, StoreError> {
    let body = sqlx::query_scalar!("select body from ci_deployments where id = $1", id.0);
    let body = body.fetch_optional(&mut database.single().await?).await?;
    body.map(|body| read(body, "ci_deployments")).transpose()
}

/// The same by GitHub's id.
pub(super) async fn deployment_of(
    session: &mut Session,
    repository: &str,
    deployment: i64,
) -> Result<Option<FailedDeployment>, StoreError> {
    let body = sqlx::query_scalar!(
        "select body from ci_deployments where repository = $1 and deployment = $2",
        repository,
        deployment,
    );
    let body = body.fetch_optional(session).await?;
    body.map(|body| read(body, "ci_deployments")).transpose()
}

/// The failed deployments of these incidents, locked.
pub(super) async fn deployments_of(
    session: &mut Session,
    incidents: &[Uuid],
) -> Result<Vec<FailedDeployment>, StoreError> {
    if incidents.is_empty() {
        return Ok(Vec::new());
    }
    let bodies = sqlx::query_scalar!(
        "select body from ci_deployments where incident = any($1) for update",
        incidents,
    );
    let bodies = bodies.fetch_all(session).await?.into_iter();
    bodies.map(|body| read(body, "ci_deployments")).collect()
}

/// The deployment of a repository whose rollback is this run, else the newest one whose rollback was started and
/// has not ended, locked.
pub(super) async fn rolling_back(
    session: &mut Session,
    repository: &str,
    run: i64,
) -> Result<Option<FailedDeployment>, StoreError> {
    let body = sqlx::query_scalar!(
        "select body from ci_deployments where repository = $1 and rolls_back
          order by coalesce((body->'rollback'->>'run')::bigint = $2, false) desc,
                   body->'rollback'->>'run' is null desc, deployment desc limit 1 for update",
        repository,
        run,
    );
    let body = body.fetch_optional(session).await?;
    body.map(|body| read(body, "ci_deployments")).transpose()
}

/// How a run ended, and its page.
pub(super) async fn ended_run(
    session: &mut Session,
    repository: &str,
    run: i64,
) -> Result<Option<(Conclusion, String)>, StoreError> {
    let row = sqlx::query!(
        r#"select conclusion as "conclusion!", url from ci_runs
            where repository = $1 and run_id = $2 and status = 'completed' and conclusion is not null"#,
        repository,
        run,
    );
    let row = row.fetch_optional(session).await?;
    Ok(row.map(|row| (Conclusion::of(&row.conclusion), row.url)))
}

pub(super) async fn save_deployment(
    session: &mut Session,
    signal: SignalId,
    deployment: &FailedDeployment,
) -> Result<(), StoreError> {
    let taken = deployment.rollback.as_ref();
    let rolls_back = taken.is_some_and(|taken| match taken.state {
        RollbackState::Asked | RollbackState::Started | RollbackState::Unknown { .. } => true,
        RollbackState::Refused { .. }
        | RollbackState::Succeeded { .. }
        | RollbackState::Failed { .. } => false,
    });
    sqlx::query!(
        "insert into ci_deployments (id, repository, deployment, service, incident, rolls_back, news_at, body)
         values ($1, $2, $3, $4, $5, $6, (select received_at from inbox where id = $7), $8)
         on conflict (id) do update
            set incident = excluded.incident, rolls_back = excluded.rolls_back, body = excluded.body,
                news_at = greatest(ci_deployments.news_at, excluded.news_at)",
        deployment.id.0,
        deployment.change.repository,
        deployment.number(),
        deployment.service,
        deployment.incident.map(|incident| incident.0),
        rolls_back,
        signal.0,
        serde_json::to_value(deployment)?,
    )
    .execute(session)
    .await?;
    Ok(())
}
