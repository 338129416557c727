//! The inbox, the outbox and the audit log, and the calls that retry a row.
//!
//! Bodies are never shown: they contain what people wrote, and secrets.

use super::super::problem::Problem;
use super::super::state::EdgeState;
use super::failed;
use super::query::Query;
use crate::domain::ids::{EffectId, SignalId};
use crate::store::{AuditRow, InboxRow, Operator, OutboxRow, Page, StoreError};
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use http::StatusCode;
use std::sync::Arc;
use uuid::Uuid;

pub(super) type Answer<T> = Result<Json<T>, Problem>;

const INBOX_STATES: [&str; 3] = ["open", "done", "parked"];
const OUTBOX_STATES: [&str; 5] = ["open", "done", "uncertain", "parked", "dropped"];

pub(super) async fn audit(
    State(state): State<Arc<EdgeState>>,
    RawQuery(query): RawQuery,
) -> Answer<Page<AuditRow>> {
    let query = Query::read(query.as_deref(), &[])?;
    let page = state.store.audit(query.limit, query.cursor).await;
    shown(&state, page)
}

pub(super) async fn inbox(
    State(state): State<Arc<EdgeState>>,
    RawQuery(query): RawQuery,
) -> Answer<Page<InboxRow>> {
    let query = Query::read(query.as_deref(), &["state"])?;
    let wanted = state_of(&query, &INBOX_STATES)?;
    let page = state.store.inbox_rows(wanted, query.limit, query.cursor);
    shown(&state, page.await)
}

pub(super) async fn outbox(
    State(state): State<Arc<EdgeState>>,
    RawQuery(query): RawQuery,
) -> Answer<Page<OutboxRow>> {
    let query = Query::read(query.as_deref(), &["state"])?;
    let wanted = state_of(&query, &OUTBOX_STATES)?;
    let page = state.store.outbox_rows(wanted, query.limit, query.cursor);
    shown(&state, page.await)
}

pub(super) async fn inbox_row(
    State(state): State<Arc<EdgeState>>,
    Path(id): Path<String>,
) -> Answer<InboxRow> {
    let row = state.store.inbox_row(SignalId(row_id(&id)?)).await;
    one(&state, row)
}

pub(super) async fn outbox_row(
    State(state): State<Arc<EdgeState>>,
    Path(id): Path<String>,
) -> Answer<OutboxRow> {
    let row = state.store.outbox_row(EffectId(row_id(&id)?)).await;
    one(&state, row)
}

pub(super) async fn replay(
    State(state): State<Arc<EdgeState>>,
    Path(id): Path<String>,
) -> Answer<InboxRow> {
    let id = SignalId(row_id(&id)?);
    let replayed = state.store.replay(id, Operator::Api, state.now()).await;
    let replayed = replayed.map_err(|error| failed(&state, &error))?;
    let row = one(&state, state.store.inbox_row(id).await)?;
    if !replayed {
        let words = "This row is open already, or its body is not kept any more.";
        return Err(Problem::new(StatusCode::CONFLICT, words));
    }
    tracing::info!(signal.id = %id, "a signal is replayed, asked for by the API");
    Ok(row)
}

pub(super) async fn retry(
    State(state): State<Arc<EdgeState>>,
    Path(id): Path<String>,
) -> Answer<OutboxRow> {
    let id = EffectId(row_id(&id)?);
    let retried = state
        .store
        .retry_effect(id, Operator::Api, state.now())
        .await;
    let retried = retried.map_err(|error| failed(&state, &error))?;
    let row = one(&state, state.store.outbox_row(id).await)?;
    if !retried {
        let words = "This effect is done, or still in progress: it needs no retry.";
        return Err(Problem::new(StatusCode::CONFLICT, words));
    }
    tracing::info!(effect.id = %id, "an effect is tried again, asked for by the API");
    Ok(row)
}

fn state_of<'q>(query: &'q Query, states: &[&str]) -> Result<Option<&'q str>, Problem> {
    one_of(query, "state", states)
}

/// A parameter that has one of these values.
pub(super) fn one_of<'q>(
    query: &'q Query,
    name: &str,
    values: &[&str],
) -> Result<Option<&'q str>, Problem> {
    let wanted = query.text(name);
    match wanted {
        Some(value) if !values.contains(&value) => {
            let words = format!("{name} must be one of: {}.", values.join(", "));
            Err(Problem::bad_request(words))
        }
        _ => Ok(wanted),
    }
}

fn row_id(text: &str) -> Result<Uuid, Problem> {
    Uuid::parse_str(text).map_err(|_| no_row())
}

fn no_row() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "There is no row of that id.")
}

pub(super) fn shown<T>(state: &EdgeState, read: Result<T, StoreError>) -> Answer<T> {
    read.map(Json).map_err(|error| failed(state, &error))
}

fn one<T>(state: &EdgeState, read: Result<Option<T>, StoreError>) -> Answer<T> {
    let row = read.map_err(|error| failed(state, &error))?;
    row.map(Json).ok_or_else(no_row)
}
