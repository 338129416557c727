//! Brings PostgreSQL back when it dies underneath a running server.
//!
//! It comes back on the same socket, so the pools of this process reconnect by themselves and
//! nothing else needs to know. It never gives up: while the database is away, readiness says so,
//! and a disk that is full now may not be in a minute.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Inner, lock, postmaster, ready};

/// How often it looks. Looking costs one system call.
const LOOK: Duration = Duration::from_millis(200);
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LONGEST_RETRY: Duration = Duration::from_secs(5);
const LOG_LOOK: Duration = Duration::from_secs(60);

/// Watches until cancelled, or until the end has begun.
pub(super) async fn run(inner: Arc<Inner>, cancel: impl Future<Output = ()>) {
    let mut ending = inner.ending.subscribe();
    tokio::select! {
        () = cancel => {}
        _ = ending.wait_for(|ending| *ending) => {}
        () = keep_alive(&inner) => {}
    }
}

async fn keep_alive(inner: &Inner) {
    let mut retry = FIRST_RETRY;
    let mut log_seen = Instant::now();
    loop {
        tokio::time::sleep(LOOK).await;
        if inner.running.lock().await.lives() {
            if log_seen.elapsed() > LOG_LOOK {
                log_seen = Instant::now();
                postmaster::limit_log(&inner.home);
            }
            continue;
        }
        let began = Instant::now();
        tracing::warn!("the private PostgreSQL has died: starting it again");
        match restart(inner).await {
            Ok(()) => {
                let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::warn!(duration_ms, "the private PostgreSQL runs again");
                retry = FIRST_RETRY;
            }
            Err(error) => {
                tracing::error!(%error, "the private PostgreSQL could not be started again");
                tokio::time::sleep(retry).await;
                retry = (retry * 2).min(LONGEST_RETRY);
            }
        }
    }
}

async fn restart(inner: &Inner) -> Result<(), super::StartError> {
    let _gate = lock::gate(&inner.home.path).await?;
    let running = ready::bring_up(&inner.home, &inner.binaries).await?;
    *inner.running.lock().await = running;
    Ok(())
}
