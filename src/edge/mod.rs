//! HTTP in: verify, address, append, answer. Decides nothing.
//!
//! Two routers over one state: the app's, and one for the metrics port with the figures and the
//! probes only. A source without its secret answers 404, and nothing unsigned is ever taken.

mod allowance;
pub mod api;
mod bearer;
mod body;
mod github;
mod health;
mod keep;
mod limit;
mod metrics;
mod middleware;
mod places;
mod problem;
mod pulse;
pub mod server;
mod slack;
mod state;
#[cfg(test)]
mod tests;

pub use places::Bounds;
pub use state::{Build, EdgeSettings, EdgeState, Now};

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use problem::Problem;
use std::sync::Arc;

/// Routes whose requests are signed: counted against an address only when the signature fails.
const SIGNED_ROUTES: [&str; 6] = [
    "/slack/commands",
    "/slack/interactions",
    "/slack/events",
    "/github/webhooks",
    "/webhooks/github",
    "/webhook",
];

/// What the app's port serves. A source that is off has no routes at all: 404 for every method.
pub fn app_router(state: Arc<EdgeState>) -> Router {
    let mut routes = probes()
        .route("/metrics", get(metrics::guarded))
        .route("/version", get(health::version));
    if state.settings.slack.is_some() {
        routes = routes
            .signed_route("/slack/commands", post(slack::commands))
            .signed_route("/slack/interactions", post(slack::interactions))
            .signed_route("/slack/events", post(slack::events));
    }
    if !state.settings.github.is_empty() {
        routes = routes
            .signed_route("/github/webhooks", post(github::webhook))
            .signed_route("/webhooks/github", post(github::webhook))
            .signed_route("/webhook", post(github::webhook));
    }
    if state.settings.admin_token.is_some() {
        routes = routes.nest("/api/v1", api::router(&state));
    }
    finish(routes, state)
}

/// Adds a provider's route.
trait SignedRoutes {
    fn signed_route(self, path: &str, handler: MethodRouter<Arc<EdgeState>>) -> Self;
}

impl SignedRoutes for Router<Arc<EdgeState>> {
    /// The same with a slash at its end: request URLs are typed by hand into a provider's settings,
    /// and a 404 there looks like a service that is down.
    fn signed_route(self, path: &str, handler: MethodRouter<Arc<EdgeState>>) -> Self {
        self.route(path, handler.clone())
            .route(&format!("{path}/"), handler)
    }
}

/// What the metrics port serves.
pub fn metrics_router(state: Arc<EdgeState>) -> Router {
    finish(probes().route("/metrics", get(metrics::open)), state)
}

fn probes() -> Router<Arc<EdgeState>> {
    Router::new()
        .route("/health", get(health::summary))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/health/startup", get(health::startup))
}

fn finish(routes: Router<Arc<EdgeState>>, state: Arc<EdgeState>) -> Router {
    routes
        .fallback(nothing_here)
        .method_not_allowed_fallback(other_method)
        .layer(from_fn_with_state(state.clone(), middleware::observe))
        .with_state(state)
}

async fn nothing_here() -> Problem {
    Problem::not_found()
}

async fn other_method() -> Problem {
    let words = "This address exists, but not for this method.";
    Problem::new(http::StatusCode::METHOD_NOT_ALLOWED, words)
}
