//! Incoming HTTP: verify, address, append, answer. Decides nothing.
//!
//! There are two routers: the app's, and one for the metrics port with the metrics and the probes only. A
//! source without its secret answers 404, and no request without a valid signature is accepted.

mod allowance;
pub mod api;
mod append;
mod bearer;
mod body;
mod connection;
mod connection_limit;
mod github;
mod health;
mod limit;
mod metrics;
mod middleware;
mod problem;
pub mod server;
mod slack;
mod state;
#[cfg(test)]
mod tests;

pub use connection_limit::ConnectionLimit;
pub use state::{Build, EdgeSettings, EdgeState, Now};

use crate::slack::address::Endpoint;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use problem::Problem;
use std::sync::Arc;

/// Routes whose requests are signed: they count against the address only when the signature is invalid.
const SIGNED_ROUTES: [&str; 6] = [
    "/slack/commands",
    "/slack/interactions",
    "/slack/events",
    "/github/webhooks",
    "/webhooks/github",
    "/webhook",
];

/// The router of the app's port. A source that is off has no routes: 404 for every method.
pub fn app_router(state: Arc<EdgeState>) -> Router {
    let mut routes = probes()
        .route("/metrics", get(metrics::guarded))
        .route("/version", get(health::version));
    if !state.settings.slack.is_empty() {
        let slack = |route| move |state, request| slack::take(state, route, request);
        routes = routes
            .signed_route("/slack/commands", post(slack(Endpoint::Commands)))
            .signed_route("/slack/interactions", post(slack(Endpoint::Interactions)))
            .signed_route("/slack/events", post(slack(Endpoint::Events)));
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

trait SignedRoutes {
    fn signed_route(self, path: &str, handler: MethodRouter<Arc<EdgeState>>) -> Self;
}

impl SignedRoutes for Router<Arc<EdgeState>> {
    /// Also with a slash at the end: people type request URLs into a provider's settings, where a 404
    /// looks like a service that is down.
    fn signed_route(self, path: &str, handler: MethodRouter<Arc<EdgeState>>) -> Self {
        self.route(path, handler.clone())
            .route(&format!("{path}/"), handler)
    }
}

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
    let words = "This path has no such method.";
    Problem::new(http::StatusCode::METHOD_NOT_ALLOWED, words)
}
