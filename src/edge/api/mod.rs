//! `/api/v1`: the same domain as the slash command, for programs.
//!
//! Reads come from the store. Changes are appended like all signals, and their decision is waited for, so
//! that the same rules apply. Without `ADMIN_TOKEN` there is no API: 404.

mod change;
mod ci;
mod form;
mod incidents;
mod query;
mod rows;
pub mod wire;

use super::problem::{self, Problem};
use super::state::EdgeState;
use crate::store::StoreError;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use change::act;
use std::sync::Arc;

pub(super) fn router(state: &Arc<EdgeState>) -> Router<Arc<EdgeState>> {
    Router::new()
        .route("/incidents", get(incidents::list).post(change::declare))
        .route("/incidents/{id}", get(incidents::one))
        .route("/incidents/{id}/timeline", get(incidents::timeline))
        .route("/incidents/{id}/postmortem", get(incidents::postmortem))
        // Every method: whether it is the method or the path that does not exist depends on the act.
        .route("/incidents/{id}/{act}", post(act).merge(any(act)))
        .route("/audit", get(rows::audit))
        .route("/findings", get(ci::findings))
        .route("/repairs", get(ci::repairs))
        .route("/inbox", get(rows::inbox))
        .route("/inbox/{id}", get(rows::inbox_row))
        .route("/inbox/{id}/replay", post(rows::replay))
        .route("/outbox", get(rows::outbox))
        .route("/outbox/{id}", get(rows::outbox_row))
        .route("/outbox/{id}/retry", post(rows::retry))
        .fallback(nothing_here)
        // Below the layer, so that the token is checked first.
        .method_not_allowed_fallback(super::other_method)
        .layer(from_fn_with_state(state.clone(), authorize))
}

async fn nothing_here() -> Problem {
    Problem::not_found()
}

/// Requires the token, and makes every error response a problem: axum's own ones, such as for a path that
/// is not UTF-8, are plain text.
async fn authorize(State(state): State<Arc<EdgeState>>, request: Request, next: Next) -> Response {
    if state.may_call_the_api(request.headers()) {
        return problem::of_any(next.run(request).await);
    }
    Problem::no_token().into_response()
}

fn failed(state: &EdgeState, error: &StoreError) -> Problem {
    state.metrics.error("store");
    if error.is_passing() {
        tracing::warn!(%error, "a read of the API failed");
        return Problem::unavailable();
    }
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(%error, cause, "a read of the API failed");
    Problem::internal()
}
