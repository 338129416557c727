//! What was found of failed CI runs, and what was done about it.

use super::super::state::EdgeState;
use super::query::Query;
use super::rows::{Answer, one_of, shown};
use crate::domain::healing::Class;
use crate::store::{FindingFilter, FindingRow, Page, RepairFilter, RepairRow};
use axum::extract::{RawQuery, State};
use std::sync::Arc;

const REPAIR_STATES: [&str; 8] = [
    "planned",
    "waiting_approval",
    "asked",
    "succeeded",
    "failed",
    "refused",
    "skipped",
    "would_have",
];
const STATES: [&str; 5] = ["detected", "repairing", "healed", "given_up", "told"];

pub(super) async fn findings(
    State(state): State<Arc<EdgeState>>,
    RawQuery(query): RawQuery,
) -> Answer<Page<FindingRow>> {
    let query = Query::read(query.as_deref(), &["repository", "class", "state"])?;
    let filter = FindingFilter {
        repository: query.text("repository"),
        class: one_of(&query, "class", &Class::ALL.map(Class::as_str))?,
        state: one_of(&query, "state", &STATES)?,
    };
    let page = state.store.findings(filter, query.limit, query.cursor);
    shown(&state, page.await)
}

pub(super) async fn repairs(
    State(state): State<Arc<EdgeState>>,
    RawQuery(query): RawQuery,
) -> Answer<Page<RepairRow>> {
    let query = Query::read(query.as_deref(), &["repository", "playbook", "state"])?;
    let filter = RepairFilter {
        repository: query.text("repository"),
        playbook: query.text("playbook"),
        state: one_of(&query, "state", &REPAIR_STATES)?,
    };
    let page = state.store.repairs(filter, query.limit, query.cursor);
    shown(&state, page.await)
}
