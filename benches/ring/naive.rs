//! A naive server with the same crates, for comparison: axum and an sqlx pool of ten connections. It verifies a
//! signature and inserts one row per request into the same table, with one statement that commits by itself.
//!
//! It has no batches, no order of subjects, no limits, no metrics and no log, and uses the crates' defaults: sqlx's
//! pool pings a connection before each use. The benchmark executes itself again to run this server.

use super::client::SIGNING_SECRET;
use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use std::net::Ipv4Addr;
use tokio::net::TcpListener;
use uuid::Uuid;
use wardroom::slack::signature::verify;

/// The argument that makes the benchmark run this server; the URL of the database and the port follow.
pub const ARGUMENT: &str = "naive-server";

#[derive(Clone)]
struct Naive {
    pool: PgPool,
    secrets: Vec<String>,
}

/// Serves until the process is killed.
pub fn serve(url: &str, port: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let pool = PgPoolOptions::new()
            .max_connections(10)
            .connect(url)
            .await?;
        let secrets = vec![SIGNING_SECRET.to_owned()];
        let router = Router::new()
            .route("/health/live", get(async || "ok"))
            .route("/slack/commands", post(command))
            .with_state(Naive { pool, secrets });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse()?)).await?;
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
            let _best_effort = stream.set_nodelay(true);
        });
        axum::serve(listener, router)
            .await
            .context("serve requests")
    })
}

async fn command(State(naive): State<Naive>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let now = chrono::Utc::now();
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let timestamp = header("x-slack-request-timestamp");
    let signature = header("x-slack-signature");
    if verify(&naive.secrets, timestamp, signature, &body, now).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let field = |name: &str| {
        let found = form_urlencoded::parse(&body).find(|(field, _)| field == name);
        found.map(|(_, value)| value.into_owned())
    };
    let inserted = sqlx::query(
        "insert into inbox (id, source, kind, dedup_key, subject, body, received_at, run_at)
         values ($1, 'slack', 'command', $2, $3, $4, $5, $5)
         on conflict (source, dedup_key) do nothing",
    )
    .bind(Uuid::now_v7())
    .bind(field("trigger_id"))
    .bind(field("channel_id"))
    .bind(&body[..])
    .bind(now)
    .execute(&naive.pool)
    .await;
    match inserted {
        Ok(_durable) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
