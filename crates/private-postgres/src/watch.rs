//! Brings PostgreSQL back when it dies underneath a running server.
//!
//! It comes back on the same socket, so the pools of this process reconnect by themselves and
//! nothing else needs to know. It never gives up: while the database is away, readiness says so,
//! and a disk that is full now may not be in a minute.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Inner, StartError, lock, postmaster, ready};

/// How often it looks. Looking costs one system call.
const LOOK: Duration = Duration::from_millis(200);
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LONGEST_RETRY: Duration = Duration::from_secs(5);
const LOG_LOOK: Duration = Duration::from_secs(60);

/// Watches until cancelled, or until the end has begun. A restart once begun is finished first:
/// dropped half-way it would leave a PostgreSQL that nobody knows of.
pub(super) async fn run(inner: Arc<Inner>, cancel: impl Future<Output = ()>) {
    let mut cancel = std::pin::pin!(cancel);
    let mut ending = inner.ending.subscribe();
    let mut retry = Duration::ZERO;
    loop {
        tokio::select! {
            () = &mut cancel => return,
            _ = ending.wait_for(|ending| *ending) => return,
            () = death(&inner, retry) => {}
        }
        retry = match restart(&inner).await {
            Ok(()) => Duration::ZERO,
            Err(error) => {
                tracing::error!(%error, "the private PostgreSQL could not be started again");
                (retry * 2).clamp(FIRST_RETRY, LONGEST_RETRY)
            }
        };
    }
}

/// Waits for the given time, and then until PostgreSQL is dead.
async fn death(inner: &Inner, wait: Duration) {
    tokio::time::sleep(wait).await;
    let mut log_seen = Instant::now();
    while inner.running.lock().await.lives() {
        if log_seen.elapsed() > LOG_LOOK {
            log_seen = Instant::now();
            postmaster::limit_log(&inner.home);
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn restart(inner: &Inner) -> Result<(), StartError> {
    let began = Instant::now();
    tracing::warn!("the private PostgreSQL has died: starting it again");
    let _gate = lock::gate(&inner.home.path).await?;
    let running = ready::bring_up(&inner.home, &inner.binaries).await?;
    *inner.running.lock().await = running;
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::warn!(duration_ms, "the private PostgreSQL runs again");
    Ok(())
}
