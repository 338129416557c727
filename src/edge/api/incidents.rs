//! Reads of incidents, their timelines and postmortems.

use super::super::problem::Problem;
use super::super::state::EdgeState;
use super::query::{Query, incident_ref, no_incident};
use super::{failed, wire};
use crate::domain::incident::act::IncidentRef;
use crate::domain::incident::{Incident, Severity, Status, postmortem};
use crate::store::IncidentFilter;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) async fn list(
    State(state): State<Arc<EdgeState>>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    let query = Query::read(query.as_deref(), &["status", "severity", "service"])?;
    let filter = IncidentFilter {
        status: query.parsed("status", Status::parse, "a status such as investigating")?,
        severity: query.parsed(
            "severity",
            Severity::parse,
            &format!("one of {}", Severity::listed()),
        )?,
        service: query.text("service").map(str::to_owned),
        limit: query.limit,
        below: query.cursor,
    };
    let page = state.store.incidents(&filter).await;
    let page = page.map_err(|error| failed(&state, &error))?;
    let items: Vec<Value> = page.items.iter().map(wire::incident).collect();
    Ok(Json(
        json!({"items": items, "next_cursor": page.next_cursor}),
    ))
}

pub(super) async fn one(
    State(state): State<Arc<EdgeState>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let incident = find(&state, &incident_ref(&id)?).await?;
    Ok(Json(wire::incident(&incident)))
}

pub(super) async fn timeline(
    State(state): State<Arc<EdgeState>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    let query = Query::read(query.as_deref(), &[])?;
    let incident = find(&state, &incident_ref(&id)?).await?;
    let page = state
        .store
        .timeline_page(incident.id, query.limit, query.cursor)
        .await;
    let page = page.map_err(|error| failed(&state, &error))?;
    let items: Vec<Value> = page.items.iter().map(wire::timeline_entry).collect();
    Ok(Json(
        json!({"items": items, "next_cursor": page.next_cursor}),
    ))
}

/// The draft, as Markdown, once the incident is over.
pub(super) async fn postmortem(
    State(state): State<Arc<EdgeState>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let incident = find(&state, &incident_ref(&id)?).await?;
    if incident.status.is_open() {
        let words = "This incident is not resolved yet: resolve it, then ask for the postmortem.";
        return Err(Problem::new(StatusCode::CONFLICT, words));
    }
    let lines = state.store.timeline(incident.id).await;
    let lines = lines.map_err(|error| failed(&state, &error))?;
    let people = postmortem::people(&incident, &lines);
    let names = state.store.names(&people).await;
    let names = names.map_err(|error| failed(&state, &error))?;
    let kind = [(header::CONTENT_TYPE, "text/markdown; charset=utf-8")];
    Ok((kind, postmortem::markdown(&incident, &lines, &names)).into_response())
}

pub(super) async fn find(state: &EdgeState, named: &IncidentRef) -> Result<Incident, Problem> {
    let found = state.store.incident(named).await;
    found
        .map_err(|error| failed(state, &error))?
        .ok_or_else(no_incident)
}
